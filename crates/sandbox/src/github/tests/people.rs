//! What people do with pull requests, and what becomes of them.

use super::*;

fn pull(world: &mut World) -> PullRequest {
    let repository = world.repository;
    world.github().known_pull(repository, 1).unwrap().clone()
}

#[test]
fn a_push_moves_the_head_of_a_pull_request() {
    let mut world = World::new();
    let (repository, before) = (world.repository, world.commit.clone());
    world.told();
    let after = world.github().push(repository, "ring-x", &[("fix", "yes")], "alice").unwrap();
    assert_eq!(pull(&mut world).head_commit, after);
    let due = world.github().take_due_deliveries();
    let payload: Value = serde_json::from_slice(&due[1].body).unwrap();
    assert_eq!((&payload["action"], &payload["before"]), (&json!("synchronize"), &json!(before)));
    assert_eq!(payload["pull_request"]["head"]["sha"], json!(after));
    let forced = world.github().force_push(repository, "ring-x", &[("other", "yes")], "alice").unwrap();
    assert_eq!(pull(&mut world).head_commit, forced);
    let due = world.github().take_due_deliveries();
    let payload: Value = serde_json::from_slice(&due[0].body).unwrap();
    assert_eq!((&payload["forced"], &payload["after"]), (&json!(true), &json!(forced)));
    assert_eq!(pull(&mut world).events.last().unwrap().event, "head_ref_force_pushed");
}

#[test]
fn a_branch_that_is_deleted_closes_its_pull_request_for_good() {
    let mut world = World::new();
    let repository = world.repository;
    world.told();
    world.github().delete_branch(repository, "ring-x", "alice").unwrap();
    assert_eq!(world.told(), ["push", "delete", "pull_request.closed"]);
    assert!(!pull(&mut world).open);
    assert!(world.github().reopen(repository, 1, "alice").is_err(), "there is nothing to open");
    let commit = world.commit.clone();
    world.github().reset_branch(repository, "ring-x", &commit, "alice").unwrap();
    world.github().reopen(repository, 1, "alice").unwrap();
    assert!(pull(&mut world).open);
}

#[test]
fn a_closed_pull_request_stays_where_it_was_until_it_is_opened_again() {
    let mut world = World::new();
    let repository = world.repository;
    world.told();
    world.github().close(repository, 1, "alice").unwrap();
    world.github().close(repository, 1, "alice").unwrap();
    let after = world.github().push(repository, "ring-x", &[("late", "yes")], "alice").unwrap();
    assert_eq!(pull(&mut world).head_commit, world.commit);
    world.github().reopen(repository, 1, "alice").unwrap();
    assert_eq!(pull(&mut world).head_commit, after);
    assert_eq!(world.told(), ["pull_request.closed", "push", "pull_request.reopened"]);
}

#[test]
fn a_merge_brings_the_files_to_the_base_and_says_so() {
    let mut world = World::new();
    let repository = world.repository;
    world.told();
    let merged = world.github().merge(repository, 1, "alice").unwrap();
    assert_eq!(world.told(), ["push", "pull_request.closed"]);
    let got = world.here("/pulls/1").body;
    assert_eq!((&got["merged"], &got["state"]), (&json!(true), &json!("closed")));
    assert_eq!((&got["merge_commit_sha"], &got["merged_by"]["login"]), (&json!(merged), &json!("alice")));
    assert_eq!(world.here("/contents/cohorts/early.json").status, 200);
    assert!(world.github().merge(repository, 1, "alice").is_err());
    assert!(world.github().reopen(repository, 1, "alice").is_err());
}

#[test]
fn a_base_can_change_and_a_draft_can_become_ready() {
    let mut world = World::new();
    let repository = world.repository;
    world.github().push(repository, "develop", &[("a", "b")], "alice").unwrap();
    world.told();
    world.github().change_base(repository, 1, "develop", "alice").unwrap();
    let payload: Value = serde_json::from_slice(&world.github().take_due_deliveries()[0].body).unwrap();
    assert_eq!(payload["changes"]["base"]["ref"]["from"], "master");
    assert_eq!(payload["pull_request"]["base"]["ref"], "develop");
    world.github().set_draft(repository, 1, true, "alice").unwrap();
    assert_eq!(world.here("/pulls/1").body["draft"], true);
    assert!(world.github().merge(repository, 1, "alice").is_err(), "a draft cannot be merged");
    world.github().set_draft(repository, 1, false, "alice").unwrap();
    assert_eq!(world.told(), ["pull_request.converted_to_draft", "pull_request.ready_for_review"]);
}

#[test]
fn a_review_is_of_the_head_and_nobody_approves_what_they_opened() {
    let mut world = World::new();
    let repository = world.repository;
    assert!(world.github().review(repository, 1, "APPROVED", "alice").is_err());
    world.told();
    world.github().review(repository, 1, "APPROVED", "bob").unwrap();
    let got = world.here("/pulls/1/reviews").body;
    assert_eq!((&got[0]["state"], &got[0]["commit_id"]), (&json!("APPROVED"), &json!(world.commit)));
    let payload: Value = serde_json::from_slice(&world.github().take_due_deliveries()[0].body).unwrap();
    assert_eq!(payload["review"]["state"], "approved", "in lower case");
}

#[test]
fn what_cannot_be_says_why() {
    let mut world = World::new();
    let repository = world.repository;
    let again = NewPullRequest { head: "ring-x", by: "bob", ..NewPullRequest::default() };
    let github = world.github();
    let said = [
        github.push(1, "a", &[], "bob").unwrap_err().to_string(),
        github.delete_branch(repository, "none", "bob").unwrap_err().to_string(),
        github.open_pull_request(repository, &again).unwrap_err().to_string(),
        github.remove_label(repository, 1, "none", "bob").unwrap_err().to_string(),
        github.close(repository, 9, "bob").unwrap_err().to_string(),
        github.start_build(repository, "maven.yml", "none", &[]).unwrap_err().to_string(),
    ];
    let expected = [
        "there is no repository with id 1",
        "acme/atlas-metastore has no branch \"none\"",
        "pull request 1 goes from ring-x to master already",
        "pull request 1 has no label \"none\"",
        "acme/atlas-metastore has no pull request 9",
        "no branch is at none: nothing is built",
    ];
    assert_eq!(said, expected);
}

#[test]
fn a_conversation_is_shown_in_its_order() {
    let mut world = World::new();
    let repository = world.repository;
    world.github().set_label(repository, 1, "cohort:github:path:early", "alice").unwrap();
    world.pass(60);
    world.send("POST", "/issues/1/comments", &json!({"body": "Rolling\n\n2 of 6"}));
    world.pass(60);
    world.github().review(repository, 1, "APPROVED", "bob").unwrap();
    world.github().close(repository, 1, "alice").unwrap();
    let expected = "\
acme/atlas-metastore #1 · Faster searches (closed)
ring-x → master, by alice
labels: cohort:github:path:early
· alice labeled cohort:github:path:early

── ringmaster[bot] at 2023-11-14T22:14:20Z
Rolling

2 of 6
· bob reviewed: APPROVED
· alice closed
";
    assert_eq!(world.github().conversation(repository, 1).unwrap(), expected);
}
