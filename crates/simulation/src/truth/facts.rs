//! The facts of one tenant at one moment, and what they show.

use crate::book::{Tenant, owners};
use release::{
    proof::Proof,
    service::{Service, WorkloadKind},
};
use sandbox::{Kind, Model};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What the objects of a tenant say.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Facts {
    /// Its Application.
    pub(crate) application: Option<ApplicationFacts>,
    workloads: BTreeMap<(WorkloadKind, String), WorkloadFacts>,
}

/// What an Application says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ApplicationFacts {
    /// Which object it is.
    pub(crate) uid: String,
    /// `source` or `sources` of its spec.
    pub(crate) sources: Value,
    /// The same as Argo CD compared it last.
    compared: Value,
    /// Whether it is being deleted: what stands in it goes with it.
    pub(crate) is_going: bool,
    /// Its annotations in our name: by service, who owns it.
    pub(crate) owners: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, PartialEq)]
struct WorkloadFacts {
    replicas: u64,
    partition: u64,
    /// Whether somebody has to delete each pod that is to be replaced.
    on_delete: bool,
    /// Containers of its template and their images.
    images: BTreeMap<String, String>,
    pods: BTreeMap<String, PodFacts>,
}

#[derive(Debug, Clone, PartialEq)]
struct PodFacts {
    going: bool,
    ready: bool,
    /// Containers and their images, and the digests that they run.
    images: BTreeMap<String, (String, String)>,
}

/// What Ringway claims of a tenant.
pub(crate) struct Claimed<'a> {
    /// How far it is proven.
    pub(crate) proof: Proof,
    /// The services that it is about.
    pub(crate) services: Vec<&'a Service>,
    /// What it should run.
    pub(crate) expectation: Expectation<'a>,
}

/// What a tenant should run.
pub(crate) enum Expectation<'a> {
    /// Images of a service by their names: the reference, and the digests that count.
    Released(BTreeMap<String, (String, BTreeSet<String>)>),
    /// Nothing of a ring any more.
    Restored(&'a dyn Fn(&str) -> Known),
}

/// What is known of an image that remains after a cleanup.
pub(crate) struct Known {
    /// Whether it is one that was to be taken back.
    pub(crate) is_taken_back: bool,
    /// What it ever stood for.
    pub(crate) digests: BTreeSet<String>,
}

impl Facts {
    /// Reads the objects of a tenant.
    pub(crate) fn read(model: &Model, tenant: &Tenant) -> Self {
        let application = model.get(&tenant.application).map(|object| ApplicationFacts::read(object));
        let mut workloads = BTreeMap::new();
        for (kind, of) in
            [(Kind::StatefulSet, WorkloadKind::StatefulSet), (Kind::Deployment, WorkloadKind::Deployment)]
        {
            for (key, object) in model.list(kind, Some(&tenant.namespace)) {
                workloads.insert((of, key.name.clone()), WorkloadFacts::read(object));
            }
        }
        let mut facts = Self { application, workloads };
        for (key, pod) in model.list(Kind::Pod, Some(&tenant.namespace)) {
            if !has_ended(pod)
                && let Some(owner) = owner_of(model, &tenant.namespace, pod)
                && let Some(workload) = facts.workloads.get_mut(&owner)
            {
                workload.pods.insert(key.name.clone(), PodFacts::read(pod));
            }
        }
        facts
    }

    /// Whether they show what is claimed.
    ///
    /// # Errors
    /// What they show instead.
    pub(crate) fn show(&self, claimed: &Claimed<'_>) -> Result<(), String> {
        if claimed.proof == Proof::Observed {
            let application = self.application.as_ref().ok_or("its Application does not exist")?;
            return application.is_compared();
        }
        for service in &claimed.services {
            for place in service.applications.iter().flat_map(|application| &application.overrides) {
                for workload in &place.workloads {
                    let expected = claimed.expectation.of(&place.image);
                    let name = (workload.kind, workload.name.clone());
                    let object = format!("{} {}", workload.kind.as_str(), workload.name);
                    let found = match (self.workloads.get(&name), &claimed.expectation) {
                        (Some(found), _) => found,
                        // The charts may have lost it.
                        (None, Expectation::Restored(_)) => continue,
                        (None, Expectation::Released(_)) => return Err(format!("{object} does not exist")),
                    };
                    found
                        .shows(claimed.proof, &workload.container, expected.as_ref(), &claimed.expectation)
                        .map_err(|lack| format!("{object} {lack}"))?;
                }
            }
        }
        Ok(())
    }

