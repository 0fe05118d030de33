//! Who may write next. GitHub wants one write at a time and some time between two
//! (<https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api>); what people wait for
//! goes first.
//!
//! There is no task behind it: those who want to write wait here, and whoever is first goes on by itself.

use super::{error::GithubError, settings::Limits};
use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

/// In which order writes that wait go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Priority {
    /// A check run or a commit status.
    Check,
    /// A new comment.
    Comment,
    /// Another text for a comment that is there.
    Edit,
}

/// The time over which writes are counted.
const MINUTE: Duration = Duration::from_secs(60);

/// All who want to write.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Notify,
    gap: Duration,
    per_minute: usize,
}

#[derive(Debug, Default)]
struct State {
    waiting: BTreeSet<(Priority, u64)>,
    number: u64,
    is_writing: bool,
    /// When the newest writes began, the oldest first.
    begun: VecDeque<Instant>,
}

impl Queue {
    pub(super) fn new(limits: &Limits) -> Self {
        let (state, changed) = (Mutex::default(), Notify::new());
        Self { state, changed, gap: limits.write_gap, per_minute: limits.writes_per_minute.max(1) }
    }

    /// Waits until it is our turn to write, which ends when the value is dropped. Fails as soon as `allowed` does.
    pub(super) async fn turn(
        &self,
        priority: Priority,
        allowed: impl Fn() -> Result<(), GithubError>,
    ) -> Result<Turn<'_>, GithubError> {
        let place = self.enter(priority);
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on nothing that changes is missed.
            changed.as_mut().enable();
            allowed()?;
            match self.step(place.key) {
                Step::Now => return Ok(Turn { queue: self }),
                Step::At(at) => {
                    tokio::select! {
                        biased;
                        () = changed => {}
                        () = sleep_until(at) => {}
                    }
                }
                Step::AfterOthers => changed.await,
            }
        }
    }

    fn enter(&self, priority: Priority) -> Place<'_> {
        let mut state = self.state();
        state.number += 1;
        let key = (priority, state.number);
        state.waiting.insert(key);
        drop(state);
        // Somebody may wait for the time to write whose turn it no longer is.
        self.changed.notify_waiters();
        Place { queue: self, key }
    }

    fn step(&self, key: (Priority, u64)) -> Step {
        let mut state = self.state();
        if state.is_writing || state.waiting.first() != Some(&key) {
            return Step::AfterOthers;
        }
        let now = Instant::now();
        match self.free_at(&state) {
            Some(at) if at > now => Step::At(at),
            _ => {
                state.is_writing = true;
                state.waiting.remove(&key);
                self.begin(&mut state, now);
                Step::Now
            }
        }
    }

    /// When the next write may begin.
    fn free_at(&self, state: &State) -> Option<Instant> {
        let after_last = state.begun.back().map(|last| *last + self.gap);
        let after_many =
            state.begun.len().checked_sub(self.per_minute).and_then(|place| state.begun.get(place));
        after_last.max(after_many.map(|begun| *begun + MINUTE))
    }

    fn begin(&self, state: &mut State, now: Instant) {
        state.begun.push_back(now);
        while state.begun.len() > self.per_minute {
            state.begun.pop_front();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Step {
    Now,
    At(Instant),
    AfterOthers,
}

/// A place among those who wait, given up when it is dropped.
struct Place<'a> {
    queue: &'a Queue,
    key: (Priority, u64),
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.queue.state().waiting.remove(&self.key) {
            self.queue.changed.notify_waiters();
        }
    }
}

/// The right to write, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    queue: &'a Queue,
}

impl Turn<'_> {
    /// Waits until another write may begin, without letting others go first.
    pub(super) async fn again(&mut self) {
        let free_at = self.queue.free_at(&self.queue.state());
        if let Some(at) = free_at {
            sleep_until(at).await;
        }
        self.queue.begin(&mut self.queue.state(), Instant::now());
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.queue.state().is_writing = false;
        self.queue.changed.notify_waiters();
    }
}
