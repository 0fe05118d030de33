//! What can be read.

use super::*;
use base64::prelude::BASE64_STANDARD;

#[test]
fn a_pull_request_has_its_head_its_base_and_its_labels_in_lists_and_alone() {
    let mut world = World::new();
    let (repository, pull) = (world.repository, world.pull);
    world.github().set_label(repository, pull, "cohort:github:path:early", "alice").unwrap();
    let listed = world.here("/pulls?state=open&per_page=100");
    let alone = world.here("/pulls/1");
    assert_eq!((listed.status, alone.status), (200, 200));
    for shape in [&listed.body[0], &alone.body] {
        assert_eq!(shape["head"]["ref"], "ring-x");
        assert_eq!(shape["head"]["sha"], json!(world.commit));
        assert_eq!(shape["head"]["repo"]["id"], json!(world.repository));
        assert_eq!(shape["base"]["ref"], "master");
        assert_eq!(shape["labels"][0]["name"], "cohort:github:path:early");
    }
    assert_eq!((&alone.body["merged"], &listed.body[0]["merged"]), (&json!(false), &Value::Null));
    assert_eq!(world.here("/pulls/2").status, 404);
    assert_eq!(world.here("/pulls/one").status, 404);
}

#[test]
fn a_head_without_its_owner_is_ignored_and_all_pull_requests_come_back() {
    let mut world = World::new();
    let repository = world.repository;
    world.github().push(repository, "other", &[("a", "b")], "alice").unwrap();
    let new = NewPullRequest { head: "other", title: "Other", by: "alice", ..NewPullRequest::default() };
    world.github().open_pull_request(repository, &new).unwrap();
    let mut count = |query: &str| world.here(&format!("/pulls?{query}")).body.as_array().unwrap().len();
    assert_eq!(count("head=acme:ring-x"), 1);
    assert_eq!(count("head=ring-x"), 2);
    assert_eq!(count("head=someone:ring-x"), 0);
    assert_eq!(count("base=master"), 2);
    assert_eq!(count("state=closed"), 0);
}

#[test]
fn a_list_comes_in_pages_whose_links_have_the_id_of_the_repository() {
    let mut world = World::new();
    let repository = world.repository;
    for number in 0..7 {
        world.github().comment(repository, 1, &format!("Comment {number}"), "alice").unwrap();
    }
    let first = world.here("/issues/1/comments?per_page=3");
    let next = first.link("next").unwrap();
    assert_eq!(next, format!("/repositories/{repository}/issues/1/comments?per_page=3&page=2"));
    assert_eq!(first.link("prev"), None);
    let second = world.get(&next);
    let third = world.get(&second.link("next").unwrap());
    assert_eq!((third.link("next"), third.body.as_array().unwrap().len()), (None, 1));
    assert_eq!(first.link("last"), second.link("next"));
    assert_eq!(third.body[0]["body"], "Comment 6");
    assert_eq!(world.get(&third.link("first").unwrap()).body, first.body);
    assert_eq!(world.here("/issues/1/comments?per_page=1000").link("next"), None);
}

#[test]
fn what_did_not_change_is_not_sent_again_and_does_not_count() {
    let mut world = World::new();
    let first = world.here("/pulls/1");
    let tag = first.header("etag").to_owned();
    let remaining = first.header("x-ratelimit-remaining").to_owned();
    let path = "/repos/acme/atlas-metastore/pulls/1";
    let again = world.ask_with("GET", path, &[("if-none-match", &tag)], "");
    assert_eq!((again.status, again.response.body().len()), (304, 0));
    assert_eq!(again.header("x-ratelimit-remaining"), remaining);
    assert_eq!(world.github().calls.not_modified, 1);
    let repository = world.repository;
    world.github().set_label(repository, 1, "bug", "alice").unwrap();
    assert_eq!(world.ask_with("GET", path, &[("if-none-match", &tag)], "").status, 200);
}

#[test]
fn events_say_who_set_and_removed_which_label_oldest_first() {
    let mut world = World::new();
    let repository = world.repository;
    world.github().set_label(repository, 1, "cohort", "mallory").unwrap();
    world.github().set_label(repository, 1, "cohort", "alice").unwrap();
    world.pass(5);
    world.github().remove_label(repository, 1, "cohort", "alice").unwrap();
    world.github().rename_label(repository, "cohort", "renamed").unwrap();
    let events = world.here("/issues/1/events").body;
    let told: Vec<(&str, &str, &str)> = events
        .as_array()
        .unwrap()
        .iter()
        .map(|event| {
            let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap();
            (text("/event"), text("/actor/login"), text("/label/name"))
        })
        .collect();
    assert_eq!(told, [("labeled", "mallory", "cohort"), ("unlabeled", "alice", "cohort")]);
    assert!(events[0]["created_at"].as_str() < events[1]["created_at"].as_str());
}

