//! What `config check` prints: what a configuration means, with the defaults that were not written.

mod pull_requests;

use super::{ArgocdInstance, ClusterAddress, Config, CredentialSource, Registry, TenantClusters};
use release::{
    service::{ApplicationSelector, Service, Strategy, Verify},
    workflow::USUALLY_PARALLEL,
};
use std::{
    fmt::{self, Write},
    time::Duration,
};

impl Config {
    /// The configuration in words, without secrets.
    pub fn report(&self) -> String {
        let mut text = String::new();
        // A `String` takes everything: this cannot fail.
        let _ = self.write(&mut text);
        text
    }

    /// Whether the server takes deliveries of GitHub.
    fn takes_deliveries(&self) -> bool {
        !self.rings.is_empty()
            && self.github.as_ref().is_some_and(|github| !github.webhook_secrets.is_empty())
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "{} is valid.\n", self.file.display())?;
        writeln!(out, "Argo CD instances")?;
        self.argocd.iter().try_for_each(|instance| write_instance(out, instance))?;
        match &self.tenant_clusters {
            TenantClusters::SameCluster => {
                writeln!(out, "Tenants run in the cluster of their Argo CD instance.")?
            }
            TenantClusters::Contexts { kubeconfig, context } => {
                let address =
                    ClusterAddress { kubeconfig: kubeconfig.clone(), context: Some(context.clone()) };
                writeln!(out, "Tenants run in clusters of their own: {}.", address_text(&address))?;
            }
            TenantClusters::None => {
                writeln!(out, "The clusters of tenants cannot be reached: pods are not verified.")?;
            }
        }
        pull_requests::write_sources(out, self)?;
        writeln!(out, "\nServices")?;
        for service in self.services.values() {
            write_service(out, service)?;
            self.rings.get(&service.name).map_or(Ok(()), |rings| pull_requests::write_rings(out, rings))?;
        }
        let limits = &self.limits;
        writeln!(out, "\nLimits")?;
        writeln!(out, "  {} tenants under way on each Argo CD instance", limits.tenants_per_instance)?;
        writeln!(
            out,
            "  {USUALLY_PARALLEL} tenants of one release or cleanup under way, unless --max-parallel says otherwise"
        )?;
        writeln!(out, "  {} tenants in one release at most", limits.cohort_size)?;
        writeln!(out, "  {} bytes for an Application after the patch", limits.application_size_bytes)?;
        let refused = if limits.all_or_nothing { "refuses the whole release" } else { "is left out" };
        writeln!(out, "  a refused tenant {refused}")?;
        writeln!(out, "\nDeadlines")?;
        let deadlines = &self.deadlines;
        writeln!(
            out,
            "  observed {}, applied {}",
            duration(deadlines.observed),
            duration(deadlines.applied)
        )?;
        writeln!(out, "  closed sync window {}", duration(deadlines.window))?;
        let (progress, total) = (duration(deadlines.rollout_progress), duration(deadlines.rollout_total));
        writeln!(out, "  rollout {progress} without progress, {total} in all")?;
        writeln!(out, "\nServer")?;
        let listen = self.server.listen;
        writeln!(out, "  health checks and figures on http://{listen}")?;
        if self.takes_deliveries() {
            writeln!(out, "  deliveries of GitHub on http://{listen}/webhooks/github")?;
        }
        writeln!(out, "\nRegistries")?;
        self.registries.iter().try_for_each(|registry| write_registry(out, registry))?;
        writeln!(out, "  all others: HTTPS, anonymous")?;
        writeln!(out, "\nState is in {}", self.state_folder.display())
    }
}

fn write_instance(out: &mut String, instance: &ArgocdInstance) -> fmt::Result {
    let (name, namespaces) = (&instance.name, instance.namespaces.join(", "));
    writeln!(out, "  {name}: {}; Applications in {namespaces}", address_text(&instance.cluster))
}

fn address_text(address: &ClusterAddress) -> String {
    let context = address.context.as_ref().map_or("current context".into(), |name| format!("context {name}"));
    match &address.kubeconfig {
        Some(file) => format!("{context} of {}", file.display()),
        None => context,
    }
}

fn write_service(out: &mut String, service: &Service) -> fmt::Result {
    let verify = match service.verify {
        Verify::Cluster => "proven pod by pod",
        Verify::Argocd => "proven to what Argo CD applied; not verified in the cluster",
    };
    writeln!(out, "  {}: {verify}", service.name)?;
    for image in &service.images {
        let repositories: Vec<&str> = image.repositories.iter().map(|pattern| pattern.0.as_str()).collect();
        let platforms: Vec<String> = image.platforms.iter().map(ToString::to_string).collect();
        writeln!(
            out,
            "    image {} from {}, on {}",
            image.name,
            repositories.join(", "),
            platforms.join(", ")
        )?;
    }
    for application in &service.applications {
        match &application.select {
            ApplicationSelector::Name(name) => writeln!(out, "    Application {name}")?,
            ApplicationSelector::Labels(labels) => writeln!(out, "    Applications with {labels}")?,
        }
        for each in &application.overrides {
            let strategy = match each.strategy {
                Strategy::Parameters => "parameters",
                Strategy::ValuesObject => "valuesObject",
            };
            let workloads: Vec<String> = each
                .workloads
                .iter()
                .map(|workload| format!("{} {}", workload.kind.as_str(), workload.name))
                .collect();
            writeln!(out, "      {} by {strategy}, proven by {}", each.image, workloads.join(", "))?;
        }
    }
    Ok(())
}

fn write_registry(out: &mut String, registry: &Registry) -> fmt::Result {
    let scheme = if registry.insecure { "HTTP without encryption" } else { "HTTPS" };
    let who = match &registry.credentials {
        None => "anonymous".to_owned(),
        Some(CredentialSource::PasswordFile { username, file }) => {
            format!("as {username}, password in {}", file.display())
        }
        Some(CredentialSource::PasswordEnvironment { username, variable }) => {
            format!("as {username}, password in the environment variable {variable}")
        }
        Some(CredentialSource::DockerConfigFile(file)) => format!("credentials in {}", file.display()),
    };
    let place = registry.address.map(|address| format!(" at {address}")).unwrap_or_default();
    writeln!(out, "  {}{place}: {scheme}, {who}", registry.host)
}

fn duration(duration: Duration) -> String {
    jiff::SignedDuration::try_from(duration)
        .map_or_else(|_| format!("{duration:?}"), |signed| format!("{signed:#}"))
}
