//! What the testbed and the code of Kubernetes show about StatefulSets.

use super::super::testing::{NAMESPACE, World};
use crate::{Key, Kind, workload};
use serde_json::{Value, json};

/// `replicas/ready/available/current/updated`, and whether the two revisions are one.
fn counters(set: &Value) -> String {
    let status = &set["status"];
    let count = |field: &str| status[field].as_i64().unwrap_or(0);
    let fields = ["replicas", "readyReplicas", "availableReplicas", "currentReplicas", "updatedReplicas"];
    let counts = fields.map(|field| count(field).to_string()).join("/");
    let is_one = status["currentRevision"] == status["updateRevision"];
    format!("{counts} {}", if is_one { "one" } else { "two" })
}

fn revisions(world: &World) -> Vec<(i64, String)> {
    let all = world.model.list(Kind::ControllerRevision, Some(NAMESPACE));
    let mut all: Vec<_> =
        all.map(|(key, object)| (object["revision"].as_i64().unwrap(), key.name.clone())).collect();
    all.sort();
    all
}

#[test]
fn pods_are_made_one_after_the_other_with_their_labels() {
    let mut world = World::new();
    let key = world.create(super::super::testing::workload("StatefulSet", &json!({})));
    let seen = world.watch(10, World::pods);
    assert_eq!(
        seen,
        [
            "",
            "atlas-0 1.0.0 pending",
            "atlas-0 1.0.0 ContainerCreating",
            "atlas-0 1.0.0 ready",
            "atlas-0 1.0.0 ready, atlas-1 1.0.0 pending",
            "atlas-0 1.0.0 ready, atlas-1 1.0.0 ContainerCreating",
            "atlas-0 1.0.0 ready, atlas-1 1.0.0 ready",
        ]
    );
    let set = world.get(&key);
    assert_eq!(counters(&set), "2/2/2/2/2 one");
    assert_eq!(set["status"]["collisionCount"], 0);
    let pod = world.pod("atlas-1");
    assert_eq!(
        pod["metadata"]["labels"],
        json!({
            "app": "atlas", "controller-revision-hash": set["status"]["updateRevision"],
            "statefulset.kubernetes.io/pod-name": "atlas-1", "apps.kubernetes.io/pod-index": "1",
        })
    );
    let owner = &pod["metadata"]["ownerReferences"][0];
    assert_eq!([&owner["kind"], &owner["uid"]], [&json!("StatefulSet"), &set["metadata"]["uid"]]);
    assert_eq!(owner["controller"], true);
}

#[test]
fn parallel_pods_are_made_at_once() {
    let mut world = World::new();
    world.create(super::super::testing::workload(
        "StatefulSet",
        &json!({ "podManagementPolicy": "Parallel" }),
    ));
    let seen = world.watch(1, World::pods);
    assert_eq!(seen.get(1).unwrap(), "atlas-0 1.0.0 pending, atlas-1 1.0.0 pending");
}

#[test]
fn a_new_template_replaces_the_highest_pod_first_and_the_counters_follow() {
    let mut world = World::new();
    let key = world.stateful_set(&json!({}));
    world.release(&key, "1.1.0");
    let seen = world.watch(10, |world| counters(&world.get(&key)));
    assert_eq!(
        seen,
        [
            "2/2/2/2/2 one",
            // The first look ends atlas-1 and counts the pods as they were.
            "2/2/2/1/0 two",
            "1/1/1/1/0 two",
            "2/1/1/1/1 two",
            "2/2/2/0/1 two",
            "1/1/1/0/1 two",
            "2/1/1/0/2 two",
            "2/2/2/2/2 one",
        ]
    );
    assert_eq!(world.pods(), "atlas-0 1.1.0 ready, atlas-1 1.1.0 ready");
}

#[test]
fn the_observed_generation_lags_behind_a_change_of_the_spec() {
    let mut world = World::new();
    let key = world.stateful_set(&json!({}));
    world.release(&key, "1.1.0");
    let is_seen = |world: &World| {
        let set = world.get(&key);
        (set["status"]["observedGeneration"] == set["metadata"]["generation"]).to_string()
    };
    assert_eq!(world.watch(5, is_seen), ["false", "true"]);
}

#[test]
fn a_template_that_returns_reuses_its_revision_with_a_new_number() {
    let mut world = World::new();
    let key = world.stateful_set(&json!({}));
    let [(1, first)] = &revisions(&world)[..] else { panic!("{:?}", revisions(&world)) };
    world.release(&key, "1.1.0");
    world.pass(10);
    assert_eq!(revisions(&world).len(), 2);
    world.release(&key, "1.0.0");
    world.pass(10);
    let after = revisions(&world);
    assert_eq!(after.len(), 2);
    assert_eq!(after.last().unwrap(), &(3, first.clone()));
    assert_eq!(world.get(&key)["status"]["updateRevision"], json!(first));
    assert_eq!(world.pods(), "atlas-0 1.0.0 ready, atlas-1 1.0.0 ready");
}

#[test]
fn the_oldest_revisions_are_forgotten() {
    let mut world = World::new();
    let key = world.stateful_set(&json!({ "revisionHistoryLimit": 2 }));
    for tag in ["2", "3", "4", "5"] {
        world.release(&key, tag);
        world.pass(10);
    }
    let numbers: Vec<i64> = revisions(&world).into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, [3, 4, 5]);
}

