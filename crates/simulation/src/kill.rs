//! When Ringway is killed: at a request, at a commit of the journal, between two polls of the engine, or at some time.

use durable_sqlite::{Fault, Faults};
use std::{
    future::Future,
    pin::Pin,
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

    /// Whether it is the moment.
    pub(crate) fn strikes(&mut self, event: Kill) -> bool {
        let Some((kill, left)) = &mut self.waiting else { return false };
        if *kill != event {
            return false;
        }
        *left = left.saturating_sub(1);
        let struck = *left == 0;
        if struck {
            self.waiting = None;
            self.struck = true;
        }
        struck
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
