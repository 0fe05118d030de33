//! What the testbed and the code of Kubernetes show about Deployments.

use super::super::testing::{NAMESPACE, World, workload};
use crate::{Key, Kind};
use serde_json::{Value, json};

/// `revision tag wanted`, for each ReplicaSet by revision.
fn sets(world: &World) -> Vec<String> {
    let all = world.model.list(Kind::ReplicaSet, Some(NAMESPACE)).map(|(_, set)| {
        let revision = set["metadata"]["annotations"][super::REVISION].as_str().unwrap();
        let image = set["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap();
        format!("{revision} {} {}", image.rsplit(':').next().unwrap(), set["spec"]["replicas"])
    });
    let mut all: Vec<String> = all.collect();
    all.sort();
    all
}

fn condition(world: &World, key: &Key, kind: &str) -> String {
    let object = world.get(key);
    let found = object["status"]["conditions"].as_array().unwrap().iter();
    let says = found.filter(|condition| condition["type"] == kind);
    says.map(|condition| {
        format!("{} {}", condition["status"].as_str().unwrap(), condition["reason"].as_str().unwrap())
    })
    .collect()
}

fn counters(object: &Value) -> [i64; 4] {
    ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"]
        .map(|field| object["status"][field].as_i64().unwrap_or(0))
}

#[test]
fn a_deployment_makes_a_replica_set_with_a_hash_and_a_number() {
    let mut world = World::new();
    let key = world.deployment(&json!({}));
    assert_eq!(world.nameless(), "1.0.0 ready, 1.0.0 ready");
    assert_eq!(sets(&world), ["1 1.0.0 2"]);
    let deployment = world.get(&key);
    assert_eq!(deployment["metadata"]["annotations"][super::REVISION], "1");
    assert_eq!(counters(&deployment), [2, 2, 2, 2]);
    let (set_key, set) = world.model.list(Kind::ReplicaSet, Some(NAMESPACE)).next().unwrap();
    let hash = set["metadata"]["labels"][super::TEMPLATE].as_str().unwrap();
    assert_eq!(set_key.name, format!("atlas-{hash}"));
    let (pod_key, pod) = world.model.list(Kind::Pod, Some(NAMESPACE)).next().unwrap();
    assert_eq!(pod["metadata"]["labels"][super::TEMPLATE], hash);
    assert_eq!(pod["metadata"]["ownerReferences"][0]["uid"], set["metadata"]["uid"]);
    assert!(pod_key.name.starts_with(&format!("{}-", set_key.name)), "{pod_key}");
    assert_eq!(condition(&world, &key, "Available"), "True MinimumReplicasAvailable");
    assert_eq!(condition(&world, &key, "Progressing"), "True NewReplicaSetAvailable");
}

#[test]
fn a_new_template_surges_and_leaves_the_old_replica_set_empty() {
    let mut world = World::new();
    let key = world.deployment(&json!({ "replicas": 4 }));
    world.release(&key, "1.1.0");
    let wanted = |world: &World| sets(world).join(", ");
    let seen = world.watch(20, wanted);
    // A quarter more, a quarter less: at most five pods, at least three available.
    assert_eq!(seen.first().unwrap(), "1 1.0.0 4");
    assert_eq!(seen.get(1).unwrap(), "1 1.0.0 3, 2 1.1.0 1");
    assert_eq!(seen.last().unwrap(), "1 1.0.0 0, 2 1.1.0 4");
    assert_eq!(world.nameless(), ["1.1.0 ready"; 4].join(", "));
    assert_eq!(counters(&world.get(&key)), [4; 4]);

    world.release(&key, "1.0.0");
    world.pass(20);
    assert_eq!(sets(&world), ["2 1.1.0 0", "3 1.0.0 4"]);
    assert_eq!(world.get(&key)["metadata"]["annotations"][super::REVISION], "3");
}

#[test]
fn a_broken_release_keeps_old_pods_and_exceeds_its_deadline() {
    let mut world = World::new();
    let key = world.deployment(&json!({ "progressDeadlineSeconds": 60 }));
    world.release(&key, "badpull-1");
    world.pass(50);
    assert_eq!(world.nameless(), "1.0.0 ready, 1.0.0 ready, badpull-1 ImagePullBackOff");
    assert_eq!(condition(&world, &key, "Progressing"), "True ReplicaSetUpdated");
    world.pass(20);
    assert_eq!(condition(&world, &key, "Progressing"), "False ProgressDeadlineExceeded");
    let said = world.get(&key)["status"]["conditions"].to_string();
    assert!(said.contains("has timed out progressing"), "{said}");

    world.release(&key, "1.1.0");
    world.pass(20);
    assert_eq!(world.nameless(), "1.1.0 ready, 1.1.0 ready");
    assert_eq!(condition(&world, &key, "Progressing"), "True NewReplicaSetAvailable");
}

#[test]
fn recreating_ends_all_old_pods_before_it_makes_a_new_one() {
    let mut world = World::new();
    let key = world.deployment(&json!({ "strategy": { "type": "Recreate" } }));
    world.release(&key, "1.1.0");
    let seen = world.watch(20, World::nameless);
    let is_mixed = |pods: &&String| pods.contains("1.0.0") && pods.contains("1.1.0");
    assert_eq!(seen.iter().find(is_mixed), None);
    assert_eq!(seen.last().unwrap(), "1.1.0 ready, 1.1.0 ready");
}

#[test]
fn a_paused_deployment_makes_nothing_of_a_new_template_until_it_is_resumed() {
    let mut world = World::new();
    let key = world.deployment(&json!({}));
    world.set(&key, "/spec/paused", json!(true));
    world.release(&key, "1.1.0");
    world.pass(20);
    assert_eq!(sets(&world), ["1 1.0.0 2"]);
    assert_eq!(condition(&world, &key, "Progressing"), "Unknown DeploymentPaused");
    let deployment = world.get(&key);
    assert_eq!(deployment["metadata"]["annotations"][super::REVISION], "1");
    assert_eq!(deployment["status"]["observedGeneration"], deployment["metadata"]["generation"]);
    world.set(&key, "/spec/replicas", json!(3));
    world.pass(20);
    assert_eq!(sets(&world), ["1 1.0.0 3"]);
    world.set(&key, "/spec/paused", json!(false));
    world.pass(20);
    assert_eq!(world.nameless(), "1.1.0 ready, 1.1.0 ready, 1.1.0 ready");
}

#[test]
fn scaling_makes_no_revision() {
    let mut world = World::new();
    let key = world.deployment(&json!({}));
    for replicas in [5, 0, 1] {
        world.set(&key, "/spec/replicas", json!(replicas));
        world.pass(20);
        assert_eq!(sets(&world), [format!("1 1.0.0 {replicas}")]);
        assert_eq!(counters(&world.get(&key)), [replicas; 4]);
    }
}

#[test]
fn a_scaling_during_a_rollout_is_shared_in_proportion() {
    let mut world = World::new();
    let key = world.deployment(&json!({ "replicas": 4 }));
    world.release(&key, "never-1");
    world.pass(20);
    // One pod more and one less than four; the new ones never get ready.
    assert_eq!(sets(&world), ["1 1.0.0 3", "2 never-1 2"]);
    world.set(&key, "/spec/replicas", json!(8));
    world.pass(20);
    // Ten may be there: twice as many of each.
    assert_eq!(sets(&world), ["1 1.0.0 6", "2 never-1 4"]);
}

#[test]
fn pods_are_available_only_after_their_min_ready_seconds() {
    let mut world = World::new();
    let key = world.create(workload("Deployment", &json!({ "minReadySeconds": 10 })));
    world.pass(5);
    assert_eq!(counters(&world.get(&key)), [2, 2, 2, 0]);
    assert_eq!(condition(&world, &key, "Available"), "False MinimumReplicasUnavailable");
    world.pass(10);
    assert_eq!(counters(&world.get(&key)), [2, 2, 2, 2]);
}

#[test]
fn an_evicted_pod_stays_as_an_object_beside_its_successor() {
    let mut world = World::new();
    world.deployment(&json!({}));
    let pod = world.model.list(Kind::Pod, Some(NAMESPACE)).next().unwrap().0.clone();
    crate::workload::evict(&mut world.model, &pod);
    world.pass(10);
    assert_eq!(world.nameless(), "1.0.0 failed, 1.0.0 ready, 1.0.0 ready");
}

#[test]
fn a_deployment_that_is_gone_takes_everything_with_it() {
    let mut world = World::new();
    let key = world.deployment(&json!({}));
    world.model.delete(&key);
    world.pass(5);
    assert_eq!(world.nameless(), "");
    assert!(sets(&world).is_empty());
}
