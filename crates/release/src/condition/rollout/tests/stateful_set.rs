//! StatefulSets.

use super::*;
use insta::assert_snapshot;

/// A StatefulSet with so many pods, all new and ready.
pub(super) fn stateful_set(replicas: u32) -> Fixture {
    let pods = (0..replicas).map(|ordinal| member(ordinal, "atlas-new")).collect();
    let workload = json!({
        "metadata": {"name": "atlas", "namespace": "tenant-a", "uid": "sts-1", "generation": 4},
        "spec": {"replicas": replicas, "template": template(IMAGE), "podManagementPolicy": "OrderedReady",
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}},
        "status": {"observedGeneration": 4, "replicas": replicas, "updatedReplicas": replicas,
            "readyReplicas": replicas, "availableReplicas": replicas,
            "currentRevision": "atlas-new", "updateRevision": "atlas-new"},
    });
    Fixture { expected: expected(WorkloadKind::StatefulSet), workload, replica_sets: Vec::new(), pods }
}

pub(super) fn member(ordinal: u32, revision: &str) -> Value {
    let labels = json!({"app": "atlas", "controller-revision-hash": revision});
    pod(&format!("atlas-{ordinal}"), labels, "StatefulSet", "sts-1")
}

/// Two pods, the second new and broken or slow, the first still old.
fn halfway() -> Fixture {
    let mut set = stateful_set(2);
    set.pods[0] = member(0, "atlas-old");
    set.set("/status/updatedReplicas", json!(1)).set("/status/currentRevision", json!("atlas-old"));
    set
}

#[test]
fn all_pods_new_ready_and_right_is_proven() {
    assert_snapshot!(stateful_set(3).say(), @"digest_verified [], ready 2026-11-23T12:01:00Z");
}

#[test]
fn without_digests_the_proof_ends_at_rolled_out() {
    let mut set = stateful_set(2);
    set.expected.digests = None;
    assert_eq!(set.say(), "rolled_out [], ready 2026-11-23T12:01:00Z");
    set.pods[1]["spec"]["containers"][0]["image"] = json!("mirror.example.com/acme/atlas:2.0.0");
    assert_snapshot!(set.say(), @"applied 1/2: 1 of 2 pods of StatefulSet tenant-a/atlas are done: Pod tenant-a/atlas-1 is ready but runs mirror.example.com/acme/atlas:2.0.0, not registry.example.com/acme/atlas:2.0.0");
}

#[test]
fn an_image_from_a_mirror_is_right_if_its_digest_is() {
    let mut set = stateful_set(1);
    set.pods[0]["spec"]["containers"][0]["image"] = json!("mirror.example.com/acme/atlas:2.0.0");
    assert!(set.say().starts_with("digest_verified"), "{}", set.say());
}

#[test]
fn every_digest_of_the_tag_counts_however_the_runtime_writes_it() {
    for image_id in [
        digest('a'),
        format!("docker-pullable://registry.example.com/acme/atlas@{}", digest('a')),
        format!("registry.example.com/acme/atlas@{}", digest('b')),
    ] {
        let mut set = stateful_set(1);
        set.pods[0]["status"]["containerStatuses"][1]["imageID"] = json!(image_id);
        assert!(set.say().starts_with("digest_verified"), "{}", set.say());
    }
}

