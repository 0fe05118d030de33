//! Who may work on a tenant: places on an Argo CD instance, and claims on Applications.

use super::{RemoveInput, RunContext};
use crate::{application::ApplicationKey, refusal::Refusal};
use durable::Activity;
use serde::{Deserialize, Serialize};

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

/// Gives back the claim on an Application. Nothing happens while an override is recorded that has not been removed.
pub struct ReleaseClaim;

impl Activity for ReleaseClaim {
    const NAME: &'static str = "release_claim";
    type Input = RemoveInput;
    type Output = ();
}
