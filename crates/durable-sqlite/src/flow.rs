//! The engine as workflow code sees it: operations with numbers, answers that were delivered, mailboxes.
//!
//! Everything here is a function of what the driver delivered, so a replay of the same records leads to the same state.

use crate::error::ParkReason;
use durable::{Activity, ActivityOptions, Failure, FailureKind, Flow, Wire, Workflow};
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

/// The answer to an operation: JSON, or why there is none.
pub(crate) type Answer = Result<String, Failure>;

/// What a workflow asks of the engine.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    Activity { name: &'static str, input: String, options: ActivityOptions },
    Child { id: String, name: &'static str, input: String },
    Timer { duration: Duration },
    Send { target: String, mailbox: &'static str, message: String },
}

/// The shared state of a workflow and its driver.
pub(crate) struct Core {
    pub(crate) id: String,
    /// The time of the last delivered record.
    pub(crate) now: Timestamp,
    /// The number that the next operation gets.
    pub(crate) next_sequence: i64,
    /// Operations that were asked for since the driver last looked.
    pub(crate) fresh: Vec<(i64, Operation)>,
    /// Operations that were dropped since the driver last looked.
    pub(crate) given_up: Vec<i64>,
    /// Answers that were delivered and not yet picked up.
    pub(crate) answers: BTreeMap<i64, Answer>,
    /// Messages that were delivered and not yet read.
    pub(crate) mailboxes: BTreeMap<String, VecDeque<String>>,
    /// How many reads of a mailbox wait.
    pub(crate) receiving: usize,
    /// What the workflow last said about where it stands.
    pub(crate) progress: Option<Value>,
    /// A mistake of the workflow's code that nothing can be answered to.
    pub(crate) defect: Option<ParkReason>,
}

/// The flow of a workflow on this engine.
#[derive(Clone)]
pub struct SqliteFlow {
    core: Rc<RefCell<Core>>,
}

impl SqliteFlow {
    pub(crate) fn new(id: String, started_at: Timestamp) -> (Self, Rc<RefCell<Core>>) {
        let core = Rc::new(RefCell::new(Core {
            id,
            now: started_at,
            next_sequence: 1,
            fresh: Vec::new(),
            given_up: Vec::new(),
            answers: BTreeMap::new(),
            mailboxes: BTreeMap::new(),
            receiving: 0,
            progress: None,
            defect: None,
        }));
        (Self { core: Rc::clone(&core) }, core)
    }

    fn operate(&self, operation: Operation) -> OperationFuture {
        OperationFuture { core: Rc::clone(&self.core), stage: Stage::Unstarted(operation) }
    }
}

impl Flow for SqliteFlow {
    fn workflow_id(&self) -> String {
        self.core.borrow().id.clone()
    }

    fn now(&self) -> Timestamp {
        self.core.borrow().now
    }

    fn activity<A: Activity>(
        &self,
        input: A::Input,
        options: ActivityOptions,
    ) -> impl Future<Output = Result<A::Output, Failure>> + use<A> {
        let flow = self.clone();
        async move {
            let input = encode(&input, A::NAME)?;
            let operation = Operation::Activity { name: A::NAME, input, options };
            flow.operate(operation).await.and_then(|answer| decode(&answer, A::NAME))
        }
    }

    fn child<W: Workflow>(
        &self,
        id: String,
        input: W::Input,
    ) -> impl Future<Output = Result<W::Output, Failure>> + use<W> {
        let flow = self.clone();
        async move {
            let input = encode(&input, W::NAME)?;
            let operation = Operation::Child { id, name: W::NAME, input };
            flow.operate(operation).await.and_then(|answer| decode(&answer, W::NAME))
        }
    }

    fn receive<M: Wire>(&self, mailbox: &'static str) -> impl Future<Output = Result<M, Failure>> + use<M> {
        let receive = Receive { core: Rc::clone(&self.core), mailbox, waiting: false };
        async move {
            let message = receive.await;
            serde_json::from_str(&message).map_err(|error| {
                let text = format!("a message in mailbox {mailbox:?} cannot be read: {error}");
                Failure::new(FailureKind::Engine, "undecodable_message", text)
            })
        }
    }

    fn send<M: Wire>(
        &self,
        workflow_id: String,
        mailbox: &'static str,
        message: M,
    ) -> impl Future<Output = ()> + use<M> {
        let flow = self.clone();
        async move {
            match serde_json::to_string(&message) {
                // The answer says only that it was recorded.
                Ok(message) => {
                    drop(flow.operate(Operation::Send { target: workflow_id, mailbox, message }).await)
                }
                Err(error) => {
                    let (mailbox, message) = (mailbox.to_owned(), error.to_string());
                    flow.core.borrow_mut().defect = Some(ParkReason::UnencodableMessage { mailbox, message });
                    std::future::pending::<()>().await;
                }
            }
        }
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + use<> {
        let timer = self.operate(Operation::Timer { duration });
        async move { drop(timer.await) }
    }

    fn progress<P: Serialize>(&self, progress: &P) {
        match serde_json::to_value(progress) {
            Ok(value) => self.core.borrow_mut().progress = Some(value),
            Err(error) => {
                let id = self.workflow_id();
                tracing::warn!(workflow = id, %error, "cannot encode the progress of a workflow as JSON");
            }
        }
    }
}

fn encode<T: Serialize>(value: &T, name: &str) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| {
        let text = format!("the input of {name} cannot be encoded: {error}");
        Failure::new(FailureKind::Engine, "unencodable_input", text)
    })
}

