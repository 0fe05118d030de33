//! Writes whose answer was lost: recognised if they happened, repeated if not, and never made twice.

use super::{
    APP, app, kind,
    scripted::{Reply, Server, answer, ok},
    seconds, user,
};
use crate::github::{CheckRun, CheckStatus, Conclusion, Edited, StatusState};
use serde_json::{Value, json};

const USER: &str = "GET /user";
const COMMENTS: &str = "POST /repos/acme/app/issues/5/comments";
const LIST: &str = "GET /repos/acme/app/issues/5/comments?per_page=100";
const EDIT: &str = "PATCH /repos/acme/app/issues/comments/31";
const CREATE: &str = "POST /repos/acme/app/check-runs";
const UPDATE: &str = "PATCH /repos/acme/app/check-runs/71";
const CHECKS: &str = "GET /repos/acme/app/commits/c0ffee/check-runs?check_name=ringway%2Fring&app_id=4711&filter=all&per_page=100";
const STATUS: &str = "POST /repos/acme/app/statuses/c0ffee";
const STATUSES: &str = "GET /repos/acme/app/commits/c0ffee/statuses?per_page=100";

/// Everything after which nobody knows whether a write happened.
fn losses() -> Vec<Reply> {
    vec![
        answer(500, &Value::Null),
        answer(502, &Value::Null),
        Reply::Hangs,
        Reply::Stalls,
        Reply::Refused,
        Reply::Breaks("{\"id".into()),
        Reply::Short("{\"id\":31}".into()),
        Reply::Answer(201, Vec::new(), "{\"id".into()),
        Reply::Answer(201, Vec::new(), "<html>".into()),
    ]
}

fn comment(id: u64, author: u64, body: &str) -> Value {
    json!({ "id": id, "body": body, "user": { "id": author, "login": "x" } })
}

