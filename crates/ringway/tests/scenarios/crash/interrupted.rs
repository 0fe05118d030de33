//! Being interrupted, cancelled, watched, and asked by other commands.

use crate::{
    harness::{Ringway, image, release_arguments},
    observe::{Patches, When, fleet, overrides, proven, sources},
};
use rustix::process::Signal;

/// A rollout that lasts long enough to do something meanwhile.
const SLOW: &str = "slow5s-1";

#[test]
fn after_ctrl_c_nothing_drives_the_release_and_a_cleanup_takes_it_back() {
    is_told_that_nothing_drives_it("ctrl-c", Signal::INT);
}

#[test]
fn being_asked_to_end_by_the_system_is_like_ctrl_c() {
    is_told_that_nothing_drives_it("sigterm", Signal::TERM);
}

fn is_told_that_nothing_drives_it(prefix: &str, signal: Signal) {
    let (tenants, names) = fleet(prefix, 2);
    let before = sources(&tenants);
    let ring = format!("ring-{prefix}");
    let ringway = Ringway::new();
    let next = When::next_run(&ringway);
    let running = ringway.releasing(&ring, "minimal", SLOW, &names);
    let run = next.reached(&proven("applied", 1));
    let ran = running.ended_by(signal).expect(130);
    let nothing = format!("interrupted: nothing drives release {run} of ring {ring} now");
    assert!(ran.err.contains(&nothing) && ran.err.contains(&format!("release cancel {run}")), "{}", ran.err);

    let shown = ringway.run(&["release", "show", &run]).expect(0).out;
    assert!(shown.contains("is not finished and nothing drives it"), "{shown}");
    let shown = ringway.run(&["release", "show", &run, "-o", "json"]).expect(0).json();
    assert_eq!((&shown["driven"], &shown["verdict"]), (&false.into(), &serde_json::Value::Null));
    let listed = ringway.run(&["release", "list"]).expect(0).out;
    assert!(listed.lines().any(|line| line.contains(&run) && line.contains("not driven")), "{listed}");
    ringway.run(&["release", "watch", &run]).expect(130);
    let explained = ringway.run(&["explain", tenants[0].name()]).expect(0).out;
    assert!(explained.contains("nothing drives"), "{explained}");

    let cleaned = ringway.cleanup(&ring).expect(0);
    assert!(
        cleaned.err.contains(&format!("release {run} of ring {ring} is cancelled first")),
        "{}",
        cleaned.err
    );
    let shown = ringway.run(&["release", "show", &run, "-o", "json"]).expect(0).json();
    assert_eq!(shown["verdict"], "cancelled");
    assert_eq!(sources(&tenants), before);
    assert_eq!(overrides(&ringway), "");
}

#[test]
fn an_interrupted_release_is_cancelled_without_an_owner_and_keeps_what_was_done() {
    let (tenants, names) = fleet("cancel-later", 2);
    let ringway = Ringway::new();
    let next = When::next_run(&ringway);
    let running = ringway.releasing("ring-cancel", "minimal", SLOW, &names);
    let run = next.reached(&proven("patched", 2));
    running.ended_by(Signal::INT).expect(130);
    let cancelled = ringway.run(&["release", "cancel", &run, "-o", "json"]).expect(0).json();
    assert_eq!((&cancelled["verdict"], &cancelled["stop"]["kind"]), (&"cancelled".into(), &"cancel".into()));
    assert!(overrides(&ringway).lines().all(|line| line.ends_with("ring-cancel patched")));
    assert!(sources(&tenants).iter().all(|source| source.to_string().contains(SLOW)));
    let again = ringway.run(&["release", "cancel", &run, "-o", "json"]).expect(0);
    assert!(again.err.contains("has ended already"), "{}", again.err);
    assert_eq!(again.json()["verdict"], "cancelled");
    ringway.cleanup("ring-cancel").expect(0);
}

#[test]
fn commands_join_watch_and_cancel_what_another_process_drives() {
    let (tenants, names) = fleet("join", 2);
    let patches = Patches::of(&tenants);
    let ringway = Ringway::new();
    let next = When::next_run(&ringway);
    let owner = ringway.releasing("ring-join", "minimal", SLOW, &names);
    let run = next.reached(&proven("patched", 2));
    let joined = ringway.releasing("ring-join", "minimal", SLOW, &names);
    joined.says("another process drives it");
    let watching = ringway.starting(&["release", "watch", &run, "-o", "yaml"]);
    let driven = ringway.run(&["release", "show", &run, "-o", "json"]).expect(0).json();
    assert_eq!(driven["driven"], true);
    let cancelled = ringway.run(&["release", "cancel", &run, "-o", "json"]).expect(0).json();
    assert_eq!(cancelled["verdict"], "cancelled");
    let owner = owner.ended().expect(1);
    assert_eq!((&owner.json()["id"], &owner.json()["verdict"]), (&run.as_str().into(), &"cancelled".into()));
    let joined = joined.ended().expect(1);
    assert_eq!(joined.json()["id"], *run);
    assert!(joined.err.contains("another process drives it"), "{}", joined.err);
    let watched = watching.ended().expect(1);
    assert!(watched.out.contains(&format!("id: {run}")), "{}", watched.out);
    patches.are(1, "one release, whoever asked for it");
    ringway.cleanup("ring-join").expect(0);
}

