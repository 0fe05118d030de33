//! Which workflows and activities this program has.

use crate::{
    error::ParkReason,
    flow::{Answer, SqliteFlow},
};
use durable::{Activity, ActivityBody, ActivityContext, Failure, FailureKind, Workflow};
use std::{any::Any, collections::BTreeMap, future::Future, pin::Pin, sync::Arc};

/// A workflow that runs. Not `Send`: all of them are polled by the one driver.
pub(crate) type WorkflowFuture = Pin<Box<dyn Future<Output = Answer>>>;
/// An attempt that runs.
pub(crate) type AttemptFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;
/// Runs one attempt with its input as JSON.
pub(crate) type Body = Arc<dyn Fn(ActivityContext, String) -> AttemptFuture + Send + Sync>;

type Begin = Box<dyn Fn(SqliteFlow, &str) -> Result<WorkflowFuture, ParkReason> + Send>;

/// The workflows and the bodies of activities that this program has. What is missing here is parked, not lost.
#[derive(Default)]
pub struct Registry {
    workflows: BTreeMap<&'static str, Begin>,
    activities: BTreeMap<&'static str, Body>,
}

impl Registry {
    /// Nothing registered.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a workflow. A second one of the same name replaces the first.
    pub fn workflow<W: Workflow>(&mut self) {
        let begin = |flow: SqliteFlow, input: &str| -> Result<WorkflowFuture, ParkReason> {
            let input: W::Input = serde_json::from_str(input)
                .map_err(|error| ParkReason::UndecodableInput { message: error.to_string() })?;
            // `run` is called by the first poll, so that a panic in it is caught like any other.
            Ok(Box::pin(async move { encode_answer(&W::run(flow, input).await?, W::NAME) }))
        };
        self.workflows.insert(W::NAME, Box::new(begin));
    }

    /// Adds the body of an activity. A second one for the same name replaces the first.
    pub fn activity<A: Activity, B: ActivityBody<A>>(&mut self, body: B) {
        let body = Arc::new(body);
        let run = move |context: ActivityContext, input: String| -> AttemptFuture {
            let body = Arc::clone(&body);
            Box::pin(async move {
                let input: A::Input = serde_json::from_str(&input).map_err(|error| {
                    let text = format!("the input of {} cannot be read: {error}", A::NAME);
                    Failure::new(FailureKind::Engine, "undecodable_input", text)
                })?;
                encode_answer(&body.run(context, input).await?, A::NAME)
            })
        };
        self.activities.insert(A::NAME, Arc::new(run));
    }

    pub(crate) fn has_workflow(&self, name: &str) -> bool {
        self.workflows.contains_key(name)
    }

    pub(crate) fn begin(
        &self,
        name: &str,
        flow: SqliteFlow,
        input: &str,
    ) -> Result<WorkflowFuture, ParkReason> {
        match self.workflows.get(name) {
            Some(begin) => begin(flow, input),
            None => Err(ParkReason::UnregisteredWorkflow { name: name.to_owned() }),
        }
    }

    pub(crate) fn body(&self, name: &str) -> Option<Body> {
        self.activities.get(name).cloned()
    }
}

fn encode_answer<T: serde::Serialize>(output: &T, name: &str) -> Answer {
    serde_json::to_string(output).map_err(|error| {
        let text = format!("the result of {name} cannot be encoded: {error}");
        Failure::new(FailureKind::Engine, "unencodable_result", text)
    })
}

/// What a panic said.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
