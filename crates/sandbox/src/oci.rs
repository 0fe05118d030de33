//! Container registries: repositories, tags, indexes, manifests and image configurations, and who may read them.
//!
//! Images are made as `testbed/push` makes them, and requests are answered as Debian's docker-registry 2.8 does (the
//! scenarios in `registry` and `a_tag_that_is_absent_or_lacks_a_platform_is_not_released`, on the testbed). Layers are there by name and size, but their content is
//! no archive: nothing here unpacks one. Pushing over HTTP, referrers and the expiry of tokens are left out.

mod access;
mod image;
mod protocol;
mod registry;

pub use access::{Access, Account};
pub use image::Push;
pub use registry::Registry;

use bytes::Bytes;
use http::{Request, Response};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The registries of the model, by host.
#[derive(Debug, Default)]
pub struct Registries {
    hosts: BTreeMap<String, Registry>,
}

/// What a kubelet gets when it pulls an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pulled {
    /// The image, under this digest (`sha256:…`), as a pod's `imageID` reports it.
    Image(String),
    /// There is no such image.
    Absent,
    /// The registry lets nobody in without an account.
    Denied,
    /// The registry does not answer.
    Unreachable,
}

impl Registries {
    /// The registry at a host such as `127.0.0.1:15000`; it is opened, empty, if there is none yet.
    pub fn at(&mut self, host: &str) -> &mut Registry {
        self.hosts.entry(host.to_owned()).or_default()
    }

    /// Pushes an image to the registry at `host`; the answer is the digest that the tag has now.
    pub fn push(&mut self, host: &str, repository: &str, tag: &str, push: &Push) -> String {
        self.at(host).push(repository, tag, push)
    }

    /// Answers a request to the registry at `host`.
    pub fn handle(&mut self, host: &str, request: &Request<Bytes>) -> Response<Bytes> {
        match self.hosts.get(host) {
            Some(registry) => protocol::handle(registry, host, request),
            None => protocol::nobody(),
        }
    }

    /// What a kubelet gets for a reference such as `127.0.0.1:15000/atlas:1.0.0`. An image of a registry that the model
    /// does not have can always be pulled, under a digest that follows from its name.
    pub fn pull(&self, reference: &str) -> Pulled {
        let (name, digest) = match reference.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (reference, None),
        };
        let (host, path) = name.split_once('/').unwrap_or(("docker.io", name));
        // A name with a digest can be pulled although nobody pushed it: the pods of `testbed/config/kwok.yaml` do so.
        match (digest, self.hosts.get(host)) {
            (None, Some(registry)) => {
                let (repository, tag) = path.rsplit_once(':').unwrap_or((path, "latest"));
                registry.pull(repository, tag)
            }
            (Some(_), Some(registry)) if registry.is_down => Pulled::Unreachable,
            (Some(digest), _) => Pulled::Image(digest.to_owned()),
            (None, None) => Pulled::Image(digest_of(reference.as_bytes())),
        }
    }
}

/// The digest of a content, as registries write it.
fn digest_of(content: &[u8]) -> String {
    format!("sha256:{}", hex_of(content))
}

fn hex_of(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
