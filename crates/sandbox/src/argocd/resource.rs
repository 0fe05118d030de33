//! What Argo CD reads from an object that it deploys: which Application it belongs to, its wave, whether it is a hook.
//!
//! Annotations only. Tracking by label is left out: no scenario of the testbed uses it.

use crate::{Key, Kind};
use serde_json::{Value, json};

/// The namespace that Argo CD and its Applications live in.
pub(super) const NAMESPACE: &str = "argocd";

/// Says which Application an object belongs to, as `APPLICATION:GROUP/KIND:NAMESPACE/NAME`.
pub(super) const TRACKING: &str = "argocd.argoproj.io/tracking-id";

/// The manifest that was applied last, for the next three-way merge.
pub(super) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Kinds that an Application can deploy.
pub(super) const DEPLOYED: [Kind; 11] = [
    Kind::ServiceAccount,
    Kind::Secret,
    Kind::ConfigMap,
    Kind::Service,
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::Job,
    Kind::PodDisruptionBudget,
    Kind::AppProject,
    Kind::Application,
    Kind::ApplicationSet,
];

/// A text of an object; empty if it is not there.
pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// An annotation of an object.
pub(super) fn annotation<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get("metadata")?.get("annotations")?.get(name)?.as_str()
}

/// Writes an annotation.
pub(super) fn annotate(object: &mut Value, name: &str, value: &str) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
        if !annotations.is_object() {
            *annotations = json!({});
        }
        annotations[name] = json!(value);
    }
}

/// What an object is found by, if the model knows its kind.
pub(super) fn key_of(object: &Value) -> Option<Key> {
    let kind = Kind::of(text(object, "/apiVersion"), text(object, "/kind"))?;
    let namespace = if kind.is_namespaced() { text(object, "/metadata/namespace") } else { "" };
    Some(Key::new(kind, namespace, text(object, "/metadata/name")))
}

/// The name of an Application in tracking ids: those outside Argo CD's own namespace carry theirs.
pub(super) fn instance_of(application: &Key) -> String {
    if application.namespace == NAMESPACE {
        application.name.clone()
    } else {
        format!("{}_{}", application.namespace, application.name)
    }
}

/// The tracking id of an object of an Application.
pub(super) fn tracking_id(application: &Key, object: &Key) -> String {
    let (group, kind) = (object.kind.group(), object.kind.name());
    format!("{}:{group}/{kind}:{}/{}", instance_of(application), object.namespace, object.name)
}

/// Whether an object is deployed by an Application. A copy that somebody made of such an object is not: its tracking id
/// names the original.
pub(super) fn belongs_to(application: &Key, key: &Key, object: &Value) -> bool {
    annotation(object, TRACKING).is_some_and(|id| id == tracking_id(application, key))
}

/// The Application that an object says it is deployed by.
pub(super) fn owner(object: &Value) -> Option<Key> {
    let instance = annotation(object, TRACKING)?.split(':').next()?;
    let (namespace, name) = instance.split_once('_').unwrap_or((NAMESPACE, instance));
    Some(Key::new(Kind::Application, namespace, name))
}

/// The wave of an object: lower ones are applied first (`failures::operation`: the cache in wave -1).
pub(super) fn wave(object: &Value) -> i64 {
    let wave = annotation(object, "argocd.argoproj.io/sync-wave");
    wave.and_then(|wave| wave.parse().ok()).unwrap_or(0)
}

/// The phases that an object is a hook in; empty if it is none.
pub(super) fn hooks(object: &Value) -> Vec<&str> {
    let hooks = annotation(object, "argocd.argoproj.io/hook").unwrap_or_default();
    hooks.split(',').map(str::trim).filter(|hook| !hook.is_empty()).collect()
}

/// The place of a kind in a wave (gitops-engine `sync_tasks.go`: kinds that others need come first).
pub(super) fn kind_order(kind: Kind) -> usize {
    let order = [
        Kind::Namespace,
        Kind::PodDisruptionBudget,
        Kind::ServiceAccount,
        Kind::Secret,
        Kind::ConfigMap,
        Kind::Service,
        Kind::Pod,
        Kind::ReplicaSet,
        Kind::Deployment,
        Kind::StatefulSet,
        Kind::Job,
    ];
    order.iter().position(|known| *known == kind).unwrap_or(order.len())
}

/// `group`, `version`, `kind`, `namespace` and `name`, as lists of resources say them. What is empty is left out.
pub(super) fn entry(key: &Key) -> Value {
    let mut entry = json!({ "version": key.kind.version(), "kind": key.kind.name(), "name": key.name });
    if !key.kind.group().is_empty() {
        entry["group"] = json!(key.kind.group());
    }
    if !key.namespace.is_empty() {
        entry["namespace"] = json!(key.namespace);
    }
    entry
}

/// Such as `statefulset.apps/atlas`, as kubectl calls an object.
pub(super) fn spoken(key: &Key) -> String {
    let kind = key.kind.name().to_lowercase();
    match key.kind.group() {
        "" => format!("{kind}/{}", key.name),
        group => format!("{kind}.{group}/{}", key.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_belongs_to_the_application_that_its_tracking_id_names() {
        let application = Key::new(Kind::Application, "argocd", "alpha");
        let mut set = json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": { "name": "atlas", "namespace": "tenant-alpha" },
        });
        let key = key_of(&set).unwrap();
        assert!(!belongs_to(&application, &key, &set));
        annotate(&mut set, TRACKING, &tracking_id(&application, &key));
        assert_eq!(annotation(&set, TRACKING), Some("alpha:apps/StatefulSet:tenant-alpha/atlas"));
        assert!(belongs_to(&application, &key, &set));
        assert_eq!(owner(&set), Some(application.clone()));
        let copy = Key::new(Kind::StatefulSet, "tenant-alpha", "copy");
        assert!(!belongs_to(&application, &copy, &set));
        assert_eq!(spoken(&key), "statefulset.apps/atlas");
    }
}
