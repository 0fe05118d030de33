//! What `testbed/config/kwok.yaml` says about pods, and what simulations add.

use super::super::{
    Behaviour, ImageIdForm, behave, start_nodes, stop_nodes,
    testing::{NAMESPACE, World, image},
};
use crate::{Key, Kind, Model};
use serde_json::{Value, json};

fn pod(namespace: &str, name: &str, image: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "namespace": namespace },
        "spec": { "containers": [{ "name": "atlas", "image": image }] },
        "status": { "phase": "Pending" },
    })
}

/// A pod of the tenant with this tag, and its key.
fn with_tag(tag: &str) -> (World, Key) {
    let mut world = World::new();
    let key = world.create(pod(NAMESPACE, "p", &image(tag)));
    (world, key)
}

fn container(world: &World, key: &Key) -> Value {
    world.get(key)["status"]["containerStatuses"][0].clone()
}

fn ready(world: &World, key: &Key) -> Value {
    let pod = world.get(key);
    super::pod::condition(&pod, "Ready").cloned().unwrap_or_default()
}

#[test]
fn a_pod_is_scheduled_started_and_ready() {
    let (mut world, key) = with_tag("1.0.0");
    let seen = world.watch(5, World::pods);
    assert_eq!(seen, ["p 1.0.0 pending", "p 1.0.0 ContainerCreating", "p 1.0.0 ready"]);
    let pod = world.get(&key);
    assert!(pod["spec"]["nodeName"].as_str().unwrap().starts_with("node-"), "{pod:#}");
    assert_eq!(pod["status"]["phase"], "Running");
    for kind in ["PodScheduled", "Initialized", "ContainersReady", "Ready"] {
        let condition = super::pod::condition(&pod, kind).unwrap();
        assert_eq!(condition["status"], "True", "{kind}");
        assert!(condition["lastTransitionTime"].is_string(), "{kind}");
    }
    let id = container(&world, &key)["imageID"].as_str().unwrap().to_owned();
    assert!(id.starts_with("registry.example.com/atlas@sha256:") && id.len() == 98, "{id}");
}

#[test]
fn the_form_of_an_image_id_can_be_that_of_other_runtimes() {
    let id = |form| {
        let (mut world, key) = with_tag("1.0.0");
        world.model.workloads.image_id = form;
        world.pass(5);
        container(&world, &key)["imageID"].as_str().unwrap().to_owned()
    };
    let docker = id(ImageIdForm::DockerPullable);
    assert!(docker.starts_with("docker-pullable://registry.example.com/atlas@sha256:"), "{docker}");
    let bare = id(ImageIdForm::Bare);
    assert!(bare.len() == 64 && bare.chars().all(|digit| digit.is_ascii_hexdigit()), "{bare}");
}

#[test]
fn a_pod_by_digest_runs_that_digest() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let mut world = World::new();
    let key = world.create(pod(NAMESPACE, "p", &format!("registry.example.com:5000/atlas:1@{digest}")));
    world.pass(5);
    assert_eq!(container(&world, &key)["imageID"], format!("registry.example.com:5000/atlas@{digest}"));
}

#[test]
fn a_bad_pull_is_an_error_and_then_a_back_off() {
    let (mut world, key) = with_tag("badpull-1");
    let seen = world.watch(3600, |world| container(world, &key)["state"]["waiting"].to_string());
    let image = image("badpull-1");
    let why = format!(
        "failed to pull and unpack image {image:?}: failed to resolve reference {image:?}: {image}: not found"
    );
    let expected = [
        json!(null),
        json!({ "reason": "ContainerCreating" }),
        json!({ "reason": "ErrImagePull", "message": why }),
        json!({ "reason": "ImagePullBackOff", "message": format!("Back-off pulling image {image:?}") }),
    ];
    assert_eq!(seen, expected.map(|waiting| waiting.to_string()));
    assert_eq!(world.get(&key)["status"]["phase"], "Pending");
}

