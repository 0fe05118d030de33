//! The queue of writes: their pace, their order, and edits that replace each other.

use super::{
    TOKEN, app, kind,
    scripted::{Reply, Seen, Server, answer, ok, with},
    seconds, settings, user,
};
use crate::github::{
    CheckRun, CheckStatus, Client, Conclusion, Credentials, Edited, GithubError, Limits, Settings,
    StatusState,
};
use crate::registry::Secret;
use futures_util::{FutureExt, future::join_all};
use serde_json::{Value, json};
use std::time::Duration;

const COMMENTS: &str = "POST /repos/acme/app/issues/5/comments";
const EDIT: &str = "PATCH /repos/acme/app/issues/comments/31";
const STATUS: &str = "POST /repos/acme/app/statuses/c0ffee";

fn ready(server: &Server) {
    server
        .on(COMMENTS, answer(201, &json!({ "id": 31 })))
        .on(EDIT, ok(&json!({ "id": 31 })))
        .on("PATCH /repos/acme/app/issues/comments/32", ok(&json!({ "id": 32 })))
        .on(STATUS, answer(201, &json!({ "state": "pending", "context": "ringway/ring" })));
}

async fn status(client: &Client) -> Result<(), GithubError> {
    client
        .set_status("acme/app", "c0ffee", "ringway/ring", StatusState::Pending, "1 of 6", Some("https://r"))
        .await
}

