//! The ReplicaSets of a Deployment: one for each template that it has or had.

use super::{
    super::{
        object::{self, number, text, time},
        pod,
    },
    DESIRED, Deployment, MAXIMUM, REVISION, TEMPLATE,
};
use crate::{Key, Kind, Model};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

/// A ReplicaSet, with the size that this look has given it so far.
pub(super) struct Set {
    pub(super) key: Key,
    pub(super) object: Arc<Value>,
    pub(super) replicas: i64,
}

impl Set {
    fn of(key: Key, object: Arc<Value>) -> Self {
        Self { key, replicas: number(&object, "/spec/replicas").unwrap_or(1), object }
    }

    pub(super) fn status(&self, field: &str) -> i64 {
        self.object["status"][field].as_i64().unwrap_or(0)
    }

    pub(super) fn annotation(&self, name: &str) -> Option<i64> {
        self.object["metadata"]["annotations"][name].as_str()?.parse().ok()
    }

    fn revision(&self) -> i64 {
        self.annotation(REVISION).unwrap_or(0)
    }

    /// Older ones first.
    pub(super) fn age(&self) -> (Option<Timestamp>, &str) {
        (time(&self.object, "/metadata/creationTimestamp"), &self.key.name)
    }

    /// Gives it another size.
    pub(super) fn scale(&mut self, model: &mut Model, deployment: &Deployment, replicas: i64) {
        self.replicas = replicas;
        let sizes = sizes(deployment);
        model.update(&self.key, object::CONTROLLERS, |set| {
            set["spec"]["replicas"] = json!(replicas);
            for (name, size) in sizes {
                set["metadata"]["annotations"][name] = json!(size.to_string());
            }
        });
    }
}

