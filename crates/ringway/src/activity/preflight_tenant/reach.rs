//! Whether we reach what a release has to read and write: the rights, and the cluster that the tenant runs in.

use crate::{
    cluster::{ClusterClient, Right},
    config::TenantClusters,
    world::World,
};
use release::{
    application::Application,
    overrides::preflight::elsewhere,
    refusal::Refusal,
    service::{Service, Verify, WorkloadKind},
    step::{PlannedApplication, RunContext},
};

/// What we may not do and would have to. Asked for the whole cluster first: that answer serves all tenants.
pub(super) async fn missing_rights(
    world: &World,
    context: &RunContext,
    service: &Service,
    argocd: &ClusterClient,
    application: &PlannedApplication,
) -> anyhow::Result<Vec<Refusal>> {
    let key = &application.key;
    // Also `list` where the Application was found by its name: many API servers let no watch begin without one.
    let verbs = ["get", "list", "watch", "patch"];
    let applications = verbs.map(|verb| ("argoproj.io", "applications", verb));
    let mut refusals = missing(argocd, &applications, &key.namespace).await?;
    if service.verify == Verify::Cluster
        && let Some(tenant) = world.clusters.tenant(&key.instance, &context.tenant).await?
    {
        let mut wanted = Vec::new();
        let has = |kind| application.workloads.iter().any(|workload| workload.kind == kind);
        let kinds = [
            (true, "", "pods"),
            (has(WorkloadKind::StatefulSet), "apps", "statefulsets"),
            (has(WorkloadKind::Deployment), "apps", "deployments"),
            (has(WorkloadKind::Deployment), "apps", "replicasets"),
        ];
        for (_, group, resource) in kinds.into_iter().filter(|(needed, ..)| *needed) {
            wanted.extend(["list", "watch"].map(|verb| (group, resource, verb)));
        }
        refusals.extend(missing(&tenant, &wanted, &application.namespace).await?);
    }
    Ok(refusals)
}

async fn missing(
    client: &ClusterClient,
    wanted: &[(&str, &str, &str)],
    namespace: &str,
) -> anyhow::Result<Vec<Refusal>> {
    let rights = |namespace: &str| -> Vec<Right> {
        wanted.iter().map(|(group, resource, verb)| Right::new(verb, group, resource, namespace)).collect()
    };
    if client.check_rights(&rights("")).await?.is_empty() {
        return Ok(Vec::new());
    }
    let missing = client.check_rights(&rights(namespace)).await?;
    Ok(missing
        .into_iter()
        .map(|right| Refusal::MissingRight {
            verb: right.verb.clone(),
            resource: right.qualified_resource(),
            namespace: namespace.to_owned(),
            cluster: client.name().to_owned(),
        })
        .collect())
}

/// The refusal for an Application that deploys to another cluster than the one that we would look into. Its destination
/// alone does not say so: Argo CD may know its own cluster by another name or address. But what Argo CD calls in sync there
/// must be here then.
pub(super) async fn another_cluster(
    world: &World,
    service: &Service,
    argocd: &ClusterClient,
    application: &Application,
    planned: &PlannedApplication,
) -> anyhow::Result<Option<Refusal>> {
    if world.config.tenant_clusters != TenantClusters::SameCluster || service.verify != Verify::Cluster {
        return Ok(None);
    }
    let in_sync = elsewhere::in_sync(application, planned);
    for workload in &in_sync {
        if argocd.has_workload(workload.kind, &planned.namespace, &workload.name).await? {
            return Ok(None);
        }
    }
    Ok(in_sync.first().map(|workload| Refusal::AnotherCluster {
        application: planned.key.clone(),
        destination: application.spec.destination.to_string(),
        workload: format!("{} {}/{}", workload.kind.as_str(), planned.namespace, workload.name),
        cluster: argocd.name().to_owned(),
    }))
}
