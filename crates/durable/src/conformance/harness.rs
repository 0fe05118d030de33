//! What an engine brings to the suite.

use super::World;
use crate::{Activity, ActivityBody, Failure, Wire, Workflow};
use jiff::Timestamp;
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// The engine died at a crash point. Nothing is lost that it had recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crashed;

/// How a workflow ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// With a result, as JSON.
    Completed(Value),
    /// With a failure.
    Failed(Failure),
    /// The engine does not go on with it.
    Parked,
}

/// Where an engine dies by itself: at its nth step since it was opened, the first being 1. A step is whatever the engine
/// makes durable at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrashPoint {
    /// The number of the step.
    pub step: u64,
    /// Whether the step was still made durable. Nobody is told in either case.
    pub durable: bool,
}

/// Takes what the suite needs registered.
pub trait Registrar {
    /// Adds a workflow.
    fn workflow<W: Workflow>(&mut self);
    /// Adds the body of an activity.
    fn activity<A: Activity, B: ActivityBody<A>>(&mut self, body: B);
}

/// An engine with a store that survives it, under simulated time.
///
/// Activities of the suite wait with `tokio::time`, so simulated time must be tokio's time as well.
#[allow(async_fn_in_trait, reason = "engines and scenarios run on one thread")]
pub trait Harness {
    /// Shows the simulated time.
    fn clock(&self) -> Arc<dyn Fn() -> Timestamp + Send + Sync>;

    /// How many programs are drawn from seeds: as many as the store is fast enough for.
    fn seeds(&self) -> u64;

    /// Opens the engine on the store, with everything that [`World::register`] adds, and lets it go on.
    async fn open(&mut self, world: &World, crash: Option<CrashPoint>);

    /// Ends the engine without any goodbye; attempts of activities end as well. The store stays.
    async fn crash(&mut self);

    /// Replaces the store by an empty one. The engine is not open then.
    async fn reset(&mut self);

    /// Starts a workflow.
    async fn start<W: Workflow>(&mut self, id: &str, input: W::Input) -> Result<(), Crashed>;

    /// Sends a message from outside. The engine must be open.
    async fn send<M: Wire>(&mut self, id: &str, mailbox: &str, message: M) -> Result<(), Crashed>;

    /// Lets time pass until a workflow has ended or is parked. Panics if it never does.
    async fn finish(&mut self, id: &str) -> Result<Ending, Crashed>;

    /// Lets time pass, whether an engine is open or not.
    async fn pass(&mut self, duration: Duration);
}
