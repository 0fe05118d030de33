//! Activities: the steps that touch the world.
//!
//! An [`Activity`] is only a declaration: a name and the types that go in and come out. Its body lives where the outside
//! systems are known. A body may run twice or die in the middle; it has to recognise its own work.

use crate::{Failure, Wire};
use std::time::Duration;

/// The declaration of an activity.
pub trait Activity: 'static {
    /// The name it is registered and journalled under. Changing it orphans open workflows.
    const NAME: &'static str;
    /// What it needs. Small: references to manifests, never manifests.
    type Input: Wire;
    /// What it found out. Small as well: evidence, not objects.
    type Output: Wire;
}

/// How an engine runs one call of an activity.
#[derive(Debug, Clone, PartialEq)]
pub struct ActivityOptions {
    /// Where it runs.
    pub queue: Queue,
    /// The longest that one attempt may take.
    pub start_to_close: Duration,
    /// The longest that all attempts, the pauses between them and the wait for a worker may take together.
    pub schedule_to_close: Option<Duration>,
    /// The longest silence between two heartbeats of one attempt. `None`: the activity does not beat.
    pub heartbeat: Option<Duration>,
    /// What happens after a failure that may be retried.
    pub retry: RetryPolicy,
}

impl ActivityOptions {
    /// One queue, no overall limit, no heartbeat and the default retry policy.
    pub fn new(start_to_close: Duration) -> Self {
        Self {
            queue: Queue::Default,
            start_to_close,
            schedule_to_close: None,
            heartbeat: None,
            retry: RetryPolicy::default(),
        }
    }

    /// The same options on another queue.
    #[must_use]
    pub fn queue(self, queue: Queue) -> Self {
        Self { queue, ..self }
    }

    /// The same options with a limit over all attempts.
    #[must_use]
    pub fn schedule_to_close(self, limit: Duration) -> Self {
        Self { schedule_to_close: Some(limit), ..self }
    }

    /// The same options with a limit on silence.
    #[must_use]
    pub fn heartbeat(self, limit: Duration) -> Self {
        Self { heartbeat: Some(limit), ..self }
    }

    /// The same options with another retry policy.
    #[must_use]
    pub fn retry(self, retry: RetryPolicy) -> Self {
        Self { retry, ..self }
    }
}

/// Where an activity runs. An embedded engine runs every queue itself; others route by the name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Queue {
    /// Where the workflow itself runs.
    #[default]
    Default,
    /// A queue by name, such as the one that a worker in a tenant's cluster serves.
    Named(String),
}

/// Exponential pauses between attempts.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryPolicy {
    /// How often it is tried in all; 1 means never again. At least 1.
    pub max_attempts: u32,
    /// The pause after the first attempt.
    pub initial_interval: Duration,
    /// By how much each pause is longer than the one before, at least 1.
    pub coefficient: f64,
    /// No pause is longer than this.
    pub max_interval: Duration,
}

impl RetryPolicy {
    /// Never tried again.
    pub fn once() -> Self {
        Self::attempts(1)
    }

    /// Tried `max_attempts` times with pauses of 200 ms, 400 ms and so on up to 30 s.
    pub fn attempts(max_attempts: u32) -> Self {
        Self {
            max_attempts,
            initial_interval: Duration::from_millis(200),
            coefficient: 2.0,
            max_interval: Duration::from_secs(30),
        }
    }

    /// Whether a failure of attempt number `attempt` (the first is 1) is tried again.
    pub fn retries(&self, attempt: u32, failure: &Failure) -> bool {
        use crate::FailureKind::{Retryable, Timeout};
        attempt < self.max_attempts && matches!(failure.kind, Retryable | Timeout)
    }

    /// The pause after attempt number `attempt` (the first is 1).
    pub fn pause_after(&self, attempt: u32) -> Duration {
        let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
        let seconds = self.initial_interval.as_secs_f64() * self.coefficient.max(1.0).powi(exponent);
        // An overflow to infinity is the longest pause as well.
        Duration::from_secs_f64(seconds.min(self.max_interval.as_secs_f64()))
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::attempts(5)
    }
}

#[cfg(test)]
mod tests;
