//! How much GitHub still lets us ask. A limit is a fact with an end: until then nothing is sent at all, because GitHub
//! bans those who go on (<https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>).

use super::{answer::Answer, error::GithubError};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// The shortest time to stay away when GitHub names none.
const AT_LEAST: SignedDuration = SignedDuration::from_secs(60);

/// The longest time to stay away before we look again, whatever an answer says: the primary limit is counted by the hour.
const AT_MOST: SignedDuration = SignedDuration::from_secs(61 * 60);

/// What is known about our limits.
#[derive(Debug, Default)]
pub(super) struct Budget(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Until when nothing is sent: by the monotonic clock, or a clock that is set back would keep us away for hours.
    until: Option<Instant>,
    /// How often in a row we were sent away without being told for how long.
    untold: u32,
    /// How many more requests the newest answer allows.
    remaining: Option<u64>,
}

impl Budget {
    /// Refuses while a limit holds.
    pub(super) fn check(&self, now: Timestamp, asked: &str) -> Result<(), GithubError> {
        self.until(now)
            .map_or(Ok(()), |until| Err(limited(asked, until, "the rate limit of GitHub is used up")))
    }

    /// How many more requests the newest answer allows until the primary limit is counted anew.
    pub(super) fn remaining(&self) -> Option<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remaining
    }

    /// Until when nothing is sent, by the clock that says `now`.
    pub(super) fn until(&self, now: Timestamp) -> Option<Timestamp> {
        let until = self.0.lock().unwrap_or_else(PoisonError::into_inner).until?;
        let away = until.checked_duration_since(Instant::now()).filter(|away| !away.is_zero())?;
        Some(now.checked_add(away).unwrap_or(now))
    }

    /// Remembers what an answer says. Fails if it is the answer to one request too many.
    pub(super) fn note(&self, now: Timestamp, answer: &Answer, asked: &str) -> Result<(), GithubError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = |name: &str| answer.header(name).and_then(|text| text.trim().parse::<i64>().ok());
        let remaining = number("x-ratelimit-remaining").and_then(|number| u64::try_from(number).ok());
        known.remaining = remaining.or(known.remaining);
        let is_used_up = remaining == Some(0);
        let retry_after = number("retry-after").map(|seconds| SignedDuration::from_secs(seconds.max(1)));
        // Clocks differ: what counts is how far the end lies from GitHub's own time.
        let reset = number("x-ratelimit-reset").and_then(|second| Timestamp::from_second(second).ok());
        let to_reset = reset
            .map(|reset| reset.duration_since(date(answer).unwrap_or(now)).max(SignedDuration::from_secs(1)));
        let refusal = matches!(answer.status, StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS);
        let is_limit = refusal
            && (answer.status == StatusCode::TOO_MANY_REQUESTS
                || retry_after.is_some()
                || is_used_up
                || says_limit(&answer.complaint()));
        let away = match (is_limit, is_used_up.then_some(to_reset).flatten()) {
            (true, to_reset) => retry_after.or(to_reset).unwrap_or_else(|| {
                known.untold += 1;
                AT_LEAST * (1 << (known.untold - 1).min(4))
            }),
            (false, Some(to_reset)) => to_reset,
            (false, None) => {
                if !refusal {
                    known.untold = 0;
                }
                return Ok(());
            }
        };
        let until = Instant::now() + Duration::try_from(away.min(AT_MOST)).unwrap_or_default();
        // Answers overtake each other; the later end is the one that holds.
        known.until = Some(known.until.map_or(until, |known| known.max(until)));
        drop(known);
        if !is_limit {
            return Ok(());
        }
        let why = format!("GitHub answers {}: {}", answer.status, answer.complaint());
        Err(limited(asked, self.until(now).unwrap_or(now), &why))
    }
}

/// GitHub's own time.
pub(super) fn date(answer: &Answer) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(answer.header("date")?).ok()
}

fn says_limit(complaint: &str) -> bool {
    let complaint = complaint.to_ascii_lowercase();
    ["rate limit", "abuse detection"].iter().any(|words| complaint.contains(words))
}

fn limited(asked: &str, until: Timestamp, why: &str) -> GithubError {
    let message = format!("{asked}: {why}; nothing is asked until {until}, then it goes on by itself");
    GithubError::RateLimited { message, until }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_set_back_makes_no_limit_longer() {
        let (budget, now) = (Budget::default(), Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1000));
        let headers =
            HeaderMap::from_iter([(http::header::RETRY_AFTER, http::HeaderValue::from_static("30"))]);
        let refusal = Answer { status: StatusCode::TOO_MANY_REQUESTS, headers, body: Vec::new() };
        assert!(budget.note(now, &refusal, "reading").is_err());
        tokio::time::advance(Duration::from_secs(10)).await;
        let back = now - SignedDuration::from_hours(6);
        assert!(budget.check(back, "reading").is_err());
        assert_eq!(budget.until(back), Some(back + SignedDuration::from_secs(20)));
        tokio::time::advance(Duration::from_secs(20)).await;
        assert!(budget.check(back, "reading").is_ok());
    }
}