#[test]
fn an_image_that_one_tenant_may_not_read_is_denied() {
    let mut world = World::new();
    let key = world.create(pod("tenant-no-pull-one", "p", "r.example.com/atlas-ring-demo:1"));
    world.create(pod("tenant-pull-two", "p", "r.example.com/atlas-ring-demo:1"));
    world.pass(1);
    let waiting = container(&world, &key)["state"]["waiting"].clone();
    assert_eq!(waiting["reason"], "ErrImagePull");
    let message = waiting["message"].as_str().unwrap();
    let end = "pull access denied, repository does not exist or may require authorization";
    assert!(message.ends_with(end), "{message}");
    let other = Key::new(Kind::Pod, "tenant-pull-two", "p");
    assert_eq!(ready(&world, &other)["status"], "True");
}

#[test]
fn a_crash_loops_three_times_with_its_exit_code() {
    let (mut world, key) = with_tag("crash-1");
    world.pass(60);
    let status = container(&world, &key);
    assert_eq!(status["restartCount"], 3);
    assert_eq!(status["lastState"]["terminated"]["exitCode"], 1);
    assert_eq!(status["state"]["waiting"]["reason"], "CrashLoopBackOff");
    assert_eq!(status["state"]["waiting"]["message"], "back-off restarting failed container atlas");
    assert!(status["imageID"].as_str().unwrap().contains("@sha256:"), "{status:#}");
}

