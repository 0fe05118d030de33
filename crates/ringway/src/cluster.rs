//! Kubernetes: reads, patches and watches Applications, and watches workloads and pods of tenants.
//!
//! Nothing is tried again behind the caller's back except a watch, which goes on after an interruption and says so. All
//! waiting is done on tokio's clock and nothing is random, so that it also runs in simulated time over an injected
//! transport. Decisions about what was read are made in the `release` crate.

mod application;
mod backoff;
mod clusters;
mod connect;
mod error;
mod labelled;
mod lines;
mod request;
mod requests;
mod rights;
mod rollout;
mod version;
mod watch;
mod wire;
mod workloads;

#[cfg(test)]
mod tests;

pub use application::{ApplicationEvent, ApplicationStream, FoundApplication};
pub use clusters::{Clusters, Connect};
pub use connect::connect;
pub use error::{ClusterError, ClusterErrorKind, ConnectionProblem, Source};
pub use requests::{Answered, Requests};
pub use rights::Right;
pub use rollout::{RolloutEvent, RolloutStream};

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicBool},
};
use tokio::{sync::Mutex, time::Instant};

/// The name under which our changes are recorded in an object's `managedFields`.
pub const FIELD_MANAGER: &str = release::overrides::writer::OUR_NAME;

/// The same for what changes nothing but that Argo CD is asked to compare.
pub const REFRESH_MANAGER: &str = "ringway-refresh";

/// Access to one cluster. Clones share the connection.
#[derive(Clone)]
pub struct ClusterClient {
    inner: Arc<Inner>,
}

struct Inner {
    client: kube::Client,
    name: String,
    /// The API server has refused our credentials: they have to be read anew.
    rejected: AtomicBool,
    /// The API server has refused to begin a watch with what is there.
    lists_first: AtomicBool,
    /// Whether we have a right, and since when we know.
    rights: Mutex<BTreeMap<Right, (bool, Instant)>>,
    requests: Arc<Requests>,
}

impl ClusterClient {
    /// Access over `client`, which must not try again by itself. `name` stands for the cluster in texts.
    pub fn new(client: kube::Client, name: impl Into<String>) -> Self {
        Self::counted(client, name, Arc::default())
    }

    /// The same; requests are counted in `requests`.
    pub(super) fn counted(client: kube::Client, name: impl Into<String>, requests: Arc<Requests>) -> Self {
        Self {
            inner: Arc::new(Inner {
                client,
                name: name.into(),
                rejected: AtomicBool::new(false),
                lists_first: AtomicBool::new(false),
                rights: Mutex::new(BTreeMap::new()),
                requests,
            }),
        }
    }

    /// The name of the cluster in texts.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    fn client(&self) -> &kube::Client {
        &self.inner.client
    }
}

impl std::fmt::Debug for ClusterClient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ClusterClient").field("name", &self.inner.name).finish_non_exhaustive()
    }
}
