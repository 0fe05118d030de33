//! `kill -9` at many points: the same command goes on, with one patch per Application.

use crate::{
    harness::{Ringway, image, release_arguments},
    observe::{Patches, When, ended, fleet, overrides, proven, sources},
};
use rustix::process::Signal;

/// A point of a release, and the image with which it lasts long enough to be met.
struct Point {
    reached: String,
    tag: &'static str,
}

fn point(reached: impl Into<String>, tag: &'static str) -> Point {
    Point { reached: reached.into(), tag }
}

#[test]
fn a_release_goes_on_after_a_kill_before_argo_cd_has_seen_it() {
    let claimed = "EXISTS (SELECT 1 FROM claim WHERE claim.run = newest.id)";
    let intended = "EXISTS (SELECT 1 FROM override)";
    survives(
        "early",
        vec![
            point("true", "1.1.0"),
            point("EXISTS (SELECT 1 FROM slot WHERE run = newest.id)", "2.0.0"),
            point(claimed, "1.1.0"),
            point(intended, "2.0.0"),
            point(proven("patched", 1), "1.1.0"),
            point(proven("patched", 4), "2.0.0"),
        ],
        vec![
            "true".to_owned(),
            "EXISTS (SELECT 1 FROM slot WHERE run = newest.id)".to_owned(),
            "EXISTS (SELECT 1 FROM override WHERE state = 'removed')".to_owned(),
        ],
    );
}

#[test]
fn a_release_goes_on_after_a_kill_while_it_is_proven() {
    survives(
        "late",
        vec![
            point(proven("observed", 1), "1.1.0"),
            point(proven("applied", 1), "2.0.0"),
            point(proven("applied", 4), "slow2s-1"),
            point(ended(1), "1.1.0"),
            point(ended(4), "2.0.0"),
        ],
        vec![
            "NOT EXISTS (SELECT 1 FROM override WHERE state <> 'removed')".to_owned(),
            proven("applied", 1),
            proven("digest_verified", 1),
            ended(1),
            ended(4),
        ],
    );
}

/// Releases and cleans up once per point, each with a kill in the middle.
fn survives(prefix: &str, release_points: Vec<Point>, cleanup_points: Vec<String>) {
    let (tenants, names) = fleet(prefix, 4);
    let before = sources(&tenants);
    let ring = format!("ring-{prefix}");
    let ringway = Ringway::new();
    for (Point { reached, tag }, cleanup) in release_points.into_iter().zip(cleanup_points.iter().cycle()) {
        let patches = Patches::of(&tenants);
        let reference = image(tag);
        let release = release_arguments(&ring, "minimal", &reference, &names);
        let killed = kill_at(&ringway, &release, &reached);
        let ran = ringway.run(&release).expect(0);
        // A release that had recorded its verdict before the kill is over: the same command begins another one, which
        // writes its own name into the annotation. When one tenant has ended, the others are not far.
        let goes_on = ran.json()["id"] == *killed;
        let may_be_over = [ended(1), ended(4)].contains(&reached);
        // Killed between writing it down and starting it: nothing was done, and the same command begins anew.
        let never_began = !goes_on && was_never_started(&ringway, &killed);
        assert!(goes_on || may_be_over || never_began, "the same release goes on: {reached}");
        let written = if goes_on || never_began { 1 } else { 2 };
        assert_eq!(ran.verdicts(), lines(&names, |name| format!("{name} success digest_verified -")));
        patches.are(written, &reached);
        assert_eq!(overrides(&ringway), lines(&names, |name| format!("argocd/{name} {ring} patched")));

        kill_at(&ringway, &["cleanup", "--ring", &ring], cleanup);
        ringway.run(&["cleanup", "--ring", &ring]).expect(0);
        patches.are(written + 1, cleanup);
        assert_eq!(overrides(&ringway), "", "{cleanup}");
        assert_eq!(sources(&tenants), before, "{cleanup}");
        let runs = ringway.run(&["release", "list", "-o", "json"]).expect(0).json();
        for run in runs.as_array().unwrap() {
            let went_well = run["verdict"] == "success";
            assert!(
                went_well || was_never_started(&ringway, run["id"].as_str().unwrap()),
                "{cleanup}: {run}"
            );
        }
    }
}

/// Starts a command, kills it when its run has come this far, and gives back the id of the run.
fn kill_at(ringway: &Ringway, command: &[&str], reached: &str) -> String {
    let next = When::next_run(ringway);
    let running = ringway.starting(command);
    let run = next.reached(reached);
    running.ended_by(Signal::KILL);
    run
}

/// Whether a run was written down and its workflow never began.
fn was_never_started(ringway: &Ringway, run: &str) -> bool {
    let shown = ringway.run(&["release", "show", run, "-o", "json"]).json();
    let tenants = shown["tenants"].as_array().unwrap();
    let says = |tenant: &serde_json::Value| tenant["problem"].to_string().contains("it was never started");
    shown["verdict"] == "cancelled" && tenants.iter().all(says)
}

fn lines(names: &str, line: impl Fn(&str) -> String) -> String {
    names.split(',').map(line).collect::<Vec<_>>().join("\n")
}
