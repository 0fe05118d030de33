//! The repositories of the services, by their ids: names change.

use super::Rings;
use crate::{config, github::GithubError};
use std::collections::BTreeMap;

/// A repository whose pull requests drive a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Repository {
    pub(super) id: u64,
    /// Its name now, as `owner/name`.
    pub(super) name: String,
    pub(super) default_branch: String,
    /// The service that it is of.
    pub(super) service: String,
}

/// What is known of them.
#[derive(Debug, Default)]
pub(super) struct Repositories(BTreeMap<u64, Repository>);

impl Repositories {
    pub(super) fn get(&self, id: u64) -> Option<&Repository> {
        self.0.get(&id)
    }

    /// Whether every service has its repository.
    pub(super) fn are_complete(&self, rings: &BTreeMap<String, config::Rings>) -> bool {
        rings.keys().all(|service| self.0.values().any(|known| known.service == *service))
    }

    /// Takes in what a repository is now; one that the service had before is forgotten.
    pub(super) fn learn(&mut self, repository: Repository) {
        self.0.retain(|_, known| known.service != repository.service);
        self.0.insert(repository.id, repository);
    }
}

impl Rings {
    /// Reads the repository of a service.
    ///
    /// # Errors
    /// If GitHub does not show it.
    pub(super) async fn read_repository(&self, service: &str, name: &str) -> Result<Repository, GithubError> {
        let read = self.github().repository(name).await?;
        Ok(Repository {
            id: read.id,
            name: read.name,
            default_branch: read.default_branch,
            service: service.to_owned(),
        })
    }
}
