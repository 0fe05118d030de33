//! The tasks of an operation: what is applied, run as a hook, or pruned, and in which order.

use super::{
    apply,
    compare::deployed,
    resource::{self, key_of, text},
};
use crate::{Key, Kind, Model};
use serde_json::{Value, json};

/// The phases of an operation, in order. Hooks for failures and deletion are left out: no scenario has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    PreSync,
    Sync,
    PostSync,
}

impl Phase {
    /// As Argo CD writes it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::PreSync => "PreSync",
            Self::Sync => "Sync",
            Self::PostSync => "PostSync",
        }
    }

    fn of(hook: &str) -> Option<Self> {
        [Self::PreSync, Self::Sync, Self::PostSync].into_iter().find(|phase| phase.name() == hook)
    }
}

/// Something to do to one object.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) phase: Phase,
    pub(super) wave: i64,
    pub(super) key: Key,
    /// The manifest with its tracking id; `None` to prune what is there.
    pub(super) wanted: Option<Value>,
    pub(super) is_hook: bool,
}

impl Task {
    /// When it is its turn.
    pub(super) fn place(&self) -> (Phase, i64) {
        (self.phase, self.wave)
    }

    /// Whether a result is of this task.
    pub(super) fn is_of(&self, result: &Value) -> bool {
        text(result, "/group") == self.key.kind.group()
            && text(result, "/kind") == self.key.kind.name()
            && text(result, "/namespace") == self.key.namespace
            && text(result, "/name") == self.key.name
            && text(result, "/syncPhase") == self.phase.name()
    }

    /// What a message calls its object.
    pub(super) fn spoken(&self) -> String {
        format!("{}/{}/{}", self.key.kind.group(), self.key.kind.name(), self.key.name)
    }
}

/// The tasks of an operation in their order.
///
/// # Errors
/// A result for each manifest that cannot be applied at all.
pub(super) fn of(
    model: &Model,
    key: &Key,
    application: &Value,
    manifests: &[Value],
    sync: &Value,
) -> Result<Vec<Task>, Vec<Value>> {
    let mut tasks = Vec::new();
    let mut invalid = Vec::new();
    for manifest in manifests {
        match key_of(manifest).filter(|key| !key.kind.is_namespaced() || !key.namespace.is_empty()) {
            Some(object) => add(&mut tasks, key, object, manifest),
            None => invalid.push(unknown(manifest)),
        }
    }
    if !invalid.is_empty() {
        return Err(invalid);
    }
    let last = tasks.iter().filter(|task| task.phase == Phase::Sync).map(|task| task.wave).max().unwrap_or(0);
    for object in deployed(model, key, application) {
        let is_wanted = tasks.iter().any(|task| task.key == object);
        let is_hook = model.get(&object).is_some_and(|live| !resource::hooks(live).is_empty());
        if !is_wanted && !is_hook {
            tasks.push(Task { phase: Phase::Sync, wave: last, key: object, wanted: None, is_hook: false });
        }
    }
    let selected = sync["resources"].as_array().filter(|selected| !selected.is_empty());
    if let Some(selected) = selected {
        // Only some resources: no hooks then (docs/measured.md, Operations).
        tasks.retain(|task| !task.is_hook && selected.iter().any(|entry| is_selected(entry, &task.key)));
    }
    tasks.extend(namespace(model, application, sync));
    tasks.sort_by(|left, right| {
        let order = |task: &Task| (task.place(), resource::kind_order(task.key.kind));
        (order(left), &left.key).cmp(&(order(right), &right.key))
    });
    Ok(tasks)
}

fn add(tasks: &mut Vec<Task>, key: &Key, object: Key, manifest: &Value) {
    let wave = resource::wave(manifest);
    let hooks = resource::hooks(manifest);
    let wanted = apply::wanted(key, &object, manifest);
    if hooks.is_empty() {
        tasks.push(Task { phase: Phase::Sync, wave, key: object, wanted: Some(wanted), is_hook: false });
        return;
    }
    for phase in hooks.into_iter().filter_map(Phase::of) {
        tasks.push(Task { phase, wave, key: object.clone(), wanted: Some(wanted.clone()), is_hook: true });
    }
}

/// With `CreateNamespace=true` the namespace is made before everything else, if it is not there.
fn namespace(model: &Model, application: &Value, sync: &Value) -> Option<Task> {
    let name = text(application, "/spec/destination/namespace");
    let key = Key::new(Kind::Namespace, "", name);
    if name.is_empty() || !has_option(sync, "CreateNamespace=true") || model.get(&key).is_some() {
        return None;
    }
    let wanted = json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": { "name": name, "labels": { "kubernetes.io/metadata.name": name } },
        "spec": { "finalizers": ["kubernetes"] }, "status": { "phase": "Active" },
    });
    Some(Task { phase: Phase::PreSync, wave: 0, key, wanted: Some(wanted), is_hook: false })
}

/// Whether an operation has a sync option, such as `Replace=true`.
pub(super) fn has_option(sync: &Value, option: &str) -> bool {
    sync["syncOptions"].as_array().is_some_and(|options| options.iter().any(|known| known == option))
}

fn is_selected(entry: &Value, key: &Key) -> bool {
    let namespace = text(entry, "/namespace");
    text(entry, "/group") == key.kind.group()
        && text(entry, "/kind") == key.kind.name()
        && text(entry, "/name") == key.name
        && (namespace.is_empty() || namespace == key.namespace)
}

/// The result of a manifest of a kind that the API does not have, or without the namespace that it needs.
fn unknown(manifest: &Value) -> Value {
    let (version, kind) = (text(manifest, "/apiVersion"), text(manifest, "/kind"));
    let (namespace, name) = (text(manifest, "/metadata/namespace"), text(manifest, "/metadata/name"));
    let (group, short) = version.split_once('/').unwrap_or(("", version));
    let message = if key_of(manifest).is_some() {
        format!("Namespace for {name} {version}, Kind={kind} is missing.")
    } else {
        format!(
            "The Kubernetes API could not find {group}/{kind} for requested resource {namespace}/{name}. Make sure the \
             \"{kind}\" CRD is installed on the destination cluster."
        )
    };
    json!({
        "group": group, "version": short, "kind": kind, "namespace": namespace, "name": name,
        "status": "SyncFailed", "message": message, "syncPhase": "Sync",
    })
}
