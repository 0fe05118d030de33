//! One ordinal of a StatefulSet, with its pod if there is one.

use super::{
    super::{object::is_deleted, pod},
    REVISION,
};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;

/// One ordinal of a StatefulSet.
pub(super) struct Replica {
    pub(super) ordinal: i64,
    pub(super) pod: Option<Arc<Value>>,
}

impl Replica {
    /// An ordinal without a pod.
    pub(super) fn missing(ordinal: i64) -> Self {
        Self { ordinal, pod: None }
    }

    /// A pod by the number in its name. Another name is none of the set's.
    pub(super) fn of(set: &str, pod: Arc<Value>) -> Option<Self> {
        let name = pod.pointer("/metadata/name")?.as_str()?;
        let ordinal: u32 = name.strip_prefix(set)?.strip_prefix('-')?.parse().ok()?;
        Some(Self { ordinal: i64::from(ordinal), pod: Some(pod) })
    }

    /// The revision that its pod is of.
    pub(super) fn revision(&self) -> &str {
        let label = self.pod.as_ref().map(|pod| &pod["metadata"]["labels"][REVISION]);
        label.and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether it is not ready, not for long enough, or on its way out.
    pub(super) fn is_unavailable(&self, min_ready: i64, now: Timestamp) -> bool {
        self.pod.as_ref().is_none_or(|pod| !pod::is_available(pod, min_ready, now) || is_deleted(pod))
    }
}
