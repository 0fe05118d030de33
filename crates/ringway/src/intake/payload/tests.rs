//! What is read of payloads: of real shapes, with everything left out that is not looked at, and of hostile ones.

use super::hint;
use crate::{intake::Refusal, ledger::Hint};
use proptest::prelude::*;
use serde_json::{Value, json};

fn of(event: &str, payload: &Value) -> Hint {
    hint(event, payload.to_string().as_bytes()).unwrap_or_else(|error| panic!("{event} {payload}: {error}"))
}

fn branch(name: &str) -> Hint {
    Hint::Branch { repository: 99, branch: name.to_owned() }
}

fn pull_request() -> Hint {
    Hint::PullRequest { repository: 99, number: 12 }
}

#[test]
fn what_happens_to_a_pull_request_is_a_hint_to_look_at_it() {
    let payload = json!({"action": "labeled", "number": 12, "pull_request": {"number": 12, "id": 1},
        "repository": {"id": 99, "name": "web"}, "sender": {"login": "octocat"}, "label": {"name": "x"}});
    for event in ["pull_request", "pull_request_review", "pull_request_review_comment"] {
        assert_eq!(of(event, &payload), pull_request(), "{event}");
    }
}

#[test]
fn a_comment_changes_nothing_and_most_are_our_own() {
    let payload = json!({"repository": {"id": 99}, "issue": {"number": 12, "pull_request": {"url": "x"}}});
    assert_eq!(of("issue_comment", &payload), Hint::Nothing);
}

#[test]
fn a_build_is_a_hint_to_look_at_its_branch_unless_it_is_of_a_fork() {
    let run = |head: Value, name: Value| json!({"repository": {"id": 99}, "workflow_run": {"head_branch": name, "head_repository": head}});
    let name = json!("ring-search");
    assert_eq!(of("workflow_run", &run(json!({"id": 99}), name.clone())), branch("ring-search"));
    assert_eq!(of("workflow_run", &run(json!({"id": 98}), name.clone())), Hint::Nothing);
    assert_eq!(of("workflow_run", &run(Value::Null, name)), Hint::Nothing);
    assert_eq!(of("workflow_run", &run(json!({"id": 99}), Value::Null)), Hint::Nothing);
}

#[test]
fn jobs_checks_and_statuses_are_hints_to_look_at_the_branch() {
    let of_head = |head: Value| {
        [
            ("workflow_job", json!({"repository": {"id": 99}, "workflow_job": {"head_branch": head}})),
            ("check_suite", json!({"repository": {"id": 99}, "check_suite": {"head_branch": head}})),
            (
                "check_run",
                json!({"repository": {"id": 99}, "check_run": {"check_suite": {"head_branch": head}}}),
            ),
        ]
    };
    for (event, payload) in of_head(json!("ring-x")) {
        assert_eq!(of(event, &payload), branch("ring-x"), "{event}");
    }
    for (event, payload) in of_head(Value::Null) {
        assert_eq!(of(event, &payload), Hint::Nothing, "{event}");
    }
    let status =
        |branches: Value| json!({"repository": {"id": 99}, "state": "success", "branches": branches});
    assert_eq!(of("status", &status(json!([]))), Hint::Nothing);
    assert_eq!(of("status", &status(json!([{"name": "ring-x"}]))), branch("ring-x"));
    let several = json!([{"name": "ring-x"}, {"name": "main"}]);
    assert_eq!(of("status", &status(several)), Hint::Repository { repository: 99 });
}

#[test]
fn a_branch_that_moves_comes_or_goes_is_a_hint_and_a_tag_is_none() {
    let push = |reference: &str| json!({"repository": {"id": 99}, "ref": reference});
    assert_eq!(of("push", &push("refs/heads/ring-a/b")), branch("ring-a/b"));
    assert_eq!(of("push", &push("refs/tags/v1")), Hint::Nothing);
    for event in ["create", "delete"] {
        let payload = |kind: &str| json!({"repository": {"id": 99}, "ref": "ring-x", "ref_type": kind});
        assert_eq!(of(event, &payload("branch")), branch("ring-x"), "{event}");
        assert_eq!(of(event, &payload("tag")), Hint::Nothing, "{event}");
    }
}

