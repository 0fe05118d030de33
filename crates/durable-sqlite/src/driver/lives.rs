//! Attempts that were under way when their process was killed.
//!
//! Most are innocent, and are made again. One that kills its process each time it runs (memory that runs out, a crash
//! below Rust) would do so for ever, and keep all others from their ends. So what was under way at [`MOST_KILLS`] kills in a
//! row, without an end of one attempt in between, is given up. Ends of the engine by itself do not count: neither a signal
//! nor an error of the disk blames what was under way.

use super::Driver;
use crate::{
    activities::AttemptId,
    error::EngineError,
    events::Event,
    flow::{Answer, Operation},
    store::Key,
};
use durable::{Failure, FailureKind};

/// After so many kills an attempt is not made again.
const MOST_KILLS: u32 = 10;

/// The code of the failure of an activity that is not tried again because its process died each time.
const KILLED: &str = "process_killed";

impl Driver {
    /// Counts what was under way if the last process was killed. After the replay, before anything starts.
    pub(super) fn count_lost(&mut self) -> Result<(), EngineError> {
        if self.store.begin_life()? {
            self.store.count_lost(&self.under_way())?;
        }
        self.lost = self.store.all_lost()?;
        for (key, _) in self.lost.keys() {
            if let Some(instance) = self.instances.get_mut(key) {
                instance.has_attempts = true;
            }
        }
        Ok(())
    }

    /// The activities that the last process was at, and not between two attempts of.
    fn under_way(&self) -> Vec<(Key, i64)> {
        let calls = self.instances.iter().flat_map(|(key, instance)| {
            let activities = instance.open.iter().filter(|(_, open)| is_activity(&open.operation));
            activities.map(|(sequence, _)| (*key, *sequence))
        });
        let is_paused = |call: &(Key, i64)| self.restored.get(call).is_some_and(|row| row.retry_at.is_some());
        calls.filter(|call| !is_paused(call)).collect()
    }

    /// What an activity answers instead of another attempt, if its process was killed too often.
    pub(super) fn given_up(&self, attempt: AttemptId) -> Option<Event> {
        let times = *self.lost.get(&(attempt.key, attempt.sequence))?;
        if times < MOST_KILLS {
            return None;
        }
        let instance = self.instances.get(&attempt.key)?;
        let Operation::Activity { name, .. } = &instance.open.get(&attempt.sequence)?.operation else {
            return None;
        };
        let text = format!(
            "the process was killed {times} times in a row while activity {name} of {:?} was under way; it is not \
             begun again",
            instance.id
        );
        tracing::error!(workflow = instance.id, activity = name, "{text}");
        let answer: Answer = Err(Failure::new(FailureKind::Engine, KILLED, text));
        Some(Event::AttemptEnded { attempt, answer })
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Err(error) = self.store.end_life() {
            tracing::warn!(%error, "the end of the engine cannot be noted: it will count as killed");
        }
    }
}

fn is_activity(operation: &Operation) -> bool {
    matches!(operation, Operation::Activity { .. })
}
