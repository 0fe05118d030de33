//! The kinds of objects that the model knows, and how the API names them.

use std::fmt;

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "they are Kubernetes' and Argo CD's own words")]
pub enum Kind {
    Namespace,
    ConfigMap,
    Secret,
    Service,
    ServiceAccount,
    Event,
    Pod,
    ControllerRevision,
    StatefulSet,
    ReplicaSet,
    Deployment,
    Job,
    PodDisruptionBudget,
    AppProject,
    Application,
    ApplicationSet,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Namespace,
        Self::ConfigMap,
        Self::Secret,
        Self::Service,
        Self::ServiceAccount,
        Self::Event,
        Self::Pod,
        Self::ControllerRevision,
        Self::StatefulSet,
        Self::ReplicaSet,
        Self::Deployment,
        Self::Job,
        Self::PodDisruptionBudget,
        Self::AppProject,
        Self::Application,
        Self::ApplicationSet,
    ];

    /// As in an object's field `kind`.
    pub fn name(self) -> &'static str {
        self.names().0
    }

    /// As in the API's paths.
    pub fn plural(self) -> &'static str {
        self.names().1
    }

    /// The API group; empty for the core.
    pub fn group(self) -> &'static str {
        self.names().2
    }

    /// The version of the API.
    pub fn version(self) -> &'static str {
        if self.group() == "argoproj.io" { "v1alpha1" } else { "v1" }
    }

    /// As in an object's field `apiVersion`.
    pub fn api_version(self) -> String {
        match self.group() {
            "" => self.version().to_owned(),
            group => format!("{group}/{}", self.version()),
        }
    }

    /// Whether its objects lie in namespaces.
    pub fn is_namespaced(self) -> bool {
        self != Self::Namespace
    }

    /// The kind that an object says it has.
    pub fn of(api_version: &str, name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name && kind.api_version() == api_version)
    }

    /// The kind behind a path of the API.
    pub fn at(group: &str, version: &str, plural: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.plural() == plural && kind.group() == group && kind.version() == version)
    }

    fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Namespace => ("Namespace", "namespaces", ""),
            Self::ConfigMap => ("ConfigMap", "configmaps", ""),
            Self::Secret => ("Secret", "secrets", ""),
            Self::Service => ("Service", "services", ""),
            Self::ServiceAccount => ("ServiceAccount", "serviceaccounts", ""),
            Self::Event => ("Event", "events", ""),
            Self::Pod => ("Pod", "pods", ""),
            Self::ControllerRevision => ("ControllerRevision", "controllerrevisions", "apps"),
            Self::StatefulSet => ("StatefulSet", "statefulsets", "apps"),
            Self::ReplicaSet => ("ReplicaSet", "replicasets", "apps"),
            Self::Deployment => ("Deployment", "deployments", "apps"),
            Self::Job => ("Job", "jobs", "batch"),
            Self::PodDisruptionBudget => ("PodDisruptionBudget", "poddisruptionbudgets", "policy"),
            Self::AppProject => ("AppProject", "appprojects", "argoproj.io"),
            Self::Application => ("Application", "applications", "argoproj.io"),
            Self::ApplicationSet => ("ApplicationSet", "applicationsets", "argoproj.io"),
        }
    }
}

/// What an object is found by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// What it is.
    pub kind: Kind,
    /// Where it lies; empty for kinds without a namespace.
    pub namespace: String,
    /// What it is called.
    pub name: String,
}

impl Key {
    /// The key of an object.
    pub fn new(kind: Kind, namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind, namespace: namespace.into(), name: name.into() }
    }

    /// The object of another kind and name in the same namespace.
    #[must_use]
    pub fn beside(&self, kind: Kind, name: impl Into<String>) -> Self {
        Self::new(kind, self.namespace.clone(), name)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}/{}", self.kind.name(), self.namespace, self.name)
    }
}
