//! What goes with what.

use super::super::testing::{NAMESPACE, World, workload};
use crate::{Key, Kind};
use serde_json::json;

#[test]
fn an_owner_that_is_deleted_in_the_foreground_goes_after_its_last_dependent() {
    let mut world = World::new();
    let key = world.deployment(&json!({}));
    world.set(&key, "/metadata/finalizers", json!([super::FOREGROUND]));
    world.model.delete(&key);
    let seen = world.watch(10, |world| {
        let sets = world.model.list(Kind::ReplicaSet, Some(NAMESPACE)).count();
        let pods = world.model.list(Kind::Pod, Some(NAMESPACE)).count();
        format!("{} {sets} {pods}", u8::from(world.model.get(&key).is_some()))
    });
    assert_eq!(seen.first().unwrap(), "1 1 2");
    assert_eq!(seen.last().unwrap(), "0 0 0");
    let order: Vec<&String> =
        seen.iter().filter(|look| ["1 1 0", "1 0 0", "0 0 0"].contains(&look.as_str())).collect();
    assert_eq!(order, ["1 1 0", "1 0 0", "0 0 0"]);
}

#[test]
fn the_pods_of_a_new_owner_of_the_same_name_stay() {
    let mut world = World::new();
    let key = world.stateful_set(&json!({}));
    let before = world.get(&key)["metadata"]["uid"].clone();
    world.model.delete(&key);
    world.create(workload("StatefulSet", &json!({})));
    world.pass(20);
    assert_eq!(world.pods(), "atlas-0 1.0.0 ready, atlas-1 1.0.0 ready");
    let owner = world.pod("atlas-0")["metadata"]["ownerReferences"][0]["uid"].clone();
    assert_ne!(owner, before);
    assert_eq!(owner, world.get(&key)["metadata"]["uid"]);
}

#[test]
fn a_namespace_that_is_deleted_goes_with_everything_in_it_and_takes_nothing_new() {
    let mut world = World::new();
    let namespace = world.create(json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE },
    }));
    world.stateful_set(&json!({}));
    world.create(workload("Deployment", &json!({})));
    world.pass(10);
    world.model.delete(&namespace);
    let terminating = |world: &World| {
        let phase = world.get(&namespace)["status"]["phase"].clone();
        format!("{phase} {}", world.model.list(Kind::Pod, Some(NAMESPACE)).count())
    };
    let seen = world.watch(10, terminating);
    let counts: Vec<&String> = seen.iter().filter(|look| look.contains("Terminating")).collect();
    assert!(counts.is_sorted_by(|one, next| one >= next), "no pod is made any more: {seen:?}");
    assert_eq!(seen.last().unwrap(), "null 0");
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_namespaced()) {
        assert_eq!(world.model.list(kind, Some(NAMESPACE)).count(), 0, "{kind:?}");
    }
}

#[test]
fn a_namespace_waits_for_what_a_finalizer_holds() {
    let mut world = World::new();
    let namespace = world.create(json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE },
    }));
    let held = world.create(json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": "held", "namespace": NAMESPACE, "finalizers": ["example.com/hold"] },
    }));
    world.model.delete(&namespace);
    world.pass(60);
    assert!(world.model.get(&namespace).is_some());
    world.set(&held, "/metadata/finalizers", json!([]));
    world.pass(5);
    assert!(world.model.get(&Key::new(Kind::Namespace, "", NAMESPACE)).is_none());
}
