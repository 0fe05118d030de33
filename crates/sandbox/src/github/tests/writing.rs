//! What can be written, and what is refused.

use super::*;

#[test]
fn a_comment_is_written_by_the_bot_of_the_app_and_edited_in_place() {
    let mut world = World::new();
    let made = world.send("POST", "/issues/1/comments", &json!({"body": "Hello"}));
    assert_eq!((made.status, &made.body["user"]["login"]), (201, &json!("ringmaster[bot]")));
    assert_eq!(made.body["user"]["type"], "Bot");
    assert_eq!(made.body["performed_via_github_app"]["id"], json!(world.app));
    let path = format!("/issues/comments/{}", made.body["id"]);
    world.pass(60);
    let edited = world.send("PATCH", &path, &json!({"body": "Hello again"}));
    assert_eq!((edited.status, &edited.body["id"]), (200, &made.body["id"]));
    assert!(edited.body["updated_at"].as_str() > edited.body["created_at"].as_str());
    let (repository, id) = (world.repository, made.body["id"].as_u64().unwrap());
    let shown = world.github().conversation(repository, 1).unwrap();
    assert!(shown.contains("ringmaster[bot] at 2023-11-14T22:13:20Z, edited\nHello again\n"), "{shown}");
    world.github().delete_comment(repository, id, "alice").unwrap();
    assert_eq!(world.send("PATCH", &path, &json!({"body": "Anybody?"})).status, 404);
    assert_eq!(world.github().calls.content, 3);
}

#[test]
fn a_comment_may_have_65536_characters_and_not_one_more() {
    let mut world = World::new();
    let longest = "ä".repeat(65_536);
    assert_eq!(world.send("POST", "/issues/1/comments", &json!({"body": longest})).status, 201);
    let refused = world.send("POST", "/issues/1/comments", &json!({"body": format!("{longest}.")}));
    assert_eq!(refused.message(), (422, "Validation Failed"));
    assert_eq!(refused.body["errors"][0]["message"], "Body is too long (maximum is 65536 characters)");
    for body in [json!({}), json!({"body": 1}), json!({"body": " "})] {
        assert_eq!(world.send("POST", "/issues/1/comments", &body).status, 422, "{body}");
    }
    assert_eq!(world.send("POST", "/issues/9/comments", &json!({"body": "Hello"})).status, 404);
}

#[test]
fn a_body_that_is_no_object_of_json_is_a_bad_request() {
    let mut world = World::new();
    let path = "/repos/acme/atlas-metastore/issues/1/comments";
    let got = world.ask_with("POST", path, &[], "{\"body\": ");
    assert_eq!(got.message(), (400, "Problems parsing JSON"));
    let got = world.ask_with("POST", path, &[], "[]");
    assert_eq!(got.message(), (400, "Body should be a JSON object"));
}

#[test]
fn a_field_that_github_does_not_know_is_ignored_and_noted() {
    let mut world = World::new();
    let body = json!({"body": "Hello", "boddy": "misspelt"});
    assert_eq!(world.send("POST", "/issues/1/comments", &body).status, 201);
    let expected = "POST /repos/acme/atlas-metastore/issues/1/comments: field \"boddy\"";
    assert_eq!(world.github().oddities, [expected]);
}

#[test]
fn a_check_run_goes_from_in_progress_to_its_conclusion_and_not_back() {
    let mut world = World::new();
    let output = json!({"title": "Rolling", "summary": "2 of 6"});
    let new = json!({
        "name": "ringmaster/ring", "head_sha": world.commit, "external_id": "rel-1", "status": "in_progress",
        "output": output,
    });
    let made = world.send("POST", "/check-runs", &new);
    assert_eq!(
        (made.status, &made.body["status"], &made.body["conclusion"]),
        (201, &json!("in_progress"), &Value::Null)
    );
    assert_eq!(made.body["app"]["id"], json!(world.app));
    assert_eq!(made.body["pull_requests"][0]["number"], 1);
    let path = format!("/check-runs/{}", made.body["id"]);
    let ended = world.send("PATCH", &path, &json!({"status": "completed", "conclusion": "success"}));
    assert_eq!((ended.status, &ended.body["conclusion"]), (200, &json!("success")));
    assert_eq!(ended.body["output"]["summary"], "2 of 6", "what is not said stays");
    assert_eq!(world.send("PATCH", &path, &json!({"status": "in_progress"})).status, 422);
    assert_eq!(world.here(&path).body["external_id"], "rel-1");
    let again = world.send("POST", "/check-runs", &new);
    let listed = world.here("/commits/ring-x/check-runs?check_name=ringmaster%2Fring");
    assert_eq!(listed.body["total_count"], 1, "the newest of a name");
    assert_eq!(listed.body["check_runs"][0]["id"], again.body["id"]);
    let all = world.here(&format!("/commits/{}/check-runs?filter=all&app_id={}", world.commit, world.app));
    assert_eq!(all.body["total_count"], 2);
}