fn sizes(deployment: &Deployment) -> [(&'static str, i64); 2] {
    [(DESIRED, deployment.replicas), (MAXIMUM, deployment.replicas.saturating_add(deployment.surge))]
}

/// The ReplicaSets of a Deployment.
pub(super) struct Sets {
    /// The one of its present template.
    pub(super) new: Option<Set>,
    /// All others, oldest first.
    pub(super) old: Vec<Set>,
}

impl Sets {
    pub(super) fn read(model: &Model, deployment: &Deployment) -> Self {
        let owned = object::owned(model, &deployment.key, &deployment.object, Kind::ReplicaSet);
        let mut old: Vec<Set> = owned.into_iter().map(|(key, object)| Set::of(key, object)).collect();
        old.sort_by(|one, other| one.age().cmp(&other.age()));
        let wanted = &deployment.object["spec"]["template"];
        let place = old.iter().position(|set| without_hash(&set.object["spec"]["template"]) == *wanted);
        let new = place.map(|place| old.remove(place));
        Self { new, old }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Set> {
        self.old.iter().chain(&self.new)
    }

    /// How many pods they are all to have.
    pub(super) fn wanted(&self) -> i64 {
        self.all().map(|set| set.replicas).sum()
    }

    /// A counter of the status of all.
    pub(super) fn total(&self, field: &str) -> i64 {
        self.all().map(|set| set.status(field)).sum()
    }

    /// Whether the Deployment was scaled since its ReplicaSets were (`isScalingEvent`).
    pub(super) fn are_of_another_scale(&self, deployment: &Deployment) -> bool {
        let mut active = self.all().filter(|set| set.replicas > 0);
        active.any(|set| set.annotation(DESIRED).is_some_and(|desired| desired != deployment.replicas))
    }

    /// Whether pods of an older template are still there, even on their way out.
    pub(super) fn have_old_pods(&self, model: &Model) -> bool {
        self.old.iter().any(|set| {
            let pods = pod::owned(model, &set.key, &set.object);
            set.status("replicas") > 0 || pods.iter().any(|(_, pod)| !pod::has_ended(pod))
        })
    }

    /// Gives the ReplicaSet of the present template the highest number, and the Deployment the same. One that was there
    /// before gets a new number: a cleanup returns to the ReplicaSet of the old image.
    pub(super) fn number(&mut self, model: &mut Model, deployment: &mut Deployment) {
        let next = self.next_revision();
        let Some(new) = &mut self.new else { return };
        let revision = new.revision().max(next);
        if revision != new.revision()
            || number(&new.object, "/spec/minReadySeconds").unwrap_or(0) != deployment.min_ready
        {
            model.update(&new.key, object::CONTROLLERS, |set| {
                set["metadata"]["annotations"][REVISION] = json!(revision.to_string());
                set["spec"]["minReadySeconds"] = json!(deployment.min_ready);
            });
        }
        if deployment.progressing().is_none() {
            let message = format!("Found new replica set {:?}", new.key.name);
            deployment.say_progress(model, "True", "FoundNewReplicaSet", &message);
        }
        deployment.set_revision(model, revision);
    }

    /// As [`Self::number`], and makes the ReplicaSet of a new template.
    pub(super) fn number_or_make(&mut self, model: &mut Model, deployment: &mut Deployment) {
        if self.new.is_some() {
            self.number(model, deployment);
            return;
        }
        let revision = self.next_revision();
        let replicas = match deployment.is_recreate {
            true => deployment.replicas,
            false => (deployment.replicas + deployment.surge - self.wanted()).clamp(0, deployment.replicas),
        };
        let Some(set) = make(model, deployment, revision, replicas) else { return };
        let message = format!("Created new replica set {:?}", set.key.name);
        self.new = Some(set);
        deployment.say_progress(model, "True", "NewReplicaSetCreated", &message);
        deployment.set_revision(model, revision);
    }

    fn next_revision(&self) -> i64 {
        self.old.iter().map(Set::revision).max().unwrap_or(0) + 1
    }

    /// Removes the oldest ReplicaSets without pods beyond `revisionHistoryLimit` (`cleanupDeployment`).
    pub(super) fn forget(&self, model: &mut Model, deployment: &Deployment) {
        let Ok(limit) = usize::try_from(deployment.history) else { return };
        let mut old: Vec<&Set> = self.old.iter().collect();
        old.sort_by_key(|set| set.revision());
        for set in old.iter().take(old.len().saturating_sub(limit)) {
            if set.replicas == 0 && set.status("replicas") == 0 {
                model.delete(&set.key);
            }
        }
    }
}

fn make(model: &mut Model, deployment: &Deployment, revision: i64, replicas: i64) -> Option<Set> {
    let object = &deployment.object;
    let mut template = object["spec"]["template"].clone();
    let hash = object::hash(&template);
    template["metadata"]["labels"][TEMPLATE] = json!(hash);
    let mut selector = object["spec"]["selector"].clone();
    selector["matchLabels"][TEMPLATE] = json!(hash);
    let key = deployment.replica_set_key(&hash);
    let mut annotations = inherited(object);
    annotations[REVISION] = json!(revision.to_string());
    for (name, size) in sizes(deployment) {
        annotations[name] = json!(size.to_string());
    }
    let set = json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": key.name, "namespace": key.namespace,
            "labels": template["metadata"]["labels"], "annotations": annotations,
            "ownerReferences": object::owner_references(&deployment.key, object),
        },
        "spec": {
            "replicas": replicas, "minReadySeconds": deployment.min_ready, "selector": selector,
            "template": template,
        },
    });
    let key = object::create(model, set)?;
    let object = model.get(&key)?.clone();
    Some(Set::of(key, object))
}

/// The annotations that a ReplicaSet takes over from its Deployment.
fn inherited(deployment: &Value) -> Value {
    let own = ["kubectl.kubernetes.io/last-applied-configuration", REVISION, DESIRED, MAXIMUM];
    let mut annotations = json!({});
    for (name, value) in deployment["metadata"]["annotations"].as_object().into_iter().flatten() {
        if !own.contains(&name.as_str()) {
            annotations[name] = value.clone();
        }
    }
    annotations
}

/// A ReplicaSet's template as the Deployment had it.
fn without_hash(template: &Value) -> Value {
    let mut template = template.clone();
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove(TEMPLATE);
    }
    template
}

/// The name of the newest ReplicaSet as conditions say it, or the Deployment's own.
pub(super) fn named(sets: &Sets, deployment: &Deployment) -> String {
    match &sets.new {
        Some(new) => format!("ReplicaSet {:?}", text(&new.object, "/metadata/name")),
        None => format!("Deployment {:?}", deployment.key.name),
    }
}
