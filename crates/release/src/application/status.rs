//! What Argo CD found out about an Application, and what its last operation did. We only read it.

use super::{Source, null_as_default};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// What Argo CD found.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    /// The result of the last comparison.
    #[serde(deserialize_with = "null_as_default")]
    pub sync: SyncStatus,
    /// What is wrong.
    #[serde(deserialize_with = "null_as_default")]
    pub conditions: Vec<Condition>,
    /// The last operation.
    pub operation_state: Option<OperationState>,
    /// The resources and whether each is in sync.
    #[serde(deserialize_with = "null_as_default")]
    pub resources: Vec<ResourceStatus>,
    /// What tool renders the single source.
    pub source_type: String,
    /// What tool renders each of several sources.
    #[serde(deserialize_with = "null_as_default")]
    pub source_types: Vec<String>,
    /// When the last comparison began.
    pub reconciled_at: Option<Timestamp>,
    /// The health of the whole Application.
    #[serde(deserialize_with = "null_as_default")]
    pub health: Health,
}

/// Health as Argo CD sees it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Health {
    /// Such as `Healthy` or `Progressing`.
    pub status: String,
}

/// The result of a comparison.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SyncStatus {
    /// `Synced`, `OutOfSync` or `Unknown`.
    pub status: String,
    /// What was compared.
    #[serde(deserialize_with = "null_as_default")]
    pub compared_to: ComparedTo,
}

/// What was compared.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ComparedTo {
    /// The single source.
    pub source: Option<Source>,
    /// Several sources.
    #[serde(deserialize_with = "null_as_default")]
    pub sources: Vec<Source>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Such as `ComparisonError`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What Argo CD says about it.
    #[serde(default)]
    pub message: String,
    /// Since when.
    pub last_transition_time: Option<Timestamp>,
}

/// An operation: running, or the last one that ended.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OperationState {
    /// `Running`, `Terminating`, `Succeeded`, `Failed` or `Error`.
    pub phase: String,
    /// What it does or what went wrong.
    pub message: String,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended; set while Running means that it waits for a retry.
    pub finished_at: Option<Timestamp>,
    /// How often it was tried again.
    pub retry_count: u32,
    /// What was asked for, with the sources frozen when it began.
    pub operation: Value,
    /// What it did.
    pub sync_result: Option<SyncResult>,
}

/// What an operation did.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct SyncResult {
    /// The single source that it applied.
    pub source: Option<Source>,
    /// Several sources that it applied.
    #[serde(deserialize_with = "null_as_default")]
    pub sources: Vec<Source>,
    /// What became of each resource, filled wave by wave.
    #[serde(deserialize_with = "null_as_default")]
    pub resources: Vec<ResourceResult>,
}

/// What an operation did to a resource.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceResult {
    /// API group.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// `Synced`, `SyncFailed`, `Pruned` or `PruneSkipped`.
    pub status: String,
    /// What the API server said.
    pub message: String,
    /// The phase of a hook, if it is one.
    pub hook_phase: String,
}

/// Whether a resource is in sync.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ResourceStatus {
    /// API group.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// `Synced`, `OutOfSync` or `Unknown`.
    pub status: String,
}

impl ComparedTo {
    /// The sources that were compared.
    pub fn sources(&self) -> &[Source] {
        if self.sources.is_empty() { self.source.as_slice() } else { &self.sources }
    }
}

impl SyncResult {
    /// The sources that were applied.
    pub fn sources(&self) -> &[Source] {
        if self.sources.is_empty() { self.source.as_slice() } else { &self.sources }
    }
}
