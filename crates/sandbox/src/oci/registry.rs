//! One registry: what its repositories hold, and what is wrong with it.

use super::{
    Access, Pulled, Push, digest_of,
    image::{Image, Manifest},
};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};

/// A registry. A new one is empty, open to all, and answers.
#[derive(Debug, Default)]
pub struct Registry {
    /// Whom it lets in over HTTP.
    pub access: Access,
    /// Whether it answers nobody: not Ringway, and no kubelet.
    pub is_down: bool,
    /// Repositories that it shows to nobody over HTTP, with or without an account.
    pub denied: BTreeSet<String>,
    /// Repositories that the pull secrets of the nodes do not reach. All others do, also where an account is needed:
    /// pods of the testbed run images of the private registry.
    pub denied_to_nodes: BTreeSet<String>,
    repositories: BTreeMap<String, Repository>,
}

#[derive(Debug, Default)]
pub(super) struct Repository {
    /// By tag, the digest that it names.
    pub(super) tags: BTreeMap<String, String>,
    manifests: BTreeMap<String, Manifest>,
    blobs: BTreeMap<String, Bytes>,
}

impl Registry {
    /// Pushes an image; the answer is the digest that the tag has now.
    pub fn push(&mut self, repository: &str, tag: &str, push: &Push) -> String {
        let Image { manifests, blobs, lost } = push.image(repository, tag);
        let repository = self.repositories.entry(repository.to_owned()).or_default();
        repository.blobs.extend(blobs.into_iter().map(|blob| (digest_of(&blob), blob)));
        let mut pushed = String::new();
        for manifest in manifests {
            pushed = digest_of(&manifest.content);
            repository.manifests.insert(pushed.clone(), manifest);
        }
        for digest in lost {
            repository.manifests.remove(&digest);
        }
        repository.tags.insert(tag.to_owned(), pushed.clone());
        pushed
    }

    /// Lets a tag name another image of the repository. Says whether there is one with this digest.
    pub fn move_tag(&mut self, repository: &str, tag: &str, digest: &str) -> bool {
        let found = self.repositories.get_mut(repository);
        let Some(found) = found.filter(|found| found.manifests.contains_key(digest)) else { return false };
        found.tags.insert(tag.to_owned(), digest.to_owned());
        true
    }

    /// Takes a tag away; what it named stays under its digest. Says whether it was there.
    pub fn remove_tag(&mut self, repository: &str, tag: &str) -> bool {
        let found = self.repositories.get_mut(repository);
        found.is_some_and(|found| found.tags.remove(tag).is_some())
    }

    /// Loses a manifest, and the tags that name it. Says whether it was there.
    pub fn remove_manifest(&mut self, repository: &str, digest: &str) -> bool {
        let Some(found) = self.repositories.get_mut(repository) else { return false };
        found.tags.retain(|_, named| named != digest);
        found.manifests.remove(digest).is_some()
    }

    pub(super) fn repository(&self, name: &str) -> Option<&Repository> {
        self.repositories.get(name)
    }

    /// What a kubelet gets. A tag with `platformdigest` in it is reported as the platform's manifest, one with
    /// `wrongdigest` as a digest that is not in the registry: the tags of `testbed/push`.
    pub(super) fn pull(&self, repository: &str, tag: &str) -> Pulled {
        if self.is_down {
            return Pulled::Unreachable;
        }
        let found = self.repository(repository).and_then(|repository| repository.by_tag(tag));
        match found {
            _ if self.denied_to_nodes.contains(repository) => Pulled::Denied,
            Some((digest, _)) if tag.contains("wrongdigest") => {
                Pulled::Image(digest_of(format!("not {digest}").as_bytes()))
            }
            Some((_, manifest)) if tag.contains("platformdigest") => Pulled::Image(manifest.first.clone()),
            Some((digest, _)) => Pulled::Image(digest.to_owned()),
            // A registry that wants an account does not say what it does not have (`testbed/config/kwok.yaml`).
            None if self.access != Access::Open => Pulled::Denied,
            None => Pulled::Absent,
        }
    }
}

impl Repository {
    /// What a tag or a digest names, and its digest.
    pub(super) fn manifest<'a>(&'a self, reference: &'a str) -> Option<(&'a str, &'a Manifest)> {
        match reference.contains(':') {
            true => self.manifests.get(reference).map(|manifest| (reference, manifest)),
            false => self.by_tag(reference),
        }
    }

    fn by_tag(&self, tag: &str) -> Option<(&str, &Manifest)> {
        let digest = self.tags.get(tag)?;
        self.manifests.get(digest).map(|manifest| (digest.as_str(), manifest))
    }

    pub(super) fn blob(&self, digest: &str) -> Option<&Bytes> {
        self.blobs.get(digest)
    }
}
