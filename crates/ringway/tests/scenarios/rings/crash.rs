//! A server that is killed, that is not told anything, and that is down while things happen.

use super::{Scene, label, run};
use crate::{
    harness::until,
    observe::{When, ended, fleet, overrides, proven, sources},
};
use rustix::process::Signal;

#[test]
fn without_a_webhook_the_sweep_does_everything_only_later() {
    let (tenants, names) = fleet("untold", 2);
    let before = sources(&tenants);
    let scene = Scene::untold(&[("all", &names)]);
    let pull = scene.released("ring-untold", "all", &tenants);
    pull.close();
    until("every tenant has what it had before", || sources(&tenants) == before);
    pull.says(&["given back"]);
}

#[test]
fn what_is_closed_while_the_server_is_down_is_given_back_when_it_comes() {
    let (tenants, names) = fleet("away", 2);
    let before = sources(&tenants);
    let mut scene = Scene::new("", &[("all", &names)]);
    let number = scene.released("ring-away", "all", &tenants).number;
    scene.stop(Signal::TERM);
    scene.pull(number, "ring-away").close();
    assert_eq!(overrides(&scene.ringway).lines().count(), 2, "nobody was there");
    scene.start();
    until("every tenant has what it had before", || sources(&tenants) == before);
    scene.pull(number, "ring-away").says(&["given back"]);
}

#[test]
fn what_is_merged_while_the_server_is_down_is_kept_and_said_when_it_comes() {
    let (tenants, names) = fleet("mergedaway", 2);
    let mut scene = Scene::new("", &[("all", &names)]);
    let number = scene.released("ring-mergedaway", "all", &tenants).number;
    scene.stop(Signal::TERM);
    scene.pull(number, "ring-mergedaway").merge();
    scene.start();
    let pull = scene.pull(number, "ring-mergedaway");
    pull.says(&["ringway cleanup --pull-request"]);
    assert!(run(&tenants, &pull.image()));
}

#[test]
fn a_kill_at_ten_points_of_the_story_changes_nothing_but_the_delay() {
    let (tenants, names) = fleet("killed", 3);
    let before = sources(&tenants);
    let mut scene = Scene::new("", &[("all", &names)]);
    let sql = str::to_owned;
    let points = [
        (sql("true"), sql("true")),
        (
            sql("EXISTS (SELECT 1 FROM claim WHERE claim.run = newest.id)"),
            sql("NOT EXISTS (SELECT 1 FROM claim)"),
        ),
        (proven("patched", 1), sql("EXISTS (SELECT 1 FROM override WHERE state = 'removed')")),
        (proven("applied", 1), proven("applied", 1)),
        (ended(3), ended(3)),
    ];
    for (index, (point, of_cleanup)) in points.iter().enumerate() {
        let branch = format!("ring-killed-{index}");
        let pull = scene.github.ring(&branch);
        pull.label(&label("all"));
        let number = pull.number;
        let next = When::next_run(&scene.ringway);
        pull.build();
        next.reached(point);
        scene.stop(Signal::KILL);
        scene.start();
        let pull = scene.pull(number, &branch);
        pull.says(&["3 of 3"]);
        assert!(run(&tenants, &pull.image()), "{point}");
        assert_eq!(
            pull.conversation().matches("Ring release accepted").count(),
            1,
            "{}",
            pull.conversation()
        );

        let next = When::next_run(&scene.ringway);
        pull.close();
        next.reached(of_cleanup);
        scene.stop(Signal::KILL);
        scene.start();
        until("every tenant has what it had before", || sources(&tenants) == before);
        until("nothing is overridden", || overrides(&scene.ringway).is_empty());
        scene.pull(number, &branch).says(&["given back"]);
    }
}
