//! What a ring did to tenants before, as it is decided upon.

use super::{at, key, new_release};
use crate::ledger::{Ledger, NewRun, PullRequestOrigin};
use release::{
    decide::facts::{OtherRing, PastCleanup, PastRelease, TenantHistory},
    proof::Proof,
    refusal::Refusal,
    report::RunKind,
    step::{ClaimsInput, Problem, RunContext, TenantResult},
    verdict::{ReleaseVerdict, TenantVerdict},
};
use std::collections::BTreeSet;

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

fn history(ledger: &Ledger, ring: &str, tenant: &str) -> TenantHistory {
    let mut histories = ledger.tenant_histories(ring, "atlas", &names(&[tenant])).unwrap();
    assert_eq!(histories.len(), 1);
    histories.remove(tenant).unwrap()
}

fn asked(commit: &str) -> Option<PullRequestOrigin> {
    let label = Some("cohort:github:path:one".to_owned());
    Some(PullRequestOrigin { repository: 99, number: 12, commit: Some(commit.into()), label, revision: None })
}

fn ended(ledger: &Ledger, run: &str, tenant: &str, verdict: TenantVerdict, code: Option<&str>) {
    let problem = code.map(|code| Problem {
        code: code.into(),
        message: "a sentence".into(),
        advice: None,
        evidence: Vec::new(),
    });
    let result =
        TenantResult { tenant: tenant.into(), verdict, proof: Proof::None, notes: Vec::new(), problem };
    ledger.record_tenant(run, &result, at(5)).unwrap();
}

fn claim(ledger: &Ledger, run: &str, ring: &str, tenant: &str, second: i64) {
    let context = RunContext { run: run.into(), ring: ring.into(), tenant: tenant.into() };
    let input = ClaimsInput { context, service: "atlas".into(), applications: vec![key(tenant)] };
    ledger.take_claims(&input, at(second)).unwrap();
}

#[test]
fn a_tenant_that_nothing_ever_happened_to_has_an_empty_history() {
    let ledger = Ledger::in_memory("test").unwrap();
    assert_eq!(history(&ledger, "ring-x", "a"), TenantHistory::default());
    assert_eq!(ledger.tenant_histories("ring-x", "atlas", &BTreeSet::new()).unwrap().len(), 0);
}

#[test]
fn the_newest_release_counts_with_its_commit_its_label_and_how_it_ended_for_the_tenant() {
    let ledger = Ledger::in_memory("test").unwrap();
    ledger.begin_run(&new_release("r1", "ring-x", &["a", "b"])).unwrap();
    ended(&ledger, "r1", "a", TenantVerdict::Success, None);
    ledger.record_verdict("r1", ReleaseVerdict::Cancelled, at(6)).unwrap();
    let newest = NewRun { origin: asked("two"), began_at: at(10), ..new_release("r2", "ring-x", &["a"]) };
    ledger.begin_run(&newest).unwrap();
    ended(&ledger, "r2", "a", TenantVerdict::Failed, Some("image_pull"));

    let released = |tenant| history(&ledger, "ring-x", tenant).released.unwrap();
    let of_a = PastRelease {
        run: "r2".into(),
        commit: Some("two".into()),
        label: Some("cohort:github:path:one".into()),
        place: 2,
        began_at: at(10),
        unfinished: true,
        verdict: Some(TenantVerdict::Failed),
        problem: Some("image_pull".into()),
    };
    assert_eq!(released("a"), of_a);
    let of_b = PastRelease {
        run: "r1".into(),
        commit: None,
        label: None,
        place: 1,
        began_at: at(0),
        unfinished: false,
        verdict: None,
        problem: None,
    };
    assert_eq!(released("b"), of_b, "it ended before the turn of this tenant");
    assert_eq!(history(&ledger, "ring-y", "a"), TenantHistory::default(), "another ring did nothing");
}

