//! One tenant of a cleanup: take our values out, prove that the tenant runs what remains, give the claims back.

use super::{
    options, prove, stop,
    tenant_release::{Ended, acquire, release_slots, slots},
    tenants,
};
use crate::{
    proof::Proof,
    service::Verify,
    step::{
        Deadlines, Expectation, PlannedApplication, ReleaseClaim, RemoveInput, RemoveOverride, Removed,
        ResolveApplied, ResolveAppliedInput, RunContext, TenantResult,
    },
    verdict::TenantVerdict,
};
use durable::{Failure, Flow, Workflow};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One tenant of a cleanup.
pub struct TenantCleanup;

/// What the ledger knows about the tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantCleanupInput {
    /// For whom.
    pub context: RunContext,
    /// The Applications that have something of ours, with what we wrote.
    pub applications: Vec<PlannedApplication>,
    /// How far to prove.
    pub verify: Verify,
    /// How long it may take.
    pub deadlines: Deadlines,
}

impl Workflow for TenantCleanup {
    const NAME: &'static str = "tenant_cleanup";
    type Input = TenantCleanupInput;
    type Output = TenantResult;

    async fn run<F: Flow>(flow: F, input: TenantCleanupInput) -> Result<TenantResult, Failure> {
        let slots = slots(&input.context, &input.applications);
        let result = match acquire(&flow, &slots).await {
            Ok(()) => remove_and_prove(&flow, &input).await,
            Err(ended) => Err(ended),
        }
        .unwrap_or_else(|ended| ended.into_result(input.context.tenant.clone()));
        release_slots(&flow, slots).await?;
        Ok(tenants::record(&flow, &input.context.run, result).await)
    }
}

async fn remove_and_prove<F: Flow>(flow: &F, input: &TenantCleanupInput) -> Result<TenantResult, Ended> {
    let mut removed = remove_overrides(flow, input).await?;
    let proving = prove::Proving {
        context: &input.context,
        expectation: Expectation::Removed,
        since: removed.since,
        verify: input.verify,
        deadlines: &input.deadlines,
    };
    if removed.applications.is_empty() {
        release_claims(flow, input).await?;
        return Ok(cleaned_up(input, Proof::None, removed.notes));
    }
    let applied = prove::applied(flow, &proving, &removed.applications).await?;
    if input.verify == Verify::Cluster {
        resolve_what_remains(flow, input, &mut removed.applications).await?;
    }
    let (proof, notes) = prove::rolled_out(flow, &proving, &removed.applications, applied).await?;
    // Only now: as long as the tenant may still run our image, nobody else may have it.
    release_claims(flow, input).await?;
    removed.notes.extend(notes);
    Ok(cleaned_up(input, proof, removed.notes))
}

fn cleaned_up(input: &TenantCleanupInput, proof: Proof, notes: Vec<String>) -> TenantResult {
    let tenant = input.context.tenant.clone();
    TenantResult { tenant, verdict: TenantVerdict::Success, proof, notes, problem: None }
}

/// What is left to prove after the patches.
struct Remaining {
    applications: Vec<PlannedApplication>,
    since: Timestamp,
    notes: Vec<String>,
}

async fn remove_overrides<F: Flow>(flow: &F, input: &TenantCleanupInput) -> Result<Remaining, Ended> {
    let mut remaining = Remaining { applications: Vec::new(), since: flow.now(), notes: Vec::new() };
    for application in &input.applications {
        let remove = claim(input, application);
        match flow.activity::<RemoveOverride>(remove, options::once()).await {
            Ok(Removed::Removed { namespace, at, left_alone }) => {
                remaining.since = at;
                remaining.notes.extend(left_alone);
                remaining.applications.push(PlannedApplication { namespace, ..application.clone() });
            }
            Ok(Removed::Gone { reason }) => remaining.notes.push(reason),
            Ok(Removed::Stopped { stop }) => {
                let proof = if remaining.applications.is_empty() { Proof::None } else { Proof::Patched };
                return Err(Ended::Stopped(proof, stop));
            }
            Err(failure) => return Err(Ended::Failed(Proof::None, failure.into())),
        }
    }
    Ok(remaining)
}

/// Asks what the workloads are to run now, so that the rollout can be proven against it.
async fn resolve_what_remains<F: Flow>(
    flow: &F,
    input: &TenantCleanupInput,
    applications: &mut [PlannedApplication],
) -> Result<(), Ended> {
    for application in applications {
        let resolve = ResolveAppliedInput {
            context: input.context.clone(),
            instance: application.key.instance.clone(),
            namespace: application.namespace.clone(),
            workloads: application.workloads.clone(),
        };
        let wait = flow.activity::<ResolveApplied>(resolve, options::once());
        match stop::unless_stopped(flow, wait).await {
            Ok(Ok(workloads)) => application.workloads = workloads,
            Ok(Err(failure)) => return Err(Ended::Failed(Proof::Applied, failure.into())),
            Err(stop) => return Err(Ended::Stopped(Proof::Applied, stop)),
        }
    }
    Ok(())
}

async fn release_claims<F: Flow>(flow: &F, input: &TenantCleanupInput) -> Result<(), Ended> {
    for application in &input.applications {
        flow.activity::<ReleaseClaim>(claim(input, application), options::record())
            .await
            .map_err(|failure| Ended::Failed(Proof::None, failure.into()))?;
    }
    Ok(())
}

fn claim(input: &TenantCleanupInput, application: &PlannedApplication) -> RemoveInput {
    RemoveInput {
        context: input.context.clone(),
        application: application.key.clone(),
        service: application.wanted.service.clone(),
    }
}
