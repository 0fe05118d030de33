//! Waiting until every pod is new, ready and runs the right image.

use super::{
    cluster_failure, tenant_cluster,
    watching::{Seen, Watching, interrupted},
};
use crate::{cluster::RolloutEvent, world::World};
use durable::{ActivityContext, Failure};
use release::{
    condition::{
        Awaiting,
        deadline::{Due, RolloutClock},
        rollout::{RolloutState, examine},
    },
    proof::Proof,
    step::{AwaitRolloutInput, Awaited},
    workload::RolloutSnapshot,
};
use std::collections::BTreeSet;

pub(super) async fn await_rollout(
    world: &World,
    context: &ActivityContext,
    input: AwaitRolloutInput,
) -> Result<Awaited, Failure> {
    let client = tenant_cluster(world, &input.instance, &input.context.tenant).await?;
    let mut clock: RolloutClock = context
        .last_heartbeat()
        .and_then(|state| serde_json::from_value(state).ok())
        .unwrap_or_else(|| RolloutClock::new(world.clock.now()))
        .resumed(world.clock.now());
    let names: BTreeSet<_> =
        input.workloads.iter().map(|workload| (workload.kind, workload.name.clone())).collect();
    let events = client.watch_rollout(&input.namespace, &names);
    let mut watching = Watching::new(world, context, &input.context, events).of(input.part);
    let mut snapshot: Option<Box<RolloutSnapshot>> = None;
    let mut unreachable: Option<Awaiting> = None;
    let mut wake_at = None;
    loop {
        match watching.next(wake_at, &clock).await? {
            Seen::Event(Ok(RolloutEvent::Changed(seen))) => (snapshot, unreachable) = (Some(seen), None),
            Seen::Event(Ok(RolloutEvent::Interrupted { lasting, error })) => {
                unreachable = Some(interrupted(client.name(), lasting, &error));
            }
            Seen::Event(Ok(RolloutEvent::Resumed)) => unreachable = None,
            Seen::Moment => {}
            Seen::Event(Err(error)) => return Err(cluster_failure(error)),
        }
        let now = watching.now();
        let state = match (&unreachable, &snapshot) {
            (Some(awaiting), _) => waiting(awaiting.clone()),
            (None, None) => waiting(looking(&input)),
            (None, Some(snapshot)) => examine(snapshot, &input.namespace, &input.workloads, now),
        };
        match state {
            RolloutState::Proven { proof, notes, newest_ready } => {
                tracing::info!(tenant = input.context.tenant, %proof, ?newest_ready, %now, "rolled out");
                watching.proven(proof)?;
                return Ok(Awaited::Proven { proof, notes });
            }
            RolloutState::Failed { proof, problem } => return Ok(Awaited::Failed { proof, problem }),
            RolloutState::Waiting { proof, finished_pods, awaiting, .. } => {
                match clock.update(finished_pods, &awaiting, &input.deadlines, now) {
                    Due::Passed(problem) => return Ok(Awaited::Failed { proof, problem }),
                    Due::At(until) => {
                        watching.awaits(&awaiting, until)?;
                        wake_at = Some(soon_enough(until, now));
                    }
                }
            }
        }
    }
}

/// Some answers change with time alone, such as how long a pod has been unschedulable: looked at once a minute.
fn soon_enough(until: jiff::Timestamp, now: jiff::Timestamp) -> jiff::Timestamp {
    until.min(now.saturating_add(jiff::SignedDuration::from_mins(1)).unwrap_or(until))
}

fn waiting(awaiting: Awaiting) -> RolloutState {
    RolloutState::Waiting { proof: Proof::Applied, finished_pods: 0, wanted_pods: 0, awaiting }
}

fn looking(input: &AwaitRolloutInput) -> Awaiting {
    Awaiting {
        what: format!("the workloads in namespace {} have not been looked at yet", input.namespace),
        evidence: Vec::new(),
        by_hand: format!("kubectl -n {} get statefulsets,deployments,pods", input.namespace),
    }
}
