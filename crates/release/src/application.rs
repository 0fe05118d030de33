//! An Argo CD Application as far as we look at it: the facts that preflight, conditions and override planning work on.
//!
//! The structs read the JSON of the API server and leave out what nobody asks for, above all `status.history`: an
//! umbrella chart's Application has hundreds of kilobytes. They are never written back; writes are JSON patches.

mod application_set;
mod status;

pub use application_set::{
    ApplicationSet, ApplicationSetSpec, ApplicationSetStrategy, ApplicationSetSyncPolicy, IgnoredDifferences,
    PreservedFields,
};
pub use status::{
    ComparedTo, Condition, Health, OperationState, ResourceResult, ResourceStatus, Status, SyncResult,
    SyncStatus,
};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Where an Application is: the Argo CD instance by the name in the configuration, namespace and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ApplicationKey {
    /// The Argo CD instance.
    pub instance: String,
    /// The namespace of the Application itself.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl std::fmt::Display for ApplicationKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.namespace, self.name)
    }
}

/// One snapshot of an Application.
#[derive(Debug, Clone, Deserialize)]
pub struct Application {
    /// Who it is and who owns it.
    pub metadata: Metadata,
    /// What is wanted.
    pub spec: Spec,
    /// An operation that was requested or runs. Argo CD clears it when it ends.
    #[serde(default)]
    pub operation: Option<Value>,
    /// What Argo CD found.
    #[serde(default, deserialize_with = "null_as_default")]
    pub status: Status,
}

/// The metadata that we look at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Which object it is; a new one of the same name has another.
    pub uid: String,
    /// Which version of it this is.
    pub resource_version: String,
    /// When it was asked to go away.
    pub deletion_timestamp: Option<Timestamp>,
    /// Its labels.
    #[serde(deserialize_with = "null_as_default")]
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    #[serde(deserialize_with = "null_as_default")]
    pub annotations: BTreeMap<String, String>,
    /// Who owns it.
    #[serde(deserialize_with = "null_as_default")]
    pub owner_references: Vec<OwnerReference>,
    /// Who wrote which field, and when.
    #[serde(deserialize_with = "null_as_default")]
    pub managed_fields: Vec<ManagedFields>,
}

/// An owner of an object.
#[derive(Debug, Clone, Deserialize)]
pub struct OwnerReference {
    /// What kind it is.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Which object it is.
    #[serde(default)]
    pub uid: String,
    /// Whether it is the one that manages the object.
    #[serde(default)]
    pub controller: bool,
}

/// The fields that one writer wrote.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ManagedFields {
    /// The name that the writer gave itself.
    pub manager: String,
    /// When it last wrote one of them.
    pub time: Option<Timestamp>,
    /// The fields, as a tree of `f:name` keys.
    pub fields_v1: Value,
}

/// What is wanted.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spec {
    /// The project it belongs to.
    #[serde(default)]
    pub project: String,
    /// Where it deploys to.
    #[serde(default, deserialize_with = "null_as_default")]
    pub destination: Destination,
    /// The single source; ignored by Argo CD when `sources` has one.
    pub source: Option<Source>,
    /// Several sources.
    #[serde(default, deserialize_with = "null_as_default")]
    pub sources: Vec<Source>,
    /// Set if manifests are rendered into git first.
    pub source_hydrator: Option<Value>,
    /// How it is synced.
    pub sync_policy: Option<SyncPolicy>,
}

/// Where an Application deploys to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Destination {
    /// The API server by address.
    pub server: String,
    /// The cluster by name in Argo CD.
    pub name: String,
    /// The namespace.
    pub namespace: String,
}

impl Destination {
    /// Whether it is surely the cluster that Argo CD runs in. Argo CD may know that one by other names and addresses as well.
    pub fn is_surely_argocds_own(&self) -> bool {
        let server = self.server.trim_end_matches('/');
        server == "https://kubernetes.default.svc" || self.name == "in-cluster"
    }
}

impl std::fmt::Display for Destination {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(if self.server.is_empty() { &self.name } else { &self.server })
    }
}

/// One source, as it stands in the object. Compared as JSON values: Argo CD re-encodes sources, so bytes differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Source(pub Value);

impl Source {
    /// A text field of the source, such as `repoURL`.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.0.get(field)?.as_str()
    }

    /// The Helm settings.
    pub fn helm(&self) -> Option<&Value> {
        self.0.get("helm").filter(|helm| !helm.is_null())
    }
}

/// How an Application is synced.
#[derive(Debug, Clone, Deserialize)]
pub struct SyncPolicy {
    /// Automated sync, if it is set.
    pub automated: Option<Automated>,
}

/// Automated sync.
#[derive(Debug, Clone, Deserialize)]
pub struct Automated {
    /// Off only if it says `false`.
    pub enabled: Option<bool>,
}

impl Application {
    /// The sources that Argo CD uses: `sources` wins over `source` if it has one.
    pub fn sources(&self) -> &[Source] {
        if self.spec.sources.is_empty() { self.spec.source.as_slice() } else { &self.spec.sources }
    }

    /// Whether the sources stand in `spec.sources`.
    pub fn has_multiple_sources(&self) -> bool {
        !self.spec.sources.is_empty()
    }

    /// Whether Argo CD syncs it by itself.
    pub fn is_automated(&self) -> bool {
        let automated = self.spec.sync_policy.as_ref().and_then(|policy| policy.automated.as_ref());
        automated.is_some_and(|automated| automated.enabled != Some(false))
    }

    /// The ApplicationSet that generated it.
    pub fn application_set(&self) -> Option<&OwnerReference> {
        self.metadata.owner_references.iter().find(|owner| owner.controller && owner.kind == "ApplicationSet")
    }
}

/// Reads `null` as an empty list or map: Go programs write it for a list that was never filled.
///
/// # Errors
///
/// If the value is neither `null` nor what is expected.
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}
