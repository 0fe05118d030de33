//! What other commands ask the owner for: it does not go away while it answers one, or while a run that it has promised
//! to drive is under way.

use std::collections::BTreeSet;
use tokio::sync::watch;

#[derive(Default)]
struct State {
    /// How many requests are being answered.
    answering: usize,
    /// Runs that were asked for and may be waited for.
    runs: BTreeSet<String>,
    /// Whether the owner goes away and takes no more requests.
    closed: bool,
}

/// The requests of other commands.
pub(super) struct Asked(watch::Sender<State>);

impl Default for Asked {
    fn default() -> Self {
        Self(watch::Sender::new(State::default()))
    }
}

/// A request that is being answered.
pub(super) struct Answering<'a>(&'a Asked);

impl Asked {
    /// Takes a request; `None` once the owner goes away.
    pub(super) fn begin(&self) -> Option<Answering<'_>> {
        let mut taken = false;
        self.0.send_if_modified(|state| {
            taken = !state.closed;
            state.answering += usize::from(taken);
            taken
        });
        taken.then(|| Answering(self))
    }

    /// The next run that was asked for. When there is none and no request is being answered, it takes no more of them
    /// and gives back `None`.
    pub(super) async fn next(&self) -> Option<String> {
        let mut changes = self.0.subscribe();
        loop {
            let (mut run, mut closed) = (None, false);
            self.0.send_if_modified(|state| {
                run = state.runs.pop_first();
                state.closed |= run.is_none() && state.answering == 0;
                closed = state.closed;
                false
            });
            if run.is_some() || closed {
                return run;
            }
            // The sender lives in `self`, so it cannot go away.
            let _ = changes.changed().await;
        }
    }
}

impl Asked {
    /// The next run that was asked for, whenever it comes. Others go on asking.
    pub(super) async fn taken(&self) -> String {
        let mut changes = self.0.subscribe();
        loop {
            let mut run = None;
            self.0.send_if_modified(|state| {
                run = state.runs.pop_first();
                false
            });
            if let Some(run) = run {
                return run;
            }
            // The sender lives in `self`, so it cannot go away.
            let _ = changes.changed().await;
        }
    }

    /// Takes no more requests.
    pub(super) fn close(&self) {
        self.0.send_modify(|state| state.closed = true);
    }

    /// Waits until no request is being answered.
    pub(super) async fn answered(&self) {
        let _ = self.0.subscribe().wait_for(|state| state.answering == 0).await;
    }
}

impl Answering<'_> {
    /// Promises that the run is driven to its end.
    pub(super) fn promise(&self, run: &str) {
        self.0.0.send_modify(|state| {
            state.runs.insert(run.to_owned());
        });
    }
}

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|state| state.answering = state.answering.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::Asked;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn nobody_leaves_while_a_request_is_being_answered() {
        let asked = Asked::default();
        let request = asked.begin().unwrap();
        let waiting = tokio::time::timeout(Duration::from_secs(60), asked.next()).await;
        assert!(waiting.is_err(), "the run of this request may yet come: {waiting:?}");
        request.promise("r-1");
        assert_eq!(asked.next().await.as_deref(), Some("r-1"));
        let leaving = asked.next();
        tokio::pin!(leaving);
        assert!(tokio::time::timeout(Duration::from_secs(60), &mut leaving).await.is_err());
        drop(request);
        assert_eq!(leaving.await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_stays_takes_what_comes_until_it_closes() {
        let asked = Asked::default();
        let patience = Duration::from_secs(60);
        assert!(tokio::time::timeout(patience, asked.taken()).await.is_err(), "nobody has asked yet");
        let request = asked.begin().unwrap();
        request.promise("r-1");
        assert_eq!(asked.taken().await, "r-1");
        asked.close();
        assert!(asked.begin().is_none());
        assert!(tokio::time::timeout(patience, asked.answered()).await.is_err());
        drop(request);
        asked.answered().await;
    }

    #[tokio::test]
    async fn whoever_comes_too_late_is_not_answered() {
        let asked = Asked::default();
        drop(asked.begin());
        assert_eq!(asked.next().await, None);
        assert!(asked.begin().is_none());
    }
}
