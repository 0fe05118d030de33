//! The annotation that says whose override stands in an Application.
//!
//! It goes into the same patch as the values, so that the API server arbitrates between two Ringways that know nothing
//! of each other. It is a hint that anybody may change or strip: what we own is what the ledger says.

use crate::application::Application;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

const PREFIX: &str = "owner.ringway.dev/";

/// Who overrides a service of an Application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerAnnotation {
    /// The ledger that knows how to take the override back.
    pub ledger: String,
    /// The ring that holds the claim.
    pub ring: String,
    /// The release that wrote last.
    pub release: String,
    /// Since when the ring holds the claim.
    pub since: Timestamp,
}

/// Why an annotation in our name could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the annotation {key} says {value:?}, which is not an owner")]
pub struct UnreadableOwner {
    /// The annotation.
    pub key: String,
    /// What it says.
    pub value: String,
    source: serde_json::Error,
}

impl OwnerAnnotation {
    /// The annotation's name for one service.
    pub fn key(service: &str) -> String {
        format!("{PREFIX}{service}")
    }

    /// Who overrides `service` in this Application; `None` if nobody says so.
    ///
    /// # Errors
    ///
    /// If the annotation is there but is not ours to understand. It then belongs to somebody else.
    pub fn read(application: &Application, service: &str) -> Option<Result<Self, UnreadableOwner>> {
        let key = Self::key(service);
        let value = application.metadata.annotations.get(&key)?;
        Some(serde_json::from_str(value).map_err(|source| UnreadableOwner {
            key,
            value: value.clone(),
            source,
        }))
    }

    /// The annotation's value.
    pub fn to_value(&self) -> String {
        let Self { ledger, ring, release, since } = self;
        serde_json::json!({ "ledger": ledger, "ring": ring, "release": release, "since": since }).to_string()
    }

    /// Whether `other` is the same release of the same ring in the same ledger.
    pub(super) fn is_same_release(&self, other: &Self) -> bool {
        (&self.ledger, &self.ring, &self.release) == (&other.ledger, &other.ring, &other.release)
    }
}