#[tokio::test(start_paused = true)]
async fn a_comment_that_was_written_is_not_written_again() {
    for lost in losses() {
        let server = Server::new();
        server.on(USER, ok(&json!({ "id": 3, "login": "ann" }))).on(COMMENTS, lost.clone());
        let others = json!([
            comment(30, 8, "pasted <!-- m -->"),
            comment(31, 3, "Hello <!-- m -->"),
            comment(32, 3, "x")
        ]);
        server.on(LIST, ok(&others));
        let written = user(&server).create_comment("acme/app", 5, "Hello <!-- m -->", "<!-- m -->").await;
        assert_eq!(written.unwrap(), 31, "{lost:?}");
        assert_eq!(server.lines(), [COMMENTS, USER, LIST], "{lost:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_comment_that_was_not_written_is_written_again_at_the_pace_of_writes() {
    for lost in losses() {
        let server = Server::new();
        server.on(USER, ok(&json!({ "id": 3, "login": "ann" })));
        server.on(COMMENTS, lost.clone()).on(COMMENTS, answer(201, &json!({ "id": 31 })));
        // A marker that somebody else pasted.
        server.on(LIST, ok(&json!([comment(30, 8, "pasted <!-- m -->")])));
        let client = user(&server);
        let written = client.create_comment("acme/app", 5, "Hello <!-- m -->", "<!-- m -->").await;
        assert_eq!(written.unwrap(), 31, "{lost:?}");
        assert_eq!(server.lines(), [COMMENTS, USER, LIST, COMMENTS], "{lost:?}");
        let seen = server.seen();
        assert!(seen[3].after - seen[0].after >= seconds(1));
        assert_eq!((client.calls().content, client.calls().total), (2, 4));
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_repeated_while_nobody_knows() {
    let server = Server::new();
    server.on(USER, ok(&json!({ "id": 3, "login": "ann" }))).on(COMMENTS, answer(502, &Value::Null));
    server.on(LIST, answer(503, &Value::Null));
    let result = user(&server).create_comment("acme/app", 5, "Hello <!-- m -->", "<!-- m -->").await;
    assert_eq!(kind(result), "unavailable");
    assert_eq!(server.lines().iter().filter(|line| *line == COMMENTS).count(), 1);

    let server = Server::new();
    server.on(USER, ok(&json!({ "id": 3, "login": "ann" }))).on(COMMENTS, answer(502, &Value::Null));
    server.on(LIST, ok(&json!([])));
    let result = user(&server).create_comment("acme/app", 5, "Hello <!-- m -->", "<!-- m -->").await;
    assert_eq!(kind(result), "unavailable");
    assert_eq!(server.lines(), [COMMENTS, USER, LIST, COMMENTS, LIST, COMMENTS, LIST]);
}

#[tokio::test(start_paused = true)]
async fn an_edit_is_made_again() {
    for lost in losses() {
        let server = Server::new();
        server.on(EDIT, lost.clone()).on(EDIT, ok(&json!({ "id": 31 })));
        assert_eq!(
            user(&server).edit_comment("acme/app", 31, "text").await.unwrap(),
            Edited::Done,
            "{lost:?}"
        );
        assert_eq!(server.lines(), [EDIT, EDIT], "{lost:?}");
    }
}

fn check(status: CheckStatus) -> CheckRun {
    CheckRun {
        name: "ringway/ring".into(),
        head_commit: "c0ffee".into(),
        external_id: "r-1".into(),
        status,
        title: "6 of 6".into(),
        summary: "all".into(),
        url: Some("https://r".into()),
    }
}

fn shown(id: u64, app: u64, external_id: &str, status: &str, conclusion: Option<&str>) -> Value {
    json!({
        "id": id, "name": "ringway/ring", "head_sha": "c0ffee", "external_id": external_id, "status": status,
        "conclusion": conclusion, "app": { "id": app }, "output": { "title": "6 of 6" },
    })
}

fn app_server() -> Server {
    let server = Server::new();
    let token = json!({ "token": "ghs_one", "expires_at": "2026-11-23T09:00:00Z" });
    server.on("POST /app/installations/55/access_tokens", answer(201, &token));
    server
}

/// The requests without those for the token.
fn lines(server: &Server) -> Vec<String> {
    server.lines().into_iter().filter(|line| !line.contains("access_tokens")).collect()
}

#[tokio::test(start_paused = true)]
async fn a_check_run_is_created_and_then_updated() {
    let server = app_server();
    server.on(CREATE, answer(201, &shown(71, APP, "r-1", "in_progress", None)));
    server.on(UPDATE, ok(&shown(71, APP, "r-1", "completed", Some("failure"))));
    let client = app(&server, Some(55));
    assert_eq!(client.set_check_run("acme/app", &check(CheckStatus::InProgress), None).await.unwrap(), 71);
    let failed = check(CheckStatus::Completed(Conclusion::Failure));
    assert_eq!(client.set_check_run("acme/app", &failed, Some(71)).await.unwrap(), 71);
    assert_eq!(lines(&server), [CREATE, UPDATE]);
    let expected = json!({
        "name": "ringway/ring", "head_sha": "c0ffee", "external_id": "r-1", "status": "in_progress",
        "details_url": "https://r", "output": { "title": "6 of 6", "summary": "all" },
    });
    assert_eq!(server.seen()[1].json(), expected);
    let update = server.seen()[2].json();
    assert_eq!((&update["status"], &update["conclusion"]), (&json!("completed"), &json!("failure")));
    assert_eq!(update.get("head_sha"), None);
    assert_eq!((client.calls().content, client.calls().total), (2, 3));
}

#[tokio::test(start_paused = true)]
async fn a_check_run_that_can_say_it_no_more_gives_way_to_a_new_one() {
    for reply in [answer(404, &Value::Null), ok(&shown(71, APP, "r-1", "completed", Some("failure")))] {
        let server = app_server();
        server.on(UPDATE, reply).on(CREATE, answer(201, &shown(72, APP, "r-1", "in_progress", None)));
        let set =
            app(&server, Some(55)).set_check_run("acme/app", &check(CheckStatus::InProgress), Some(71)).await;
        assert_eq!(set.unwrap(), 72);
        assert_eq!(lines(&server), [UPDATE, CREATE]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_check_run_is_recognised_and_another_apps_with_our_name_is_not() {
    let done = check(CheckStatus::Completed(Conclusion::Success));
    let not_ours = [
        shown(90, 12, "r-1", "completed", Some("success")),
        shown(91, APP, "r-0", "completed", Some("success")),
        shown(92, APP, "r-1", "in_progress", None),
    ];
    for lost in losses() {
        let server = app_server();
        server.on(CREATE, lost.clone());
        let mut all = not_ours.to_vec();
        all.push(shown(73, APP, "r-1", "completed", Some("success")));
        server.on(CHECKS, ok(&json!({ "total_count": 4, "check_runs": all })));
        let client = app(&server, Some(55));
        assert_eq!(client.set_check_run("acme/app", &done, None).await.unwrap(), 73, "{lost:?}");
        assert_eq!(lines(&server), [CREATE, CHECKS], "{lost:?}");

        let server = app_server();
        server.on(CREATE, lost.clone());
        server.on(CREATE, answer(201, &shown(74, APP, "r-1", "completed", Some("success"))));
        server.on(CHECKS, ok(&json!({ "check_runs": not_ours })));
        let client = app(&server, Some(55));
        assert_eq!(client.set_check_run("acme/app", &done, None).await.unwrap(), 74, "{lost:?}");
        assert_eq!(lines(&server), [CREATE, CHECKS, CREATE], "{lost:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_status_is_recognised_by_the_newest_of_its_context() {
    let told = |context: &str, description: &str| json!({ "state": "success", "context": context, "description": description, "id": 1 });
    let written =
        json!([told("ci", "6 of 6"), told("ringway/ring", "6 of 6"), told("ringway/ring", "5 of 6")]);
    let older = json!([told("ringway/ring", "5 of 6"), told("ringway/ring", "6 of 6")]);
    for (list, expected) in [(written, vec![STATUS, STATUSES]), (older, vec![STATUS, STATUSES, STATUS])] {
        let server = Server::new();
        server.on(STATUS, answer(502, &Value::Null));
        server.on(STATUS, answer(201, &json!({ "state": "success", "context": "ringway/ring" })));
        server.on(STATUSES, ok(&list));
        let set = user(&server)
            .set_status("acme/app", "c0ffee", "ringway/ring", StatusState::Success, "6 of 6", None)
            .await;
        assert!(set.is_ok());
        assert_eq!(server.lines(), expected);
    }
}
