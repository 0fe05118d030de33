//! What the cohort labels of a pull request stand for: files in a repository, files on this machine, or Applications
//! with certain labels.
//!
//! Three answers are kept apart: these tenants, no such cohort, and not known now. Only the first two change anything.

use super::Rings;
use crate::{
    config::{CohortSource, cohort},
    github::GithubError,
};
use release::decide::{
    facts::{CohortFacts, Known},
    label::CohortLabel,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// The key of labels whose cohort is a file.
const FILE_KEY: &str = "path";

/// Reads cohorts for one look at a pull request. The commit of a repository of cohorts is asked for once.
pub(super) struct Cohorts<'a> {
    rings: &'a Rings,
    limit: usize,
    commits: BTreeMap<(String, String), Result<String, String>>,
}

impl<'a> Cohorts<'a> {
    /// Cohorts of at most `limit` tenants.
    pub(super) fn new(rings: &'a Rings, limit: usize) -> Self {
        Self { rings, limit, commits: BTreeMap::new() }
    }

    /// The cohort that a label names.
    pub(super) async fn read(&mut self, label: &CohortLabel) -> Known<CohortFacts> {
        let sources = &self.rings.config().cohorts;
        let Some(source) = sources.get(&label.source) else {
            let known: Vec<&str> = sources.keys().map(String::as_str).collect();
            return wrong(format!(
                "there is no source of cohorts called {}; the configuration has {}",
                label.source,
                if known.is_empty() { "none".to_owned() } else { known.join(", ") }
            ));
        };
        match source {
            CohortSource::Github { repository, reference, folder } => {
                self.github(label, repository, reference, folder).await
            }
            CohortSource::File { folder } => self.file(label, folder),
            CohortSource::Argocd { selector, tenant_label } => {
                self.argocd(label, selector, tenant_label).await
            }
        }
    }

    async fn github(
        &mut self,
        label: &CohortLabel,
        repository: &str,
        reference: &str,
        folder: &str,
    ) -> Known<CohortFacts> {
        let path = match is_file(label).and_then(|()| cohort::path(folder, &label.value)) {
            Ok(path) => path,
            Err(why) => return wrong(why),
        };
        let commit = match self.commit(repository, reference).await {
            Ok(commit) => commit,
            Err(why) => return Known::NotYet(why),
        };
        match self.rings.github().file(repository, &path, &commit).await {
            Ok(Some(bytes)) => self.parsed(label, &bytes, Some(commit)),
            // Without the commit: it is said once, and not once for each commit of the repository.
            Ok(None) => wrong(format!(
                "there is no {path} in {repository} at {reference}; write the name of a file that is there"
            )),
            Err(error @ (GithubError::Invalid { .. } | GithubError::TooLarge { .. })) => {
                wrong(error.to_string())
            }
            Err(error) => Known::NotYet(error.to_string()),
        }
    }

    /// The commit that a branch of a repository of cohorts stands at.
    async fn commit(&mut self, repository: &str, reference: &str) -> Result<String, String> {
        let key = (repository.to_owned(), reference.to_owned());
        if let Some(known) = self.commits.get(&key) {
            return known.clone();
        }
        let found: Result<Option<String>, GithubError> =
            self.rings.github().commit_of(repository, reference).await;
        let commit = match found {
            Ok(Some(commit)) => Ok(commit),
            Ok(None) => Err(format!("{repository} has no {reference}, which the configuration names")),
            Err(error) => Err(error.to_string()),
        };
        self.commits.insert(key, commit.clone());
        commit
    }

    fn file(&self, label: &CohortLabel, folder: &Path) -> Known<CohortFacts> {
        let path = is_file(label).and_then(|()| cohort::file(folder, &label.value));
        let path = match path {
            Ok(path) => path,
            Err(why) => return wrong(why),
        };
        let (source, value) = (&label.source, &label.value);
        match cohort::read_file(&path) {
            Ok(Some(bytes)) => self.parsed(label, &bytes, None),
            Ok(None) => wrong(format!(
                "there is no cohort {value} among the files of {source}; write the name of a file that is there"
            )),
            // Where it is on this machine is nobody's business in a pull request.
            Err(error) => Known::NotYet(format!("the file of cohort {value} cannot be read: {error}")),
        }
    }

    fn parsed(&self, label: &CohortLabel, bytes: &[u8], revision: Option<String>) -> Known<CohortFacts> {
        match cohort::parse(&label.value, bytes, self.limit) {
            Ok(cohort) => tenants(cohort.tenants, revision),
            Err(error) => wrong(error.to_string()),
        }
    }

    async fn argocd(&self, label: &CohortLabel, selector: &str, tenant_label: &str) -> Known<CohortFacts> {
        let selector = match cohort::selector(selector, &label.key, &label.value) {
            Ok(selector) => selector,
            Err(why) => return wrong(why),
        };
        let clusters = &self.rings.world().clusters;
        let mut names = BTreeSet::new();
        for instance in clusters.instances() {
            let listed = async {
                let client = clusters.instance(&instance.name).await?;
                client.labels_of_applications(&instance.namespaces, &selector).await
            };
            match listed.await {
                Ok(found) => {
                    names.extend(found.iter().filter_map(|labels| labels.get(tenant_label).cloned()))
                }
                Err(error) => return Known::NotYet(format!("{:#}", anyhow::Error::from(error))),
            }
        }
        if names.is_empty() {
            return wrong(format!(
                "no Application with the labels {selector} has the label {tenant_label}, which names the tenant"
            ));
        }
        match cohort::of_names(&label.value, names.into_iter().collect(), self.limit) {
            Ok(cohort) => tenants(cohort.tenants, None),
            Err(error) => wrong(error.to_string()),
        }
    }
}

/// Whether a label of a source of files names a file.
fn is_file(label: &CohortLabel) -> Result<(), String> {
    if label.key == FILE_KEY {
        return Ok(());
    }
    let source = &label.source;
    Err(format!(
        "cohorts of {source} are files, so the label is cohort:{source}:{FILE_KEY}:<name of the file>"
    ))
}

fn tenants(tenants: Vec<String>, revision: Option<String>) -> Known<CohortFacts> {
    Known::Yes(CohortFacts::Tenants { tenants, revision })
}

fn wrong(why: String) -> Known<CohortFacts> {
    Known::Yes(CohortFacts::Wrong(why))
}
