//! The steps of a release that touch the world: the declarations of its activities.
//!
//! Their bodies live in the program, one file per activity. What goes in and comes out is journalled, so it is small and
//! every change of it is a change of stored data.

use crate::{
    application::ApplicationKey,
    image::{ResolvedDigests, ResolvedImage},
    overrides::{Wanted, Writer},
    proof::Proof,
    refusal::Refusal,
    service::{Service, WorkloadKind},
    verdict::{ReleaseVerdict, Stop, TenantVerdict},
};
use durable::Activity;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A release or a cleanup, as its steps know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunContext {
    /// The release or cleanup.
    pub run: String,
    /// The ring it is for.
    pub ring: String,
    /// The tenant.
    pub tenant: String,
}

/// How long a tenant may take. From the configuration, fixed when a release begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadlines {
    /// From the patch until Argo CD has compared it.
    pub observed: Duration,
    /// From then until the workloads are applied; stopped while a sync window is closed.
    pub applied: Duration,
    /// The longest that a closed sync window is waited for.
    pub window: Duration,
    /// The longest time without another finished pod.
    pub rollout_progress: Duration,
    /// The longest time for the whole rollout.
    pub rollout_total: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        Self {
            observed: minutes(5),
            applied: minutes(60),
            window: minutes(24 * 60),
            rollout_progress: minutes(15),
            rollout_total: minutes(120),
        }
    }
}

/// An Application that is about to be overridden, as preflight found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedApplication {
    /// Where it is.
    pub key: ApplicationKey,
    /// Which object it is.
    pub uid: String,
    /// The namespace that it deploys to.
    pub namespace: String,
    /// What should stand in it.
    pub wanted: Wanted,
    /// The workloads that prove it.
    pub workloads: Vec<ExpectedWorkload>,
}

/// A workload and what it should run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedWorkload {
    /// What it is.
    pub kind: WorkloadKind,
    /// Its name.
    pub name: String,
    /// The container that is looked at.
    pub container: String,
    /// What the container should run, as the chart renders it. A text: what remains after a cleanup may be any reference.
    pub image: String,
    /// The digests that count as this image. `None`: the registry could not say, so the proof ends at `rolled_out`.
    pub digests: Option<ResolvedDigests>,
}

/// Looks at everything that a tenant's override depends on, and writes nothing.
pub struct PreflightTenant;

/// What [`PreflightTenant`] needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreflightInput {
    /// For whom.
    pub context: RunContext,
    /// What is released.
    pub service: Service,
    /// Its images.
    pub images: Vec<ResolvedImage>,
}

/// What [`PreflightTenant`] found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Preflight {
    /// It can be overridden.
    Ready {
        /// The Applications, at least one.
        applications: Vec<PlannedApplication>,
        /// What a person should know although nothing is wrong.
        notes: Vec<String>,
    },
    /// It must not be written to.
    Refused {
        /// Every reason that was found.
        refusals: Vec<Refusal>,
    },
    /// Automated sync is off.
    Skipped {
        /// Which Application says so.
        reason: String,
    },
}

impl Activity for PreflightTenant {
    const NAME: &'static str = "preflight_tenant";
    type Input = PreflightInput;
    type Output = Preflight;
}

/// Waits for one of the places that an Argo CD instance has for tenants under way. First come, first served; whoever
/// has one already gets the same again.
pub struct AcquireSlot;

/// Gives a place back. Nothing happens if it was given back before.
pub struct ReleaseSlot;

/// A place for one tenant under way on one Argo CD instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// The Argo CD instance.
    pub instance: String,
    /// Who holds it.
    pub context: RunContext,
}

impl Activity for AcquireSlot {
    const NAME: &'static str = "acquire_slot";
    type Input = Slot;
    type Output = ();
}

impl Activity for ReleaseSlot {
    const NAME: &'static str = "release_slot";
    type Input = Slot;
    type Output = ();
}

/// Takes the claims on all Applications of a tenant, or none.
pub struct TakeClaims;

/// What [`TakeClaims`] needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimsInput {
    /// For whom.
    pub context: RunContext,
    /// The service.
    pub service: String,
    /// The Applications.
    pub applications: Vec<ApplicationKey>,
}

/// What became of the claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Claims {
    /// The ring holds all of them.
    Held,
    /// Another ring holds at least one.
    Refused {
        /// Which, and who.
        refusal: Refusal,
    },
}

impl Activity for TakeClaims {
    const NAME: &'static str = "take_claims";
    type Input = ClaimsInput;
    type Output = Claims;
}

/// Reads an Application, records how to take the override back, and sends the guarded patch; again from the read if the
/// object changed in between. Recognises its own work: what already is as wanted counts as done.
pub struct ApplyOverride;

/// What [`ApplyOverride`] needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplyInput {
    /// For whom.
    pub context: RunContext,
    /// What to write where.
    pub application: PlannedApplication,
}

/// What became of a patch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Applied {
    /// Our values stand in the Application.
    Patched {
        /// When the API server had them, by the engine's clock.
        at: Timestamp,
        /// False if they stood there already.
        changed: bool,
    },
    /// Something was found that preflight did not see.
    Refused {
        /// What.
        refusal: Refusal,
    },
    /// The release was told to stop before the patch was sent: none begins after a stop was recorded.
    Stopped {
        /// Why.
        stop: Stop,
    },
}

impl Activity for ApplyOverride {
    const NAME: &'static str = "apply_override";
    type Input = ApplyInput;
    type Output = Applied;
}

/// Waits until Argo CD has compared and applied what stands in an Application.
pub struct AwaitApplied;

