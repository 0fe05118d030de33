//! What the doctor finds out about the clusters that tenants run in, where they are not the one of their Argo CD.

use super::{Checks, State, lacking};
use crate::{
    cluster::{ClusterError, Clusters, Right},
    config::{Config, TenantClusters},
};
use futures_util::stream::{self, StreamExt};
use std::collections::{BTreeMap, BTreeSet};

/// What to do about rights that are not there for the whole cluster.
pub(super) const ADVICE: &str =
    "fine if Ringway has them in each tenant's namespace; else apply deploy/tenants.yaml";

/// How many clusters are asked at the same time.
const AT_ONCE: usize = 16;

/// How many tenants a line names.
const NAMED: usize = 5;

/// What Ringway must be allowed to do in the clusters of tenants.
pub(super) fn needed() -> Vec<Right> {
    [("", "pods"), ("apps", "statefulsets"), ("apps", "deployments"), ("apps", "replicasets")]
        .into_iter()
        .flat_map(|(group, resource)| ["list", "watch"].map(|verb| Right::new(verb, group, resource, "")))
        .collect()
}

/// Looks at the clusters that tenants have contexts for.
pub(super) async fn look(checks: &mut Checks, config: &Config, clusters: &Clusters) {
    let what = "clusters of tenants";
    match &config.tenant_clusters {
        // Each instance was asked for itself.
        TenantClusters::SameCluster => {}
        TenantClusters::None => {
            let advice = "set `tenantClusters` if pods are to be verified";
            let found = "not looked into: proofs end at `applied`";
            checks.add(State::Notice, what, found, Some(advice));
        }
        TenantClusters::Contexts { context, .. } => match clusters.tenants_with_contexts() {
            Ok(tenants) if tenants.is_empty() => {
                let found = format!("the kubeconfig has no context {context}, for whatever tenant");
                let advice = "give each tenant a context in it (deploy/README.md), or correct `tenantClusters.context`";
                checks.add(State::Problem, what, found, Some(advice));
            }
            Ok(tenants) => contexts(checks, config, clusters, tenants).await,
            Err(error) => checks.error(what, error),
        },
    }
}

/// Asks the cluster of each tenant. What is the same for many is said once.
async fn contexts(checks: &mut Checks, config: &Config, clusters: &Clusters, tenants: BTreeSet<String>) {
    // All tenants have their contexts in one kubeconfig, whatever Argo CD instance they belong to.
    let Some(instance) = config.argocd.first() else { return };
    let asked = stream::iter(tenants).map(|tenant| async move {
        let answer = ask(clusters, &instance.name, &tenant).await;
        (tenant, answer)
    });
    let answers: Vec<_> = asked.buffered(AT_ONCE).collect().await;
    let mut alike: BTreeMap<Vec<Right>, (BTreeSet<String>, Vec<String>)> = BTreeMap::new();
    for (tenant, answer) in answers {
        match answer {
            Ok((version, missing)) => {
                let (versions, tenants) = alike.entry(missing).or_default();
                versions.insert(version);
                tenants.push(tenant);
            }
            Err(error) => checks.error(format!("cluster of tenant {tenant}"), error),
        }
    }
    for (missing, (versions, tenants)) in alike {
        let what = format!("clusters of tenants: {}", some(&tenants));
        let versions = versions.into_iter().collect::<Vec<_>>().join(", ");
        if missing.is_empty() {
            let found = format!("Kubernetes {versions}: all rights that are needed");
            checks.add(State::Good, what, found, None);
        } else {
            let found = format!("Kubernetes {versions}: {}", lacking(&missing));
            checks.add(State::Notice, what, found, Some(ADVICE));
        }
    }
}

/// The version of the cluster of `tenant`, and what Ringway may not do there.
async fn ask(
    clusters: &Clusters,
    instance: &str,
    tenant: &str,
) -> Result<(String, Vec<Right>), ClusterError> {
    let Some(client) = clusters.tenant(instance, tenant).await? else { return Ok(Default::default()) };
    Ok((client.server_version().await?, client.check_rights(&needed()).await?))
}

/// The first of many names, and how many there are besides.
fn some(names: &[String]) -> String {
    let (first, rest) = names.split_at(names.len().min(NAMED));
    let first = first.join(", ");
    if rest.is_empty() { first } else { format!("{first} and {} more", rest.len()) }
}
