//! What goes with something else: dependents with their owner, objects with their namespace.
//!
//! Only the namespace of a change is looked through, and only for kinds that the owner's kind can own: with ten thousand
//! tenants nothing may look at all objects. Deletion that leaves the dependents behind (`--cascade=orphan`) is left out.
//!
//! Shown by `an_application_that_was_created_again_is_refused_until_it_is_cleaned_up` and, for namespaces, by every scenario
//! that removes its tenants; see docs/measured.md, Workloads.

#[cfg(test)]
mod tests;

use super::object::{self, is_deleted, text};
use crate::{Key, Kind, Model, agenda::Controller, store::Change};
use serde_json::{Value, json};

/// The finalizer of an object that waits for its dependents; Argo CD deletes with it.
const FOREGROUND: &str = "foregroundDeletion";

/// An owner that is gone or waits for its dependents, a namespace that is to go or has lost an object.
pub(super) fn wake(model: &mut Model, change: &Change) {
    let key = &change.key;
    match (&change.new, key.kind) {
        (Some(namespace), Kind::Namespace) if is_deleted(namespace) => later(model, key.clone()),
        (Some(owner), _) if waits(owner) => later(model, key.clone()),
        (None, _) => {
            if !dependents(key.kind).is_empty() {
                later(model, key.clone());
            }
            wake_owner(model, change);
            let namespace = Key::new(Kind::Namespace, "", key.namespace.clone());
            if key.kind.is_namespaced()
                && model.get(&namespace).is_some_and(|namespace| is_deleted(namespace))
            {
                later(model, namespace);
            }
        }
        _ => {}
    }
}

/// An owner may wait for the object that is gone.
fn wake_owner(model: &mut Model, change: &Change) {
    let Some(owner) = change.old.as_ref().and_then(|object| object::controller(object)) else { return };
    let owner = change.key.beside(owner.kind, owner.name);
    if model.get(&owner).is_some_and(|owner| waits(owner)) {
        later(model, owner);
    }
}

fn later(model: &mut Model, key: Key) {
    let around = model.timing.informer.saturating_add(model.timing.controller);
    let delay = model.about(around);
    model.later(delay, Controller::GarbageCollector, key);
}

/// Removes what is to go.
pub(super) fn reconcile(model: &mut Model, key: &Key) {
    if key.kind == Kind::Namespace {
        empty(model, key);
        return;
    }
    let owner = model.get(key).cloned();
    let uid = owner.as_ref().map(|owner| text(owner, "/metadata/uid"));
    let is_waiting = owner.as_ref().is_some_and(|owner| waits(owner));
    let mut left = 0_usize;
    for kind in dependents(key.kind) {
        for dependent in dependents_of(model, key, *kind, uid.filter(|_| !is_waiting)) {
            left += 1;
            remove(model, &dependent, is_waiting);
        }
    }
    if is_waiting && left == 0 {
        model.update(key, object::CONTROLLERS, |owner| {
            if let Some(finalizers) = owner.pointer_mut("/metadata/finalizers").and_then(Value::as_array_mut)
            {
                finalizers.retain(|finalizer| finalizer != FOREGROUND);
            }
        });
    }
}

/// Deletes a dependent. One whose owner waits for it waits for its own dependents in turn: a Deployment that is deleted
/// in the foreground goes after its last pod.
fn remove(model: &mut Model, dependent: &Key, waits: bool) {
    if model.get(dependent).is_none_or(|object| is_deleted(object)) {
        return;
    }
    if waits && !dependents(dependent.kind).is_empty() {
        model.update(dependent, object::CONTROLLERS, |object| {
            let finalizers = &mut object["metadata"]["finalizers"];
            match finalizers.as_array_mut() {
                Some(finalizers) => finalizers.push(json!(FOREGROUND)),
                None => *finalizers = json!([FOREGROUND]),
            }
        });
    }
    model.delete(dependent);
}

/// What can own what.
fn dependents(owner: Kind) -> &'static [Kind] {
    match owner {
        Kind::StatefulSet => &[Kind::Pod, Kind::ControllerRevision],
        Kind::Deployment => &[Kind::ReplicaSet],
        Kind::ReplicaSet | Kind::Job => &[Kind::Pod],
        Kind::ApplicationSet => &[Kind::Application],
        _ => &[],
    }
}

/// The dependents of an owner, without those of a new owner of the same name.
fn dependents_of(model: &Model, key: &Key, kind: Kind, living: Option<&str>) -> Vec<Key> {
    let is_meant = |object: &Value| {
        object::controller(object).is_some_and(|owner| {
            owner.kind == key.kind && owner.name == key.name && Some(owner.uid) != living
        })
    };
    let all = model.list(kind, Some(&key.namespace)).filter(|(_, object)| is_meant(object));
    all.map(|(key, _)| key.clone()).collect()
}

/// Whether an object waits for its dependents.
fn waits(object: &Value) -> bool {
    let finalizers = object.pointer("/metadata/finalizers").and_then(Value::as_array);
    is_deleted(object)
        && finalizers.is_some_and(|finalizers| finalizers.iter().any(|finalizer| finalizer == FOREGROUND))
}

/// Deletes everything in a namespace, and the namespace when nothing is left.
fn empty(model: &mut Model, key: &Key) {
    if !model.get(key).is_some_and(|namespace| is_deleted(namespace)) {
        return;
    }
    model.update(key, object::CONTROLLERS, |namespace| namespace["status"]["phase"] = json!("Terminating"));
    let kinds = Kind::ALL.into_iter().filter(|kind| kind.is_namespaced());
    let within: Vec<Key> =
        kinds.flat_map(|kind| model.list(kind, Some(&key.name)).map(|(key, _)| key.clone())).collect();
    if within.is_empty() {
        model.remove(key);
        return;
    }
    for key in within {
        if model.get(&key).is_some_and(|object| !is_deleted(object)) {
            model.delete(&key);
        }
    }
}