    /// Whether all pods are there, are ready and run what their workloads say.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.workloads.values().all(|workload| {
            let all = workload.pods.values();
            workload.pods.len() as u64 == workload.replicas
                && all.into_iter().all(|pod| {
                    let runs = |(name, image): (&String, &String)| {
                        pod.images.get(name).is_some_and(|(found, _)| found == image)
                    };
                    pod.ready && !pod.going && workload.images.iter().all(runs)
                })
        })
    }

    /// Whether some workload of a service replaces pods when its template changes.
    pub(crate) fn may_get_new_pods(&self, service: &Service) -> bool {
        self.of(service).any(|workload| workload.replicas > workload.partition)
    }

    /// Whether some workload of a service replaces only pods that somebody deletes.
    pub(crate) fn waits_for_somebody(&self, service: &Service) -> bool {
        self.of(service).any(|workload| workload.on_delete && workload.replicas > workload.partition)
    }

    fn of(&self, service: &Service) -> impl Iterator<Item = &WorkloadFacts> {
        let places = service.applications.iter().flat_map(|application| &application.overrides);
        let workloads = places.flat_map(|place| &place.workloads);
        workloads.filter_map(|workload| self.workloads.get(&(workload.kind, workload.name.clone())))
    }

    /// Whether every workload of a service is to have a pod that can prove something.
    pub(crate) fn can_be_looked_into(&self, service: &Service) -> bool {
        let places = service.applications.iter().flat_map(|application| &application.overrides);
        let mut workloads = places.flat_map(|place| &place.workloads);
        workloads.all(|workload| {
            let found = self.workloads.get(&(workload.kind, workload.name.clone()));
            found.is_some_and(|found| found.replicas > found.partition)
        })
    }
}

impl Expectation<'_> {
    fn of(&self, image: &str) -> Option<(String, BTreeSet<String>)> {
        match self {
            Self::Released(images) => images.get(image).cloned(),
            Self::Restored(_) => None,
        }
    }
}

impl ApplicationFacts {
    fn read(object: &Value) -> Self {
        let text =
            |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let sources = |of: &str| {
            let of = object.pointer(of).unwrap_or(&Value::Null);
            serde_json::json!([of["source"], of["sources"]])
        };
        Self {
            uid: text("/metadata/uid"),
            is_going: !text("/metadata/deletionTimestamp").is_empty(),
            sources: sources("/spec"),
            compared: sources("/status/sync/comparedTo"),
            owners: owners(object),
        }
    }

    fn is_compared(&self) -> Result<(), String> {
        // Argo CD writes into `comparedTo` what it compared, without parts that are empty.
        if trimmed(&self.sources) == trimmed(&self.compared) {
            return Ok(());
        }
        Err(format!("its Application says {} but Argo CD compared {}", self.sources, self.compared))
    }
}

/// A value without nulls and empty parts.
fn trimmed(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().map(|(key, value)| (key.clone(), trimmed(value)));
            Value::Object(kept.filter(|(_, value)| !is_empty(value)).collect())
        }
        Value::Array(list) => {
            let kept = list.iter().map(trimmed);
            Value::Array(kept.map(|value| if is_empty(&value) { Value::Null } else { value }).collect())
        }
        other => other.clone(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.iter().all(is_empty),
        _ => false,
    }
}

