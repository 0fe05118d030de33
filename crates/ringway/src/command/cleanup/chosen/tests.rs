//! What is taken back for a pull request or a label, over a ledger in memory.

use super::{Chosen, choose};
use crate::{
    command::CleanupSelection,
    error::{RefusedError, UsageError},
    ledger::{KnownPullRequest, Ledger, NewRun, PullRequestOrigin},
    request::Selection,
    world::testing::new_run,
};
use release::{
    application::ApplicationKey,
    report::RunKind,
    step::{ClaimsInput, RunContext},
    verdict::ReleaseVerdict,
};
use std::collections::BTreeMap;

const FIRST: &str = "cohort:github:path:first";
const SECOND: &str = "cohort:github:path:second";

fn pull_request(repository: u64, name: &str, number: u64, ring: &str, over: bool) -> KnownPullRequest {
    KnownPullRequest {
        repository,
        repository_name: name.into(),
        number,
        service: "web".into(),
        ring: ring.into(),
        over,
        comment: None,
        check_run: None,
        noticed_gone: BTreeMap::new(),
        told: BTreeMap::new(),
        history: Vec::new(),
        updated_at: "2026-11-23T10:00:00Z".parse().unwrap(),
    }
}

/// `acme/web#12` is over and has `a` and `b` by one label and `c` by another; `acme/web#13` is open and has `d`, with a
/// release for `e` under way.
fn ledger() -> Ledger {
    let ledger = Ledger::in_memory("test").unwrap();
    ledger.record_pull_request(&pull_request(99, "acme/web", 12, "ring-x", true)).unwrap();
    ledger.record_pull_request(&pull_request(99, "acme/web", 13, "ring-y", false)).unwrap();
    ledger.record_pull_request(&pull_request(98, "acme/api", 13, "ring-z", true)).unwrap();
    for (run, number, ring, label, tenants) in [
        ("r1", 12, "ring-x", FIRST, &["a", "b"][..]),
        ("r2", 12, "ring-x", SECOND, &["c"]),
        ("r3", 13, "ring-y", FIRST, &["d"]),
    ] {
        begin(&ledger, run, number, ring, label, tenants);
        for tenant in tenants {
            let context = RunContext { run: run.into(), ring: ring.into(), tenant: (*tenant).into() };
            let key = ApplicationKey { instance: "i".into(), namespace: "n".into(), name: (*tenant).into() };
            let input = ClaimsInput { context, service: "web".into(), applications: vec![key] };
            ledger.take_claims(&input, "2026-11-23T10:00:00Z".parse().unwrap()).unwrap();
        }
        let ended = "2026-11-23T11:00:00Z".parse().unwrap();
        ledger.record_verdict(run, ReleaseVerdict::Success, ended).unwrap();
    }
    begin(&ledger, "r4", 13, "ring-y", SECOND, &["e"]);
    ledger
}

fn begin(ledger: &Ledger, run: &str, number: u64, ring: &str, label: &str, tenants: &[&str]) {
    let label = Some(label.to_owned());
    let origin = PullRequestOrigin { repository: 99, number, commit: None, label, revision: None };
    let run = NewRun { origin: Some(origin), ..new_run(run, RunKind::Release, ring, tenants) };
    ledger.begin_run(&run).unwrap();
}

fn typed(pull_request: Option<&str>, cohort: Option<&str>, tenants: Option<&str>) -> CleanupSelection {
    CleanupSelection {
        pull_request: pull_request.map(str::to_owned),
        cohort: cohort.map(str::to_owned),
        tenants: tenants.map(str::to_owned),
        ..CleanupSelection::default()
    }
}

fn chosen(typed: &CleanupSelection, allow_open: bool) -> anyhow::Result<Chosen> {
    choose(typed, allow_open, 250, || Ok(Some(ledger())))
}

fn these(ring: &str, tenants: &[&str]) -> Chosen {
    Chosen::These(Selection::RingTenants {
        ring: ring.into(),
        service: "web".into(),
        tenants: tenants.iter().map(|tenant| (*tenant).to_owned()).collect(),
    })
}

