//! What a cleanup takes back and which one goes on, over a ledger in memory.

use super::{inputs, select, unfinished, would_write_again};
use crate::{
    error::RefusedError,
    request::Selection,
    world::{
        World,
        testing::{new_run, world},
    },
};
use release::{
    application::ApplicationKey,
    report::RunKind,
    service::Verify,
    step::{Claims, ClaimsInput, RunContext},
    verdict::ReleaseVerdict,
};

fn key(name: &str) -> ApplicationKey {
    ApplicationKey { instance: "local".into(), namespace: "argocd".into(), name: name.into() }
}

/// Release `r1` of `ring-a` holds the tenants `a` and `b`, release `r2` of `ring-b` holds `c`.
fn claimed(more: &str) -> World {
    let world = world(more, &[]);
    for (run, ring, tenants) in [("r1", "ring-a", &["a", "b"][..]), ("r2", "ring-b", &["c"])] {
        world.ledger.begin_run(&new_run(run, RunKind::Release, ring, tenants)).unwrap();
        for tenant in tenants {
            let context = RunContext { run: run.into(), ring: ring.into(), tenant: (*tenant).to_owned() };
            let input = ClaimsInput { context, service: "web".into(), applications: vec![key(tenant)] };
            let taken = world.ledger.take_claims(&input, world.clock.now()).unwrap();
            assert_eq!(taken, Claims::Held);
        }
        world.ledger.record_verdict(run, ReleaseVerdict::Success, world.clock.now()).unwrap();
    }
    world
}

fn tenants(list: &[&str]) -> Selection {
    Selection::Tenants(list.iter().map(|tenant| (*tenant).to_owned()).collect())
}

#[test]
fn what_is_taken_back_is_what_the_ledger_has_of_it() {
    let world = claimed("");
    for (selection, expected) in [
        (Selection::Ring("ring-a".into()), &["a", "b"][..]),
        (Selection::Release("r2".into()), &["c"]),
        (tenants(&["b", "c", "nobody"]), &["b", "c"]),
        (Selection::Ring("ring-x".into()), &[]),
    ] {
        let claims = select(&world.ledger, &selection).unwrap();
        let found: Vec<&str> = claims.iter().map(|claim| claim.tenant.as_str()).collect();
        assert_eq!(found, expected, "{selection}");
    }
}

/// Looks for an unfinished cleanup, as the command does.
fn found(world: &World, selection: &Selection) -> anyhow::Result<Option<String>> {
    unfinished(&world.ledger, selection, &select(&world.ledger, selection)?)
}

#[test]
fn a_cleanup_that_covers_what_is_meant_goes_on_and_another_one_is_in_the_way() {
    let world = claimed("");
    let ring = Selection::Ring("ring-a".into());
    assert_eq!(found(&world, &ring).unwrap(), None);
    world.ledger.begin_run(&new_run("c1", RunKind::Cleanup, "ring-a", &["a", "b"])).unwrap();
    assert_eq!(found(&world, &ring).unwrap().as_deref(), Some("c1"));
    assert_eq!(found(&world, &tenants(&["b"])).unwrap().as_deref(), Some("c1"), "it takes that back as well");
    assert_eq!(found(&world, &tenants(&["c"])).unwrap(), None, "it has nothing to do with that");
    let error = found(&world, &tenants(&["b", "c"])).unwrap_err();
    assert!(error.is::<RefusedError>() && error.to_string().contains("ringway release cancel c1"), "{error}");
}