#[test]
fn another_digest_fails_and_none_is_awaited() {
    let mut set = stateful_set(2);
    let id = "/status/containerStatuses/1/imageID";
    super::set(&mut set.pods[1], id, json!(format!("registry.example.com/acme/atlas@{}", digest('c'))));
    assert_snapshot!(set.say(), @"failed digest_mismatch after applied: container atlas of Pod tenant-a/atlas-1 is ready and runs sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc, but registry.example.com/acme/atlas:2.0.0 was sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa when the release began | the tag was moved, or its node had an older image by this tag: release a tag that is never moved");
    super::set(&mut set.pods[1], id, json!(""));
    assert_snapshot!(set.say(), @"applied 1/2: 1 of 2 pods of StatefulSet tenant-a/atlas are done: Pod tenant-a/atlas-1 is ready and does not say yet which digest it runs");
    super::set(&mut set.pods[1], id, json!("sha256:abc"));
    assert_snapshot!(set.say(), @r#"failed digest_unreadable after applied: container atlas of Pod tenant-a/atlas-1 runs "sha256:abc", which has no digest to compare with registry.example.com/acme/atlas:2.0.0 | check the container runtime of its node: kubectl -n tenant-a get pod atlas-1 -o wide; where nodes cannot say which digest they run, only `verify: argocd` of the service can succeed"#);
}

#[test]
fn what_argo_cd_calls_applied_must_be_in_the_cluster() {
    let mut set = stateful_set(2);
    set.set("/spec/template", template("registry.example.com/acme/atlas:1.9.0"));
    assert_snapshot!(set.say(), @"observed 0/2: StatefulSet tenant-a/atlas is to run registry.example.com/acme/atlas:1.9.0, not registry.example.com/acme/atlas:2.0.0");
    set.set("/spec/template/spec/containers", json!([{"name": "proxy", "image": "proxy:1"}]));
    assert_snapshot!(set.say(), @"failed container_missing after applied: StatefulSet tenant-a/atlas has no container atlas; it has proxy | check the `container` of the service's `workloads`");
    let mut set = stateful_set(2);
    set.set("/metadata/deletionTimestamp", json!(NOW));
    assert_snapshot!(set.say(), @"observed 0/2: StatefulSet tenant-a/atlas is being deleted");
    let missing = examine(&RolloutSnapshot::default(), "tenant-a", &[set.expected], NOW.parse().unwrap());
    assert_snapshot!(line(missing), @"observed 0/1: StatefulSet tenant-a/atlas does not exist");
}

#[test]
fn counters_about_the_time_before_do_not_count() {
    let mut set = stateful_set(2);
    set.set("/status/observedGeneration", json!(3));
    assert_snapshot!(set.say(), @"applied 0/2: the controller of StatefulSet tenant-a/atlas has not seen its newest change");
    let mut set = stateful_set(2);
    set.set("/status/updateRevision", json!(""));
    assert_snapshot!(set.say(), @"applied 0/2: the controller of StatefulSet tenant-a/atlas has not named its newest revision");
}

#[test]
fn each_counter_must_agree() {
    for counter in ["updatedReplicas", "readyReplicas", "availableReplicas"] {
        let mut set = stateful_set(2);
        set.set(&format!("/status/{counter}"), json!(1));
        assert!(
            set.say().starts_with("applied 2/2: 2 of 2 pods of StatefulSet tenant-a/atlas are done"),
            "{counter}"
        );
    }
    let mut scaling = stateful_set(2);
    scaling.set("/status/replicas", json!(3));
    assert_snapshot!(scaling.say(), @"applied 2/2: 2 of 2 pods of StatefulSet tenant-a/atlas are done: its controller has not counted them all as updated and available");
}

#[test]
fn an_old_pod_is_awaited_by_name() {
    assert_snapshot!(halfway().say(), @"applied 1/2: 1 of 2 pods of StatefulSet tenant-a/atlas are done: Pod tenant-a/atlas-0 is old and has not been replaced");
    let mut set = halfway();
    not_ready(&mut set.pods[1]);
    assert_snapshot!(set.say(), @"applied 0/2: 0 of 2 pods of StatefulSet tenant-a/atlas are done: Pod tenant-a/atlas-1 is new and not ready yet");
    set.pods[1]["metadata"]["deletionTimestamp"] = json!(NOW);
    assert_snapshot!(set.say(), @"applied 0/2: 0 of 2 pods of StatefulSet tenant-a/atlas are done: Pod tenant-a/atlas-1 is going away");
    set.pods.remove(1);
    assert_snapshot!(set.say(), @"applied 0/2: 0 of 2 pods of StatefulSet tenant-a/atlas are done: pods still to be made: 1");
}

#[test]
fn a_new_pod_that_says_why_it_cannot_run_fails_at_once() {
    let mut set = halfway();
    stuck(&mut set.pods[1], "ImagePullBackOff");
    assert_snapshot!(set.say(), @"failed image_pull after applied: container atlas of Pod tenant-a/atlas-1 cannot run: ImagePullBackOff: it says why | check that the image exists and that the pod's pull secret may read it: `kubectl -n tenant-a describe pod atlas-1`");
}

#[test]
fn a_broken_old_pod_that_blocks_its_controller_is_named_with_the_command() {
    // As measured: the revisions are equal and the generation is seen, but atlas-1 stays as it was.
    let mut set = stateful_set(2);
    set.pods[1] = member(1, "atlas-bad");
    stuck(&mut set.pods[1], "ImagePullBackOff");
    set.set("/status/updatedReplicas", json!(1)).set("/status/readyReplicas", json!(1));
    set.set("/status/availableReplicas", json!(1));
    assert_snapshot!(set.say(), @"failed repair_trap after applied: StatefulSet tenant-a/atlas is to run registry.example.com/acme/atlas:2.0.0, but its controller replaces no pod before atlas-1 of the older revision is ready, which it cannot become (kubernetes#67250): container atlas of Pod tenant-a/atlas-1 cannot run: ImagePullBackOff: it says why | `kubectl -n tenant-a delete pod atlas-1`, then give the same command again");
    set.set("/spec/podManagementPolicy", json!("Parallel"));
    assert_snapshot!(set.say(), @"applied 1/2: 1 of 2 pods of StatefulSet tenant-a/atlas are done: Pod tenant-a/atlas-1 is old and has not been replaced");
}

#[test]
fn all_traps_of_a_tenant_are_named_with_one_command() {
    let mut atlas = stateful_set(1);
    atlas.pods[0] = member(0, "atlas-bad");
    stuck(&mut atlas.pods[0], "ImagePullBackOff");
    let mut snapshot = atlas.snapshot();
    let mut read = atlas.clone();
    read.expected.name = "read".to_owned();
    read.pods[0]["metadata"]["name"] = json!("read-0");
    snapshot.workloads.extend(read.snapshot().workloads);
    snapshot.pods.extend(read.snapshot().pods);
    let state = examine(&snapshot, "tenant-a", &[atlas.expected, read.expected], NOW.parse().unwrap());
    let RolloutState::Failed { problem, .. } = state else { panic!("{state:?}") };
    assert!(problem.message.contains("tenant-a/atlas is to run"), "{}", problem.message);
    assert!(problem.message.contains("; and StatefulSet tenant-a/read is to run"), "{}", problem.message);
    let advice = problem.advice.unwrap();
    assert_eq!(advice, "`kubectl -n tenant-a delete pod atlas-0 read-0`, then give the same command again");
    assert_eq!(problem.evidence.len(), 2);
}

#[test]
fn an_old_pod_that_is_only_starting_is_no_trap() {
    let mut set = halfway();
    not_ready(&mut set.pods[0]);
    assert_snapshot!(set.say(), @"applied 1/2: 1 of 2 pods of StatefulSet tenant-a/atlas are done: Pod tenant-a/atlas-0 is old, and its controller waits until it is ready (kubernetes#67250); if it cannot become so: kubectl -n tenant-a delete pod atlas-0");
}

#[test]
fn an_old_pod_that_keeps_a_missing_one_from_being_made_is_named() {
    let mut set = halfway();
    not_ready(&mut set.pods[0]);
    set.pods.remove(1);
    assert_snapshot!(set.say(), @"applied 0/2: 0 of 2 pods of StatefulSet tenant-a/atlas are done: Pod tenant-a/atlas-0 is old, and its controller waits until it is ready (kubernetes#67250); if it cannot become so: kubectl -n tenant-a delete pod atlas-0");
    set.set("/spec/podManagementPolicy", json!("Parallel"));
    assert_snapshot!(set.say(), @"applied 0/2: 0 of 2 pods of StatefulSet tenant-a/atlas are done: pods still to be made: 1");
}

#[test]
fn with_a_partition_the_pods_at_and_above_it_count() {
    let mut set = stateful_set(3);
    set.set("/spec/updateStrategy/rollingUpdate/partition", json!(1));
    set.set("/status/updatedReplicas", json!(2)).set("/status/currentRevision", json!("atlas-old"));
    set.pods[0] = member(0, "atlas-old");
    assert_snapshot!(set.say(), @r#"digest_verified ["2 of 3 pods of StatefulSet tenant-a/atlas are new: its partition is 1"], ready 2026-11-23T12:01:00Z"#);
    set.pods[1] = member(1, "atlas-old");
    assert_snapshot!(set.say(), @"applied 1/2: 1 of 2 pods of StatefulSet tenant-a/atlas are done: Pod tenant-a/atlas-1 is old and has not been replaced");
    set.set("/spec/updateStrategy/rollingUpdate/partition", json!(3));
    assert_snapshot!(set.say(), @r#"applied ["0 of 3 pods of StatefulSet tenant-a/atlas are to be new: its partition is 3"], ready never"#);
}

#[test]
fn a_broken_pod_below_the_partition_traps_those_above_it() {
    let mut set = stateful_set(3);
    set.set("/spec/updateStrategy/rollingUpdate/partition", json!(1));
    set.set("/status/updatedReplicas", json!(1));
    set.pods[0] = member(0, "atlas-old");
    set.pods[1] = member(1, "atlas-old");
    stuck(&mut set.pods[0], "ErrImagePull");
    assert!(set.say().starts_with("failed repair_trap"), "{}", set.say());
}

#[test]
fn pods_that_nobody_replaces_fail_at_once() {
    let mut set = halfway();
    set.set("/spec/updateStrategy", json!({"type": "OnDelete"}));
    assert_snapshot!(set.say(), @"failed on_delete after applied: StatefulSet tenant-a/atlas replaces a pod only when somebody deletes it; still old: atlas-0 | delete them one after the other, first `kubectl -n tenant-a delete pod atlas-0`, then release again");
    let mut done = stateful_set(2);
    done.set("/spec/updateStrategy", json!({"type": "OnDelete"}));
    assert!(done.say().starts_with("digest_verified"), "somebody deleted them: {}", done.say());
}

#[test]
fn a_workload_without_pods_is_proven_as_applied() {
    let mut set = stateful_set(0);
    assert_snapshot!(set.say(), @r#"applied ["StatefulSet tenant-a/atlas is scaled to 0: its image is proven in no pod"], ready never"#);
    set.set("/spec/template", template("registry.example.com/acme/atlas:1.9.0"));
    assert!(set.say().starts_with("observed 0/0"), "{}", set.say());
}

#[test]
fn ordinals_need_not_begin_at_zero() {
    let mut set = stateful_set(2);
    set.set("/spec/ordinals", json!({"start": 5}));
    assert!(set.say().starts_with("applied 0/2"), "{}", set.say());
    set.pods = vec![member(5, "atlas-new"), member(6, "atlas-new")];
    assert!(set.say().starts_with("digest_verified"), "{}", set.say());
}

#[test]
fn pods_of_others_are_not_counted() {
    let mut set = stateful_set(2);
    set.pods[1]["metadata"]["ownerReferences"][0]["uid"] = json!("sts-0");
    assert!(set.say().starts_with("applied 1/2"), "{}", set.say());
}

#[test]
fn one_of_several_workloads_decides() {
    let mut set = stateful_set(2);
    let mut second = set.expected.clone();
    second.name = "atlas-read".to_owned();
    let mut snapshot = set.snapshot();
    let both = [set.expected.clone(), second.clone()];
    let ask = |snapshot: &RolloutSnapshot| line(examine(snapshot, "tenant-a", &both, NOW.parse().unwrap()));
    assert_snapshot!(ask(&snapshot), @"observed 2/3: StatefulSet tenant-a/atlas-read does not exist");
    set.set("/spec/replicas", json!(0)).set("/metadata/name", json!("atlas-read"));
    let idle = set.snapshot().workloads.remove(&(second.kind, "atlas".to_owned())).unwrap();
    snapshot.workloads.insert((second.kind, second.name.clone()), idle);
    assert_snapshot!(ask(&snapshot), @r#"applied ["StatefulSet tenant-a/atlas-read is scaled to 0: its image is proven in no pod"], ready 2026-11-23T12:01:00Z"#);
    stuck(&mut set.pods[0], "ImagePullBackOff");
    snapshot.pods = set.snapshot().pods;
    assert!(ask(&snapshot).starts_with("failed image_pull after applied"), "{}", ask(&snapshot));
}
