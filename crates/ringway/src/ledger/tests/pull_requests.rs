//! Which pull request a run is of, and what is remembered of pull requests.

use super::{at, new_release};
use crate::{
    asker::Asker,
    ledger::{Asked, AuditFilter, KnownPullRequest, Ledger, LedgerError, NewRun, PullRequestOrigin},
};
use release::verdict::{ReleaseVerdict, Stop};
use std::collections::BTreeMap;

fn origin(commit: &str) -> PullRequestOrigin {
    PullRequestOrigin {
        repository: 99,
        number: 12,
        commit: Some(commit.into()),
        label: Some("cohort:github:path:one".into()),
        revision: Some("c0ffee".into()),
    }
}

fn known() -> KnownPullRequest {
    KnownPullRequest {
        repository: 99,
        repository_name: "acme/web".into(),
        number: 12,
        service: "atlas".into(),
        ring: "ring-x".into(),
        over: false,
        comment: Some(1),
        check_run: Some(("54b6021".into(), 2)),
        noticed_gone: BTreeMap::from([("cohort:github:path:one".into(), at(1))]),
        told: BTreeMap::from([("accepted".into(), "r1".into())]),
        history: vec![(at(1), "opened".into()), (at(1), "labelled".into())],
        updated_at: at(2),
    }
}

#[test]
fn what_is_remembered_of_a_pull_request_is_what_was_recorded_last() {
    let ledger = Ledger::in_memory("test").unwrap();
    assert_eq!(ledger.pull_request(99, 12).unwrap(), None);
    ledger.record_pull_request(&known()).unwrap();
    assert_eq!(ledger.pull_request(99, 12).unwrap(), Some(known()));
    let later = KnownPullRequest { over: true, comment: None, check_run: None, updated_at: at(3), ..known() };
    let other = KnownPullRequest { number: 3, ..known() };
    for pull_request in [&later, &other, &other] {
        ledger.record_pull_request(pull_request).unwrap();
    }
    assert_eq!(ledger.pull_requests().unwrap(), [other, later]);
}

#[test]
fn a_number_that_cannot_be_kept_is_refused_and_never_changed() {
    let ledger = Ledger::in_memory("test").unwrap();
    let error =
        ledger.record_pull_request(&KnownPullRequest { comment: Some(u64::MAX), ..known() }).unwrap_err();
    assert!(error.to_string().contains("record a pull request"), "{error}");
    assert_eq!(ledger.pull_requests().unwrap(), []);
}

#[test]
fn a_run_knows_what_it_is_asked_for_as_until_it_ends() {
    let ledger = Ledger::in_memory("test").unwrap();
    let run = NewRun { origin: Some(origin("one")), ..new_release("r1", "ring-x", &["a"]) };
    ledger.begin_run(&run).unwrap();
    let recorded = || ledger.run("r1").unwrap().unwrap().origin;
    assert_eq!(recorded(), Some(origin("one")));
    for _ in 0..2 {
        ledger.record_origin("r1", &origin("two")).unwrap();
        assert_eq!(recorded(), Some(origin("two")));
    }
    ledger.record_verdict("r1", ReleaseVerdict::Success, at(5)).unwrap();
    ledger.record_origin("r1", &origin("three")).unwrap();
    assert_eq!(recorded(), Some(origin("two")), "it has proven nothing of what came later");
    let error = ledger.record_origin("r2", &origin("one")).unwrap_err();
    assert!(matches!(error, LedgerError::UnknownRun { .. }), "{error}");
}

#[test]
fn the_audit_says_which_pull_request_and_who_set_the_label() {
    let ledger = Ledger::in_memory("test").unwrap();
    let asked = Asked { by: Asker::github("octocat"), at: at(1) };
    let run = |id| NewRun { origin: Some(origin("one")), ..new_release(id, "ring-x", &["a"]) };
    ledger.begin_run_asked(&run("r1"), &asked).unwrap();
    ledger.record_pull_request(&known()).unwrap();
    ledger.begin_run_asked(&run("r2"), &asked).unwrap();
    ledger.record_stop_asked("r1", &Stop::Supersede { by: "r2".into() }, &asked).unwrap();
    let person = Asked { by: Asker::peer(0), at: at(2) };
    ledger.record_stop_asked("r2", &Stop::Cancel, &person).unwrap();

    let audit = ledger.audit(&AuditFilter::default()).unwrap();
    let found: Vec<_> = audit.iter().map(|entry| entry.pull_request.as_deref()).collect();
    let by_name = Some("acme/web#12");
    assert_eq!(found, [Some("repository 99#12"), by_name, by_name, None], "the last one was a person");
    assert_eq!(audit[1].by, Asker::github("octocat"));
}
