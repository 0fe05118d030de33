//! The two steps that write to the fleet.

use super::{PlannedApplication, RunContext};
use crate::{application::ApplicationKey, refusal::Refusal, verdict::Stop};
use durable::Activity;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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
    /// The cleanup was told to stop before the patch was sent: none begins after a stop was recorded.
    Stopped {
        /// Why.
        stop: Stop,
    },
}

impl Activity for RemoveOverride {
    const NAME: &'static str = "remove_override";
    type Input = RemoveInput;
    type Output = Removed;
}
