//! Beginning a cleanup: what is taken back is decided from the ledger alone.

use crate::{
    error::RefusedError,
    ledger::{Claim, ClaimFilter, Ledger, NewRun, Run, RunFilter},
    owner::Owner,
    request::{Answer, CleanupRequest, Selection},
    world::World,
};
use release::{
    overrides::undo::gone_afterwards,
    report::RunKind,
    service::Verify,
    step::{PlannedApplication, RunContext},
    verdict::Stop,
    workflow::{cleanup::CleanupInput, tenant_cleanup::TenantCleanupInput},
};
use std::collections::{BTreeMap, BTreeSet};
use tokio::sync::MutexGuard;

/// Begins the cleanup that was asked for, or goes on with the same one if it has not ended. Unfinished releases of what
/// is taken back are cancelled first.
///
/// # Errors
/// If ledger or engine cannot be used, or another cleanup of some of the tenants is under way.
pub async fn cleanup(owner: &Owner, request: CleanupRequest) -> anyhow::Result<Answer> {
    let world = owner.world();
    let _beginning = cancel_releases(owner, &request.selection).await?;
    let claims = select(&world.ledger, &request.selection)?;
    if let Some(run) = unfinished(&world.ledger, &request.selection, &claims)? {
        return Ok(Answer::Begun { run, continued: true });
    }
    let Some(tenants) = tenants_of(&claims) else {
        return Ok(Answer::Nothing {
            reason: format!("nothing of {} is written anywhere", request.selection),
        });
    };
    let id = world.ledger.new_run_id(world.clock.now())?;
    let run = NewRun {
        id: id.clone(),
        kind: RunKind::Cleanup,
        ring: joined(claims.iter().map(|claim| &claim.ring)),
        service: joined(claims.iter().map(|claim| &claim.service)),
        images: Vec::new(),
        tenants,
        cohort: None,
        origin: request.origin,
        began_at: world.clock.now(),
    };
    let input = CleanupInput {
        run: id.clone(),
        tenants: inputs(world, &id, claims),
        max_parallel: request.max_parallel.map(usize::from),
    };
    owner.begin_cleanup(&run, input).await?;
    Ok(Answer::Begun { run: id, continued: false })
}

/// The claims that are meant.
///
/// # Errors
/// If the ledger cannot be read.
pub fn select(ledger: &Ledger, selection: &Selection) -> anyhow::Result<Vec<Claim>> {
    let filter = match selection {
        Selection::Ring(ring) => ClaimFilter { ring: Some(ring.clone()), ..ClaimFilter::default() },
        Selection::Release(run) => ClaimFilter { run: Some(run.clone()), ..ClaimFilter::default() },
        Selection::Tenants(tenants) => {
            ClaimFilter { tenants: Some(tenants.clone()), ..ClaimFilter::default() }
        }
        Selection::RingTenants { ring, service, tenants } => ClaimFilter {
            ring: Some(ring.clone()),
            service: Some(service.clone()),
            tenants: Some(tenants.clone()),
            run: None,
        },
    };
    Ok(ledger.claims(&filter)?)
}

/// Ends unfinished releases that would write again what is taken back, until there are none: others may begin while they
/// end. Gives back the right to begin.
async fn cancel_releases<'a>(owner: &'a Owner, selection: &Selection) -> anyhow::Result<MutexGuard<'a, ()>> {
    let filter = RunFilter { kind: Some(RunKind::Release), unfinished: true, ..RunFilter::default() };
    let mut beginning = owner.beginning().await;
    loop {
        let mut releases = owner.world().ledger.runs(&filter)?;
        releases.retain(|run| would_write_again(selection, run));
        if releases.is_empty() {
            return Ok(beginning);
        }
        for run in &releases {
            owner.say(&format!("release {} of ring {} is cancelled first", run.id, run.ring));
        }
        let runs: Vec<String> = releases.into_iter().map(|run| run.id).collect();
        beginning = owner.make_way(beginning, &runs, &Stop::Cleanup).await?;
    }
}

/// Whether an unfinished release is of what is taken back.
fn would_write_again(selection: &Selection, release: &Run) -> bool {
    let shares = |tenants: &[String]| release.tenants.iter().any(|tenant| tenants.contains(tenant));
    match selection {
        Selection::Ring(ring) => release.ring == *ring,
        Selection::Release(id) => release.id == *id,
        Selection::Tenants(tenants) => shares(tenants),
        Selection::RingTenants { ring, service, tenants } => {
            release.ring == *ring && release.service == *service && shares(tenants)
        }
    }
}

fn tenants_of(claims: &[Claim]) -> Option<Vec<String>> {
    let tenants: BTreeSet<&String> = claims.iter().map(|claim| &claim.tenant).collect();
    (!tenants.is_empty()).then(|| tenants.into_iter().cloned().collect())
}

