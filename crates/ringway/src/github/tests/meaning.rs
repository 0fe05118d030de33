//! What answers are read as: words that we do not know, fields that are missing, people who are gone.

use super::{
    app, kind, repository,
    scripted::{Server, answer, ok},
    user,
};
use crate::github::{Identity, IdentityKind};
use release::decide::facts::Permission;
use serde_json::{Value, json};

const REPOSITORY: &str = "GET /repos/acme/app";

#[tokio::test(start_paused = true)]
async fn unknown_words_and_missing_fields_lose_nothing() {
    let server = Server::new();
    let mut sparse = json!({
        "id": u64::MAX, "number": 5, "state": "dreaming", "new_field": { "a": [1] },
        "head": { "ref": "ring-x", "sha": "c0ffee", "repo": null },
        "base": { "ref": "main", "repo": { "id": 7, "full_name": "acme/app" } },
    });
    server.on("GET /repos/acme/app/pulls/5", ok(&sparse));
    let client = user(&server);
    let found = client.pull_request("acme/app", 5).await.unwrap().unwrap();
    assert_eq!((found.id, found.state.as_str(), found.head_repository), (u64::MAX, "dreaming", None));
    sparse["merged_at"] = json!("2026-11-23T07:00:00Z");
    server.on("GET /repos/acme/app/pulls/6", ok(&sparse));
    assert!(client.pull_request("acme/app", 6).await.unwrap().unwrap().merged);

    let runs = json!({ "total_count": 2, "workflow_runs": [
        { "id": 1, "run_attempt": 2, "run_number": 3, "head_branch": null, "head_sha": "c0ffee", "head_repository": null,
          "event": "cosmic_ray", "status": "pondering", "conclusion": "stale", "html_url": "u" },
        { "id": 2, "head_sha": "c0ffee", "status": null },
    ]});
    server.on("GET /repos/acme/app/actions/workflows/build.yml/runs?head_sha=c0ffee&per_page=100", ok(&runs));
    let runs = client.workflow_runs("acme/app", "build.yml", "c0ffee").await.unwrap();
    assert_eq!((runs[0].status.as_str(), runs[0].conclusion.as_deref()), ("pondering", Some("stale")));
    assert_eq!((runs[0].attempt, runs[1].attempt, runs[0].head_repository), (2, 1, None));
    let jobs =
        json!({ "jobs": [{ "name": "build", "status": "completed", "conclusion": "skipped", "steps": [] }] });
    server.on("GET /repos/acme/app/actions/runs/1/jobs?filter=latest&per_page=100", ok(&jobs));
    assert_eq!(client.jobs("acme/app", 1).await.unwrap()[0].conclusion.as_deref(), Some("skipped"));
}

#[tokio::test(start_paused = true)]
async fn events_of_labels_come_in_their_order_with_whoever_did_them() {
    let server = Server::new();
    let event = |id: u64, event: &str, actor: Value, label: Value, at: &str| json!({ "id": id, "event": event, "actor": actor, "label": label, "created_at": format!("2026-11-23T{at}Z") });
    let ann = json!({ "id": 3, "login": "ann", "type": "User" });
    server.on(
        "GET /repos/acme/app/issues/5/events?per_page=100",
        ok(&json!([
            event(4, "unlabeled", ann.clone(), json!({ "name": "b" }), "07:00:01"),
            event(2, "labeled", Value::Null, json!({ "name": "b" }), "07:00:00"),
            event(1, "labeled", ann, json!({ "name": "a", "color": "f00" }), "07:00:00"),
            event(3, "renamed", Value::Null, Value::Null, "06:00:00"),
            { "event": "mystery", "created_at": "2026-11-23T05:00:00Z" },
        ])),
    );
    let events = user(&server).label_events("acme/app", 5).await.unwrap().labels;
    let told: Vec<_> = events
        .iter()
        .map(|event| (event.label.as_str(), event.set, event.by.as_ref().map(|by| by.id)))
        .collect();
    assert_eq!(told, [("a", true, Some(3)), ("b", true, None), ("b", false, Some(3))]);
}

#[tokio::test(start_paused = true)]
async fn the_finer_word_for_a_permission_counts() {
    let table = [
        (json!({ "permission": "admin", "role_name": "admin" }), Permission::Admin),
        (json!({ "permission": "write", "role_name": "maintain" }), Permission::Maintain),
        (json!({ "permission": "write", "role_name": "write" }), Permission::Write),
        (json!({ "permission": "read", "role_name": "triage" }), Permission::Triage),
        (json!({ "permission": "read" }), Permission::Read),
        (json!({ "permission": "write", "role_name": "release-captain" }), Permission::Write),
        (json!({ "permission": "none", "role_name": "" }), Permission::None),
        (json!({ "permission": "emperor" }), Permission::None),
        (json!({}), Permission::None),
    ];
    for (told, expected) in table {
        let server = Server::new();
        server.on("GET /repos/acme/app/collaborators/ann/permission", ok(&told));
        assert_eq!(user(&server).permission("acme/app", "ann").await.unwrap(), expected, "{told}");
    }
    let server = Server::new();
    server.on("GET /repos/acme/app/collaborators/ann/permission", answer(404, &Value::Null));
    server.on(REPOSITORY, ok(&repository()));
    assert_eq!(user(&server).permission("acme/app", "ann").await.unwrap(), Permission::None);
}

