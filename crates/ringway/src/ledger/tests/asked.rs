//! The audit and freezes: who asked for what, and what may not start.

use super::{at, new_release};
use crate::{
    asker::{Asker, Origin},
    ledger::{Action, Asked, AuditEntry, AuditFilter, AuditOutcome, Ledger, LedgerError},
};
use release::verdict::{ReleaseVerdict, Stop};

fn asked(user: &str, second: i64) -> Asked {
    let by = Asker { user: Some(user.to_owned()), uid: Some(1000), from: Origin::Socket };
    Asked { by, at: at(second) }
}

fn audit(ledger: &Ledger) -> Vec<AuditEntry> {
    ledger.audit(&AuditFilter::default()).unwrap()
}

#[test]
fn a_run_is_recorded_with_who_asked_for_it() {
    let ledger = Ledger::in_memory("test").unwrap();
    let run = new_release("r1", "ring-x", &["a", "b"]);
    ledger.begin_run_asked(&run, &asked("alice", 1)).unwrap();
    ledger.begin_run_asked(&run, &asked("bob", 2)).unwrap();
    let expected = AuditEntry {
        pull_request: None,
        at: at(1),
        action: Action::ReleaseStart,
        by: asked("alice", 1).by,
        run: Some("r1".into()),
        ring: Some("ring-x".into()),
        service: Some("atlas".into()),
        tenants: Some(2),
        outcome: AuditOutcome::Done,
        detail: None,
    };
    assert_eq!(audit(&ledger), [expected], "beginning the same run again adds nothing");
}

#[test]
fn what_was_not_begun_is_not_in_the_audit() {
    let ledger = Ledger::in_memory("test").unwrap();
    ledger.begin_run(&new_release("r1", "ring-x", &["a"])).unwrap();
    let error = ledger.begin_run_asked(&new_release("r1", "ring-y", &["a"]), &asked("alice", 1)).unwrap_err();
    assert!(matches!(error, LedgerError::RunIdTaken { .. }), "{error}");
    let error = ledger.record_stop_asked("r2", &Stop::Cancel, &asked("alice", 2)).unwrap_err();
    assert!(matches!(error, LedgerError::UnknownRun { .. }), "{error}");
    assert_eq!(audit(&ledger), []);
}

#[test]
fn a_stop_says_who_and_whether_it_changed_anything() {
    let ledger = Ledger::in_memory("test").unwrap();
    ledger.begin_run(&new_release("r1", "ring-x", &["a"])).unwrap();
    ledger.record_stop_asked("r1", &Stop::Supersede { by: "r2".into() }, &asked("alice", 1)).unwrap();
    ledger.record_stop_asked("r1", &Stop::Cancel, &asked("bob", 2)).unwrap();
    ledger.record_verdict("r1", ReleaseVerdict::Superseded, at(3)).unwrap();
    ledger.record_stop_asked("r1", &Stop::Cancel, &asked("bob", 4)).unwrap();
    let told: Vec<_> =
        audit(&ledger).into_iter().map(|entry| (entry.action, entry.outcome, entry.detail)).collect();
    let before = Some("it had been told to stop before, or had ended".to_owned());
    assert_eq!(
        told,
        [
            (Action::Supersede, AuditOutcome::Done, Some("r2 takes over".to_owned())),
            (Action::Cancel, AuditOutcome::Nothing, before.clone()),
            (Action::Cancel, AuditOutcome::Nothing, before),
        ]
    );
}

#[test]
fn the_audit_is_read_by_time_and_ring() {
    let ledger = Ledger::in_memory("test").unwrap();
    for (second, ring) in [(1, "ring-a"), (2, "ring-a, ring-b"), (3, "ring-bc")] {
        let entry = AuditEntry {
            ring: Some(ring.to_owned()),
            ..AuditEntry::done(&asked("alice", second), Action::Cleanup)
        };
        ledger.record_asked(&entry).unwrap();
    }
    let seconds = |filter: &AuditFilter| {
        let entries = ledger.audit(filter).unwrap();
        entries.iter().map(|entry| entry.at.duration_since(at(0)).as_secs()).collect::<Vec<_>>()
    };
    assert_eq!(seconds(&AuditFilter::default()), [1, 2, 3]);
    assert_eq!(seconds(&AuditFilter { since: Some(at(2)), ring: None }), [2, 3]);
    assert_eq!(seconds(&AuditFilter { since: None, ring: Some("ring-a".into()) }), [1, 2]);
    assert_eq!(seconds(&AuditFilter { since: None, ring: Some("ring-b".into()) }), [2]);
}

#[test]
fn what_is_frozen_stays_so_until_somebody_ends_it() {
    let ledger = Ledger::in_memory("test").unwrap();
    assert_eq!(ledger.frozen("atlas").unwrap(), None);
    assert!(ledger.freeze(Some("atlas"), Some("incident 7"), &asked("alice", 1)).unwrap());
    assert!(!ledger.freeze(Some("atlas"), Some("another"), &asked("bob", 2)).unwrap(), "the first stays");
    let freeze = ledger.frozen("atlas").unwrap().unwrap();
    assert_eq!(
        freeze.to_string(),
        "service atlas is frozen since 2026-11-23T10:00:01Z by alice (uid 1000): incident 7"
    );
    assert_eq!(freeze.end(), "ringway freeze off --service atlas");
    assert_eq!(ledger.frozen("heracles").unwrap(), None);

    assert!(ledger.freeze(None, None, &asked("bob", 3)).unwrap());
    let everything = ledger.frozen("heracles").unwrap().unwrap();
    assert_eq!(everything.to_string(), "everything is frozen since 2026-11-23T10:00:03Z by bob (uid 1000)");
    assert_eq!(everything.end(), "ringway freeze off");
    assert_eq!(ledger.freezes().unwrap(), [everything, freeze.clone()]);

    assert!(ledger.unfreeze(None, None, &asked("bob", 4)).unwrap());
    assert_eq!(ledger.freezes().unwrap(), [freeze], "one freeze does not end another");
    assert!(ledger.unfreeze(Some("atlas"), None, &asked("bob", 5)).unwrap());
    assert!(!ledger.unfreeze(Some("atlas"), None, &asked("bob", 6)).unwrap());
    let told: Vec<_> = audit(&ledger).iter().map(|entry| (entry.action, entry.outcome)).collect();
    use Action::{FreezeOff, FreezeOn};
    use AuditOutcome::{Done, Nothing};
    assert_eq!(
        told,
        [
            (FreezeOn, Done),
            (FreezeOn, Nothing),
            (FreezeOn, Done),
            (FreezeOff, Done),
            (FreezeOff, Done),
            (FreezeOff, Nothing)
        ]
    );
}
