//! `ringway status`: everything that lives.
//!
//! All of it is read from the ledger, so it is there without an owner as well.

#[cfg(test)]
mod tests;
mod text;

use super::{OutputFormat, ledger};
use crate::{
    clock::{Clock, SystemClock},
    config::Config,
    error::Outcome,
    ledger::{Claim, ClaimFilter, Freeze, KnownPullRequest, Ledger, OverrideState, RunFilter},
    output, reports,
    state::{Owner, StateFolder},
};
use jiff::Timestamp;
use release::{
    proof::Proof,
    report::{AwaitingReport, RunReport},
    verdict::TenantVerdict,
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::PathBuf,
};

/// Everything that lives.
#[derive(Debug, Default, Serialize)]
struct Status {
    state_folder: PathBuf,
    /// Whether a process drives what is under way.
    driven: bool,
    /// Which one; nothing if nobody does, or if it is just starting.
    owner: Option<Owner>,
    frozen: Vec<Freeze>,
    /// Releases and cleanups that have not ended, the oldest first.
    under_way: Vec<RunReport>,
    rings: Vec<Ring>,
    /// Pull requests that something can still happen to.
    pull_requests: Vec<PullRequest>,
}

/// A pull request that something can still happen to, as it was last read.
#[derive(Debug, Serialize)]
struct PullRequest {
    /// `owner/name#number`.
    name: String,
    service: String,
    ring: String,
    /// Whether it was closed, merged or gone.
    over: bool,
    /// Where it stands, in one line; nothing before that was said in it.
    says: Option<String>,
    /// Since when that stands in it.
    says_since: Option<Timestamp>,
    /// When anything about it was last written down.
    updated_at: Timestamp,
}

/// A ring that holds something.
#[derive(Debug, Serialize)]
struct Ring {
    ring: String,
    services: Vec<Service>,
}

/// A service that a ring overrides.
#[derive(Debug, Serialize)]
struct Service {
    service: String,
    tenants: Vec<Tenant>,
}

/// A tenant that a ring holds.
#[derive(Debug, Serialize)]
struct Tenant {
    tenant: String,
    /// The label that it was released for last; nothing if a person asked for it.
    cohort: Option<String>,
    /// Since when the ring holds it.
    since: Timestamp,
    /// The release that wrote last.
    release: String,
    /// How far that release has proven it.
    proof: Proof,
    /// How it ended there; nothing while it goes on.
    verdict: Option<TenantVerdict>,
    /// What it waits for, and since when.
    awaiting: Option<AwaitingReport>,
    /// Why it is not as it should be.
    problem: Option<String>,
    overrides: Vec<Written>,
}

/// What stands in an Application.
#[derive(Debug, Serialize)]
struct Written {
    application: String,
    state: &'static str,
}

pub(super) fn status(config: &Config, format: OutputFormat) -> anyhow::Result<Outcome> {
    let folder = StateFolder::open(&config.state_folder)?;
    let driven = folder.is_owned();
    let mut status =
        Status { state_folder: folder.path().to_owned(), driven, owner: folder.owner(), ..Status::default() };
    if let Some(ledger) = ledger(config)? {
        status.frozen = ledger.freezes()?;
        status.under_way = under_way(&ledger, driven)?;
        status.rings = rings(&ledger)?;
        status.pull_requests = pull_requests(&ledger)?;
    }
    output::print(format, &status, || text::page(&status, SystemClock.now()))?;
    Ok(Outcome::Done)
}

fn pull_requests(ledger: &Ledger) -> anyhow::Result<Vec<PullRequest>> {
    let lives = |known: &KnownPullRequest| !known.is_settled();
    let shown = |known: KnownPullRequest| PullRequest {
        name: known.name(),
        says: known.headline().map(str::to_owned),
        says_since: known.headline_since(),
        service: known.service,
        ring: known.ring,
        over: known.over,
        updated_at: known.updated_at,
    };
    Ok(ledger.pull_requests()?.into_iter().filter(lives).map(shown).collect())
}

fn under_way(ledger: &Ledger, driven: bool) -> anyhow::Result<Vec<RunReport>> {
    let filter = RunFilter { unfinished: true, ..RunFilter::default() };
    let runs = ledger.runs(&filter)?.into_iter().rev();
    runs.map(|run| {
        let tenants = ledger.tenants(&run.id)?;
        Ok(reports::report(run, tenants, driven))
    })
    .collect()
}

fn rings(ledger: &Ledger) -> anyhow::Result<Vec<Ring>> {
    let mut rings: BTreeMap<String, BTreeMap<String, BTreeMap<String, Tenant>>> = BTreeMap::new();
    let labels = ledger
        .ring_tenants()?
        .into_iter()
        .filter_map(|standing| Some(((standing.ring, standing.service, standing.tenant), standing.label?)));
    let mut labels: BTreeMap<_, String> = labels.collect();
    for claim in ledger.claims(&ClaimFilter::default())? {
        let services = rings.entry(claim.ring.clone()).or_default();
        let tenants = services.entry(claim.service.clone()).or_default();
        let tenant = match tenants.entry(claim.tenant.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let place = (claim.ring.clone(), claim.service.clone(), claim.tenant.clone());
                new.insert(Tenant { cohort: labels.remove(&place), ..tenant(ledger, &claim)? })
            }
        };
        tenant.since = tenant.since.min(claim.since);
        tenant.overrides.push(Written {
            application: claim.application.to_string(),
            state: match claim.written.map(|written| written.state) {
                None => "claimed",
                Some(OverrideState::Intended) => "intended",
                Some(OverrideState::Patched) => "patched",
                Some(OverrideState::Removed) => "removed",
            },
        });
    }
    let service = |(service, tenants): (String, BTreeMap<_, _>)| Service {
        service,
        tenants: tenants.into_values().collect(),
    };
    let ring = |(ring, services): (String, BTreeMap<_, _>)| Ring {
        ring,
        services: services.into_iter().map(service).collect(),
    };
    Ok(rings.into_iter().map(ring).collect())
}

/// A tenant as the release saw it that wrote last.
fn tenant(ledger: &Ledger, claim: &Claim) -> anyhow::Result<Tenant> {
    let state = ledger.tenant(&claim.run, &claim.tenant)?;
    let mut tenant = Tenant {
        tenant: claim.tenant.clone(),
        cohort: None,
        since: claim.since,
        release: claim.run.clone(),
        proof: Proof::None,
        verdict: None,
        awaiting: None,
        problem: None,
        overrides: Vec::new(),
    };
    if let Some(state) = state {
        tenant.proof = state.proof;
        tenant.verdict = state.verdict;
        tenant.awaiting = state.awaiting;
        tenant.problem = state.problem.map(|problem| problem.message);
    }
    Ok(tenant)
}
