//! The developer guide of atlas-metastore's release pipeline, from the label to the tenants given back.

use super::{Scene, label, run};
use crate::{
    harness::until,
    observe::{fleet, overrides, sources},
};
use rustix::process::Signal;

#[test]
fn a_label_before_the_build_releases_to_six_tenants_when_the_build_is_done_and_a_close_takes_it_back() {
    let (tenants, names) = fleet("story", 6);
    let before = sources(&tenants);
    let mut scene = Scene::new("", &[("internal-level-1", &names)]);
    let (github, ringway) = (&scene.github, &scene.ringway);

    let pull = github.ring("ring-story");
    pull.start_build();
    pull.label(&label("internal-level-1"));
    pull.says(&["build"]);
    assert_eq!(overrides(ringway), "", "nothing is released before the build has succeeded");

    pull.push_image();
    pull.finish_build("success");
    pull.says(&["Ring release accepted", "6 of 6"]);
    let first = pull.image();
    assert!(run(&tenants, &first), "what it says is so");

    pull.push("a fix");
    pull.build();
    let second = pull.image();
    assert_ne!(first, second);
    until("every tenant runs the fix", || run(&tenants, &second));

    pull.close();
    until("nothing is overridden any more", || overrides(ringway).is_empty());
    until("every tenant has what it had before", || sources(&tenants) == before);
    pull.says(&["given back"]);

    let calls = github.calls();
    assert!(calls.content <= 3 * 20, "two releases and a cleanup: {calls:?}");
    assert_eq!(github.with(|github| github.oddities.clone()), Vec::<String>::new());
    let server = scene.server.take().unwrap().ended_by(Signal::INT).expect(0);
    assert!(!server.err.contains("\"level\":\"ERROR\""), "{}", server.err);
}

#[test]
fn a_user_with_a_token_does_what_an_app_does_and_sets_a_commit_status() {
    let (tenants, names) = fleet("user", 2);
    let before = sources(&tenants);
    let scene = Scene::of_a_user(&[("all", &names)]);
    let pull = scene.released("ring-user", "all", &tenants);
    until("the commit has succeeded", || pull.status().as_deref() == Some("success"));
    assert_eq!(pull.checks(), [], "only Apps make check runs");
    pull.close();
    until("every tenant has what it had before", || sources(&tenants) == before);
    pull.says(&["given back"]);
    assert_eq!(scene.github.with(|github| github.oddities.clone()), Vec::<String>::new());
}
