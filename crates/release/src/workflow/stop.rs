//! Being told to stop: a message, so that every engine delivers it alike and clean-up can still run.

use crate::verdict::Stop;
use durable::{Flow, join};
use std::{cell::RefCell, collections::BTreeSet, future::Future, rc::Rc};

/// The mailbox in which a release, a cleanup and their tenants find a [`Stop`].
pub const STOP_MAILBOX: &str = "stop";

/// Waits for the next readable [`Stop`].
pub(super) async fn stopped<F: Flow>(flow: &F) -> Stop {
    loop {
        // What cannot be read is no reason to stop; the engine has taken it out of the mailbox.
        if let Ok(stop) = flow.receive::<Stop>(STOP_MAILBOX).await {
            return stop;
        }
    }
}

/// Waits for `wait`, or for a stop, which wins a tie. Only for waits: whoever writes is awaited.
pub(super) async fn unless_stopped<F: Flow, T>(flow: &F, wait: impl Future<Output = T>) -> Result<T, Stop> {
    match join::select(stopped(flow), wait).await {
        join::Either::First(stop) => Err(stop),
        join::Either::Second(value) => Ok(value),
    }
}

/// What a parent knows about being stopped, and whom it has to tell.
#[derive(Clone, Default)]
pub(super) struct Stopping {
    state: Rc<RefCell<State>>,
}

#[derive(Default)]
struct State {
    stop: Option<Stop>,
    running: BTreeSet<String>,
}

impl Stopping {
    /// The stop, if one came: nothing new may be started then.
    pub(super) fn stop(&self) -> Option<Stop> {
        self.state.borrow().stop.clone()
    }

    /// Waits for `wait` within [`Stopping::listen`], or for a stop, which wins a tie. Only for waits and reads.
    pub(super) async fn unless_stopped<T>(&self, wait: impl Future<Output = T>) -> Result<T, Stop> {
        let stopped = std::future::poll_fn(|_| match self.stop() {
            Some(stop) => std::task::Poll::Ready(stop),
            None => std::task::Poll::Pending,
        });
        match join::select(stopped, wait).await {
            join::Either::First(stop) => Err(stop),
            join::Either::Second(value) => Ok(value),
        }
    }

    /// A child workflow that has to be told runs from now on.
    pub(super) fn begin(&self, child: &str) {
        self.state.borrow_mut().running.insert(child.to_owned());
    }

    /// It has ended.
    pub(super) fn end(&self, child: &str) {
        self.state.borrow_mut().running.remove(child);
    }

    /// Does `work`; meanwhile a stop is noted and passed on to the running children. The work itself goes on until
    /// they have ended.
    pub(super) async fn listen<F: Flow, T>(&self, flow: &F, work: impl Future<Output = T>) -> T {
        let listen = async {
            loop {
                let stop = stopped(flow).await;
                let running: Vec<String> = {
                    let mut state = self.state.borrow_mut();
                    state.stop.get_or_insert_with(|| stop.clone());
                    state.running.iter().cloned().collect()
                };
                for child in running {
                    flow.send(child, STOP_MAILBOX, stop.clone()).await;
                }
            }
        };
        // The mailbox first: the work then sees a stop in the same pass.
        match join::select::<_, _>(listen, work).await {
            join::Either::First(never) => never,
            join::Either::Second(result) => result,
        }
    }
}
