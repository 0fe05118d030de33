//! Claims and overrides.

use super::{at, key, ledger_with};
use crate::ledger::{Claim, ClaimFilter, Ledger, LedgerError, OverrideState};
use release::{
    application::ApplicationKey,
    overrides::{Inverse, LeafInverse, SourceIdentity, Wanted, WantedLeaf},
    refusal::Refusal,
    service::{ExistingValue, SourceSelector, Strategy},
    step::{Claims, ClaimsInput, PlannedApplication, RunContext},
};
use serde_json::{Value, json};
use std::sync::Barrier;

fn claims(run: &str, ring: &str, applications: &[&str]) -> ClaimsInput {
    ClaimsInput {
        context: RunContext { run: run.into(), ring: ring.into(), tenant: "a".into() },
        service: "atlas".into(),
        applications: applications.iter().map(|name| key(name)).collect(),
    }
}

fn planned(value: &str) -> PlannedApplication {
    let leaf = WantedLeaf {
        strategy: Strategy::ValuesObject,
        path: "image.tag".parse().unwrap(),
        value: value.into(),
        existing: ExistingValue::Replace,
    };
    let wanted = Wanted { service: "atlas".into(), source: SourceSelector::default(), leaves: vec![leaf] };
    PlannedApplication {
        key: key("one"),
        uid: "uid-1".into(),
        namespace: "tenant-a".into(),
        wanted,
        workloads: Vec::new(),
    }
}

fn leaf(path: &str, before: Option<Value>, written: &str, earlier: &[&str]) -> LeafInverse {
    LeafInverse {
        strategy: Strategy::ValuesObject,
        path: path.parse().unwrap(),
        before,
        written: written.into(),
        earlier: earlier.iter().map(|value| (*value).to_owned()).collect(),
    }
}

fn inverse(leaves: Vec<LeafInverse>) -> Inverse {
    let source = SourceIdentity {
        index: Some(0),
        repository_url: Some("https://charts.example".into()),
        chart: Some("atlas".into()),
        path: None,
        reference: None,
    };
    Inverse { uid: "uid-1".into(), source, leaves, created_parents: vec!["/helm".into()] }
}

/// A ledger where `ring-x` holds Application `one` with release `r1`; `r2` is its next one, `r3` is of `ring-y`.
fn claimed() -> Ledger {
    let ledger = ledger_with(&[("r1", "ring-x"), ("r2", "ring-x"), ("r3", "ring-y")]);
    assert_eq!(ledger.take_claims(&claims("r1", "ring-x", &["one"]), at(1)).unwrap(), Claims::Held);
    ledger
}

fn claim(ledger: &Ledger) -> Claim {
    ledger.claim(&key("one"), "atlas").unwrap().unwrap()
}

fn tag(ledger: &Ledger) -> LeafInverse {
    claim(ledger).written.unwrap().inverse.leaves[0].clone()
}

#[test]
fn a_ring_takes_its_own_claims_again_and_keeps_since_when() {
    let ledger = claimed();
    assert_eq!(ledger.take_claims(&claims("r1", "ring-x", &["one"]), at(2)).unwrap(), Claims::Held);
    assert_eq!(ledger.take_claims(&claims("r2", "ring-x", &["one"]), at(3)).unwrap(), Claims::Held);
    let claim = claim(&ledger);
    assert_eq!((claim.ring.as_str(), claim.run.as_str(), claim.since), ("ring-x", "r2", at(1)));
    assert_eq!((claim.tenant.as_str(), claim.written), ("a", None));
}

#[test]
fn all_claims_are_taken_or_none() {
    let ledger = claimed();
    let refused = ledger.take_claims(&claims("r3", "ring-y", &["free", "one"]), at(2)).unwrap();
    let refusal = Refusal::Claimed { application: key("one"), ring: "ring-x".into(), since: at(1) };
    assert_eq!(refused, Claims::Refused { refusal });
    assert_eq!(ledger.claim(&key("free"), "atlas").unwrap(), None);
}

