//! What is told, to whom, and how it can go wrong.

use super::*;

#[test]
fn a_label_is_told_with_who_set_it_and_a_signature_over_the_body() {
    let mut world = World::new();
    world.told();
    let repository = world.repository;
    world.github().set_label(repository, 1, "cohort", "mallory").unwrap();
    let due = world.github().take_due_deliveries();
    let [delivery] = due.as_slice() else { panic!("{} deliveries", due.len()) };
    let header = |name: &str| {
        let found = delivery.headers.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    assert_eq!((delivery.url.as_str(), header("X-GitHub-Event")), (HOOK, "pull_request".to_owned()));
    assert_eq!(header("X-GitHub-Delivery"), delivery.guid);
    assert_eq!(header("X-Hub-Signature-256"), signature(SECRET.as_bytes(), &delivery.body));
    assert!(header("User-Agent").starts_with("GitHub-Hookshot/"));
    let payload: Value = serde_json::from_slice(&delivery.body).unwrap();
    assert_eq!((&payload["action"], &payload["label"]["name"]), (&json!("labeled"), &json!("cohort")));
    assert_eq!((&payload["sender"]["login"], &payload["number"]), (&json!("mallory"), &json!(1)));
    assert_eq!(payload["repository"]["id"], json!(repository));
    assert_eq!(payload["installation"]["id"], json!(world.installation));
    assert_eq!(payload["pull_request"]["head"]["ref"], "ring-x");
    assert!(world.github().take_due_deliveries().is_empty(), "each is taken once");
}

#[test]
fn everything_that_happens_is_told_in_its_order() {
    let mut world = World::new();
    assert_eq!(world.told(), ["push", "create", "pull_request.opened"]);
    let (repository, commit) = (world.repository, world.commit.clone());
    let run = world.github().start_build(repository, "maven.yml", &commit, &["build"]).unwrap();
    world.github().finish_run(repository, run, "success").unwrap();
    assert_eq!(
        world.told(),
        ["workflow_run.requested", "workflow_run.in_progress", "workflow_run.completed"]
    );
    let comment = world.send("POST", "/issues/1/comments", &json!({"body": "Hello"})).body["id"].clone();
    world.send("PATCH", &format!("/issues/comments/{comment}"), &json!({"body": "Hello again"}));
    world.github().delete_comment(repository, comment.as_u64().unwrap(), "alice").unwrap();
    assert_eq!(world.told(), ["issue_comment.created", "issue_comment.edited", "issue_comment.deleted"]);
    let check = json!({"name": "ringmaster/ring", "head_sha": commit, "status": "in_progress"});
    let check = world.send("POST", "/check-runs", &check).body["id"].clone();
    world.send("PATCH", &format!("/check-runs/{check}"), &json!({"conclusion": "success"}));
    world.send("POST", &format!("/statuses/{commit}"), &json!({"state": "pending"}));
    world.github().rename_repository(repository, "metastore", "alice").unwrap();
    assert_eq!(world.told(), ["check_run.created", "check_run.completed", "status", "repository.renamed"]);
}

#[test]
fn a_hook_is_told_only_of_its_repositories_and_its_events() {
    let mut world = World::new();
    world.told();
    let repository = world.repository;
    let elsewhere = world.github().repository("elsewhere/other", "main");
    world.github().push(elsewhere, "main", &[("a", "b")], "bob").unwrap();
    assert!(world.told().is_empty(), "the App is not installed there");
    let own = world.github().add_repository_hook(elsewhere, "http://example.com/own", "x", &["create"]);
    world.github().push(elsewhere, "new", &[("a", "b")], "bob").unwrap();
    assert_eq!(world.told(), ["create"]);
    world.github().hook_mut(own).unwrap().active = false;
    world.github().push(elsewhere, "newer", &[("a", "b")], "bob").unwrap();
    assert!(world.told().is_empty());
    let installation = world.installation;
    world.github().installation_mut(installation).unwrap().suspended = true;
    world.github().push(repository, "ring-x", &[("a", "b")], "alice").unwrap();
    assert!(world.told().is_empty(), "the App is suspended");
}

#[test]
fn what_failed_is_in_the_log_and_can_be_delivered_again_under_the_same_guid() {
    let mut world = World::new();
    let due = world.github().take_due_deliveries();
    for (delivery, status) in due.iter().zip([Some(202), None, Some(503)]) {
        world.github().delivered(delivery.id, status);
    }
    let path = "/app/hook/deliveries?per_page=1&status=failure";
    let failed = world.as_app(|world| world.get(path));
    assert_eq!((failed.status, &failed.body[0]["status_code"]), (200, &json!(503)));
    assert_eq!(
        (&failed.body[0]["event"], &failed.body[0]["action"]),
        (&json!("pull_request"), &json!("opened"))
    );
    let next = failed.link("next").unwrap();
    let more = world.as_app(|world| world.get(&next));
    assert_eq!((&more.body[0]["guid"], more.link("next")), (&json!(due[1].guid), None));
    let id = failed.body[0]["id"].clone();
    let again =
        world.as_app(|world| world.ask_with("POST", &format!("/app/hook/deliveries/{id}/attempts"), &[], ""));
    assert_eq!(again.status, 202);
    let made = world.github().take_due_deliveries();
    assert_eq!((&made[0].guid, &made[0].body, made[0].redelivery), (&due[2].guid, &due[2].body, true));
    let one = world.as_app(|world| world.get(&format!("/app/hook/deliveries/{id}")));
    assert_eq!(one.body["request"]["payload"]["action"], "opened");
    assert_eq!(world.get("/app/hook/deliveries").status, 401, "not with the token of an installation");
}

#[test]
fn deliveries_get_lost_come_twice_and_come_late_as_the_seed_says() {
    let mut world = World::new();
    let repository = world.repository;
    world.told();
    let labels = |world: &mut World, faults: DeliveryFaults| {
        world.github().delivery_faults = faults;
        for number in 0..50 {
            world.github().set_label(repository, 1, &format!("{faults:?} {number}"), "alice").unwrap();
        }
        world.told().len()
    };
    assert_eq!(labels(&mut world, DeliveryFaults::default()), 50);
    assert_eq!(labels(&mut world, DeliveryFaults { lost: 100, ..DeliveryFaults::default() }), 0);
    assert_eq!(labels(&mut world, DeliveryFaults { doubled: 100, ..DeliveryFaults::default() }), 100);
    let latest = Duration::from_secs(600);
    let late = DeliveryFaults { late: 100, latest, ..DeliveryFaults::default() };
    assert!(labels(&mut world, late) < 5);
    assert!(world.github().next_delivery().is_some());
    world.pass(600);
    let due = world.github().take_due_deliveries();
    let ids: Vec<u64> = due.iter().map(|delivery| delivery.id).collect();
    assert!(due.len() >= 45 && !ids.is_sorted(), "{} come, in another order", due.len());
}
