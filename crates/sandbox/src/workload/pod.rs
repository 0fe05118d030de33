//! What controllers read from pods, and how they make them.

use super::object::{self, is_deleted, text, time};
use crate::{Key, Kind, Model};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;

/// Whether a pod was ended, well or not; it does not come back.
pub(super) fn has_ended(pod: &Value) -> bool {
    matches!(text(pod, "/status/phase"), "Failed" | "Succeeded")
}

/// Whether a pod is ready.
pub(super) fn is_ready(pod: &Value) -> bool {
    ready_condition(pod).is_some_and(|ready| ready["status"] == "True")
}

/// Whether a pod runs and is ready.
pub(super) fn is_running(pod: &Value) -> bool {
    text(pod, "/status/phase") == "Running" && is_ready(pod)
}

/// Since when a pod is ready, or is not, in whole seconds.
pub(super) fn ready_since(pod: &Value) -> Option<Timestamp> {
    time(ready_condition(pod)?, "/lastTransitionTime")
}

/// Whether a pod has been ready for `minReadySeconds`.
pub(super) fn is_available(pod: &Value, seconds: i64, now: Timestamp) -> bool {
    is_ready(pod) && available_at(pod, seconds).is_none_or(|at| at <= now)
}

/// When a pod will have been ready for `minReadySeconds`; `None` if it need not wait.
fn available_at(pod: &Value, seconds: i64) -> Option<Timestamp> {
    (seconds > 0).then(|| ready_since(pod)?.checked_add(SignedDuration::from_secs(seconds)).ok())?
}

/// How long until the next pod becomes available although nothing changes. Controllers look again then.
pub(super) fn next_available(pods: &[&Value], seconds: i64, now: Timestamp) -> Option<std::time::Duration> {
    let times = pods.iter().filter(|pod| is_ready(pod)).filter_map(|pod| available_at(pod, seconds));
    let next = times.filter(|at| *at > now).min()?;
    next.duration_since(now).try_into().ok()
}

/// Whether a pod counts for a ReplicaSet: neither ended nor on its way out.
pub(super) fn is_active(pod: &Value) -> bool {
    !has_ended(pod) && !is_deleted(pod)
}

/// A pod of a template.
pub(super) fn from_template(owner: &Key, object: &Value, template: &Value, name: &str) -> Value {
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": owner.namespace,
            "ownerReferences": object::owner_references(owner, object),
        },
        "spec": template["spec"],
        "status": { "phase": "Pending", "qosClass": "BestEffort" },
    });
    for field in ["labels", "annotations"] {
        if template["metadata"][field].is_object() {
            pod["metadata"][field] = template["metadata"][field].clone();
        }
    }
    pod
}

/// The pods that an object controls.
pub(super) fn owned(model: &Model, key: &Key, owner: &Value) -> Vec<(Key, Arc<Value>)> {
    object::owned(model, key, owner, Kind::Pod)
}

fn ready_condition(pod: &Value) -> Option<&Value> {
    condition(pod, "Ready")
}

/// A condition of an object.
pub(super) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    conditions.iter().find(|condition| condition["type"] == kind)
}
