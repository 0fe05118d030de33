//! The gate before everything that is written outside: closed when the process is about to end, so that no patch is cut
//! off in the middle.
//!
//! A crash there is harmless, because every step recognises its own work; an end on purpose need not look like one.

use std::sync::Arc;
use tokio::sync::watch;

#[derive(Default)]
struct State {
    inside: usize,
    closed: bool,
}

/// Clones are the same gate.
#[derive(Clone)]
pub struct Gate(Arc<watch::Sender<State>>);

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(State::default())))
    }
}

/// That somebody is inside; until it is dropped.
pub struct Inside(Gate);

impl Gate {
    /// Goes in. Never comes back once the gate is closed: the process ends.
    pub async fn enter(&self) -> Inside {
        let mut entered = false;
        self.0.send_if_modified(|state| {
            entered = !state.closed;
            state.inside += usize::from(entered);
            entered
        });
        if !entered {
            std::future::pending::<()>().await;
        }
        Inside(self.clone())
    }

    /// Lets nobody in any more.
    pub fn close(&self) {
        self.0.send_modify(|state| state.closed = true);
    }

    /// How many are inside.
    pub fn inside(&self) -> usize {
        self.0.borrow().inside
    }

    /// Waits until nobody is inside.
    pub async fn empty(&self) {
        // The sender lives in `self`, so it cannot go away.
        let _ = self.0.subscribe().wait_for(|state| state.inside == 0).await;
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.0.send_modify(|state| state.inside = state.inside.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::Gate;
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(3600);

    #[tokio::test(start_paused = true)]
    async fn whoever_is_inside_is_waited_for() {
        let gate = Gate::default();
        let inside = gate.enter().await;
        gate.close();
        assert!(tokio::time::timeout(LONG, gate.empty()).await.is_err());
        assert_eq!(gate.inside(), 1);
        drop(inside);
        gate.empty().await;
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_gets_in_once_it_is_closed() {
        let gate = Gate::default();
        drop(gate.enter().await);
        gate.close();
        assert!(tokio::time::timeout(LONG, gate.enter()).await.is_err());
        gate.empty().await;
    }
}
