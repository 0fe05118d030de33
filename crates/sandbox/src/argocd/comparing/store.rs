//! What a comparison writes into the status of its Application. Only the comparison's own fields: the state of an
//! operation is written by the operation.

use super::{MANAGER, REFRESH};
use crate::{
    Key, Model,
    argocd::{
        condition,
        memory::{Found, Level},
        resource::annotation,
    },
    kubernetes,
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Stores what was found.
pub(super) fn store(
    model: &mut Model,
    key: &Key,
    found: Found,
    level: Level,
    seen: &Value,
    began_at: Timestamp,
) {
    let now = kubernetes::time(model.now());
    let types = found.comparison.error.is_none().then(|| found.sources.types());
    model.update(key, MANAGER, |application| {
        let status = status_of(application);
        status["sync"] = sync(&found, seen);
        set_health(status, found.comparison.health.name(), &now);
        status["resources"] = Value::Array(found.comparison.resources);
        let images = found.comparison.images;
        status["summary"] = if images.is_empty() { json!({}) } else { json!({ "images": images }) };
        status["controllerNamespace"] = json!(super::super::resource::NAMESPACE);
        if let Some(fields) = status.as_object_mut() {
            fields.remove("sourceType");
            fields.remove("sourceTypes");
        }
        if let Some(types) = types {
            found.sources.write_types(&types, status);
        }
        // A comparison because of a deployed object does not count as one of the sources (docs/measured.md, Operations).
        if level == Level::Latest || status["reconciledAt"].is_null() {
            status["reconciledAt"] = json!(kubernetes::time(began_at));
        }
        let error = found.comparison.error.map(|error| ("ComparisonError", error));
        condition::set(
            status,
            &["ComparisonError", "InvalidSpecError"],
            &error.into_iter().collect::<Vec<_>>(),
            &now,
        );
        if let Some(error) = found.sync_error {
            let error = error.map(|error| ("SyncError", error));
            condition::set(status, &["SyncError"], &error.into_iter().collect::<Vec<_>>(), &now);
        }
        remove_refresh(application, seen);
    });
}

/// The Application names no project that exists, or no source: nothing is compared.
pub(super) fn store_invalid(model: &mut Model, key: &Key, seen: &Value) {
    let message = match super::project::of(model, seen) {
        Err(message) => message,
        Ok(_) => {
            "spec.source.repoURL and either spec.source.path or spec.source.chart are required".to_owned()
        }
    };
    let now = kubernetes::time(model.now());
    model.update(key, MANAGER, |application| {
        let status = status_of(application);
        if !status["sync"].is_object() {
            status["sync"] = json!({});
        }
        status["sync"]["status"] = json!("Unknown");
        set_health(status, "Unknown", &now);
        condition::set(status, &["InvalidSpecError"], &[("InvalidSpecError", message)], &now);
        remove_refresh(application, seen);
    });
}

/// The status of an Application, made if it has none.
fn status_of(application: &mut Value) -> &mut Value {
    if !application["status"].is_object() {
        application["status"] = json!({});
    }
    &mut application["status"]
}

fn sync(found: &Found, seen: &Value) -> Value {
    let mut compared = json!({ "destination": seen["spec"]["destination"] });
    found.sources.write_both(&mut compared);
    if let Some(ignored) = seen["spec"]["ignoreDifferences"].as_array().filter(|ignored| !ignored.is_empty())
    {
        compared["ignoreDifferences"] = json!(ignored);
    }
    let mut sync = json!({ "status": found.comparison.sync, "comparedTo": compared });
    found.sources.write_revisions(found.revisions.clone(), &mut sync);
    sync
}

fn set_health(status: &mut Value, health: &str, now: &str) {
    if status["health"]["status"] != health {
        status["health"] = json!({ "status": health, "lastTransitionTime": now });
    }
}

/// A request that came during the comparison stays, and is answered by the next one. One that was there already is
/// removed, even if somebody wrote it again meanwhile (docs/measured.md, Operations).
fn remove_refresh(application: &mut Value, seen: &Value) {
    if annotation(seen, REFRESH).is_some()
        && let Some(annotations) =
            application.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut)
    {
        annotations.remove(REFRESH);
    }
}
