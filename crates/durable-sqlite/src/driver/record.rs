//! Events to rows. Runs inside the transaction of a pass: nothing here lets a workflow or a caller see anything.

use super::{Driver, Effect, peers::parked};
use crate::{
    error::{EngineError, ParkReason},
    events::{Event, Reply, Started},
    flow::{Answer, Operation},
    instance::Instance,
    journal::Record,
    query::{self, Outcome, WorkflowState},
    store::{Key, WorkflowRow},
};
use jiff::Timestamp;

impl Driver {
    pub(super) fn record(
        &mut self,
        event: Event,
        at: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Result<(), EngineError> {
        match event {
            Event::Start { id, name, input, reply } => {
                let started = self.record_start(&id, name, &input, at, effects)?;
                tell(effects, reply, started);
            }
            Event::Send { id, mailbox, message, reply } => {
                let sent = self.record_message(&id, mailbox, message, at, effects)?;
                tell(effects, reply, Ok(sent));
            }
            Event::Wait { id, reply } => self.wait_for(id, reply, effects)?,
            Event::Forget { before, reply } => {
                let forgotten = self.store.forget_ended_before(before)?;
                tell(effects, reply, Ok(forgotten));
            }
            Event::Ask(question) => effects.push(Effect::Ask(question)),
            Event::AttemptEnded { attempt, answer } => self.record_attempt(attempt, answer, at, effects)?,
            Event::Heartbeat { attempt, details } => self.note_beat(attempt, details, at),
            Event::TimerDue { key, sequence } => {
                self.answer(key, sequence, Ok("null".to_owned()), 0, at, effects)?;
            }
            Event::RetryDue { key, sequence } => effects.push(Effect::StartAttempt(key, sequence)),
            Event::ChildWanted { key, sequence } => self.record_child(key, sequence, at, effects)?,
            Event::SendWanted { key, sequence } => self.record_send(key, sequence, at, effects)?,
            Event::Ended { key, result } => self.record_end(key, &result, at, effects)?,
            Event::Broken { key, reason } => self.record_park(key, reason, at, effects)?,
        }
        Ok(())
    }

    fn record_start(
        &mut self,
        id: &str,
        name: &'static str,
        input: &str,
        at: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Result<Result<Started, EngineError>, EngineError> {
        if !self.registry.has_workflow(name) {
            return Ok(Err(EngineError::NotRegistered { name: name.to_owned() }));
        }
        let Some(row) = self.store.workflow_by_id(id)? else {
            self.begin_workflow(id, name, None, input, at, effects)?;
            return Ok(Ok(Started::New));
        };
        Ok(match row {
            row if row.name != name => {
                Err(EngineError::IdTaken { id: row.id, existing: row.name, wanted: name.to_owned() })
            }
            row if row.state.has_ended() => Ok(Started::AlreadyEnded),
            _ => Ok(Started::AlreadyRunning),
        })
    }

    pub(super) fn begin_workflow(
        &mut self,
        id: &str,
        name: &str,
        parent: Option<Key>,
        input: &str,
        at: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Result<Key, EngineError> {
        let key = self.store.insert_workflow(id, name, parent, input, at)?;
        let row = WorkflowRow {
            key,
            id: id.to_owned(),
            name: name.to_owned(),
            parent,
            state: WorkflowState::Running,
            input: input.to_owned(),
            outcome: None,
            started_at: at,
        };
        match Instance::new(&row, &self.registry) {
            Ok(instance) => {
                self.instances.insert(key, instance);
                effects.push(Effect::Begin(key));
            }
            Err(reason) => self.todo.push_back(Event::Broken { key, reason }),
        }
        Ok(key)
    }

    fn wait_for(
        &mut self,
        id: String,
        reply: Reply<Outcome>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), EngineError> {
        let Some(row) = self.store.workflow_by_id(&id)? else {
            tell(effects, reply, Err(EngineError::UnknownWorkflow { id }));
            return Ok(());
        };
        match self.outcome_of(&row)? {
            Some(outcome) => tell(effects, reply, Ok(outcome)),
            None => {
                let waiting = self.waiting.entry(row.key).or_default();
                waiting.retain(|reply| !reply.is_closed());
                waiting.push(reply);
            }
        }
        Ok(())
    }

    pub(super) fn outcome_of(&self, row: &WorkflowRow) -> Result<Option<Outcome>, EngineError> {
        query::outcome(row.state, row.outcome.as_deref()).map_err(|error| {
            let problem = format!("the outcome of {:?}: {error}", row.id);
            EngineError::Corrupt { path: self.store.path().to_owned(), problem }
        })
    }

    fn record_end(
        &mut self,
        key: Key,
        result: &Answer,
        at: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Result<(), EngineError> {
        // Parked in the meantime: the next open will come to the same end.
        let Some(instance) = self.remove_instance(key) else { return Ok(()) };
        self.store.end_workflow(key, result, at)?;
        if instance.has_attempts {
            self.store.delete_attempts(key)?;
        }
        let state = if result.is_ok() { WorkflowState::Completed } else { WorkflowState::Failed };
        tracing::debug!(workflow = instance.id, state = state.as_str(), "a workflow ended");
        for (parent, sequence) in self.parents.remove(&key).unwrap_or_default() {
            self.answer(parent, sequence, result.clone(), 0, at, effects)?;
        }
        for reply in self.waiting.remove(&key).unwrap_or_default() {
            let outcome = match result {
                // It was encoded by us a moment ago.
                Ok(output) => serde_json::from_str(output).map(Outcome::Completed),
                Err(failure) => Ok(Outcome::Failed(failure.clone())),
            };
            let outcome =
                outcome.map_err(|source| EngineError::Encode { what: "a result".to_owned(), source });
            tell(effects, reply, outcome);
        }
        Ok(())
    }

    fn record_park(
        &mut self,
        key: Key,
        reason: ParkReason,
        at: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Result<(), EngineError> {
        let id = match self.remove_instance(key) {
            Some(instance) => instance.id,
            // It could not even be built.
            None => self.store.id_of(key)?,
        };
        tracing::warn!(workflow = id, %reason, "a workflow is parked until the engine is opened again");
        self.store.park_workflow(key, &reason, at)?;
        for (parent, sequence) in self.parents.remove(&key).unwrap_or_default() {
            self.answer(parent, sequence, Err(parked(&id, &reason)), 0, at, effects)?;
        }
        for reply in self.waiting.remove(&key).unwrap_or_default() {
            tell(effects, reply, Ok(Outcome::Parked(reason.clone())));
        }
        Ok(())
    }

    /// Records the answer to an operation, unless it was given up. Each operation has one source of answers, and that
    /// answers once.
    pub(super) fn answer(
        &mut self,
        key: Key,
        sequence: i64,
        answer: Answer,
        attempts: u32,
        at: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Result<(), EngineError> {
        let Some(instance) = self.instances.get_mut(&key) else { return Ok(()) };
        let Some(open) = instance.open.get(&sequence) else { return Ok(()) };
        let (name, target) = open.operation.name_and_target();
        let mut record = Record {
            position: 0,
            at,
            kind: open.operation.kind(),
            sequence: Some(sequence),
            name: name.to_owned(),
            target: target.map(str::to_owned),
            answer,
            attempts,
            began_at: open.began_at,
        };
        record.position = instance.take_position();
        self.store.insert_record(key, &record)?;
        effects.push(Effect::Deliver(key, record));
        Ok(())
    }

    /// What is asked for, if it still is.
    pub(super) fn operation(&self, key: Key, sequence: i64) -> Option<Operation> {
        Some(self.instances.get(&key)?.open.get(&sequence)?.operation.clone())
    }
}

/// Tells the caller after the commit. A caller that went away is no trouble.
fn tell<T: 'static>(effects: &mut Vec<Effect>, reply: Reply<T>, answer: Result<T, EngineError>) {
    effects.push(Effect::Tell(Box::new(move || drop(reply.send(answer)))));
}