#[test]
fn a_broken_pod_of_an_older_revision_is_not_replaced_until_somebody_deletes_it() {
    let mut world = World::new();
    let key = world.stateful_set(&json!({}));
    world.release(&key, "badpull-1");
    world.pass(20);
    assert_eq!(world.pods(), "atlas-0 1.0.0 ready, atlas-1 badpull-1 ImagePullBackOff");
    world.release(&key, "1.0.0");
    world.pass(600);
    assert_eq!(world.pods(), "atlas-0 1.0.0 ready, atlas-1 badpull-1 ImagePullBackOff");
    // As measured: both revisions are one, and only the counters show it.
    assert_eq!(counters(&world.get(&key)), "2/1/1/1/1 one");

    world.delete_pod("atlas-1");
    world.pass(5);
    assert_eq!(world.pods(), "atlas-0 1.0.0 ready, atlas-1 1.0.0 ready");
    assert_eq!(counters(&world.get(&key)), "2/2/2/2/2 one");
}

#[test]
fn a_parallel_set_replaces_a_broken_pod_by_itself() {
    let mut world = World::new();
    let key = world.stateful_set(&json!({ "podManagementPolicy": "Parallel" }));
    world.release(&key, "crash-1");
    world.pass(20);
    assert_eq!(world.pods(), "atlas-0 1.0.0 ready, atlas-1 crash-1 CrashLoopBackOff");
    world.release(&key, "1.1.0");
    world.pass(10);
    assert_eq!(world.pods(), "atlas-0 1.1.0 ready, atlas-1 1.1.0 ready");
}

#[test]
fn a_partition_keeps_the_lower_pods_even_when_they_are_made_anew() {
    let mut world = World::new();
    let key = world.stateful_set(&json!({ "updateStrategy": { "rollingUpdate": { "partition": 1 } } }));
    world.release(&key, "1.1.0");
    world.pass(10);
    assert_eq!(world.pods(), "atlas-0 1.0.0 ready, atlas-1 1.1.0 ready");
    assert_eq!(counters(&world.get(&key)), "2/2/2/1/1 two");
    world.delete_pod("atlas-0");
    world.pass(10);
    assert_eq!(world.pods(), "atlas-0 1.0.0 ready, atlas-1 1.1.0 ready");
}

#[test]
fn with_on_delete_only_deleted_pods_are_replaced() {
    let mut world = World::new();
    let key = world.stateful_set(&json!({ "updateStrategy": { "type": "OnDelete" } }));
    world.release(&key, "1.1.0");
    world.pass(10);
    assert_eq!(world.pods(), "atlas-0 1.0.0 ready, atlas-1 1.0.0 ready");
    assert_eq!(counters(&world.get(&key)), "2/2/2/2/0 two");
    world.delete_pod("atlas-0");
    world.delete_pod("atlas-1");
    world.pass(10);
    assert_eq!(world.pods(), "atlas-0 1.1.0 ready, atlas-1 1.1.0 ready");
    assert_eq!(counters(&world.get(&key)), "2/2/2/0/2 two");
}

#[test]
fn a_pod_counts_as_available_only_after_its_min_ready_seconds() {
    let mut world = World::new();
    let key = world.create(super::super::testing::workload("StatefulSet", &json!({ "minReadySeconds": 10 })));
    world.pass(5);
    assert_eq!(world.pods(), "atlas-0 1.0.0 ready");
    assert_eq!(counters(&world.get(&key)), "1/1/0/1/1 one");
    world.pass(30);
    assert_eq!(counters(&world.get(&key)), "2/2/2/2/2 one");
}

#[test]
fn a_set_is_scaled_up_from_below_and_down_from_above() {
    let mut world = World::new();
    let key = world.stateful_set(&json!({ "replicas": 1 }));
    world.set(&key, "/spec/replicas", json!(3));
    world.pass(10);
    assert_eq!(world.pods(), "atlas-0 1.0.0 ready, atlas-1 1.0.0 ready, atlas-2 1.0.0 ready");
    world.set(&key, "/spec/replicas", json!(0));
    let mut seen = world.watch(10, World::pods);
    seen.retain(|pods| !pods.contains("ending"));
    assert_eq!(seen.last().unwrap(), "");
    assert_eq!(seen.len(), 4, "{seen:#?}");
    assert_eq!(counters(&world.get(&key)), "0/0/0/0/0 one");
    world.release(&key, "1.1.0");
    world.pass(5);
    assert_eq!(world.get(&key)["status"]["observedGeneration"], world.get(&key)["metadata"]["generation"]);
}

#[test]
fn an_evicted_pod_is_made_anew_under_its_name() {
    let mut world = World::new();
    world.stateful_set(&json!({}));
    let before = world.pod("atlas-0")["metadata"]["uid"].clone();
    workload::evict(&mut world.model, &Key::new(Kind::Pod, NAMESPACE, "atlas-0"));
    assert_eq!(world.pod("atlas-0")["status"]["reason"], "Evicted");
    world.pass(10);
    assert_eq!(world.pods(), "atlas-0 1.0.0 ready, atlas-1 1.0.0 ready");
    assert_ne!(world.pod("atlas-0")["metadata"]["uid"], before);
}

#[test]
fn a_set_that_is_gone_takes_its_pods_and_revisions_with_it() {
    let mut world = World::new();
    let key = world.stateful_set(&json!({}));
    world.model.delete(&key);
    world.pass(5);
    assert_eq!(world.pods(), "");
    assert!(revisions(&world).is_empty());
}
