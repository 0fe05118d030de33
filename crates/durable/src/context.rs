//! What the body of an activity knows about the call it is answering, and how engines are given bodies.

use crate::{Activity, Failure};
use serde::Serialize;
use serde_json::Value;
use std::{future::Future, pin::Pin, sync::Arc};

/// The body of an activity: where the outside world is touched.
///
/// Closures `Fn(ActivityContext, Input) -> Future` are bodies as well.
pub trait ActivityBody<A: Activity>: Send + Sync + 'static {
    /// Answers one attempt. It may be dropped at any await (a timeout, the end of the process) and run again later.
    ///
    /// # Errors
    /// The failure of this attempt; its kind decides whether the retry policy may try again.
    fn run(
        &self,
        context: ActivityContext,
        input: A::Input,
    ) -> impl Future<Output = Result<A::Output, Failure>> + Send;
}

impl<A, F, Fut> ActivityBody<A> for F
where
    A: Activity,
    F: Fn(ActivityContext, A::Input) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<A::Output, Failure>> + Send,
{
    fn run(
        &self,
        context: ActivityContext,
        input: A::Input,
    ) -> impl Future<Output = Result<A::Output, Failure>> + Send {
        self(context, input)
    }
}

/// The side of an engine that a running attempt talks to.
pub trait ActivityHost: Send + Sync + 'static {
    /// The attempt is alive. `details` are for the next attempt, should this one not survive; `None` leaves the last.
    fn heartbeat(&self, details: Option<Value>);
    /// Whether the workflow has given the answer up.
    fn is_cancelled(&self) -> bool;
    /// Waits until the workflow gives the answer up.
    fn cancelled(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// What an engine tells the body about one attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptFacts {
    /// The workflow that asked.
    pub workflow_id: String,
    /// The name of the queue that the attempt was routed by; `None` for the default queue.
    pub queue: Option<String>,
    /// The number of this attempt; the first is 1. An attempt that died with its process is repeated under its number.
    pub attempt: u32,
    /// What an earlier attempt said last about how far it came.
    pub last_heartbeat: Option<Value>,
}

/// The context of one attempt of an activity. Cheap to clone.
#[derive(Clone)]
pub struct ActivityContext {
    facts: Arc<AttemptFacts>,
    host: Arc<dyn ActivityHost>,
}

impl ActivityContext {
    /// For engines: a context that reports to `host`.
    pub fn new(facts: AttemptFacts, host: Arc<dyn ActivityHost>) -> Self {
        Self { facts: Arc::new(facts), host }
    }

    /// A context without an engine, to call a body directly: heartbeats go nowhere and it is never cancelled.
    pub fn detached(workflow_id: impl Into<String>) -> Self {
        let facts =
            AttemptFacts { workflow_id: workflow_id.into(), queue: None, attempt: 1, last_heartbeat: None };
        Self::new(facts, Arc::new(Detached))
    }

    /// The workflow that asked.
    pub fn workflow_id(&self) -> &str {
        &self.facts.workflow_id
    }

    /// The name of the queue that the attempt was routed by; `None` for the default queue.
    pub fn queue(&self) -> Option<&str> {
        self.facts.queue.as_deref()
    }

    /// The number of this attempt; the first is 1. An attempt that died with its process is repeated under its number.
    pub fn attempt(&self) -> u32 {
        self.facts.attempt
    }

    /// Says that the attempt is alive, and how far it came. Details that cannot be encoded as JSON are left out; the
    /// beat still counts.
    pub fn heartbeat(&self, details: impl Serialize) {
        self.host.heartbeat(serde_json::to_value(details).ok());
    }

    /// What an earlier attempt said last about how far it came.
    pub fn last_heartbeat(&self) -> Option<Value> {
        self.facts.last_heartbeat.clone()
    }

    /// Whether the workflow has given the answer up. The body should come to an end soon; its answer is ignored.
    pub fn is_cancelled(&self) -> bool {
        self.host.is_cancelled()
    }

    /// Waits until the workflow gives the answer up. For a select against a long watch.
    pub async fn cancelled(&self) {
        self.host.cancelled().await;
    }
}

/// The host of [`ActivityContext::detached`].
struct Detached;

impl ActivityHost for Detached {
    fn heartbeat(&self, _: Option<Value>) {}

    fn is_cancelled(&self) -> bool {
        false
    }

    fn cancelled(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::pending())
    }
}
