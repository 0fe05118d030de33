//! An ApplicationSet as far as it decides whether what we write into its Applications stays there.

use super::null_as_default;
use serde::Deserialize;

/// The ApplicationSet that generated an Application, as far as it decides whether what we write stays there.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ApplicationSet {
    /// What it says about its Applications.
    pub spec: ApplicationSetSpec,
}

/// What an ApplicationSet says about its Applications.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApplicationSetSpec {
    /// Whether it changes Applications at all.
    #[serde(deserialize_with = "null_as_default")]
    pub sync_policy: ApplicationSetSyncPolicy,
    /// The differences that it leaves alone.
    #[serde(deserialize_with = "null_as_default")]
    pub ignore_application_differences: Vec<IgnoredDifferences>,
    /// What it preserves of the metadata.
    #[serde(deserialize_with = "null_as_default")]
    pub preserved_fields: PreservedFields,
    /// In which order it changes its Applications.
    #[serde(deserialize_with = "null_as_default")]
    pub strategy: ApplicationSetStrategy,
}

/// Whether an ApplicationSet changes Applications at all.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApplicationSetSyncPolicy {
    /// `sync`, `create-only`, `create-update` or `create-delete`; empty is `sync`.
    pub applications_sync: String,
}

/// Differences of Applications that an ApplicationSet leaves alone.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IgnoredDifferences {
    /// Only in the Application of this name; empty is in all.
    pub name: String,
    /// JSON pointers.
    #[serde(deserialize_with = "null_as_default")]
    pub json_pointers: Vec<String>,
    /// Expressions of jq.
    #[serde(deserialize_with = "null_as_default")]
    pub jq_path_expressions: Vec<String>,
}

/// The metadata that an ApplicationSet preserves.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PreservedFields {
    /// Names of annotations.
    #[serde(deserialize_with = "null_as_default")]
    pub annotations: Vec<String>,
}

/// In which order an ApplicationSet changes its Applications.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ApplicationSetStrategy {
    /// `AllAtOnce` or `RollingSync`; empty is `AllAtOnce`.
    #[serde(rename = "type")]
    pub kind: String,
}
