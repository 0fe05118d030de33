//! Two rings that want the same tenants, and tenants that do not go well.

use super::{Scene, label, run};
use crate::{
    harness::{image, release_arguments, until},
    observe::{fleet, sources},
};
use rustix::process::Signal;

#[test]
fn edge_case_3_a_second_ring_is_refused_with_whose_the_tenants_are_and_since_when() {
    let (tenants, names) = fleet("rival", 2);
    let scene = Scene::new("", &[("all", &names)]);
    let first = scene.released("ring-first", "all", &tenants);
    let second = scene.github.ring("ring-second");
    second.build();
    second.label(&label("all"));
    second.says(&["ring-first", "since", "refused"]);
    assert!(run(&tenants, &first.image()));
}

#[test]
fn what_ends_while_it_is_said_to_go_on_is_said_at_once_and_not_by_the_next_sweep() {
    let (tenants, names) = fleet("atonce", 1);
    // Nobody tells it anything, and the second sweep does not come within the time of a test.
    let mut scene = Scene::begin(&[("all", &names)], false, |github| {
        github.configuration("").replace("sweep: 10s", "sweep: 1h")
    });
    let first = image("e65a995abcd");
    scene.ringway.run(&release_arguments("ring-first", "minimal", &first, &names)).expect(0);
    scene.stop(Signal::TERM);
    let second = scene.github.ring("ring-atonce");
    second.build();
    second.label(&label("all"));
    let number = second.number;
    scene.start();
    // The refusal is there long before the comment that says that the release was accepted: GitHub wants a second
    // between two writes.
    scene.pull(number, "ring-atonce").says(&["ring-first", "since", "refused", "ended"]);
    assert!(run(&tenants, &first));
}

#[test]
fn tenants_that_do_not_go_well_are_named_with_their_reasons_and_the_others_are_done() {
    let (tenants, names) = fleet("partly", 2);
    let scene = Scene::new("", &[("all", &format!("{names},no-such-tenant"))]);
    let pull = scene.github.ring("ring-partly");
    pull.build();
    pull.label(&label("all"));
    pull.says(&["no-such-tenant", "Application", "2 of 3"]);
    assert!(run(&tenants, &pull.image()));
}

#[test]
fn a_second_pull_request_of_a_branch_without_labels_gives_back_what_the_first_one_had() {
    let (tenants, names) = fleet("disowned", 2);
    let before = sources(&tenants);
    let mut scene = Scene::new("      grace: 5s", &[("all", &names)]);
    let first = scene.released("ring-disowned", "all", &tenants).number;
    scene.stop(Signal::TERM);
    scene.pull(first, "ring-disowned").close();
    let second = scene.github.again("ring-disowned").number;
    scene.start();
    until("every tenant has what it had before", || sources(&tenants) == before);
    scene.pull(second, "ring-disowned").says(&["Label removed", "given back"]);
}

#[test]
fn a_second_pull_request_of_a_branch_goes_on_with_what_the_first_one_had() {
    let (tenants, names) = fleet("heir", 2);
    let before = sources(&tenants);
    let scene = Scene::new("", &[("all", &names)]);
    let first = scene.released("ring-heir", "all", &tenants);
    first.close();
    until("every tenant has what it had before", || sources(&tenants) == before);
    let second = scene.github.again("ring-heir");
    second.label(&label("all"));
    until("the tenants run the image", || run(&tenants, &second.image()));
}
