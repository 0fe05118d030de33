//! What passes between workflows: children and messages.

use super::{Driver, Effect};
use crate::{
    error::{EngineError, ParkReason},
    events::Sent,
    flow::Operation,
    journal::{PARKED, Record, RecordKind},
    query::Outcome,
    store::{Key, WorkflowRow},
};
use durable::{Failure, FailureKind};
use jiff::Timestamp;

impl Driver {
    /// Puts a message into the journal of its receiver; that is its mailbox.
    pub(super) fn record_message(
        &mut self,
        id: &str,
        mailbox: String,
        message: String,
        at: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Result<Sent, EngineError> {
        let open = self.store.workflow_by_id(id)?.filter(|row| !row.state.has_ended());
        let Some(WorkflowRow { key, .. }) = open else { return Ok(Sent::NotRunning) };
        let position = match self.instances.get_mut(&key) {
            Some(instance) => instance.take_position(),
            // Parked: the message waits for the code to be fixed.
            None => self.store.last_position(key)? + 1,
        };
        let record = Record {
            position,
            at,
            kind: RecordKind::Message,
            sequence: None,
            name: mailbox,
            target: None,
            answer: Ok(message),
            attempts: 0,
            began_at: at,
        };
        self.store.insert_record(key, &record)?;
        effects.push(Effect::Deliver(key, record));
        Ok(Sent::Recorded)
    }

    /// Starts a child, joins the one that this workflow started before, or answers at once if that has ended.
    pub(super) fn record_child(
        &mut self,
        key: Key,
        sequence: i64,
        at: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Result<(), EngineError> {
        let Some(Operation::Child { id, name, input }) = self.operation(key, sequence) else { return Ok(()) };
        let Some(row) = self.store.workflow_by_id(&id)? else {
            let child = self.begin_workflow(&id, name, Some(key), &input, at, effects)?;
            self.parents.entry(child).or_default().push((key, sequence));
            return Ok(());
        };
        if row.parent != Some(key) || row.name != name {
            let text = format!("cannot start the child {id:?}: another workflow has this id");
            let failure = Failure::new(FailureKind::Engine, "child_id_taken", text);
            return self.answer(key, sequence, Err(failure), 0, at, effects);
        }
        match self.outcome_of(&row)? {
            None => {
                self.parents.entry(row.key).or_default().push((key, sequence));
                Ok(())
            }
            Some(Outcome::Parked(reason)) => {
                self.answer(key, sequence, Err(parked(&id, &reason)), 0, at, effects)
            }
            Some(Outcome::Completed(output)) => {
                self.answer(key, sequence, Ok(output.to_string()), 0, at, effects)
            }
            Some(Outcome::Failed(failure)) => self.answer(key, sequence, Err(failure), 0, at, effects),
        }
    }

    /// Both sides of a message between workflows in one transaction: it is sent exactly once.
    pub(super) fn record_send(
        &mut self,
        key: Key,
        sequence: i64,
        at: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Result<(), EngineError> {
        let Some(Operation::Send { target, mailbox, message }) = self.operation(key, sequence) else {
            return Ok(());
        };
        self.answer(key, sequence, Ok("null".to_owned()), 0, at, effects)?;
        self.record_message(&target, mailbox.to_owned(), message, at, effects).map(drop)
    }
}

/// What a parent gets for a child that does not go on.
pub(super) fn parked(id: &str, reason: &ParkReason) -> Failure {
    let text = format!("the child workflow {id:?} is parked: {reason}");
    Failure::new(FailureKind::Engine, PARKED, text)
}
