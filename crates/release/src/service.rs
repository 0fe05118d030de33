//! What is released and where it sits in a tenant.

use crate::image::{Platform, RepositoryPattern};
use serde::{Deserialize, Serialize};

/// A service: one or more images built from one commit, and their places in a tenant's Applications.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// The name it is asked for by.
    pub name: String,
    /// What is built from one commit. At least one.
    pub images: Vec<ServiceImage>,
    /// The Applications of a tenant that run it. At least one.
    pub applications: Vec<ServiceApplication>,
    /// How far a tenant is proven.
    pub verify: Verify,
}

/// One image of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceImage {
    /// Its name within the service.
    pub name: String,
    /// The repositories it may come from. Any other is refused: an override is a code push into every tenant.
    pub repositories: Vec<RepositoryPattern>,
    /// The platforms that it must exist for.
    pub platforms: Vec<Platform>,
}

/// How far a tenant is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    /// Down to the digest of every pod, by looking into the tenant's cluster.
    #[default]
    Cluster,
    /// Only to what Argo CD says it applied: the tenant's cluster cannot be looked into.
    Argocd,
}

/// One Application (or several alike) of a tenant that runs the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceApplication {
    /// Which Applications of a tenant these are.
    pub select: ApplicationSelector,
    /// Which of their sources is overridden.
    pub source: SourceSelector,
    /// What is overridden in it. At least one.
    pub overrides: Vec<ImageOverride>,
}

/// How the Applications of a tenant are found. `{tenant}` stands for the tenant's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationSelector {
    /// Exactly one, by its name.
    Name(String),
    /// All that match a label selector; at least one must.
    Labels(String),
}

impl ApplicationSelector {
    /// The name or selector for one tenant.
    pub fn for_tenant(&self, tenant: &str) -> Self {
        match self {
            Self::Name(template) => Self::Name(template.replace("{tenant}", tenant)),
            Self::Labels(template) => Self::Labels(template.replace("{tenant}", tenant)),
        }
    }
}

/// Which source of an Application is meant. What is given must be equal; exactly one source may match.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SourceSelector {
    /// The `repoURL` of the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository_url: Option<String>,
    /// The `chart` of the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chart: Option<String>,
    /// The `path` of the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// One place where an image is set, and the workloads that prove it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageOverride {
    /// The name of the [`ServiceImage`].
    pub image: String,
    /// How it is written.
    pub strategy: Strategy,
    /// Which values hold it.
    pub values: ImageValues,
    /// What happens to a value at these places that is not ours.
    pub existing: ExistingValue,
    /// The workloads that run it. At least one.
    pub workloads: Vec<WorkloadSelector>,
}

/// How a value is written into an Application's Helm source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// As entries of `helm.parameters`, which win over all values and touch none of them.
    #[default]
    Parameters,
    /// At nested paths of `helm.valuesObject`.
    ValuesObject,
}

/// What happens to a value that stands where ours should go and is not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExistingValue {
    /// The tenant is refused.
    #[default]
    Refuse,
    /// It is replaced, and put back afterwards.
    Replace,
}

/// The values of a chart that hold an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageValues {
    /// Repository and tag are two values.
    RepositoryAndTag {
        /// Where the repository stands.
        repository: ValuePath,
        /// Where the tag stands.
        tag: ValuePath,
    },
    /// One value holds the whole reference.
    Reference(ValuePath),
}

/// The path of a value in a chart's values, key by key. Keys may contain dots and slashes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ValuePath(Vec<String>);

/// Why a text is not a [`ValuePath`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a path of values: {reason}")]
pub struct InvalidValuePath {
    text: String,
    reason: &'static str,
}

impl ValuePath {
    /// The keys from the outermost inwards; never empty.
    pub fn keys(&self) -> &[String] {
        &self.0
    }

    /// The JSON pointer of this path below `prefix` (RFC 6901).
    pub fn pointer(&self, prefix: &str) -> String {
        let mut pointer = prefix.to_owned();
        for key in &self.0 {
            pointer.push('/');
            pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
        }
        pointer
    }
}

/// `atlas.image.tag`; a dot inside a key is written `\.` and a backslash `\\`, as in Helm's `--set`.
impl std::str::FromStr for ValuePath {
    type Err = InvalidValuePath;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |reason| InvalidValuePath { text: text.to_owned(), reason };
        let mut keys = vec![String::new()];
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            match character {
                '.' => keys.push(String::new()),
                // Helm would read these as a list index or as further assignments.
                '[' | ']' | ',' | '=' | '{' | '}' => {
                    return Err(invalid("lists and the characters [ ] { } , = are not supported"));
                }
                '\\' => match characters.next() {
                    Some(escaped @ ('.' | '\\')) => push(&mut keys, escaped),
                    _ => return Err(invalid("a backslash must stand before a dot or a backslash")),
                },
                other => push(&mut keys, other),
            }
        }
        if keys.iter().any(String::is_empty) {
            return Err(invalid("a key is empty"));
        }
        Ok(Self(keys))
    }
}

fn push(keys: &mut [String], character: char) {
    if let Some(last) = keys.last_mut() {
        last.push(character);
    }
}

impl std::fmt::Display for ValuePath {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let escaped: Vec<String> =
            self.0.iter().map(|key| key.replace('\\', "\\\\").replace('.', "\\.")).collect();
        formatter.write_str(&escaped.join("."))
    }
}

impl TryFrom<String> for ValuePath {
    type Error = InvalidValuePath;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ValuePath> for String {
    fn from(path: ValuePath) -> Self {
        path.to_string()
    }
}

/// A workload that runs an image of the service. `{tenant}` in the name stands for the tenant's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WorkloadSelector {
    /// What it is.
    pub kind: WorkloadKind,
    /// Its name, in the namespace that the Application deploys to.
    pub name: String,
    /// The container that runs the image.
    pub container: String,
}

impl WorkloadSelector {
    /// The same workload with `{tenant}` replaced.
    #[must_use]
    pub fn for_tenant(&self, tenant: &str) -> Self {
        Self { name: self.name.replace("{tenant}", tenant), ..self.clone() }
    }
}

/// The kinds of workloads that can be proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum WorkloadKind {
    /// `apps/v1` StatefulSet.
    StatefulSet,
    /// `apps/v1` Deployment.
    Deployment,
}

impl WorkloadKind {
    /// The kind as Kubernetes spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StatefulSet => "StatefulSet",
            Self::Deployment => "Deployment",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_keep_dots_and_slashes_in_keys() {
        let path: ValuePath = r"global.my\.registry/x.tag".parse().unwrap();
        assert_eq!(path.keys(), ["global", "my.registry/x", "tag"]);
        assert_eq!(path.pointer("/helm"), "/helm/global/my.registry~1x/tag");
        assert_eq!(path.to_string(), r"global.my\.registry/x.tag");
    }

    #[test]
    fn what_helm_would_read_differently_is_refused() {
        for text in ["", "a..b", ".a", "a.", "a[0].b", "a=b", "a,b", r"a\b", r"a\"] {
            assert!(text.parse::<ValuePath>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_path_is_read_back_as_it_was_written(keys in proptest::collection::vec("[a-z./~\\\\-]{1,6}", 1..5)) {
            let path = ValuePath(keys);
            prop_assert_eq!(path.to_string().parse::<ValuePath>().unwrap(), path);
        }
    }
}
