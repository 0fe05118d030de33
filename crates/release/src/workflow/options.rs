//! How patient each kind of step is.

use crate::step::Deadlines;
use durable::{ActivityOptions, RetryPolicy};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// For a step that reads or writes once. It outlasts an API server or a registry that is gone for some minutes: giving
/// up early would leave a tenant between two states.
pub(super) fn once() -> ActivityOptions {
    ActivityOptions::new(60 * SECOND).schedule_to_close(15 * 60 * SECOND).retry(RetryPolicy {
        max_attempts: 100,
        initial_interval: SECOND / 5,
        coefficient: 2.0,
        max_interval: 15 * SECOND,
    })
}

/// For a step that only writes to the ledger: it fails when the disk does, and then nothing else works either.
pub(super) fn record() -> ActivityOptions {
    ActivityOptions::new(60 * SECOND).retry(RetryPolicy::attempts(10))
}

/// For a wait for a place, which may be as long as a whole release.
pub(super) fn slot() -> ActivityOptions {
    wait(7 * 24 * 60 * 60 * SECOND)
}

/// For a wait until an Application is applied. The step keeps its own deadlines and says what it waited for; this limit
/// only ends a step that no longer does anything.
pub(super) fn applied(deadlines: &Deadlines) -> ActivityOptions {
    wait(deadlines.observed + deadlines.applied + deadlines.window + 10 * 60 * SECOND)
}

/// For a wait until a rollout is done. As for [`applied`].
pub(super) fn rollout(deadlines: &Deadlines) -> ActivityOptions {
    wait(deadlines.rollout_total + 10 * 60 * SECOND)
}

fn wait(limit: Duration) -> ActivityOptions {
    ActivityOptions::new(limit).heartbeat(120 * SECOND).retry(RetryPolicy {
        max_attempts: 1000,
        initial_interval: SECOND / 5,
        coefficient: 2.0,
        max_interval: 15 * SECOND,
    })
}