#[test]
fn what_happens_to_a_repository_is_a_hint_to_look_at_all_of_it() {
    let payload = json!({"action": "renamed", "repository": {"id": 99}});
    for event in ["repository", "label"] {
        assert_eq!(of(event, &payload), Hint::Repository { repository: 99 }, "{event}");
    }
    let added = |repositories: Value| json!({"action": "added", "repositories_added": repositories});
    let one = of("installation_repositories", &added(json!([{"id": 99}])));
    assert_eq!(one, Hint::Repository { repository: 99 });
    for many in [json!([]), json!([{"id": 98}, {"id": 99}])] {
        assert_eq!(of("installation_repositories", &added(many)), Hint::Nothing);
    }
    assert_eq!(of("installation", &json!({"action": "suspend"})), Hint::Nothing);
}

#[test]
fn events_that_mean_nothing_to_us_only_have_to_be_json() {
    for event in ["star", "ping", "security_advisory", "something_new"] {
        assert_eq!(of(event, &json!({"repository": "whatever", "number": [{}]})), Hint::Nothing, "{event}");
        assert!(hint(event, b"payload=%7B%7D").is_err(), "{event}");
    }
}

#[test]
fn what_is_not_json_is_refused_and_not_repeated() {
    const WHOLE_AND_MORE: &[u8] = br#"{"repository": {"id": 99}, "pull_request": {"number": 12}} {}"#;
    for body in [&b""[..], b"secret", b"{", b"{\"repository\": ", WHOLE_AND_MORE, b"\xff\xfe", b"\0", b"NaN"]
    {
        let Err(Refusal::Payload(why)) = hint("pull_request", body) else { panic!("{body:?}") };
        assert!(why.starts_with("it is not JSON (line ") && !why.contains("secret"), "{why}");
    }
}

#[test]
fn json_that_is_not_of_the_event_is_refused() {
    for payload in [
        json!({}),
        json!([]),
        json!("x"),
        json!({"repository": {"id": 99}}),
        json!({"repository": {"id": -1}, "pull_request": {"number": 12}}),
        json!({"repository": {"id": 1.5}, "pull_request": {"number": 12}}),
        json!({"repository": {"id": "99"}, "pull_request": {"number": 12}}),
        json!({"repository": {"id": 99}, "pull_request": {"number": null}}),
        json!({"repository": null, "pull_request": {"number": 12}}),
    ] {
        let Err(Refusal::Payload(why)) = hint("pull_request", payload.to_string().as_bytes()) else {
            panic!("{payload}")
        };
        assert!(why.contains("lacks what is documented"), "{why}");
    }
    let twice = br#"{"repository": {"id": 1}, "repository": {"id": 2}, "pull_request": {"number": 1}}"#;
    assert!(hint("pull_request", twice).is_err(), "which of them is meant?");
    let too_large = br#"{"repository": {"id": 18446744073709551616}, "pull_request": {"number": 1}}"#;
    assert!(hint("pull_request", too_large).is_err());
}

#[test]
fn hostile_payloads_harm_nobody() {
    const DEEP: usize = 12 * 1024 * 1024;
    let nested = format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP));
    assert_eq!(hint("star", nested.as_bytes()), Ok(Hint::Nothing));
    let inside =
        format!(r#"{{"x": {nested}, "repository": {{"id": 99}}, "pull_request": {{"number": 12}}}}"#);
    assert_eq!(hint("pull_request", inside.as_bytes()), Ok(pull_request()));
    for broken in [nested.replace(']', ""), format!(r#"{{"repository": {nested}}}"#)] {
        assert!(hint("pull_request", broken.as_bytes()).is_err());
    }
    let names = ["", "ring-\0\u{202e}`rm -rf /`", "ring-'; DROP TABLE inbox; --", &"x".repeat(10 * 1024)];
    let hints = names.map(|name| {
        let reference = format!("refs/heads/{name}");
        of("push", &json!({"repository": {"id": 99}, "ref": reference}))
    });
    let expected = [Hint::Nothing, branch(names[1]), branch(names[2]), Hint::Nothing];
    assert_eq!(hints, expected, "an odd name is a name, and one that cannot be one is nothing");
}

proptest! {
    #[test]
    fn no_bytes_at_all_make_it_panic(
        event in "[a-z_]{1,12}|pull_request|workflow_run|push|status|check_run|installation|issue_comment",
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..300),
            "\\PC{0,100}".prop_map(String::into_bytes),
            r#"\{"(repository|ref|pull_request|branches)": ?[\[\]{}":0-9a-z, .-]{0,80}\}"#.prop_map(String::into_bytes),
        ],
    ) {
        let _ = hint(&event, &body);
    }
}
