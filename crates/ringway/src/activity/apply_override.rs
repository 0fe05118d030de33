//! Writing an override: read, record how to take it back, send the guarded patch; again from the read if the Application
//! changed in between.

use super::{
    argocd, cluster_failure, ledger_failure,
    preflight_tenant::{not_taken, owner},
    told,
};
use crate::{
    cluster::ClusterErrorKind,
    ledger::{Claim, ClaimFilter, OverrideState},
    world::World,
};
use durable::{ActivityContext, Failure};
use release::{
    application::ApplicationKey,
    overrides::plan::plan,
    proof::Proof,
    refusal::Refusal,
    step::{Applied, ApplyInput, Part, PlannedApplication, RunContext},
    verdict::Stop,
};

/// How often a lost race is begun again before the retry policy pauses. Argo CD writes an Application often, but not its
/// spec; a person or another controller that does is soon done.
pub(super) const RACES: u32 = 5;

pub(super) async fn apply_override(
    world: &World,
    _: &ActivityContext,
    input: ApplyInput,
) -> Result<Applied, Failure> {
    let context = input.context.clone();
    told(world, &context, "the override", try_all(world, input).await)
}

async fn try_all(world: &World, input: ApplyInput) -> Result<Applied, Failure> {
    let ApplyInput { context, application: planned } = input;
    let (key, service) = (&planned.key, &planned.wanted.service);
    // Read once: the intents of lost races wrote nothing, and must not pass for what was there before.
    let claim = world.ledger.claim(key, service).map_err(ledger_failure)?;
    // Whoever loses all races without ever having written must not look like an owner of something.
    let settle = |applied: Applied| {
        let unwritten = claim.as_ref().is_some_and(|claim| claim.written.is_none());
        if unwritten && !matches!(applied, Applied::Patched { .. }) {
            world.ledger.forget_intent(key, service).map_err(ledger_failure)?;
        }
        Ok(applied)
    };
    for _ in 0..RACES {
        if let Some(stop) = stop_of(world, &context)? {
            return settle(Applied::Stopped { stop });
        }
        if let Some(applied) = try_once(world, &context, &planned, claim.as_ref()).await? {
            return settle(applied);
        }
    }
    Err(lost_races(key, &context.tenant))
}

/// The failure for an Application that changed every time between reading and patching it.
pub(super) fn lost_races(key: &ApplicationKey, tenant: &str) -> Failure {
    let message = format!(
        "Application {key} of tenant {tenant} changed {RACES} times between reading and patching it: something writes to it all the time; `kubectl -n {} get application {} -o yaml --show-managed-fields` names who writes: let it leave this Application alone, then begin again if this has ended",
        key.namespace, key.name
    );
    Failure::retryable("lost_races", message)
}

/// Why a release or a cleanup is to stop, if it is: no patch begins after that was recorded.
pub(super) fn stop_of(world: &World, context: &RunContext) -> Result<Option<Stop>, Failure> {
    world.ledger.stop_of_run(&context.run).map_err(ledger_failure)
}

/// Two services may be configured to write the same value. What one of them wrote is not what was there before: put back
/// by the other's cleanup, it would stand there without an owner.
fn written_for_another_service(
    world: &World,
    context: &RunContext,
    planned: &PlannedApplication,
) -> Result<Option<Refusal>, Failure> {
    let filter = ClaimFilter { tenants: Some(vec![context.tenant.clone()]), ..ClaimFilter::default() };
    let claims = world.ledger.claims(&filter).map_err(ledger_failure)?;
    let wanted = &planned.wanted;
    let holder = claims.into_iter().find(|claim| {
        let stands = claim.written.as_ref().filter(|written| written.state != OverrideState::Removed);
        claim.application == planned.key
            && claim.service != wanted.service
            && stands.is_some_and(|written| {
                let leaves = &written.inverse.leaves;
                // By whatever strategy: a parameter wins over a value of `valuesObject` at the same path.
                leaves.iter().any(|ours| wanted.leaves.iter().any(|leaf| leaf.path == ours.path))
            })
    });
    Ok(holder.map(|claim| Refusal::ClaimedForAnotherService {
        application: claim.application,
        service: claim.service,
        ring: claim.ring,
        since: claim.since,
    }))
}

/// One race; `None` if it was lost.
async fn try_once(
    world: &World,
    context: &RunContext,
    planned: &PlannedApplication,
    claim: Option<&Claim>,
) -> Result<Option<Applied>, Failure> {
    let (key, wanted) = (&planned.key, &planned.wanted);
    let client = argocd(world, &key.instance).await?;
    let Some(found) = client.get_application(key).await.map_err(cluster_failure)? else {
        let searched = format!("Argo CD {} (namespace {})", key.instance, key.namespace);
        let refusal = Refusal::ApplicationMissing { selector: key.name.clone(), searched };
        return Ok(Some(Applied::Refused { refusal }));
    };
    if found.application.metadata.uid != planned.uid {
        return Ok(Some(Applied::Refused { refusal: Refusal::Recreated { application: key.clone() } }));
    }
    let now = world.clock.now();
    let owner = owner(world, context, claim.map_or(now, |claim| claim.since));
    let recorded = claim.and_then(|claim| claim.written.as_ref()?.recorded());
    let plan = match plan(&found.application, key, wanted, recorded, &owner) {
        Ok(plan) => plan,
        Err(refusal) => return Ok(Some(Applied::Refused { refusal })),
    };
    if let Some(refusal) = written_for_another_service(world, context, planned)? {
        return Ok(Some(Applied::Refused { refusal }));
    }
    // Once more: to read may have taken long.
    if let Some(stop) = stop_of(world, context)? {
        return Ok(Some(Applied::Stopped { stop }));
    }
    world.ledger.record_intent(&context.run, planned, &plan.inverse, now).map_err(ledger_failure)?;
    world.ledger.keep().await.map_err(ledger_failure)?;
    // And once more: nothing is waited for between here and the patch.
    if let Some(stop) = stop_of(world, context)? {
        return Ok(Some(Applied::Stopped { stop }));
    }
    let changed = !plan.patch.is_empty();
    if changed {
        match client.patch_application(key, &plan.patch, false).await {
            Ok(_) => {}
            Err(error) if is_lost_race(&error.kind) => return Ok(None),
            // Not taken means not written: the claim need not be kept for it.
            Err(error) => match not_taken(key, &error) {
                Some(refusal) => return Ok(Some(Applied::Refused { refusal })),
                None => return Err(cluster_failure(error)),
            },
        }
    }
    let at = world.clock.now();
    world.ledger.record_patched(key, &wanted.service, at).map_err(ledger_failure)?;
    world
        .ledger
        .record_proof(&context.run, &context.tenant, Part::WHOLE, Proof::Patched, at)
        .map_err(ledger_failure)?;
    Ok(Some(Applied::Patched { at, changed }))
}

/// Whether the object was no longer what the patch was made for, so that reading it again helps.
pub(super) fn is_lost_race(kind: &ClusterErrorKind) -> bool {
    matches!(kind, ClusterErrorKind::GuardFailed | ClusterErrorKind::Conflict | ClusterErrorKind::NotFound)
}
