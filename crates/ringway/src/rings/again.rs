//! Whether a pull request that a sweep found in the list is as it was when it was read: then it need not be read again.
//!
//! Hundreds of pull requests change seldom, and GitHub counts also what it answers with "nothing changed" against what
//! may be asked in a minute (<https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>). The list
//! tells of all that happens to a pull request itself. What changes without it is looked at: builds and images for each,
//! and what many have in common, which is people and cohorts, once for each sweep. Anything that differs, or is not
//! known, leads to a look at everything; and nothing is done on what was read before.

use super::{
    Rings, agenda::Subject, cohorts::Cohorts, observe::Seen, people::People, repositories::Repository,
};
use crate::{config, github};
use jiff::{SignedDuration, Timestamp};
use release::decide::{
    facts::{CohortFacts, Known, LabelFacts, Person},
    label::CohortLabel,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};
use tokio::sync::Mutex;

/// How much older than our reading the newest change of a pull request must be. GitHub tells times in seconds, and its
/// clock is not ours: what changes right after we have read may have the same time.
const SETTLED: SignedDuration = SignedDuration::from_secs(60);

/// What the newest sweep found.
#[derive(Default)]
pub(super) struct Listed {
    open: BTreeMap<Subject, github::PullRequest>,
    common: Arc<Common>,
}

/// What pull requests have in common, as it is since the sweep. Only what is known.
#[derive(Default)]
struct Common {
    /// By the service and the login.
    people: Mutex<BTreeMap<(String, String), Person>>,
    /// By the service and the label.
    cohorts: Mutex<BTreeMap<(String, String), CohortFacts>>,
}

impl Rings {
    /// Takes in the open pull requests that a sweep found.
    pub(super) fn listed(&self, open: BTreeMap<Subject, github::PullRequest>) {
        let listed = Listed { open, common: Arc::default() };
        *self.listed.lock().unwrap_or_else(PoisonError::into_inner) = listed;
    }

    /// Whether what was read of a pull request is what would be read now.
    pub(super) async fn is_as_it_was(
        &self,
        subject: Subject,
        repository: &Repository,
        rings: &config::Rings,
        kept: &Seen,
    ) -> bool {
        let common = {
            let listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
            match listed.open.get(&subject) {
                Some(row) if is_same(row, repository, kept) => Arc::clone(&listed.common),
                _ => return false,
            }
        };
        for label in &kept.labels {
            if !common.is_same(self, repository, rings, label).await {
                return false;
            }
        }
        if kept.labels.iter().all(|label| label.label.is_err()) {
            return true;
        }
        self.build(rings.rules.build.as_ref(), &kept.pull_request, Some(&kept.build)).await == kept.build
            && self.images(&repository.service, rings, kept).await == kept.images
    }
}

/// Whether nothing has happened to a pull request of the list since it was read.
fn is_same(row: &github::PullRequest, repository: &Repository, kept: &Seen) -> bool {
    let is_settled = |changed: Timestamp| kept.read_at.duration_since(changed) >= SETTLED;
    let pull = &kept.pull_request;
    kept.read.as_ref() == Some(row)
        && row.updated_at.is_some_and(is_settled)
        && (&pull.repository, &pull.default_branch) == (&repository.name, &repository.default_branch)
        // Otherwise it matters whether there is another one of its branch.
        && pull.base_branch == pull.default_branch
}

impl Common {
    async fn is_same(
        &self,
        rings: &Rings,
        repository: &Repository,
        config: &config::Rings,
        kept: &LabelFacts,
    ) -> bool {
        let Ok(label) = &kept.label else { return true };
        let Known::Yes(person) = &kept.set_by else { return false };
        let Known::Yes(cohort) = &kept.cohort else { return false };
        self.person(rings, repository, config, &person.login).await.as_ref() == Some(person)
            && self.cohort(rings, repository, config, label, &kept.name).await.as_ref() == Some(cohort)
    }

    async fn person(
        &self,
        rings: &Rings,
        repository: &Repository,
        config: &config::Rings,
        login: &str,
    ) -> Option<Person> {
        let key = (repository.service.clone(), login.to_owned());
        // Held while it is asked for: all others would ask for the same.
        let mut people = self.people.lock().await;
        if let Some(known) = people.get(&key) {
            return Some(known.clone());
        }
        let person = People::new(rings, &repository.name, &config.rules).person(login).await;
        let is_known = matches!(person.permission, Known::Yes(_))
            && person.teams.values().all(|team| matches!(team, Known::Yes(_)));
        is_known.then(|| people.entry(key).or_insert(person).clone())
    }

    async fn cohort(
        &self,
        rings: &Rings,
        repository: &Repository,
        config: &config::Rings,
        label: &CohortLabel,
        name: &str,
    ) -> Option<CohortFacts> {
        let key = (repository.service.clone(), name.to_owned());
        // As above.
        let mut cohorts = self.cohorts.lock().await;
        if let Some(known) = cohorts.get(&key) {
            return Some(known.clone());
        }
        match Cohorts::new(rings, config.rules.cohort_limit).read(label).await {
            Known::Yes(read) => Some(cohorts.entry(key).or_insert(read).clone()),
            Known::NotYet(_) => None,
        }
    }
}
