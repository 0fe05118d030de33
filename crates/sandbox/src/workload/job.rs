//! The controller of Jobs, as far as hooks of Argo CD need it: one pod, which is tried again up to `backoffLimit` times.
//!
//! A Job completes with its pod, or hangs with it
//! (`failures::operation::a_hook_that_hangs_in_our_operation_is_named`).

#[cfg(test)]
mod tests;

use super::{
    object::{self, is_deleted, number, text},
    pod,
};
use crate::{Key, Model, agenda::Controller};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// How long a Job pauses after a pod that failed.
const BACK_OFF: Duration = Duration::from_secs(10);

/// Does what a Job needs next.
pub(super) fn reconcile(model: &mut Model, key: &Key) {
    let Some(job) = model.get(key).cloned() else { return };
    let is_over = |kind| pod::condition(&job, kind).is_some_and(|condition| condition["status"] == "True");
    if is_deleted(&job) || is_over("Complete") || is_over("Failed") || job["spec"]["suspend"] == json!(true) {
        return;
    }
    let pods = pod::owned(model, key, &job);
    let status = Status::of(&job, &pods);
    if status.succeeded == 0 && status.failed <= status.limit && status.active == 0 {
        start(model, key, &job, &pods);
    }
    let now = object::now(model);
    model.update(key, object::CONTROLLERS, |job| status.write(job, &now));
}

fn start(model: &mut Model, key: &Key, job: &Value, pods: &[(Key, Arc<Value>)]) {
    let last_failure = pods.iter().filter_map(|(_, pod)| pod::ready_since(pod)).max();
    let next = last_failure.and_then(|at| at.checked_add(BACK_OFF).ok()).filter(|next| *next > model.now());
    if let Some(pause) = next.and_then(|next| Duration::try_from(next.duration_since(model.now())).ok()) {
        model.later(pause, Controller::Job, key.clone());
        return;
    }
    let name = format!("{}-{}", key.name, object::suffix(model));
    let mut pod = pod::from_template(key, job, &job["spec"]["template"], &name);
    let uid = text(job, "/metadata/uid");
    let labels = &mut pod["metadata"]["labels"];
    for prefix in ["", "batch.kubernetes.io/"] {
        labels[format!("{prefix}job-name")] = json!(key.name);
        labels[format!("{prefix}controller-uid")] = json!(uid);
    }
    object::create(model, pod);
}

/// What the pods of a Job have come to.
struct Status {
    active: i64,
    ready: i64,
    succeeded: i64,
    failed: i64,
    limit: i64,
}

impl Status {
    fn of(job: &Value, pods: &[(Key, Arc<Value>)]) -> Self {
        let count = |matches: &dyn Fn(&Value) -> bool| {
            i64::try_from(pods.iter().filter(|(_, pod)| matches(pod)).count()).unwrap_or(i64::MAX)
        };
        Self {
            active: count(&pod::is_active),
            ready: count(&|pod| pod::is_active(pod) && pod::is_ready(pod)),
            succeeded: count(&|pod| text(pod, "/status/phase") == "Succeeded"),
            failed: count(&|pod| text(pod, "/status/phase") == "Failed"),
            limit: number(job, "/spec/backoffLimit").unwrap_or(6),
        }
    }

    /// The conditions by which Argo CD knows that a hook is done (`health_job.go`).
    fn write(&self, job: &mut Value, now: &str) {
        let status = &mut job["status"];
        if status["startTime"].is_null() {
            status["startTime"] = json!(now);
        }
        status["ready"] = json!(self.ready);
        object::count(status, "active", self.active);
        object::count(status, "succeeded", self.succeeded);
        object::count(status, "failed", self.failed);
        if self.succeeded > 0 {
            status["completionTime"] = json!(now);
            status["conditions"] = json!([
                condition(
                    "SuccessCriteriaMet",
                    "CompletionsReached",
                    "Reached expected number of succeeded pods",
                    now
                ),
                condition("Complete", "CompletionsReached", "Reached expected number of succeeded pods", now),
            ]);
        } else if self.failed > self.limit {
            let why = "Job has reached the specified backoff limit";
            status["conditions"] = json!([
                condition("FailureTarget", "BackoffLimitExceeded", why, now),
                condition("Failed", "BackoffLimitExceeded", why, now),
            ]);
        }
    }
}

fn condition(kind: &str, reason: &str, message: &str, now: &str) -> Value {
    json!({
        "type": kind, "status": "True", "reason": reason, "message": message,
        "lastProbeTime": now, "lastTransitionTime": now,
    })
}
