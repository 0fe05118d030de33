//! When a wait has taken too long. The clocks are small, can be stored between two attempts of an activity, and are told
//! the time; they never go back when the time does.

#[cfg(test)]
mod tests;

use super::{Awaiting, applied::Pending};
use crate::{
    proof::Proof,
    step::{Deadlines, Problem},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long Argo CD may leave a changed Application alone before it is asked to look. Its controller can put an older
/// copy of the Application back into its cache after the event that told of our patch; it then knows nothing of the
/// patch until the next event or its own resync, 2 to 3 minutes later by default
/// (<https://github.com/argoproj/argo-rollouts/issues/4073> is the same in Argo Rollouts; docs/measured.md).
const OVERLOOKED_AFTER: Duration = Duration::from_secs(20);

/// How long until it is asked once more: it may be slow, or gone.
const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// What a clock says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// There is time: ask again when something changes, and at the latest then.
    At(Timestamp),
    /// A deadline has passed.
    Passed(Problem),
}

/// The clock of a wait for Argo CD.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncClock {
    /// When the wait began.
    began_at: Timestamp,
    /// The latest time that it was told.
    now: Timestamp,
    /// When Argo CD had compared our source.
    observed_at: Option<Timestamp>,
    /// Since when a sync window is closed.
    closed_since: Option<Timestamp>,
    /// How long sync windows were closed before that.
    closed_before: Duration,
    /// When Argo CD was last asked to compare.
    #[serde(default)]
    asked_at: Option<Timestamp>,
    /// When somebody began to look again, after nobody had for a while.
    #[serde(default)]
    looked_again_at: Option<Timestamp>,
}

impl SyncClock {
    /// A wait that begins at `now`.
    pub fn new(now: Timestamp) -> Self {
        Self {
            began_at: now,
            now,
            observed_at: None,
            closed_since: None,
            closed_before: Duration::ZERO,
            asked_at: None,
            looked_again_at: None,
        }
    }

    /// Goes on at `now` in another attempt. A clock that was set back meanwhile must not hold a deadline off: what was
    /// recorded moves back with it. And a change that Argo CD overlooked while nobody was there to ask must not end in a
    /// deadline before Argo CD was asked.
    #[must_use]
    pub fn resumed(self, now: Timestamp) -> Self {
        let ahead = between(now, self.now);
        let back = |at: Timestamp| earlier(at, ahead);
        let was_away = between(self.now, now) >= OVERLOOKED_AFTER;
        Self {
            began_at: back(self.began_at),
            now: back(self.now),
            observed_at: self.observed_at.map(back),
            closed_since: self.closed_since.map(back),
            asked_at: self.asked_at.map(back),
            looked_again_at: if was_away { Some(now) } else { self.looked_again_at.map(back) },
            ..self
        }
    }

    /// Takes in what an examination at `now` found, and says until when it may go on.
    pub fn update(
        &mut self,
        proof: Proof,
        awaiting: &Awaiting,
        pending: Pending,
        deadlines: &Deadlines,
        now: Timestamp,
    ) -> Due {
        self.now = self.now.max(now);
        if proof >= Proof::Observed && self.observed_at.is_none() {
            self.observed_at = Some(self.now);
        }
        match (self.closed_since, pending == Pending::Window) {
            (None, true) => self.closed_since = Some(self.now),
            (Some(since), false) => {
                self.closed_before += between(since, self.now);
                self.closed_since = None;
            }
            _ => {}
        }
        let running = self.running(deadlines);
        running.due(self.now, awaiting)
    }

    /// When Argo CD should be asked to compare, if it goes on not doing so.
    pub fn ask_at(&self, pending: Pending) -> Option<Timestamp> {
        let next = self.asked_at.map_or_else(
            || later(self.began_at, OVERLOOKED_AFTER),
            |asked_at| later(asked_at, ASKED_AGAIN_AFTER),
        );
        (pending == Pending::Comparison).then_some(next)
    }

    /// Argo CD was asked to compare.
    pub fn asked(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        self.asked_at = Some(self.now);
    }

