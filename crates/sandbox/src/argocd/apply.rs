//! Applying a manifest, as `kubectl apply` does it for Argo CD, and what the API server refuses.
//!
//! Server-side apply and dry runs are left out: no scenario of the testbed tells them apart.

use super::{
    merge::{Lists, merge},
    resource::{self, LAST_APPLIED, TRACKING, annotate, annotation, key_of, spoken, text},
};
use crate::{Key, Kind, Model};
use serde_json::{Value, json};

/// Who writes what Argo CD deploys.
const MANAGER: &str = "argocd-controller";

/// A manifest as an Application wants it: with its tracking id.
pub(super) fn wanted(application: &Key, key: &Key, manifest: &Value) -> Value {
    let mut wanted = manifest.clone();
    annotate(&mut wanted, TRACKING, &resource::tracking_id(application, key));
    wanted
}

/// What an object becomes when the manifest is applied to it.
fn applied(key: &Key, wanted: &Value, live: &Value) -> Value {
    // kubectl knows no merge keys of custom resources (docs/measured.md, Parents).
    let lists = if key.kind.group() == "argoproj.io" { Lists::Replaced } else { Lists::Strategic };
    merged(wanted, live, lists)
}

fn merged(wanted: &Value, live: &Value, lists: Lists) -> Value {
    let last = annotation(live, LAST_APPLIED).and_then(|last| serde_json::from_str(last).ok());
    merge(&last.unwrap_or(Value::Null), wanted, live, lists)
}

/// Applies a manifest that has its tracking id; says what kubectl would say of it.
///
/// # Errors
/// What the API server answers instead.
pub(super) fn apply(model: &mut Model, wanted: &Value, replace: bool) -> Result<String, String> {
    let Some(key) = key_of(wanted) else {
        return Err("the server could not find the requested resource".to_owned());
    };
    let Some(live) = model.get(&key).cloned() else {
        refuse_namespace(model, &key)?;
        let mut object = wanted.clone();
        remember(&mut object, wanted);
        model.create(object, MANAGER);
        return Ok(format!("{} created", spoken(&key)));
    };
    let mut new = if replace { replaced(&key, wanted, &live) } else { applied(&key, wanted, &live) };
    if !replace {
        remember(&mut new, wanted);
    }
    refuse_change(&key, &live, &new)?;
    let is_changed = model.update(&key, MANAGER, |object| *object = new);
    let done = match (is_changed, replace) {
        (true, true) => "replaced",
        (true, false) => "configured",
        (false, _) => "unchanged",
    };
    Ok(format!("{} {done}", spoken(&key)))
}

fn remember(object: &mut Value, wanted: &Value) {
    annotate(object, LAST_APPLIED, &wanted.to_string());
}

/// With `Replace=true` nothing stays that the manifest does not say (`argocd_rules::owners`), but for what the API server
/// keeps itself. Applications have no status of their own at the API server, so theirs goes as well (docs/measured.md,
/// Patches).
fn replaced(key: &Key, wanted: &Value, live: &Value) -> Value {
    let mut new = wanted.clone();
    for field in
        ["uid", "creationTimestamp", "generation", "resourceVersion", "managedFields", "deletionTimestamp"]
    {
        if let Some(value) = live["metadata"].get(field) {
            new["metadata"][field] = value.clone();
        }
    }
    if key.kind.group() != "argoproj.io"
        && let Some(status) = live.get("status")
    {
        new["status"] = status.clone();
    }
    new
}

fn refuse_namespace(model: &Model, key: &Key) -> Result<(), String> {
    if !key.kind.is_namespaced() {
        return Ok(());
    }
    let Some(namespace) = model.get(&Key::new(Kind::Namespace, "", key.namespace.as_str())) else {
        return Err(format!("namespaces \"{}\" not found", key.namespace));
    };
    if namespace["metadata"]["deletionTimestamp"].is_null() {
        return Ok(());
    }
    let group = if key.kind.group().is_empty() { String::new() } else { format!(".{}", key.kind.group()) };
    Err(format!(
        "{}{group} \"{}\" is forbidden: unable to create new content in namespace {} because it is being terminated",
        key.kind.plural(),
        key.name,
        key.namespace
    ))
}

