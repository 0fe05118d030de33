//! `status.history`: what was deployed when.

use super::comparing::MANAGER;
use crate::{Key, Model, kubernetes};
use serde_json::{Value, json};

/// How many entries are kept if the Application says nothing.
const KEPT: u64 = 10;

/// Adds an operation that succeeded. One of some resources only is not written down (docs/measured.md, Operations).
pub(super) fn add(model: &mut Model, key: &Key, state: &Value) {
    let is_whole = state["operation"]["sync"]["resources"].as_array().is_none_or(Vec::is_empty);
    if state["phase"] != "Succeeded" || !is_whole {
        return;
    }
    let now = kubernetes::time(model.now());
    model.update(key, MANAGER, |application| {
        let kept = application["spec"]["revisionHistoryLimit"].as_u64().unwrap_or(KEPT);
        let mut history = application["status"]["history"].as_array().cloned().unwrap_or_default();
        let id = history.last().and_then(|last| last["id"].as_u64()).map_or(0, |id| id + 1);
        let mut entry = json!({
            "id": id, "deployStartedAt": state["startedAt"], "deployedAt": now,
            "initiatedBy": state["operation"]["initiatedBy"],
        });
        for field in ["source", "sources", "revision", "revisions"] {
            if let Some(value) = state["syncResult"].get(field) {
                entry[field] = value.clone();
            }
        }
        history.push(entry);
        let surplus = history.len().saturating_sub(usize::try_from(kept).unwrap_or(usize::MAX));
        history.drain(..surplus);
        if application["status"].is_object() {
            application["status"]["history"] = Value::Array(history);
        }
    });
}
