//! Time: the only place of the engine that looks at a clock.

use jiff::{SignedDuration, Timestamp};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// What time it is, as the engine is told.
pub trait Clock: Send + Sync + 'static {
    /// The time now. It may jump; the engine makes it monotone.
    fn now(&self) -> Timestamp;
}

/// The clock of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the one place where the engine meets the wall clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that runs with tokio's time: simulated time when the runtime is paused.
#[derive(Debug, Clone, Copy)]
pub struct TokioClock {
    origin: Timestamp,
    since: Instant,
}

impl TokioClock {
    /// A clock that shows `origin` now.
    pub fn starting_at(origin: Timestamp) -> Self {
        Self { origin, since: Instant::now() }
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        later(self.origin, self.since.elapsed())
    }
}

/// Time as records carry it: in whole microseconds, never going back, not even over a restart.
///
/// Between two looks at the clock it also counts by itself. So a clock that is set back delays no timer, and one that
/// is set forward, or a machine that slept, is followed.
pub(crate) struct EngineClock {
    clock: Arc<dyn Clock>,
    base: Timestamp,
    since: Instant,
}

impl EngineClock {
    /// Time from `clock`, but not before `floor`, the time of the last record in the journal.
    pub(crate) fn new(clock: Arc<dyn Clock>, floor: Timestamp) -> Self {
        let shown = clock.now();
        if shown < floor {
            tracing::warn!(
                %shown, newest_record = %floor,
                "the journal is newer than the clock: time goes on from its newest record, and nothing is lost; set the \
                 clock of this machine, and see that something keeps it right (NTP)"
            );
        }
        let base = shown.max(floor);
        Self { clock, base, since: Instant::now() }
    }

    pub(crate) fn now(&mut self) -> Timestamp {
        let counted = later(self.base, self.since.elapsed());
        let shown = self.clock.now();
        if shown > counted {
            (self.base, self.since) = (shown, Instant::now());
        }
        whole_microseconds(shown.max(counted))
    }

    /// When to look at the clock again while `due` is awaited: when it has come, if nobody moves the clock meanwhile,
    /// and once a minute to see whether somebody did.
    pub(crate) fn instant_of(&mut self, due: Timestamp) -> Instant {
        let wait = Duration::try_from(due.duration_since(self.now())).unwrap_or_default();
        Instant::now() + wait.min(LOOK_AGAIN_AFTER)
    }
}

const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// `duration` after `time`, or the end of time.
pub(crate) fn later(time: Timestamp, duration: Duration) -> Timestamp {
    SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| time.checked_add(duration).ok())
        .unwrap_or(Timestamp::MAX)
}

/// Records store microseconds, so a first run must not see more than a replay will.
fn whole_microseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time)
}
