//! Steps as somebody might write them who has not read the rules.

use durable::{ActivityOptions, Failure, Flow, RetryPolicy, Workflow};
use release::{
    overrides::{owner::OwnerAnnotation, plan::plan},
    proof::Proof,
    refusal::Refusal,
    step::{
        Applied, ApplyInput, AwaitAppliedInput, AwaitRolloutInput, Awaited, Claims, ClaimsInput, Preflight,
        PreflightInput, RecordTenant, RecordTenantInput, ReleaseClaim, RemoveInput, RemoveOverride, Removed,
        RunContext, TenantResult,
    },
    verdict::TenantVerdict,
    workflow::tenant_cleanup::{TenantCleanup, TenantCleanupInput},
};
use ringway::{cluster::ClusterError, world::World};
use std::time::Duration;

fn failed(error: &impl std::fmt::Display) -> Failure {
    Failure::retryable("naive", error.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn unreached(error: ClusterError) -> Failure {
    error.to_failure()
}

fn proven(world: &World, context: &RunContext, proof: Proof) -> Result<Awaited, Failure> {
    let now = world.clock.now();
    world
        .ledger
        .record_proof(&context.run, &context.tenant, release::step::Part::WHOLE, proof, now)
        .map_err(|error| failed(&error))?;
    Ok(Awaited::Proven { proof, notes: Vec::new() })
}

/// Believes what the Application says, whenever it said it.
pub(super) async fn await_applied(world: &World, input: AwaitAppliedInput) -> Result<Awaited, Failure> {
    let key = &input.application.key;
    let client = world.clusters.instance(&key.instance).await.map_err(unreached)?;
    client.get_application(key).await.map_err(unreached)?;
    proven(world, &input.context, Proof::Applied)
}

/// Believes that what was applied will run.
pub(super) async fn await_rollout(world: &World, input: AwaitRolloutInput) -> Result<Awaited, Failure> {
    proven(world, &input.context, Proof::DigestVerified)
}

/// Is careful.
pub(super) async fn refuse(_: &World, input: PreflightInput) -> Result<Preflight, Failure> {
    let (selector, searched) = (input.context.tenant, "nothing".to_owned());
    Ok(Preflight::Refused { refusals: vec![Refusal::ApplicationMissing { selector, searched }] })
}

/// Asks nobody.
pub(super) async fn take_claims(_: &World, _: ClaimsInput) -> Result<Claims, Failure> {
    Ok(Claims::Held)
}

/// Writes without a claim, and without writing down how to take it back.
pub(super) async fn apply_override(world: &World, input: ApplyInput) -> Result<Applied, Failure> {
    let ApplyInput { context, application } = input;
    let client = world.clusters.instance(&application.key.instance).await.map_err(unreached)?;
    let found = client.get_application(&application.key).await.map_err(unreached)?;
    let found = found.ok_or_else(|| failed(&"there is no such Application"))?;
    let at = world.clock.now();
    let owner = OwnerAnnotation {
        ledger: world.ledger.id().to_owned(),
        ring: context.ring.clone(),
        release: context.run.clone(),
        since: at,
    };
    match plan(&found.application, &application.key, &application.wanted, None, &owner) {
        Ok(plan) => {
            client.patch_application(&application.key, &plan.patch, false).await.map_err(unreached)?;
            Ok(Applied::Patched { at, changed: true })
        }
        Err(refusal) => Ok(Applied::Refused { refusal }),
    }
}

/// Says that it is done.
pub(super) async fn remove_override(world: &World, input: RemoveInput) -> Result<Removed, Failure> {
    let now = world.clock.now();
    world.ledger.record_removed(&input.application, &input.service, now).map_err(|error| failed(&error))?;
    Ok(Removed::Gone { reason: "believed to be gone".to_owned() })
}

/// Takes out what was written into a tenant, and asks nobody what became of it.
pub(super) struct HastyCleanup;

impl Workflow for HastyCleanup {
    const NAME: &'static str = TenantCleanup::NAME;
    type Input = TenantCleanupInput;
    type Output = TenantResult;

    async fn run<F: Flow>(flow: F, input: TenantCleanupInput) -> Result<TenantResult, Failure> {
        let options = || ActivityOptions::new(Duration::from_secs(60)).retry(RetryPolicy::attempts(100));
        for application in input.applications {
            let remove = RemoveInput {
                context: input.context.clone(),
                application: application.key,
                service: application.wanted.service,
            };
            flow.activity::<RemoveOverride>(remove.clone(), options()).await?;
            flow.activity::<ReleaseClaim>(remove, options()).await?;
        }
        let result = TenantResult {
            tenant: input.context.tenant,
            verdict: TenantVerdict::Success,
            proof: Proof::None,
            notes: vec!["it will be as before".to_owned()],
            problem: None,
        };
        let record = RecordTenantInput { run: input.context.run, result: result.clone() };
        flow.activity::<RecordTenant>(record, options()).await?;
        Ok(result)
    }
}
