//! When each tenant was ready on an image in the model, by the model's own history: exact, whoever watches and however
//! slowly. Knows nothing of Argo CD or Ringway.

use crate::figures::{Ready, quantile};
use jiff::Timestamp;
use sandbox::{Key, Kind};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// All tenants, and since when each runs the image.
#[derive(Default)]
pub(crate) struct Truth {
    tenants: BTreeMap<String, Seen>,
    image: String,
    pods: BTreeMap<String, Timestamp>,
    counted: BTreeMap<String, Timestamp>,
    late: Vec<f64>,
}

#[derive(Default)]
struct Seen {
    workload: Arc<Value>,
    pods: BTreeMap<String, Arc<Value>>,
}

/// What is known when all tenants are ready.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) ready: BTreeMap<String, Ready>,
    /// How much later than in the model its changes were there to be seen, in milliseconds: median, p99, most.
    pub(crate) late: [f64; 3],
}

impl Truth {
    /// From now on, `image` is what counts.
    pub(crate) fn expect(&mut self, image: String) {
        self.image = image;
        self.pods.clear();
        self.counted.clear();
        self.late.clear();
    }

    /// A change of the model at a time of it, seen at a time of the clock on the wall.
    pub(crate) fn take(&mut self, at: Timestamp, key: &Key, object: Option<Arc<Value>>, seen: Timestamp) {
        let Some(tenant) = key.namespace.strip_prefix("tenant-") else { return };
        let known = match key.kind {
            Kind::Pod => {
                let known = self.tenants.entry(tenant.to_owned()).or_default();
                match object {
                    Some(pod) => known.pods.insert(key.name.clone(), pod),
                    None => known.pods.remove(&key.name),
                };
                known
            }
            Kind::StatefulSet => {
                let known = self.tenants.entry(tenant.to_owned()).or_default();
                known.workload = object.unwrap_or_default();
                known
            }
            _ => return,
        };
        self.late.push(seen.duration_since(at).as_secs_f64() * 1_000.0);
        if known.pods_ready(&self.image) {
            self.pods.entry(tenant.to_owned()).or_insert(at);
            if known.counted() {
                self.counted.entry(tenant.to_owned()).or_insert(at);
            }
        }
    }

    /// Once all are ready: since when.
    pub(crate) fn report(&self) -> Option<Report> {
        if self.counted.len() < self.tenants.len() {
            return None;
        }
        let ready = self
            .counted
            .iter()
            .map(|(tenant, counted)| (tenant.clone(), Ready { pods: self.pods[tenant], counted: *counted }));
        let mut late = self.late.clone();
        late.sort_by(f64::total_cmp);
        Some(Report { ready: ready.collect(), late: [0.5, 0.99, 1.0].map(|share| quantile(&late, share)) })
    }
}

impl Seen {
    fn pods_ready(&self, image: &str) -> bool {
        let template = self.workload.pointer("/spec/template/spec");
        template.is_some_and(|template| runs(template, image))
            && Some(self.pods.len() as u64) == self.replicas()
            && self.pods.values().all(|pod| is_ready(pod, image))
    }

    fn replicas(&self) -> Option<u64> {
        self.workload["spec"]["replicas"].as_u64()
    }

    fn counted(&self) -> bool {
        let status = &self.workload["status"];
        status["observedGeneration"] == self.workload["metadata"]["generation"]
            && status["updatedReplicas"].as_u64() == self.replicas()
            && status["readyReplicas"].as_u64() == self.replicas()
            && status["currentRevision"] == status["updateRevision"]
    }
}

/// Whether all containers have the image.
fn runs(spec: &Value, image: &str) -> bool {
    spec["containers"]
        .as_array()
        .is_some_and(|containers| containers.iter().all(|container| container["image"] == image))
}

fn is_ready(pod: &Value, image: &str) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    let ready = conditions.into_iter().flatten().any(|one| one["type"] == "Ready" && one["status"] == "True");
    runs(&pod["spec"], image) && ready && pod["metadata"]["deletionTimestamp"].is_null()
}
