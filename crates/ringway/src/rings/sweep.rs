//! The sweep: every open ring pull request, and every pull request that still has something, looked at without anybody
//! telling. With it alone everything works, only later.

use super::{Rings, agenda::Subject, repositories::Repository};
use crate::{
    config,
    github::{self, GithubError},
};
use release::decide::label;
use std::collections::{BTreeMap, BTreeSet};

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
        let mut open = BTreeMap::new();
        let mut is_complete = true;
        let holding = self.holding().unwrap_or_else(|error| {
            is_complete = false;
            tracing::error!("{error:#}");
            BTreeSet::new()
        });
        for (service, rings) in &self.config().rings {
            match self.sweep_one(service, rings).await {
                Ok((repository, pulls)) => {
                    for pull in pulls {
                        let subject = Subject { repository: repository.id, number: pull.number };
                        let is_labelled = pull.labels.iter().any(|name| label::is_ours(name));
                        // Perhaps without a label: another one of the branch that is over had it.
                        let holds = || {
                            pull.head_repository == Some(repository.id)
                                && holding.contains(&(service.clone(), pull.head_branch.clone()))
                        };
                        if is_labelled || holds() {
                            swept.subjects.insert(subject);
                        }
                        open.insert(subject, pull);
                    }
                    swept.repositories.push(repository);
                }
                Err(error) => {
                    is_complete = false;
                    tracing::warn!(service, repository = rings.repository, "{error}");
                }
            }
        }
        match self.still_concerned() {
            Ok(subjects) => swept.subjects.extend(subjects),
            Err(error) => {
                is_complete = false;
                tracing::error!("{error:#}");
            }
        }
        self.listed(open);
        if is_complete {
            self.swept_completely();
        }
        swept
    }

    async fn sweep_one(
        &self,
        service: &str,
        rings: &config::Rings,
    ) -> Result<(Repository, Vec<github::PullRequest>), GithubError> {
        let repository = self.read_repository(service, &rings.repository).await?;
        let open = self.github().open_pull_requests(&repository.name).await?;
        Ok((repository, open))
    }

    /// Services, each with a ring that holds tenants of it.
    fn holding(&self) -> anyhow::Result<BTreeSet<(String, String)>> {
        let tenants = self.world().ledger.ring_tenants()?;
        Ok(tenants.into_iter().map(|tenant| (tenant.service, tenant.ring)).collect())
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
