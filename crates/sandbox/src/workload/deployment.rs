//! The controller of Deployments, after `deployment_controller.go`, `rolling.go`, `recreate.go` and `sync.go`.
//!
//! Shown by `a_paused_deployment_fails_at_once_and_succeeds_when_resumed` and `charts_of_every_shape_take_an_image`.

mod scale;
mod sets;
mod status;
#[cfg(test)]
mod tests;

use super::object::{self, is_deleted, number, text};
use crate::{Key, Kind, Model};
use serde_json::{Value, json};
use sets::Sets;

/// The annotation that numbers the revisions of a Deployment, on itself and on its ReplicaSets.
const REVISION: &str = "deployment.kubernetes.io/revision";
/// The annotation by which the controller notices that a Deployment was scaled.
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
/// The annotation with the most pods that there may be.
const MAXIMUM: &str = "deployment.kubernetes.io/max-replicas";
/// The label that says which template a ReplicaSet and its pods are of.
const TEMPLATE: &str = "pod-template-hash";

/// Does what a Deployment needs next.
pub(super) fn reconcile(model: &mut Model, key: &Key) {
    let Some(mut deployment) = Deployment::read(model, key) else { return };
    let mut sets = Sets::read(model, &deployment);
    if is_deleted(&deployment.object) {
        deployment.write_counts(model, &sets);
        return;
    }
    deployment.note_pause(model);
    if deployment.is_paused {
        // A paused Deployment is scaled, but gets no ReplicaSet for a new template
        // (`failures::workloads::a_paused_deployment_fails_at_once_and_succeeds_when_resumed`).
        sets.number(model, &mut deployment);
        scale::scale(model, &deployment, &mut sets);
        sets.forget(model, &deployment);
        deployment.write_counts(model, &sets);
        return;
    }
    if sets.are_of_another_scale(&deployment) {
        sets.number(model, &mut deployment);
        scale::scale(model, &deployment, &mut sets);
        deployment.write_counts(model, &sets);
        return;
    }
    if deployment.is_recreate {
        recreate(model, &mut deployment, &mut sets);
    } else {
        roll(model, &mut deployment, &mut sets);
    }
}

/// New pods first as far as `maxSurge` allows, then fewer old ones as far as `maxUnavailable` allows.
fn roll(model: &mut Model, deployment: &mut Deployment, sets: &mut Sets) {
    sets.number_or_make(model, deployment);
    let scaled = scale::grow(model, deployment, sets) || scale::shrink(model, deployment, sets);
    if !scaled && deployment.is_complete(&deployment.counts(sets)) {
        sets.forget(model, deployment);
    }
    deployment.write_progress(model, sets);
}

/// No new pod before the last old one is gone.
fn recreate(model: &mut Model, deployment: &mut Deployment, sets: &mut Sets) {
    sets.number(model, deployment);
    let mut stopped = false;
    for old in sets.old.iter_mut().filter(|old| old.replicas > 0) {
        old.scale(model, deployment, 0);
        stopped = true;
    }
    if stopped || sets.have_old_pods(model) {
        deployment.write_progress(model, sets);
        return;
    }
    sets.number_or_make(model, deployment);
    if let Some(new) = &mut sets.new {
        new.scale(model, deployment, deployment.replicas);
    }
    if deployment.is_complete(&deployment.counts(sets)) {
        sets.forget(model, deployment);
    }
    deployment.write_progress(model, sets);
}

/// What a Deployment wants, with what the API server fills in.
struct Deployment {
    key: Key,
    object: std::sync::Arc<Value>,
    /// The status as this look has changed it so far.
    status: Value,
    replicas: i64,
    surge: i64,
    unavailable: i64,
    min_ready: i64,
    deadline: i64,
    history: i64,
    is_paused: bool,
    is_recreate: bool,
}

impl Deployment {
    fn read(model: &Model, key: &Key) -> Option<Self> {
        let object = model.get(key)?.clone();
        let replicas = number(&object, "/spec/replicas").unwrap_or(1);
        let is_recreate = text(&object, "/spec/strategy/type") == "Recreate";
        let (surge, unavailable) = if is_recreate { (0, 0) } else { limits(&object, replicas) };
        Some(Self {
            key: key.clone(),
            status: object["status"].clone(),
            replicas,
            surge,
            unavailable,
            min_ready: number(&object, "/spec/minReadySeconds").unwrap_or(0),
            deadline: number(&object, "/spec/progressDeadlineSeconds").unwrap_or(600),
            history: number(&object, "/spec/revisionHistoryLimit").unwrap_or(10),
            is_paused: object["spec"]["paused"] == json!(true),
            is_recreate,
            object,
        })
    }

    /// Numbers the Deployment as its newest ReplicaSet.
    fn set_revision(&mut self, model: &mut Model, revision: i64) {
        let revision = json!(revision.to_string());
        let status = self.status.clone();
        model.update(&self.key, object::CONTROLLERS, |object| {
            object["metadata"]["annotations"][REVISION] = revision;
            if status.is_object() {
                object["status"] = status;
            }
        });
    }

    fn replica_set_key(&self, hash: &str) -> Key {
        self.key.beside(Kind::ReplicaSet, format!("{}-{hash}", self.key.name))
    }
}

/// `maxSurge` and `maxUnavailable` in pods. If both come to none, one pod may be unavailable (`ResolveFenceposts`).
fn limits(object: &Value, replicas: i64) -> (i64, i64) {
    let limit = |field: &str, up: bool| {
        let value = &object["spec"]["strategy"]["rollingUpdate"][field];
        match (value.as_i64(), value.as_str().and_then(|text| text.strip_suffix('%')?.parse::<i64>().ok())) {
            (Some(pods), _) => pods,
            (None, percent) => {
                let hundredths = percent.unwrap_or(25).saturating_mul(replicas);
                (hundredths + if up { 99 } else { 0 }) / 100
            }
        }
    };
    let (surge, unavailable) = (limit("maxSurge", true), limit("maxUnavailable", false));
    let unavailable = if surge == 0 && unavailable == 0 { 1 } else { unavailable };
    (surge, unavailable.min(replicas))
}
