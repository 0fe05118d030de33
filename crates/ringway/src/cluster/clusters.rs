//! The clusters of a configuration: connects to each when it is first needed, and keeps the connection.

use super::{
    ClusterClient, Requests,
    error::{ClusterError, ClusterErrorKind, ConnectionProblem},
};
use crate::config::{ArgocdInstance, ClusterAddress, TenantClusters};
use futures_util::future::BoxFuture;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
};
use tokio::sync::Mutex;

/// Makes the client for the address of a cluster, which has the name of the second parameter in texts.
pub type Connect = Arc<
    dyn Fn(ClusterAddress, String) -> BoxFuture<'static, Result<kube::Client, ClusterError>> + Send + Sync,
>;

/// The slot of one cluster: empty until it is needed.
type Slot = Arc<Mutex<Option<ClusterClient>>>;

/// What a slot is found by: the kubeconfig, the context and the name of the cluster in texts.
type Key = (Option<PathBuf>, Option<String>, String);

/// All clusters of a configuration. Clones share the connections.
#[derive(Clone)]
pub struct Clusters {
    instances: Arc<[ArgocdInstance]>,
    tenants: TenantClusters,
    connect: Connect,
    slots: Arc<Mutex<BTreeMap<Key, Slot>>>,
    requests: Arc<Requests>,
}

impl Clusters {
    /// The clusters of Argo CD instances and tenants, over the network.
    pub fn new(instances: Vec<ArgocdInstance>, tenants: TenantClusters) -> Self {
        let connect = |address, name: String| -> BoxFuture<'static, _> {
            Box::pin(async move { super::connect(&address, &name).await })
        };
        Self::over(instances, tenants, Arc::new(connect))
    }

    /// The same with clients that `connect` makes, such as for a simulation.
    pub fn over(instances: Vec<ArgocdInstance>, tenants: TenantClusters, connect: Connect) -> Self {
        Self {
            instances: instances.into(),
            tenants,
            connect,
            slots: Arc::default(),
            requests: Arc::default(),
        }
    }

    /// The Argo CD instances.
    pub fn instances(&self) -> &[ArgocdInstance] {
        &self.instances
    }

    /// The cluster of an Argo CD instance.
    ///
    /// # Errors
    ///
    /// When there is no such instance or no way to it.
    pub async fn instance(&self, name: &str) -> Result<ClusterClient, ClusterError> {
        let instance = self.find(name)?;
        self.client(&instance.cluster, name).await
    }

    /// The cluster that a tenant of an Argo CD instance runs in. `None` if the configuration says that we cannot look
    /// into it.
    ///
    /// # Errors
    ///
    /// When there is no such instance or context, or no way to it.
    pub async fn tenant(&self, instance: &str, tenant: &str) -> Result<Option<ClusterClient>, ClusterError> {
        let instance = self.find(instance)?;
        let Some(address) = self.tenants.address(&instance.cluster, tenant) else { return Ok(None) };
        let name = match &self.tenants {
            TenantClusters::Contexts { .. } => address.context.as_deref().unwrap_or(tenant),
            TenantClusters::SameCluster | TenantClusters::None => &instance.name,
        };
        self.client(&address, name).await.map(Some)
    }

    /// The tenants that the kubeconfig has a context for; none if tenants have no contexts of their own.
    ///
    /// # Errors
    ///
    /// When the kubeconfig cannot be read.
    pub fn tenants_with_contexts(&self) -> Result<BTreeSet<String>, ClusterError> {
        let TenantClusters::Contexts { kubeconfig, context } = &self.tenants else {
            return Ok(BTreeSet::new());
        };
        let address = ClusterAddress { kubeconfig: kubeconfig.clone(), context: None };
        let contexts = super::connect::contexts(&address, context)?;
        Ok(contexts.iter().filter_map(|context| self.tenants.tenant_of(context)).collect())
    }

    /// How many requests were sent to all of them, and what came back.
    pub fn requests(&self) -> &Requests {
        &self.requests
    }

    fn find(&self, name: &str) -> Result<&ArgocdInstance, ClusterError> {
        self.instances.iter().find(|instance| instance.name == name).ok_or_else(|| {
            let problem = ConnectionProblem::UnknownInstance {
                name: name.to_owned(),
                available: self.instances.iter().map(|instance| instance.name.clone()).collect(),
            };
            ClusterError {
                doing: "connect".to_owned(),
                cluster: name.to_owned(),
                kind: ClusterErrorKind::Connection(problem),
                source: None,
            }
        })
    }

    /// The kept client, or a new one if there is none or its credentials were refused: they may have been renewed.
    async fn client(&self, address: &ClusterAddress, name: &str) -> Result<ClusterClient, ClusterError> {
        let key = (address.kubeconfig.clone(), address.context.clone(), name.to_owned());
        let slot = self.slots.lock().await.entry(key).or_default().clone();
        let mut kept = slot.lock().await;
        if let Some(client) = kept.as_ref().filter(|client| !client.inner.rejected.load(Ordering::Relaxed)) {
            return Ok(client.clone());
        }
        let client = (self.connect)(address.clone(), name.to_owned()).await?;
        let client = ClusterClient::counted(client, name, Arc::clone(&self.requests));
        *kept = Some(client.clone());
        Ok(client)
    }
}
