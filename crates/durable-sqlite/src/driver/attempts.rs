//! Calls of activities: attempts, retries, heartbeats.

use super::{BEATS_MAY_WAIT, Driver, Due, Effect};
use crate::{
    activities::{AttemptId, Host, Limits, SCHEDULE_TO_CLOSE, run_attempt},
    clock::later,
    error::EngineError,
    events::Event,
    flow::{Answer, Operation},
    registry::Body,
    store::{AttemptRow, Key},
};
use durable::{ActivityContext, ActivityHost, ActivityOptions, AttemptFacts, Failure, FailureKind, Queue};
use jiff::Timestamp;
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// An activity that has not answered.
pub(super) struct Call {
    body: Body,
    row: AttemptRow,
    /// The row is in the store.
    saved: bool,
    /// Asks the attempt that runs to stop.
    cancel: Option<watch::Sender<bool>>,
}

impl Driver {
    /// Starts the first attempt, or goes on where the last process stopped.
    pub(super) fn begin_call(&mut self, key: Key, sequence: i64, body: Body) {
        let restored = self.restored.remove(&(key, sequence));
        let saved = restored.is_some();
        let row = restored.unwrap_or_default();
        let (retry_at, failed) = (row.retry_at, row.failed);
        self.calls.insert((key, sequence), Call { body, row, saved, cancel: None });
        match retry_at {
            Some(retry_at) => drop(self.timers.insert((retry_at, key, sequence, Due::Retry))),
            None => match self.given_up(AttemptId { key, sequence, attempt: failed + 1 }) {
                Some(ended) => self.todo.push_back(ended),
                None => self.start_attempt(key, sequence),
            },
        }
    }

    /// Forgets a call; an attempt that runs is asked to stop.
    pub(super) fn end_call(&mut self, key: Key, sequence: i64) {
        let Some(call) = self.calls.remove(&(key, sequence)) else { return };
        if let Some(retry_at) = call.row.retry_at {
            self.timers.remove(&(retry_at, key, sequence, Due::Retry));
        }
        if let Some(cancel) = call.cancel {
            cancel.send_replace(true);
        }
    }

    pub(super) fn start_attempt(&mut self, key: Key, sequence: i64) {
        let now = self.clock.now();
        let Some(instance) = self.instances.get(&key) else { return };
        let Some(open) = instance.open.get(&sequence) else { return };
        let Operation::Activity { name, input, options } = &open.operation else { return };
        let Some(call) = self.calls.get_mut(&(key, sequence)) else { return };
        let attempt = AttemptId { key, sequence, attempt: call.row.failed + 1 };
        call.row.retry_at = None;
        let (cancel, cancelled) = watch::channel(false);
        call.cancel = Some(cancel);
        let facts = AttemptFacts {
            workflow_id: instance.id.clone(),
            queue: match &options.queue {
                Queue::Default => None,
                Queue::Named(queue) => Some(queue.clone()),
            },
            attempt: attempt.attempt,
            last_heartbeat: call.row.heartbeat.clone(),
        };
        let limits = Limits {
            start_to_close: options.start_to_close,
            remaining: options.schedule_to_close.map(|limit| until(now, later(open.began_at, limit))),
            heartbeat: options.heartbeat,
        };
        let host = Arc::new(Host::new(attempt, self.reports.clone(), cancelled));
        let beats = host.beats();
        let context = ActivityContext::new(facts, Arc::clone(&host) as Arc<dyn ActivityHost>);
        let (name, body, input) = (*name, Arc::clone(&call.body), input.clone());
        let reports = self.reports.clone();
        let task = async move {
            let answer = run_attempt(name, body(context, input), limits, beats).await;
            // Without a driver nobody can record the answer: the attempt will be made again.
            drop(reports.send(Event::AttemptEnded { attempt, answer }));
        };
        self.tasks.spawn_on(task, &self.runtime);
    }

    /// Decides what the end of an attempt means: an answer, or another attempt later.
    pub(super) fn record_attempt(
        &mut self,
        attempt: AttemptId,
        answer: Answer,
        at: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Result<(), EngineError> {
        let AttemptId { key, sequence, attempt: number } = attempt;
        let Some(instance) = self.instances.get_mut(&key) else { return Ok(()) };
        let Some(open) = instance.open.get(&sequence) else { return Ok(()) };
        let Operation::Activity { options, .. } = &open.operation else { return Ok(()) };
        let Some(call) = self.calls.get_mut(&(key, sequence)) else { return Ok(()) };
        if self.lost.remove(&(key, sequence)).is_some() {
            // Whatever killed earlier processes, this does not do so each time.
            self.store.forget_lost(key, sequence)?;
        }
        let answer = match answer {
            Err(failure) => match retry_at(options, open.began_at, number, failure, at) {
                Ok((retry_at, failure)) => {
                    call.row.failed = number;
                    call.row.retry_at = Some(retry_at);
                    call.row.failure = Some(failure);
                    call.cancel = None;
                    (call.saved, instance.has_attempts) = (true, true);
                    self.store.save_attempt(key, sequence, &call.row)?;
                    self.timers.insert((retry_at, key, sequence, Due::Retry));
                    return Ok(());
                }
                Err(failure) => Err(failure),
            },
            answer => answer,
        };
        if call.saved {
            self.store.delete_attempt(key, sequence)?;
        }
        self.calls.remove(&(key, sequence));
        self.answer(key, sequence, answer, number, at, effects)
    }

    pub(super) fn note_beat(&mut self, attempt: AttemptId, details: Value, at: Timestamp) {
        let AttemptId { key, sequence, attempt: number } = attempt;
        let Some(call) = self.calls.get_mut(&(key, sequence)) else { return };
        if call.row.failed + 1 != number || call.row.heartbeat.as_ref() == Some(&details) {
            return;
        }
        call.row.heartbeat = Some(details);
        self.unsaved_beats.insert((key, sequence));
        self.beats_due.get_or_insert(later(at, BEATS_MAY_WAIT));
    }

    /// Writes the details of heartbeats along with whatever else is committed.
    pub(super) fn save_beats(&mut self) -> Result<(), EngineError> {
        self.beats_due = None;
        for (key, sequence) in std::mem::take(&mut self.unsaved_beats) {
            let Some(instance) = self.instances.get_mut(&key) else { continue };
            let Some(call) = self.calls.get_mut(&(key, sequence)) else { continue };
            (call.saved, instance.has_attempts) = (true, true);
            self.store.save_attempt(key, sequence, &call.row)?;
        }
        Ok(())
    }
}

/// When to try again after `failure`; as an error, the failure that is final.
fn retry_at(
    options: &ActivityOptions,
    began_at: Timestamp,
    attempt: u32,
    failure: Failure,
    at: Timestamp,
) -> Result<(Timestamp, Failure), Failure> {
    if !options.retry.retries(attempt, &failure) {
        return Err(failure);
    }
    let retry_at = later(at, options.retry.pause_after(attempt));
    match options.schedule_to_close {
        Some(limit) if retry_at >= later(began_at, limit) => {
            let text = format!("no attempt fits into {limit:?} any more; the last said: {}", failure.message);
            let last = serde_json::to_value(&failure).unwrap_or(Value::Null);
            Err(Failure::new(FailureKind::Timeout, SCHEDULE_TO_CLOSE, text).with_details(last))
        }
        _ => Ok((retry_at, failure)),
    }
}

/// From `now` until `due`; zero if that is over.
fn until(now: Timestamp, due: Timestamp) -> Duration {
    Duration::try_from(due.duration_since(now)).unwrap_or_default()
}
