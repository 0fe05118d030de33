//! A model with one tenant, and short texts for what its objects say.

use super::object::{is_deleted, text};
use super::pod;
use crate::{Key, Kind, Model};
use jiff::SignedDuration;
use serde_json::{Value, json};

/// The namespace of the tenant.
pub(super) const NAMESPACE: &str = "tenant-a";

/// A model with one tenant.
pub(super) struct World {
    pub(super) model: Model,
}

impl World {
    pub(super) fn new() -> Self {
        Self { model: Model::new(7, "2026-11-23T12:00:00Z".parse().unwrap()) }
    }

    pub(super) fn create(&mut self, object: Value) -> Key {
        self.model.create(object, "test").expect("there is one already")
    }

    /// A StatefulSet `atlas` with these settings, rolled out with image 1.0.0.
    pub(super) fn stateful_set(&mut self, settings: &Value) -> Key {
        let key = self.create(workload("StatefulSet", settings));
        self.pass(30);
        key
    }

    /// A Deployment `atlas` with these settings, rolled out with image 1.0.0.
    pub(super) fn deployment(&mut self, settings: &Value) -> Key {
        let key = self.create(workload("Deployment", settings));
        self.pass(30);
        key
    }

    /// Lets seconds pass.
    pub(super) fn pass(&mut self, seconds: i64) {
        self.model.advance(self.model.now() + SignedDuration::from_secs(seconds));
    }

    pub(super) fn set(&mut self, key: &Key, pointer: &str, value: Value) {
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        self.model.update(key, "test", |object| match object.pointer_mut(parent).unwrap() {
            Value::Array(items) => items[field.parse::<usize>().unwrap()] = value,
            parent => parent[field] = value,
        });
    }

    /// Gives a workload another tag.
    pub(super) fn release(&mut self, key: &Key, tag: &str) {
        self.set(key, "/spec/template/spec/containers/0/image", json!(image(tag)));
    }

    pub(super) fn get(&self, key: &Key) -> Value {
        self.model.get(key).map_or(Value::Null, |object| Value::clone(object))
    }

    pub(super) fn pod(&self, name: &str) -> Value {
        self.get(&Key::new(Kind::Pod, NAMESPACE, name))
    }

    pub(super) fn delete_pod(&mut self, name: &str) {
        self.model.delete(&Key::new(Kind::Pod, NAMESPACE, name));
    }

    /// The StatefulSet's pods in one line: `atlas-0 1.0.0 ready`.
    pub(super) fn pods(&self) -> String {
        let pods = self.model.list(Kind::Pod, Some(NAMESPACE));
        pods.map(|(key, pod)| format!("{} {}", key.name, says(pod))).collect::<Vec<_>>().join(", ")
    }

    /// As [`Self::pods`], for pods whose names are made up: sorted, without names.
    pub(super) fn nameless(&self) -> String {
        let mut pods: Vec<String> =
            self.model.list(Kind::Pod, Some(NAMESPACE)).map(|(_, pod)| says(pod)).collect();
        pods.sort();
        pods.join(", ")
    }

    /// How something looks during some seconds, each look once.
    pub(super) fn watch(&mut self, seconds: i64, look: impl Fn(&Self) -> String) -> Vec<String> {
        let end = self.model.now() + SignedDuration::from_secs(seconds);
        let mut seen = vec![look(self)];
        while let Some(next) = self.model.next_event().filter(|next| *next <= end) {
            self.model.advance(next);
            let now = look(self);
            if seen.last() != Some(&now) {
                seen.push(now);
            }
        }
        self.model.advance(end);
        seen
    }
}

/// A StatefulSet or Deployment `atlas` as small as the testbed's charts have it.
pub(super) fn workload(kind: &str, settings: &Value) -> Value {
    let mut object = json!({
        "apiVersion": "apps/v1", "kind": kind,
        "metadata": { "name": "atlas", "namespace": NAMESPACE },
        "spec": {
            "replicas": 2, "selector": { "matchLabels": { "app": "atlas" } }, "serviceName": "atlas",
            "template": {
                "metadata": { "labels": { "app": "atlas" } },
                "spec": { "containers": [{ "name": "atlas", "image": image("1.0.0") }] },
            },
        },
    });
    for (field, value) in settings.as_object().into_iter().flatten() {
        object["spec"][field] = value.clone();
    }
    object
}

/// An image of a registry that the model does not have: it can be pulled whatever its tag says.
pub(super) fn image(tag: &str) -> String {
    format!("registry.example.com/atlas:{tag}")
}

fn says(pod: &Value) -> String {
    let image = text(pod, "/spec/containers/0/image");
    let tag = image.rsplit(':').next().unwrap_or_default();
    let waiting = text(pod, "/status/containerStatuses/0/state/waiting/reason");
    let state = match text(pod, "/status/phase") {
        _ if is_deleted(pod) => "ending",
        "Failed" => "failed",
        "Succeeded" => "succeeded",
        _ if pod::is_ready(pod) => "ready",
        _ if !waiting.is_empty() => waiting,
        "Pending" => "pending",
        _ => "unready",
    };
    format!("{tag} {state}")
}
