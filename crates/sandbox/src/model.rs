//! The whole model: objects, clock, chance and agenda; how a change is made, and how time moves.
//!
//! All behaviour is in the modules of the controllers. They read [`Model`]'s objects, change them through
//! [`Model::create`], [`Model::update`], [`Model::delete`] and [`Model::remove`], and ask to be called again through
//! [`Model::later`]. A change wakes watches and controllers in one place, [`Model::changed`].

use crate::{
    agenda::{Agenda, Controller},
    argocd,
    github::Github,
    kind::{Key, Kind},
    kubernetes, oci,
    random::Random,
    store::{Change, Store},
    timing::Timing,
    workload,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// A Kubernetes cluster with Argo CD, registries, and GitHub, at one moment of simulated time.
#[derive(Debug)]
pub struct Model {
    now: Timestamp,
    random: Random,
    agenda: Agenda,
    pub(crate) store: Store,
    /// How long things take.
    pub timing: Timing,
    /// Who may do what, watches, and the API's own state.
    pub api: kubernetes::Api,
    /// What Argo CD keeps in its own memory, git repositories and charts, and what is wrong with it.
    pub argocd: argocd::Argocd,
    /// What happens to pods.
    pub workloads: workload::Workloads,
    /// The container registries.
    pub registries: oci::Registries,
    /// GitHub. It does nothing by itself but deliver webhooks, which somebody has to take: [`Github::next_delivery`].
    pub github: Github,
}

impl Model {
    /// An empty cluster at a time.
    pub fn new(seed: u64, now: Timestamp) -> Self {
        let random = Random::new(seed);
        let mut model = Self {
            now,
            // A chance of its own, so that nothing that happens there changes what happens here.
            github: Github::new(random.fork("github"), now),
            random,
            agenda: Agenda::default(),
            store: Store::default(),
            timing: Timing::default(),
            api: kubernetes::Api::default(),
            argocd: argocd::Argocd::default(),
            workloads: workload::Workloads::default(),
            registries: oci::Registries::default(),
        };
        argocd::install(&mut model);
        model
    }

    /// What time it is in the model.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// When the model will do something next by itself.
    pub fn next_event(&self) -> Option<Timestamp> {
        self.agenda.next()
    }

    /// Moves time to `to`, and does everything that is due until then, each at its own time. Time never goes back.
    pub fn advance(&mut self, to: Timestamp) {
        while let Some((at, controller, key)) = self.agenda.take(to) {
            self.now = self.now.max(at);
            self.api.pass(self.now, self.store.revision());
            match controller {
                Controller::ArgocdCompare
                | Controller::ArgocdOperation
                | Controller::ArgocdDeletion
                | Controller::ArgocdApplicationSet => argocd::reconcile(self, controller, &key),
                Controller::StatefulSet
                | Controller::Deployment
                | Controller::ReplicaSet
                | Controller::Job
                | Controller::Kubelet
                | Controller::GarbageCollector => workload::reconcile(self, controller, &key),
            }
        }
        self.now = self.now.max(to);
        self.github.pass(self.now);
        self.api.pass(self.now, self.store.revision());
    }

    /// Forgets all changes, as etcd does when it compacts: who wants to go on from an older version is told that it is
    /// gone (410), and has to read anew.
    pub fn compact(&mut self) {
        self.store.compact();
    }

    /// Sends a bookmark on every watch that wants them, before its time.
    pub fn bookmark(&mut self) {
        self.api.bookmark(self.store.revision());
    }

    /// Chance.
    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// A duration between half and one and a half of `around`.
    pub(crate) fn about(&mut self, around: Duration) -> Duration {
        let around = u64::try_from(around.as_micros()).unwrap_or(u64::MAX / 4);
        Duration::from_micros(around / 2 + self.random.below(around + 1))
    }

    /// Lets a controller look at an object after a delay, or earlier if that was asked for already.
    pub(crate) fn later(&mut self, delay: Duration, controller: Controller, key: Key) {
        let at = self.now.saturating_add(delay).unwrap_or(Timestamp::MAX);
        self.agenda.add(at, controller, key);
    }

    /// An object as it is.
    pub fn get(&self, key: &Key) -> Option<&Arc<Value>> {
        self.store.get(key)
    }

    /// The objects of a kind as they are, in one namespace or in all, in the order of their names.
    pub fn list<'a>(
        &'a self,
        kind: Kind,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a Key, &'a Arc<Value>)> {
        self.store.list(kind, namespace)
    }

    /// The version of everything: it grows with every change of an object.
    pub fn revision(&self) -> u64 {
        self.store.revision()
    }

    /// What has changed since a version. `None` if that is forgotten.
    pub fn changed_since(&self, revision: u64) -> Option<impl Iterator<Item = &Key>> {
        Some(self.store.changes_after(revision)?.map(|change| &change.key))
    }

    /// The changes since a version in their order: when, what, and what it was then, or that it was gone. `None` if some
    /// of them are forgotten.
    pub fn history_since(
        &self,
        revision: u64,
    ) -> Option<impl Iterator<Item = (Timestamp, &Key, Option<&Arc<Value>>)>> {
        let history = self.store.history_after(revision)?;
        Some(history.map(|(at, change)| (at, &change.key, change.new.as_ref())))
    }

    /// Makes an object, with what the API server adds to it. `None` if there is one of this name.
    pub(crate) fn create(&mut self, mut object: Value, manager: &str) -> Option<Key> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let kind = Kind::of(text("/apiVersion"), text("/kind"))?;
        let namespace = if kind.is_namespaced() { text("/metadata/namespace") } else { "" };
        let key = Key::new(kind, namespace, text("/metadata/name"));
        if self.store.get(&key).is_some() {
            return None;
        }
        let uid = self.uid();
        let metadata = &mut object["metadata"];
        metadata["uid"] = json!(uid);
        metadata["creationTimestamp"] = json!(kubernetes::time(self.now));
        if kubernetes::has_generation(kind) {
            metadata["generation"] = json!(1);
        }
        self.put(key.clone(), Some(object), manager);
        Some(key)
    }

    /// Changes an object. Nothing happens if it does not exist or stays the same; says whether it changed.
    pub(crate) fn update(&mut self, key: &Key, manager: &str, change: impl FnOnce(&mut Value)) -> bool {
        let Some(old) = self.store.get(key).cloned() else { return false };
        let mut new = Value::clone(&old);
        change(&mut new);
        if new == *old {
            return false;
        }
        if kubernetes::is_new_generation(key.kind, &old, &new) {
            new["metadata"]["generation"] = json!(old["metadata"]["generation"].as_u64().unwrap_or(0) + 1);
        }
        let deleted = !new["metadata"]["deletionTimestamp"].is_null();
        let held = new["metadata"]["finalizers"].as_array().is_some_and(|held| !held.is_empty());
        if deleted && !held && key.kind != Kind::Pod && key.kind != Kind::Namespace {
            self.remove(key);
        } else {
            self.put(key.clone(), Some(new), manager);
        }
        true
    }

    /// Asks for an object's deletion: it goes at once unless finalizers or a running pod hold it. Shown by
    /// `an_application_that_was_created_again_is_refused_until_it_is_cleaned_up`.
    pub(crate) fn delete(&mut self, key: &Key) {
        let Some(object) = self.store.get(key) else { return };
        let held = object["metadata"]["finalizers"].as_array().is_some_and(|held| !held.is_empty());
        if held || matches!(key.kind, Kind::Pod | Kind::Namespace) {
            let now = kubernetes::time(self.now);
            self.update(key, "", |object| {
                if object["metadata"]["deletionTimestamp"].is_null() {
                    object["metadata"]["deletionTimestamp"] = json!(now);
                }
            });
        } else {
            self.remove(key);
        }
    }

    /// Removes an object for good.
    pub(crate) fn remove(&mut self, key: &Key) {
        if self.store.get(key).is_some() {
            self.put(key.clone(), None, "");
        }
    }

    fn put(&mut self, key: Key, object: Option<Value>, manager: &str) {
        let object = object.map(|mut object| {
            kubernetes::omit_empty(&mut object);
            kubernetes::record_manager(self.store.get(&key), &mut object, manager, self.now);
            object["metadata"]["resourceVersion"] = json!(self.store.next_revision().to_string());
            Arc::new(object)
        });
        let change = self.store.put(self.now, key, object);
        self.changed(&change);
    }

    /// Tells everyone about a change.
    fn changed(&mut self, change: &Change) {
        self.api.tell(change);
        argocd::wake(self, change);
        workload::wake(self, change);
    }

    /// A name for an object that no other has.
    fn uid(&mut self) -> String {
        let (high, low) = (self.random.next(), self.random.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            low >> 52,
            low & 0xffff_ffff_ffff
        )
    }
}
