//! One tenant of a release: a place, the claims, the patches, and the proof.

use super::{options, prove, release::refused, stop, tenants};
use crate::{
    proof::Proof,
    refusal::Refusal,
    service::Verify,
    step::{
        AcquireSlot, Applied, ApplyInput, ApplyOverride, Claims, ClaimsInput, Deadlines, Expectation,
        PlannedApplication, Problem, ReleaseClaim, ReleaseSlot, RemoveInput, RunContext, Slot, TakeClaims,
        TenantResult,
    },
    verdict::{Stop, TenantVerdict},
};
use durable::{Failure, Flow, Workflow};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One tenant of a release.
pub struct TenantRelease;

/// What preflight found out about the tenant, and how to go on from there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantReleaseInput {
    /// For whom.
    pub context: RunContext,
    /// The service.
    pub service: String,
    /// What to write where.
    pub applications: Vec<PlannedApplication>,
    /// What preflight noticed.
    pub notes: Vec<String>,
    /// How far to prove.
    pub verify: Verify,
    /// How long it may take.
    pub deadlines: Deadlines,
}

impl Workflow for TenantRelease {
    const NAME: &'static str = "tenant_release";
    type Input = TenantReleaseInput;
    type Output = TenantResult;

    async fn run<F: Flow>(flow: F, input: TenantReleaseInput) -> Result<TenantResult, Failure> {
        let slots = slots(&input.context, &input.applications);
        let mut result = match acquire(&flow, &slots).await {
            Ok(()) => override_and_prove(&flow, &input).await,
            Err(ended) => Err(ended),
        }
        .unwrap_or_else(|ended| ended.into_result(input.context.tenant.clone()));
        release_slots(&flow, slots).await?;
        result.notes.splice(0..0, input.notes);
        Ok(tenants::record(&flow, &input.context.run, result).await)
    }
}

/// Why a tenant ended before everything was proven.
pub(super) enum Ended {
    Stopped(Proof, Stop),
    Refused(Refusal),
    Failed(Proof, Problem),
}

impl Ended {
    pub(super) fn into_result(self, tenant: String) -> TenantResult {
        match self {
            Self::Stopped(proof, stop) => tenants::cancelled(tenant, proof, &stop),
            Self::Refused(refusal) => refused(tenant, &[refusal]),
            Self::Failed(proof, problem) => TenantResult {
                tenant,
                verdict: TenantVerdict::Failed,
                proof,
                notes: Vec::new(),
                problem: Some(problem),
            },
        }
    }
}

async fn override_and_prove<F: Flow>(flow: &F, input: &TenantReleaseInput) -> Result<TenantResult, Ended> {
    take_claims(flow, input).await?;
    let since = apply_overrides(flow, input).await?;
    let proving = prove::Proving {
        context: &input.context,
        expectation: Expectation::Overridden,
        since,
        verify: input.verify,
        deadlines: &input.deadlines,
    };
    let applied = prove::applied(flow, &proving, &input.applications).await?;
    let (proof, notes) = prove::rolled_out(flow, &proving, &input.applications, applied).await?;
    Ok(TenantResult {
        tenant: input.context.tenant.clone(),
        verdict: TenantVerdict::Success,
        proof,
        notes,
        problem: None,
    })
}

async fn take_claims<F: Flow>(flow: &F, input: &TenantReleaseInput) -> Result<(), Ended> {
    let claims = ClaimsInput {
        context: input.context.clone(),
        service: input.service.clone(),
        applications: input.applications.iter().map(|application| application.key.clone()).collect(),
    };
    match flow.activity::<TakeClaims>(claims, options::record()).await {
        Ok(Claims::Held) => Ok(()),
        Ok(Claims::Refused { refusal }) => Err(Ended::Refused(refusal)),
        Err(failure) => Err(Ended::Failed(Proof::None, failure.into())),
    }
}

/// Writes to all Applications, one after the other, and says when the last of them had our values. A stop that comes
/// meanwhile is found at the next wait: whoever writes is awaited.
async fn apply_overrides<F: Flow>(flow: &F, input: &TenantReleaseInput) -> Result<Timestamp, Ended> {
    let mut since = flow.now();
    for (already_written, application) in input.applications.iter().enumerate() {
        let proof = if already_written == 0 { Proof::None } else { Proof::Patched };
        let apply = ApplyInput { context: input.context.clone(), application: application.clone() };
        match flow.activity::<ApplyOverride>(apply, options::once()).await {
            Ok(Applied::Patched { at, .. }) => since = at,
            Ok(Applied::Refused { refusal }) if already_written == 0 => {
                release_unused_claims(flow, input).await;
                return Err(Ended::Refused(refusal));
            }
            Ok(Applied::Refused { refusal }) => return Err(Ended::Failed(proof, half_written(&refusal))),
            Ok(Applied::Stopped { stop }) => {
                if already_written == 0 {
                    release_unused_claims(flow, input).await;
                }
                return Err(Ended::Stopped(proof, stop));
            }
            Err(failure) => return Err(Ended::Failed(proof, failure.into())),
        }
    }
    Ok(since)
}

fn half_written(refusal: &Refusal) -> Problem {
    Problem {
        code: refusal.code().to_owned(),
        message: format!("another Application of the tenant was overridden already, but {refusal}"),
        advice: Some("mend the cause and release again, or clean the tenant up".to_owned()),
        evidence: refusal.evidence(),
    }
}

/// Nothing was written, so nothing is held; a claim with an earlier override of the same ring stays. A claim that
/// cannot be given back now stays visible in `override list` and is taken again by the ring's next release.
async fn release_unused_claims<F: Flow>(flow: &F, input: &TenantReleaseInput) {
    for application in &input.applications {
        let claim = RemoveInput {
            context: input.context.clone(),
            application: application.key.clone(),
            service: input.service.clone(),
        };
        if flow.activity::<ReleaseClaim>(claim, options::record()).await.is_err() {
            return;
        }
    }
}

/// One place per Argo CD instance, in the order of their names: two tenants that need the same places cannot wait for
/// each other.
pub(super) fn slots(context: &RunContext, applications: &[PlannedApplication]) -> Vec<Slot> {
    let instances: BTreeSet<&String> = applications.iter().map(|planned| &planned.key.instance).collect();
    instances
        .into_iter()
        .map(|instance| Slot { instance: instance.clone(), context: context.clone() })
        .collect()
}

/// Waits for all places, unless stopped.
pub(super) async fn acquire<F: Flow>(flow: &F, slots: &[Slot]) -> Result<(), Ended> {
    for slot in slots {
        let wait = flow.activity::<AcquireSlot>(slot.clone(), options::slot());
        match stop::unless_stopped(flow, wait).await {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => return Err(Ended::Failed(Proof::None, failure.into())),
            Err(stop) => return Err(Ended::Stopped(Proof::None, stop)),
        }
    }
    Ok(())
}

/// Gives all places back, also those that were only waited for.
pub(super) async fn release_slots<F: Flow>(flow: &F, slots: Vec<Slot>) -> Result<(), Failure> {
    for slot in slots {
        flow.activity::<ReleaseSlot>(slot, options::record()).await?;
    }
    Ok(())
}