#[test]
fn whoever_follows_is_told_when_the_driving_process_dies() {
    let (_tenants, names) = fleet("orphaned", 1);
    let ringway = Ringway::new();
    let next = When::next_run(&ringway);
    let owner = ringway.releasing("ring-orphaned", "minimal", SLOW, &names);
    let run = next.reached(&proven("patched", 1));
    let watching = ringway.starting(&["release", "watch", &run]);
    owner.ended_by(Signal::KILL);
    let watched = watching.ended().expect(130);
    assert!(watched.out.contains("is not finished and nothing drives it"), "{}", watched.out);
    ringway.release("ring-orphaned", "minimal", SLOW, &names).expect(0);
    ringway.cleanup("ring-orphaned").expect(0);
}

#[test]
fn a_release_is_shown_in_every_form() {
    let (_tenants, names) = fleet("forms", 1);
    let ringway = Ringway::new();
    assert_eq!(ringway.run(&["release", "list", "-o", "json"]).expect(0).json(), serde_json::json!([]));
    let reference = image("1.1.0");
    let released =
        ringway.run(&release_arguments("ring-forms", "minimal", &reference, &names)).expect(0).json();
    let run = released["id"].as_str().unwrap();
    for arguments in [["release", "show"], ["release", "watch"]] {
        let json = ringway.run(&[&arguments[..], &[run, "-o", "json"]].concat()).expect(0).json();
        assert_eq!(json, released, "{arguments:?}");
        let yaml = ringway.run(&[&arguments[..], &[run, "-o", "yaml"]].concat()).expect(0).out;
        assert!(yaml.contains("verdict: success") && yaml.contains("proof: digest_verified"), "{yaml}");
    }
    let list = ringway.run(&["release", "list", "-o", "json"]).expect(0).json();
    assert_eq!(list, serde_json::json!([released]));
    let fields: Vec<&str> = released.as_object().unwrap().keys().map(String::as_str).collect();
    let known = [
        "began_at", "cohort", "driven", "ended_at", "id", "images", "kind", "ring", "service", "stop",
        "tenants", "verdict",
    ];
    assert!(known.iter().all(|field| fields.contains(field)), "{fields:?}");
    let text = ringway.run(&["release", "show", run]).expect(0).out;
    assert!(text.contains("forms-1") && text.contains("digest_verified"), "{text}");
    let unknown = ringway.run(&["release", "show", "r-1"]).expect(2);
    assert!(unknown.err.contains("there is no release or cleanup \"r-1\""), "{}", unknown.err);
    ringway.cleanup("ring-forms").expect(0);
    let nothing = ringway.cleanup("ring-forms").expect(0);
    assert_eq!(nothing.json()["reason"], "nothing of ring ring-forms is written anywhere");
}

#[test]
fn the_journal_of_a_release_tells_its_steps_in_their_order() {
    let (_tenants, names) = fleet("journal", 1);
    let ringway = Ringway::new();
    let released = ringway.release("ring-journal", "minimal", "1.1.0", &names).expect(0).json();
    let run = released["id"].as_str().unwrap();
    let text = ringway.run(&["release", "show", run, "--journal"]).expect(0).out;
    // Without the place and the time before what happened, and without attempts and times after it.
    let step = |line: &str| {
        let words = line.split(" (").next().unwrap().split_whitespace();
        words.skip(if line.starts_with(' ') { 2 } else { 0 }).collect::<Vec<_>>().join(" ")
    };
    let steps: Vec<String> = text.lines().map(step).collect();
    let expected = [
        "RUN",
        "activity preflight_tenant answered",
        "child tenant_release RUN/journal-1 completed",
        "activity record_verdict answered",
        "RUN/journal-1",
        "activity acquire_slot answered",
        "activity take_claims answered",
        "activity apply_override answered",
        "activity await_applied answered",
        "activity await_rollout answered",
        "activity release_slot answered",
        "activity record_tenant answered",
    ];
    assert_eq!(steps, expected.map(|step| step.replace("RUN", run)), "{text}");
    let lines = ringway.run(&["release", "show", run, "--journal", "-o", "json"]).expect(0).json();
    assert_eq!(lines, serde_json::json!(text.lines().collect::<Vec<_>>()));
    ringway.cleanup("ring-journal").expect(0);
}
