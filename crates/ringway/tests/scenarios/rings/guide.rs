//! What atlas-metastore's quick reference says that happens, row by row.

use super::{Scene, label, run};
use crate::{
    harness::until,
    observe::{Patches, fleet, overrides, sources},
};

/// More than what a sweep and one look ask of GitHub.
const CALLS_OF_A_SWEEP: u64 = 15;

#[test]
fn a_push_to_a_ring_without_a_label_releases_nothing_and_says_nothing() {
    let scene = Scene::new("", &[]);
    let pull = scene.github.ring("ring-quiet");
    pull.build();
    let labelled = scene.github.ring("ring-loud");
    labelled.label("cohort:wrong");
    labelled.says(&["four"]);
    assert!(!pull.conversation().contains("ringway"), "{}", pull.conversation());
    assert_eq!(overrides(&scene.ringway), "");
}

#[test]
fn a_label_after_the_build_releases_at_once_and_another_label_leaves_the_first_cohort_untouched() {
    let (first, first_names) = fleet("one", 2);
    let (second, second_names) = fleet("two", 2);
    let scene = Scene::new("", &[("one", &first_names), ("two", &second_names)]);
    let pull = scene.github.ring("ring-two");
    pull.build();
    pull.label(&label("one"));
    pull.says(&["2 of 2"]);
    assert!(run(&first, &pull.image()));

    let untouched = Patches::of(&first);
    pull.label(&label("two"));
    until("the second cohort runs the image", || run(&second, &pull.image()));
    untouched.are(0, "a label of another cohort");
    let said = pull.conversation();
    assert_eq!(said.matches("Ring release accepted").count(), 2, "{said}");
}

#[test]
fn a_merge_keeps_what_is_released_until_somebody_takes_it_back_by_the_number_of_the_pull_request() {
    let (tenants, names) = fleet("merged", 2);
    let before = sources(&tenants);
    let scene = Scene::new("", &[("all", &names)]);
    let pull = scene.released("ring-merged", "all", &tenants);
    pull.merge();
    let command = format!("ringway cleanup --pull-request {}", pull.number);
    pull.says(&[&command]);
    assert!(run(&tenants, &pull.image()), "nobody goes back to an older image before the new one is out");
    scene.ringway.run(&["cleanup", "--pull-request", &pull.number.to_string()]).expect(0);
    assert_eq!(sources(&tenants), before);
    assert_eq!(overrides(&scene.ringway), "");
}

#[test]
fn a_service_that_wants_it_has_its_tenants_back_at_the_merge_and_is_warned() {
    let (tenants, names) = fleet("mergeback", 2);
    let before = sources(&tenants);
    let scene = Scene::new("      onMerge: cleanup", &[("all", &names)]);
    let pull = scene.released("ring-mergeback", "all", &tenants);
    pull.merge();
    until("every tenant has what it had before", || sources(&tenants) == before);
    pull.says(&["given back", "old default image"]);
}

#[test]
fn a_cleanup_by_hand_of_an_open_pull_request_must_be_meant_and_stays_clean_until_the_label_is_set_again() {
    let (tenants, names) = fleet("byhand", 2);
    let before = sources(&tenants);
    let scene = Scene::new("", &[("all", &names)]);
    let pull = scene.released("ring-byhand", "all", &tenants);
    let number = pull.number.to_string();
    let refused = scene.ringway.run(&["cleanup", "--pull-request", &number]);
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(refused.err.contains("--allow-open"), "{}", refused.err);
    assert!(run(&tenants, &pull.image()));

    scene.ringway.run(&["cleanup", "--pull-request", &number, "--allow-open"]).expect(0);
    assert_eq!(sources(&tenants), before);
    let calls = || scene.github.calls().total;
    let enough = calls() + 2 * CALLS_OF_A_SWEEP;
    until("it was looked at again, and again", || calls() > enough);
    assert_eq!(sources(&tenants), before, "nobody releases again what a person took back");
    pull.says(&["0 of 2 tenants done, 2 taken back by hand"]);

    pull.unlabel(&label("all"));
    pull.label(&label("all"));
    until("the label was set again", || run(&tenants, &pull.image()));
}

#[test]
fn a_reopened_pull_request_has_its_tenants_again_and_a_closed_one_is_forgotten_by_status() {
    let (tenants, names) = fleet("reopened", 2);
    let before = sources(&tenants);
    let scene = Scene::new("", &[("all", &names)]);
    let pull = scene.released("ring-reopened", "all", &tenants);
    pull.close();
    until("every tenant has what it had before", || sources(&tenants) == before);
    pull.reopen();
    until("the tenants run the image again", || run(&tenants, &pull.image()));
    pull.close();
    until("every tenant has what it had before", || sources(&tenants) == before);
    until("nothing lives any more", || scene.status()["pull_requests"].as_array().unwrap().is_empty());
}
