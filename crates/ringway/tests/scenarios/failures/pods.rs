//! Pods that say why they cannot run, and pods that say nothing.

use crate::harness::{Ran, Ringway, Tenant, image, until};
use jiff::Timestamp;

/// Seconds from the first proof of a tenant, its patch, to the verdict.
fn seconds_to_verdict(ran: &Ran, tenant: &str) -> i64 {
    let tenant = ran.tenant(tenant);
    let time = |value: &serde_json::Value| value.as_str().unwrap().parse::<Timestamp>().unwrap();
    assert_eq!(tenant["timeline"][0]["proof"], "patched", "{tenant:#}");
    time(&tenant["updated_at"]).duration_since(time(&tenant["timeline"][0]["at"])).as_secs()
}

#[test]
fn an_image_that_one_tenant_cannot_pull_is_named_in_seconds_while_the_others_succeed() {
    let _tenants = Tenant::several(&[("no-pull-one", &[]), ("pull-two", &[]), ("pull-three", &[])]);
    // With the deadlines that users get: 15 minutes without progress.
    let ringway = Ringway::with_deadlines("");
    let ran =
        ringway.release("ring-pull", "atlas", "e65a995abcd", "no-pull-one,pull-two,pull-three").expect(3);
    assert_eq!(
        ran.verdicts(),
        "no-pull-one failed applied image_pull\n\
         pull-two success digest_verified -\n\
         pull-three success digest_verified -"
    );
    let message = ran.message("no-pull-one");
    let image = image("e65a995abcd");
    for part in
        ["container atlas", "of Pod tenant-no-pull-one/atlas", "ErrImagePull", "pull access denied", &image]
    {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
    let seconds = seconds_to_verdict(&ran, "no-pull-one");
    assert!(seconds < 20, "named after {seconds} s");
    let text = ringway.run(&["explain", "no-pull-one"]).expect(0).out;
    assert!(text.contains("what to do: check that the image exists"), "{text}");
}

#[test]
fn a_container_that_crashes_is_named_with_its_exit_code_and_how_to_read_its_last_words() {
    let _tenant = Tenant::new("crash", &["--chart", "minimal"]);
    let ran = Ringway::with_deadlines("").release("ring-crash", "minimal", "crash-1", "crash").expect(1);
    assert_eq!(ran.verdicts(), "crash failed applied crash_loop");
    let message = ran.message("crash");
    assert!(message.contains("container atlas of Pod tenant-crash/atlas-1 cannot run"), "{message}");
    assert!(message.contains("3 restarts") && message.contains("exit code 1"), "{message}");
    assert_eq!(
        ran.advice("crash"),
        "read its last words: `kubectl -n tenant-crash logs atlas-1 -c atlas --previous`"
    );
}

#[test]
fn a_secret_that_is_missing_is_named() {
    let _tenant = Tenant::new("config", &["--chart", "minimal"]);
    let ran =
        Ringway::with_deadlines("").release("ring-config", "minimal", "configerror-1", "config").expect(1);
    assert_eq!(ran.verdicts(), "config failed applied config_error");
    let message = ran.message("config");
    assert!(message.contains(r#"secret "atlas-credentials" not found"#), "{message}");
}

#[test]
fn a_pod_that_no_node_takes_is_told_while_it_is_waited_for_and_at_the_deadline() {
    let tenant = Tenant::unsettled("unschedulable", &["--set", "heracles.cpu=5000"]);
    until("it is synced", || tenant.application()["status"]["sync"]["status"] == "Synced");
    let ringway = Ringway::with_deadlines("rolloutProgress: 15s");
    let running = ringway.releasing("ring-schedule", "heracles", "1.1.0", "unschedulable");
    ringway
        .explained("unschedulable", &["not done yet", "Unschedulable", "Insufficient cpu", "look by hand"]);
    let ran = running.ended().expect(1);
    assert_eq!(ran.verdicts(), "unschedulable failed applied deadline");
    let message = ran.message("unschedulable");
    assert!(message.starts_with("no further pod was finished within 15 s"), "{message}");
    assert!(message.contains("Insufficient cpu"), "{message}");
}

#[test]
fn a_pod_that_never_gets_ready_fails_at_its_deadline_with_what_was_awaited() {
    let _tenant = Tenant::new("never", &["--chart", "minimal"]);
    let ringway = Ringway::with_deadlines("rolloutProgress: 10s");
    let ran = ringway.release("ring-never", "minimal", "never-1", "never").expect(1);
    assert_eq!(ran.verdicts(), "never failed applied deadline");
    let message = ran.message("never");
    assert!(message.starts_with("no further pod was finished within 10 s"), "{message}");
    assert!(
        message.ends_with("0 of 2 pods of StatefulSet tenant-never/atlas are done: Pod tenant-never/atlas-1 is new and not ready yet"),
        "{message}"
    );
}
