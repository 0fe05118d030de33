//! Everything outside that the program deals with, in one place: what activities and commands are given.

use crate::{
    clock::Clock,
    cluster::Clusters,
    config::Config,
    error::UsageError,
    ledger::Ledger,
    registry::{Limits, OciRegistry, Registry},
};
use std::sync::Arc;

#[cfg(test)]
pub(crate) mod testing;

/// The outside. Tests and simulations put something else in the place of each part.
pub struct World {
    /// What we were told.
    pub config: Config,
    /// Argo CD instances and the clusters of tenants.
    pub clusters: Clusters,
    /// Where images are.
    pub registry: Arc<dyn Registry>,
    /// What we know.
    pub ledger: Ledger,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl World {
    /// The real outside, as the configuration describes it. Connects to nothing yet.
    ///
    /// # Errors
    /// If the credentials of a registry cannot be read, or no encrypted connection could be made.
    pub fn new(config: Config, ledger: Ledger, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let registry = Arc::new(registry(&config)?);
        let clusters = Clusters::new(config.argocd.clone(), config.tenant_clusters.clone());
        Ok(Self { config, clusters, registry, ledger, clock })
    }
}

/// Access to the registries of the configuration, with their credentials read.
///
/// # Errors
/// [`UsageError`] if credentials cannot be read; others if no encrypted connection could be made.
pub fn registry(config: &Config) -> anyhow::Result<OciRegistry> {
    let settings = config.registries.iter().map(|registry| {
        let settings = registry.settings(|variable| std::env::var(variable).ok());
        settings.map_err(|error| UsageError(format!("{:#}", anyhow::Error::from(error))))
    });
    Ok(OciRegistry::new(settings.collect::<Result<_, _>>()?, Limits::default())?)
}
