//! What there is in the fleet, and what happens to some of its tenants.

use super::Scene;
use crate::command::demo::tenants::namespace;
use sandbox::{
    Kind,
    workload::{Behaviour, behave},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

impl Scene {
    /// What is in the Applications: their specs, and what Ringway has written beside them.
    pub(in super::super) fn specs(&self) -> BTreeMap<String, String> {
        self.sandbox.with(|model| {
            let applications = model.list(Kind::Application, None);
            applications.map(|(key, application)| (key.name.clone(), spec(application))).collect()
        })
    }

    /// The images that the pods of the service run in these tenants, one for each pod.
    pub(in super::super) fn pods_of(&self, tenants: &[String]) -> Vec<String> {
        self.sandbox.with(|model| {
            let pods = tenants.iter().flat_map(|tenant| {
                let namespace = namespace(tenant);
                let images: Vec<String> = model
                    .list(Kind::Pod, Some(&namespace))
                    .filter(|(key, _)| key.name.starts_with("atlas-"))
                    .map(|(_, pod)| text(pod, "/status/containerStatuses/0/image"))
                    .collect();
                images
            });
            pods.collect()
        })
    }

    /// The parameters of a tenant's Application before the first release.
    pub(in super::super) fn parameters_before(&self, tenant: &str) -> Value {
        let before = self.before.get(tenant).and_then(|text| serde_json::from_str::<Value>(text).ok());
        before
            .and_then(|before| before.pointer("/spec/source/helm/parameters").cloned())
            .unwrap_or_else(|| json!([]))
    }

    /// Whether the pull secret of a tenant reads the repositories of rings.
    pub(in super::super) fn pull_secret_reads_rings(&self, tenant: &str, reads: bool) {
        let behaviour = (!reads).then_some(Behaviour::RingPullFails);
        self.sandbox.with(|model| behave(model, &namespace(tenant), behaviour));
    }

    /// Whether the pods of a tenant take their time to become ready.
    pub(in super::super) fn slow_pods(&self, tenant: &str, is_slow: bool) {
        let behaviour = is_slow.then_some(Behaviour::NeverReady);
        self.sandbox.with(|model| behave(model, &namespace(tenant), behaviour));
    }

    /// The pods of a tenant whose images their nodes cannot pull.
    pub(in super::super) fn waiting_pods(&self, tenant: &str) -> Vec<String> {
        let namespace = namespace(tenant);
        self.sandbox.with(|model| {
            let pods = model.list(Kind::Pod, Some(&namespace));
            let waits = |pod: &Value| {
                let why = text(pod, "/status/containerStatuses/0/state/waiting/reason");
                why.contains("ImagePull") && pod.pointer("/metadata/deletionTimestamp").is_none()
            };
            pods.filter(|(_, pod)| waits(pod)).map(|(key, _)| key.name.clone()).collect()
        })
    }
}

fn spec(application: &Value) -> String {
    let annotations = application.pointer("/metadata/annotations").and_then(Value::as_object);
    let ours: BTreeMap<&String, &Value> = annotations
        .into_iter()
        .flatten()
        .filter(|(name, _)| name.starts_with(release::overrides::owner::PREFIX))
        .collect();
    json!({"spec": application.get("spec"), "ours": ours}).to_string()
}

fn text(object: &Value, pointer: &str) -> String {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}