#[test]
fn a_cleanup_of_several_rings_counts_for_each_and_one_without_a_pull_request_is_by_hand() {
    let ledger = Ledger::in_memory("test").unwrap();
    let cleanup = |id: &str, ring: &str, origin| NewRun {
        kind: RunKind::Cleanup,
        origin,
        began_at: at(20),
        ..new_release(id, ring, &["a"])
    };
    ledger.begin_run(&cleanup("c1", "ring-x", asked("one"))).unwrap();
    ledger.record_verdict("c1", ReleaseVerdict::Success, at(21)).unwrap();
    let cleaned = |ring| history(&ledger, ring, "a").cleaned;
    let first = PastCleanup {
        run: "c1".into(),
        place: 1,
        began_at: at(20),
        unfinished: false,
        verdict: None,
        by_hand: false,
    };
    assert_eq!(cleaned("ring-x"), Some(first));
    ledger.begin_run(&cleanup("c2", "ring-x, ring-y", None)).unwrap();
    for ring in ["ring-x", "ring-y"] {
        let cleaned = cleaned(ring).unwrap();
        assert_eq!((cleaned.run.as_str(), cleaned.by_hand, cleaned.unfinished), ("c2", true, true), "{ring}");
    }
    assert_eq!(cleaned("ring"), None, "a part of a name is another name");
}

#[test]
fn a_tenant_is_held_by_the_ring_that_claims_it() {
    let ledger = Ledger::in_memory("test").unwrap();
    for (id, ring) in [("r1", "ring-x"), ("r2", "ring-y")] {
        ledger.begin_run(&new_release(id, ring, &["a", "b"])).unwrap();
    }
    claim(&ledger, "r1", "ring-x", "a", 1);
    claim(&ledger, "r2", "ring-y", "b", 2);
    assert_eq!(ledger.held_tenants("ring-x", "atlas").unwrap(), names(&["a"]));
    assert_eq!(ledger.held_tenants("ring-x", "another").unwrap(), names(&[]));
    let (a, b) = (history(&ledger, "ring-x", "a"), history(&ledger, "ring-x", "b"));
    assert_eq!((a.held, a.held_by), (true, None));
    assert_eq!((b.held, b.held_by), (false, Some(OtherRing { ring: "ring-y".into(), since: at(2) })));
}

#[test]
fn a_tenant_that_was_refused_for_another_service_is_held_while_that_one_is() {
    let ledger = Ledger::in_memory("test").unwrap();
    let other = NewRun { service: "atlas-read".into(), ..new_release("r1", "ring-y", &["a", "b"]) };
    ledger.begin_run(&other).unwrap();
    let context = RunContext { run: "r1".into(), ring: "ring-y".into(), tenant: "a".into() };
    let input = ClaimsInput { context, service: "atlas-read".into(), applications: vec![key("a")] };
    ledger.take_claims(&input, at(2)).unwrap();
    ledger.begin_run(&new_release("r2", "ring-x", &["a", "b"])).unwrap();
    assert_eq!(history(&ledger, "ring-x", "a").held_by, None, "most services have values of their own");
    let refusal = Refusal::ClaimedForAnotherService {
        application: key("a"),
        service: "atlas-read".into(),
        ring: "ring-y".into(),
        since: at(2),
    };
    for tenant in ["a", "b"] {
        let problem = Some(Problem {
            code: refusal.code().into(),
            message: refusal.to_string(),
            advice: None,
            evidence: refusal.evidence(),
        });
        let verdict = TenantVerdict::Refused;
        let result =
            TenantResult { tenant: tenant.into(), verdict, proof: Proof::None, notes: Vec::new(), problem };
        ledger.record_tenant("r2", &result, at(5)).unwrap();
    }
    let holder = OtherRing { ring: "ring-y".into(), since: at(2) };
    assert_eq!(history(&ledger, "ring-x", "a").held_by, Some(holder));
    assert_eq!(history(&ledger, "ring-x", "b").held_by, None, "it was given back");
}

#[test]
fn of_six_hundred_tenants_with_long_histories_the_newest_run_counts() {
    let ledger = Ledger::in_memory("test").unwrap();
    let tenants: Vec<String> = (0..600).map(|number| format!("tenant-{number:03}")).collect();
    let all: Vec<&str> = tenants.iter().map(String::as_str).collect();
    for number in 0..50 {
        let id = format!("r{number}");
        ledger.begin_run(&new_release(&id, "ring-x", &all)).unwrap();
        ledger.record_verdict(&id, ReleaseVerdict::Success, at(1)).unwrap();
    }
    let histories = ledger.tenant_histories("ring-x", "atlas", &names(&all)).unwrap();
    assert_eq!(histories.len(), 600);
    assert!(histories.values().all(|history| history.released.as_ref().unwrap().run == "r49"));
}
