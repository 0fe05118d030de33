//! The bodies of the steps that `release::step` declares: one file per step, and `slot` and `record` for those that only
//! write to the ledger.
//!
//! A body may run twice, or die at any await and run again. It recognises its own work: what is already as it should be
//! counts as done. Decisions are asked of the `release` crate; what is here reads, writes and waits.

mod apply_override;
mod await_applied;
mod await_rollout;
pub mod preflight_tenant;
mod record;
mod remove_override;
mod resolve_applied;
mod slot;
mod watch_override;
mod watching;

use crate::{
    cluster::{ClusterClient, ClusterError},
    ledger::LedgerError,
    owner::Gate,
    world::World,
};
use durable::{ActivityContext, Failure, FailureKind};
use durable_sqlite::Registry;
use release::{
    report::AwaitingReport,
    step::{self, RunContext},
    workflow::{
        cleanup::Cleanup, release::Release, tenant_cleanup::TenantCleanup, tenant_release::TenantRelease,
    },
};
use std::sync::Arc;

/// All workflows, and the bodies of all steps over `world`.
pub fn registry(world: &Arc<World>) -> Registry {
    registry_behind(world, &Gate::default())
}

/// The same; what writes to a cluster goes through `gate`.
pub fn registry_behind(world: &Arc<World>, gate: &Gate) -> Registry {
    let mut registry = Registry::new();
    registry.workflow::<Release>();
    registry.workflow::<TenantRelease>();
    registry.workflow::<Cleanup>();
    registry.workflow::<TenantCleanup>();
    macro_rules! body {
        ($step:ident, $body:path) => {{
            let world = Arc::clone(world);
            registry.activity::<step::$step, _>(move |context: ActivityContext, input| {
                let world = Arc::clone(&world);
                async move { kept(&world, $body(&world, &context, input).await).await }
            });
        }};
    }
    macro_rules! writing_body {
        ($step:ident, $body:path) => {{
            let (world, gate) = (Arc::clone(world), gate.clone());
            registry.activity::<step::$step, _>(move |context: ActivityContext, input| {
                let (world, gate) = (Arc::clone(&world), gate.clone());
                async move {
                    let _inside = gate.enter().await;
                    kept(&world, $body(&world, &context, input).await).await
                }
            });
        }};
    }
    body!(PreflightTenant, preflight_tenant::preflight_tenant);
    body!(AcquireSlot, slot::acquire_slot);
    body!(ReleaseSlot, slot::release_slot);
    body!(TakeClaims, record::take_claims);
    writing_body!(ApplyOverride, apply_override::apply_override);
    body!(AwaitApplied, await_applied::await_applied);
    body!(AwaitRollout, await_rollout::await_rollout);
    body!(WatchOverride, watch_override::watch_override);
    writing_body!(RemoveOverride, remove_override::remove_override);
    body!(ResolveApplied, resolve_applied::resolve_applied);
    body!(ReleaseClaim, record::release_claim);
    body!(RecordTenant, record::record_tenant);
    body!(RecordVerdict, record::record_verdict);
    registry
}

/// What a step has written to the ledger must not be forgotten once the engine believes that it was done.
async fn kept<T>(world: &World, result: Result<T, Failure>) -> Result<T, Failure> {
    world.ledger.keep().await.map_err(ledger_failure)?;
    result
}

/// Lets people see that a step of a tenant is tried again, and why.
fn told<T>(
    world: &World,
    context: &RunContext,
    doing: &str,
    result: Result<T, Failure>,
) -> Result<T, Failure> {
    if let Err(failure) = &result
        && failure.kind == FailureKind::Retryable
    {
        let RunContext { run, tenant, .. } = context;
        tracing::info!(run, tenant, reason = failure.message, "{doing} is tried again");
        if let Err(error) = tell(world, context, format!("{doing} is tried again: {}", failure.message)) {
            tracing::warn!(run, tenant, %error, "what is awaited cannot be written down");
        }
    }
    result
}

fn tell(world: &World, RunContext { run, tenant, .. }: &RunContext, what: String) -> Result<(), LedgerError> {
    let now = world.clock.now();
    let known = world.ledger.tenant(run, tenant)?.and_then(|state| state.awaiting);
    let since = known.filter(|known| known.what == what).map_or(now, |known| known.since);
    let awaiting = AwaitingReport {
        what,
        since,
        until: None,
        evidence: Vec::new(),
        by_hand: "ringway doctor".to_owned(),
    };
    world.ledger.record_awaiting(run, tenant, Some(&awaiting), now)
}

/// The cluster of an Argo CD instance.
async fn argocd(world: &World, instance: &str) -> Result<ClusterClient, Failure> {
    world.clusters.instance(instance).await.map_err(cluster_failure)
}

/// The cluster of a tenant.
async fn tenant_cluster(world: &World, instance: &str, tenant: &str) -> Result<ClusterClient, Failure> {
    let client = world.clusters.tenant(instance, tenant).await.map_err(cluster_failure)?;
    client.ok_or_else(|| {
        let message = format!(
            "the configuration no longer says how to look into the cluster of tenant {tenant}; set `tenantClusters`, or release the service with `verify: argocd`"
        );
        Failure::permanent("no_cluster_access", message)
    })
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn cluster_failure(error: ClusterError) -> Failure {
    error.to_failure()
}

/// A ledger that cannot be read or written: the disk may have room again later.
fn ledger_failure(error: LedgerError) -> Failure {
    Failure::retryable("ledger", format!("{:#}", anyhow::Error::from(error)))
}