#[test]
fn a_missing_secret_is_named() {
    let (mut world, key) = with_tag("configerror-1");
    world.pass(60);
    let waiting = &container(&world, &key)["state"]["waiting"];
    assert_eq!(waiting["reason"], "CreateContainerConfigError");
    assert_eq!(waiting["message"], r#"secret "atlas-credentials" not found"#);
}

#[test]
fn a_pod_that_never_gets_ready_runs() {
    let (mut world, key) = with_tag("never-1");
    world.pass(3600);
    assert_eq!(world.get(&key)["status"]["phase"], "Running");
    assert_eq!(ready(&world, &key)["status"], "False");
    assert_eq!(ready(&world, &key)["reason"], "ContainersNotReady");
}

#[test]
fn slow_pods_take_as_long_as_they_say() {
    for (tag, annotation, seconds) in
        [("slow5s-1", None, 5), ("slow12s", None, 12), ("1", Some("7s"), 7), ("slow", None, 0)]
    {
        let mut world = World::new();
        let mut slow = pod(NAMESPACE, "p", &image(tag));
        if let Some(delay) = annotation {
            slow["metadata"]["annotations"] = json!({ "testbed/ready-delay": delay });
        }
        let key = world.create(slow);
        world.pass(seconds);
        assert_ne!(ready(&world, &key)["status"], "True", "{tag}");
        world.pass(1);
        assert_eq!(ready(&world, &key)["status"], "True", "{tag}");
    }
}

#[test]
fn a_pod_that_asks_for_more_than_a_node_has_stays_unscheduled_and_goes_at_once() {
    let mut world = World::new();
    let mut large = pod(NAMESPACE, "p", &image("1"));
    large["spec"]["containers"][0]["resources"] = json!({ "requests": { "cpu": "5000" } });
    let key = world.create(large);
    world.pass(60);
    let pod = world.get(&key);
    let scheduled = super::pod::condition(&pod, "PodScheduled").unwrap();
    assert_eq!([&scheduled["status"], &scheduled["reason"]], ["False", "Unschedulable"]);
    assert!(scheduled["message"].as_str().unwrap().contains("3 Insufficient cpu"), "{scheduled}");
    world.model.delete(&key);
    assert_eq!(world.pods(), "");
}

#[test]
fn a_deleted_pod_ends_after_a_while() {
    let (mut world, key) = with_tag("1");
    world.pass(5);
    world.model.delete(&key);
    assert_eq!(world.pods(), "p 1 ending");
    world.pass(1);
    assert_eq!(world.pods(), "");
}

#[test]
fn a_pull_that_fails_for_a_while_is_tried_again_with_longer_pauses() {
    let mut world = World::new();
    behave(&mut world.model, NAMESPACE, Some(Behaviour::PullFails));
    let key = world.create(pod(NAMESPACE, "p", &image("1")));
    let reason = |world: &World| container(world, &key)["state"]["waiting"]["reason"].to_string();
    let seen = world.watch(60, reason);
    let tries = seen.iter().filter(|reason| reason.contains("ErrImagePull")).count();
    // At 0, 12, 33 s, and not again before 75 s.
    assert_eq!(tries, 3, "{seen:?}");
    behave(&mut world.model, NAMESPACE, None);
    world.pass(30);
    assert_eq!(world.pods(), "p 1 ready");
}

#[test]
fn containers_that_crash_for_a_while_recover() {
    let mut world = World::new();
    behave(&mut world.model, NAMESPACE, Some(Behaviour::Crashes));
    let key = world.create(pod(NAMESPACE, "p", &image("1")));
    world.pass(60);
    let restarts = container(&world, &key)["restartCount"].as_u64().unwrap();
    assert!(restarts > 3, "{restarts}");
    behave(&mut world.model, NAMESPACE, None);
    world.pass(300);
    assert_eq!(world.pods(), "p 1 ready");
    assert_eq!(container(&world, &key)["restartCount"], restarts);
}

#[test]
fn behaviours_stand_above_tags_and_end() {
    for (tag, behaviour, during, after) in [
        ("badpull", Behaviour::Healthy, "p badpull ready", "p badpull ready"),
        ("1", Behaviour::NeverReady, "p 1 unready", "p 1 ready"),
        ("1", Behaviour::Hangs, "p 1 ContainerCreating", "p 1 ready"),
        ("1", Behaviour::Flaps, "p 1 ready", "p 1 ready"),
    ] {
        let (mut world, _) = with_tag(tag);
        behave(&mut world.model, NAMESPACE, Some(behaviour));
        world.pass(60);
        assert_eq!(world.pods(), during, "{behaviour:?}");
        behave(&mut world.model, NAMESPACE, None);
        world.pass(1);
        assert_eq!(world.pods(), after, "{behaviour:?}");
    }
}

#[test]
fn a_pod_that_flaps_is_ready_then_not_and_then_ready() {
    let (mut world, key) = with_tag("1");
    behave(&mut world.model, NAMESPACE, Some(Behaviour::Flaps));
    let seen = world.watch(30, |world| ready(world, &key)["status"].to_string());
    assert_eq!(seen, ["null", r#""False""#, r#""True""#, r#""False""#, r#""True""#]);
}

#[test]
fn nodes_that_stand_still_do_nothing_and_catch_up() {
    let (mut world, key) = with_tag("1");
    stop_nodes(&mut world.model);
    world.pass(60);
    assert_eq!(world.pods(), "p 1 pending", "the scheduler goes on, its node does not");
    start_nodes(&mut world.model);
    world.pass(1);
    assert_eq!(world.pods(), "p 1 ready");
    stop_nodes(&mut world.model);
    world.model.delete(&key);
    world.pass(60);
    assert_eq!(world.pods(), "p 1 ending");
    start_nodes(&mut world.model);
    world.pass(1);
    assert_eq!(world.pods(), "");
}

#[test]
fn a_registry_that_is_down_is_tried_again() {
    let mut world = World::new();
    let host = "127.0.0.1:15000";
    world.model.registries.at(host).is_down = true;
    let key = world.create(pod(NAMESPACE, "p", &format!("{host}/atlas:1")));
    world.pass(5);
    let message = container(&world, &key)["state"]["waiting"]["message"].to_string();
    assert!(message.contains("Back-off pulling image"), "{message}");
}

#[test]
fn many_tenants_roll_out_at_once() {
    let mut model = Model::new(1, "2026-11-23T12:00:00Z".parse().unwrap());
    let mut set = super::super::testing::workload("StatefulSet", &json!({}));
    for tenant in 0..300 {
        set["metadata"]["namespace"] = json!(format!("tenant-{tenant}"));
        model.create(set.clone(), "test").unwrap();
    }
    model.advance(model.now() + jiff::SignedDuration::from_secs(30));
    let ready = model.list(Kind::Pod, None).filter(|(_, pod)| super::pod::is_ready(pod));
    assert_eq!(ready.count(), 600);
}
