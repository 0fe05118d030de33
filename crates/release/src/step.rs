//! The steps of a release that touch the world: the declarations of its activities.
//!
//! Their bodies live in the program, one file per activity. What goes in and comes out is journalled, so it is small and
//! every change of it is a change of stored data.

mod claim;
mod preflight;
mod prove;
mod record;
mod write;

pub use claim::{AcquireSlot, Claims, ClaimsInput, ReleaseClaim, ReleaseSlot, Slot, TakeClaims};
pub use preflight::{Preflight, PreflightInput, PreflightTenant};
pub use prove::{
    AwaitApplied, AwaitAppliedInput, AwaitRollout, AwaitRolloutInput, Awaited, Expectation, Part,
    ResolveApplied, ResolveAppliedInput, Reverted, WatchOverride, WatchOverrideInput,
};
pub use record::{RecordTenant, RecordTenantInput, RecordVerdict, RecordVerdictInput, TenantResult};
pub use write::{Applied, ApplyInput, ApplyOverride, RemoveInput, RemoveOverride, Removed};

use crate::{application::ApplicationKey, image::ResolvedDigests, overrides::Wanted, service::WorkloadKind};
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
