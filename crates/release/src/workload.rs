//! Workloads and pods as far as we look at them: the facts that the rollout conditions work on.

use crate::{application::null_as_default, service::WorkloadKind};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// One moment of a namespace: the workloads asked for, and everything below them.
#[derive(Debug, Clone, Default)]
pub struct RolloutSnapshot {
    /// The workloads by kind and name. Absent: it does not exist (yet).
    pub workloads: BTreeMap<(WorkloadKind, String), Workload>,
    /// The ReplicaSets of the namespace by name.
    pub replica_sets: BTreeMap<String, ReplicaSet>,
    /// The pods of the namespace by name.
    pub pods: BTreeMap<String, Pod>,
}

/// A StatefulSet or a Deployment.
#[derive(Debug, Clone, Deserialize)]
pub struct Workload {
    /// Who it is.
    pub metadata: ObjectMetadata,
    /// What is wanted.
    pub spec: WorkloadSpec,
    /// What its controller says.
    #[serde(default, deserialize_with = "null_as_default")]
    pub status: WorkloadStatus,
}

/// A ReplicaSet of a Deployment.
#[derive(Debug, Clone, Deserialize)]
pub struct ReplicaSet {
    /// Who it is; `deployment.kubernetes.io/revision` and the label `pod-template-hash` tell its revision.
    pub metadata: ObjectMetadata,
    /// What is wanted.
    #[serde(default, deserialize_with = "null_as_default")]
    pub spec: ReplicaSetSpec,
}

/// What is wanted of a ReplicaSet.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ReplicaSetSpec {
    /// The pods.
    #[serde(deserialize_with = "null_as_default")]
    pub template: PodTemplate,
}

/// The metadata that we look at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectMetadata {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Which object it is.
    pub uid: String,
    /// Bumped with every change of what is wanted.
    pub generation: i64,
    /// Its labels.
    #[serde(deserialize_with = "null_as_default")]
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    #[serde(deserialize_with = "null_as_default")]
    pub annotations: BTreeMap<String, String>,
    /// Who owns it.
    #[serde(deserialize_with = "null_as_default")]
    pub owner_references: Vec<crate::application::OwnerReference>,
    /// When it was made.
    pub creation_timestamp: Option<Timestamp>,
    /// When it was asked to go away.
    pub deletion_timestamp: Option<Timestamp>,
}

/// What is wanted of a workload.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkloadSpec {
    /// How many pods; 1 if it does not say.
    pub replicas: Option<u32>,
    /// A Deployment that does not roll.
    pub paused: bool,
    /// `OrderedReady` (the default) or `Parallel`.
    pub pod_management_policy: Option<String>,
    /// How a StatefulSet is updated.
    pub update_strategy: Option<UpdateStrategy>,
    /// Where the ordinals of a StatefulSet begin.
    pub ordinals: Option<Ordinals>,
    /// The pods.
    #[serde(deserialize_with = "null_as_default")]
    pub template: PodTemplate,
}

/// How a StatefulSet is updated.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UpdateStrategy {
    /// `RollingUpdate` (the default) or `OnDelete`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The settings of a rolling update.
    pub rolling_update: Option<RollingUpdate>,
}

/// The settings of a rolling update of a StatefulSet.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RollingUpdate {
    /// Only pods with this ordinal or a higher one are updated.
    pub partition: Option<u32>,
}

/// Where the ordinals of a StatefulSet begin.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Ordinals {
    /// The first ordinal.
    pub start: u32,
}

/// The template of the pods.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PodTemplate {
    /// What runs in them.
    #[serde(deserialize_with = "null_as_default")]
    pub spec: PodSpec,
}

/// What runs in a pod.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSpec {
    /// The containers.
    #[serde(deserialize_with = "null_as_default")]
    pub containers: Vec<Container>,
    /// The containers that run before them.
    #[serde(deserialize_with = "null_as_default")]
    pub init_containers: Vec<Container>,
}

/// A container that is wanted.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Its image as the chart rendered it.
    pub image: String,
}

/// What a workload's controller says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkloadStatus {
    /// The generation that the rest is about.
    pub observed_generation: i64,
    /// All pods.
    pub replicas: u32,
    /// Pods of the newest revision.
    pub updated_replicas: u32,
    /// Ready pods.
    pub ready_replicas: u32,
    /// Pods that have been ready for `minReadySeconds`.
    pub available_replicas: u32,
    /// A StatefulSet's revision that is left behind.
    pub current_revision: String,
    /// A StatefulSet's newest revision.
    pub update_revision: String,
    /// What a Deployment's controller has to say.
    #[serde(deserialize_with = "null_as_default")]
    pub conditions: Vec<StatusCondition>,
}

/// A condition of a workload or a pod.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StatusCondition {
    /// Such as `Ready`, `PodScheduled`, `Progressing`, `ReplicaFailure`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// A word for it.
    pub reason: String,
    /// A sentence for it.
    pub message: String,
    /// Since when.
    pub last_transition_time: Option<Timestamp>,
}

/// A pod.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Pod {
    /// Who it is.
    pub metadata: ObjectMetadata,
    /// What is wanted.
    #[serde(deserialize_with = "null_as_default")]
    pub spec: PodSpec,
    /// What runs.
    #[serde(deserialize_with = "null_as_default")]
    pub status: PodStatus,
}

/// What runs of a pod.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodStatus {
    /// Such as `Running` or `Failed`.
    pub phase: String,
    /// Why it failed, such as `Evicted`.
    pub reason: String,
    /// A sentence for it.
    pub message: String,
    /// What the kubelet and the scheduler say.
    #[serde(deserialize_with = "null_as_default")]
    pub conditions: Vec<StatusCondition>,
    /// The containers.
    #[serde(deserialize_with = "null_as_default")]
    pub container_statuses: Vec<ContainerStatus>,
    /// The containers that run before them.
    #[serde(deserialize_with = "null_as_default")]
    pub init_container_statuses: Vec<ContainerStatus>,
}

/// What runs of a container.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerStatus {
    /// Its name.
    pub name: String,
    /// What the runtime runs: `repository@sha256:…`, or with a prefix such as `docker-pullable://`.
    #[serde(rename = "imageID")]
    pub image_id: String,
    /// Whether it is ready.
    pub ready: bool,
    /// How often it was started again.
    pub restart_count: u32,
    /// What it does now: `{"waiting": {"reason", "message"}}`, `running` or `terminated`.
    pub state: Value,
    /// What it did before.
    pub last_state: Value,
}