#[tokio::test(start_paused = true)]
async fn writes_say_what_they_should() {
    let server = Server::new();
    ready(&server);
    let client = user(&server);
    assert_eq!(client.create_comment("acme/app", 5, "Hello <!-- m -->", "<!-- m -->").await.unwrap(), 31);
    assert_eq!(client.edit_comment("acme/app", 31, "Again").await.unwrap(), Edited::Done);
    status(&client).await.unwrap();
    let seen = server.seen();
    let bodies: Vec<Value> = seen.iter().map(Seen::json).collect();
    assert_eq!(bodies[0], json!({ "body": "Hello <!-- m -->" }));
    assert_eq!(bodies[1], json!({ "body": "Again" }));
    let expected = json!({
        "state": "pending", "context": "ringway/ring", "description": "1 of 6", "target_url": "https://r"
    });
    assert_eq!(bodies[2], expected);
    assert!(seen.iter().all(|seen| seen.header("content-type") == "application/json"));
    assert_eq!((client.calls().content, client.calls().total), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn a_second_lies_between_two_writes_and_eighty_are_a_minute() {
    let server = Server::new();
    ready(&server);
    let client = user(&server);
    join_all((0..3).map(|_| client.create_comment("acme/app", 5, "text", "marker"))).await;
    let after: Vec<_> = server.seen().iter().map(|seen| seen.after).collect();
    assert_eq!(after, [seconds(0), seconds(1), seconds(2)]);

    let server = Server::new();
    ready(&server);
    let limits = Limits { write_gap: Duration::ZERO, ..Limits::default() };
    let settings = Settings { limits, ..settings(Credentials::Token(Secret::new(TOKEN))) };
    let client = super::client(&server, settings);
    join_all((0..161).map(|_| client.create_comment("acme/app", 5, "text", "marker"))).await;
    let after: Vec<_> = server.seen().iter().map(|seen| seen.after).collect();
    assert_eq!(
        (after[79], after[80], after[159], after[160]),
        (seconds(0), seconds(60), seconds(60), seconds(120))
    );
}

#[tokio::test(start_paused = true)]
async fn checks_go_before_new_comments_and_those_before_edits() {
    let server = Server::new();
    ready(&server);
    let client = user(&server);
    let first = client.create_comment("acme/app", 5, "first", "marker");
    let edit = client.edit_comment("acme/app", 31, "edit");
    let comment = client.create_comment("acme/app", 5, "second", "marker");
    let check = status(&client);
    let (first, edit, comment, check) = tokio::join!(first, edit, comment, check);
    assert!(first.is_ok() && edit.is_ok() && comment.is_ok() && check.is_ok());
    assert_eq!(server.lines(), [COMMENTS, STATUS, COMMENTS, EDIT]);
}

#[tokio::test(start_paused = true)]
async fn of_edits_that_wait_only_the_newest_is_sent() {
    let server = Server::new();
    ready(&server);
    let client = user(&server);
    let first = client.create_comment("acme/app", 5, "first", "marker");
    let texts: Vec<String> = (0..500).map(|number| format!("text {number}")).collect();
    let edits = join_all(texts.iter().map(|text| client.edit_comment("acme/app", 31, text)));
    let other = client.edit_comment("acme/app", 32, "other");
    let (_, edits, _) = tokio::join!(first, edits, other);
    assert!(edits.into_iter().all(|edited| edited == Ok(Edited::Done)));
    let bodies: Vec<Value> = server.seen().iter().map(|seen| seen.json()["body"].clone()).collect();
    assert_eq!(bodies, ["first", "text 499", "other"]);
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_is_given_up_leaves_the_newest_to_be_sent() {
    let server = Server::new();
    ready(&server);
    let client = user(&server);
    client.create_comment("acme/app", 5, "first", "marker").await.unwrap();
    let mut carrier = client.edit_comment("acme/app", 31, "one").boxed();
    assert!(carrier.as_mut().now_or_never().is_none());
    let mut two = client.edit_comment("acme/app", 31, "two").boxed();
    assert!(two.as_mut().now_or_never().is_none());
    let mut three = client.edit_comment("acme/app", 31, "three").boxed();
    assert!(three.as_mut().now_or_never().is_none());
    drop(carrier);
    let (two, three) = tokio::join!(two, three);
    assert_eq!((kind(two), three), ("unavailable", Ok(Edited::Done)));
    let bodies: Vec<Value> = server.seen().iter().map(|seen| seen.json()["body"].clone()).collect();
    assert_eq!(bodies, ["first", "three"]);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_given_up_holds_up_no_other() {
    let server = Server::new();
    server.on(COMMENTS, Reply::Hangs);
    server.on(EDIT, ok(&json!({ "id": 31 })));
    let client = user(&server);
    let mut writing = client.create_comment("acme/app", 5, "first", "marker").boxed();
    assert!(writing.as_mut().now_or_never().is_none());
    let mut waiting = client.create_comment("acme/app", 5, "second", "marker").boxed();
    assert!(waiting.as_mut().now_or_never().is_none());
    drop((writing, waiting));
    assert_eq!(client.edit_comment("acme/app", 31, "text").await.unwrap(), Edited::Done);
    assert_eq!(server.lines(), [COMMENTS, EDIT]);
}

#[tokio::test(start_paused = true)]
async fn all_that_wait_learn_of_a_limit_at_once() {
    let server = Server::new();
    server.on(COMMENTS, with(403, &[("retry-after", "120")], &Value::Null));
    let client = user(&server);
    let begun = tokio::time::Instant::now();
    let results = join_all((0..100).map(|_| client.create_comment("acme/app", 5, "text", "marker"))).await;
    assert!(results.into_iter().all(|result| kind(result) == "rate limited"));
    assert_eq!((server.seen().len(), begun.elapsed()), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_comment_that_was_deleted_by_hand_is_gone() {
    for status in [404, 410] {
        let server = Server::new();
        server.on(EDIT, answer(status, &json!({ "message": "Not Found" })));
        assert_eq!(user(&server).edit_comment("acme/app", 31, "text").await.unwrap(), Edited::Gone);
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_refused_is_not_repeated() {
    for (status, expected) in
        [(401, "unauthorized"), (403, "forbidden"), (404, "not found"), (422, "invalid")]
    {
        let server = Server::new();
        let errors =
            json!({ "message": "Validation Failed", "errors": [{ "field": "body", "code": "too_long" }] });
        server.on(COMMENTS, answer(status, &errors));
        let result = user(&server).create_comment("acme/app", 5, "text", "marker").await;
        let message = result.as_ref().unwrap_err().to_string();
        assert!(message.contains("acme/app#5") && message.contains("body too_long"), "{message}");
        assert_eq!((kind(result), server.seen().len()), (expected, 1), "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_check_run_is_for_apps_only() {
    let server = Server::new();
    let check = CheckRun {
        name: "ringway/ring".into(),
        head_commit: "c0ffee".into(),
        external_id: "r-1".into(),
        status: CheckStatus::Completed(Conclusion::Success),
        title: "6 of 6".into(),
        summary: "all".into(),
        url: None,
    };
    let result = user(&server).set_check_run("acme/app", &check, None).await;
    assert!(result.as_ref().unwrap_err().to_string().contains("github.app"));
    assert_eq!((kind(result), server.seen().len()), ("invalid", 0));
    server.on("POST /app/installations/55/access_tokens", answer(401, &Value::Null));
    assert_eq!(kind(app(&server, Some(55)).set_check_run("acme/app", &check, None).await), "unauthorized");
}
