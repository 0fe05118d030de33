//! Automated sync: whether a comparison asks for an operation (`controller/appcontroller.go`: `autoSync`).

use super::{compare::Comparison, comparing::MANAGER, resource::text, retry, source::Sources};
use crate::{Key, Model};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;

/// The longest pause between two attempts of self-heal.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Asks for an operation if one is needed. Returns what the condition `SyncError` must say.
pub(super) fn begin(
    model: &mut Model,
    key: &Key,
    seen: &Value,
    sources: &Sources,
    found: &Comparison,
    revisions: &[String],
) -> Option<String> {
    if !is_automated(seen) || is_set(&seen["operation"]) || is_set(&seen["metadata"]["deletionTimestamp"]) {
        return None;
    }
    let automated = &seen["spec"]["syncPolicy"]["automated"];
    if found.sync != "OutOfSync" {
        return None;
    }
    let prune = automated["prune"] == json!(true);
    let wants_pruning = |entry: &&Value| entry["requiresPruning"] == json!(true);
    let out_of_sync: Vec<&Value> =
        found.resources.iter().filter(|entry| entry["status"] == "OutOfSync").collect();
    if !prune && out_of_sync.iter().all(wants_pruning) {
        return None;
    }
    let mut sync = request(seen, sources, revisions, prune);
    if let Some(phase) = attempted(seen, sources, revisions) {
        if phase != "Succeeded" {
            let message = text(seen, "/status/operationState/message");
            return Some(format!("Failed last sync attempt to [{}]: {message}", revisions.join(",")));
        }
        if automated["selfHeal"] != json!(true) {
            return None;
        }
        let attempts = seen.pointer("/status/operationState/operation/sync/autoHealAttemptsCount");
        let attempts = attempts.and_then(Value::as_u64).unwrap_or(0);
        if let Some(at) = heal_at(seen, attempts).filter(|at| *at > model.now()) {
            model.argocd.memory.applications.entry(key.clone()).or_default().heal_at = Some(at);
            return None;
        }
        sync["autoHealAttemptsCount"] = json!(attempts + 1);
        sync["resources"] = out_of_sync.iter().map(|entry| selected(entry)).collect();
    }
    let is_wiped =
        found.resources.iter().filter(|entry| entry["hook"].is_null()).all(|entry| wants_pruning(&entry));
    if prune && automated["allowEmpty"] != json!(true) && is_wiped {
        let revisions = revisions.join(",");
        return Some(format!(
            "Skipping sync attempt to [{revisions}]: auto-sync will wipe out all resources"
        ));
    }
    let operation = json!({ "initiatedBy": { "automated": true }, "retry": retry::of(seen), "sync": sync });
    // `argo.SetAppOperation` reads the Application anew, and forgets the last operation's state with the same write.
    if model.get(key).is_some_and(|now| !is_set(&now["operation"])) {
        model.update(key, MANAGER, |application| {
            application["operation"] = operation;
            if let Some(status) = application.get_mut("status").and_then(Value::as_object_mut) {
                status.remove("operationState");
            }
        });
    }
    None
}

/// Whether a field is there and not `null`.
pub(super) fn is_set(value: &Value) -> bool {
    !value.is_null()
}

fn is_automated(application: &Value) -> bool {
    let automated = &application["spec"]["syncPolicy"]["automated"];
    automated.is_object() && automated["enabled"] != json!(false)
}

fn request(seen: &Value, sources: &Sources, revisions: &[String], prune: bool) -> Value {
    let mut sync = json!({});
    sources.write(&mut sync);
    sources.write_revisions(revisions.to_vec(), &mut sync);
    if prune {
        sync["prune"] = json!(true);
    }
    let options = &seen["spec"]["syncPolicy"]["syncOptions"];
    if is_set(options) {
        sync["syncOptions"] = options.clone();
    }
    sync
}

fn selected(entry: &Value) -> Value {
    let mut selected = entry.clone();
    if let Some(fields) = selected.as_object_mut() {
        fields.retain(|field, _| matches!(field.as_str(), "group" | "kind" | "name" | "namespace"));
    }
    selected
}

/// The phase of the last operation if it tried the same sources at the same revisions
/// (`a_source_that_failed_is_not_tried_again_and_a_condition_says_so`; one that was taken out by hand counts as well:
/// `an_operation_whose_request_was_taken_out_says_that_it_runs_until_the_source_changes`).
fn attempted<'a>(seen: &'a Value, sources: &Sources, revisions: &[String]) -> Option<&'a str> {
    let state = seen["status"]["operationState"].as_object()?;
    let phase = state.get("phase")?.as_str()?;
    let Some(result) = state.get("syncResult").filter(|result| is_set(result)) else {
        // It ended without having begun: nothing is known, and it is not tried again.
        return matches!(phase, "Succeeded" | "Failed" | "Error").then_some(phase);
    };
    let mut now = json!({});
    sources.write_revisions(revisions.to_vec(), &mut now);
    let same = Sources::of(result).as_ref() == Some(sources)
        && ["revision", "revisions"].iter().all(|field| now.get(field) == result.get(*field));
    same.then_some(phase)
}

/// When self-heal may put the same things back once more: after 2 s, and three times as long each further time.
fn heal_at(seen: &Value, attempts: u64) -> Option<Timestamp> {
    let ended: Timestamp = text(seen, "/status/operationState/finishedAt").parse().ok()?;
    let exponent = u32::try_from(attempts.checked_sub(1)?).unwrap_or(u32::MAX);
    let pause = Duration::from_secs(2).saturating_mul(3_u32.saturating_pow(exponent)).min(LONGEST_PAUSE);
    ended.checked_add(SignedDuration::try_from(pause).ok()?).ok()
}