#[test]
fn of_one_ring_and_service_nothing_of_another_is_taken_back() {
    let world = claimed("");
    let context = RunContext { run: "r2".into(), ring: "ring-b".into(), tenant: "a".into() };
    let other = ClaimsInput { context, service: "api".into(), applications: vec![key("a")] };
    world.ledger.take_claims(&other, world.clock.now()).unwrap();
    let of = |ring: &str, service: &str, tenants: &[&str]| Selection::RingTenants {
        ring: ring.into(),
        service: service.into(),
        tenants: tenants.iter().map(|tenant| (*tenant).to_owned()).collect(),
    };
    for (selection, expected) in [
        (of("ring-a", "web", &["a", "c"]), &[("ring-a", "web", "a")][..]),
        (of("ring-b", "api", &["a", "c"]), &[("ring-b", "api", "a")]),
        (of("ring-b", "web", &["a"]), &[]),
    ] {
        let claims = select(&world.ledger, &selection).unwrap();
        let found: Vec<_> = claims
            .iter()
            .map(|claim| (claim.ring.as_str(), claim.service.as_str(), claim.tenant.as_str()))
            .collect();
        assert_eq!(found, expected, "{selection}");
    }
    let release = new_run("r3", RunKind::Release, "ring-a", &["a", "b"]);
    world.ledger.begin_run(&release).unwrap();
    let release = world.ledger.run("r3").unwrap().unwrap();
    for (selection, ends) in [
        (of("ring-a", "web", &["b"]), true),
        (of("ring-a", "web", &["c"]), false),
        (of("ring-a", "api", &["b"]), false),
        (of("ring-b", "web", &["b"]), false),
    ] {
        assert_eq!(would_write_again(&selection, &release), ends, "{selection}");
    }

    world.ledger.begin_run(&new_run("c1", RunKind::Cleanup, "ring-a", &["a", "b"])).unwrap();
    assert_eq!(found(&world, &of("ring-a", "web", &["a"])).unwrap().as_deref(), Some("c1"));
    for tenant in ["a", "b"] {
        world.ledger.release_claim(&key(tenant), "web", "ring-a").unwrap();
    }
    assert_eq!(found(&world, &of("ring-a", "web", &["a", "b"])).unwrap().as_deref(), Some("c1"));
    assert_eq!(found(&world, &of("ring-a", "web", &["a"])).unwrap(), None, "it was for more than that");
    assert_eq!(found(&world, &of("ring-a", "api", &["a", "b"])).unwrap(), None);
}

#[test]
fn a_cleanup_that_gave_everything_back_already_is_still_the_same() {
    let world = claimed("");
    world.ledger.begin_run(&new_run("c1", RunKind::Cleanup, "ring-a", &["a", "b"])).unwrap();
    for tenant in ["a", "b"] {
        world.ledger.release_claim(&key(tenant), "web", "ring-a").unwrap();
    }
    for selection in [Selection::Ring("ring-a".into()), Selection::Release("r1".into()), tenants(&["a", "b"])]
    {
        assert_eq!(found(&world, &selection).unwrap().as_deref(), Some("c1"), "{selection}");
    }
    assert_eq!(found(&world, &Selection::Release("r2".into())).unwrap(), None);
}

#[test]
fn several_rings_of_one_tenant_are_taken_back_together() {
    let world = claimed("");
    let context = RunContext { run: "r2".into(), ring: "ring-b".into(), tenant: "a".into() };
    let other = ClaimsInput { context, service: "api".into(), applications: vec![key("a")] };
    world.ledger.take_claims(&other, world.clock.now()).unwrap();
    let inputs = inputs(&world, "c1", select(&world.ledger, &tenants(&["a", "c"])).unwrap());
    let rings: Vec<_> =
        inputs.iter().map(|input| (input.context.tenant.as_str(), input.context.ring.as_str())).collect();
    assert_eq!(rings, [("a", "ring-a, ring-b"), ("c", "ring-b")]);
    assert_eq!(inputs.iter().map(|input| input.applications.len()).collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn a_service_that_the_configuration_lost_is_looked_at_as_closely_as_possible() {
    for (access, verify) in [("sameCluster", Verify::Cluster), ("none", Verify::Argocd)] {
        let world = claimed(&format!("tenantClusters: {{access: {access}}}"));
        assert_eq!(super::verify(&world, "a service that was"), verify);
        let inputs = inputs(&world, "c1", select(&world.ledger, &tenants(&["a"])).unwrap());
        assert!(inputs.iter().all(|input| input.verify == verify), "{inputs:?}");
    }
}
