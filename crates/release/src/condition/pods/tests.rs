//! What pods say about why they cannot run.

use super::trouble;
use crate::workload::Pod;
use insta::assert_snapshot;
use serde_json::{Value, json};

const NOW: &str = "2026-11-23T12:10:00Z";

/// A pod that is not ready, with one container in this state.
fn pod(state: Value, restarts: u32, last: Value) -> Value {
    json!({
        "metadata": {"name": "atlas-1", "namespace": "tenant-a"},
        "status": {
            "phase": "Pending",
            "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady",
                "lastTransitionTime": "2026-11-23T12:00:00Z"}],
            "containerStatuses": [{"name": "atlas", "ready": false, "restartCount": restarts, "image": "x",
                "imageID": "", "state": state, "lastState": last}],
        }
    })
}

fn waiting(reason: &str, message: &str) -> Value {
    pod(json!({"waiting": {"reason": reason, "message": message}}), 0, json!({}))
}

fn ended(reason: &str, code: i32, at: &str) -> Value {
    json!({"terminated": {"reason": reason, "exitCode": code, "finishedAt": at}})
}

/// The trouble in one line, with what to do about it.
fn say(pod: &Value) -> String {
    let pod: Pod = serde_json::from_value(pod.clone()).unwrap();
    let Some(trouble) = trouble(&pod, NOW.parse().unwrap()) else { return "none".to_owned() };
    let problem = trouble.problem("tenant-a");
    let kind = if trouble.is_final { "final" } else { "passing" };
    let field = &problem.evidence.first().unwrap().field;
    format!("{kind} {}: {} | {} | {field}", problem.code, problem.message, problem.advice.unwrap())
}

