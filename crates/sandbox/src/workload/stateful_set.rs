//! The controller of StatefulSets, after `stateful_set_control.go`.
//!
//! One look at a set does at most one thing to it under `OrderedReady`, and computes the status from the pods as they
//! were before. So the counters are always a little old, as on the testbed (docs/measured.md, Workloads).

mod replica;
mod status;
#[cfg(test)]
mod tests;

use super::{
    object::{self, is_deleted, number, text},
    pod,
    revision::{self, Revision},
};
use crate::{Key, Kind, Model, agenda::Controller};
use jiff::Timestamp;
use replica::Replica;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// The label that says which revision a pod is of.
const REVISION: &str = "controller-revision-hash";

/// How long the controller waits when something that should be gone is in its way.
const OBSTACLE: Duration = Duration::from_secs(1);

/// Does what a StatefulSet needs next.
pub(super) fn reconcile(model: &mut Model, key: &Key) {
    let Some(set) = model.get(key).cloned() else { return };
    let Some((current, update)) = revision::current_and_update(model, key, &set) else {
        // A revision of this name that belonged to a set before this one has to go first.
        model.later(OBSTACLE, Controller::StatefulSet, key.clone());
        return;
    };
    let sync = Sync::new(model, key, set, current, update);
    let replaced = if is_deleted(&sync.set) { Replaced::No } else { sync.act(model) };
    sync.write_status(model, replaced);
    revision::forget(model, key, &sync.set, &sync.live_revisions());
    let pods: Vec<&Value> = sync.pods().map(Arc::as_ref).collect();
    if let Some(delay) = pod::next_available(&pods, sync.spec.min_ready, sync.now) {
        model.later(delay, Controller::StatefulSet, key.clone());
    }
}

/// Whether an old pod was deleted to be replaced.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Replaced {
    Yes,
    No,
}

/// What a set wants, with what the API server fills in.
struct Spec {
    replicas: i64,
    start: i64,
    partition: i64,
    min_ready: i64,
    is_parallel: bool,
    is_on_delete: bool,
}

impl Spec {
    fn read(set: &Value) -> Self {
        Self {
            replicas: number(set, "/spec/replicas").unwrap_or(1),
            start: number(set, "/spec/ordinals/start").unwrap_or(0),
            partition: number(set, "/spec/updateStrategy/rollingUpdate/partition").unwrap_or(0),
            min_ready: number(set, "/spec/minReadySeconds").unwrap_or(0),
            is_parallel: text(set, "/spec/podManagementPolicy") == "Parallel",
            is_on_delete: text(set, "/spec/updateStrategy/type") == "OnDelete",
        }
    }
}

/// One look at a set.
struct Sync<'a> {
    now: Timestamp,
    key: &'a Key,
    set: Arc<Value>,
    spec: Spec,
    current: Revision,
    update: Revision,
    /// The wanted ordinals, lowest first.
    replicas: Vec<Replica>,
    /// The pods beyond them, highest first.
    condemned: Vec<Replica>,
}

impl<'a> Sync<'a> {
    fn new(model: &Model, key: &'a Key, set: Arc<Value>, current: Revision, update: Revision) -> Self {
        let spec = Spec::read(&set);
        let wanted = spec.start..spec.start.saturating_add(spec.replicas);
        let mut replicas: Vec<Replica> = wanted.clone().map(Replica::missing).collect();
        let mut condemned = Vec::new();
        for (_, pod) in pod::owned(model, key, &set) {
            let Some(replica) = Replica::of(&key.name, pod) else { continue };
            let place = usize::try_from(replica.ordinal - spec.start).ok();
            match place.and_then(|place| replicas.get_mut(place)) {
                Some(place) => *place = replica,
                None => condemned.push(replica),
            }
        }
        condemned.sort_by_key(|replica| std::cmp::Reverse(replica.ordinal));
        Self { now: model.now(), key, set, spec, current, update, replicas, condemned }
    }

    fn pods(&self) -> impl Iterator<Item = &Arc<Value>> {
        self.replicas.iter().chain(&self.condemned).filter_map(|replica| replica.pod.as_ref())
    }

