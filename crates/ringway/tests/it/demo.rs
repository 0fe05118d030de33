//! The demo as a whole, as in a pipe: what it tells, what it answers to scripts, and that it leaves nothing behind.

mod under_way;

use serde_json::Value;
use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

/// The demo, with its temporary folder in another one.
fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringway"));
    command.arg("demo").args(arguments).env("TMPDIR", folder).env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

/// Checks that nothing of a demo is left in the folder that its temporary folder was in.
#[track_caller]
fn assert_nothing_is_left(folder: &Path) {
    let left: Vec<_> = std::fs::read_dir(folder).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Runs the demo to its end.
#[track_caller]
fn demo(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let output = command(folder.path(), arguments).output().unwrap();
    assert_nothing_is_left(folder.path());
    output
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[track_caller]
fn document(arguments: &[&str]) -> Value {
    let output = demo(&[arguments, &["-o", "json"]].concat());
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{error}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|problem| panic!("{problem}: {}", out(&output)))
}

/// The same without what differs between two runs.
fn timeless(mut document: Value) -> Value {
    for runs in ["releases", "cleanups"] {
        for run in document[runs].as_array_mut().unwrap() {
            assert!(run["id"].as_str().unwrap().starts_with("r-"), "{run}");
            assert!(run["duration_ms"].is_u64(), "{run}");
            run["id"] = Value::Null;
            run["duration_ms"] = Value::Null;
            let asked_for_by = run["pull_request"].as_u64().unwrap();
            assert!(asked_for_by == 1 || run["ring"] == "ring-billing", "{run}");
            for tenant in run["tenants"].as_array_mut().unwrap() {
                assert!(tenant["duration_ms"].is_u64(), "{tenant}");
                tenant["duration_ms"] = Value::Null;
            }
        }
    }
    // How often a release is looked at while it goes on depends on how fast the machine is.
    let calls = document["github_calls"].take();
    let (content, total) = (calls["content"].as_u64().unwrap(), calls["total"].as_u64().unwrap());
    let runs = ["releases", "cleanups"].map(|runs| document[runs].as_array().unwrap().len() as u64);
    assert!(content > 0 && content <= 20 * runs.iter().sum::<u64>(), "{calls}");
    assert!(total > content && total <= 100 * runs.iter().sum::<u64>(), "{calls}");
    document
}

/// What is the same whenever the story is told: not the events, which come in whatever order the fleet has, and no
/// durations. The introduction names a folder, and comes before.
fn told_every_time(story: &str) -> String {
    let mut lines = Vec::new();
    for line in story.lines().skip_while(|line| !line.starts_with("1. ")) {
        let is_event =
            line.trim_start().split_once(" s ").is_some_and(|(time, _)| time.parse::<f64>().is_ok());
        // What is said in the pull request has times in it, too.
        if is_event || line.starts_with("         ") || line.starts_with("  │") {
            continue;
        }
        let mut words: Vec<&str> = line.split(' ').collect();
        if words.first() == Some(&"Seen") {
            words.splice(1..2, ["SOME"]);
        }
        lines.push(words.join(" ").replace(env!("CARGO_BIN_EXE_ringway"), "ringway"));
    }
    lines.join("\n")
}

#[test]
fn the_same_seed_gives_the_same_document_but_for_ids_and_durations() {
    let (first, second) = std::thread::scope(|scope| {
        let runs = [scope.spawn(|| document(&["--seed", "7"])), scope.spawn(|| document(&["--seed", "7"]))];
        let [first, second] = runs.map(|run| timeless(run.join().unwrap()));
        (first, second)
    });
    assert_eq!(first, second);
    assert_eq!(first["ok"], true);
    let verdicts = |runs: &str| -> Vec<String> {
        let runs = first[runs].as_array().unwrap().iter();
        runs.map(|run| format!("{} {}", run["ring"], run["verdict"]).replace('"', "")).collect()
    };
    assert_eq!(
        verdicts("releases"),
        [
            "ring-search partial_success",
            "ring-search success",
            "ring-search success",
            "ring-search success",
            "ring-billing refused",
            "ring-search success",
            "ring-search partial_success"
        ]
    );
    assert_eq!(verdicts("cleanups"), ["ring-search success"]);
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&first), ["cleanups", "commit", "github_calls", "ok", "pull_request", "releases"]);
    assert_eq!(first["pull_request"], 1);
    let last = first["releases"].as_array().unwrap().last().unwrap();
    assert_eq!(first["commit"], last["commit"], "it was closed with the commit that was released last");
    assert_eq!(first["commit"].as_str().unwrap().len(), 40);
    let release = &first["releases"][0];
    assert_eq!(
        names(release),
        [
            "cohort",
            "commit",
            "duration_ms",
            "id",
            "images",
            "pull_request",
            "ring",
            "service",
            "tenants",
            "verdict"
        ]
    );
    assert_eq!(names(&release["images"][0]), ["digest", "ref"]);
    assert_eq!(names(&release["tenants"][0]), ["duration_ms", "name", "proof", "reason", "verdict"]);
    assert_eq!(release["cohort"], "cohort:github:path:internal-level-1");
    assert_eq!(release["tenants"].as_array().unwrap().len(), 8);
}

#[test]
fn the_smallest_fleet_and_one_with_more_tenants_than_places_go_as_told() {
    for count in [2_usize, 22] {
        let text = count.to_string();
        let document = document(&["--tenants", &text]);
        let cohorts = document["releases"].as_array().unwrap().iter().take(2);
        let tenants = cohorts.map(|release| release["tenants"].as_array().unwrap().len());
        assert_eq!(tenants.sum::<usize>(), count);
    }
}

#[test]
fn the_story_is_told_in_plain_lines() {
    let output = demo(&["--tenants", "3"]);
    let story = out(&output);
    assert_eq!(output.status.code(), Some(0), "{story}");
    assert!(!story.contains("NOT AS TOLD"), "{story}");
    insta::assert_snapshot!(told_every_time(&story));
    let story = story.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "waits for build",
        "Ring release accepted",
        "cannot run: ",
        "Service release result: partial success",
        "What was found about",
        "is claimed by ring-search for this service since 20",
        "last written by night-shift at 20",
        "Service cleanup result: success",
    ] {
        assert!(story.contains(part), "{part} is not in:\n{story}");
    }
}

#[test]
fn too_few_tenants_are_refused_as_a_wrong_request() {
    let output = demo(&["--tenants", "1"]);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(2), ""));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("--tenants: found 1; allowed: 2 to 500"), "{error}");
}
