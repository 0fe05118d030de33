//! The way to a running engine: cheap to clone, usable from any thread.

use crate::{
    error::EngineError,
    events::{Event, Reply, Sent, Started},
    journal::JournalEntry,
    query::{self, Filter, Outcome, WorkflowStatus, WorkflowSummary},
    store::{Key, Store},
};
use durable::Workflow;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

/// Talks to the engine. Commands wait in line until the engine runs; an answer comes after what it says is durable.
///
/// Every method fails with [`EngineError::Stopped`] when the engine has ended.
#[derive(Clone)]
pub struct Handle {
    events: mpsc::UnboundedSender<Event>,
}

impl Handle {
    pub(crate) fn new(events: mpsc::UnboundedSender<Event>) -> Self {
        Self { events }
    }

    /// Starts a workflow, unless one with this id runs or has ended.
    ///
    /// # Errors
    /// The kind is not registered, another kind has the id, or the input cannot be encoded.
    pub async fn start<W: Workflow>(
        &self,
        id: impl Into<String>,
        input: &W::Input,
    ) -> Result<Started, EngineError> {
        let input = encode(input, || format!("the input of {}", W::NAME))?;
        let id = id.into();
        self.command(|reply| Event::Start { id, name: W::NAME, input, reply }).await
    }

    /// Puts a message into a mailbox of a workflow.
    ///
    /// # Errors
    /// The message cannot be encoded.
    pub async fn send<M: Serialize + ?Sized>(
        &self,
        id: impl Into<String>,
        mailbox: impl Into<String>,
        message: &M,
    ) -> Result<Sent, EngineError> {
        let (id, mailbox) = (id.into(), mailbox.into());
        let message = encode(message, || format!("a message to mailbox {mailbox:?} of {id:?}"))?;
        self.command(|reply| Event::Send { id, mailbox, message, reply }).await
    }

    /// Waits until a workflow ends or is parked.
    ///
    /// # Errors
    /// There is no such workflow.
    pub async fn wait(&self, id: impl Into<String>) -> Result<Outcome, EngineError> {
        let id = id.into();
        self.command(|reply| Event::Wait { id, reply }).await
    }

    /// Where a workflow stands; `None` if there is none with this id.
    ///
    /// # Errors
    /// The rows cannot be read.
    pub async fn status(&self, id: impl Into<String>) -> Result<Option<WorkflowStatus>, EngineError> {
        let id = id.into();
        self.ask(move |store, _| query::status(store.connection()?, store.path(), &id)).await
    }

    /// What a running workflow last said about where it stands.
    ///
    /// # Errors
    /// The rows cannot be read.
    pub async fn progress(&self, id: impl Into<String>) -> Result<Option<Value>, EngineError> {
        let id = id.into();
        self.ask(move |store, progress| Ok(store.workflow_by_id(&id)?.and_then(|row| progress(row.key))))
            .await
    }

    /// Lists workflows in the order in which they were started.
    ///
    /// # Errors
    /// The rows cannot be read.
    pub async fn list(&self, filter: Filter) -> Result<Vec<WorkflowSummary>, EngineError> {
        self.ask(move |store, _| query::list(store.connection()?, store.path(), &filter)).await
    }

    /// What happened to a workflow so far; `None` if there is none with this id.
    ///
    /// # Errors
    /// The rows cannot be read.
    pub async fn journal(&self, id: impl Into<String>) -> Result<Option<Vec<JournalEntry>>, EngineError> {
        let id = id.into();
        self.ask(move |store, _| query::journal(store.connection()?, store.path(), &id)).await
    }

    /// Forgets every tree of workflows whose root ended before `before` and in which nothing is open. Returns how many
    /// workflows were forgotten; their ids become free.
    ///
    /// # Errors
    /// The engine is not running.
    pub async fn forget_ended_before(&self, before: Timestamp) -> Result<usize, EngineError> {
        self.command(|reply| Event::Forget { before, reply }).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Store, &dyn Fn(Key) -> Option<Value>) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, EngineError> {
        self.command(|reply: Reply<T>| {
            // A caller that went away needs no answer.
            Event::Ask(Box::new(move |store, progress| drop(reply.send(question(store, progress)))))
        })
        .await
    }

    async fn command<T>(&self, event: impl FnOnce(Reply<T>) -> Event) -> Result<T, EngineError> {
        let (reply, answer) = oneshot::channel();
        self.events.send(event(reply)).map_err(|_| EngineError::Stopped)?;
        answer.await.map_err(|_| EngineError::Stopped)?
    }
}

fn encode<T: Serialize + ?Sized>(value: &T, what: impl FnOnce() -> String) -> Result<String, EngineError> {
    serde_json::to_string(value).map_err(|source| EngineError::Encode { what: what(), source })
}
