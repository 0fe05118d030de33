//! Edits that wait: of one comment only the newest is ever sent, and all who asked for one learn what became of it.

use super::{error::GithubError, model::Edited};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// What becomes of an edit.
pub(super) type Outcome = Result<Edited, GithubError>;

/// A comment: of which repository, and its id.
pub(super) type CommentKey = (String, u64);

/// The edits that wait for their turn.
#[derive(Debug, Default)]
pub(super) struct Edits(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    number: u64,
    waiting: BTreeMap<CommentKey, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    /// The number of the newest edit.
    number: u64,
    body: String,
    joined: Vec<(u64, oneshot::Sender<Outcome>)>,
}

/// What an edit is to do.
pub(super) enum Entered<'a> {
    /// It sends the newest text when its turn comes.
    Carries(Carrier<'a>),
    /// Another does; this is where it says what became of it. If that one is given up, it says nothing.
    Joined(oneshot::Receiver<Outcome>),
}

impl Edits {
    /// The number of an edit that is asked for now: which of two is newer.
    pub(super) fn number(&self) -> u64 {
        let mut state = self.state();
        state.number += 1;
        state.number
    }

    pub(super) fn enter(&self, key: &CommentKey, number: u64, body: &str) -> Entered<'_> {
        let mut state = self.state();
        if let Some(waiting) = state.waiting.get_mut(key) {
            if number > waiting.number {
                (waiting.number, waiting.body) = (number, body.to_owned());
            }
            let (sender, receiver) = oneshot::channel();
            waiting.joined.push((number, sender));
            return Entered::Joined(receiver);
        }
        let waiting = Waiting { number, body: body.to_owned(), joined: Vec::new() };
        state.waiting.insert(key.clone(), waiting);
        Entered::Carries(Carrier { edits: self, key: key.clone(), is_taken: false })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one that sends the newest text of a comment.
pub(super) struct Carrier<'a> {
    edits: &'a Edits,
    key: CommentKey,
    is_taken: bool,
}

impl Carrier<'_> {
    /// The text to send, and those who want to know what became of it. Edits from now on wait for another turn.
    pub(super) fn take(mut self) -> (String, Vec<oneshot::Sender<Outcome>>) {
        self.is_taken = true;
        let waiting = self.edits.state().waiting.remove(&self.key);
        waiting.map_or_else(Default::default, |waiting| {
            (waiting.body, waiting.joined.into_iter().map(|(_, sender)| sender).collect())
        })
    }
}

impl Drop for Carrier<'_> {
    fn drop(&mut self) {
        if self.is_taken {
            return;
        }
        let Some(waiting) = self.edits.state().waiting.remove(&self.key) else { return };
        // The newest begins again; the others must not come after it.
        for (number, sender) in waiting.joined {
            if number < waiting.number {
                let replaced = format!("editing comment {} of {}", self.key.1, self.key.0);
                let error =
                    GithubError::unavailable(&replaced, "it was replaced by a newer edit that was given up");
                // Whoever asked may have gone.
                drop(sender.send(Err(error)));
            }
        }
    }
}
