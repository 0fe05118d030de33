//! Keeping below what GitHub lets anybody ask in a minute, instead of being sent away
//! (<https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#calculating-points-for-the-secondary-rate-limit>):
//! whoever is sent away may ask nothing at all for a while, and whoever goes on asking is banned. What nothing changed
//! counts too.

use http::Method;
use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, sleep_until};

/// The minute over which GitHub counts points, and one second: its minute begins when a request arrives, ours before.
const WINDOW: Duration = Duration::from_secs(61);

/// A third is kept for writes: what people wait for does not wait for a sweep over hundreds of pull requests.
const SHARE_OF_READS: (u32, u32) = (2, 3);

/// What was asked in the last minute.
#[derive(Debug)]
pub(super) struct Pace {
    spent: Mutex<Spent>,
    per_minute: u32,
}

#[derive(Debug, Default)]
struct Spent {
    points: u32,
    /// When, and how many, the oldest first.
    when: VecDeque<(Instant, u32)>,
}

impl Pace {
    pub(super) fn new(points_per_minute: u32) -> Self {
        Self { spent: Mutex::default(), per_minute: points_per_minute }
    }

    /// Waits until a request may be sent, and counts it.
    pub(super) async fn turn(&self, method: &Method) {
        let points = points(method);
        let most =
            if points == 1 { self.per_minute / SHARE_OF_READS.1 * SHARE_OF_READS.0 } else { self.per_minute };
        while let Some(at) = self.free_at(points, most.max(points)) {
            sleep_until(at).await;
        }
    }

    /// When it may be tried again; `None` if it may be sent now, which is counted then.
    fn free_at(&self, points: u32, most: u32) -> Option<Instant> {
        let (mut spent, now) = (self.spent(), Instant::now());
        while let Some((_, gone)) = spent.when.pop_front_if(|(at, _)| now.duration_since(*at) >= WINDOW) {
            spent.points -= gone;
        }
        if spent.points + points > most {
            return spent.when.front().map(|(at, _)| *at + WINDOW);
        }
        spent.points += points;
        spent.when.push_back((now, points));
        None
    }

    fn spent(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a request counts.
fn points(method: &Method) -> u32 {
    if [Method::GET, Method::HEAD, Method::OPTIONS].contains(method) { 1 } else { 5 }
}

#[cfg(test)]
mod tests {
    use super::{Pace, WINDOW};
    use http::Method;
    use tokio::time::{Instant, advance};

    async fn waited(pace: &Pace, method: &Method) -> std::time::Duration {
        let began = Instant::now();
        pace.turn(method).await;
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn reads_leave_room_for_writes_and_both_stay_below_what_github_lets_us_ask() {
        let pace = Pace::new(900);
        for _ in 0..600 {
            assert!(waited(&pace, &Method::GET).await.is_zero());
        }
        advance(WINDOW / 2).await;
        for _ in 0..60 {
            assert!(waited(&pace, &Method::PATCH).await.is_zero(), "no write waits for reads");
        }
        assert!(waited(&pace, &Method::GET).await >= WINDOW / 2, "until the first minute is over");
        // 300 points of the writes and one of a read still count.
        for _ in 0..299 {
            assert!(waited(&pace, &Method::GET).await.is_zero());
        }
        assert!(!waited(&pace, &Method::GET).await.is_zero());
    }

    #[tokio::test(start_paused = true)]
    async fn writes_wait_too_when_everything_is_spent() {
        let pace = Pace::new(900);
        for _ in 0..180 {
            assert!(waited(&pace, &Method::POST).await.is_zero());
        }
        assert!(waited(&pace, &Method::POST).await >= WINDOW);
    }
}
