//! Attempts of activities: tasks on the caller's runtime, with their timeouts and heartbeats.
//!
//! What follows from the end of an attempt, an answer or a retry, is decided and recorded by the driver.

use crate::{
    events::Event,
    flow::Answer,
    registry::{AttemptFuture, panic_message},
    store::Key,
};
use durable::{ActivityHost, Failure, FailureKind};
use serde_json::Value;
use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::Poll,
    time::Duration,
};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep, sleep_until},
};

/// Which attempt this is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AttemptId {
    pub(crate) key: Key,
    pub(crate) sequence: i64,
    pub(crate) attempt: u32,
}

/// How long an attempt may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) start_to_close: Duration,
    /// What is left for all attempts.
    pub(crate) remaining: Option<Duration>,
    pub(crate) heartbeat: Option<Duration>,
}

/// The running attempt's side of [`durable::ActivityContext`].
pub(crate) struct Host {
    attempt: AttemptId,
    events: mpsc::UnboundedSender<Event>,
    last_beat: watch::Sender<Instant>,
    cancelled: watch::Receiver<bool>,
}

impl Host {
    pub(crate) fn new(
        attempt: AttemptId,
        events: mpsc::UnboundedSender<Event>,
        cancelled: watch::Receiver<bool>,
    ) -> Self {
        Self { attempt, events, last_beat: watch::Sender::new(Instant::now()), cancelled }
    }

    pub(crate) fn beats(&self) -> watch::Receiver<Instant> {
        self.last_beat.subscribe()
    }
}

impl ActivityHost for Host {
    fn heartbeat(&self, details: Option<Value>) {
        self.last_beat.send_replace(Instant::now());
        if let Some(details) = details {
            // Without a driver nobody needs the details any more.
            drop(self.events.send(Event::Heartbeat { attempt: self.attempt, details }));
        }
    }

    fn is_cancelled(&self) -> bool {
        *self.cancelled.borrow()
    }

    fn cancelled(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            let mut cancelled = self.cancelled.clone();
            if cancelled.wait_for(|cancelled| *cancelled).await.is_err() {
                // The driver is gone without a cancel: the attempt is about to be aborted.
                std::future::pending::<()>().await;
            }
        })
    }
}

/// Runs one attempt to its end, at most as long as the limits allow.
pub(crate) async fn run_attempt(
    name: &'static str,
    body: AttemptFuture,
    limits: Limits,
    beats: watch::Receiver<Instant>,
) -> Answer {
    let overall = limits.remaining.filter(|remaining| *remaining < limits.start_to_close);
    let (longest, code) = match overall {
        Some(remaining) => (remaining, SCHEDULE_TO_CLOSE),
        None => (limits.start_to_close, "start_to_close"),
    };
    tokio::select! {
        biased;
        answer = caught(name, body) => answer,
        () = silence(beats, limits.heartbeat) => {
            let limit = limits.heartbeat.unwrap_or_default();
            let text = format!("activity {name} gave no sign of life for {limit:?}");
            Err(Failure::new(FailureKind::Timeout, "heartbeat", text))
        }
        () = sleep(longest) => {
            let text = format!("activity {name} took longer than {longest:?}");
            Err(Failure::new(FailureKind::Timeout, code, text))
        }
    }
}

/// The code of the failure when the limit over all attempts has run out.
pub(crate) const SCHEDULE_TO_CLOSE: &str = "schedule_to_close";

/// A panic is a failure for good: code that panicked once is not trusted to do better.
async fn caught(name: &str, mut body: AttemptFuture) -> Answer {
    std::future::poll_fn(move |context| {
        match catch_unwind(AssertUnwindSafe(|| body.as_mut().poll(context))) {
            Ok(poll) => poll,
            Err(panic) => {
                let text = format!("activity {name} panicked: {}", panic_message(panic.as_ref()));
                Poll::Ready(Err(Failure::permanent("panicked", text)))
            }
        }
    })
    .await
}

/// Comes to an end when `limit` has passed since the last beat.
async fn silence(beats: watch::Receiver<Instant>, limit: Option<Duration>) {
    let Some(limit) = limit else { return std::future::pending().await };
    loop {
        let Some(until) = beats.borrow().checked_add(limit) else { return std::future::pending().await };
        if until <= Instant::now() {
            return;
        }
        sleep_until(until).await;
    }
}
