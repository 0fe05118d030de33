//! The engine as workflow code sees it.

use crate::{Activity, ActivityOptions, Failure};
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use std::{future::Future, time::Duration};

/// What can be journalled and sent between processes.
pub trait Wire: Serialize + DeserializeOwned + Clone + Send + 'static {}
impl<T: Serialize + DeserializeOwned + Clone + Send + 'static> Wire for T {}

/// A workflow, written once and run by any engine.
///
/// Reserved for later and without code today: continue-as-new (a workflow that replaces itself to shorten its journal)
/// and version markers (code that changes while journals of the old code are open).
pub trait Workflow: 'static {
    /// The name it is registered and journalled under. Changing it orphans open workflows.
    const NAME: &'static str;
    /// What it is started with.
    type Input: Wire;
    /// What it ends with.
    type Output: Wire;

    /// The workflow itself. The future need not be `Send`; it talks to the world through `flow` alone.
    ///
    /// # Errors
    /// The failure that it ends with; a parent workflow gets it as the answer of [`Flow::child`].
    fn run<F: Flow>(
        flow: F,
        input: Self::Input,
    ) -> impl Future<Output = Result<Self::Output, Failure>> + 'static;
}

/// The world as a workflow sees it.
///
/// Every future made here stands for one durable operation. It starts when it is first polled, its answer is recorded
/// before it is delivered, and dropping it gives the operation up: a timer is forgotten, an activity is asked to stop
/// and its answer ignored, an unread message stays in the mailbox. A child workflow that is given up goes on alone.
/// Only waits may be given up: an activity that writes is always awaited, or nobody knows what it did.
pub trait Flow: Clone + 'static {
    /// The identity of this workflow. Unique for ever: engines refuse a second start or join the first.
    fn workflow_id(&self) -> String;

    /// The time of the last record that was delivered: the same in the first run and in every replay.
    fn now(&self) -> Timestamp;

    /// Runs an activity until it succeeds or its options say that it is over.
    fn activity<A: Activity>(
        &self,
        input: A::Input,
        options: ActivityOptions,
    ) -> impl Future<Output = Result<A::Output, Failure>> + use<Self, A>;

    /// Starts a child workflow, or joins the one with this id that this workflow started before, and waits for its end.
    /// A child that is parked answers with a failure of kind [`crate::FailureKind::Engine`] and the code `parked`.
    fn child<W: Workflow>(
        &self,
        id: String,
        input: W::Input,
    ) -> impl Future<Output = Result<W::Output, Failure>> + use<Self, W>;

    /// Takes the oldest unread message out of one of this workflow's own mailboxes. Messages wait while nobody reads.
    /// A message that cannot be read as `M` fails with the code `undecodable_message`, and is taken out as well.
    fn receive<M: Wire>(
        &self,
        mailbox: &'static str,
    ) -> impl Future<Output = Result<M, Failure>> + use<Self, M>;

    /// Puts a message into a mailbox of another workflow. Nothing happens if that one has ended or never was.
    fn send<M: Wire>(
        &self,
        workflow_id: String,
        mailbox: &'static str,
        message: M,
    ) -> impl Future<Output = ()> + use<Self, M>;

    /// A durable timer: it goes on counting while no process runs.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + use<Self>;

    /// Shows where the workflow stands. Not part of the journal: each replay computes it again.
    fn progress<P: Serialize>(&self, progress: &P);
}
