//! Putting deliveries into the ledger. Those that come while the disk is busy are written together: what it costs to be
//! certain is paid once for all of them.

use super::Refusal;
use crate::ledger::{Delivery, Ledger, LedgerError, Received};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::{Notify, oneshot},
};

/// The inbox of the ledger, as those who deliver see it.
pub(super) struct Store {
    ledger: Ledger,
    /// Told whenever something is in the inbox that is not processed.
    wake: Arc<Notify>,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<(Delivery, oneshot::Sender<Received>)>,
    /// Whether somebody writes, and will look whether more are waiting.
    is_written: bool,
}

impl Store {
    pub(super) fn new(ledger: Ledger, wake: Arc<Notify>) -> Self {
        Self { ledger, wake, queue: Mutex::default() }
    }

    /// Stores a delivery. Whoever waits may go away: it is stored all the same.
    ///
    /// # Errors
    /// [`Refusal::NotStored`] if the ledger cannot be written.
    pub(super) async fn receive(self: &Arc<Self>, delivery: Delivery) -> Result<Received, Refusal> {
        let (answer, answered) = oneshot::channel();
        let is_first = {
            let mut queue = self.queue();
            queue.waiting.push((delivery, answer));
            !std::mem::replace(&mut queue.is_written, true)
        };
        if is_first {
            tokio::spawn(Arc::clone(self).write());
        }
        // Dropped without an answer when it could not be written.
        answered.await.map_err(|_| Refusal::NotStored)
    }

    /// Writes until nothing is waiting.
    async fn write(self: Arc<Self>) {
        loop {
            let waiting = {
                let mut queue = self.queue();
                if queue.waiting.is_empty() {
                    queue.is_written = false;
                    return;
                }
                std::mem::take(&mut queue.waiting)
            };
            let (deliveries, answers): (Vec<_>, Vec<_>) = waiting.into_iter().unzip();
            match commit(self.ledger.clone(), deliveries).await {
                Ok(received) => {
                    self.wake.notify_one();
                    for (answer, received) in answers.into_iter().zip(received) {
                        // Whoever does not wait any more need not know.
                        let _ = answer.send(received);
                    }
                }
                Err(error) => {
                    tracing::error!(
                        deliveries = answers.len(),
                        "deliveries are lost until the next sweep: {error:#}"
                    );
                }
            }
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for the disk beside the threads that answer; in a runtime of one thread, such as a simulation's, in its place.
async fn commit(ledger: Ledger, deliveries: Vec<Delivery>) -> anyhow::Result<Vec<Received>> {
    let receive = move || -> Result<Vec<Received>, LedgerError> { ledger.receive_all(&deliveries) };
    Ok(match Handle::current().runtime_flavor() {
        RuntimeFlavor::CurrentThread => receive()?,
        _ => tokio::task::spawn_blocking(receive).await??,
    })
}
