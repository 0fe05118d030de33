//! The page for people, and what it is made of.

use super::{Ring, Service, Status, Tenant, Written, rings, text, under_way};
use crate::{
    asker::{Asker, Origin},
    ledger::{Freeze, Ledger},
    state::Owner,
    world::testing::new_run,
};
use jiff::Timestamp;
use release::{
    application::ApplicationKey,
    proof::Proof,
    report::{AwaitingReport, RunKind},
    step::{ClaimsInput, RunContext},
    verdict::TenantVerdict,
};

fn at(time: &str) -> Timestamp {
    format!("2026-11-23T{time}Z").parse().unwrap()
}

fn awaiting(what: &str, since: &str) -> AwaitingReport {
    AwaitingReport {
        what: what.to_owned(),
        since: at(since),
        until: None,
        evidence: Vec::new(),
        by_hand: String::new(),
    }
}

fn tenant(name: &str, proof: Proof, verdict: Option<TenantVerdict>) -> Tenant {
    Tenant {
        tenant: name.to_owned(),
        cohort: None,
        since: at("09:00:00"),
        release: "r-20261123-001".to_owned(),
        proof,
        verdict,
        awaiting: None,
        problem: None,
        overrides: vec![Written { application: format!("argocd/{name}"), state: "patched" }],
    }
}

#[test]
fn what_is_as_it_should_be_is_counted_and_what_is_not_is_named() {
    use TenantVerdict::{Cancelled, Failed, Success};
    let proven = |name| Tenant {
        cohort: Some("cohort:github:path:all".to_owned()),
        ..tenant(name, Proof::DigestVerified, Some(Success))
    };
    let removed = Written { application: "argocd/f".to_owned(), state: "removed" };
    let tenants = vec![
        proven("a"),
        proven("b"),
        Tenant {
            problem: Some("the image cannot be pulled\nsecond line".to_owned()),
            ..tenant("c", Proof::Applied, Some(Failed))
        },
        tenant("d", Proof::Patched, Some(Cancelled)),
        Tenant {
            awaiting: Some(awaiting("1 of 3 pods is new", "10:00:00")),
            ..tenant("e", Proof::Applied, None)
        },
        Tenant { overrides: vec![removed], ..proven("f") },
        tenant("g", Proof::None, None),
    ];
    let status = Status {
        state_folder: "/var/lib/ringway".into(),
        driven: true,
        owner: Some(Owner { process: 12, command: "ringway serve".to_owned(), since: at("08:00:00.5") }),
        frozen: vec![Freeze {
            service: None,
            since: at("09:30:00"),
            by: Asker { user: Some("alice".to_owned()), uid: Some(1000), from: Origin::Socket },
            reason: Some("incident 7".to_owned()),
        }],
        under_way: Vec::new(),
        pull_requests: Vec::new(),
        rings: vec![Ring {
            ring: "ring-a".to_owned(),
            services: vec![Service { service: "web".to_owned(), tenants }],
        }],
    };
    insta::assert_snapshot!(text::page(&status, at("10:01:30")), @"
state folder /var/lib/ringway: driven by `ringway serve` (process 12) since 2026-11-23T08:00:00Z
FROZEN: everything is frozen since 2026-11-23T09:30:00Z by alice (uid 1000): incident 7; end it with: ringway freeze off

ring ring-a
  web: 7 tenants, for 1h01m
    cohort:github:path:all: 2 of 3 tenants done
    2 tenants digest_verified by release r-20261123-001
    2 tenants not finished in release r-20261123-001
    c                     failed: the image cannot be pulled
    d                     cancelled
    f                     taken out; not yet proven without it
    take it back with: ringway cleanup --ring ring-a
");
}

#[test]
fn what_lives_is_read_from_the_ledger() {
    let ledger = Ledger::in_memory("test").unwrap();
    let run = new_run("r-20261123-001", RunKind::Release, "ring-a", &["a", "b"]);
    ledger.begin_run(&run).unwrap();
    let application = |name: &str| ApplicationKey {
        instance: "local".to_owned(),
        namespace: "argocd".to_owned(),
        name: name.to_owned(),
    };
    let claims = ClaimsInput {
        context: RunContext { run: run.id.clone(), ring: "ring-a".to_owned(), tenant: "a".to_owned() },
        service: "web".to_owned(),
        applications: vec![application("a"), application("a-worker")],
    };
    ledger.take_claims(&claims, at("10:00:05")).unwrap();
    let what = awaiting("Argo CD compares the patch", "10:00:10");
    ledger.record_awaiting(&run.id, "a", Some(&what), at("10:00:10")).unwrap();

    let found = rings(&ledger).unwrap();
    let service = &found[0].services[0];
    assert_eq!(
        (found[0].ring.as_str(), service.service.as_str(), service.tenants.len()),
        ("ring-a", "web", 1)
    );
    let tenant = &service.tenants[0];
    assert_eq!((tenant.since, tenant.release.as_str()), (at("10:00:05"), "r-20261123-001"));
    assert_eq!(tenant.awaiting.as_ref(), Some(&what));
    let states: Vec<_> =
        tenant.overrides.iter().map(|written| (&*written.application, written.state)).collect();
    assert_eq!(states.len(), 2, "one tenant, with each of its Applications: {states:?}");
    assert!(states.iter().all(|(_, state)| *state == "claimed"), "{states:?}");

    let status = Status {
        state_folder: "/var/lib/ringway".into(),
        under_way: under_way(&ledger, false).unwrap(),
        rings: found,
        ..Status::default()
    };
    insta::assert_snapshot!(text::page(&status, at("10:01:30")), @"
state folder /var/lib/ringway: nothing drives releases now

release r-20261123-001 of web:
  ring ring-a, for 1m30s: 0 of 2 tenants ended
  release r-20261123-001 is not finished and nothing drives it: give the same command again to go on, or cancel it with: ringway release cancel r-20261123-001
  a                     none             Argo CD compares the patch (for 1m20s)
  b                     none

ring ring-a
  web: 1 tenant, for 1m25s
    1 tenant not finished in release r-20261123-001
    take it back with: ringway cleanup --ring ring-a
");
}