#[test]
fn a_check_run_that_makes_no_sense_is_refused() {
    let mut world = World::new();
    let commit = world.commit.clone();
    let with = |more: Value| {
        let mut new = json!({"name": "ringmaster/ring", "head_sha": commit});
        for (field, value) in more.as_object().unwrap() {
            new[field] = value.clone();
        }
        new
    };
    let long = "x".repeat(65_536);
    for (more, message) in [
        (json!({"name": null}), "\"name\" wasn't supplied."),
        (json!({"head_sha": "0123456789012345678901234567890123456789"}), "No commit found for SHA"),
        (json!({"status": "completed"}), "\"conclusion\" wasn't supplied."),
        (json!({"status": "done"}), "is not a member of"),
        (json!({"conclusion": "stale"}), "is not a member of"),
        (json!({"output": {"title": "Without"}}), "\"summary\" wasn't supplied."),
        (json!({"output": {"title": "Long", "summary": long}}), "Only 65535 characters are allowed; 65536"),
        (json!({"details_url": "ringmaster"}), "Validation Failed"),
        (json!({"actions": [{}, {}, {}, {}]}), "No more than 3 items"),
    ] {
        let got = world.send("POST", "/check-runs", &with(more));
        let (status, said) = got.message();
        assert!(status == 422 && said.contains(message), "{status} {said}");
    }
}

#[test]
fn a_check_run_is_made_by_apps_only_and_changed_by_its_own() {
    let mut world = World::new();
    let (repository, commit) = (world.repository, world.commit.clone());
    let other = world.github().register_app("other", "acme", &RIGHTS);
    let new = NewCheckRun { name: Some("ringmaster/ring"), ..NewCheckRun::default() };
    let foreign = world.github().add_check_run(repository, other, &commit, &new).unwrap();
    let got = world.send("PATCH", &format!("/check-runs/{foreign}"), &json!({"status": "queued"}));
    assert!(got.status == 403 && got.message().1.starts_with("Invalid app_id"), "{}", got.body);
    let listed = world.here("/commits/ring-x/check-runs").body;
    assert_eq!(listed["check_runs"][0]["app"]["slug"], "other");
    let person = world.github().personal_token("alice");
    let body = json!({"name": "ringmaster/ring", "head_sha": commit});
    let got = world.as_token(&person, |world| world.send("POST", "/check-runs", &body));
    assert_eq!(got.message(), (403, "You must authenticate via a GitHub App."));
}

#[test]
fn a_status_has_a_state_and_at_most_140_characters() {
    let mut world = World::new();
    let path = format!("/statuses/{}", world.commit);
    let target = "https://example.com";
    let body = json!({"state": "pending", "context": "ringmaster/ring", "description": "2 of 6", "target_url": target});
    let made = world.send("POST", &path, &body);
    assert_eq!((made.status, &made.body["creator"]["login"]), (201, &json!("ringmaster[bot]")));
    world.send("POST", &path, &json!({"state": "success", "context": "ringmaster/ring"}));
    let listed = world.here("/commits/ring-x/statuses").body;
    assert_eq!((&listed[0]["state"], &listed[1]["state"]), (&json!("success"), &json!("pending")));
    let longest = "ä".repeat(140);
    assert_eq!(world.send("POST", &path, &json!({"state": "error", "description": longest})).status, 201);
    for body in [
        json!({"state": "error", "description": format!("{longest}.")}),
        json!({"state": "done"}),
        json!({}),
        json!({"state": "error", "target_url": "ftp://example.com"}),
    ] {
        assert_eq!(world.send("POST", &path, &body).status, 422, "{body}");
    }
    let nowhere = format!("/statuses/{}", "0".repeat(40));
    assert_eq!(world.send("POST", &nowhere, &json!({"state": "error"})).status, 422);
}

#[test]
fn a_commit_takes_a_thousand_statuses_of_a_context() {
    let mut world = World::new();
    world.github().limits.content_in_a_minute = 5_000;
    world.github().limits.content_in_an_hour = 5_000;
    world.github().limits.points_in_a_minute = 50_000;
    let path = format!("/statuses/{}", world.commit);
    let body = json!({"state": "pending", "context": "ringmaster/ring"});
    for _ in 0..1_000 {
        assert_eq!(world.send("POST", &path, &body).status, 201);
    }
    assert_eq!(world.send("POST", &path, &body).status, 422);
    assert_eq!(world.send("POST", &path, &json!({"state": "pending", "context": "other"})).status, 201);
}
