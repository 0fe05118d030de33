//! What we were given on GitHub, and what can be watched of the client.

use super::{
    app, begin, kind, repository,
    scripted::{Reply, Server, answer, ok, with},
    user,
};
use crate::github::Answered;
use serde_json::{Value, json};

const REPOSITORY: &str = "GET /repos/acme/app";

#[tokio::test(start_paused = true)]
async fn an_installation_is_asked_for_as_the_app_whichever_one_was_configured() {
    let server = Server::new();
    let granted = json!({ "metadata": "read", "checks": "write" });
    server
        .on(
            "GET /repos/acme/app/installation",
            ok(&json!({ "id": 55, "permissions": granted, "suspended_at": null })),
        )
        .on("GET /orgs/acme/installation", ok(&json!({ "id": 56, "suspended_at": "2026-11-23T07:00:00Z" })))
        .on("GET /orgs/other/installation", answer(404, &json!({ "message": "Not Found" })));
    let client = app(&server, Some(54));
    let found = client.installation_of_repository("acme/app").await.unwrap();
    let permissions: Vec<_> =
        found.permissions.iter().map(|(name, right)| format!("{name}={right}")).collect();
    assert_eq!(
        (found.id, permissions.join(" "), found.is_suspended),
        (55, "checks=write metadata=read".into(), false)
    );
    let found = client.installation_of_organisation("acme").await.unwrap();
    assert_eq!((found.id, found.permissions.len(), found.is_suspended), (56, 0, true));
    let missing = client.installation_of_organisation("other").await;
    let message = missing.as_ref().unwrap_err().to_string();
    assert!(message.contains("what our App may do in other"), "{message}");
    assert_eq!(kind(missing), "not found");
    assert_eq!(kind(client.installation_of_organisation("..").await), "invalid");
    assert_eq!(server.lines().len(), 3, "no token was asked for");
}

#[tokio::test(start_paused = true)]
async fn a_classic_token_has_scopes_and_a_fine_grained_one_has_none_to_show() {
    let who = json!({ "id": 7, "login": "dana" });
    for (headers, expected) in [
        (vec![("x-oauth-scopes", "repo, read:org")], Some(vec!["read:org", "repo"])),
        (vec![("x-oauth-scopes", "")], Some(vec![])),
        (vec![], None),
    ] {
        let server = Server::new();
        server.on("GET /user", with(200, &headers, &who));
        let found = user(&server).token_scopes().await.unwrap();
        let found: Option<Vec<&str>> =
            found.as_ref().map(|scopes| scopes.iter().map(String::as_str).collect());
        assert_eq!(found, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn every_request_is_counted_once_by_what_came_back() {
    let server = Server::new();
    let left = |left: &str, status, body: &Value| {
        with(status, &[("x-ratelimit-remaining", left), ("etag", "e")], body)
    };
    server
        .on(REPOSITORY, left("4999", 200, &repository()))
        .on(REPOSITORY, left("4999", 304, &Value::Null))
        .on(REPOSITORY, left("4998", 404, &Value::Null))
        .on(REPOSITORY, Reply::Refused)
        .on(REPOSITORY, answer(502, &Value::Null))
        .on(REPOSITORY, left("4997", 200, &repository()))
        .on(REPOSITORY, with(429, &[("retry-after", "30")], &Value::Null));
    let client = user(&server);
    assert_eq!(client.figures().remaining, None);
    for expected in ["fine", "fine", "not found", "fine", "rate limited", "rate limited"] {
        assert_eq!(kind(client.repository("acme/app").await), expected);
    }
    let figures = client.figures();
    let answers: Vec<_> =
        figures.answers.iter().map(|(answered, count)| (answered.as_str(), *count)).collect();
    assert_eq!(
        answers,
        [("success", 2), ("not_modified", 1), ("refused", 1), ("limited", 1), ("unavailable", 2)]
    );
    assert_eq!((figures.content, figures.remaining, Answered::ALL.len()), (0, Some(4997), answers.len()));
    let until = figures.limited_until.unwrap();
    // Two pauses of the requests that were tried again, of one and two seconds.
    assert_eq!(until.duration_since(begin()).as_secs(), 33);
    tokio::time::advance(super::seconds(30)).await;
    assert_eq!(client.figures().limited_until, None);
}

#[tokio::test(start_paused = true)]
async fn what_people_read_is_counted_apart() {
    let server = Server::new();
    server.on(
        "POST /repos/acme/app/statuses/c0ffee",
        answer(201, &json!({ "state": "success", "context": "ringway/ring" })),
    );
    let client = user(&server);
    let written = client
        .set_status("acme/app", "c0ffee", "ringway/ring", crate::github::StatusState::Success, "done", None)
        .await;
    assert_eq!(kind(written), "fine");
    assert_eq!(client.figures().content, 1);
}
