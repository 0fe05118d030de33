//! How much GitHub still lets us ask. A limit is a fact with an end: until then nothing is sent at all, because GitHub
//! bans those who go on (<https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>).

use super::{answer::Answer, error::GithubError};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use std::sync::{Mutex, PoisonError};

/// The shortest time to stay away when GitHub names none.
const AT_LEAST: SignedDuration = SignedDuration::from_secs(60);

/// The longest time to stay away before we look again, whatever an answer says: the primary limit is counted by the hour.
const AT_MOST: SignedDuration = SignedDuration::from_secs(61 * 60);

/// What is known about our limits.
#[derive(Debug, Default)]
pub(super) struct Budget(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Until when nothing is sent.
    until: Option<Timestamp>,
    /// How often in a row we were sent away without being told for how long.
    untold: u32,
    /// How many more requests the newest answer allows.
    remaining: Option<u64>,
}

impl Budget {
    /// Refuses while a limit holds.
    pub(super) fn check(&self, now: Timestamp, asked: &str) -> Result<(), GithubError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match known.until {
            Some(until) if now < until => Err(limited(asked, until, "the rate limit of GitHub is used up")),
            _ => Ok(()),
        }
    }

    /// How many more requests the newest answer allows until the primary limit is counted anew.
    pub(super) fn remaining(&self) -> Option<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remaining
    }

    /// Until when nothing is sent.
    pub(super) fn until(&self, now: Timestamp) -> Option<Timestamp> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).until.filter(|until| now < *until)
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
        let until = now.checked_add(away.min(AT_MOST)).unwrap_or(now);
        // Answers overtake each other; the later end is the one that holds.
        let until = known.until.map_or(until, |known| known.max(until));
        known.until = Some(until);
        match is_limit {
            true => Err(limited(
                asked,
                until,
                &format!("GitHub answers {}: {}", answer.status, answer.complaint()),
            )),
            false => Ok(()),
        }
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
