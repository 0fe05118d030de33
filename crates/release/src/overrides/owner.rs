//! The annotation that says whose override stands in an Application.
//!
//! It goes into the same patch as the values, so that the API server arbitrates between two Ringways that know nothing
//! of each other. It is a hint that anybody may change or strip: what we own is what the ledger says.

use super::patch::{self, GuardedPatch};
use crate::application::Application;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What the names of all our annotations begin with; the service follows.
pub const PREFIX: &str = "owner.ringway.dev/";

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

    /// Guards the annotation and sets it, unless it names the same release already.
    pub(super) fn annotate(&self, patch: &mut GuardedPatch, application: &Application, service: &str) {
        let found = Self::read(application, service).and_then(Result::ok);
        let same = found.is_some_and(|found| {
            (&found.ledger, &found.ring, &found.release) == (&self.ledger, &self.ring, &self.release)
        });
        change(patch, application, &Self::key(service), |annotations, key| {
            if !same {
                patch::set(annotations, key, self.to_value().into());
            }
        });
    }

    /// Guards the annotation and removes it.
    pub(super) fn remove(patch: &mut GuardedPatch, application: &Application, service: &str) {
        change(patch, application, &Self::key(service), patch::remove);
    }
}

/// Guards one annotation and turns it into what `edit` makes of it.
pub(super) fn change(
    patch: &mut GuardedPatch,
    application: &Application,
    key: &str,
    edit: impl FnOnce(&mut Value, &[&str]),
) {
    let annotations = &application.metadata.annotations;
    // The API server keeps no empty map: without annotations, the map itself is missing.
    let old = if annotations.is_empty() { json!({}) } else { json!({ "annotations": annotations }) };
    let mut new = old.clone();
    let keys = ["annotations", key];
    edit(&mut new, &keys);
    patch.change("/metadata", &old, &new, &keys);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overrides::testing::{document, owner, read};

    fn read_annotation(value: &str) -> Option<Result<OwnerAnnotation, UnreadableOwner>> {
        let mut document = document(Value::Null);
        document["metadata"]["annotations"] = json!({ "owner.ringway.dev/atlas": value });
        OwnerAnnotation::read(&read(&document), "atlas")
    }

    #[test]
    fn what_is_written_is_read_back() {
        let text = owner().to_value();
        assert_eq!(
            text,
            r#"{"ledger":"ledger-1","release":"release-1","ring":"ring-blue","since":"2026-11-23T01:00:00Z"}"#
        );
        assert_eq!(read_annotation(&text).unwrap().unwrap(), owner());
    }

    #[test]
    fn what_is_not_ours_to_understand_is_an_error_and_nothing_is_nothing() {
        let error = read_annotation("me").unwrap().unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"the annotation owner.ringway.dev/atlas says "me", which is not an owner"#
        );
        assert!(OwnerAnnotation::read(&read(&document(Value::Null)), "atlas").is_none());
    }
}
