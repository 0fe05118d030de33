//! When an operation that failed is tried again (`types.go`: `RetryStrategy.NextRetryAt`).
//!
//! That it tries again is shown by
//! `a_workload_that_the_api_server_refuses_is_named_at_once_although_argo_cd_tries_again`; the pauses are in docs/measured.md,
//! Operations.

use super::resource::text;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;

/// The longest pause if the Application says nothing else.
const LONGEST: Duration = Duration::from_secs(180);

/// How an automatic operation is tried again: as the Application says, or five times.
pub(super) fn of(application: &Value) -> Value {
    let policy = &application["spec"]["syncPolicy"]["retry"];
    if policy.is_object() { policy.clone() } else { json!({ "limit": 5 }) }
}

/// Whether an operation is tried again after so many times; a negative limit has no end.
pub(super) fn is_left(operation: &Value, count: i64) -> bool {
    let limit = operation.pointer("/retry/limit").and_then(Value::as_i64).unwrap_or(0);
    limit < 0 || count < limit
}

/// When the attempt after `count` others begins, the last of which ended at `ended`. `first` is Argo CD's first pause.
pub(super) fn next(operation: &Value, count: i64, ended: Timestamp, first: Duration) -> Timestamp {
    let backoff = |field: &str| duration(text(operation, &format!("/retry/backoff/{field}")));
    let first = backoff("duration").unwrap_or(first);
    let longest = backoff("maxDuration").unwrap_or(LONGEST);
    let factor = operation.pointer("/retry/backoff/factor").and_then(Value::as_u64).unwrap_or(2);
    let factor = u32::try_from(factor).unwrap_or(u32::MAX);
    let times = factor.saturating_pow(u32::try_from(count).unwrap_or(0));
    let pause =
        SignedDuration::try_from(first.saturating_mul(times).min(longest)).unwrap_or(SignedDuration::MAX);
    ended.checked_add(pause).unwrap_or(Timestamp::MAX)
}

/// Such as `5s` or `3m`.
fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    Some(Duration::from_secs(number.parse::<u64>().ok()?.checked_mul(unit)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pause_is_twice_as_long_up_to_the_longest() {
        let start = Timestamp::UNIX_EPOCH;
        let pause = |operation: &Value, count| {
            next(operation, count, start, Duration::from_secs(5)).duration_since(start).as_secs()
        };
        let automatic = json!({ "retry": of(&json!({})) });
        assert_eq!([0, 1, 2, 9].map(|count| pause(&automatic, count)), [5, 10, 20, 180]);
        assert!(is_left(&automatic, 4) && !is_left(&automatic, 5));
        let own = json!({ "retry": { "limit": -1, "backoff": { "duration": "1s", "factor": 3, "maxDuration": "1m" } } });
        assert_eq!([0, 1, 9].map(|count| pause(&own, count)), [1, 3, 60]);
        assert!(is_left(&own, 1000));
    }
}
