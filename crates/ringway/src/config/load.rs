//! From the text of a configuration to [`Config`].

use super::{
    ArgocdInstance, ClusterAddress, Config, ConfigErrors, EnvironmentPaths, Limits, Server, TenantClusters,
    cohort_source,
    document::{self, MAXIMUM_BYTES, Node, Position},
    github,
    reader::{Log, Map, Value},
    registries,
    rings::{self, Rings},
    service, text,
    unique::{Unique, unique_list},
};
use release::step::Deadlines;
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

impl Config {
    /// Reads and checks a configuration file.
    ///
    /// # Errors
    /// Everything that is wrong with the file, or why it cannot be read.
    pub fn load(file: &Path) -> Result<Self, ConfigErrors> {
        let bytes = read(file, MAXIMUM_BYTES).map_err(|message| {
            let advice = if file.exists() {
                ""
            } else {
                "; copy ringway.example.yaml, or name another file with --config or RINGWAY_CONFIG"
            };
            ConfigErrors::of_file(file, format!("{message}{advice}"))
        })?;
        Self::parse(file, &bytes, &EnvironmentPaths::of_process())
    }

    /// Checks the content of a configuration file.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(file: &Path, bytes: &[u8], environment: &EnvironmentPaths) -> Result<Self, ConfigErrors> {
        let log = Log::default();
        let config = parse_with(&log, file, bytes, environment);
        match (config, log.into_errors()) {
            (Some(config), errors) if errors.is_empty() => Ok(config),
            (_, errors) => Err(ConfigErrors::new(file, errors)),
        }
    }
}

/// Reads a whole file of at most `maximum` bytes. A sentence says why not.
pub(super) fn read(file: &Path, maximum: usize) -> Result<Vec<u8>, String> {
    match read_some(file, maximum) {
        Ok(bytes) if bytes.len() > maximum => {
            Err(format!("is larger than {maximum} bytes; this cannot be meant"))
        }
        Ok(bytes) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err("does not exist".into()),
        Err(error) => Err(format!("cannot be read: {error}")),
    }
}

/// Reads a file up to one byte more than `maximum`, which is enough to know that it is too large: `/dev/zero` has no
/// length and no end.
pub(super) fn read_some(file: &Path, maximum: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(maximum).unwrap_or(u64::MAX).saturating_add(1);
    File::open(file)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The text, or where it stops being UTF-8.
pub(super) fn as_text(bytes: &[u8]) -> Result<&str, Position> {
    std::str::from_utf8(bytes).map_err(|error| {
        let good =
            bytes.get(..error.valid_up_to()).and_then(|good| std::str::from_utf8(good).ok()).unwrap_or("");
        Position::in_text(good, good.len())
    })
}

/// Notes every error in `log`; the result is meaningful only if there is none.
pub(super) fn parse_with(
    log: &Log,
    file: &Path,
    bytes: &[u8],
    environment: &EnvironmentPaths,
) -> Option<Config> {
    let node = document(log, bytes)?;
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let folder = file.parent().unwrap_or(Path::new("/")).to_owned();
    let paths = Paths { environment, folder: &folder };
    let root = Value::root(log, &node).map()?;
    let argocd = argocd(&root, &paths);
    let tenant_clusters = tenant_clusters(&root, &paths);
    let reachable = tenant_clusters != Some(TenantClusters::None);
    let limits = limits(&root);
    let github_value = root.optional("github");
    let github = github_value.as_ref().and_then(|value| github::read(value, &paths));
    let mode = root.optional("mode").and_then(|value| value.choice(&rings::MODES)).unwrap_or_default();
    let cohorts_value = root.optional("cohorts");
    let has_github = github_value.is_some();
    let cohorts = cohorts_value.as_ref().map(|value| cohort_source::read(value, &paths, has_github));
    let around = rings::Around {
        has_github,
        // Also those that could not be read: an authority that names one of them is right.
        sources: cohorts_value.iter().flat_map(Value::names).collect(),
        mode,
        cohort_size: limits.cohort_size,
    };
    let (services, rings) = services(&root, reachable, around);
    let deadlines = deadlines(&root);
    let server = server(&root);
    let registries = registries::read(&root, &paths);
    let state_folder = state_folder(&root, &paths);
    Some(Config {
        argocd,
        tenant_clusters: tenant_clusters?,
        github,
        mode,
        cohorts: cohorts.unwrap_or_default(),
        services,
        rings,
        limits,
        deadlines,
        server,
        registries,
        state_folder: state_folder?,
        file,
    })
}

fn document(log: &Log, bytes: &[u8]) -> Option<Node> {
    if bytes.len() > MAXIMUM_BYTES {
        log.error(None, "", format!("is larger than {MAXIMUM_BYTES} bytes; this cannot be meant"));
        return None;
    }
    let text = as_text(bytes).map_err(|at| log.error(Some(at), "", "is not UTF-8 text")).ok()?;
    let (node, faults) = document::parse(text);
    let silent = faults.is_empty();
    log.faults(faults);
    match node {
        Some(node) if !node.is_nothing() => Some(node),
        _ => {
            if silent {
                log.error(Some(Position::START), "", "is empty; begin with ringway.example.yaml");
            }
            None
        }
    }
}

/// What paths in the file mean.
pub(super) struct Paths<'a> {
    environment: &'a EnvironmentPaths,
    folder: &'a Path,
}

impl Paths<'_> {
    pub(super) fn read(&self, map: &Map<'_>, name: &str) -> Option<PathBuf> {
        map.optional(name)?.parsed(|text| self.environment.resolve(text, self.folder))
    }
}