/// What may never change, in the API server's words (`a_source_that_failed_is_not_tried_again_and_a_condition_says_so`,
/// `a_workload_that_the_api_server_refuses_is_named_at_once_although_argo_cd_tries_again`).
fn refuse_change(key: &Key, old: &Value, new: &Value) -> Result<(), String> {
    let name = &key.name;
    let differs = |field: &str, default: &Value| {
        let value = |object: &Value| object["spec"].get(field).cloned().unwrap_or_else(|| default.clone());
        value(old) != value(new)
    };
    match key.kind {
        Kind::StatefulSet => {
            let fixed = [
                ("podManagementPolicy", json!("OrderedReady")),
                ("serviceName", json!("")),
                ("selector", Value::Null),
                ("volumeClaimTemplates", Value::Null),
            ];
            if fixed.iter().any(|(field, default)| differs(field, default)) {
                return Err(format!(
                    "StatefulSet.apps \"{name}\" is invalid: spec: Forbidden: updates to statefulset spec for fields \
                     other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', \
                     'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
                ));
            }
        }
        Kind::Deployment if differs("selector", &Value::Null) => {
            let selector = &new["spec"]["selector"];
            return Err(format!(
                "Deployment.apps \"{name}\" is invalid: spec.selector: Invalid value: {selector}: field is immutable"
            ));
        }
        Kind::Job if differs("template", &Value::Null) => {
            return Err(format!("Job.batch \"{name}\" is invalid: spec.template: field is immutable"));
        }
        _ => {}
    }
    Ok(())
}

/// Whether an object differs from what an Application wants of it, but for what `spec.ignoreDifferences` names.
///
/// Argo CD compares the items of a list of the same length one by one, those of custom resources too, and does not see what
/// others added to one
/// (`a_parent_application_overlooks_what_is_added_to_one_of_several_sources_and_wipes_it_at_its_next_sync`).
pub(super) fn differs(application: &Value, key: &Key, wanted: &Value, live: &Value) -> bool {
    let mut merged = merged(wanted, live, Lists::Strategic);
    let mut ignored = ignored(application, key).peekable();
    if ignored.peek().is_none() {
        return merged != *live;
    }
    let mut live = live.clone();
    for pointer in ignored {
        remove(&mut merged, pointer);
        remove(&mut live, pointer);
    }
    merged != live
}

/// With `RespectIgnoreDifferences=true` what is ignored is not applied either (docs/measured.md, Parents).
pub(super) fn respect_ignored(application: &Value, key: &Key, wanted: &mut Value, live: &Value) {
    for pointer in ignored(application, key) {
        remove(wanted, pointer);
        let Some((parent, field)) = pointer.rsplit_once('/') else { continue };
        if let Some(value) = live.pointer(pointer)
            && let Some(parent) = wanted.pointer_mut(parent).and_then(Value::as_object_mut)
        {
            parent.insert(field.to_owned(), value.clone());
        }
    }
}

fn ignored<'a>(application: &'a Value, key: &'a Key) -> impl Iterator<Item = &'a str> {
    let rules =
        application.pointer("/spec/ignoreDifferences").and_then(Value::as_array).into_iter().flatten();
    let is_about = |rule: &&Value| {
        let name = text(rule, "/name");
        text(rule, "/group") == key.kind.group()
            && text(rule, "/kind") == key.kind.name()
            && (name.is_empty() || name == key.name)
    };
    rules
        .filter(is_about)
        .flat_map(|rule| rule.get("jsonPointers").and_then(Value::as_array).into_iter().flatten())
        .filter_map(Value::as_str)
}

fn remove(object: &mut Value, pointer: &str) {
    let Some((parent, field)) = pointer.rsplit_once('/') else { return };
    if let Some(parent) = object.pointer_mut(parent).and_then(Value::as_object_mut) {
        parent.remove(field);
    }
}