/// What [`AwaitApplied`] needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitAppliedInput {
    /// For whom.
    pub context: RunContext,
    /// The Application.
    pub application: PlannedApplication,
    /// What should stand in it.
    pub expectation: Expectation,
    /// When we wrote, by the engine's clock: the deadlines count from here.
    pub since: Timestamp,
    /// How long it may take.
    pub deadlines: Deadlines,
}

/// What should stand in an Application while we wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// Our values: a release.
    Overridden,
    /// None of our values: a cleanup.
    Removed,
}

/// How a wait ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Awaited {
    /// What was waited for is true.
    Proven {
        /// How far.
        proof: Proof,
        /// What a person should know, such as `2 of 3 pods: partition is 1`.
        notes: Vec<String>,
    },
    /// It cannot become true any more, or took too long.
    Failed {
        /// How far it was proven before.
        proof: Proof,
        /// Why.
        problem: Problem,
    },
}

/// Why a wait failed: a stable code, a sentence that names the object, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Such as `image_pull`, `reverted`, `deadline`, `repair_trap`.
    pub code: String,
    /// What is wrong with which object.
    pub message: String,
    /// What a person can do, where there is something; exact commands where possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// The fields that show it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
}

/// One field of one object at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Kind, namespace and name, such as `Pod tenant-a/atlas-1`.
    pub object: String,
    /// The field, such as `status.containerStatuses[atlas].state.waiting.reason`.
    pub field: String,
    /// What it says, shortened if it is long.
    pub value: String,
    /// Since when, if the object says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

impl Activity for AwaitApplied {
    const NAME: &'static str = "await_applied";
    type Input = AwaitAppliedInput;
    type Output = Awaited;
}

/// Waits until every pod of the workloads is new, ready, and runs one of the right digests.
pub struct AwaitRollout;

/// What [`AwaitRollout`] needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitRolloutInput {
    /// For whom.
    pub context: RunContext,
    /// The Argo CD instance, which decides about the cluster where both are the same.
    pub instance: String,
    /// The namespace of the workloads.
    pub namespace: String,
    /// The workloads.
    pub workloads: Vec<ExpectedWorkload>,
    /// How long it may take.
    pub deadlines: Deadlines,
}

impl Activity for AwaitRollout {
    const NAME: &'static str = "await_rollout";
    type Input = AwaitRolloutInput;
    type Output = Awaited;
}

/// Watches an Application as long as somebody waits for the rollout, and ends only when our values are gone from it.
pub struct WatchOverride;

/// What [`WatchOverride`] needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchOverrideInput {
    /// For whom.
    pub context: RunContext,
    /// The Application.
    pub application: PlannedApplication,
}

/// Somebody took our values out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reverted {
    /// What is wrong, for the tenant's verdict.
    pub problem: Problem,
    /// Who did it, as far as the API server knows.
    pub writer: Option<Writer>,
}

impl Activity for WatchOverride {
    const NAME: &'static str = "watch_override";
    type Input = WatchOverrideInput;
    type Output = Reverted;
}

/// Takes our values out of an Application, leaf by leaf, as far as they are still ours. Works from the ledger alone.
pub struct RemoveOverride;

/// What [`RemoveOverride`] needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoveInput {
    /// For whom.
    pub context: RunContext,
    /// The Application.
    pub application: ApplicationKey,
    /// The service.
    pub service: String,
}

/// What became of a removal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Removed {
    /// None of our values stands in the Application any more.
    Removed {
        /// The namespace that the Application deploys to.
        namespace: String,
        /// When, by the engine's clock.
        at: Timestamp,
        /// Leaves that others have changed since; they were left alone.
        left_alone: Vec<String>,
    },
    /// The Application does not exist any more, or is another one by the same name.
    Gone {
        /// Which of the two.
        reason: String,
    },
}

impl Activity for RemoveOverride {
    const NAME: &'static str = "remove_override";
    type Input = RemoveInput;
    type Output = Removed;
}

/// Reads which images the workloads are now to run, after Argo CD has applied them, and what those stand for.
pub struct ResolveApplied;

/// What [`ResolveApplied`] needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolveAppliedInput {
    /// For whom.
    pub context: RunContext,
    /// The Argo CD instance.
    pub instance: String,
    /// The namespace of the workloads.
    pub namespace: String,
    /// The workloads, with what they ran while they were overridden.
    pub workloads: Vec<ExpectedWorkload>,
}

impl Activity for ResolveApplied {
    const NAME: &'static str = "resolve_applied";
    type Input = ResolveAppliedInput;
    type Output = Vec<ExpectedWorkload>;
}

/// Gives back the claim on an Application. Nothing happens while an override is recorded that has not been removed.
pub struct ReleaseClaim;

impl Activity for ReleaseClaim {
    const NAME: &'static str = "release_claim";
    type Input = RemoveInput;
    type Output = ();
}

/// Records how a tenant ended.
pub struct RecordTenant;

/// How a tenant ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantResult {
    /// The tenant.
    pub tenant: String,
    /// How it ended.
    pub verdict: TenantVerdict,
    /// How far it is proven.
    pub proof: Proof,
    /// What a person should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Why it failed, was refused, skipped or cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// What [`RecordTenant`] needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordTenantInput {
    /// The release or cleanup.
    pub run: String,
    /// How the tenant ended.
    pub result: TenantResult,
}

impl Activity for RecordTenant {
    const NAME: &'static str = "record_tenant";
    type Input = RecordTenantInput;
    type Output = ();
}

/// Records how a release or a cleanup ended.
pub struct RecordVerdict;

/// What [`RecordVerdict`] needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordVerdictInput {
    /// The release or cleanup.
    pub run: String,
    /// How it ended.
    pub verdict: ReleaseVerdict,
}

impl Activity for RecordVerdict {
    const NAME: &'static str = "record_verdict";
    type Input = RecordVerdictInput;
    type Output = ();
}
