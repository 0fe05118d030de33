//! Says when each tenant's last pod was ready on an image. Knows nothing of Ringway, nor of Argo CD.

use crate::figures::Ready;
use futures_util::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use k8s_openapi::api::{apps::v1::StatefulSet, core::v1::Pod};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{ListParams, WatchEvent, WatchParams},
};
use ringway::clock::{Clock, SystemClock};
use serde::de::DeserializeOwned;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::Notify;

/// More than any run took so far, by far.
const PATIENCE: Duration = Duration::from_secs(600);

/// The fleet as the API server tells it.
pub(crate) struct Observer {
    shared: Arc<Shared>,
}

struct Shared {
    fleet: Mutex<Fleet>,
    changed: Notify,
}

struct Fleet {
    /// By tenant.
    tenants: BTreeMap<String, Seen>,
    image: String,
    pods: BTreeMap<String, Timestamp>,
    counted: BTreeMap<String, Timestamp>,
}

#[derive(Default)]
struct Seen {
    workload: StatefulSet,
    pods: BTreeMap<String, Pod>,
}

impl Observer {
    /// Watches the tenants from now on.
    pub(crate) async fn new(client: Client, tenants: &[String]) -> Self {
        let tenants = tenants.iter().map(|tenant| (tenant.clone(), Seen::default())).collect();
        let fleet = Fleet { tenants, image: String::new(), pods: BTreeMap::new(), counted: BTreeMap::new() };
        let shared = Arc::new(Shared { fleet: Mutex::new(fleet), changed: Notify::new() });
        watch::<StatefulSet>(client.clone(), &shared, |seen, object, _| seen.workload = object).await;
        watch::<Pod>(client, &shared, |seen, pod, deleted| {
            if deleted {
                seen.pods.remove(&pod.name_any());
            } else {
                seen.pods.insert(pod.name_any(), pod);
            }
        })
        .await;
        Self { shared }
    }

    /// The one image that all tenants are to run now.
    pub(crate) fn image_of_all(&self) -> String {
        let fleet = self.shared.fleet.lock().unwrap();
        let images: BTreeSet<&str> = fleet.tenants.values().filter_map(|seen| seen.wanted()).collect();
        assert_eq!(
            images.len(),
            1,
            "the tenants differ; remove them with `testbed/tenant bench 0`: {images:?}"
        );
        images.first().unwrap().to_string()
    }

    /// From now on, `image` is what counts.
    pub(crate) fn expect(&self, image: &str) {
        let mut fleet = self.shared.fleet.lock().unwrap();
        fleet.image = image.to_owned();
        fleet.pods.clear();
        fleet.counted.clear();
    }

    /// Waits until every tenant runs the image, and says since when.
    pub(crate) async fn all_ready(&self) -> BTreeMap<String, Ready> {
        let all = async {
            loop {
                let changed = self.shared.changed.notified();
                if let Some(ready) = self.shared.fleet.lock().unwrap().ready() {
                    return ready;
                }
                changed.await;
            }
        };
        match tokio::time::timeout(PATIENCE, all).await {
            Ok(ready) => ready,
            Err(_) => panic!("not ready: {:?}", self.shared.fleet.lock().unwrap().missing()),
        }
    }
}

impl Fleet {
    fn look(&mut self, tenant: &str) {
        let now = SystemClock.now();
        let Some(seen) = self.tenants.get(tenant) else { return };
        if seen.pods_ready(&self.image) {
            self.pods.entry(tenant.to_owned()).or_insert(now);
            if seen.counted() {
                self.counted.entry(tenant.to_owned()).or_insert(now);
            }
        }
    }

    fn ready(&self) -> Option<BTreeMap<String, Ready>> {
        let times = |tenant: &String| {
            Some(Ready { pods: *self.pods.get(tenant)?, counted: *self.counted.get(tenant)? })
        };
        self.tenants.keys().map(|tenant| Some((tenant.clone(), times(tenant)?))).collect()
    }

    fn missing(&self) -> Vec<&String> {
        self.tenants.keys().filter(|tenant| !self.counted.contains_key(*tenant)).collect()
    }
}

impl Seen {
    /// What the StatefulSet's pods are to run.
    fn wanted(&self) -> Option<&str> {
        let pod = self.workload.spec.as_ref()?.template.spec.as_ref()?;
        pod.containers.first()?.image.as_deref()
    }

    fn pods_ready(&self, image: &str) -> bool {
        let replicas = self.workload.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
        self.wanted() == Some(image)
            && i32::try_from(self.pods.len()) == Ok(replicas)
            && self.pods.values().all(|pod| is_ready(pod, image))
    }

    fn counted(&self) -> bool {
        let Some(status) = &self.workload.status else { return false };
        let replicas = self.workload.spec.as_ref().and_then(|spec| spec.replicas);
        status.observed_generation == self.workload.metadata.generation
            && status.updated_replicas == replicas
            && status.ready_replicas == replicas
            && status.current_revision == status.update_revision
    }
}

fn is_ready(pod: &Pod, image: &str) -> bool {
    let runs = pod.spec.as_ref().is_some_and(|spec| {
        spec.containers.iter().all(|container| container.image.as_deref() == Some(image))
    });
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    let ready = conditions.into_iter().flatten().any(|one| one.type_ == "Ready" && one.status == "True");
    runs && ready && pod.metadata.deletion_timestamp.is_none()
}

/// Reads all objects of a kind, then lets `tell` know of every change for as long as the program lives.
async fn watch<K>(client: Client, shared: &Arc<Shared>, tell: fn(&mut Seen, K, bool))
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let api = Api::<K>::all(client);
    let list = api.list(&ListParams::default()).await.unwrap();
    let mut version = list.metadata.resource_version.unwrap();
    for object in list.items {
        shared.tell(object, false, tell);
    }
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        loop {
            let mut events = api.watch(&WatchParams::default(), &version).await.unwrap().boxed();
            while let Some(event) = events.try_next().await.unwrap() {
                match event {
                    WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                        version = object.resource_version().unwrap();
                        shared.tell(object, false, tell);
                    }
                    WatchEvent::Deleted(object) => {
                        version = object.resource_version().unwrap();
                        shared.tell(object, true, tell);
                    }
                    WatchEvent::Bookmark(bookmark) => version = bookmark.metadata.resource_version,
                    WatchEvent::Error(error) => panic!("the observer's watch failed: {error:?}"),
                }
            }
        }
    });
}

impl Shared {
    fn tell<K: Resource>(&self, object: K, deleted: bool, tell: fn(&mut Seen, K, bool)) {
        let Some(tenant) = object.namespace().and_then(|name| Some(name.strip_prefix("tenant-")?.to_owned()))
        else {
            return;
        };
        let mut fleet = self.fleet.lock().unwrap();
        let Some(seen) = fleet.tenants.get_mut(&tenant) else { return };
        tell(seen, object, deleted);
        fleet.look(&tenant);
        self.changed.notify_one();
    }
}
