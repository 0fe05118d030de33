//! The permissions that Ringway needs on GitHub, and where. The README tells the same to whoever grants them.
//!
//! What each request needs is in <https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps>:
//! comments in pull requests need to write one of issues and pull requests, and who set a label is read from the events of
//! an issue, which needs to read issues.

use crate::config::{CohortSource, Config};
use release::decide::rules::Authority;
use std::collections::BTreeSet;

/// A permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Need {
    /// As GitHub's settings have it.
    pub(super) shown: &'static str,
    /// As its API has it.
    pub(super) name: &'static str,
    /// Whether to write; otherwise to read.
    pub(super) writes: bool,
}

impl Need {
    /// Whether what was granted is enough.
    pub(super) fn is_met_by(self, granted: Option<&str>) -> bool {
        match granted {
            Some("write" | "admin") => true,
            Some("read") => !self.writes,
            _ => false,
        }
    }
}

impl std::fmt::Display for Need {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.shown, if self.writes { "write" } else { "read" })
    }
}

const fn read(shown: &'static str, name: &'static str) -> Need {
    Need { shown, name, writes: false }
}

const fn write(shown: &'static str, name: &'static str) -> Need {
    Need { shown, name, writes: true }
}

/// On the repository of a service, whoever we are.
pub(super) const OF_SERVICE: [Need; 4] = [
    read("Actions", "actions"),
    read("Contents", "contents"),
    read("Issues", "issues"),
    write("Pull requests", "pull_requests"),
];

/// Beside them, of an App.
pub(super) const OF_APP: Need = write("Checks", "checks");

/// Beside them, of a user, who may write no checks.
pub(super) const OF_USER: Need = write("Commit statuses", "statuses");

/// On a repository of cohort files.
pub(super) const OF_COHORTS: Need = read("Contents", "contents");

/// Of the organisation of a team that may set labels.
pub(super) const OF_TEAM: Need = read("Members", "members");

/// The repositories of cohort files.
pub(super) fn cohort_repositories(config: &Config) -> BTreeSet<&str> {
    let repositories = config.cohorts.values().filter_map(|source| match source {
        CohortSource::Github { repository, .. } => Some(repository.as_str()),
        CohortSource::File { .. } | CohortSource::Argocd { .. } => None,
    });
    repositories.collect()
}

/// The organisations of the teams that may set labels.
pub(super) fn organisations(config: &Config) -> BTreeSet<&str> {
    let rules = config.rings.values().flat_map(|rings| &rings.rules.authority);
    let teams = rules.filter_map(|rule| match &rule.needs {
        Authority::Team(team) => team.split_once('/').map(|(organisation, _)| organisation),
        Authority::Permission(_) => None,
    });
    teams.collect()
}
