//! The tenants of a run.

use super::{at, key, ledger_with, new_release};
use crate::ledger::LedgerError;
use release::{
    proof::Proof,
    report::AwaitingReport,
    step::{Evidence, Part, Problem, TenantResult},
    verdict::TenantVerdict,
};

fn awaiting() -> AwaitingReport {
    let evidence = Evidence {
        object: "StatefulSet tenant-a/atlas".into(),
        field: "status.updatedReplicas".into(),
        value: "1".into(),
        since: Some(at(3)),
    };
    AwaitingReport {
        what: "the new pods of StatefulSet tenant-a/atlas are ready".into(),
        since: at(2),
        until: Some(at(900)),
        evidence: vec![evidence],
        by_hand: "kubectl -n tenant-a rollout status statefulset/atlas".into(),
    }
}

fn failed(tenant: &str) -> TenantResult {
    let problem = Problem {
        code: "image_pull".into(),
        message: "it cannot be pulled".into(),
        advice: None,
        evidence: Vec::new(),
    };
    TenantResult {
        tenant: tenant.into(),
        verdict: TenantVerdict::Failed,
        proof: Proof::Applied,
        notes: vec!["noted".into()],
        problem: Some(problem),
    }
}

#[test]
fn a_tenant_is_there_before_anything_is_known_about_it() {
    let ledger = ledger_with(&[("r1", "ring-x")]);
    let tenants = ledger.tenants("r1").unwrap();
    assert_eq!(tenants.iter().map(|state| state.tenant.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert!(tenants.iter().all(|state| state.proof == Proof::None && state.updated_at.is_none()));
}

#[test]
fn a_proof_only_rises_and_each_level_keeps_its_time() {
    let ledger = ledger_with(&[("r1", "ring-x")]);
    for (proof, second) in [
        (Proof::Patched, 1),
        (Proof::Patched, 2),
        (Proof::Applied, 3),
        (Proof::Observed, 4),
        (Proof::None, 5),
    ] {
        ledger.record_proof("r1", "a", Part::WHOLE, proof, at(second)).unwrap();
    }
    let state = ledger.tenant("r1", "a").unwrap().unwrap();
    assert_eq!(state.proof, Proof::Applied);
    assert_eq!(state.timeline, [(at(1), Proof::Patched), (at(3), Proof::Applied)]);
    assert_eq!(state.updated_at, Some(at(3)));
    assert_eq!(ledger.tenant("r1", "b").unwrap().unwrap().proof, Proof::None);
}

#[test]
fn a_tenant_is_proven_as_far_as_the_least_proven_of_its_applications() {
    let ledger = ledger_with(&[("r1", "ring-x")]);
    let parts: Vec<Part> = Part::each(2).collect();
    let proven = |part: usize, proof| {
        ledger.record_proof("r1", "a", parts[part], proof, at(1)).unwrap();
        ledger.tenant("r1", "a").unwrap().unwrap().proof
    };
    ledger.record_proof("r1", "a", Part::WHOLE, Proof::Patched, at(1)).unwrap();
    assert_eq!(proven(0, Proof::DigestVerified), Proof::Patched);
    assert_eq!(proven(1, Proof::Observed), Proof::Observed);
    assert_eq!(proven(1, Proof::RolledOut), Proof::RolledOut);
    assert_eq!(proven(1, Proof::Applied), Proof::RolledOut);
    assert_eq!(proven(1, Proof::DigestVerified), Proof::DigestVerified);
}

#[test]
fn a_clock_that_jumps_back_does_not_reorder_the_levels() {
    let ledger = ledger_with(&[("r1", "ring-x")]);
    ledger.record_proof("r1", "a", Part::WHOLE, Proof::Patched, at(100)).unwrap();
    ledger.record_proof("r1", "a", Part::WHOLE, Proof::Observed, at(50)).unwrap();
    let state = ledger.tenant("r1", "a").unwrap().unwrap();
    assert_eq!(state.timeline, [(at(100), Proof::Patched), (at(50), Proof::Observed)]);
}

#[test]
fn what_is_awaited_is_replaced_and_cleared() {
    let ledger = ledger_with(&[("r1", "ring-x")]);
    ledger.record_awaiting("r1", "a", Some(&awaiting()), at(2)).unwrap();
    ledger.record_awaiting("r1", "a", Some(&awaiting()), at(3)).unwrap();
    let state = ledger.tenant("r1", "a").unwrap().unwrap();
    assert_eq!((state.awaiting, state.updated_at), (Some(awaiting()), Some(at(2))));
    ledger.record_awaiting("r1", "a", None, at(4)).unwrap();
    assert_eq!(ledger.tenant("r1", "a").unwrap().unwrap().awaiting, None);
}

#[test]
fn the_first_result_stays_and_ends_all_waiting() {
    let ledger = ledger_with(&[("r1", "ring-x")]);
    ledger.record_applications("r1", "a", &[key("atlas-a")]).unwrap();
    ledger.record_applications("r1", "a", &[key("atlas-a")]).unwrap();
    ledger.record_awaiting("r1", "a", Some(&awaiting()), at(3)).unwrap();
    ledger.record_tenant("r1", &failed("a"), at(4)).unwrap();
    let ended = ledger.tenant("r1", "a").unwrap().unwrap();
    let expected = failed("a");
    assert_eq!((ended.verdict, ended.proof), (Some(expected.verdict), expected.proof));
    assert_eq!((&ended.notes, &ended.problem), (&expected.notes, &expected.problem));
    assert_eq!((&ended.awaiting, ended.updated_at), (&None, Some(at(4))));
    assert_eq!(ended.applications, [key("atlas-a")]);

    let other = TenantResult { verdict: TenantVerdict::Success, ..failed("a") };
    ledger.record_tenant("r1", &other, at(5)).unwrap();
    // A wait that was given up may still write down what it saw last.
    ledger.record_awaiting("r1", "a", Some(&awaiting()), at(6)).unwrap();
    assert_eq!(ledger.tenant("r1", "a").unwrap().unwrap(), ended);
}

#[test]
fn the_latest_of_a_tenant_is_one_run_per_ring_and_service() {
    let ledger = ledger_with(&[("r1", "ring-x"), ("r2", "ring-y"), ("r3", "ring-x")]);
    ledger.begin_run(&new_release("r4", "ring-x", &["b"])).unwrap();
    ledger.record_proof("r3", "a", Part::WHOLE, Proof::Patched, at(1)).unwrap();
    let latest = ledger.latest_of_tenant("a").unwrap();
    let found: Vec<_> =
        latest.iter().map(|(run, state)| (run.id.as_str(), state.run.as_str(), state.proof)).collect();
    assert_eq!(found, [("r3", "r3", Proof::Patched), ("r2", "r2", Proof::None)]);
    assert_eq!(ledger.latest_of_tenant("nobody").unwrap(), []);
}

#[test]
fn a_tenant_of_another_run_is_named() {
    let ledger = ledger_with(&[("r1", "ring-x")]);
    assert_eq!(ledger.tenant("r1", "z").unwrap(), None);
    for error in [
        ledger.record_proof("r1", "z", Part::WHOLE, Proof::Patched, at(1)).unwrap_err(),
        ledger.record_awaiting("r9", "a", None, at(1)).unwrap_err(),
        ledger.record_applications("r1", "z", &[]).unwrap_err(),
        ledger.record_tenant("r1", &failed("z"), at(1)).unwrap_err(),
    ] {
        assert!(matches!(error, LedgerError::UnknownTenant { .. }), "{error}");
    }
}
