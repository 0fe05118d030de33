//! When Ringway is killed: at a request, at a commit of the journal, between two polls of the engine, of the server or of what
//! somebody asked for, or at some time.

use crate::stage::Stage;
use durable_sqlite::{Fault, Faults};
use std::{
    cell::Cell,
    future::Future,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

/// What a process can be killed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kill {
    /// A request was about to be sent.
    BeforeRequest,
    /// A request was done, and nobody heard of it.
    AfterRequest,
}

/// Who waits for the moment.
#[derive(Debug, Default)]
pub(crate) struct Killer {
    waiting: Option<(Kill, u64)>,
    struck: bool,
}

impl Killer {
    /// The `count`th event of this kind from now on is the last thing that the process does.
    pub(crate) fn wait_for(&mut self, kill: Kill, count: u64) {
        self.waiting = Some((kill, count));
    }

    /// Lets it live.
    pub(crate) fn spare(&mut self) {
        *self = Self::default();
    }

    /// Whether the process is to be dead by now.
    pub(crate) fn has_struck(&self) -> bool {
        self.struck
    }

    /// It is to be dead now.
    pub(crate) fn strike(&mut self) {
        self.waiting = None;
        self.struck = true;
    }

    /// Whether it is the moment.
    pub(crate) fn strikes(&mut self, event: Kill) -> bool {
        let Some((kill, left)) = &mut self.waiting else { return false };
        if *kill != event {
            return false;
        }
        *left = left.saturating_sub(1);
        let struck = *left == 0;
        if struck {
            self.strike();
        }
        struck
    }
}

/// What of a process is counted, see [`crate::machine::Fatal::Poll`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    /// The engine, with the workflows and steps in it.
    Engine,
    /// What looks after pull requests.
    Server,
    /// What people ask for, all of it together.
    Errand,
}

/// Polls that several futures may take together. With the last of them their process is dead.
pub(crate) struct Polls {
    stage: Arc<Stage>,
    left: Cell<u64>,
}

impl Polls {
    /// So many polls.
    pub(crate) fn new(stage: &Arc<Stage>, left: u64) -> Rc<Self> {
        Rc::new(Self { stage: Arc::clone(stage), left: Cell::new(left) })
    }

    /// Whether there was one more.
    fn take(&self) -> bool {
        match self.left.get() {
            0 => return false,
            1 => self.stage.kill_now("a poll"),
            _ => {}
        }
        self.left.set(self.left.get() - 1);
        self.left.get() > 0
    }
}

/// A future that takes polls from a stock. Without any it stays as it is, with all that it holds, until its process is
/// buried: nothing that it would do when it is dropped may show to what else is in the process.
pub(crate) struct Counted<F> {
    future: Pin<Box<F>>,
    polls: Rc<Polls>,
}

impl<F> Counted<F> {
    /// Counts the polls of `future`.
    pub(crate) fn new(future: F, polls: &Rc<Polls>) -> Self {
        Self { future: Box::pin(future), polls: Rc::clone(polls) }
    }
}

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls.take() { self.future.as_mut().poll(context) } else { Poll::Pending }
    }
}

/// Makes the `count`th commit the last one, with or without what it was about to record.
pub(crate) fn at_commit(count: u64, durable: bool) -> Faults {
    let fault = if durable { Fault::AfterCommit } else { Fault::BeforeCommit };
    let struck = AtomicBool::new(false);
    Arc::new(
        move |commit| {
            if commit == count && !struck.swap(true, Ordering::Relaxed) { fault } else { Fault::None }
        },
    )
}

/// A future that is dropped by its `polls`th poll, and is pending then for ever.
pub(crate) struct AfterPolls<F> {
    future: Option<Pin<Box<F>>>,
    left: u64,
}

impl<F> AfterPolls<F> {
    /// Counts the polls of `future`.
    pub(crate) fn new(future: F, polls: u64) -> Self {
        Self { future: Some(Box::pin(future)), left: polls }
    }
}

/// The future was dropped.
#[derive(Debug)]
pub(crate) struct Dropped;

impl<F: Future> Future for AfterPolls<F> {
    type Output = Result<F::Output, Dropped>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            self.future = None;
        }
        match &mut self.future {
            Some(future) => future.as_mut().poll(context).map(Ok),
            None => Poll::Ready(Err(Dropped)),
        }
    }
}