impl WorkloadFacts {
    fn read(object: &Value) -> Self {
        let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_u64);
        let containers = object.pointer("/spec/template/spec/containers").and_then(Value::as_array);
        Self {
            replicas: number("/spec/replicas").unwrap_or(1),
            partition: number("/spec/updateStrategy/rollingUpdate/partition").unwrap_or(0),
            on_delete: object.pointer("/spec/updateStrategy/type").is_some_and(|kind| kind == "OnDelete"),
            images: containers
                .into_iter()
                .flatten()
                .map(|container| (text(container, "name"), text(container, "image")))
                .collect(),
            pods: BTreeMap::new(),
        }
    }

    fn shows(
        &self,
        proof: Proof,
        container: &str,
        expected: Option<&(String, BTreeSet<String>)>,
        expectation: &Expectation<'_>,
    ) -> Result<(), String> {
        let image = self.images.get(container).ok_or_else(|| format!("has no container {container}"))?;
        if let Some((reference, _)) = expected.filter(|(reference, _)| image != reference) {
            return Err(format!("is to run {image}, not {reference}"));
        }
        if let Expectation::Restored(known) = expectation
            && known(image).is_taken_back
        {
            return Err(format!("still is to run {image}"));
        }
        if proof <= Proof::Applied {
            return Ok(());
        }
        let digests = match expectation {
            Expectation::Released(_) => expected.map(|(_, digests)| digests.clone()).unwrap_or_default(),
            Expectation::Restored(known) => known(image).digests,
        };
        let staying: Vec<(&String, &PodFacts)> = self.pods.iter().filter(|(_, pod)| !pod.going).collect();
        let new =
            staying.iter().filter(|(_, pod)| pod.images.get(container).is_some_and(|(is, _)| is == image));
        let done: Vec<_> = new
            .filter(|(_, pod)| pod.ready)
            .filter(|(_, pod)| {
                let digest = pod.images.get(container).map(|(_, digest)| digest);
                proof < Proof::DigestVerified || digest.is_some_and(|digest| digests.contains(digest))
            })
            .collect();
        let wanted = self.replicas.saturating_sub(self.partition);
        if done.len() as u64 >= wanted && (self.partition > 0 || staying.len() as u64 == wanted) {
            return Ok(());
        }
        let pods: Vec<String> = self.pods.iter().map(|(name, pod)| format!("{name} {pod:?}")).collect();
        Err(format!(
            "has {} of {wanted} pods that run {image} ({digests:?}) and are ready: {}",
            done.len(),
            pods.join("; ")
        ))
    }
}

impl PodFacts {
    fn read(pod: &Value) -> Self {
        let list = |pointer: &str| pod.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
        let digest = |name: &str| {
            let status = list("/status/containerStatuses").find(|status| status["name"] == name);
            let id = status.map(|status| text(status, "imageID")).unwrap_or_default();
            id.find("sha256:").and_then(|at| id.get(at..)).unwrap_or_default().to_owned()
        };
        Self {
            going: !pod["metadata"]["deletionTimestamp"].is_null(),
            ready: list("/status/conditions")
                .any(|condition| condition["type"] == "Ready" && condition["status"] == "True"),
            images: list("/spec/containers")
                .map(|container| {
                    let name = text(container, "name");
                    let digest = digest(&name);
                    (name, (text(container, "image"), digest))
                })
                .collect(),
        }
    }
}

/// Whether a pod runs nothing any more, such as one that was evicted: its object stays for people to look at.
fn has_ended(pod: &Value) -> bool {
    matches!(pod.pointer("/status/phase").and_then(Value::as_str), Some("Failed" | "Succeeded"))
}

/// The workload that a pod belongs to.
fn owner_of(model: &Model, namespace: &str, pod: &Value) -> Option<(WorkloadKind, String)> {
    let owner = controller(pod)?;
    let name = text(owner, "name");
    match owner["kind"].as_str()? {
        "StatefulSet" => Some((WorkloadKind::StatefulSet, name)),
        "ReplicaSet" => {
            let replica_set = model.get(&sandbox::Key::new(Kind::ReplicaSet, namespace, name))?;
            Some((WorkloadKind::Deployment, text(controller(replica_set)?, "name")))
        }
        _ => None,
    }
}

fn controller(object: &Value) -> Option<&Value> {
    let owners = object.pointer("/metadata/ownerReferences")?.as_array()?;
    owners.iter().find(|owner| owner["controller"] == true)
}

fn text(object: &Value, field: &str) -> String {
    object[field].as_str().unwrap_or_default().to_owned()
}
