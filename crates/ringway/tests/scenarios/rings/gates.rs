//! What must be so before anything is released, with the three bugs that atlas-metastore's pipeline had there.

use super::{Scene, label, run};
use crate::{
    harness::until,
    observe::{fleet, overrides},
};

#[test]
fn bug_1_a_build_that_has_not_begun_is_waited_for_and_not_taken_for_a_failure() {
    let (tenants, names) = fleet("bug1", 1);
    let scene = Scene::new("", &[("all", &names)]);
    let pull = scene.github.ring("ring-bug1");
    pull.label(&label("all"));
    pull.says(&["no run yet"]);
    pull.build();
    until("the tenants run the image", || run(&tenants, &pull.image()));
}

#[test]
fn bug_2_a_build_of_an_older_commit_of_the_branch_opens_nothing() {
    let (tenants, names) = fleet("bug2", 1);
    let scene = Scene::new("", &[("all", &names)]);
    let pull = scene.github.ring("ring-bug2");
    pull.build();
    pull.push("another commit, not built yet");
    // An image of that name may be there all the same: from whoever pushed it.
    pull.push_image();
    pull.label(&label("all"));
    pull.says(&["no run yet"]);
    assert_eq!(overrides(&scene.ringway), "");
    pull.build();
    until("the tenants run the image", || run(&tenants, &pull.image()));
}

#[test]
fn bug_3_the_end_of_a_build_is_about_the_branch_that_was_built_and_not_about_the_default_one() {
    let (tenants, names) = fleet("bug3", 1);
    // Only the deliveries can tell: the sweep does not come within the time of a test.
    let scene =
        Scene::with(&[("all", &names)], |configuration| configuration.replace("sweep: 10s", "sweep: 1h"));
    let pull = scene.github.ring("ring-bug3");
    pull.start_build();
    pull.label(&label("all"));
    pull.says(&["in_progress"]);
    pull.push_image();
    pull.finish_build("success");
    until("the tenants run the image", || run(&tenants, &pull.image()));
}

#[test]
fn a_build_that_fails_or_skips_its_job_opens_nothing_and_says_what_to_do() {
    let (_tenants, names) = fleet("failedbuild", 1);
    let scene = Scene::new("", &[("all", &names)]);
    let pull = scene.github.ring("ring-failedbuild");
    pull.label(&label("all"));
    pull.start_build();
    pull.push_image();
    pull.finish_build("failure");
    pull.says(&["has failed", "run it again"]);
    pull.push("a commit whose build is skipped");
    pull.start_build();
    pull.push_image();
    pull.finish_build("skipped");
    pull.says(&["not a success"]);
    assert_eq!(overrides(&scene.ringway), "");
}

#[test]
fn an_image_that_the_build_did_not_push_opens_nothing() {
    let (_tenants, names) = fleet("noimage", 1);
    let scene = Scene::new("", &[("all", &names)]);
    let pull = scene.github.ring("ring-noimage");
    pull.label(&label("all"));
    pull.start_build();
    pull.finish_build("success");
    pull.says(&[&pull.tag(), "look at what the build has pushed"]);
    assert_eq!(overrides(&scene.ringway), "");
}

#[test]
fn a_freeze_closes_the_gate_and_its_end_opens_it() {
    let (tenants, names) = fleet("frozen", 1);
    let scene = Scene::new("", &[("all", &names)]);
    scene.ringway.run(&["freeze", "on", "--reason", "quarter end"]).expect(0);
    let pull = scene.github.ring("ring-frozen");
    pull.build();
    pull.label(&label("all"));
    pull.says(&["quarter end"]);
    assert_eq!(overrides(&scene.ringway), "");
    scene.ringway.run(&["freeze", "off"]).expect(0);
    until("the tenants run the image", || run(&tenants, &pull.image()));
}

#[test]
fn a_service_that_observes_says_the_plan_and_writes_nothing_to_the_fleet() {
    let (_tenants, names) = fleet("observed", 2);
    let scene = Scene::new("      mode: observe", &[("all", &names)]);
    let pull = scene.github.ring("ring-observed");
    pull.build();
    pull.label(&label("all"));
    pull.says(&["observed-1", "observed-2", "observe"]);
    pull.close();
    until("it is over", || scene.status()["pull_requests"].as_array().unwrap().is_empty());
    assert_eq!(scene.ringway.run(&["release", "list", "-o", "json"]).expect(0).json(), serde_json::json!([]));
}
