//! How Argo CD judges the health of what an Application deploys (gitops-engine `pkg/health`).
//!
//! A StatefulSet never gets Degraded (docs/measured.md, Workloads: fourteen seconds of ImagePullBackOff were
//! Progressing); Applications of a parent have no health since Argo CD 1.8; kinds without pods have none either.

use super::resource::text;
use crate::Kind;
use serde_json::Value;

/// Health, the better first (`health.go`: an Application is as healthy as its worst resource).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Health {
    Healthy,
    Suspended,
    Progressing,
    Missing,
    Degraded,
}

impl Health {
    /// As Argo CD writes it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Healthy => "Healthy",
            Self::Suspended => "Suspended",
            Self::Progressing => "Progressing",
            Self::Missing => "Missing",
            Self::Degraded => "Degraded",
        }
    }
}

/// The health of an object; `None` for a kind that has none.
pub(super) fn of(kind: Kind, object: &Value) -> Option<Health> {
    match kind {
        Kind::StatefulSet => Some(stateful_set(object)),
        Kind::Deployment => Some(deployment(object)),
        Kind::Job => Some(job(object)),
        _ => None,
    }
}

fn number(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or(0)
}

/// How many pods are wanted: the API server fills in 1.
fn replicas(object: &Value) -> i64 {
    object.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1)
}

/// `health_statefulset.go`.
fn stateful_set(set: &Value) -> Health {
    let observed = number(set, "/status/observedGeneration");
    if observed == 0 || number(set, "/metadata/generation") > observed {
        return Health::Progressing;
    }
    if number(set, "/status/readyReplicas") < replicas(set) {
        return Health::Progressing;
    }
    if text(set, "/spec/updateStrategy/type") == "OnDelete" {
        return Health::Healthy;
    }
    // The API server fills in partition 0, so the branch that looks at revisions is never reached.
    let wanted = replicas(set) - number(set, "/spec/updateStrategy/rollingUpdate/partition");
    if number(set, "/status/updatedReplicas") < wanted { Health::Progressing } else { Health::Healthy }
}

/// `health_deployment.go`.
fn deployment(deployment: &Value) -> Health {
    if deployment.pointer("/spec/paused") == Some(&Value::Bool(true)) {
        return Health::Suspended;
    }
    if number(deployment, "/metadata/generation") > number(deployment, "/status/observedGeneration") {
        return Health::Progressing;
    }
    let conditions = deployment.pointer("/status/conditions").and_then(Value::as_array);
    let late = |condition: &Value| text(condition, "/reason") == "ProgressDeadlineExceeded";
    if conditions.is_some_and(|conditions| conditions.iter().any(late)) {
        return Health::Degraded;
    }
    let (updated, available) =
        (number(deployment, "/status/updatedReplicas"), number(deployment, "/status/availableReplicas"));
    if updated < replicas(deployment)
        || number(deployment, "/status/replicas") > updated
        || available < updated
    {
        return Health::Progressing;
    }
    Health::Healthy
}

/// `health_job.go`.
fn job(job: &Value) -> Health {
    let conditions = job.pointer("/status/conditions").and_then(Value::as_array);
    let has = |kind: &str| {
        let is = |condition: &Value| text(condition, "/type") == kind && text(condition, "/status") == "True";
        conditions.is_some_and(|conditions| conditions.iter().any(is))
    };
    match () {
        () if has("Failed") => Health::Degraded,
        () if has("Complete") => Health::Healthy,
        () if has("Suspended") => Health::Suspended,
        () => Health::Progressing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_stateful_set_is_progressing_until_its_new_pods_are_ready_and_never_degraded() {
        let set = |updated: u64, ready: u64, partition: u64| {
            json!({
                "metadata": { "generation": 2 },
                "spec": { "replicas": 2, "updateStrategy": { "rollingUpdate": { "partition": partition } } },
                "status": { "observedGeneration": 2, "updatedReplicas": updated, "readyReplicas": ready },
            })
        };
        let ask = |set: &Value| of(Kind::StatefulSet, set).unwrap();
        assert_eq!(ask(&set(1, 1, 0)), Health::Progressing);
        assert_eq!(ask(&set(1, 2, 0)), Health::Progressing);
        assert_eq!(ask(&set(1, 2, 1)), Health::Healthy);
        assert_eq!(ask(&set(2, 2, 0)), Health::Healthy);
        let mut unseen = set(2, 2, 0);
        unseen["metadata"]["generation"] = json!(3);
        assert_eq!(ask(&unseen), Health::Progressing);
    }

    #[test]
    fn a_deployment_that_missed_its_deadline_is_degraded_and_a_paused_one_suspended() {
        let mut deployment = json!({
            "metadata": { "generation": 1 }, "spec": { "replicas": 1 },
            "status": { "observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1 },
        });
        assert_eq!(of(Kind::Deployment, &deployment), Some(Health::Healthy));
        deployment["status"]["conditions"] =
            json!([{ "type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded" }]);
        assert_eq!(of(Kind::Deployment, &deployment), Some(Health::Degraded));
        deployment["spec"]["paused"] = json!(true);
        assert_eq!(of(Kind::Deployment, &deployment), Some(Health::Suspended));
        assert_eq!(of(Kind::Application, &json!({})), None);
    }
}