#[test]
fn an_image_that_cannot_be_pulled_is_final() {
    let message = "Back-off pulling image \"registry.example.com/acme/atlas:2.0.0\"";
    assert_snapshot!(say(&waiting("ImagePullBackOff", message)), @r#"final image_pull: container atlas of Pod tenant-a/atlas-1 cannot run: ImagePullBackOff: Back-off pulling image "registry.example.com/acme/atlas:2.0.0" | check that the image exists and that the pod's pull secret may read it: `kubectl -n tenant-a describe pod atlas-1` | status.containerStatuses[atlas].state.waiting.reason"#);
    for reason in ["ErrImagePull", "InvalidImageName", "ErrImageNeverPull"] {
        assert!(say(&waiting(reason, "")).starts_with("final image_pull: "), "{reason}");
    }
    assert!(say(&waiting("RegistryUnavailable", "")).starts_with("passing image_pull: "));
}

#[test]
fn a_pod_that_is_only_starting_has_no_trouble() {
    for reason in ["ContainerCreating", "PodInitializing", ""] {
        assert_eq!(say(&waiting(reason, "")), "none");
    }
    let running = json!({"running": {"startedAt": "2026-11-23T12:09:00Z"}});
    assert_eq!(say(&pod(running, 0, json!({}))), "none");
    assert_eq!(say(&json!({})), "none");
}

#[test]
fn a_configuration_that_is_missing_is_final_and_one_that_is_late_is_not() {
    assert_snapshot!(say(&waiting("CreateContainerConfigError", "secret \"atlas-license\" not found")), @r#"final config_error: container atlas of Pod tenant-a/atlas-1 cannot run: CreateContainerConfigError: secret "atlas-license" not found | create the ConfigMap, Secret or key that is missing: `kubectl -n tenant-a describe pod atlas-1` | status.containerStatuses[atlas].state.waiting.reason"#);
    let late = "failed to sync secret cache: timed out waiting for the condition";
    assert!(say(&waiting("CreateContainerConfigError", late)).starts_with("passing config_error: "));
    for reason in ["CreateContainerError", "RunContainerError", "PostStartHookError"] {
        assert!(say(&waiting(reason, "")).starts_with("final container_start: "), "{reason}");
    }
}

#[test]
fn a_crash_is_final_the_third_time() {
    let back_off = json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 20s restarting failed container"}});
    let crash = |restarts| say(&pod(back_off.clone(), restarts, ended("Error", 2, "2026-11-23T12:09:00Z")));
    assert!(crash(2).starts_with("passing crash_loop: "), "{}", crash(2));
    assert_snapshot!(crash(3), @"final crash_loop: container atlas of Pod tenant-a/atlas-1 cannot run: CrashLoopBackOff: back-off 20s restarting failed container: 3 restarts: Error: exit code 2 | read its last words: `kubectl -n tenant-a logs atlas-1 -c atlas --previous` | status.containerStatuses[atlas].state.waiting.reason, restartCount, lastState.terminated");
}

#[test]
fn a_container_between_two_crashes_is_still_crashing() {
    let running = json!({"running": {"startedAt": "2026-11-23T12:09:01Z"}});
    let crashed = |at| say(&pod(running.clone(), 3, ended("Error", 1, at)));
    assert!(crashed("2026-11-23T12:09:00Z").starts_with("final crash_loop: "));
    assert_eq!(crashed("2026-11-20T12:09:00Z"), "none", "days ago");
}

#[test]
fn an_init_container_that_is_done_has_no_trouble_and_one_that_crashes_has() {
    let mut initialising = waiting("PodInitializing", "");
    let done = ended("Completed", 0, "2026-11-23T12:09:00Z");
    initialising["status"]["initContainerStatuses"] =
        json!([{"name": "migrate", "ready": false, "restartCount": 3, "state": done, "lastState": {}}]);
    assert_eq!(say(&initialising), "none");
    initialising["status"]["initContainerStatuses"][0]["state"] =
        json!({"waiting": {"reason": "CrashLoopBackOff"}});
    assert_snapshot!(say(&initialising), @"final crash_loop: container migrate of Pod tenant-a/atlas-1 cannot run: CrashLoopBackOff: 3 restarts | read its last words: `kubectl -n tenant-a logs atlas-1 -c migrate --previous` | status.initContainerStatuses[migrate].state.waiting.reason, restartCount, lastState.terminated");
}

#[test]
fn a_container_killed_twice_for_its_memory_needs_more() {
    let back_off = json!({"waiting": {"reason": "CrashLoopBackOff", "message": ""}});
    let killed =
        |restarts| say(&pod(back_off.clone(), restarts, ended("OOMKilled", 137, "2026-11-23T12:09:00Z")));
    assert!(killed(1).starts_with("passing oom_killed: "), "{}", killed(1));
    assert_snapshot!(killed(2), @"final oom_killed: container atlas of Pod tenant-a/atlas-1 cannot run: CrashLoopBackOff: 2 restarts: OOMKilled: exit code 137 | it needs more memory than its limit allows: `kubectl -n tenant-a describe pod atlas-1` | status.containerStatuses[atlas].state.waiting.reason, restartCount, lastState.terminated");
}

#[test]
fn a_pod_that_no_node_takes_gets_five_minutes() {
    let unscheduled = |reason: &str, since: &str| {
        say(&json!({"metadata": {"name": "atlas-1"}, "status": {"phase": "Pending", "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": reason, "lastTransitionTime": since,
             "message": "0/3 nodes are available: 3 Insufficient cpu."}]}}))
    };
    assert!(unscheduled("Unschedulable", "2026-11-23T12:05:01Z").starts_with("passing unschedulable: "));
    assert_snapshot!(unscheduled("Unschedulable", "2026-11-23T12:05:00Z"), @"final unschedulable: Pod tenant-a/atlas-1 cannot run: Unschedulable: 0/3 nodes are available: 3 Insufficient cpu. | no node takes it: `kubectl -n tenant-a describe pod atlas-1` | status.conditions[PodScheduled]");
    assert!(unscheduled("SchedulingGated", "2026-11-23T11:00:00Z").starts_with("passing unschedulable: "));
}

#[test]
fn a_pod_that_was_evicted_is_replaced() {
    let evicted = json!({"metadata": {"name": "atlas-1"}, "status": {"phase": "Failed", "reason": "Evicted",
        "message": "The node was low on resource: memory."}});
    assert_snapshot!(say(&evicted), @"passing pod_failed: Pod tenant-a/atlas-1 cannot run: Failed: Evicted: The node was low on resource: memory. | look at it with `kubectl -n tenant-a describe pod atlas-1` | status.phase");
}

#[test]
fn final_trouble_is_told_before_passing_trouble() {
    let mut both = waiting("RegistryUnavailable", "");
    let containers = both["status"]["containerStatuses"].as_array_mut().unwrap();
    containers.push(json!({"name": "proxy", "state": {"waiting": {"reason": "ImagePullBackOff"}}}));
    assert!(say(&both).starts_with("final image_pull: container proxy"), "{}", say(&both));
}

#[test]
fn a_ready_pod_and_one_that_goes_away_have_no_trouble() {
    let mut ready = waiting("ImagePullBackOff", "");
    ready["status"]["conditions"][0]["status"] = json!("True");
    assert_eq!(say(&ready), "none");
    let mut going = waiting("ImagePullBackOff", "");
    going["metadata"]["deletionTimestamp"] = json!(NOW);
    assert_eq!(say(&going), "none");
}
