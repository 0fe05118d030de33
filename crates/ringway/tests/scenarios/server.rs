//! `ringway serve` drives what other commands ask for, and the next one goes on with what is left.

use crate::{
    harness::{Ringway, image, release_arguments},
    observe::{When, fleet, overrides, proven, sources},
};
use rustix::process::Signal;
use serde_json::Value;

/// A rollout that lasts long enough to do something meanwhile.
const SLOW: &str = "slow5s-1";

const SERVE: [&str; 5] = ["serve", "--listen", "127.0.0.1:0", "--log-format", "json"];

/// What a server said of a run: the messages that name it.
fn said(log: &str, run: &str) -> Vec<String> {
    let entries = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_run = entries.filter(|entry| entry["run"] == run);
    of_run.map(|entry| entry["message"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_server_that_is_told_to_end_leaves_what_is_under_way_to_the_next_one() {
    let (tenants, names) = fleet("served", 2);
    let before = sources(&tenants);
    let ringway = Ringway::new();
    let next = When::next_run(&ringway);
    let server = ringway.starting(&SERVE);
    ringway.until_owned();
    let client = ringway.releasing("ring-served", "minimal", SLOW, &names);
    let run = next.reached(&proven("patched", 2));

    let status = ringway.run(&["status", "-o", "json"]).expect(0).json();
    assert_eq!((&status["driven"], &status["owner"]["command"]), (&true.into(), &"ringway serve".into()));
    assert_eq!(status["under_way"][0]["id"], *run);
    let ring = &status["rings"][0];
    assert_eq!((&ring["ring"], &ring["services"][0]["service"]), (&"ring-served".into(), &"minimal".into()));
    let shown = ringway.run(&["status"]).expect(0).out;
    assert!(shown.contains(&format!("release {run} is under way")), "{shown}");

    let server = server.ended_by(Signal::TERM).expect(0);
    let log = said(&server.err, &run);
    assert!(log.first().is_some_and(|first| first == "begun"), "{log:?}");
    assert!(log.last().is_some_and(|last| last.starts_with("left: ")), "{log:?}");
    let client = client.ended().expect(130);
    assert!(client.err.contains("another process drives it"), "{}", client.err);
    let status = ringway.run(&["status", "-o", "json"]).expect(0).json();
    assert_eq!((&status["driven"], &status["under_way"][0]["driven"]), (&false.into(), &false.into()));

    let server = ringway.starting(&SERVE);
    ringway.until_owned();
    let proven = ringway.run(&["release", "watch", &run, "-o", "json"]).expect(0).json();
    assert_eq!(proven["verdict"], "success");
    let shown = ringway.run(&["status"]).expect(0).out;
    assert!(shown.contains(&format!("2 tenants digest_verified by release {run}")), "{shown}");
    ringway.run(&["freeze", "on", "--reason", "the end of a test"]).expect(0);
    let image = image("v2");
    let refused = ringway.run(&release_arguments("ring-served", "minimal", &image, &names)).expect(4);
    assert!(refused.err.contains("everything is frozen since"), "{}", refused.err);
    ringway.cleanup("ring-served").expect(0);
    assert_eq!(sources(&tenants), before);
    assert_eq!(overrides(&ringway), "");

    let server = server.ended_by(Signal::INT).expect(0);
    assert!(said(&server.err, &run).contains(&"ended".to_owned()), "{}", server.err);
    assert!(!server.err.contains("\"level\":\"ERROR\""), "{}", server.err);
    let audit = ringway.run(&["audit", "-o", "json"]).expect(0).json();
    let words = audit
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| ["from", "action", "outcome"].map(|field| entry[field].as_str().unwrap()).join(" "));
    assert_eq!(
        words.collect::<Vec<_>>(),
        [
            "socket release_start done",
            "socket freeze_on done",
            "socket release_start refused",
            "socket cleanup done"
        ]
    );
}