/// The unfinished cleanup that takes back all that is meant. It may have given back some of it, or even all, already.
///
/// # Errors
/// [`RefusedError`] if one of other things has some of the same tenants: two would wait for each other's proof.
fn unfinished(ledger: &Ledger, selection: &Selection, claims: &[Claim]) -> anyhow::Result<Option<String>> {
    let filter = RunFilter { kind: Some(RunKind::Cleanup), unfinished: true, ..RunFilter::default() };
    for run in ledger.runs(&filter)? {
        if claims.is_empty() {
            if is_meant(ledger, selection, &run)? {
                return Ok(Some(run.id));
            }
        } else if run.stop.is_none() && claims.iter().all(|claim| covers(&run, claim)) {
            return Ok(Some(run.id));
        } else if claims.iter().any(|claim| run.tenants.contains(&claim.tenant)) {
            return Err(RefusedError(in_the_way(&run)).into());
        }
    }
    Ok(None)
}

/// Why nothing begins for tenants of a cleanup that has not ended.
pub fn in_the_way(run: &Run) -> String {
    format!(
        "cleanup {} of ring {} has not ended for some of these tenants; wait for it, or go on with it by giving its command again, or end it with: ringway release cancel {}",
        run.id, run.ring, run.id
    )
}

/// Whether a cleanup without anything left to take back is what was asked for.
fn is_meant(ledger: &Ledger, selection: &Selection, run: &Run) -> anyhow::Result<bool> {
    Ok(match selection {
        Selection::Ring(ring) => run.ring == *ring,
        Selection::Release(id) => ledger.run(id)?.is_some_and(|release| {
            run.ring == release.ring && run.tenants.iter().all(|tenant| release.tenants.contains(tenant))
        }),
        Selection::Tenants(tenants) => run.tenants.iter().all(|tenant| tenants.contains(tenant)),
        Selection::RingTenants { ring, service, tenants } => {
            run.ring == *ring
                && run.service == *service
                && run.tenants.iter().all(|tenant| tenants.contains(tenant))
        }
    })
}

/// Whether a cleanup takes this claim back.
fn covers(run: &Run, claim: &Claim) -> bool {
    let is_among = |names: &str, name: &str| names.split(", ").any(|known| known == name);
    run.tenants.contains(&claim.tenant)
        && is_among(&run.ring, &claim.ring)
        && is_among(&run.service, &claim.service)
}

/// `a, b` in order, each once.
fn joined<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: BTreeSet<&String> = names.collect();
    names.into_iter().cloned().collect::<Vec<_>>().join(", ")
}

fn inputs(world: &World, run: &str, claims: Vec<Claim>) -> Vec<TenantCleanupInput> {
    let mut tenants: BTreeMap<String, Vec<Claim>> = BTreeMap::new();
    for claim in claims {
        tenants.entry(claim.tenant.clone()).or_default().push(claim);
    }
    let input = |(tenant, claims): (String, Vec<Claim>)| {
        let ring = joined(claims.iter().map(|claim| &claim.ring));
        let verify = if claims.iter().all(|claim| verify(world, &claim.service) == Verify::Cluster) {
            Verify::Cluster
        } else {
            Verify::Argocd
        };
        TenantCleanupInput {
            context: RunContext { run: run.to_owned(), ring, tenant },
            applications: claims.into_iter().map(application).collect(),
            verify,
            deadlines: world.config.deadlines.clone(),
        }
    };
    tenants.into_iter().map(input).collect()
}

/// A service that the configuration no longer has is looked at as closely as possible.
fn verify(world: &World, service: &str) -> Verify {
    let known =
        world.config.services.get(service).map(|service| crate::start::effective(world, service).verify);
    match (known, &world.config.tenant_clusters) {
        (Some(verify), _) => verify,
        (None, crate::config::TenantClusters::None) => Verify::Argocd,
        (None, _) => Verify::Cluster,
    }
}

/// What must be gone from the Application afterwards, and what proves it.
fn application(claim: Claim) -> PlannedApplication {
    match claim.written {
        Some(written) => {
            let wanted = gone_afterwards(&written.planned.wanted, &written.inverse);
            PlannedApplication { wanted, ..written.planned }
        }
        // Claimed, and a crash before anything was written: the cleanup only gives the claim back.
        None => PlannedApplication {
            key: claim.application,
            uid: String::new(),
            namespace: String::new(),
            wanted: release::overrides::Wanted {
                service: claim.service,
                source: release::service::SourceSelector::default(),
                leaves: Vec::new(),
            },
            workloads: Vec::new(),
        },
    }
}

#[cfg(test)]
mod tests;
