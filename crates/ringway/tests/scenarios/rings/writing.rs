//! What Ringway writes into a pull request, when others write there too.

use super::{Scene, label, run};
use crate::{harness::until, observe::fleet};
use sandbox::github::NewCheckRun;

/// The first line of the comment that is edited in place ends with this.
const KEPT: &str = "what=comment -->";

#[test]
fn a_comment_that_somebody_deletes_is_written_anew_once() {
    let (tenants, names) = fleet("deleted", 1);
    let scene = Scene::new("", &[("all", &names)]);
    let pull = scene.released("ring-deleted", "all", &tenants);
    pull.says(&[KEPT]);
    pull.delete_comments(KEPT);
    assert!(!pull.conversation().contains(KEPT));
    pull.push("another commit");
    pull.build();
    until("the tenants run the new image", || run(&tenants, &pull.image()));
    pull.says(&[KEPT]);
    let said = pull.conversation();
    assert_eq!(said.matches(KEPT).count(), 1, "{said}");
}

#[test]
fn a_marker_of_ours_that_somebody_pastes_is_not_taken_for_our_comment() {
    let (tenants, names) = fleet("pasted", 1);
    let scene = Scene::new("", &[("all", &names)]);
    let pull = scene.github.ring("ring-pasted");
    let marker = pull.marker("comment");
    pull.comment(&marker);
    pull.label(&label("all"));
    pull.build();
    until("the tenants run the image", || run(&tenants, &pull.image()));
    pull.says(&["1 of 1"]);
    let said = pull.conversation();
    assert_eq!(said.matches(KEPT).count(), 2, "theirs as they wrote it, and ours: {said}");
}

#[test]
fn a_check_run_of_another_app_with_our_name_is_left_alone() {
    let (tenants, names) = fleet("checked", 1);
    let scene = Scene::new("", &[("all", &names)]);
    let pull = scene.github.ring("ring-checked");
    let foreign = pull.foreign_check(&NewCheckRun {
        name: Some("ringway/ring"),
        status: Some("completed"),
        conclusion: Some("failure"),
        ..NewCheckRun::default()
    });
    pull.label(&label("all"));
    pull.build();
    until("the tenants run the image", || run(&tenants, &pull.image()));
    until("our check has succeeded", || {
        pull.checks().iter().any(|check| check.2.as_deref() == Some("success"))
    });
    let checks = pull.checks();
    let theirs = checks.iter().find(|check| check.0 == foreign).unwrap();
    assert_eq!((theirs.1.as_str(), theirs.2.as_deref()), ("completed", Some("failure")));
    assert_eq!(checks.len(), 2, "{checks:?}");
}
