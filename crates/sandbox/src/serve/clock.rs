//! The model's time as a function of tokio's.

use jiff::Timestamp;
use std::time::Duration;
use tokio::time::Instant;

/// How long nobody looks at the model at most, so that what it does on the way (bookmarks of idle watches) is not late.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// A clock that began at a time of the model and runs at a pace.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    begun: Instant,
    start: Timestamp,
    pace: f64,
}

impl Clock {
    /// Starts it now. A pace that is no sensible number is replaced by the nearest one.
    pub(super) fn start(start: Timestamp, pace: f64) -> Self {
        let pace = if pace.is_nan() { 1.0 } else { pace.clamp(0.001, 1_000_000.0) };
        Self { begun: Instant::now(), start, pace }
    }

    /// What time it is in the model.
    pub(super) fn present(&self) -> Timestamp {
        let elapsed = self.begun.elapsed().as_secs_f64() * self.pace;
        let elapsed = Duration::try_from_secs_f64(elapsed).unwrap_or(Duration::MAX);
        self.start.saturating_add(elapsed).unwrap_or(Timestamp::MAX)
    }

    /// How long a duration of the model lasts.
    pub(super) fn lasts(&self, duration: Duration) -> Duration {
        Duration::try_from_secs_f64(duration.as_secs_f64() / self.pace).unwrap_or(Duration::MAX)
    }

    /// When to look at the model again for something that happens at a time of it.
    pub(super) fn wake(&self, event: Option<Timestamp>) -> Instant {
        let now = Instant::now();
        let after = event.and_then(|event| Duration::try_from(event.duration_since(self.start)).ok());
        let after = match (event, after) {
            (None, _) => LONGEST_SLEEP,
            // Before the clock began: at once.
            (Some(_), None) => Duration::ZERO,
            (Some(_), Some(after)) => {
                let after =
                    Duration::try_from_secs_f64(after.as_secs_f64() / self.pace).unwrap_or(Duration::MAX);
                // A microsecond more, so that rounding does not wake us just before it.
                after.saturating_add(Duration::from_micros(1)).saturating_sub(self.begun.elapsed())
            }
        };
        now + after.min(LONGEST_SLEEP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_models_time_runs_at_its_pace() {
        let start = Timestamp::from_second(1_000_000).unwrap();
        let clock = Clock::start(start, 60.0);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(clock.present().duration_since(start).as_secs(), 120);
        let event = start + Duration::from_secs(150);
        assert_eq!(clock.wake(Some(event)).duration_since(Instant::now()).as_millis(), 500);
        assert_eq!(clock.wake(Some(start)), Instant::now());
        assert_eq!(clock.wake(None), Instant::now() + LONGEST_SLEEP);
    }

    #[tokio::test(start_paused = true)]
    async fn no_pace_stops_the_clock_or_breaks_it() {
        for pace in [f64::NAN, f64::INFINITY, -1.0, 0.0] {
            let clock = Clock::start(Timestamp::UNIX_EPOCH, pace);
            tokio::time::advance(Duration::from_secs(60)).await;
            assert!(clock.present() > Timestamp::UNIX_EPOCH, "{pace}");
            assert!(clock.wake(Some(Timestamp::MAX)) > Instant::now(), "{pace}");
        }
    }
}
