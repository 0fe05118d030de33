//! When pods prove an image: what both kinds of workload share here, one file for each kind.

mod deployment;
mod properties;
mod stateful_set;

use super::{RolloutState, examine};
use crate::{
    image::{Digest, ResolvedDigests},
    service::WorkloadKind,
    step::ExpectedWorkload,
    workload::{Pod, ReplicaSet, RolloutSnapshot, Workload},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const NOW: &str = "2026-11-23T12:10:00Z";
const IMAGE: &str = "registry.example.com/acme/atlas:2.0.0";

fn digest(digit: char) -> String {
    format!("sha256:{}", digit.to_string().repeat(64))
}

fn digests() -> ResolvedDigests {
    let platforms = BTreeMap::from([("linux/amd64".parse().unwrap(), Digest(digest('b')))]);
    ResolvedDigests { digest: Digest(digest('a')), platforms }
}

fn expected(kind: WorkloadKind) -> ExpectedWorkload {
    ExpectedWorkload {
        kind,
        name: "atlas".to_owned(),
        container: "atlas".to_owned(),
        image: IMAGE.to_owned(),
        digests: Some(digests()),
    }
}

/// A workload, its ReplicaSets and its pods, as JSON like an API server's.
#[derive(Clone)]
struct Fixture {
    expected: ExpectedWorkload,
    workload: Value,
    replica_sets: Vec<Value>,
    pods: Vec<Value>,
}

impl Fixture {
    fn snapshot(&self) -> RolloutSnapshot {
        let read = |value: &Value| -> Workload { serde_json::from_value(value.clone()).unwrap() };
        let mut snapshot = RolloutSnapshot::default();
        snapshot.workloads.insert((self.expected.kind, self.expected.name.clone()), read(&self.workload));
        for value in &self.replica_sets {
            let set: ReplicaSet = serde_json::from_value(value.clone()).unwrap();
            snapshot.replica_sets.insert(set.metadata.name.clone(), set);
        }
        for value in &self.pods {
            let pod: Pod = serde_json::from_value(value.clone()).unwrap();
            snapshot.pods.insert(pod.metadata.name.clone(), pod);
        }
        snapshot
    }

    fn ask(&self) -> RolloutState {
        examine(&self.snapshot(), "tenant-a", std::slice::from_ref(&self.expected), NOW.parse().unwrap())
    }

    /// The answer in one line.
    fn say(&self) -> String {
        line(self.ask())
    }

    fn set(&mut self, pointer: &str, value: Value) -> &mut Self {
        set(&mut self.workload, pointer, value);
        self
    }
}

fn set(object: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match object.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        parent => parent[key] = value,
    }
}

fn line(state: RolloutState) -> String {
    match state {
        RolloutState::Waiting { proof, finished_pods, wanted_pods, awaiting } => {
            format!("{proof} {finished_pods}/{wanted_pods}: {}", awaiting.what)
        }
        RolloutState::Failed { proof, problem } => {
            let advice = problem.advice.unwrap_or_default();
            format!("failed {} after {proof}: {} | {advice}", problem.code, problem.message)
        }
        RolloutState::Proven { proof, notes, newest_ready } => {
            let ready = newest_ready.map_or_else(|| "never".to_owned(), |at| at.to_string());
            format!("{proof} {notes:?}, ready {ready}")
        }
    }
}

/// A ready pod that runs the right image.
fn pod(name: &str, labels: Value, owner_kind: &str, owner_uid: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "tenant-a", "labels": labels,
            "creationTimestamp": "2026-11-23T12:00:00Z",
            "ownerReferences": [{"kind": owner_kind, "name": "atlas", "uid": owner_uid, "controller": true}]},
        "spec": {"containers": [{"name": "atlas", "image": IMAGE}, {"name": "proxy", "image": "proxy:1"}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-23T12:01:00Z"}],
            "containerStatuses": [
                {"name": "proxy", "ready": true, "restartCount": 0, "imageID": format!("proxy@{}", digest('f')),
                    "state": {"running": {}}, "lastState": {}},
                {"name": "atlas", "ready": true, "restartCount": 0, "state": {"running": {}}, "lastState": {},
                    "imageID": format!("registry.example.com/acme/atlas@{}", digest('b'))}],
        }
    })
}

fn not_ready(pod: &mut Value) {
    set(pod, "/status/conditions/0/status", json!("False"));
}

/// The container of the pod waits for this reason.
fn stuck(pod: &mut Value, reason: &str) {
    not_ready(pod);
    set(
        pod,
        "/status/containerStatuses/1/state",
        json!({"waiting": {"reason": reason, "message": "it says why"}}),
    );
}

fn template(image: &str) -> Value {
    json!({"spec": {"containers": [{"name": "proxy", "image": "proxy:1"}, {"name": "atlas", "image": image}]}})
}
