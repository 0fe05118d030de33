//! What a node writes into the status of a pod, in the forms of `testbed/config/kwok.yaml`.

use super::super::object::text;
use serde_json::{Value, json};

/// A pod that its node has seen.
pub(crate) fn created(pod: &mut Value, now: &str) {
    let status = &mut pod["status"];
    status["startTime"] = json!(now);
    condition(status, "Initialized", ("True", "", ""), now);
    readiness(status, false, "ContainersNotReady", now);
    each(pod, |_, status| status["state"] = json!({ "waiting": { "reason": "ContainerCreating" } }));
}

/// Containers that run, ready or not.
pub(crate) fn running(pod: &mut Value, now: &str, image_ids: &[String], is_ready: bool) {
    let mut ids = image_ids.iter();
    each(pod, |_, status| {
        status["imageID"] = json!(ids.next());
        status["ready"] = json!(is_ready);
        status["started"] = json!(true);
        if status["state"]["running"].is_null() {
            status["state"] = json!({ "running": { "startedAt": now } });
        }
    });
    pod["status"]["phase"] = json!("Running");
    if is_ready {
        readiness(&mut pod["status"], true, "", now);
    }
}

/// Containers that wait for a reason, with a message for each.
pub(crate) fn waiting(pod: &mut Value, _now: &str, reason: &str, message: impl Fn(&Value) -> String) {
    each(pod, |container, status| {
        status["ready"] = json!(false);
        status["started"] = json!(false);
        status["state"] = json!({ "waiting": { "reason": reason, "message": message(container) } });
    });
}

/// Containers that exited with 1 and will be started again.
pub(crate) fn crashed(pod: &mut Value, now: &str) {
    each(pod, |container, status| {
        let restarts = status["restartCount"].as_u64().unwrap_or(0);
        let started = text(status, "/state/running/startedAt").to_owned();
        status["ready"] = json!(false);
        status["started"] = json!(false);
        status["restartCount"] = json!(restarts + 1);
        status["lastState"] = json!({ "terminated": {
            "exitCode": 1, "reason": "Error", "startedAt": started, "finishedAt": now,
        } });
        let message = format!("back-off restarting failed container {}", text(container, "/name"));
        status["state"] = json!({ "waiting": { "reason": "CrashLoopBackOff", "message": message } });
    });
}

/// The containers of a Job that are done.
pub(crate) fn completed(pod: &mut Value, now: &str) {
    end(pod, now, 0, "Completed");
    pod["status"]["phase"] = json!("Succeeded");
    readiness(&mut pod["status"], false, "PodCompleted", now);
}

/// Containers that run and are not ready any more.
pub(crate) fn unready(pod: &mut Value, now: &str) {
    each(pod, |_, status| status["ready"] = json!(false));
    readiness(&mut pod["status"], false, "ContainersNotReady", now);
}

/// A pod that its node has thrown out. The message is the kubelet's (`pkg/kubelet/eviction`).
pub(crate) fn evict(pod: &mut Value, now: &str) {
    end(pod, now, 137, "Error");
    let status = &mut pod["status"];
    status["phase"] = json!("Failed");
    status["reason"] = json!("Evicted");
    status["message"] = json!("The node was low on resource: memory.");
    readiness(status, false, "PodFailed", now);
}

fn end(pod: &mut Value, now: &str, code: i32, reason: &str) {
    each(pod, |_, status| {
        let started = status.pointer("/state/running/startedAt").cloned().unwrap_or_else(|| json!(now));
        status["ready"] = json!(false);
        status["started"] = json!(false);
        status["state"] = json!({ "terminated": {
            "exitCode": code, "reason": reason, "startedAt": started, "finishedAt": now,
        } });
    });
}

fn readiness(status: &mut Value, is_ready: bool, reason: &str, now: &str) {
    let says = if is_ready { "True" } else { "False" };
    for kind in ["Ready", "ContainersReady"] {
        condition(status, kind, (says, reason, ""), now);
    }
}

/// Sets a condition to a status, reason and message. Its time moves only with the status.
pub(crate) fn condition(status: &mut Value, kind: &str, says: (&str, &str, &str), now: &str) {
    let (state, reason, message) = says;
    let mut new = json!({ "type": kind, "status": state, "lastTransitionTime": now });
    for (field, text) in [("reason", reason), ("message", message)] {
        if !text.is_empty() {
            new[field] = json!(text);
        }
    }
    if !status["conditions"].is_array() {
        status["conditions"] = json!([]);
    }
    let Some(conditions) = status["conditions"].as_array_mut() else { return };
    match conditions.iter_mut().find(|condition| condition["type"] == kind) {
        Some(old) => {
            if old["status"] == state {
                new["lastTransitionTime"] = old["lastTransitionTime"].clone();
            }
            *old = new;
        }
        None => conditions.push(new),
    }
}

/// Changes the status of each container of a pod.
fn each(pod: &mut Value, mut change: impl FnMut(&Value, &mut Value)) {
    let containers = pod.pointer("/spec/containers").and_then(Value::as_array).cloned().unwrap_or_default();
    let old = pod["status"]["containerStatuses"].take();
    let mut statuses = Vec::with_capacity(containers.len());
    for container in &containers {
        let known = old.as_array().into_iter().flatten();
        let known = known.into_iter().find(|status| status["name"] == container["name"]).cloned();
        let mut status = known.unwrap_or_else(|| {
            json!({
                "name": container["name"], "image": container["image"], "imageID": "", "ready": false,
                "started": false, "restartCount": 0,
            })
        });
        change(container, &mut status);
        statuses.push(status);
    }
    pod["status"]["containerStatuses"] = Value::Array(statuses);
}
