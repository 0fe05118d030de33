//! Committed effects to running code, and what that code asks for next.

use super::{Driver, Due, Effect};
use crate::{
    clock::later,
    error::ParkReason,
    events::Event,
    flow::Operation,
    instance::{Instance, Open, Turn},
    store::Key,
};

impl Driver {
    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Begin(key) => {
                if let Some(turn) = self.instances.get_mut(&key).map(Instance::turn) {
                    self.after(key, turn);
                }
            }
            Effect::Deliver(key, record) => {
                if let Some(turn) = self.instances.get_mut(&key).map(|instance| instance.deliver(&record)) {
                    self.after(key, turn);
                }
            }
            Effect::StartAttempt(key, sequence) => self.start_attempt(key, sequence),
            Effect::Tell(tell) => tell(),
            Effect::Ask(question) => {
                let progress = |key| self.instances.get(&key).and_then(Instance::progress);
                question(&self.store, &progress);
            }
        }
    }

    /// Follows up on a turn of a workflow.
    pub(super) fn after(&mut self, key: Key, turn: Turn) {
        match turn {
            Turn::Waits => {}
            Turn::Ended(result) => self.todo.push_back(Event::Ended { key, result }),
            Turn::Broken(reason) => {
                if let Some(instance) = self.instances.get_mut(&key) {
                    instance.stop();
                }
                self.todo.push_back(Event::Broken { key, reason });
            }
        }
        let Some(instance) = self.instances.get_mut(&key) else { return };
        let (given_up, fresh) = (instance.take_given_up(), instance.take_fresh());
        for (sequence, open) in given_up {
            self.release(key, sequence, &open);
        }
        for sequence in fresh {
            self.act(key, sequence);
        }
    }

    /// Begins with an operation that the workflow asked for.
    fn act(&mut self, key: Key, sequence: i64) {
        let Some(open) = self.instances.get(&key).and_then(|instance| instance.open.get(&sequence)) else {
            return;
        };
        match &open.operation {
            Operation::Timer { duration } => {
                self.timers.insert((later(open.began_at, *duration), key, sequence, Due::Timer));
            }
            Operation::Child { .. } => self.todo.push_back(Event::ChildWanted { key, sequence }),
            Operation::Send { .. } => self.todo.push_back(Event::SendWanted { key, sequence }),
            Operation::Activity { name, .. } => match self.registry.body(name) {
                Some(body) => self.begin_call(key, sequence, body),
                None => {
                    let reason = ParkReason::UnregisteredActivity { name: (*name).to_owned() };
                    self.todo.push_back(Event::Broken { key, reason });
                }
            },
        }
    }

    /// Lets go of an operation that the workflow no longer wants. Who waits for a child is looked at when it ends.
    fn release(&mut self, key: Key, sequence: i64, open: &Open) {
        match &open.operation {
            Operation::Timer { duration } => {
                self.timers.remove(&(later(open.began_at, *duration), key, sequence, Due::Timer));
            }
            Operation::Activity { .. } => self.end_call(key, sequence),
            Operation::Child { .. } | Operation::Send { .. } => {}
        }
    }

    /// Takes a workflow out of memory, with everything that it waits for.
    pub(super) fn remove_instance(&mut self, key: Key) -> Option<Instance> {
        let mut instance = self.instances.remove(&key)?;
        instance.stop();
        for (sequence, open) in instance.take_given_up() {
            self.release(key, sequence, &open);
        }
        Some(instance)
    }
}
