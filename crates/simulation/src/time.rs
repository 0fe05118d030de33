//! Simulated time: tokio's own paused clock, shown as a date, and clocks of machines that are wrong.
//!
//! There is one time. The model is moved to it, waits of Ringway wait for it, and only the clock that Ringway is *shown*
//! may jump.

use jiff::{SignedDuration, Timestamp};
use ringway::clock::Clock;
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// The true time of a simulation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Time {
    origin: Timestamp,
    began: Instant,
}

impl Time {
    /// Begins at a Monday morning, so that what is printed looks like a day at work.
    pub(crate) fn begin() -> Self {
        // 2026-11-23T08:00:00Z; in range, so never the epoch.
        let origin = Timestamp::from_second(1_795_420_800).unwrap_or_default();
        Self { origin, began: Instant::now() }
    }

    /// Now.
    pub(crate) fn now(&self) -> Timestamp {
        later(self.origin, self.began.elapsed())
    }

    /// How much of it has passed.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// When tokio's clock shows `at`. Timers of tokio are as fine as a millisecond and never early.
    pub(crate) fn instant(&self, at: Timestamp) -> Instant {
        let since = Duration::try_from(at.duration_since(self.origin)).unwrap_or_default();
        self.began + since
    }
}

/// `duration` after `at`.
pub(crate) fn later(at: Timestamp, duration: Duration) -> Timestamp {
    let duration = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    at.saturating_add(duration).unwrap_or(Timestamp::MAX)
}

/// The clock that Ringway looks at. Somebody may set it forward and back.
#[derive(Debug, Clone)]
pub(crate) struct ShownClock {
    time: Time,
    wrong_by_seconds: Arc<AtomicI64>,
}

impl ShownClock {
    /// A clock that is right.
    pub(crate) fn new(time: Time) -> Self {
        Self { time, wrong_by_seconds: Arc::default() }
    }

    /// Sets it forward, or back.
    pub(crate) fn jump(&self, seconds: i64) {
        self.wrong_by_seconds.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for ShownClock {
    fn now(&self) -> Timestamp {
        let wrong_by = SignedDuration::from_secs(self.wrong_by_seconds.load(Ordering::Relaxed));
        self.time.now().saturating_add(wrong_by).unwrap_or(Timestamp::MAX)
    }
}
