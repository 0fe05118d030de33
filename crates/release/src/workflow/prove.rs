//! From a written Application to a proven tenant. The same for a release and for the way back.

use super::{options, stop, tenant_release::Ended};
use crate::{
    proof::Proof,
    service::Verify,
    step::{
        AwaitApplied, AwaitAppliedInput, AwaitRollout, AwaitRolloutInput, Awaited, Deadlines, Expectation,
        Part, PlannedApplication, Problem, RunContext, WatchOverride, WatchOverrideInput,
    },
};
use durable::{Flow, join};
use jiff::Timestamp;

/// What every wait of one tenant has in common.
pub(super) struct Proving<'a> {
    pub(super) context: &'a RunContext,
    pub(super) expectation: Expectation,
    pub(super) since: Timestamp,
    pub(super) verify: Verify,
    pub(super) deadlines: &'a Deadlines,
}

/// How far a tenant is proven, and what a person should know.
pub(super) type Proven = (Proof, Vec<String>);

/// Said wherever a tenant's cluster was not looked into.
pub(super) const NOT_VERIFIED: &str = "not verified in the cluster";

/// Waits until Argo CD has applied every Application.
pub(super) async fn applied<F: Flow>(
    flow: &F,
    proving: &Proving<'_>,
    applications: &[PlannedApplication],
) -> Result<Proven, Ended> {
    let waits = applications.iter().zip(Part::each(applications.len())).map(|(application, part)| {
        let input = AwaitAppliedInput {
            context: proving.context.clone(),
            application: application.clone(),
            part,
            expectation: proving.expectation,
            since: proving.since,
            deadlines: proving.deadlines.clone(),
        };
        let wait = flow.activity::<AwaitApplied>(input, options::applied(proving.deadlines));
        async move { outcome(wait.await, Proof::Patched) }
    });
    match stop::unless_stopped(flow, join::try_join_all(waits)).await {
        Ok(proven) => proven.map(weakest),
        Err(stop) => Err(Ended::Stopped(Proof::Patched, stop)),
    }
}

/// Waits until every pod is proven, as long as nobody takes our values out.
pub(super) async fn rolled_out<F: Flow>(
    flow: &F,
    proving: &Proving<'_>,
    applications: &[PlannedApplication],
    (proof, mut notes): Proven,
) -> Result<Proven, Ended> {
    if proving.verify == Verify::Argocd {
        notes.push(NOT_VERIFIED.to_owned());
        return Ok((proof, notes));
    }
    let parts = applications.iter().zip(Part::each(applications.len()));
    let rollouts = join::try_join_all(parts.map(|(application, part)| {
        let input = AwaitRolloutInput {
            context: proving.context.clone(),
            part,
            instance: application.key.instance.clone(),
            namespace: application.namespace.clone(),
            workloads: application.workloads.clone(),
            deadlines: proving.deadlines.clone(),
        };
        let wait = flow.activity::<AwaitRollout>(input, options::rollout(proving.deadlines));
        async move { outcome(wait.await, Proof::Applied) }
    }));
    // The rollout comes first: when both have ended, what was proven was true before it was reverted.
    let watched = join::select(rollouts, reverted(flow, proving, applications));
    match stop::unless_stopped(flow, watched).await {
        Ok(join::Either::First(proven)) => {
            let (proof, rollout_notes) = weakest(proven?);
            notes.extend(rollout_notes);
            Ok((proof, notes))
        }
        Ok(join::Either::Second(problem)) => Err(Ended::Failed(Proof::Applied, problem)),
        Err(stop) => Err(Ended::Stopped(Proof::Applied, stop)),
    }
}

/// Ends when somebody takes our values out of one of the Applications; never, while we take them back ourselves.
async fn reverted<F: Flow>(flow: &F, proving: &Proving<'_>, applications: &[PlannedApplication]) -> Problem {
    if proving.expectation == Expectation::Removed {
        return std::future::pending().await;
    }
    let watches = applications.iter().map(|application| {
        let input = WatchOverrideInput { context: proving.context.clone(), application: application.clone() };
        let watch = flow.activity::<WatchOverride>(input, options::rollout(proving.deadlines));
        async move {
            match watch.await {
                Ok(reverted) => Err::<(), _>(reverted.problem),
                Err(failure) => Err(failure.into()),
            }
        }
    });
    match join::try_join_all(watches).await {
        Err(problem) => problem,
        // No Application, nothing to revert.
        Ok(_) => std::future::pending().await,
    }
}

fn outcome(awaited: Result<Awaited, durable::Failure>, before: Proof) -> Result<Proven, Ended> {
    match awaited {
        Ok(Awaited::Proven { proof, notes }) => Ok((proof, notes)),
        Ok(Awaited::Failed { proof, problem }) => Err(Ended::Failed(proof.max(before), problem)),
        Err(failure) => Err(Ended::Failed(before, failure.into())),
    }
}

/// A tenant is proven as far as its least proven Application.
fn weakest(proven: Vec<Proven>) -> Proven {
    let proof = proven.iter().map(|(proof, _)| *proof).min().unwrap_or_default();
    (proof, proven.into_iter().flat_map(|(_, notes)| notes).collect())
}
