//! Workloads that roll out partly, slowly, never, or not at all.

use crate::harness::{DEPLOYMENT, Ringway, Tenant, administrator, image, target};
use serde_json::json;

#[test]
fn a_partition_is_proven_as_far_as_it_goes_and_noted() {
    let tenant = Tenant::new("partition", &["--set", "atlas.partition=1"]);
    let ringway = Ringway::new();
    let ran = ringway.release("ring-partition", "atlas", "1.1.0", "partition").expect(0);
    assert_eq!(ran.verdicts(), "partition success digest_verified -");
    let notes = ran.tenant("partition")["notes"].to_string();
    assert!(
        notes.contains("1 of 2 pods of StatefulSet tenant-partition/atlas are new: its partition is 1"),
        "{notes}"
    );
    let new = tenant.images("atlas").into_iter().filter(|running| *running == image("1.1.0")).count();
    assert_eq!(new, 1);
    ringway.cleanup("ring-partition").expect(0);
}

#[test]
fn a_workload_that_is_updated_on_delete_fails_at_once_with_what_to_do() {
    let tenant = Tenant::new("ondelete", &["--set", "atlas.updateStrategy=OnDelete"]);
    let ringway = Ringway::new();
    let ran = ringway.release("ring-ondelete", "atlas", "1.1.0", "ondelete").expect(1);
    assert_eq!(ran.verdicts(), "ondelete failed applied on_delete");
    let message = ran.message("ondelete");
    assert!(
        message.contains("replaces a pod only when somebody deletes it; still old: atlas-1 atlas-0"),
        "{message}"
    );
    assert!(
        ran.advice("ondelete").contains("`kubectl -n tenant-ondelete delete pod atlas-1`"),
        "{}",
        ran.advice("ondelete")
    );
    for pod in ["atlas-0", "atlas-1"] {
        tenant.delete_pod(pod);
    }
    ringway.release("ring-ondelete", "atlas", "1.1.0", "ondelete").expect(0);
    assert!(tenant.images("atlas").iter().all(|running| *running == image("1.1.0")));
}

#[test]
fn a_workload_without_pods_succeeds_with_the_proof_that_there_is() {
    let _tenant = Tenant::new("none", &["--chart", "minimal", "--set", "replicas=0"]);
    let ringway = Ringway::new();
    let ran = ringway.release("ring-none", "minimal", "1.1.0", "none").expect(0);
    assert_eq!(ran.verdicts(), "none success applied -");
    let notes = ran.tenant("none")["notes"].to_string();
    assert!(
        notes.contains("StatefulSet tenant-none/atlas is scaled to 0: its image is proven in no pod"),
        "{notes}"
    );
    ringway.cleanup("ring-none").expect(0);
}

#[test]
fn a_paused_deployment_fails_at_once_and_succeeds_when_resumed() {
    let tenant = Tenant::new("paused", &[]);
    let set_paused = |paused: bool| {
        let patch = json!({ "spec": { "paused": paused } });
        administrator().merge(DEPLOYMENT, &tenant.namespace(), "heracles", &patch);
    };
    set_paused(true);
    let ringway = Ringway::new();
    let ran = ringway.release("ring-paused", "heracles", "1.1.0", "paused").expect(1);
    assert_eq!(ran.verdicts(), "paused failed applied paused");
    let advice = ran.advice("paused");
    assert_eq!(advice, "`kubectl -n tenant-paused rollout resume deployment/heracles`, then release again");
    set_paused(false);
    ringway.release("ring-paused", "heracles", "1.1.0", "paused").expect(0);
    ringway.cleanup("ring-paused").expect(0);
}

#[test]
fn slow_pods_are_waited_for_and_explained_with_evidence() {
    let _tenant = Tenant::new("slow", &["--chart", "minimal"]);
    let ringway = Ringway::new();
    let running = ringway.releasing("ring-slow", "minimal", "slow5s-1", "slow");
    // A pod has no condition before its kubelet has seen it; what is shown follows, although the sentence stays.
    let parts = ["Pod tenant-slow/atlas-1 is new and not ready yet", "ContainersNotReady"];
    let text = ringway.explained("slow", &parts);
    insta::assert_snapshot!(without_times(&text).replace(&target().registry(), "REGISTRY"), @r"
    slow in release r-ID of minimal: REGISTRY/atlas-metastore-ring-demo:slow5s-1 (DIGEST)
      ring ring-slow
      under way, proof so far applied
      TIME  patched
      TIME  observed
      TIME  applied
      not done yet: 0 of 2 pods of StatefulSet tenant-slow/atlas are done: Pod tenant-slow/atlas-1 is new and not ready yet
      since TIME (AGE), at most until TIME
        Pod tenant-slow/atlas-1  status.conditions[Ready] = False: ContainersNotReady  (since TIME, AGE)
      look by hand: kubectl -n tenant-slow get statefulset atlas -o yaml; kubectl -n tenant-slow get pods
    ");
    let ran = running.ended().expect(0);
    assert_eq!(ran.verdicts(), "slow success digest_verified -");
    ringway.cleanup("ring-slow").expect(0);
}

/// A page of `explain` with TIME, AGE and ID in the place of what differs from run to run.
fn without_times(page: &str) -> String {
    let replaced = |word: &str| {
        let bare = word.trim_matches(['(', ')', ',', ':']);
        let is_age = bare.ends_with('s') && bare.trim_end_matches('s').parse::<u32>().is_ok();
        let name = match () {
            () if bare.parse::<jiff::Timestamp>().is_ok() => "TIME",
            () if is_age => "AGE",
            () if bare.starts_with("sha256:") => "DIGEST",
            () if bare.starts_with("r-20") => "r-ID",
            () => return word.to_owned(),
        };
        word.replace(bare, name)
    };
    let line = |line: &str| line.split(' ').map(replaced).collect::<Vec<_>>().join(" ");
    page.lines().map(line).collect::<Vec<_>>().join("\n")
}
