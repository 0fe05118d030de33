//! What the driver reacts to.

use crate::{
    activities::AttemptId,
    error::{EngineError, ParkReason},
    flow::Answer,
    query::Outcome,
    store::{Key, Store},
};
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::oneshot;

/// The answer to a command.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, EngineError>>;

/// A question that only reads; it brings its own way to answer.
pub(crate) type Question = Box<dyn FnOnce(&Store, &dyn Fn(Key) -> Option<Value>) + Send>;

/// Whether a start began something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Started {
    /// The workflow begins now.
    New,
    /// A workflow with this id runs already, or is parked. It keeps its own input.
    AlreadyRunning,
    /// A workflow with this id has ended already.
    AlreadyEnded,
}

/// Whether a message found a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// It is in the journal of the receiver.
    Recorded,
    /// The workflow has ended or never was; the message is gone.
    NotRunning,
}

/// What the driver reacts to.
pub(crate) enum Event {
    // From handles.
    Start { id: String, name: &'static str, input: String, reply: Reply<Started> },
    Send { id: String, mailbox: String, message: String, reply: Reply<Sent> },
    Wait { id: String, reply: Reply<Outcome> },
    Forget { before: Timestamp, reply: Reply<usize> },
    Ask(Question),
    // From activities.
    AttemptEnded { attempt: AttemptId, answer: Answer },
    Heartbeat { attempt: AttemptId, details: Value },
    // From time.
    TimerDue { key: Key, sequence: i64 },
    RetryDue { key: Key, sequence: i64 },
    // From workflows.
    ChildWanted { key: Key, sequence: i64 },
    SendWanted { key: Key, sequence: i64 },
    Ended { key: Key, result: Answer },
    Broken { key: Key, reason: ParkReason },
}

impl Event {
    /// Whether it may lead to something that is written.
    pub(crate) fn writes(&self) -> bool {
        !matches!(self, Self::Wait { .. } | Self::Ask(_) | Self::Heartbeat { .. } | Self::RetryDue { .. })
    }
}