#[test]
fn a_file_is_read_at_a_branch_or_a_commit_as_json_or_raw() {
    let mut world = World::new();
    let commit = world.commit.clone();
    let path = "/repos/acme/atlas-metastore/contents/cohorts%2Fearly.json";
    for reference in ["ring-x", "refs/heads/ring-x", &commit, &commit[..9]] {
        let got = world.get(&format!("{path}?ref={reference}"));
        let content: String = got.body["content"].as_str().unwrap().split_whitespace().collect();
        assert_eq!(BASE64_STANDARD.decode(content).unwrap(), b"[\"alpha\"]\n", "{reference}");
        assert_eq!(got.body["path"], "cohorts/early.json");
    }
    let raw = [("accept", "application/vnd.github.raw+json")];
    let got = world.ask_with("GET", &format!("{path}?ref=ring-x"), &raw, "");
    assert_eq!((got.status, &got.response.body()[..]), (200, &b"[\"alpha\"]\n"[..]));
    assert_eq!(world.here("/contents/cohorts/early.json").status, 404, "it is not on the default branch");
    let unknown = world.get(&format!("{path}?ref=nowhere"));
    assert_eq!(unknown.message(), (404, "No commit found for the ref nowhere"));
    let folder = world.here("/contents/?ref=ring-x");
    let names: Vec<&str> =
        folder.body.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["README.md", "cohorts", "src"]);
    assert_eq!(folder.body[1]["type"], "dir");
}

#[test]
fn a_file_of_more_than_a_megabyte_has_no_content_in_json() {
    let mut world = World::new();
    let repository = world.repository;
    let large = "x".repeat((1 << 20) + 1);
    world.github().push(repository, "master", &[("large.json", &large)], "alice").unwrap();
    let got = world.here("/contents/large.json").body;
    assert_eq!((&got["encoding"], &got["content"]), (&json!("none"), &json!("")));
    let raw = [("accept", "application/vnd.github.raw")];
    let got = world.ask_with("GET", "/repos/acme/atlas-metastore/contents/large.json", &raw, "");
    assert_eq!(got.response.body().len(), large.len());
}

#[test]
fn a_commit_is_found_by_branch_as_json_or_as_its_digits_only() {
    let mut world = World::new();
    let commit = world.commit.clone();
    let got = world.here("/commits/ring-x");
    assert_eq!((got.status, &got.body["sha"]), (200, &json!(commit)));
    let path = "/repos/acme/atlas-metastore/commits/heads%2Fring-x";
    let digits = [("accept", "application/vnd.github.sha")];
    let got = world.ask_with("GET", path, &digits, "");
    assert_eq!(&got.response.body()[..], commit.as_bytes());
    let tag = format!("\"{commit}\"");
    assert_eq!(got.header("etag"), tag);
    let known = [("accept", "application/vnd.github.sha"), ("if-none-match", tag.as_str())];
    assert_eq!(world.ask_with("GET", path, &known, "").status, 304);
    assert_eq!(world.here("/commits/nowhere").message(), (422, "No commit found for SHA: nowhere"));
}

#[test]
fn a_renamed_repository_leads_to_its_id() {
    let mut world = World::new();
    let repository = world.repository;
    world.github().rename_repository(repository, "metastore", "alice").unwrap();
    let moved = world.here("/pulls?state=open");
    assert_eq!(moved.status, 301);
    let to = moved.header("location").trim_start_matches("https://api.github.com").to_owned();
    assert_eq!(to, format!("/repositories/{repository}/pulls?state=open"));
    let followed = world.get(&to);
    assert_eq!((followed.status, &followed.body[0]["number"]), (200, &json!(1)));
    assert_eq!(followed.body[0]["base"]["repo"]["full_name"], "acme/metastore");
    let written = world.send("POST", "/issues/1/comments", &json!({"body": "Hello"}));
    assert_eq!(written.status, 307, "a write keeps its method");
    assert_eq!(world.get("/repos/acme/metastore").body["id"], json!(repository));
    let other = world.github().repository("acme/atlas-metastore", "main");
    assert_eq!(world.here("").body["id"], json!(other), "a new one of the name takes the name over");
}

#[test]
fn a_pull_request_of_a_fork_says_so_and_one_of_a_deleted_fork_has_no_head_repository() {
    let mut world = World::new();
    let repository = world.repository;
    let fork = world.github().fork(repository, "mallory").unwrap();
    world.github().push(fork, "ring-x", &[("evil", "yes")], "mallory").unwrap();
    let head_repository = Some(fork);
    let new = NewPullRequest { head: "ring-x", head_repository, by: "mallory", ..NewPullRequest::default() };
    let number = world.github().open_pull_request(repository, &new).unwrap();
    let got = world.here(&format!("/pulls/{number}"));
    assert_eq!(got.body["head"]["repo"]["id"], json!(fork));
    assert_eq!(got.body["head"]["label"], "mallory:ring-x");
    world.github().delete_repository(fork);
    let got = world.here(&format!("/pulls/{number}"));
    assert_eq!((got.status, &got.body["head"]["repo"]), (200, &Value::Null));
}

#[test]
fn something_can_change_between_two_pages() {
    let mut world = World::new();
    let repository = world.repository;
    for number in 0..3 {
        world.github().comment(repository, 1, &format!("Comment {number}"), "alice").unwrap();
    }
    let first = world.here("/issues/1/comments?per_page=1").body[0]["id"].as_u64().unwrap();
    world.github().faults.after_next(Scope::Path("/comments"), move |github| {
        github.delete_comment(repository, first, "alice").unwrap();
    });
    let page = world.here("/issues/1/comments?per_page=2");
    let next = world.get(&page.link("next").unwrap());
    assert_eq!(next.body, json!([]), "the third comment moved to the first page");
    assert!(world.github().faults.are_over());
}
