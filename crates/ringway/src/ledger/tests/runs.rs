//! Releases and cleanups.

use super::{at, image, ledger_with, new_release};
use crate::ledger::{Ledger, LedgerError, NewRun, RunFilter};
use release::{
    image::ImageReference,
    report::RunKind,
    verdict::{ReleaseVerdict, Stop},
};

fn ids(runs: &[crate::ledger::Run]) -> Vec<&str> {
    runs.iter().map(|run| run.id.as_str()).collect()
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn ids_count_up_within_a_day_and_are_never_given_twice() {
    let ledger = Ledger::in_memory("test").unwrap();
    let next_day = at(20 * 60 * 60);
    let given = [at(0), at(1), next_day, at(2)].map(|now| ledger.new_run_id(now).unwrap());
    assert_eq!(given, ["r-20261123-001", "r-20261123-002", "r-20261124-001", "r-20261123-003"]);
}

#[test]
fn a_run_begins_once() {
    let ledger = Ledger::in_memory("test").unwrap();
    let new =
        NewRun { cohort: Some("label:tier:gold".into()), ..new_release("r1", "ring-x", &["b", "a", "b"]) };
    ledger.begin_run(&new).unwrap();
    ledger.begin_run(&NewRun { began_at: at(60), ..new.clone() }).unwrap();

    let run = ledger.run("r1").unwrap().unwrap();
    assert_eq!(run.tenants, ["b", "a"], "in the order they were asked for");
    assert_eq!((run.began_at, run.kind, run.cohort), (at(0), RunKind::Release, new.cohort.clone()));
    assert_eq!(run.images, new.images);
    assert_eq!((run.stop, run.verdict, run.ended_at), (None, None, None));
    assert_eq!(ledger.runs(&RunFilter::default()).unwrap().len(), 1);

    let error = ledger.begin_run(&NewRun { ring: "ring-y".into(), ..new }).unwrap_err();
    assert!(matches!(error, LedgerError::RunIdTaken { .. }), "{error}");
}

#[test]
fn an_unfinished_release_is_found_by_what_it_releases() {
    let ledger = ledger_with(&[("r1", "ring-x")]);
    let found = |ring: &str, service: &str, reference: &str, tenants: &[&str]| {
        let references: [ImageReference; 1] = [reference.parse().unwrap()];
        let found = ledger.unfinished_release(ring, service, &references, &strings(tenants)).unwrap();
        found.map(|run| run.id)
    };
    let one = "ghcr.io/acme/atlas:1";
    assert_eq!(found("ring-x", "atlas", one, &["b", "a"]).as_deref(), Some("r1"));
    assert_eq!(found("ring-y", "atlas", one, &["a", "b"]), None);
    assert_eq!(found("ring-x", "heracles", one, &["a", "b"]), None);
    assert_eq!(found("ring-x", "atlas", "ghcr.io/acme/atlas:2", &["a", "b"]), None);
    assert_eq!(found("ring-x", "atlas", one, &["a"]), None);

    ledger.record_verdict("r1", ReleaseVerdict::Success, at(9)).unwrap();
    assert_eq!(found("ring-x", "atlas", one, &["a", "b"]), None);
}

#[test]
fn a_release_that_was_told_to_stop_is_not_gone_on_with() {
    let ledger = ledger_with(&[("r1", "ring-x")]);
    ledger.record_stop("r1", &Stop::Cancel).unwrap();
    let references = [image("ghcr.io/acme/atlas:1").reference];
    let found = ledger.unfinished_release("ring-x", "atlas", &references, &strings(&["a", "b"])).unwrap();
    assert_eq!(found, None);
    assert_eq!(ids(&ledger.unfinished_runs_of_ring("ring-x", "atlas").unwrap()), ["r1"]);
}

#[test]
fn the_unfinished_runs_of_a_ring_include_cleanups_of_several() {
    let ledger = ledger_with(&[("r1", "ring-x"), ("r2", "ring-xy"), ("r3", "ring-x")]);
    let cleanup = |id, ring| NewRun {
        kind: RunKind::Cleanup,
        service: String::new(),
        images: Vec::new(),
        ..new_release(id, ring, &["a"])
    };
    ledger.begin_run(&cleanup("r4", "ring-y, ring-x")).unwrap();
    ledger.begin_run(&cleanup("r5", "ring-y")).unwrap();
    ledger.record_verdict("r3", ReleaseVerdict::Failed, at(1)).unwrap();
    assert_eq!(ids(&ledger.unfinished_runs_of_ring("ring-x", "atlas").unwrap()), ["r4", "r1"]);
    assert_eq!(ids(&ledger.unfinished_runs_of_ring("ring-x", "heracles").unwrap()), ["r4"]);
}

#[test]
fn runs_are_listed_newest_first_and_filtered() {
    let ledger = ledger_with(&[("r1", "ring-x"), ("r2", "ring-y")]);
    ledger.begin_run(&new_release("r3", "ring-x", &["c"])).unwrap();
    ledger.record_verdict("r1", ReleaseVerdict::Success, at(1)).unwrap();
    let list = |filter: RunFilter| ids(&ledger.runs(&filter).unwrap()).join(" ");
    let all = RunFilter::default();
    assert_eq!(list(all.clone()), "r3 r2 r1");
    assert_eq!(list(RunFilter { ring: Some("ring-x".into()), ..all.clone() }), "r3 r1");
    assert_eq!(list(RunFilter { tenant: Some("a".into()), ..all.clone() }), "r2 r1");
    assert_eq!(list(RunFilter { unfinished: true, ..all.clone() }), "r3 r2");
    assert_eq!(list(RunFilter { kind: Some(RunKind::Cleanup), ..all.clone() }), "");
    assert_eq!(list(RunFilter { service: Some("heracles".into()), ..all.clone() }), "");
    assert_eq!(list(RunFilter { limit: Some(2), ..all }), "r3 r2");
}

#[test]
fn the_first_verdict_and_the_first_stop_stay() {
    let ledger = ledger_with(&[("r1", "ring-x")]);
    let supersede = Stop::Supersede { by: "r2".into() };
    ledger.record_stop("r1", &supersede).unwrap();
    ledger.record_stop("r1", &Stop::Cancel).unwrap();
    ledger.record_verdict("r1", ReleaseVerdict::Superseded, at(5)).unwrap();
    ledger.record_verdict("r1", ReleaseVerdict::Success, at(6)).unwrap();
    let run = ledger.run("r1").unwrap().unwrap();
    assert_eq!(run.stop.as_ref(), Some(&supersede));
    assert_eq!(ledger.stop_of_run("r1").unwrap(), Some(supersede));
    assert_eq!(ledger.stop_of_run("r9").unwrap(), None);
    assert_eq!((run.verdict, run.ended_at), (Some(ReleaseVerdict::Superseded), Some(at(5))));
}

#[test]
fn a_run_that_has_ended_is_not_told_to_stop() {
    let ledger = ledger_with(&[("r1", "ring-x")]);
    ledger.record_verdict("r1", ReleaseVerdict::Success, at(5)).unwrap();
    ledger.record_stop("r1", &Stop::Cancel).unwrap();
    assert_eq!(ledger.run("r1").unwrap().unwrap().stop, None);
}

#[test]
fn a_run_that_is_not_there_is_named() {
    let ledger = ledger_with(&[]);
    assert_eq!(ledger.run("r9").unwrap(), None);
    for error in [
        ledger.record_stop("r9", &Stop::Cancel).unwrap_err(),
        ledger.record_verdict("r9", ReleaseVerdict::Success, at(1)).unwrap_err(),
    ] {
        assert!(matches!(error, LedgerError::UnknownRun { .. }), "{error}");
    }
}
