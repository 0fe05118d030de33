//! Deployments.

use super::*;
use insta::assert_snapshot;

/// A Deployment with two pods, all new and ready, and the ReplicaSet that it had before.
pub(super) fn deployment() -> Fixture {
    let workload = json!({
        "metadata": {"name": "atlas", "namespace": "tenant-a", "uid": "dep-1", "generation": 4,
            "annotations": {"deployment.kubernetes.io/revision": "10"}},
        "spec": {"replicas": 2, "template": template(IMAGE)},
        "status": {"observedGeneration": 4, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2,
            "availableReplicas": 2, "conditions": [
                {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable", "message": "ok"}]},
    });
    Fixture {
        expected: expected(WorkloadKind::Deployment),
        workload,
        replica_sets: vec![replica_set("old", "9"), replica_set("new", "10")],
        pods: vec![member("1", "new"), member("2", "new")],
    }
}

fn replica_set(template: &str, revision: &str) -> Value {
    let image = if template == "new" { IMAGE } else { "registry.example.com/acme/atlas:1.9.0" };
    json!({"spec": {"template": super::template(image)},
        "metadata": {"name": format!("atlas-{template}"), "uid": format!("rs-{template}"),
        "labels": {"pod-template-hash": template}, "annotations": {"deployment.kubernetes.io/revision": revision},
        "ownerReferences": [{"kind": "Deployment", "name": "atlas", "uid": "dep-1", "controller": true}]}})
}

pub(super) fn member(name: &str, template: &str) -> Value {
    let (name, uid) = (format!("atlas-{template}-{name}"), format!("rs-{template}"));
    pod(&name, json!({"pod-template-hash": template}), "ReplicaSet", &uid)
}

#[test]
fn all_pods_new_ready_and_right_is_proven() {
    assert_snapshot!(deployment().say(), @"digest_verified [], ready 2026-11-23T12:01:00Z");
}

#[test]
fn the_replica_set_of_the_newest_revision_must_be_seen() {
    let mut fixture = deployment();
    fixture.replica_sets.remove(1);
    assert_snapshot!(fixture.say(), @"applied 0/2: the ReplicaSet of the newest revision of Deployment tenant-a/atlas does not exist");
}

#[test]
fn an_old_replica_set_that_is_used_again_is_the_newest() {
    let mut fixture = deployment();
    fixture.replica_sets = vec![replica_set("old", "11"), replica_set("new", "10")];
    set(&mut fixture.replica_sets[0], "/spec/template", template(IMAGE));
    fixture.set("/metadata/annotations", json!({"deployment.kubernetes.io/revision": "11"}));
    assert!(fixture.say().starts_with("applied 0/2"), "{}", fixture.say());
    fixture.pods = vec![member("1", "old"), member("2", "old")];
    assert!(fixture.say().starts_with("digest_verified"), "{}", fixture.say());
}

#[test]
fn an_old_pod_must_be_gone_or_going() {
    let mut fixture = deployment();
    fixture.pods.push(member("1", "old"));
    assert_snapshot!(fixture.say(), @"applied 2/2: 2 of 2 pods of Deployment tenant-a/atlas are done: Pod tenant-a/atlas-old-1 is old and still there");
    fixture.pods[2]["metadata"]["deletionTimestamp"] = json!(NOW);
    assert!(fixture.say().starts_with("digest_verified"), "{}", fixture.say());
}

#[test]
fn every_live_new_pod_must_be_right() {
    let mut fixture = deployment();
    fixture.pods.push(member("3", "new"));
    not_ready(&mut fixture.pods[2]);
    assert_snapshot!(fixture.say(), @"applied 2/2: 2 of 2 pods of Deployment tenant-a/atlas are done: Pod tenant-a/atlas-new-3 is new and not ready yet");
}

#[test]
fn each_counter_must_agree() {
    for (counter, count) in [("updatedReplicas", 1), ("replicas", 3), ("availableReplicas", 1)] {
        let mut fixture = deployment();
        fixture.set(&format!("/status/{counter}"), json!(count));
        assert!(fixture.say().starts_with("applied 2/2"), "{counter}: {}", fixture.say());
    }
}

#[test]
fn a_new_pod_that_says_why_it_cannot_run_fails_at_once() {
    let mut fixture = deployment();
    stuck(&mut fixture.pods[1], "InvalidImageName");
    assert_snapshot!(fixture.say(), @"failed image_pull after applied: container atlas of Pod tenant-a/atlas-new-2 cannot run: InvalidImageName: it says why | check that the image exists and that the pod's pull secret may read it: `kubectl -n tenant-a describe pod atlas-new-2`");
    // A broken pod of the revision before is on its way out.
    let mut fixture = deployment();
    fixture.pods[1] = member("1", "old");
    stuck(&mut fixture.pods[1], "CrashLoopBackOff");
    assert!(fixture.say().starts_with("applied 1/2"), "{}", fixture.say());
}

#[test]
fn a_paused_deployment_fails_with_the_command_unless_it_is_done() {
    let mut fixture = deployment();
    fixture.set("/spec/paused", json!(true));
    assert!(fixture.say().starts_with("digest_verified"), "{}", fixture.say());
    fixture.pods[1] = member("1", "old");
    let halfway = fixture.say();
    // One that was paused before its template changed has no ReplicaSet for it.
    fixture.set("/metadata/annotations", json!({"deployment.kubernetes.io/revision": "9"}));
    fixture.replica_sets.pop();
    fixture.pods = vec![member("1", "old"), member("2", "old")];
    assert_eq!(fixture.say(), halfway);
    assert_snapshot!(fixture.say(), @"failed paused after applied: Deployment tenant-a/atlas is paused: its controller replaces no pods | `kubectl -n tenant-a rollout resume deployment/atlas`, then release again");
}

#[test]
fn a_deadline_that_passed_for_the_newest_replica_set_fails() {
    let mut fixture = deployment();
    fixture.pods.pop();
    let exceeded = |set: &str| {
        json!([{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
            "message": format!("ReplicaSet \"{set}\" has timed out progressing.")}])
    };
    fixture.set("/status/conditions", exceeded("atlas-old"));
    assert!(
        fixture.say().starts_with("applied 1/2"),
        "the condition is about the time before: {}",
        fixture.say()
    );
    fixture.set("/status/conditions", exceeded("atlas-new"));
    assert_snapshot!(fixture.say(), @r#"failed progress_deadline after applied: Deployment tenant-a/atlas made no progress for its progressDeadlineSeconds: ReplicaSet "atlas-new" has timed out progressing. | look at its pods: kubectl -n tenant-a get pods"#);
}

#[test]
fn pods_that_cannot_be_made_are_named_with_the_reason() {
    let mut fixture = deployment();
    fixture.pods.pop();
    assert_snapshot!(fixture.say(), @"applied 1/2: 1 of 2 pods of Deployment tenant-a/atlas are done: new pods still to be made: 1");
    fixture.set(
        "/status/conditions",
        json!([{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
        "message": "pods \"atlas-new-2\" is forbidden: exceeded quota: pods"}]),
    );
    assert_snapshot!(fixture.say(), @r#"applied 1/2: 1 of 2 pods of Deployment tenant-a/atlas are done: its pods cannot be made: FailedCreate: pods "atlas-new-2" is forbidden: exceeded quota: pods"#);
}

#[test]
fn pods_that_end_again_and_again_fail_the_rollout() {
    let mut fixture = deployment();
    let evicted = |name: &str| {
        let mut pod = member(name, "new");
        not_ready(&mut pod);
        pod["status"]["phase"] = json!("Failed");
        pod["status"]["reason"] = json!("UnexpectedAdmissionError");
        pod
    };
    fixture.pods = vec![member("1", "new"), evicted("2"), evicted("3")];
    assert!(fixture.say().starts_with("applied 1/2"), "{}", fixture.say());
    fixture.pods.push(evicted("4"));
    assert_snapshot!(fixture.say(), @"failed pod_failed after applied: Pod tenant-a/atlas-new-2 cannot run: Failed: UnexpectedAdmissionError | look at it with `kubectl -n tenant-a describe pod atlas-new-2`");
    for pod in &mut fixture.pods[1..] {
        pod["metadata"]["creationTimestamp"] = json!("2026-11-20T12:00:00Z");
    }
    assert!(fixture.say().starts_with("applied 1/2"), "left over from another time: {}", fixture.say());
}