#[test]
fn another_service_of_the_same_application_is_another_claim() {
    let ledger = claimed();
    let other = ClaimsInput { service: "heracles".into(), ..claims("r3", "ring-y", &["one"]) };
    assert_eq!(ledger.take_claims(&other, at(2)).unwrap(), Claims::Held);
}

#[test]
fn of_two_rings_at_once_exactly_one_gets_everything() {
    for round in 0..20 {
        let ledger = ledger_with(&[("r1", "ring-x"), ("r3", "ring-y")]);
        let start = Barrier::new(2);
        let take = |input: ClaimsInput| {
            start.wait();
            ledger.take_claims(&input, at(round)).unwrap() == Claims::Held
        };
        let held = std::thread::scope(|scope| {
            // In opposite orders: locks taken one by one would leave each with one of them.
            let one = scope.spawn(|| take(claims("r1", "ring-x", &["one", "two"])));
            let other = scope.spawn(|| take(claims("r3", "ring-y", &["two", "one"])));
            [one.join().unwrap(), other.join().unwrap()]
        });
        assert_eq!(held.iter().filter(|held| **held).count(), 1);
        let taken = ledger.claims(&ClaimFilter::default()).unwrap();
        assert_eq!(taken.len(), 2);
        assert_eq!(taken[0].ring, taken[1].ring);
    }
}

#[test]
fn a_claim_of_a_run_that_is_not_there_is_an_error() {
    let ledger = ledger_with(&[]);
    let error = ledger.take_claims(&claims("r9", "ring-x", &["one"]), at(1)).unwrap_err();
    assert!(matches!(error, LedgerError::Storage { .. }), "{error}");
}

#[test]
fn nothing_is_intended_without_the_claim() {
    let ledger = claimed();
    let new = inverse(vec![leaf("image.tag", None, "1", &[])]);
    let error = ledger.record_intent("r3", &planned("1"), &new, at(2)).unwrap_err();
    assert!(matches!(error, LedgerError::NotClaimed { .. }), "{error}");
    let unclaimed = PlannedApplication { key: key("free"), ..planned("1") };
    let error = ledger.record_intent("r1", &unclaimed, &new, at(2)).unwrap_err();
    assert!(matches!(error, LedgerError::NotClaimed { .. }), "{error}");
}

#[test]
fn an_override_goes_from_intended_to_patched_to_removed() {
    let ledger = claimed();
    let new = inverse(vec![leaf("image.tag", Some(json!("0")), "1", &[])]);
    let written = || claim(&ledger).written.unwrap();
    for second in [2, 3] {
        ledger.record_intent("r1", &planned("1"), &new, at(second)).unwrap();
        assert_eq!((written().state, written().patched_at), (OverrideState::Intended, None));
        assert_eq!((written().planned, written().inverse), (planned("1"), new.clone()));
    }
    for second in [4, 5] {
        ledger.record_patched(&key("one"), "atlas", at(second)).unwrap();
        assert_eq!((written().state, written().patched_at), (OverrideState::Patched, Some(at(4))));
        assert_eq!(written().recorded(), Some(&new));
    }
    for second in [6, 7] {
        ledger.record_removed(&key("one"), "atlas", at(second)).unwrap();
        assert_eq!((written().state, written().removed_at), (OverrideState::Removed, Some(at(6))));
        assert_eq!(written().recorded(), None, "a new override begins from what stands there then");
    }
    // The patch of a slow first attempt does not bring it back.
    ledger.record_patched(&key("one"), "atlas", at(8)).unwrap();
    assert_eq!(written().state, OverrideState::Removed);
    for _ in 0..2 {
        ledger.release_claim(&key("one"), "atlas", "ring-x").unwrap();
        assert_eq!(ledger.claim(&key("one"), "atlas").unwrap(), None);
        assert_eq!(ledger.override_of(&key("one"), "atlas").unwrap(), None);
    }
}

