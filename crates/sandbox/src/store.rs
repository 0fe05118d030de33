//! The objects of the model with their recent past, and the log of changes that watches are served from.
//!
//! It only keeps; what a change means is decided by the [`crate::Model`] that makes it. What a watch hears that asks for
//! older changes than these is shown by `cluster::a_version_that_the_api_server_has_forgotten_is_read_anew`.

use crate::kind::{Key, Kind};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

/// How long the past of an object is kept for caches that lag behind.
const PAST: SignedDuration = SignedDuration::from_secs(10);

/// How many changes the log keeps. A watch that asks for older ones is told that they are gone. Each keeps a whole object
/// in memory, of which a large fleet makes gigabytes.
const LOG: usize = 30_000;

/// How long the log keeps a change: an API server has etcd forget what is older, every five minutes unless it is told
/// otherwise (`--etcd-compaction-interval`). <https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/>
const LOG_AGE: SignedDuration = SignedDuration::from_mins(5);

/// An object at one time; `None` when it did not exist.
#[derive(Debug)]
struct Version {
    since: Timestamp,
    object: Option<Arc<Value>>,
}

/// A change of an object.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// The version of the whole store that it made.
    pub(crate) revision: u64,
    /// What has changed.
    pub(crate) key: Key,
    /// What it was; `None` if it is new.
    pub(crate) old: Option<Arc<Value>>,
    /// What it is; `None` if it is gone.
    pub(crate) new: Option<Arc<Value>>,
}

/// All objects.
#[derive(Debug, Default)]
pub(crate) struct Store {
    objects: BTreeMap<Key, VecDeque<Version>>,
    /// What is gone, and since when: to be forgotten as well when nobody can ask for its past any more.
    graves: VecDeque<(Timestamp, Key)>,
    log: VecDeque<(Timestamp, Change)>,
    revision: u64,
    compacted: u64,
}

impl Store {
    /// The version of the whole store.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// An object as it is.
    pub(crate) fn get(&self, key: &Key) -> Option<&Arc<Value>> {
        self.objects.get(key)?.back()?.object.as_ref()
    }

    /// An object as it is, with the key that is kept here.
    pub(crate) fn get_key_value(&self, key: &Key) -> Option<(&Key, &Arc<Value>)> {
        let (key, versions) = self.objects.get_key_value(key)?;
        Some((key, versions.back()?.object.as_ref()?))
    }

    /// The version up to which changes are forgotten.
    pub(crate) fn compacted(&self) -> u64 {
        self.compacted
    }

    /// An object as a cache knows it that has everything up to `at`, as far as the past is kept.
    pub(crate) fn seen(&self, key: &Key, at: Timestamp) -> Option<&Arc<Value>> {
        let versions = self.objects.get(key)?;
        let version = versions.iter().rev().find(|version| version.since <= at);
        version.and_then(|version| version.object.as_ref())
    }

    /// The objects of a kind as they are, in one namespace or in all, in the order of their names.
    pub(crate) fn list<'a>(
        &'a self,
        kind: Kind,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a Key, &'a Arc<Value>)> {
        let first = Key::new(kind, namespace.unwrap_or_default(), "");
        self.objects
            .range(first..)
            .take_while(move |(key, _)| {
                key.kind == kind && namespace.is_none_or(|namespace| key.namespace == namespace)
            })
            .filter_map(|(key, versions)| Some((key, versions.back()?.object.as_ref()?)))
    }

    /// The version that the next change will make.
    pub(crate) fn next_revision(&self) -> u64 {
        self.revision + 1
    }

    /// Stores a change.
    pub(crate) fn put(&mut self, now: Timestamp, key: Key, new: Option<Arc<Value>>) -> Change {
        self.revision += 1;
        let old = self.get(&key).cloned();
        let change = Change { revision: self.revision, key: key.clone(), old, new: new.clone() };
        let versions = self.objects.entry(key.clone()).or_default();
        versions.push_back(Version { since: now, object: new });
        // The newest version that is older than the past stays: it is what the past began with.
        while versions.get(1).is_some_and(|second| now.duration_since(second.since) > PAST) {
            versions.pop_front();
        }
        if change.new.is_none() {
            self.graves.push_back((now, key));
        }
        self.bury(now);
        self.log.push_back((now, change.clone()));
        let is_old = |(at, _): &(Timestamp, Change)| now.duration_since(*at) > LOG_AGE;
        while self.log.len() > LOG || self.log.front().is_some_and(is_old) {
            let Some((_, oldest)) = self.log.pop_front() else { break };
            self.compacted = oldest.revision;
        }
        change
    }

    /// Forgets what has been gone for so long that no cache still knows it.
    fn bury(&mut self, now: Timestamp) {
        while self.graves.front().is_some_and(|(since, _)| now.duration_since(*since) > PAST) {
            let Some((since, key)) = self.graves.pop_front() else { break };
            let newest = self.objects.get(&key).and_then(VecDeque::back);
            if newest.is_some_and(|newest| newest.object.is_none() && newest.since == since) {
                self.objects.remove(&key);
            }
        }
    }

    /// The changes after a version. `None` if some of them are forgotten.
    pub(crate) fn changes_after(&self, revision: u64) -> Option<impl Iterator<Item = &Change>> {
        Some(self.history_after(revision)?.map(|(_, change)| change))
    }

    /// The same with the time of each.
    pub(crate) fn history_after(&self, revision: u64) -> Option<impl Iterator<Item = (Timestamp, &Change)>> {
        if revision < self.compacted {
            return None;
        }
        let first = self.log.partition_point(|(_, change)| change.revision <= revision);
        Some(self.log.range(first..).map(|(at, change)| (*at, change)))
    }

    /// Forgets all changes, as etcd does when it compacts.
    pub(crate) fn compact(&mut self) {
        self.compacted = self.revision;
        self.log.clear();
    }
}
