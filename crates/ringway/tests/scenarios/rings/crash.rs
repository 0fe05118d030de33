//! A server that is killed, that is not told anything, and that is down while things happen.

use super::{Scene, label, run};
use crate::{
    harness::until,
    observe::{When, ended, fleet, knows, overrides, proven, sources},
};
use rustix::process::Signal;
use sandbox::github::{Fault, Faults, Scope};
use std::{cell::Cell, time::Duration};

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

/// A delivery is stored, and nobody has looked at what it is about.
const UNPROCESSED: &str = "EXISTS (SELECT 1 FROM inbox WHERE processed_at IS NULL)";

/// Somebody has looked at what all deliveries are about.
const PROCESSED: &str =
    "EXISTS (SELECT 1 FROM inbox) AND NOT EXISTS (SELECT 1 FROM inbox WHERE processed_at IS NULL)";

/// A comment may be there or not: what is written before it is sent says no more.
const ABOUT_TO_SAY: &str = "EXISTS (SELECT 1 FROM pull_request, json_each(pull_request.told) AS said \
                            WHERE said.value = 'about to be written')";

/// A run has a stop or a verdict.
fn of_run(id: &str, what: &str) -> String {
    format!("EXISTS (SELECT 1 FROM run WHERE id = '{id}' AND {what} IS NOT NULL)")
}

/// A story with two kills, each when the ledger says something about the newest run.
struct Story {
    release: String,
    cleanup: String,
    more: Option<More>,
}

/// What else there is in a story.
#[derive(Clone, Copy, PartialEq)]
enum More {
    /// One more kill, when the label is delivered.
    Delivered,
    /// The first kill comes when the comment that a release was accepted is on GitHub, and Ringway was not told.
    Said,
    /// A commit that is pushed while the release goes on, with one more kill while that one stops.
    Pushed,
}

impl Scene {
    fn kill(&mut self) {
        self.stop(Signal::KILL);
        // What GitHub was slow with, it was slow with before.
        self.github.with(|github| github.faults = Faults::default());
        self.start();
    }

    /// Lets GitHub take its time with the next answer to such a request.
    fn slow(&self, scope: Scope) {
        self.github.with(|github| github.faults.next(scope, Fault::Slow(Duration::from_secs(20))));
    }
}

#[test]
fn a_kill_at_ten_points_of_the_story_changes_nothing_but_the_delay() {
    let (tenants, names) = fleet("killed", 6);
    let before = sources(&tenants);
    let mut scene = Scene::new("", &[("all", &names)]);
    let story = |release: String, cleanup: String, more| Story { release, cleanup, more };
    let claimed = "EXISTS (SELECT 1 FROM claim WHERE claim.run = newest.id)";
    let removed = "EXISTS (SELECT 1 FROM override WHERE state = 'removed')";
    let given_back = "NOT EXISTS (SELECT 1 FROM claim)";
    let stories = [
        story("true".into(), "true".into(), Some(More::Delivered)),
        story(ABOUT_TO_SAY.into(), removed.into(), Some(More::Said)),
        story(proven("patched", 1), proven("applied", 1), Some(More::Pushed)),
        story(claimed.into(), given_back.into(), None),
        story(proven("applied", 1), ended(6), None),
    ];
    let mut kills = 0;
    for (index, Story { release, cleanup, more }) in stories.into_iter().enumerate() {
        let branch = format!("ring-killed-{index}");
        let pull = scene.github.ring(&branch);
        let number = pull.number;
        if more == Some(More::Delivered) {
            until("the ring is known", || knows(&scene.ringway, PROCESSED));
            scene.slow(Scope::Path("/pulls/"));
            pull.label(&label("all"));
            until("the label is delivered", || knows(&scene.ringway, UNPROCESSED));
            scene.kill();
            kills += 1;
        } else {
            pull.label(&label("all"));
        }

        let pull = scene.pull(number, &branch);
        let next = When::next_run(&scene.ringway);
        if more == Some(More::Said) {
            // When the comment that is edited in place is there, the next new one is about the release.
            pull.says(&["what=comment"]);
            scene.slow(Scope::WritesTo(format!("/issues/{number}/comments").leak()));
        }
        pull.build();
        let id = next.reached(&release);
        if more == Some(More::Said) {
            pull.says(&["Ring release accepted"]);
            assert!(knows(&scene.ringway, ABOUT_TO_SAY), "GitHub has not answered yet");
        }
        scene.kill();
        kills += 1;
        if more == Some(More::Pushed) {
            let pull = scene.pull(number, &branch);
            pull.push("a fix");
            pull.build();
            // It stops within a moment, which may pass between two looks.
            let (told, over) = (of_run(&id, "stop"), of_run(&id, "verdict"));
            let stopping = || knows(&scene.ringway, &format!("{told} AND NOT {over}"));
            let seen = Cell::new(false);
            until("the release stops", || {
                seen.set(stopping());
                seen.get() || knows(&scene.ringway, &over)
            });
            if seen.get() {
                scene.kill();
                kills += 1;
            }
        }

        let pull = scene.pull(number, &branch);
        pull.says(&["6 of 6"]);
        until("every tenant runs the image", || run(&tenants, &pull.image()));
        let said = pull.conversation();
        let accepted = if more == Some(More::Pushed) { 2 } else { 1 };
        assert_eq!(said.matches("Ring release accepted").count(), accepted, "{release}: {said}");

        let next = When::next_run(&scene.ringway);
        pull.close();
        next.reached(&cleanup);
        scene.kill();
        kills += 1;
        until("every tenant has what it had before", || sources(&tenants) == before);
        until("nothing is overridden", || overrides(&scene.ringway).is_empty());
        scene.pull(number, &branch).says(&["given back"]);
    }
    assert!(kills >= 10, "only {kills} kills came at their points");
}
