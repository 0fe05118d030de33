//! Jobs as hooks use them.

use super::super::testing::{NAMESPACE, World};
use crate::{Key, Kind};
use serde_json::{Value, json};

/// The hook of the testbed's umbrella chart (`testbed/fleet/charts/umbrella/templates/hook.yaml`).
fn job(annotations: Value, image: &str) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "migrate", "namespace": NAMESPACE },
        "spec": { "backoffLimit": 0, "template": {
            "metadata": { "annotations": annotations },
            "spec": { "restartPolicy": "Never", "containers": [{ "name": "migrate", "image": image }] },
        } },
    })
}

fn state(world: &World, key: &Key) -> String {
    let job = world.get(key);
    let conditions = job["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let kinds: Vec<&str> = conditions.iter().map(|condition| condition["type"].as_str().unwrap()).collect();
    let count = |field: &str| job["status"][field].as_i64().unwrap_or(0);
    format!("{}/{}/{} {}", count("active"), count("succeeded"), count("failed"), kinds.join(" "))
}

#[test]
fn a_job_completes_with_its_pod() {
    let mut world = World::new();
    let key = world.create(job(json!({}), "migrate.example.com/migrate:1"));
    let seen = world.watch(10, |world| state(world, &key));
    assert_eq!(seen, ["0/0/0 ", "1/0/0 ", "0/1/0 SuccessCriteriaMet Complete"]);
    assert_eq!(world.nameless(), "1 succeeded");
    let (_, pod) = world.model.list(Kind::Pod, Some(NAMESPACE)).next().unwrap();
    assert_eq!(pod["metadata"]["labels"]["batch.kubernetes.io/job-name"], "migrate");
    assert_eq!(world.get(&key)["status"]["succeeded"], 1);
}

#[test]
fn a_job_hangs_with_its_pod() {
    let mut world = World::new();
    let key = world.create(job(json!({ "testbed/hang": "true" }), "migrate.example.com/migrate:1"));
    world.pass(3600);
    assert_eq!(state(&world, &key), "1/0/0 ");
    assert_eq!(world.nameless(), "1 ready");
}

#[test]
fn a_job_fails_when_its_pods_failed_too_often() {
    for (limit, expected) in [(0, "0/0/1 FailureTarget Failed"), (1, "0/1/1 SuccessCriteriaMet Complete")] {
        let mut world = World::new();
        let mut job = job(json!({}), "migrate.example.com/migrate:slow5s");
        job["spec"]["backoffLimit"] = json!(limit);
        let key = world.create(job);
        world.pass(2);
        let pod = world.model.list(Kind::Pod, Some(NAMESPACE)).next().unwrap().0.clone();
        crate::workload::evict(&mut world.model, &pod);
        world.pass(60);
        assert_eq!(state(&world, &key), expected);
    }
}
