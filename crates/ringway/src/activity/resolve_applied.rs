//! What the workloads are to run after an override was taken back, and what that stands for.

use super::{cluster_failure, tenant_cluster, told};
use crate::{cluster::RolloutEvent, world::World};
use durable::{ActivityContext, Failure};
use futures_util::StreamExt;
use release::{
    image::{Availability, ImageReference, ResolvedDigests},
    step::{ExpectedWorkload, ResolveAppliedInput},
    workload::RolloutSnapshot,
};
use std::collections::BTreeSet;

pub(super) async fn resolve_applied(
    world: &World,
    activity: &ActivityContext,
    input: ResolveAppliedInput,
) -> Result<Vec<ExpectedWorkload>, Failure> {
    let context = input.context.clone();
    told(world, &context, "the look at what remains", try_all(world, activity.attempt(), input).await)
}

/// How often a workload is looked at again that still is to run what we took back. Then it is believed: what remains may
/// be the very image that was overridden, such as after a merge.
const LOOKS: u32 = 6;

async fn try_all(
    world: &World,
    attempt: u32,
    input: ResolveAppliedInput,
) -> Result<Vec<ExpectedWorkload>, Failure> {
    if input.workloads.is_empty() {
        return Ok(Vec::new());
    }
    let snapshot = first_snapshot(world, &input).await?;
    let ours = |workload: &&ExpectedWorkload| image(&snapshot, workload).as_ref() == Some(&workload.image);
    if attempt < LOOKS
        && let Some(workload) = input.workloads.iter().find(ours)
    {
        let message = format!(
            "{} {}/{} still is to run {}, which was taken back",
            workload.kind.as_str(),
            input.namespace,
            workload.name,
            workload.image
        );
        return Err(Failure::retryable("still_overridden", message));
    }
    let mut resolved = Vec::new();
    for workload in &input.workloads {
        // A workload that the charts no longer have needs no proof.
        let Some(image) = image(&snapshot, workload) else { continue };
        let digests = digests(world, &image).await;
        resolved.push(ExpectedWorkload { image, digests, ..workload.clone() });
    }
    Ok(resolved)
}

async fn first_snapshot(world: &World, input: &ResolveAppliedInput) -> Result<Box<RolloutSnapshot>, Failure> {
    let client = tenant_cluster(world, &input.instance, &input.context.tenant).await?;
    let names: BTreeSet<_> =
        input.workloads.iter().map(|workload| (workload.kind, workload.name.clone())).collect();
    // Only their templates are asked for.
    let mut events = client.watch_workloads(&input.namespace, &names);
    while let Some(event) = events.next().await {
        match event.map_err(cluster_failure)? {
            RolloutEvent::Changed(snapshot) => return Ok(snapshot),
            RolloutEvent::Interrupted { .. } | RolloutEvent::Resumed => {}
        }
    }
    let message = format!("the watch of namespace {} ended before it began", input.namespace);
    Err(Failure::retryable("watch_ended", message))
}

/// What the workload's template says now.
fn image(snapshot: &RolloutSnapshot, workload: &ExpectedWorkload) -> Option<String> {
    let found = snapshot.workloads.get(&(workload.kind, workload.name.clone()))?;
    let containers = &found.spec.template.spec.containers;
    let container = containers.iter().find(|container| container.name == workload.container)?;
    Some(container.image.clone())
}

/// What the image stands for now; `None` if the registry cannot say, and the proof then ends at `rolled_out`.
async fn digests(world: &World, image: &str) -> Option<ResolvedDigests> {
    let reference: ImageReference = image.parse().ok()?;
    match world.registry.resolve(&reference, &[]).await {
        Availability::Present(digests) => Some(digests),
        other => {
            tracing::warn!(image, ?other, "the registry cannot say what remains after the cleanup");
            None
        }
    }
}
