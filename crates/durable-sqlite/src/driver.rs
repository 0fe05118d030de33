//! The one future that moves all workflows: record, commit, deliver, again.
//!
//! Each pass takes everything that happened, writes all of it in one transaction, and only then delivers it, record by
//! record. While the disk is busy with a commit more events queue up, so commits grow with the load. When a commit
//! fails nothing of it was delivered: the driver ends, and what is in memory is dropped.

mod attempts;
mod deliver;
mod lives;
mod peers;
mod record;
mod recover;

use crate::{
    clock::EngineClock,
    error::EngineError,
    events::{Event, Question, Reply},
    instance::Instance,
    journal::Record,
    query::Outcome,
    registry::Registry,
    store::{AttemptRow, Key, Store},
};
use attempts::Call;
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    future::Future,
    time::Duration,
};
use tokio::{runtime::Handle, sync::mpsc, task::JoinSet, time::Instant};

/// At most this many events share a transaction, so that the first of them does not wait long for the last.
const MOST_EVENTS: usize = 4096;
/// Heartbeats alone cause no commit before this has passed; they go along with whatever is committed.
const BEATS_MAY_WAIT: Duration = Duration::from_secs(1);

/// Everything that is in memory. The rows are what counts: all of this can be rebuilt from them.
pub(crate) struct Driver {
    store: Store,
    registry: Registry,
    clock: EngineClock,
    runtime: Handle,
    /// The attempts that run; dropping the driver aborts them.
    tasks: JoinSet<()>,
    events: mpsc::UnboundedReceiver<Event>,
    /// What activities report through.
    reports: mpsc::UnboundedSender<Event>,
    /// Events received but not yet handled.
    received: Vec<Event>,
    /// Events that the last pass led to.
    todo: VecDeque<Event>,
    instances: BTreeMap<Key, Instance>,
    timers: BTreeSet<(Timestamp, Key, i64, Due)>,
    /// Activities without an answer, by workflow and operation.
    calls: BTreeMap<(Key, i64), Call>,
    /// What the last process knew of them.
    restored: BTreeMap<(Key, i64), AttemptRow>,
    /// Activities that were under way when processes were killed, and how often.
    lost: BTreeMap<(Key, i64), u32>,
    /// Who waits for a child: by the child, the workflow and operation. Entries may be stale.
    parents: BTreeMap<Key, Vec<(Key, i64)>>,
    /// Who waits for an outcome through a handle.
    waiting: BTreeMap<Key, Vec<Reply<Outcome>>>,
    unsaved_beats: BTreeSet<(Key, i64)>,
    beats_due: Option<Timestamp>,
}

/// What comes due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Timer,
    Retry,
}

/// What follows from a record, once it is committed.
enum Effect {
    /// A new workflow runs for the first time.
    Begin(Key),
    Deliver(Key, Record),
    StartAttempt(Key, i64),
    Tell(Box<dyn FnOnce()>),
    Ask(Question),
}

/// What an engine was opened with.
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) registry: Registry,
    pub(crate) clock: EngineClock,
    pub(crate) runtime: Handle,
    pub(crate) events: mpsc::UnboundedReceiver<Event>,
    pub(crate) reports: mpsc::UnboundedSender<Event>,
}

impl Driver {
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            store: parts.store,
            registry: parts.registry,
            clock: parts.clock,
            runtime: parts.runtime,
            tasks: JoinSet::new(),
            events: parts.events,
            reports: parts.reports,
            received: Vec::new(),
            todo: VecDeque::new(),
            instances: BTreeMap::new(),
            timers: BTreeSet::new(),
            calls: BTreeMap::new(),
            restored: BTreeMap::new(),
            lost: BTreeMap::new(),
            parents: BTreeMap::new(),
            waiting: BTreeMap::new(),
            unsaved_beats: BTreeSet::new(),
            beats_due: None,
        }
    }

    /// Replays what is open and goes on with it until `shutdown`.
    pub(crate) async fn run(mut self, shutdown: impl Future<Output = ()>) -> Result<(), EngineError> {
        self.recover()?;
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            self.pass()?;
            let busy = !self.todo.is_empty();
            let wake = self.next_wake();
            tokio::select! {
                biased;
                () = &mut shutdown => return Ok(()),
                // Activities on the same runtime get their turn between two passes.
                () = tokio::task::yield_now(), if busy => {}
                _ = self.events.recv_many(&mut self.received, MOST_EVENTS), if !busy => {}
                () = tokio::time::sleep_until(wake.unwrap_or_else(Instant::now)), if !busy && wake.is_some() => {}
            }
        }
    }

    /// Handles everything that happened since the last pass.
    fn pass(&mut self) -> Result<(), EngineError> {
        while self.tasks.try_join_next().is_some() {}
        let at = self.clock.now();
        let events = self.take_events(at);
        let beats = self.beats_due.is_some_and(|due| due <= at);
        let writes = beats || events.iter().any(Event::writes);
        let mut effects = Vec::new();
        if writes {
            self.store.begin()?;
        }
        for event in events {
            self.record(event, at, &mut effects)?;
        }
        if writes {
            self.save_beats()?;
            self.store.commit(at)?;
        }
        for effect in effects {
            self.perform(effect);
        }
        Ok(())
    }

    /// First what the last pass led to, then what is due, then what came from outside.
    fn take_events(&mut self, at: Timestamp) -> Vec<Event> {
        let mut events: Vec<Event> = self.todo.drain(..).collect();
        while let Some(&(due, key, sequence, what)) = self.timers.first() {
            if due > at {
                break;
            }
            self.timers.pop_first();
            events.push(match what {
                Due::Timer => Event::TimerDue { key, sequence },
                Due::Retry => Event::RetryDue { key, sequence },
            });
        }
        events.append(&mut self.received);
        while events.len() < MOST_EVENTS
            && let Ok(event) = self.events.try_recv()
        {
            events.push(event);
        }
        events
    }

    /// When to look again if nothing happens.
    fn next_wake(&mut self) -> Option<Instant> {
        let timer = self.timers.first().map(|(due, ..)| *due);
        let due = [timer, self.beats_due].into_iter().flatten().min()?;
        Some(self.clock.instant_of(due))
    }
}
