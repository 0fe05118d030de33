//! Looking before anything is written.

use super::{PlannedApplication, RunContext};
use crate::{image::ResolvedImage, refusal::Refusal, service::Service};
use durable::Activity;
use serde::{Deserialize, Serialize};

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
