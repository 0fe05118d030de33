//! Argo CD: what its controllers do to Applications and to what they deploy.
//!
//! The application controller compares Applications (`comparing`), asks for operations (`automation`) and runs them
//! (`operation`, `sync`). What it decides by is in the Applications; what it keeps in memory (`memory`) is lost when it
//! restarts. `docs/argocd-rules.md` lists the rules that were seen on a real Argo CD, each with its test.
//!
//! Left out, because no scenario shows it: shards, server-side apply, the hydrator, cluster-scoped resources, plugins.

mod application_set;
mod apply;
mod automation;
pub mod charts;
mod compare;
mod comparing;
mod condition;
mod deletion;
pub mod fault;
mod health;
mod history;
mod memory;
mod merge;
mod normalize;
mod operation;
mod project;
pub mod repositories;
mod resource;
mod retry;
mod source;
mod sync;
mod task;
#[cfg(test)]
mod tests;
mod window;

use crate::{Key, Kind, Model, agenda::Controller, store::Change};
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// What Argo CD keeps in memory, what its repositories hold, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Argocd {
    /// What Applications are deployed from.
    pub repositories: repositories::Repositories,
    /// What is wrong with the application controller.
    pub(crate) faults: fault::Faults,
    memory: memory::Memory,
}

/// Makes what an installed Argo CD has: its namespace, its settings, the project `default` (`testbed/config`).
pub(crate) fn install(model: &mut Model) {
    let part_of = json!({ "app.kubernetes.io/part-of": "argocd" });
    let project = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject",
        "metadata": { "name": "default", "namespace": resource::NAMESPACE },
        "spec": {
            "sourceRepos": ["*"], "destinations": [{ "server": "*", "namespace": "*" }],
            "clusterResourceWhitelist": [{ "group": "*", "kind": "*" }],
        },
    });
    let settings = ["argocd-cm", "argocd-rbac-cm"].map(|name| {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "data": {},
            "metadata": { "name": name, "namespace": resource::NAMESPACE, "labels": part_of },
        })
    });
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": resource::NAMESPACE },
        "spec": { "finalizers": ["kubernetes"] }, "status": { "phase": "Active" },
    });
    for object in [namespace, project].into_iter().chain(settings) {
        model.create(object, "kubectl-create");
    }
}

/// Does what is due.
pub(crate) fn reconcile(model: &mut Model, controller: Controller, key: &Key) {
    if controller == Controller::ArgocdApplicationSet {
        application_set::reconcile(model, key);
        return;
    }
    if fault::holds_back(model, controller, key) {
        return;
    }
    match controller {
        Controller::ArgocdCompare => comparing::reconcile(model, key),
        Controller::ArgocdOperation => operation::reconcile(model, key),
        Controller::ArgocdDeletion => deletion::reconcile(model, key),
        _ => {}
    }
}

/// Lets the controllers notice a change, after the delay of their caches.
pub(crate) fn wake(model: &mut Model, change: &Change) {
    application_set::wake(model, change);
    if change.key.kind == Kind::Application {
        let is_overlooked = fault::overlooks(model, change);
        let stale = change.old.clone().filter(|_| is_overlooked);
        if stale.is_some() || model.argocd.memory.applications.contains_key(&change.key) {
            model.argocd.memory.applications.entry(change.key.clone()).or_default().stale = stale;
        }
        if !is_overlooked {
            notice(model, &change.key);
        }
    }
    if resource::DEPLOYED.contains(&change.key.kind) && matters(change) {
        let objects = [&change.old, &change.new].into_iter().flatten();
        let owners: BTreeSet<Key> = objects.filter_map(|object| resource::owner(object)).collect();
        for owner in owners {
            comparing::deployed_changed(model, &owner);
            let delay = model.about(model.timing.informer);
            operation::request(model, &owner, delay);
        }
    }
}

/// Looks at an Application that is new, changed or gone.
fn notice(model: &mut Model, key: &Key) {
    let delay = model.about(model.timing.informer);
    comparing::request(model, key, delay, None);
    let delay = model.about(model.timing.informer);
    operation::request(model, key, delay);
}

/// Whether a change of what is deployed can change a comparison: the status of what has no health cannot.
fn matters(change: &Change) -> bool {
    let (Some(old), Some(new)) = (&change.old, &change.new) else { return true };
    if matches!(change.key.kind, Kind::StatefulSet | Kind::Deployment | Kind::Job) {
        return true;
    }
    let without_status = |object: &Arc<Value>| {
        let mut object = Value::clone(object);
        if let Some(fields) = object.as_object_mut() {
            fields.retain(|field, _| !matches!(field.as_str(), "status" | "operation"));
        }
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.retain(|field, _| {
                !matches!(field.as_str(), "resourceVersion" | "generation" | "managedFields")
            });
        }
        object
    };
    without_status(old) != without_status(new)
}

impl Model {
    /// As [`Model::about`], for what gets slow when Argo CD is slow.
    fn slowed(&mut self, around: Duration) -> Duration {
        self.about(around).saturating_mul(self.argocd.faults.slowness.max(1))
    }
}
