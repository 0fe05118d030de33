//! Taking an override back, from what the ledger recorded and a fresh read.

use super::{
    apply_override::{RACES, is_lost_race, lost_races, stop_of},
    argocd, cluster_failure, ledger_failure, told,
};
use crate::world::World;
use durable::{ActivityContext, Failure};
use release::{
    overrides::{
        Inverse,
        undo::{Undo, undo},
    },
    proof::Proof,
    step::{Part, RemoveInput, Removed},
};

pub(super) async fn remove_override(
    world: &World,
    _: &ActivityContext,
    input: RemoveInput,
) -> Result<Removed, Failure> {
    let context = input.context.clone();
    told(world, &context, "taking the override back", try_all(world, input).await)
}

async fn try_all(world: &World, input: RemoveInput) -> Result<Removed, Failure> {
    let (key, service) = (&input.application, &input.service);
    let written = world.ledger.override_of(key, service).map_err(ledger_failure)?;
    let Some(written) = written else {
        return Ok(Removed::Gone { reason: format!("nothing was written into Application {key}") });
    };
    for _ in 0..RACES {
        if let Some(stop) = stop_of(world, &input.context)? {
            return Ok(Removed::Stopped { stop });
        }
        if let Some(removed) = try_once(world, &input, &written.inverse).await? {
            if matches!(removed, Removed::Stopped { .. }) {
                return Ok(removed);
            }
            let now = world.clock.now();
            world.ledger.record_removed(key, service, now).map_err(ledger_failure)?;
            if matches!(removed, Removed::Removed { .. }) {
                let (run, tenant) = (&input.context.run, &input.context.tenant);
                world
                    .ledger
                    .record_proof(run, tenant, Part::WHOLE, Proof::Patched, now)
                    .map_err(ledger_failure)?;
            }
            return Ok(removed);
        }
    }
    Err(lost_races(key, &input.context.tenant))
}

/// One race; `None` if it was lost.
async fn try_once(world: &World, input: &RemoveInput, inverse: &Inverse) -> Result<Option<Removed>, Failure> {
    let key = &input.application;
    let client = argocd(world, &key.instance).await?;
    let Some(found) = client.get_application(key).await.map_err(cluster_failure)? else {
        return Ok(Some(Removed::Gone { reason: format!("Application {key} does not exist any more") }));
    };
    let application = &found.application;
    if application.metadata.deletion_timestamp.is_some() {
        return Ok(Some(Removed::Gone { reason: format!("Application {key} is being deleted") }));
    }
    // Once more: to read may have taken long, and nothing is waited for between here and the patch.
    if let Some(stop) = stop_of(world, &input.context)? {
        return Ok(Some(Removed::Stopped { stop }));
    }
    let left_alone = match undo(application, key, inverse, &input.service, world.ledger.id()) {
        Undo::Gone { reason } => return Ok(Some(Removed::Gone { reason })),
        Undo::Nothing { left_alone } => left_alone,
        Undo::Patch { patch, left_alone } => match client.patch_application(key, &patch, false).await {
            Ok(_) => left_alone,
            Err(error) if is_lost_race(&error.kind) => return Ok(None),
            Err(error) => return Err(cluster_failure(error)),
        },
    };
    let namespace = application.spec.destination.namespace.clone();
    Ok(Some(Removed::Removed { namespace, at: world.clock.now(), left_alone }))
}