#[test]
fn an_intent_whose_patch_was_refused_is_forgotten_and_one_that_stands_is_not() {
    let ledger = claimed();
    let new = inverse(vec![leaf("image.tag", None, "1", &[])]);
    ledger.record_intent("r1", &planned("1"), &new, at(2)).unwrap();
    for _ in 0..2 {
        ledger.forget_intent(&key("one"), "atlas").unwrap();
        assert_eq!(claim(&ledger).written, None, "the claim itself stays");
    }
    ledger.record_intent("r1", &planned("1"), &new, at(3)).unwrap();
    ledger.record_patched(&key("one"), "atlas", at(4)).unwrap();
    ledger.forget_intent(&key("one"), "atlas").unwrap();
    assert_eq!(claim(&ledger).written.unwrap().state, OverrideState::Patched);
}

#[test]
fn a_second_release_keeps_what_was_before_the_first() {
    let ledger = claimed();
    let first = inverse(vec![leaf("image.tag", Some(json!("0")), "1", &[])]);
    ledger.record_intent("r1", &planned("1"), &first, at(2)).unwrap();
    ledger.record_patched(&key("one"), "atlas", at(3)).unwrap();

    ledger.take_claims(&claims("r2", "ring-x", &["one"]), at(4)).unwrap();
    // A plan that took our own value for the tenant's must not do harm, and one more leaf joins.
    let mut second = inverse(vec![
        leaf("image.tag", Some(json!("1")), "2", &[]),
        leaf("image.repository", None, "r", &[]),
    ]);
    second.created_parents = vec!["/helm/valuesObject/image".into(), "/helm".into()];
    ledger.record_intent("r2", &planned("2"), &second, at(5)).unwrap();
    let written = claim(&ledger).written.unwrap();
    let expected =
        [leaf("image.tag", Some(json!("0")), "2", &["1"]), leaf("image.repository", None, "r", &[])];
    assert_eq!(written.inverse.leaves, expected);
    assert_eq!(written.inverse.created_parents, ["/helm", "/helm/valuesObject/image"]);

    ledger.record_patched(&key("one"), "atlas", at(6)).unwrap();
    assert_eq!(tag(&ledger), leaf("image.tag", Some(json!("0")), "2", &[]));
}

#[test]
fn after_a_removal_a_new_override_begins_from_nothing() {
    let ledger = claimed();
    let first = inverse(vec![leaf("image.tag", Some(json!("0")), "1", &[])]);
    ledger.record_intent("r1", &planned("1"), &first, at(2)).unwrap();
    ledger.record_removed(&key("one"), "atlas", at(3)).unwrap();
    let second = inverse(vec![leaf("image.tag", Some(json!("theirs")), "2", &[])]);
    ledger.record_intent("r1", &planned("2"), &second, at(4)).unwrap();
    let written = claim(&ledger).written.unwrap();
    assert_eq!((written.inverse, written.removed_at), (second, None));
}

/// Every order of writing down, sending and confirming, with a crash between any two of them.
#[test]
fn whatever_stands_there_is_the_tenants_value_or_known_as_ours() {
    const LENGTH: u32 = 6;
    for schedule in 0..3_u32.pow(LENGTH) {
        let ledger = claimed();
        let mut stands = "before".to_owned();
        let mut intended = 0;
        for step in 0..LENGTH {
            match schedule / 3_u32.pow(step) % 3 {
                0 => {
                    intended += 1;
                    let value = intended.to_string();
                    let new = inverse(vec![leaf("image.tag", Some(json!(stands)), &value, &[])]);
                    ledger.record_intent("r1", &planned(&value), &new, at(step.into())).unwrap();
                }
                // The answer is lost, so nothing is confirmed.
                1 if intended > 0 => stands = intended.to_string(),
                2 if stands == intended.to_string() => {
                    ledger.record_patched(&key("one"), "atlas", at(step.into())).unwrap();
                }
                _ => continue,
            }
            let Some(leaf) = claim(&ledger).written.map(|written| written.inverse.leaves[0].clone()) else {
                continue;
            };
            assert_eq!(leaf.before, Some(json!("before")), "schedule {schedule}");
            let ours = leaf.written == stands || leaf.earlier.contains(&stands);
            assert!(ours || stands == "before", "schedule {schedule}: {stands} and {leaf:?}");
        }
    }
}

