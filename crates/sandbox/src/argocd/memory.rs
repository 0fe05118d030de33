//! What Argo CD's application controller keeps in memory: what it works on, and who waits for a processor.
//!
//! All of it is lost when the controller restarts; what matters then is what stands in the Applications.
//!
//! Shown by `alone_a_release_goes_on_when_argo_cd_is_back_before_the_deadline`.

use super::{compare::Comparison, source::Sources};
use crate::{Key, agenda::Controller};
use jiff::Timestamp;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

/// The controller's memory.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(super) applications: BTreeMap<Key, Known>,
    pub(super) comparisons: Processors,
    pub(super) operations: Processors,
    /// What came due while the controllers stood still.
    pub(super) held: BTreeSet<(Controller, Key)>,
}

/// What it knows of one Application.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Why it is to be compared although its spec is the same.
    pub(super) requested: Option<Level>,
    /// Whether a comparison is under way.
    pub(super) is_comparing: bool,
    /// Whether a step of an operation is under way.
    pub(super) is_operating: bool,
    /// The comparison under way, while nobody works on it.
    pub(super) comparing: Option<Comparing>,
    /// Something changed during the comparison.
    pub(super) compare_again: bool,
    /// Something changed during the step of an operation.
    pub(super) operate_again: bool,
    /// When self-heal may put the same things back once more.
    pub(super) heal_at: Option<Timestamp>,
    /// When it is compared although nothing changed.
    pub(super) resync_at: Option<Timestamp>,
    /// The sources whose manifests are in the cache of the repository server.
    pub(super) rendered: Option<Sources>,
    /// The step of an operation under way, while nobody works on it.
    pub(super) operating: Option<Operating>,
    /// The watches of its cluster are late: they showed the state of the first time until the second.
    pub(super) late: Option<(Timestamp, Timestamp)>,
    /// The older Application that is in the cache instead of the present one.
    pub(super) stale: Option<Arc<Value>>,
}

/// How thorough a comparison is (`controller/appcontroller.go`: `CompareWith`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// A deployed object changed: with the manifests that are there.
    Recent,
    /// An operation ended, or it is time.
    Latest,
}

/// A comparison under way.
#[derive(Debug)]
pub(super) struct Comparing {
    pub(super) level: Level,
    /// The Application as it was when the comparison began.
    pub(super) seen: Arc<Value>,
    pub(super) began_at: Timestamp,
    /// What is still to be stored.
    pub(super) found: Option<Found>,
}

/// What a comparison found out and what became of it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) comparison: Comparison,
    pub(super) sources: Sources,
    pub(super) revisions: Vec<String>,
    /// Why no operation was asked for: the condition `SyncError`. The outer `None` leaves the condition alone.
    pub(super) sync_error: Option<Option<String>>,
}

/// The step of an operation under way.
#[derive(Debug)]
pub(super) struct Operating {
    /// Which Application it is about.
    pub(super) uid: Value,
    /// `status.operationState` as the controller works on it.
    pub(super) state: Value,
    /// Whether the step is done and only its result is still to be stored.
    pub(super) is_done: bool,
    /// Whether the operation ended because somebody asked for that.
    pub(super) is_terminated: bool,
}

/// Those who work on Applications, so many at a time; first come, first served.
#[derive(Debug, Default)]
pub(super) struct Processors {
    busy: usize,
    waiting: VecDeque<Key>,
    queued: BTreeSet<Key>,
}

impl Processors {
    /// Takes a processor for an Application, or lets it wait for one.
    pub(super) fn take(&mut self, key: &Key, limit: usize) -> bool {
        if self.busy < limit.max(1) {
            self.busy += 1;
            return true;
        }
        if self.queued.insert(key.clone()) {
            self.waiting.push_back(key.clone());
        }
        false
    }

    /// Whether an Application waits for a processor.
    pub(super) fn is_queued(&self, key: &Key) -> bool {
        self.queued.contains(key)
    }

    /// Gives a processor back.
    pub(super) fn give_back(&mut self) {
        self.busy = self.busy.saturating_sub(1);
    }

    /// Who is next, if a processor is free. Whoever is told so takes it, or asks again for the one after.
    pub(super) fn next(&mut self, limit: usize) -> Option<Key> {
        if self.busy >= limit.max(1) {
            return None;
        }
        let next = self.waiting.pop_front()?;
        self.queued.remove(&next);
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    #[test]
    fn who_came_first_is_served_first() {
        let mut processors = Processors::default();
        let key = |name: &str| Key::new(Kind::Application, "argocd", name);
        assert!(processors.take(&key("a"), 1));
        assert!(!processors.take(&key("b"), 1));
        assert!(!processors.take(&key("c"), 1));
        assert!(!processors.take(&key("b"), 1));
        assert!(processors.is_queued(&key("c")));
        assert_eq!(processors.next(1), None);
        processors.give_back();
        assert_eq!(processors.next(1), Some(key("b")));
        assert!(processors.take(&key("b"), 1));
        processors.give_back();
        assert_eq!(processors.next(1), Some(key("c")));
        assert_eq!(processors.next(1), None);
    }
}