fn argocd(root: &Map<'_>, paths: &Paths<'_>) -> Vec<ArgocdInstance> {
    let instances = root.required("argocd").and_then(|value| value.map()?.required("instances"));
    let mut names = Unique::default();
    // The same Application seen through two instances would be written to twice.
    let mut places: BTreeMap<(Option<PathBuf>, Option<String>, String), String> = BTreeMap::new();
    let mut read = |value: Value<'_>| {
        let map = value.map()?;
        let name = map.required("name");
        let name = name.and_then(|value| names.check(&value, value.parsed(text::dns_label)?));
        let context = map.optional("context").and_then(|value| value.text().map(str::to_owned));
        let cluster = ClusterAddress { kubeconfig: paths.read(&map, "kubeconfig"), context };
        let namespaces = match map.optional("namespaces") {
            Some(list) => unique_list(&list, text::dns_label),
            None => vec!["argocd".to_owned()],
        };
        let instance = ArgocdInstance { name: name?, cluster, namespaces };
        for namespace in &instance.namespaces {
            let place =
                (instance.cluster.kubeconfig.clone(), instance.cluster.context.clone(), namespace.clone());
            if let Some(other) = places.insert(place, instance.name.clone()) {
                map.value().error(format!(
                    "looks at the same Applications as {other}: same kubeconfig, same context, and both have namespace \
                     {namespace}; keep one of them"
                ));
            }
        }
        Some(instance)
    };
    instances.map_or_else(Vec::new, |list| list.list().into_iter().filter_map(&mut read).collect())
}

fn tenant_clusters(root: &Map<'_>, paths: &Paths<'_>) -> Option<TenantClusters> {
    #[derive(Clone, Copy, PartialEq)]
    enum Access {
        SameCluster,
        Contexts,
        None,
    }
    let choices =
        [("sameCluster", Access::SameCluster), ("contexts", Access::Contexts), ("none", Access::None)];
    let Some(value) = root.optional("tenantClusters") else { return Some(TenantClusters::SameCluster) };
    let map = value.map()?;
    let access = map.optional("access").map_or(Some(Access::SameCluster), |value| value.choice(&choices))?;
    if access == Access::Contexts {
        let context = map.required("context").and_then(|value| value.parsed(text::tenant_template));
        return Some(TenantClusters::Contexts {
            kubeconfig: paths.read(&map, "kubeconfig"),
            context: context?,
        });
    }
    for name in ["context", "kubeconfig"] {
        if let Some(value) = map.optional(name) {
            value.error("is only used with access: contexts; set that, or leave this out");
        }
    }
    Some(if access == Access::None { TenantClusters::None } else { TenantClusters::SameCluster })
}

fn services(
    root: &Map<'_>,
    reachable: bool,
    around: rings::Around<'_>,
) -> (BTreeMap<String, release::service::Service>, BTreeMap<String, Rings>) {
    let entries = root.required("services").map_or_else(Vec::new, |value| value.entries());
    let (mut services, mut driven) = (BTreeMap::new(), BTreeMap::new());
    let mut reader = rings::Reader::new(around);
    for (name, value) in entries {
        let Some((service, rings)) = service::read(name, &value, reachable) else { continue };
        let rings = rings.and_then(|value| reader.read(&value, &service));
        driven.extend(rings.map(|rings| (service.name.clone(), rings)));
        services.insert(service.name.clone(), service);
    }
    (services, driven)
}

fn limits(root: &Map<'_>) -> Limits {
    let mut limits = Limits::default();
    let Some(map) = root.optional("limits").and_then(|value| value.map()) else { return limits };
    let number = |name, range| map.optional(name).and_then(|value: Value<'_>| value.number(range));
    let size = |number: u32| usize::try_from(number).ok();
    if let Some(tenants) = number("tenantsPerInstance", 1..=1000) {
        limits.tenants_per_instance = tenants;
    }
    if let Some(tenants) = number("cohortSize", 1..=10_000).and_then(size) {
        limits.cohort_size = tenants;
    }
    if let Some(bytes) = number("applicationSizeBytes", 100_000..=10_000_000).and_then(size) {
        limits.application_size_bytes = bytes;
    }
    if let Some(flag) = map.optional("allOrNothing").and_then(|value| value.flag()) {
        limits.all_or_nothing = flag;
    }
    limits
}

fn deadlines(root: &Map<'_>) -> Deadlines {
    let mut deadlines = Deadlines::default();
    let Some(map) = root.optional("deadlines").and_then(|value| value.map()) else { return deadlines };
    for (name, deadline) in [
        ("observed", &mut deadlines.observed),
        ("applied", &mut deadlines.applied),
        ("window", &mut deadlines.window),
        ("rolloutProgress", &mut deadlines.rollout_progress),
        ("rolloutTotal", &mut deadlines.rollout_total),
    ] {
        if let Some(duration) = map.optional(name).and_then(|value| value.duration()) {
            *deadline = duration;
        }
    }
    if deadlines.rollout_total < deadlines.rollout_progress {
        map.value().error("rolloutTotal is shorter than rolloutProgress, which could then never be reached");
    }
    deadlines
}

fn server(root: &Map<'_>) -> Server {
    let mut server = Server::default();
    let Some(map) = root.optional("server").and_then(|value| value.map()) else { return server };
    if let Some(address) = map.optional("listen").and_then(|value| value.parsed(text::address)) {
        server.listen = address;
    }
    server
}

fn state_folder(root: &Map<'_>, paths: &Paths<'_>) -> Option<PathBuf> {
    if root.optional("stateFolder").is_some() {
        return paths.read(root, "stateFolder");
    }
    let folder = paths.environment.state_folder();
    if folder.is_none() {
        let message = "is missing, and neither XDG_STATE_HOME nor HOME says where state goes; give a folder";
        root.value().error(format!("stateFolder {message}"));
    }
    folder
}