#[tokio::test(start_paused = true)]
async fn whoever_was_only_invited_is_no_member_of_a_team() {
    let line = "GET /orgs/acme/teams/release/memberships/ann";
    for (reply, expected) in [
        (ok(&json!({ "state": "active" })), true),
        (ok(&json!({ "state": "pending" })), false),
        (answer(404, &Value::Null), false),
    ] {
        let server = Server::new();
        server.on(line, reply);
        assert_eq!(user(&server).is_team_member("acme/release", "ann").await.unwrap(), expected);
    }
    let server = Server::new();
    server.on(line, answer(403, &json!({ "message": "no" })));
    assert_eq!(kind(user(&server).is_team_member("acme/release", "ann").await), "forbidden");
}

#[tokio::test(start_paused = true)]
async fn files_come_small_and_large_and_folders_do_not() {
    let line = "GET /repos/acme/app/contents/cohorts%2Fearly.json?ref=main";
    let read = async |reply| {
        let server = Server::new();
        server.on(line, reply).on(REPOSITORY, ok(&repository()));
        user(&server).file("acme/app", "cohorts/early.json", "main").await
    };
    let small = json!({ "type": "file", "encoding": "base64", "content": "WyJh\nIl0=\n" });
    assert_eq!(read(ok(&small)).await.unwrap().unwrap(), b"[\"a\"]");
    assert_eq!(read(answer(404, &Value::Null)).await.unwrap(), None);
    assert_eq!(kind(read(ok(&json!([{ "type": "file" }]))).await), "invalid");
    assert_eq!(kind(read(ok(&json!([]))).await), "invalid");
    assert_eq!(kind(read(ok(&json!({ "type": "symlink", "target": "x" }))).await), "invalid");
    assert_eq!(
        kind(read(ok(&json!({ "type": "file", "encoding": "base64", "content": "*" }))).await),
        "malformed"
    );
    let server = Server::new();
    server.on(line, ok(&json!({ "type": "file", "encoding": "none", "content": "", "size": 2_000_000 })));
    server.on(line, ok(&json!(["large"])));
    let large = user(&server).file("acme/app", "cohorts/early.json", "main").await.unwrap();
    assert_eq!(large.unwrap(), b"[\"large\"]");
    assert_eq!(server.seen()[1].header("accept"), "application/vnd.github.raw+json");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_no_commit_has_is_no_error() {
    let line = "GET /repos/acme/app/commits/main";
    for (reply, expected) in [
        (ok(&json!({ "sha": "c0ffee", "files": [] })), Some("c0ffee".to_owned())),
        (answer(404, &Value::Null), None),
        (answer(422, &json!({ "message": "No commit found for SHA: main" })), None),
    ] {
        let server = Server::new();
        server.on(line, reply).on(REPOSITORY, ok(&repository()));
        assert_eq!(user(&server).commit_of("acme/app", "main").await.unwrap(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_marker_that_somebody_else_pasted_makes_no_comment_ours() {
    let server = Server::new();
    let comments = json!([
        { "id": 1, "body": "<!-- ringway -->", "user": { "id": 3, "login": "ann" } },
        { "id": 2, "body": "<!-- ringway -->", "user": { "id": 9, "login": "ring[bot]" },
          "performed_via_github_app": { "id": super::APP } },
        { "id": 3, "body": null, "user": null },
        { "id": 4, "body": "<!-- ringway -->", "user": { "id": 8, "login": "other[bot]" },
          "performed_via_github_app": { "id": 12 } },
        { "id": 5, "body": "<!-- ringway -->", "user": { "id": 9, "login": "ring[bot]" } },
    ]);
    server.on("GET /repos/acme/app/issues/5/comments?per_page=100", ok(&comments));
    let comments = user(&server).comments("acme/app", 5).await.unwrap();
    let ours = |identity: &Identity| -> Vec<u64> {
        comments.iter().filter(|comment| identity.wrote(comment)).map(|comment| comment.id).collect()
    };
    let bot = Identity { login: "ring[bot]".into(), kind: IdentityKind::App { app_id: super::APP } };
    assert_eq!(ours(&bot), [2, 5]);
    assert_eq!(ours(&Identity { login: "ann".into(), kind: IdentityKind::User { id: 3 } }), [1]);
}

#[tokio::test(start_paused = true)]
async fn who_we_are_is_asked_once() {
    let server = Server::new();
    server.on("GET /user", ok(&json!({ "id": 3, "login": "ann" })));
    let client = user(&server);
    for _ in 0..2 {
        assert_eq!(client.identity().await.unwrap().kind, IdentityKind::User { id: 3 });
    }
    assert_eq!(server.seen().len(), 1);
    let server = Server::new();
    server.on("GET /app", ok(&json!({ "id": super::APP, "slug": "ring" })));
    let identity = app(&server, Some(1)).identity().await.unwrap();
    assert_eq!(
        (identity.login.as_str(), identity.kind),
        ("ring[bot]", IdentityKind::App { app_id: super::APP })
    );
}

/// The server runs these on many threads.
#[test]
fn what_is_asked_can_be_awaited_anywhere() {
    fn anywhere<T: Send>(_: T) {}
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let server = Server::new();
        let client = user(&server);
        anywhere(client.open_pull_requests("acme/app"));
        anywhere(client.file("acme/app", "x", "main"));
        anywhere(client.create_comment("acme/app", 5, "text", "marker"));
        anywhere(client.edit_comment("acme/app", 5, "text"));
        anywhere(client.pull_request("acme/app", 5));
    });
}