    /// Makes, ends and replaces pods: the wanted ones first, then those beyond, then the old ones. `OrderedReady`
    /// returns at the first pod that is not ready, so a broken pod of an older revision is never replaced
    /// (kubernetes#67250; `failures::repair_trap`, docs/measured.md, Workloads). `Parallel` goes on to the end, and
    /// recovers (`failures::repair_trap::a_parallel_stateful_set_recovers_by_itself`).
    fn act(&self, model: &mut Model) -> Replaced {
        let is_ordered = !self.spec.is_parallel;
        for replica in &self.replicas {
            if self.keep(model, replica) == Next::Wait && is_ordered {
                return Replaced::No;
            }
        }
        for replica in &self.condemned {
            if self.condemn(model, replica) == Next::Wait && is_ordered {
                return Replaced::No;
            }
        }
        // `failures::workloads::a_workload_that_is_updated_on_delete_fails_at_once_with_what_to_do`
        if self.spec.is_on_delete { Replaced::No } else { self.replace(model) }
    }

    /// Sees to it that a wanted pod exists.
    fn keep(&self, model: &mut Model, replica: &Replica) -> Next {
        let Some(pod) = &replica.pod else {
            self.create(model, replica.ordinal);
            return Next::Wait;
        };
        if pod::has_ended(pod) {
            // An evicted pod is made anew, under the same name.
            if !is_deleted(pod) {
                model.delete(&self.pod_key(replica.ordinal));
            }
            return Next::Wait;
        }
        let is_there = pod::is_running(pod) && !replica.is_unavailable(self.spec.min_ready, self.now);
        if is_there { Next::GoOn } else { Next::Wait }
    }

    /// Ends a pod that is too many, one after the other under `OrderedReady`.
    fn condemn(&self, model: &mut Model, replica: &Replica) -> Next {
        let Some(pod) = &replica.pod else { return Next::GoOn };
        if is_deleted(pod) {
            return Next::Wait;
        }
        let is_sick = replica.is_unavailable(self.spec.min_ready, self.now);
        if is_sick && !self.spec.is_parallel && self.first_unavailable() != Some(replica.ordinal) {
            return Next::Wait;
        }
        model.delete(&self.pod_key(replica.ordinal));
        Next::Wait
    }

    fn first_unavailable(&self) -> Option<i64> {
        let all = self.replicas.iter().chain(self.condemned.iter().rev());
        let mut sick = all.filter(|replica| replica.is_unavailable(self.spec.min_ready, self.now));
        sick.next().map(|replica| replica.ordinal)
    }

    /// Ends the highest pod of an old revision, if all above it are new and available. A partition keeps the lower ones
    /// (`failures::workloads::a_partition_is_proven_as_far_as_it_goes_and_noted`).
    fn replace(&self, model: &mut Model) -> Replaced {
        let lowest = usize::try_from(self.spec.partition).unwrap_or(0);
        for replica in self.replicas.iter().skip(lowest).rev() {
            let Some(pod) = &replica.pod else { return Replaced::No };
            if replica.revision() != self.update.name() && !is_deleted(pod) {
                model.delete(&self.pod_key(replica.ordinal));
                return Replaced::Yes;
            }
            if replica.is_unavailable(self.spec.min_ready, self.now) {
                return Replaced::No;
            }
        }
        Replaced::No
    }

    fn pod_key(&self, ordinal: i64) -> Key {
        self.key.beside(Kind::Pod, format!("{}-{ordinal}", self.key.name))
    }

    /// Below a partition a pod that is missing is made of the revision before (`newVersionedStatefulSetPod`).
    fn create(&self, model: &mut Model, ordinal: i64) {
        let is_below = ordinal < self.spec.start.saturating_add(self.spec.partition);
        let revision = if is_below && !self.spec.is_on_delete { &self.current } else { &self.update };
        let name = format!("{}-{ordinal}", self.key.name);
        let mut pod = pod::from_template(self.key, &self.set, revision.template(), &name);
        let labels = &mut pod["metadata"]["labels"];
        labels[REVISION] = json!(revision.name());
        labels["statefulset.kubernetes.io/pod-name"] = json!(name);
        labels["apps.kubernetes.io/pod-index"] = json!(ordinal.to_string());
        pod["spec"]["hostname"] = json!(name);
        pod["spec"]["subdomain"] = self.set["spec"]["serviceName"].clone();
        if object::create(model, pod).is_none() {
            // A pod of this name that belongs to somebody else has to go first.
            model.later(OBSTACLE, Controller::StatefulSet, self.key.clone());
        }
    }
}

/// Whether the controller may look at the next pod.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    GoOn,
    Wait,
}
