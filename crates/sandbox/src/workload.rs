//! StatefulSets, Deployments, Jobs and their pods: what Kubernetes' controllers, scheduler and kubelet do.
//!
//! The controllers follow the code of Kubernetes 1.36 (`pkg/controller`), which is what the testbed runs; the nodes
//! follow the imitated kubelet of the testbed, `testbed/config/kwok.yaml`. Objects are read defensively: what the API
//! server would have filled in (one replica, `RollingUpdate`, ...) is assumed where it is absent.
//!
//! Left out, because neither Ringway nor a scenario can notice: volumes, probes, init containers, nodes that fill up or
//! fail one by one, adoption of pods without an owner, `maxUnavailable` of StatefulSets, collisions of hashes, and Jobs
//! of more than one pod.

mod behaviour;
mod deployment;
mod garbage;
mod job;
mod kubelet;
mod object;
mod pod;
mod replica_set;
mod revision;
mod scheduler;
mod stateful_set;
#[cfg(test)]
mod testing;

pub use behaviour::{Behaviour, ImageIdForm, behave, evict, start_nodes, stop_nodes};

use crate::{Key, Kind, Model, agenda::Controller, store::Change};
use serde_json::Value;
use std::collections::BTreeMap;

/// What happens to pods beyond what their images say.
#[derive(Debug, Default)]
pub struct Workloads {
    /// How the nodes name the image that a container runs.
    pub image_id: ImageIdForm,
    /// What the pods of a namespace do.
    behaviours: BTreeMap<String, Behaviour>,
    /// Whether the nodes stand still.
    stopped: bool,
    /// What the nodes are going to do with each pod.
    plans: BTreeMap<Key, kubelet::Plan>,
}

/// Does what is due.
pub(crate) fn reconcile(model: &mut Model, controller: Controller, key: &Key) {
    match controller {
        Controller::StatefulSet => stateful_set::reconcile(model, key),
        Controller::Deployment => deployment::reconcile(model, key),
        Controller::ReplicaSet => replica_set::reconcile(model, key),
        Controller::Job => job::reconcile(model, key),
        Controller::Kubelet => kubelet::reconcile(model, key),
        Controller::GarbageCollector => garbage::reconcile(model, key),
        Controller::ArgocdCompare
        | Controller::ArgocdOperation
        | Controller::ArgocdDeletion
        | Controller::ArgocdApplicationSet => {}
    }
}

/// Lets the controllers notice a change, after the delay of their caches.
pub(crate) fn wake(model: &mut Model, change: &Change) {
    let key = &change.key;
    match key.kind {
        Kind::Pod => {
            kubelet::wake(model, change);
            if let Some(pod) = change.new.as_ref().or(change.old.as_ref()) {
                wake_owner(model, key, pod);
                if change.new.is_none() {
                    wake_recreating(model, key, pod);
                }
            }
        }
        Kind::ReplicaSet => {
            wake_controller(model, key);
            if let Some(set) = change.new.as_ref().or(change.old.as_ref()) {
                wake_owner(model, key, set);
            }
        }
        Kind::StatefulSet | Kind::Deployment | Kind::Job => wake_controller(model, key),
        _ => {}
    }
    garbage::wake(model, change);
}

/// The controllers see a change of an object's own, of its pods and of its ReplicaSets.
fn wake_controller(model: &mut Model, key: &Key) {
    let controller = match key.kind {
        Kind::StatefulSet => Controller::StatefulSet,
        Kind::Deployment => Controller::Deployment,
        Kind::ReplicaSet => Controller::ReplicaSet,
        Kind::Job => Controller::Job,
        _ => return,
    };
    let around = model.timing.informer.saturating_add(model.timing.controller);
    let delay = model.about(around);
    model.later(delay, controller, key.clone());
}

fn wake_owner(model: &mut Model, key: &Key, object: &Value) {
    if let Some(owner) = object::controller(object) {
        wake_controller(model, &key.beside(owner.kind, owner.name));
    }
}

/// A Deployment that recreates waits until the last old pod is really gone, which its ReplicaSets do not show: they
/// stop to count a pod when its deletion was asked for.
fn wake_recreating(model: &mut Model, key: &Key, pod: &Value) {
    let Some(owner) = object::controller(pod).filter(|owner| owner.kind == Kind::ReplicaSet) else { return };
    let set = key.beside(Kind::ReplicaSet, owner.name);
    if let Some(set) = model.get(&set).cloned() {
        wake_owner(model, key, &set);
    }
}
