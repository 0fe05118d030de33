//! Git repositories that Applications are deployed from: by URL, with all their commits.
//!
//! There are two sorts: the repository of the testbed's fleet (charts, a folder of manifests, a file of values), and
//! repositories that hold manifests in their root, such as the children of a parent Application. A repository has one
//! branch, `main`. Argo CD learns of a new commit when it is made to look (`docs/testbed.md`, "a change of a chart is not
//! seen for minutes"); that is its business and not modelled here.
//!
//! Shown by `a_parent_application_keeps_what_it_never_set_unless_it_replaces`, whose children are in one.

use crate::fleet;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

/// What a commit holds.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// The testbed's fleet, with images of a registry.
    Fleet {
        /// The host of the registry.
        registry: String,
    },
    /// Manifests.
    Manifests(Vec<Value>),
}

/// The commits of one repository.
#[derive(Debug, Default)]
struct Repository {
    newest: String,
    commits: BTreeMap<String, Content>,
}

/// The repositories of the model, by URL.
pub struct Repositories {
    by_url: BTreeMap<String, Repository>,
}

impl Default for Repositories {
    fn default() -> Self {
        let mut repositories = Self { by_url: BTreeMap::new() };
        repositories.publish_fleet(fleet::EXAMPLE_REGISTRY);
        repositories
    }
}

impl fmt::Debug for Repositories {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let newest = self.by_url.iter().map(|(url, repository)| (url, &repository.newest));
        formatter.debug_map().entries(newest).finish()
    }
}

impl Repositories {
    /// Commits the testbed's fleet, with images of the registry at a host, as `testbed/publish` does.
    pub fn publish_fleet(&mut self, registry: &str) -> String {
        self.add(fleet::REPOSITORY, Content::Fleet { registry: registry.to_owned() })
    }

    /// Commits manifests to a repository, which is made if there is none; the answer is the commit. The same manifests
    /// are the same commit.
    pub fn commit(&mut self, url: &str, manifests: Vec<Value>) -> String {
        self.add(url, Content::Manifests(manifests))
    }

    /// The newest commit of a repository.
    pub fn newest(&self, url: &str) -> Option<&str> {
        Some(self.by_url.get(url)?.newest.as_str())
    }

    /// The manifests of the newest commit of a repository. `None` if it is not one with manifests.
    pub fn manifests(&self, url: &str) -> Option<&[Value]> {
        match self.find(url, "")?.1 {
            Content::Manifests(manifests) => Some(manifests),
            Content::Fleet { .. } => None,
        }
    }

    /// Whether there is a repository at a URL.
    pub(crate) fn has(&self, url: &str) -> bool {
        self.by_url.contains_key(url)
    }

    /// The commit that a branch or a revision means, and what it holds.
    pub(crate) fn find(&self, url: &str, target: &str) -> Option<(&str, &Content)> {
        let repository = self.by_url.get(url)?;
        let revision = if matches!(target, "" | "HEAD" | "main") { &repository.newest } else { target };
        repository.commits.get_key_value(revision).map(|(revision, content)| (revision.as_str(), content))
    }

    fn add(&mut self, url: &str, content: Content) -> String {
        let revision = revision_of(&content);
        let repository = self.by_url.entry(url.to_owned()).or_default();
        repository.newest.clone_from(&revision);
        repository.commits.insert(revision.clone(), content);
        revision
    }
}

/// Forty hexadecimal digits that follow from the content.
fn revision_of(content: &Content) -> String {
    let mut hash = Sha256::new();
    match content {
        Content::Fleet { registry } => hash.update(registry),
        Content::Manifests(manifests) => {
            manifests.iter().for_each(|manifest| hash.update(manifest.to_string()));
        }
    }
    hash.finalize().iter().take(20).fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_commit_follows_from_its_content_and_stays_after_the_next() {
        let mut repositories = Repositories::default();
        let url = "https://git.example.com/parent.git";
        assert!(!repositories.has(url));
        let first = repositories.commit(url, vec![json!({ "kind": "ConfigMap" })]);
        assert_eq!(first.len(), 40);
        let second = repositories.commit(url, Vec::new());
        assert_ne!(first, second);
        assert_eq!(repositories.newest(url), Some(second.as_str()));
        assert_eq!(repositories.manifests(url), Some([].as_slice()));
        let found = |target| repositories.find(url, target).map(|(revision, _)| revision.to_owned());
        assert_eq!(found("main"), Some(second.clone()));
        assert_eq!(found(&first), Some(first.clone()));
        assert_eq!(found("another"), None);
        assert_eq!(repositories.commit(url, vec![json!({ "kind": "ConfigMap" })]), first);
    }
}
