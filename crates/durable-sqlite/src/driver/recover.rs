//! The only replay: when the engine begins to run, every open workflow is led back to where it was.

use super::Driver;
use crate::{
    error::{EngineError, ParkReason},
    events::Event,
    flow::Answer,
    instance::{Instance, Turn},
    query::{self, Outcome, WorkflowState},
    store::{Key, WorkflowRow},
};

/// What has to be written about a workflow after its replay.
enum Change {
    Park(Key, ParkReason),
    Unpark(Key),
}

impl Driver {
    /// Replays every open workflow, parked ones as well: their code may have been fixed.
    pub(super) fn recover(&mut self) -> Result<(), EngineError> {
        let mut changes = Vec::new();
        let rows = self.store.open_workflows()?;
        for row in &rows {
            match self.replay(row)? {
                Ok((instance, ended)) => {
                    if row.state == WorkflowState::Parked {
                        changes.push(Change::Unpark(row.key));
                    }
                    self.instances.insert(row.key, instance);
                    self.todo.extend(ended.map(|result| Event::Ended { key: row.key, result }));
                }
                Err(reason) => {
                    tracing::warn!(workflow = row.id, %reason, "a workflow cannot go on and is parked");
                    if !is_parked_for(row, &reason) {
                        changes.push(Change::Park(row.key, reason));
                    }
                }
            }
        }
        self.save(changes)?;
        self.count_lost()?;
        // Only now may anything start: what a workflow waits for depends on the states just written.
        for row in &rows {
            self.after(row.key, Turn::Waits);
        }
        self.restored.clear();
        Ok(())
    }

    /// The workflow where its journal ends, with its result if the journal leads to one; or why it cannot go on.
    #[allow(clippy::type_complexity, reason = "two kinds of failure, for two readers")]
    fn replay(
        &mut self,
        row: &WorkflowRow,
    ) -> Result<Result<(Instance, Option<Answer>), ParkReason>, EngineError> {
        let records = self.store.records(row.key)?;
        let mut instance = match Instance::new(row, &self.registry) {
            Ok(instance) => instance,
            Err(reason) => return Ok(Err(reason)),
        };
        let mut ended = None;
        let mut turn = instance.turn();
        let mut records = records.into_iter();
        loop {
            match turn {
                Turn::Waits => {}
                Turn::Ended(result) => ended = Some(result),
                Turn::Broken(reason) => return Ok(Err(reason)),
            }
            turn = match records.next() {
                None => break,
                Some(Err(reason)) => Turn::Broken(reason),
                Some(Ok(record)) => {
                    instance.next_position = record.position + 1;
                    instance.deliver(&record)
                }
            };
        }
        for (sequence, attempt) in self.store.attempts(row.key)? {
            instance.has_attempts = true;
            self.restored.insert((row.key, sequence), attempt);
        }
        // Given up in an earlier life: there is nothing left to release.
        drop(instance.take_given_up());
        Ok(Ok((instance, ended)))
    }

    fn save(&mut self, changes: Vec<Change>) -> Result<(), EngineError> {
        if changes.is_empty() {
            return Ok(());
        }
        let at = self.clock.now();
        self.store.begin()?;
        for change in changes {
            match change {
                Change::Park(key, reason) => self.store.park_workflow(key, &reason, at)?,
                Change::Unpark(key) => self.store.unpark_workflow(key, at)?,
            }
        }
        self.store.commit(at)
    }
}

fn is_parked_for(row: &WorkflowRow, reason: &ParkReason) -> bool {
    let outcome = query::outcome(row.state, row.outcome.as_deref());
    matches!(outcome, Ok(Some(Outcome::Parked(known))) if known == *reason)
}
