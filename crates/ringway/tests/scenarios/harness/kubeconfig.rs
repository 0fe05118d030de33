//! Kubeconfigs: reading them, and copies that differ in one thing.

use kube::config::Kubeconfig;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Whose kubeconfig it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// May do everything.
    Administrator,
    /// Has exactly the rights of `deploy/`.
    Ringway,
    /// Is known, and may do nothing.
    Stranger,
    /// Has a token that the API server does not accept.
    Expired,
}

pub(crate) fn read(file: &str) -> Kubeconfig {
    Kubeconfig::read_from(file).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// A kubeconfig of a test's own, mostly a changed copy; gone when this is dropped.
pub(crate) struct Copied(TempDir);

impl Copied {
    /// A copy with what `change` makes of it.
    pub(crate) fn of(original: &str, change: impl FnOnce(&mut Value)) -> Self {
        let mut content = serde_json::to_value(read(original)).unwrap();
        change(&mut content);
        // JSON is YAML as well.
        Self::new(&content.to_string())
    }

    /// A kubeconfig with this content.
    pub(crate) fn new(content: &str) -> Self {
        let copied = Self(tempfile::tempdir().unwrap());
        std::fs::write(copied.path(), content).unwrap();
        copied
    }

    /// A copy with one more context, for the same cluster and the same identity.
    pub(crate) fn with_context(original: &str, name: &str) -> Self {
        Self::of(original, |content| add_context(content, name))
    }

    pub(crate) fn path(&self) -> String {
        self.0.path().join("kubeconfig").to_str().unwrap().to_owned()
    }
}

/// Adds a context for the cluster and the identity of the one that is there.
pub(crate) fn add_context(content: &mut Value, name: &str) {
    let known = content["contexts"][0]["context"].clone();
    content["contexts"].as_array_mut().unwrap().insert(0, json!({ "name": name, "context": known }));
}
