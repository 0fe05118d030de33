//! What Ringway writes into a pull request, when others write there too, and what it writes into its log.

use super::{SERVE, Scene, label, run};
use crate::{
    harness::{Github, until},
    observe::{fleet, sources},
};
use rustix::process::Signal;
use sandbox::github::{Fault, NewCheckRun, Scope};

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

#[test]
fn a_log_of_everything_has_no_secret_of_an_app_in_it() {
    let (log, github) = logged("logapp", Github::begin());
    assert!(log.contains("GitHub no longer takes the token of the installation"), "a token was replaced");
    assert!(github.tokens().len() >= 2, "and GitHub gave another one");
    assert!(!log.contains("eyJ"), "no proof that we are the App, which is a JSON web token");
}

#[test]
fn a_log_of_everything_has_no_token_of_a_user_in_it() {
    logged("loguser", Github::with_a_user());
}

/// A story in which requests to GitHub fail, with the log of a server that logs all it can: the secrets that GitHub knows
/// of are not in it.
#[track_caller]
fn logged(name: &str, github: Github) -> (String, Github) {
    let (tenants, names) = fleet(name, 1);
    let before = sources(&tenants);
    github.listen();
    let mut scene = Scene::on(github, &[("all", &names)], true, |github| github.configuration(""));
    scene.stop(Signal::TERM);
    let mut command = scene.ringway.command(&SERVE);
    command.env("RUST_LOG", "trace");
    scene.start_as(command);
    scene.github.with(|github| {
        github.faults.next(Scope::Reads, Fault::FailsBefore(502));
        github.faults.next(Scope::WritesTo("/comments"), Fault::FailsAfter(502));
    });
    let pull = scene.released(&format!("ring-{name}"), "all", &tenants);
    if !scene.github.tokens().is_empty() {
        // The App asks for another token. A user has no other one.
        scene.github.with(|github| github.faults.next(Scope::Reads, Fault::Unauthorized));
    }
    pull.close();
    until("every tenant has what it had before", || sources(&tenants) == before);
    pull.says(&["given back"]);
    let log = scene.stop(Signal::TERM).expect(0).err;
    for line in [
        "\"level\":\"DEBUG\"",
        "delivered by GitHub",
        "GitHub is asked again",
        "the answer to a write was lost",
    ] {
        assert!(log.contains(line), "all is logged: {line}");
    }
    let secrets = scene.github.secrets();
    for secret in &secrets {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret} is in the log");
    }
    let Scene { github, .. } = scene;
    (log, github)
}