#[test]
fn what_is_recorded_for_another_object_or_source_must_be_cleaned_up_first() {
    let ledger = claimed();
    let first = inverse(vec![leaf("image.tag", None, "1", &[])]);
    ledger.record_intent("r1", &planned("1"), &first, at(2)).unwrap();
    let recreated = Inverse { uid: "uid-2".into(), ..first.clone() };
    let mut elsewhere = first.clone();
    elsewhere.source.chart = Some("other".into());
    for (new, word) in [(recreated, "another object"), (elsewhere, "another source")] {
        let error = ledger.record_intent("r1", &planned("1"), &new, at(3)).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
        assert!(error.to_string().contains("ringway cleanup --tenants a"), "{error}");
    }
    let mut moved = first;
    moved.source.index = Some(1);
    ledger.record_intent("r1", &planned("1"), &moved, at(4)).unwrap();
    assert_eq!(
        claim(&ledger).written.unwrap().inverse.source.index,
        Some(1),
        "a source may change its place"
    );
}

#[test]
fn a_late_second_attempt_does_not_take_the_next_rings_claim() {
    let ledger = claimed();
    ledger.release_claim(&key("one"), "atlas", "ring-x").unwrap();
    ledger.take_claims(&claims("r3", "ring-y", &["one"]), at(2)).unwrap();
    ledger.release_claim(&key("one"), "atlas", "ring-x").unwrap();
    assert_eq!(claim(&ledger).ring, "ring-y");
}

#[test]
fn an_override_that_was_never_intended_is_named() {
    let ledger = claimed();
    for error in [
        ledger.record_patched(&key("one"), "atlas", at(1)).unwrap_err(),
        ledger.record_removed(&key("free"), "atlas", at(1)).unwrap_err(),
    ] {
        assert!(matches!(error, LedgerError::NoOverride { .. }), "{error}");
    }
}

#[test]
fn claims_are_listed_by_tenant_and_filtered() {
    let ledger = claimed();
    let mut other = claims("r3", "ring-y", &["zeus", "hera"]);
    other.context.tenant = "A-first".into();
    ledger.take_claims(&other, at(2)).unwrap();
    let list = |filter: ClaimFilter| {
        let found = ledger.claims(&filter).unwrap();
        found.iter().map(|claim| claim.application.name.as_str()).collect::<Vec<_>>().join(" ")
    };
    let all = ClaimFilter::default();
    assert_eq!(list(all.clone()), "hera zeus one");
    assert_eq!(list(ClaimFilter { ring: Some("ring-y".into()), ..all.clone() }), "hera zeus");
    assert_eq!(list(ClaimFilter { run: Some("r1".into()), ..all.clone() }), "one");
    assert_eq!(list(ClaimFilter { tenants: Some(vec!["a".into(), "b".into()]), ..all.clone() }), "one");
    assert_eq!(list(ClaimFilter { tenants: Some(Vec::new()), ..all.clone() }), "");
    assert_eq!(list(ClaimFilter { service: Some("heracles".into()), ..all }), "");
}

#[test]
fn claims_of_two_instances_do_not_meet() {
    let ledger = claimed();
    let mut other = claims("r3", "ring-y", &[]);
    other.applications = vec![ApplicationKey { instance: "second".into(), ..key("one") }];
    assert_eq!(ledger.take_claims(&other, at(2)).unwrap(), Claims::Held);
}