fn decode<T: DeserializeOwned>(answer: &str, name: &str) -> Result<T, Failure> {
    serde_json::from_str(answer).map_err(|error| {
        let text = format!("the answer of {name} cannot be read: {error}");
        Failure::new(FailureKind::Engine, "undecodable_answer", text)
    })
}

/// An operation that starts when it is first polled and is given up when it is dropped unanswered.
struct OperationFuture {
    core: Rc<RefCell<Core>>,
    stage: Stage,
}

enum Stage {
    Unstarted(Operation),
    Started(i64),
    Answered,
}

impl Future for OperationFuture {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Answer> {
        let core = Rc::clone(&self.core);
        let mut core = core.borrow_mut();
        match std::mem::replace(&mut self.stage, Stage::Answered) {
            Stage::Unstarted(operation) => {
                let sequence = core.next_sequence;
                core.next_sequence += 1;
                core.fresh.push((sequence, operation));
                self.stage = Stage::Started(sequence);
                Poll::Pending
            }
            Stage::Started(sequence) => match core.answers.remove(&sequence) {
                Some(answer) => Poll::Ready(answer),
                None => {
                    self.stage = Stage::Started(sequence);
                    Poll::Pending
                }
            },
            Stage::Answered => Poll::Pending,
        }
    }
}

impl Drop for OperationFuture {
    fn drop(&mut self) {
        if let Stage::Started(sequence) = self.stage {
            self.core.borrow_mut().given_up.push(sequence);
        }
    }
}

/// A read of a mailbox. It takes no number: what it finds follows from the messages delivered so far.
struct Receive {
    core: Rc<RefCell<Core>>,
    mailbox: &'static str,
    waiting: bool,
}

impl Future for Receive {
    type Output = String;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<String> {
        let core = Rc::clone(&self.core);
        let mut core = core.borrow_mut();
        if let Some(message) = core.mailboxes.get_mut(self.mailbox).and_then(VecDeque::pop_front) {
            return Poll::Ready(message);
        }
        if !std::mem::replace(&mut self.waiting, true) {
            core.receiving += 1;
        }
        Poll::Pending
    }
}

impl Drop for Receive {
    fn drop(&mut self) {
        if self.waiting {
            self.core.borrow_mut().receiving -= 1;
        }
    }
}