    /// The deadline that runs now.
    fn running(&self, deadlines: &Deadlines) -> Running {
        match (self.closed_since, self.observed_at) {
            (Some(since), _) => Running {
                since,
                end: later(since, deadlines.window.saturating_sub(self.closed_before)),
                limit: deadlines.window,
                missed: "the sync window did not open",
                advice: "",
            },
            (None, None) => Running {
                since: self.began_at,
                end: self.observed_until(deadlines.observed),
                limit: deadlines.observed,
                missed: "Argo CD did not compare it",
                advice: "see whether Argo CD's argocd-application-controller and argocd-repo-server run and what they log, and begin again when they do; ",
            },
            (None, Some(since)) => Running {
                since,
                end: later(since, deadlines.applied.saturating_add(self.closed_before)),
                limit: deadlines.applied,
                missed: "Argo CD did not apply it",
                advice: "",
            },
        }
    }

    /// Until when Argo CD has to have compared.
    fn observed_until(&self, limit: Duration) -> Timestamp {
        let again = self.looked_again_at.map(|at| later(at, limit.min(OVERLOOKED_AFTER)));
        again.into_iter().chain([later(self.began_at, limit)]).max().unwrap_or(Timestamp::MAX)
    }
}

/// The clock of a wait for pods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutClock {
    /// When the wait began.
    began_at: Timestamp,
    /// The latest time that it was told.
    now: Timestamp,
    /// The most pods that were ever finished.
    finished: u32,
    /// When that was.
    progressed_at: Timestamp,
}

impl RolloutClock {
    /// A wait that begins at `now`.
    pub fn new(now: Timestamp) -> Self {
        Self { began_at: now, now, finished: 0, progressed_at: now }
    }

    /// Goes on at `now` in another attempt, as [`SyncClock::resumed`].
    #[must_use]
    pub fn resumed(self, now: Timestamp) -> Self {
        let ahead = between(now, self.now);
        let back = |at: Timestamp| earlier(at, ahead);
        Self {
            began_at: back(self.began_at),
            now: back(self.now),
            progressed_at: back(self.progressed_at),
            ..self
        }
    }

    /// Takes in how many pods an examination at `now` found finished, and says until when it may go on.
    pub fn update(
        &mut self,
        finished: u32,
        awaiting: &Awaiting,
        deadlines: &Deadlines,
        now: Timestamp,
    ) -> Due {
        self.now = self.now.max(now);
        if finished > self.finished {
            self.finished = finished;
            self.progressed_at = self.now;
        }
        let whole = Running {
            since: self.began_at,
            end: later(self.began_at, deadlines.rollout_total),
            limit: deadlines.rollout_total,
            missed: "the rollout did not end",
            advice: "",
        };
        let progress = Running {
            since: self.progressed_at,
            end: later(self.progressed_at, deadlines.rollout_progress),
            limit: deadlines.rollout_progress,
            missed: "no further pod was finished",
            advice: "",
        };
        if whole.end <= progress.end { whole } else { progress }.due(self.now, awaiting)
    }
}

/// A deadline that runs.
struct Running {
    since: Timestamp,
    end: Timestamp,
    limit: Duration,
    missed: &'static str,
    /// What to do besides looking at what was awaited.
    advice: &'static str,
}

impl Running {
    fn due(&self, now: Timestamp, awaiting: &Awaiting) -> Due {
        if now < self.end {
            return Due::At(self.end);
        }
        let (limit, since, what) = (readable(self.limit), self.since, &awaiting.what);
        Due::Passed(Problem {
            code: "deadline".to_owned(),
            message: format!("{} within {limit} (since {since:.0}): {what}", self.missed),
            advice: Some(format!("{}look at it with `{}`", self.advice, awaiting.by_hand)),
            evidence: awaiting.evidence.clone(),
        })
    }
}

/// The time from `start` to `end`, and none if they are the wrong way round.
fn between(start: Timestamp, end: Timestamp) -> Duration {
    end.duration_since(start).try_into().unwrap_or_default()
}

fn earlier(at: Timestamp, duration: Duration) -> Timestamp {
    SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| at.checked_sub(duration).ok())
        .unwrap_or(Timestamp::MIN)
}

fn later(start: Timestamp, duration: Duration) -> Timestamp {
    SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| start.checked_add(duration).ok())
        .unwrap_or(Timestamp::MAX)
}

/// Such as `5 min`, `24 h` or `90 s`.
fn readable(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds >= 7200 && seconds.is_multiple_of(3600) => format!("{} h", seconds / 3600),
        seconds if seconds >= 120 && seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}
