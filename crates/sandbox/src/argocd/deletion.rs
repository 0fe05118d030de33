//! Deleting an Application: what it deployed goes first.

use super::{automation::is_set, compare::deployed, comparing::MANAGER, project};
use crate::{Key, Model, agenda::Controller};
use serde_json::Value;
use std::time::Duration;

/// Lets the deletion of an Application be served if it was asked for.
pub(super) fn serve(model: &mut Model, key: &Key, application: &Value) {
    if is_set(&application["metadata"]["deletionTimestamp"]) && holds(application) {
        model.later(Duration::ZERO, Controller::ArgocdDeletion, key.clone());
    }
}

/// Deletes what an Application deployed, and lets it go when nothing of that is left. Without its project nothing is
/// removed (`failures::operation`, `Project`).
pub(super) fn reconcile(model: &mut Model, key: &Key) {
    let Some(application) = model.get(key).cloned() else { return };
    if !is_set(&application["metadata"]["deletionTimestamp"]) || project::of(model, &application).is_err() {
        return;
    }
    let left = deployed(model, key, &application);
    for object in &left {
        let asked = model.get(object).is_some_and(|object| is_set(&object["metadata"]["deletionTimestamp"]));
        if !asked {
            model.delete(object);
        }
    }
    // What is held by finalizers of its own tells us when it is gone.
    if left.iter().any(|object| model.get(object).is_some()) {
        return;
    }
    model.update(key, MANAGER, |application| {
        if let Some(held) = application.pointer_mut("/metadata/finalizers").and_then(Value::as_array_mut) {
            held.retain(|finalizer| !is_ours(finalizer));
        }
    });
}

fn holds(application: &Value) -> bool {
    application["metadata"]["finalizers"].as_array().is_some_and(|held| held.iter().any(is_ours))
}

/// Whether a finalizer asks Argo CD to delete what was deployed.
fn is_ours(finalizer: &Value) -> bool {
    finalizer.as_str().is_some_and(|name| {
        name == "resources-finalizer.argocd.argoproj.io"
            || name.starts_with("resources-finalizer.argocd.argoproj.io/")
    })
}
