//! The controller of ReplicaSets: as many pods of a template as wanted, whichever they are (`replica_set.go`).
//!
//! A pod that was evicted stays as an object while another takes its place.
//!
//! Shown by `a_paused_deployment_fails_at_once_and_succeeds_when_resumed`; evicted pods: docs/measured.md, Workloads.

use super::{
    object::{self, is_deleted, number, text},
    pod,
};
use crate::{Key, Model, agenda::Controller};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{cmp::Reverse, sync::Arc};

/// Does what a ReplicaSet needs next.
pub(super) fn reconcile(model: &mut Model, key: &Key) {
    let Some(set) = model.get(key).cloned() else { return };
    let mut pods = pod::owned(model, key, &set);
    pods.retain(|(_, pod)| pod::is_active(pod));
    if !is_deleted(&set) {
        manage(model, key, &set, &mut pods);
    }
    write_status(model, key, &set, &pods);
    let seconds = number(&set, "/spec/minReadySeconds").unwrap_or(0);
    let pods: Vec<&Value> = pods.iter().map(|(_, pod)| pod.as_ref()).collect();
    if let Some(delay) = pod::next_available(&pods, seconds, model.now()) {
        model.later(delay, Controller::ReplicaSet, key.clone());
    }
}

/// Makes the pods that are missing, or ends those that are too many. The status is about those before, so `pods` stay.
fn manage(model: &mut Model, key: &Key, set: &Value, pods: &mut [(Key, Arc<Value>)]) {
    let wanted = usize::try_from(number(set, "/spec/replicas").unwrap_or(1)).unwrap_or(0);
    for _ in pods.len()..wanted {
        let name = format!("{}-{}", key.name, object::suffix(model));
        let mut pod = pod::from_template(key, set, &set["spec"]["template"], &name);
        pod["metadata"]["generateName"] = json!(format!("{}-", key.name));
        object::create(model, pod);
    }
    pods.sort_by_cached_key(|(key, pod)| (worth(pod), key.clone()));
    for (key, _) in pods.iter().take(pods.len().saturating_sub(wanted)) {
        model.delete(key);
    }
}

/// What a pod is worth to be kept; the least goes first (`ActivePodsWithRanks`): without a node, pending, not ready,
/// ready for a short time, young.
fn worth(pod: &Value) -> (bool, bool, bool, Reverse<Option<Timestamp>>, Reverse<Option<Timestamp>>) {
    (
        !text(pod, "/spec/nodeName").is_empty(),
        text(pod, "/status/phase") == "Running",
        pod::is_ready(pod),
        Reverse(pod::ready_since(pod).filter(|_| pod::is_ready(pod))),
        Reverse(object::time(pod, "/metadata/creationTimestamp")),
    )
}

fn write_status(model: &mut Model, key: &Key, set: &Value, pods: &[(Key, Arc<Value>)]) {
    let seconds = number(set, "/spec/minReadySeconds").unwrap_or(0);
    let now = model.now();
    let count = |matches: &dyn Fn(&Value) -> bool| {
        i64::try_from(pods.iter().filter(|(_, pod)| matches(pod)).count()).unwrap_or(i64::MAX)
    };
    let all = count(&|_| true);
    let mut status = json!({
        "observedGeneration": number(set, "/metadata/generation").unwrap_or(0), "replicas": all,
    });
    object::count(&mut status, "fullyLabeledReplicas", all);
    object::count(&mut status, "readyReplicas", count(&pod::is_ready));
    object::count(&mut status, "availableReplicas", count(&|pod| pod::is_available(pod, seconds, now)));
    object::write_status(model, key, &status);
}
