//! How long a watch waits before it connects again: longer each time, up to a limit, and not at random.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(5);

/// The longest that an API server's own wish is followed.
const LONGEST_ASKED: Duration = Duration::from_secs(60);

/// How long to wait after `attempts` attempts in a row. Up to a quarter is added, by `key`, so that many watches do not
/// all come back at the same moment.
pub(super) fn delay(attempts: u32, asked: Option<Duration>, key: &str) -> Duration {
    let Some(doublings) = attempts.checked_sub(1) else { return Duration::ZERO };
    let delay = FIRST.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST);
    let delay = delay + delay.mul_f64(0.25 * fraction(key));
    asked.map_or(delay, |asked| delay.max(asked.min(LONGEST_ASKED)))
}

/// A number from 0 to 1 that is always the same for the same text (FNV-1a).
fn fraction(key: &str) -> f64 {
    let hash =
        key.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    f64::from(hash) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_attempt_does_not_wait() {
        assert_eq!(delay(0, Some(Duration::from_secs(9)), "a"), Duration::ZERO);
    }

    #[test]
    fn it_grows_up_to_a_limit() {
        let delays: Vec<Duration> = (1..40).map(|attempts| delay(attempts, None, "a")).collect();
        assert!(delays.windows(2).all(|pair| pair[0] <= pair[1]), "{delays:?}");
        assert!(delays[0] >= FIRST && delays[0] <= FIRST.mul_f64(1.25));
        assert!(delays.iter().all(|delay| *delay <= LONGEST.mul_f64(1.25)));
        assert!(delays[38] >= LONGEST);
    }

    #[test]
    fn watches_come_back_at_different_moments_but_each_always_at_the_same() {
        assert_eq!(delay(3, None, "argocd/a"), delay(3, None, "argocd/a"));
        assert_ne!(delay(3, None, "argocd/a"), delay(3, None, "argocd/b"));
    }

    #[test]
    fn what_the_api_server_asks_for_is_followed_within_reason() {
        assert_eq!(delay(1, Some(Duration::from_secs(7)), "a"), Duration::from_secs(7));
        assert_eq!(delay(1, Some(Duration::from_secs(86_400)), "a"), LONGEST_ASKED);
    }
}
