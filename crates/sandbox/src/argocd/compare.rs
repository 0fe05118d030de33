//! Comparing what an Application should deploy with what is there.

use super::{
    apply, charts,
    health::{self, Health},
    resource::{self, DEPLOYED, text},
};
use crate::{Key, Kind, Model};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What a comparison found.
#[derive(Debug)]
pub(super) struct Comparison {
    /// `Synced`, `OutOfSync` or `Unknown`.
    pub(super) sync: &'static str,
    /// The health of all.
    pub(super) health: Health,
    /// `status.resources`.
    pub(super) resources: Vec<Value>,
    /// The images of all pods.
    pub(super) images: BTreeSet<String>,
    /// Why the sources cannot be rendered.
    pub(super) error: Option<String>,
}

/// The cluster as a comparison sees it: as it is, or as it was when watches last brought something.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    /// The model.
    pub(super) model: &'a Model,
    /// Up to when changes are seen, if not up to now.
    pub(super) until: Option<Timestamp>,
}

impl Seen<'_> {
    fn get(&self, key: &Key) -> Option<&Arc<Value>> {
        match self.until {
            Some(until) => self.model.store.seen(key, until),
            None => self.model.get(key),
        }
    }
}

/// What an Application has deployed, wherever its tracking id is found in the namespace it deploys to.
pub(super) fn deployed(model: &Model, key: &Key, application: &Value) -> Vec<Key> {
    let namespace = text(application, "/spec/destination/namespace");
    let of_kind = |kind| model.list(kind, Some(namespace));
    let ours = |(object, value): &(&Key, &Arc<Value>)| resource::belongs_to(key, object, value);
    DEPLOYED.into_iter().flat_map(of_kind).filter(ours).map(|(object, _)| object.clone()).collect()
}

/// Compares an Application, with the sources that stand in it, with what is there.
pub(super) fn compare(seen: Seen<'_>, key: &Key, application: &Value) -> Comparison {
    let (manifests, error) = match charts::render(seen.model, application) {
        Ok(manifests) => (manifests, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let mut entries = BTreeMap::new();
    let mut healths = Vec::new();
    let mut is_synced = true;
    // A hook is not compared (`a_hook_that_hangs_in_our_operation_is_named`).
    for manifest in manifests.iter().filter(|manifest| resource::hooks(manifest).is_empty()) {
        let Some(object) = resource::key_of(manifest) else { continue };
        let live = seen.get(&object);
        let wanted = apply::wanted(key, &object, manifest);
        let same = live.is_some_and(|live| !apply::differs(application, &object, &wanted, live));
        is_synced &= same;
        healths.push(live.map_or(Some(Health::Missing), |live| health::of(object.kind, live)));
        let mut entry = resource::entry(&object);
        entry["status"] = json!(if same { "Synced" } else { "OutOfSync" });
        with_wave(&mut entry, manifest);
        entries.insert((resource::kind_order(object.kind), object), entry);
    }
    for object in deployed(seen.model, key, application) {
        let place = (resource::kind_order(object.kind), object);
        let Some(live) = seen.get(&place.1).filter(|_| !entries.contains_key(&place)) else { continue };
        let mut entry = resource::entry(&place.1);
        if !resource::hooks(live).is_empty() {
            entry["hook"] = json!(true);
        } else if error.is_some() {
            healths.push(health::of(place.1.kind, live));
            entry["status"] = json!("Unknown");
        } else {
            // What waits to be pruned does not count for the health (`health.go`).
            entry["status"] = json!("OutOfSync");
            entry["requiresPruning"] = json!(true);
            is_synced = false;
        }
        with_wave(&mut entry, live);
        entries.insert(place, entry);
    }
    let sync = match (&error, is_synced) {
        (Some(_), _) => "Unknown",
        (None, true) => "Synced",
        (None, false) => "OutOfSync",
    };
    let images = images(seen, application, entries.keys().map(|(_, object)| object));
    Comparison {
        sync,
        health: healths.into_iter().flatten().max().unwrap_or(Health::Healthy),
        resources: entries.into_values().collect(),
        images,
        error,
    }
}

fn with_wave(entry: &mut Value, object: &Value) {
    let wave = resource::wave(object);
    if wave != 0 {
        entry["syncWave"] = json!(wave);
    }
}

/// The images of the pods below what is deployed (`controller/cache/info.go`: pods only).
fn images<'a>(
    seen: Seen<'_>,
    application: &Value,
    objects: impl Iterator<Item = &'a Key>,
) -> BTreeSet<String> {
    let namespace = text(application, "/spec/destination/namespace");
    let workloads: BTreeSet<(Kind, &str)> = objects
        .filter(|object| matches!(object.kind, Kind::StatefulSet | Kind::Deployment | Kind::Job))
        .map(|object| (object.kind, object.name.as_str()))
        .collect();
    if workloads.is_empty() {
        return BTreeSet::new();
    }
    let owner = |object: &Value| {
        let owners = object.pointer("/metadata/ownerReferences")?.as_array()?;
        let owner = owners.first()?;
        Some((Kind::of(text(owner, "/apiVersion"), text(owner, "/kind"))?, text(owner, "/name").to_owned()))
    };
    let mut images = BTreeSet::new();
    for (_, pod) in seen.model.list(Kind::Pod, Some(namespace)) {
        let Some((mut kind, mut name)) = owner(pod) else { continue };
        if kind == Kind::ReplicaSet {
            let set = seen.model.get(&Key::new(kind, namespace, name));
            let Some(above) = set.and_then(|set| owner(set)) else { continue };
            (kind, name) = above;
        }
        if workloads.contains(&(kind, name.as_str())) {
            let containers = pod.pointer("/spec/containers").and_then(Value::as_array).into_iter().flatten();
            images.extend(containers.map(|container| text(container, "/image").to_owned()));
        }
    }
    images
}
