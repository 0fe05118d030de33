//! Pauses between attempts.

use super::RetryPolicy;
use crate::{Failure, FailureKind};
use std::time::Duration;

#[test]
fn pauses_grow_up_to_the_longest() {
    let policy = RetryPolicy {
        max_attempts: 9,
        initial_interval: Duration::from_secs(1),
        coefficient: 3.0,
        max_interval: Duration::from_secs(20),
    };
    let pauses: Vec<u64> = (1..=5).map(|attempt| policy.pause_after(attempt).as_secs()).collect();
    assert_eq!(pauses, [1, 3, 9, 20, 20]);
    assert_eq!(policy.pause_after(u32::MAX).as_secs(), 20, "an overflow is the longest pause as well");
}

#[test]
fn a_coefficient_below_one_does_not_shorten_pauses() {
    let policy = RetryPolicy { coefficient: 0.1, ..RetryPolicy::attempts(5) };
    assert_eq!(policy.pause_after(4), policy.initial_interval);
}

#[test]
fn only_what_may_help_is_tried_again_and_not_for_ever() {
    let failure = |kind| Failure::new(kind, "code", "message");
    let retried = |kind| RetryPolicy::attempts(3).retries(2, &failure(kind));
    assert!(retried(FailureKind::Retryable) && retried(FailureKind::Timeout));
    assert!(
        !retried(FailureKind::Permanent) && !retried(FailureKind::Cancelled) && !retried(FailureKind::Engine)
    );
    assert!(!RetryPolicy::attempts(2).retries(2, &failure(FailureKind::Retryable)));
    assert!(!RetryPolicy::once().retries(1, &failure(FailureKind::Retryable)));
}
