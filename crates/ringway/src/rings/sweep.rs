//! The sweep: every open ring pull request, and every pull request that still has something, looked at without anybody
//! telling. With it alone everything works, only later.

use super::{Rings, agenda::Subject, repositories::Repository};
use crate::{config, github::GithubError};
use release::decide::label;
use std::collections::BTreeSet;

/// What a sweep found.
#[derive(Debug, Default)]
pub(super) struct Swept {
    /// Repositories as they are now.
    pub(super) repositories: Vec<Repository>,
    /// What to look at.
    pub(super) subjects: BTreeSet<Subject>,
}

impl Rings {
    /// Reads the repositories of all services, and which of their pull requests are worth a look. A repository that
    /// cannot be read is said, and the others are read all the same.
    pub(super) async fn sweep(&self) -> Swept {
        let mut swept = Swept::default();
        for (service, rings) in &self.config().rings {
            match self.sweep_one(service, rings).await {
                Ok((repository, subjects)) => {
                    swept.repositories.push(repository);
                    swept.subjects.extend(subjects);
                }
                Err(error) => tracing::warn!(service, repository = rings.repository, "{error}"),
            }
        }
        match self.still_concerned() {
            Ok(subjects) => swept.subjects.extend(subjects),
            Err(error) => tracing::error!("{error:#}"),
        }
        swept
    }

    async fn sweep_one(
        &self,
        service: &str,
        rings: &config::Rings,
    ) -> Result<(Repository, Vec<Subject>), GithubError> {
        let repository = self.read_repository(service, &rings.repository).await?;
        let open = self.github().open_pull_requests(&repository.name).await?;
        let labelled = open.iter().filter(|pull| pull.labels.iter().any(|name| label::is_ours(name)));
        let subjects =
            labelled.map(|pull| Subject { repository: repository.id, number: pull.number }).collect();
        Ok((repository, subjects))
    }

    /// Pull requests that the ledger has something of, or whose end was not yet said.
    fn still_concerned(&self) -> anyhow::Result<Vec<Subject>> {
        let mut subjects = Vec::new();
        for known in self.world().ledger.pull_requests()? {
            if !known.is_settled() {
                subjects.push(Subject { repository: known.repository, number: known.number });
            }
        }
        Ok(subjects)
    }

    /// The open pull requests of a branch.
    ///
    /// # Errors
    /// If GitHub cannot be asked.
    pub(super) async fn of_branch(
        &self,
        repository: &Repository,
        branch: &str,
    ) -> Result<Vec<Subject>, GithubError> {
        let open = self.github().pull_requests_of_branch(&repository.name, branch).await?;
        Ok(open.iter().map(|pull| Subject { repository: repository.id, number: pull.number }).collect())
    }
}
