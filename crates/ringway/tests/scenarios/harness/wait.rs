//! Waiting for a condition, which is the only waiting that there is.

use std::time::{Duration, Instant};

/// Waits until `condition` is true; panics with `what` after two minutes.
#[track_caller]
pub(crate) fn until(what: &str, condition: impl Fn() -> bool) {
    until_or(|| what.to_owned(), condition);
}

/// As [`until`], with a text that is made when it is needed.
#[track_caller]
#[allow(
    clippy::disallowed_methods,
    reason = "the pause between two looks; what is waited for is the condition"
)]
pub(crate) fn until_or(what: impl Fn() -> String, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(120), "still not true: {}", what());
        std::thread::sleep(Duration::from_millis(30));
    }
}
