//! The configuration: what Ringway is told about the Argo CD instances, the services and the limits.
//!
//! It is read once, as a whole. All errors of the file are found in one go, each with its line and column, what was found
//! there and what is allowed. Nothing is connected to here and no secret is read: a [`Registry`] says where its password
//! is, not what it is.

pub mod cohort;
mod cohort_source;
mod document;
mod errors;
mod github;
mod load;
mod names;
mod path;
mod reader;
mod registries;
mod report;
mod rings;
mod schema;
mod secret;
mod selector;
mod service;
mod suggest;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod unique;

pub use cohort_source::CohortSource;
pub use errors::{ConfigError, ConfigErrors, Position};
pub use github::{Github, GithubCredentials, SecretSource};
pub use path::EnvironmentPaths;
pub use rings::Rings;
pub use secret::CredentialError;

use release::{decide::rules::Mode, service::Service, step::Deadlines};
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};
use text::TENANT;

/// Everything that the configuration file says, checked, with defaults filled in and paths made absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The file that it was read from.
    pub file: PathBuf,
    /// The Argo CD instances, at least one, in the order of the file.
    pub argocd: Vec<ArgocdInstance>,
    /// How the clusters that tenants run in are reached.
    pub tenant_clusters: TenantClusters,
    /// How GitHub is reached; `None`: no pull request drives anything.
    pub github: Option<Github>,
    /// Whether pull requests may change anything in the fleet. [`Mode::Observe`] stands in the rules of every service as
    /// well.
    pub mode: Mode,
    /// Where cohorts are kept, by the names in labels.
    pub cohorts: BTreeMap<String, CohortSource>,
    /// What can be released, by name. At least one.
    pub services: BTreeMap<String, Service>,
    /// How pull requests drive services, by the name of the service.
    pub rings: BTreeMap<String, Rings>,
    /// How much may happen at once.
    pub limits: Limits,
    /// How long a tenant may take.
    pub deadlines: Deadlines,
    /// What `ringway serve` listens on.
    pub server: Server,
    /// The registries that need more than an anonymous HTTPS connection.
    pub registries: Vec<Registry>,
    /// The folder that holds the ledger and the journals.
    pub state_folder: PathBuf,
}

impl Config {
    /// The Argo CD instance of that name.
    pub fn instance(&self, name: &str) -> Option<&ArgocdInstance> {
        self.argocd.iter().find(|instance| instance.name == name)
    }
}

/// An Argo CD instance: a place where Applications are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgocdInstance {
    /// The name that the ledger and all texts know it by.
    pub name: String,
    /// The cluster that it runs in.
    pub cluster: ClusterAddress,
    /// The namespaces that its Applications are in; at least one.
    pub namespaces: Vec<String>,
}

/// How a cluster is found in kubeconfig files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClusterAddress {
    /// The kubeconfig file. `None`: `KUBECONFIG`, then `~/.kube/config`, then the pod's own service account.
    pub kubeconfig: Option<PathBuf>,
    /// The context in it. `None`: the current one.
    pub context: Option<String>,
}

/// How the clusters that tenants run in are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TenantClusters {
    /// They are the cluster of the Argo CD instance.
    SameCluster,
    /// Each has a kubeconfig context.
    Contexts {
        /// The kubeconfig file, as in [`ClusterAddress::kubeconfig`].
        kubeconfig: Option<PathBuf>,
        /// The name of the context; contains `{tenant}`.
        context: String,
    },
    /// They cannot be reached: tenants are proven only to what Argo CD says.
    None,
}

impl TenantClusters {
    /// Where the workloads of `tenant` are, if its Argo CD instance runs in `instance`. `None`: they cannot be reached.
    pub fn address(&self, instance: &ClusterAddress, tenant: &str) -> Option<ClusterAddress> {
        match self {
            Self::SameCluster => Some(instance.clone()),
            Self::Contexts { kubeconfig, context } => Some(ClusterAddress {
                kubeconfig: kubeconfig.clone(),
                context: Some(context.replace(TENANT, tenant)),
            }),
            Self::None => None,
        }
    }

    /// Whose cluster a kubeconfig context is the way to, if it is that of a tenant.
    pub fn tenant_of(&self, context: &str) -> Option<String> {
        let Self::Contexts { context: template, .. } = self else { return None };
        let places = template.matches(TENANT).count();
        let around = template.len().checked_sub(places * TENANT.len())?;
        let (start, length) =
            (template.find(TENANT)?, context.len().checked_sub(around)?.checked_div(places)?);
        let tenant = context.get(start..start + length)?;
        let fits = text::is_dns_label(tenant) && template.replace(TENANT, tenant) == context;
        fits.then(|| tenant.to_owned())
    }
}

/// How much may happen at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Tenants under way at the same time on one Argo CD instance.
    pub tenants_per_instance: u32,
    /// Tenants in one release.
    pub cohort_size: usize,
    /// Bytes that an Application may have after the patch. etcd refuses objects above 1.5 MiB by default.
    pub application_size_bytes: usize,
    /// Whether one refused tenant refuses the whole release.
    pub all_or_nothing: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tenants_per_instance: 20,
            cohort_size: 500,
            application_size_bytes: 1_300_000,
            all_or_nothing: false,
        }
    }
}

/// The server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Server {
    /// Where health checks and figures are answered.
    pub listen: SocketAddr,
}

impl Default for Server {
    fn default() -> Self {
        // Only this machine: what is shown names rings and tenants.
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8080)) }
    }
}

/// A registry that needs more than an anonymous HTTPS connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// The host, with the port where it is not 443, as image references write it.
    pub host: String,
    /// Where it is reached instead of at its host; a loopback address.
    pub address: Option<SocketAddr>,
    /// Whether to speak HTTP without encryption; only with a loopback address or host.
    pub insecure: bool,
    /// Where the credentials are; without them, anonymous.
    pub credentials: Option<CredentialSource>,
}

/// Where the credentials of a registry are. Never the password itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialSource {
    /// The password is the content of a file.
    PasswordFile {
        /// The user.
        username: String,
        /// The file.
        file: PathBuf,
    },
    /// The password is the value of an environment variable.
    PasswordEnvironment {
        /// The user.
        username: String,
        /// The name of the variable.
        variable: String,
    },
    /// User and password are in a file as `docker login` writes it.
    DockerConfigFile(PathBuf),
}