#[test]
fn a_pull_request_that_is_over_is_taken_back_with_all_its_tenants_or_some_of_them() {
    for (typed, tenants) in [
        (typed(Some("12"), None, None), &["a", "b", "c"][..]),
        (typed(Some("#12"), None, None), &["a", "b", "c"]),
        (typed(Some("Acme/Web#12"), Some(FIRST), None), &["a", "b"]),
        (typed(Some("acme/web#12"), None, Some("c,d")), &["c"]),
        (typed(None, Some(SECOND), None), &[]),
    ] {
        let chosen = chosen(&typed, false);
        if tenants.is_empty() {
            let error = chosen.unwrap_err();
            assert!(error.is::<UsageError>() && error.to_string().contains("acme/web#13"), "{error}");
        } else {
            assert_eq!(chosen.unwrap(), these("ring-x", tenants), "{typed:?}");
        }
    }
}

#[test]
fn an_open_pull_request_is_taken_back_only_if_that_is_said() {
    for typed in [typed(Some("acme/web#13"), None, None), typed(Some("acme/web#13"), Some(FIRST), None)] {
        let error = chosen(&typed, false).unwrap_err();
        assert!(error.is::<RefusedError>(), "{error}");
        for part in ["acme/web#13 is open", "--allow-open"] {
            assert!(error.to_string().contains(part), "{error}");
        }
    }
    let all = chosen(&typed(Some("acme/web#13"), None, None), true).unwrap();
    assert_eq!(all, these("ring-y", &["d", "e"]), "with those of the release under way");
}

#[test]
fn what_an_open_pull_request_has_is_not_taken_back_in_another_way_either() {
    let ring = |name: &str| CleanupSelection { ring: Some(name.into()), ..CleanupSelection::default() };
    let release = |id: &str| CleanupSelection { release: Some(id.into()), ..CleanupSelection::default() };
    let tenants = |names: &str| typed(None, None, Some(names));
    // `e` is not held yet; its release is under way, and would be cancelled.
    for typed in [ring("ring-y"), release("r3"), release("r4"), tenants("a,d"), tenants("e")] {
        let error = chosen(&typed, false).unwrap_err();
        assert!(error.is::<RefusedError>() && error.to_string().contains("acme/web#13 is open"), "{error}");
        assert!(matches!(chosen(&typed, true).unwrap(), Chosen::These(_)), "{typed:?}");
    }
    for typed in [ring("ring-x"), ring("ring-of-nobody"), release("r1"), tenants("a,b,nobody")] {
        assert!(matches!(chosen(&typed, false).unwrap(), Chosen::These(_)), "{typed:?}");
    }
}

#[test]
fn what_is_not_known_or_not_clear_is_said_and_not_guessed() {
    for (typed, part) in [
        (typed(Some("14"), None, None), "acme/api#13, acme/web#12, acme/web#13"),
        (typed(Some("acme/api#12"), None, None), "not in the ledger"),
        (typed(Some("13"), None, None), "Write one of acme/api#13, acme/web#13"),
        (typed(Some("acme/web"), None, None), "allowed: 12, #12 or owner/repository#12"),
        (typed(Some("-1"), None, None), "allowed:"),
        (typed(None, Some(FIRST), None), "ring ring-x of service web (2 tenants; acme/web#12)"),
        (typed(None, None, Some("not a name")), "not a name"),
        (typed(None, None, None), "say what to take back"),
    ] {
        let error = chosen(&typed, false).unwrap_err();
        assert!(error.is::<UsageError>(), "{error}");
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
}

#[test]
fn where_nothing_stands_there_is_nothing_to_do() {
    for typed in [typed(Some("acme/api#13"), None, None), typed(None, Some("cohort:github:path:x"), None)] {
        assert!(matches!(chosen(&typed, false).unwrap(), Chosen::Nothing(_)), "{typed:?}");
    }
    let none = choose(&typed(Some("12"), None, None), false, 250, || Ok(None)).unwrap();
    assert!(matches!(none, Chosen::Nothing(_)), "{none:?}");
}

#[test]
fn the_other_ways_are_taken_as_they_were_typed() {
    let choose = |typed: &CleanupSelection| choose(typed, false, 250, || Ok(None)).unwrap();
    let ring = CleanupSelection { ring: Some("ring-x".into()), ..CleanupSelection::default() };
    assert_eq!(choose(&ring), Chosen::These(Selection::Ring("ring-x".into())));
    let release = CleanupSelection { release: Some("r1".into()), ..CleanupSelection::default() };
    assert_eq!(choose(&release), Chosen::These(Selection::Release("r1".into())));
    let tenants = typed(None, None, Some("a,b"));
    assert_eq!(choose(&tenants), Chosen::These(Selection::Tenants(vec!["a".into(), "b".into()])));
}
