//! The states of an Application, one after the other, as the API server reports them.

use super::wait::until;
use serde_json::Value;
use std::sync::{Arc, Mutex};
use tokio::task::AbortHandle;

/// Every state of an Application since this was made. It ends when this is dropped.
pub(crate) struct Recording {
    states: Arc<Mutex<Vec<Value>>>,
    task: AbortHandle,
}

impl Recording {
    pub(crate) fn new(states: Arc<Mutex<Vec<Value>>>, task: AbortHandle) -> Self {
        Self { states, task }
    }

    /// All states up to `last`, which was seen in another way.
    #[track_caller]
    pub(crate) fn states_until(&self, last: &Value) -> Vec<Value> {
        let version = |state: &Value| state["metadata"]["resourceVersion"].clone();
        let is_last = |state: &Value| version(state) == version(last);
        until("the state is reported", || self.states.lock().unwrap().iter().any(is_last));
        self.states.lock().unwrap().clone()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.task.abort();
    }
}
