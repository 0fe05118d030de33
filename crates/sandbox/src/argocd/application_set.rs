//! Argo CD's ApplicationSet controller: makes Applications from a list and a template, and takes changes of them back.
//!
//! It does so within tens of milliseconds (docs/measured.md, ApplicationSets: 18 to 31), by a merge patch from what it
//! found to what it wants, both without the fields that it is told to ignore. Shown by `argocd_rules::owners` and `refusals::owner`.
//!
//! Left out: generators other than `list`, Go templates, `templatePatch`, most of jq, progressive syncs. A set that uses
//! another generator or Go templates is not touched. Applications of a deleted set are the garbage collector's.

mod ignored;
mod template;

#[cfg(test)]
mod tests;

use super::normalize;
use crate::{Key, Kind, Model, agenda::Controller, store::Change};
use serde_json::{Map, Value, json};

/// Who writes.
const MANAGER: &str = "argocd-applicationset-controller";

/// Annotations that stay although the template does not have them (facts 2.1).
const PRESERVED: [&str; 3] =
    ["notified.notifications.argoproj.io", "argocd.argoproj.io/refresh", "argocd.argoproj.io/hydrate"];

/// Lets the controller notice a change of a set, or of what a set decides in one of its Applications.
pub(crate) fn wake(model: &mut Model, change: &Change) {
    let set = match change.key.kind {
        Kind::ApplicationSet if change.new.is_some() => Some(change.key.clone()),
        Kind::Application if concerns(change) => {
            let found = change.new.as_ref().or(change.old.as_ref());
            found.and_then(|found| owner(found)).map(|name| change.key.beside(Kind::ApplicationSet, name))
        }
        _ => None,
    };
    if let Some(set) = set {
        let delay = model.about(model.timing.informer);
        model.later(delay, Controller::ArgocdApplicationSet, set);
    }
}

/// Status and operations do not concern a set.
fn concerns(change: &Change) -> bool {
    let (Some(old), Some(new)) = (&change.old, &change.new) else { return true };
    const FIELDS: [&str; 4] = ["/spec", "/metadata/labels", "/metadata/annotations", "/metadata/finalizers"];
    FIELDS.iter().any(|field| old.pointer(field) != new.pointer(field))
}

/// The name of the ApplicationSet that made an Application.
fn owner(application: &Value) -> Option<&str> {
    let owners = application.pointer("/metadata/ownerReferences")?.as_array()?;
    let is_set = |owner: &&Value| owner["kind"] == Kind::ApplicationSet.name() && owner["controller"] == true;
    owners.iter().find(is_set)?["name"].as_str()
}

/// Puts the Applications of an ApplicationSet back.
pub(crate) fn reconcile(model: &mut Model, key: &Key) {
    let Some(set) = model.get(key).cloned() else { return };
    if set.pointer("/metadata/deletionTimestamp").is_some() {
        return;
    }
    let Some(wanted) = template::applications(&set) else { return };
    let policy = set.pointer("/spec/syncPolicy/applicationsSync").and_then(Value::as_str).unwrap_or("sync");
    for application in &wanted {
        let name = application["metadata"]["name"].as_str().unwrap_or_default();
        let child = key.beside(Kind::Application, name);
        match model.get(&child).cloned() {
            None => make(model, &set, application),
            Some(found) if owner(&found) != Some(key.name.as_str()) => {}
            Some(_) if matches!(policy, "create-only" | "create-delete") => {}
            Some(found) => put_back(model, &set, &child, &found, application),
        }
    }
    if matches!(policy, "sync" | "create-delete") {
        remove_others(model, key, &wanted);
    }
}

fn make(model: &mut Model, set: &Value, wanted: &Value) {
    let mut application = wanted.clone();
    application["metadata"]["ownerReferences"] = owner_references(set);
    model.create(application, MANAGER);
}

fn owner_references(set: &Value) -> Value {
    json!([{
        "apiVersion": Kind::ApplicationSet.api_version(),
        "kind": Kind::ApplicationSet.name(),
        "name": set["metadata"]["name"],
        "uid": set["metadata"]["uid"],
        "controller": true,
        "blockOwnerDeletion": true,
    }])
}

fn put_back(model: &mut Model, set: &Value, key: &Key, found: &Value, wanted: &Value) {
    let mut desired = found.clone();
    desired["spec"] = wanted["spec"].clone();
    let metadata = &mut desired["metadata"];
    metadata["ownerReferences"] = owner_references(set);
    for field in ["labels", "annotations", "finalizers"] {
        metadata[field] = wanted["metadata"].get(field).cloned().unwrap_or(Value::Null);
    }
    for field in ["annotations", "labels"] {
        preserve(&mut desired, set, found, field);
    }
    let mut live = found.clone();
    let name = key.name.as_str();
    for object in [&mut live, &mut desired] {
        ignored::remove(object, set, name);
        tidy(object);
    }
    let patch = difference(&live, &desired);
    if patch.as_object().is_some_and(|patch| !patch.is_empty()) {
        model.update(key, MANAGER, |application| apply(application, &patch));
    }
}

/// Puts back what a set preserves of what it would take away.
fn preserve(desired: &mut Value, set: &Value, found: &Value, field: &str) {
    let listed = set.pointer(&format!("/spec/preservedFields/{field}")).and_then(Value::as_array);
    let listed = listed.into_iter().flatten().filter_map(Value::as_str);
    let always = if field == "annotations" { PRESERVED.as_slice() } else { &[] };
    for key in listed.chain(always.iter().copied()) {
        if let Some(value) = found["metadata"][field].get(key) {
            desired["metadata"][field][key] = value.clone();
        }
    }
}

/// What Go leaves out is no difference: empty maps and lists of the metadata, and what Argo CD normalizes.
fn tidy(application: &mut Value) {
    let changes = normalize::changes(&application["spec"]);
    normalize::write(&changes, &mut application["spec"]);
    if let Some(metadata) = application["metadata"].as_object_mut() {
        metadata.retain(|_, value| !is_empty(value));
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// The merge patch that makes `new` of `old`: lists as a whole, null for what goes.
fn difference(old: &Value, new: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (old, new) else { return new.clone() };
    let mut patch = Map::new();
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    for (key, value) in new {
        match old.get(key) {
            Some(before) if before == value => {}
            Some(before) => drop(patch.insert(key.clone(), difference(before, value))),
            None => drop(patch.insert(key.clone(), value.clone())),
        }
    }
    Value::Object(patch)
}

/// Applies a merge patch (RFC 7396).
fn apply(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(target) = target.as_object_mut() else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            apply(target.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

/// Deletes the Applications that the list does not have any more.
fn remove_others(model: &mut Model, key: &Key, wanted: &[Value]) {
    let is_other = |name: &str| wanted.iter().all(|wanted| wanted["metadata"]["name"] != name);
    let others: Vec<Key> = model
        .list(Kind::Application, Some(&key.namespace))
        .filter(|(child, found)| owner(found) == Some(key.name.as_str()) && is_other(&child.name))
        .map(|(child, _)| child.clone())
        .collect();
    for child in others {
        model.delete(&child);
    }
}
