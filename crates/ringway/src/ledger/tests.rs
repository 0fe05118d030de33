//! The ledger as its callers see it. Every call is made twice somewhere, because an activity may be.

mod asked;
mod backup;
mod claims;
mod file;
mod histories;
mod inbox;
mod pull_requests;
mod runs;
mod slots;
mod tenants;

use super::{Ledger, NewRun};
use jiff::{SignedDuration, Timestamp};
use release::{
    application::ApplicationKey,
    image::{Digest, ResolvedDigests, ResolvedImage},
    report::RunKind,
};

/// So many seconds into the tests' day.
fn at(second: i64) -> Timestamp {
    let start: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
    start + SignedDuration::from_secs(second)
}

fn image(reference: &str) -> ResolvedImage {
    let digests = ResolvedDigests {
        digest: Digest(format!("sha256:{:064}", reference.len())),
        platforms: Default::default(),
    };
    ResolvedImage { name: "atlas".into(), reference: reference.parse().unwrap(), digests }
}

fn new_release(id: &str, ring: &str, tenants: &[&str]) -> NewRun {
    NewRun {
        id: id.into(),
        kind: RunKind::Release,
        ring: ring.into(),
        service: "atlas".into(),
        images: vec![image("ghcr.io/acme/atlas:1")],
        tenants: tenants.iter().map(|tenant| (*tenant).to_owned()).collect(),
        cohort: None,
        origin: None,
        began_at: at(0),
    }
}

/// A ledger in memory with one release per ring, for the tenants `a` and `b`.
fn ledger_with(runs: &[(&str, &str)]) -> Ledger {
    let ledger = Ledger::in_memory("test").unwrap();
    for (id, ring) in runs {
        ledger.begin_run(&new_release(id, ring, &["a", "b"])).unwrap();
    }
    ledger
}

fn key(name: &str) -> ApplicationKey {
    ApplicationKey { instance: "main".into(), namespace: "argocd".into(), name: name.into() }
}
