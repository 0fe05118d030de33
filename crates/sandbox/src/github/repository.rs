//! Repositories: names that change, branches, commits with their files, and labels.

use super::{
    Github, Impossible, PullRequest, Role,
    build::{Run, Workflow},
    check::{CheckRun, Status},
};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::json;
use std::{collections::BTreeMap, sync::Arc};

/// The files of a commit, by path.
pub(super) type Files = Arc<BTreeMap<String, Bytes>>;

/// A repository.
#[derive(Debug)]
pub struct Repository {
    /// Its id, which stays when the name changes.
    pub id: u64,
    /// Whose it is.
    pub owner: u64,
    /// Its name without the owner's.
    pub name: String,
    /// The branch that pull requests go to unless they say otherwise.
    pub default_branch: String,
    /// Whether only those with a role may see it.
    pub private: bool,
    /// What it was forked from.
    pub parent: Option<u64>,
    /// The repository that all of its forks come from: they share their commits.
    pub(super) network: u64,
    pub(super) roles: BTreeMap<u64, Role>,
    pub(super) branches: BTreeMap<String, String>,
    pub(super) labels: BTreeMap<u64, Label>,
    pub(super) pulls: BTreeMap<u64, PullRequest>,
    pub(super) workflows: BTreeMap<u64, Workflow>,
    pub(super) runs: BTreeMap<u64, Run>,
    pub(super) checks: BTreeMap<u64, CheckRun>,
    /// The check suite of an App on a commit.
    pub(super) suites: BTreeMap<(u64, String), u64>,
    pub(super) statuses: Vec<Status>,
    /// Names under which it was known, in lower case.
    pub(super) former: Vec<String>,
    pub(super) created_at: Timestamp,
    pub(super) pushed_at: Timestamp,
}

/// A label that pull requests of a repository can have. Renamed, it is renamed on all of them.
#[derive(Debug, Clone)]
pub struct Label {
    /// Its id.
    pub id: u64,
    /// Its name: any text.
    pub name: String,
}

/// A commit.
#[derive(Debug, Clone)]
pub(super) struct Commit {
    pub(super) network: u64,
    pub(super) parents: Vec<String>,
    pub(super) files: Files,
    pub(super) tree: String,
    pub(super) message: String,
    pub(super) author: u64,
    pub(super) at: Timestamp,
}

impl Repository {
    /// The commit that a branch is at.
    pub fn head(&self, branch: &str) -> Option<&str> {
        self.branches.get(branch).map(String::as_str)
    }

    /// A pull request.
    pub fn pull_request(&self, number: u64) -> Option<&PullRequest> {
        self.pulls.get(&number)
    }

    /// All pull requests in the order of their numbers.
    pub fn pull_requests(&self) -> impl Iterator<Item = &PullRequest> {
        self.pulls.values()
    }

    /// The runs of all workflows in the order in which they were started.
    pub fn runs(&self) -> impl DoubleEndedIterator<Item = &Run> {
        self.runs.values()
    }

    /// What somebody was given in this repository, by the id of the account.
    pub fn role_of(&self, account: u64) -> Role {
        self.roles.get(&account).copied().unwrap_or(Role::None)
    }

    /// The check runs in the order in which they were made.
    pub fn check_runs(&self) -> impl Iterator<Item = &CheckRun> {
        self.checks.values()
    }

    /// The commit statuses in the order in which they were set.
    pub fn statuses(&self) -> &[Status] {
        &self.statuses
    }

    pub(super) fn label(&self, name: &str) -> Option<&Label> {
        // "Label names are not case sensitive" holds for finding them only; they keep the case that they were made with.
        self.labels.values().find(|label| label.name.to_lowercase() == name.to_lowercase())
    }
}

impl Github {
    /// A private repository such as `acme/atlas` with one commit on its default branch; the answer is its id, also of one
    /// that is there already. Its owner is an organisation unless there is an account of the name.
    pub fn repository(&mut self, full_name: &str, default_branch: &str) -> u64 {
        if let Some(known) = self.repository_named(full_name) {
            return known.id;
        }
        let id = self.add_repository(full_name, default_branch, None);
        let owner = self.repositories.get(&id).map_or(0, |repository| repository.owner);
        let files = BTreeMap::from([("README.md".to_owned(), Bytes::from(format!("# {full_name}\n")))]);
        let first = self.commit(id, Vec::new(), Arc::new(files), "Initial commit", owner);
        self.with_repository(id, |repository| {
            repository.branches.insert(default_branch.to_owned(), first);
        });
        id
    }

    /// A fork of a repository, with its branches as they are; the answer is its id.
    ///
    /// # Errors
    ///
    /// When there is no such repository.
    pub fn fork(&mut self, repository: u64, owner: &str) -> Result<u64, Impossible> {
        let parent = self.known_repository(repository)?;
        let (network, private, branches) = (parent.network, parent.private, parent.branches.clone());
        let (name, default_branch) = (parent.name.clone(), parent.default_branch.clone());
        self.user(owner);
        let id = self.add_repository(&format!("{owner}/{name}"), &default_branch, Some(repository));
        self.with_repository(id, |fork| {
            (fork.network, fork.private, fork.branches) = (network, private, branches);
        });
        Ok(id)
    }

    fn add_repository(&mut self, full_name: &str, default_branch: &str, parent: Option<u64>) -> u64 {
        let (owner, name) = full_name.split_once('/').unwrap_or(("nobody", full_name));
        let owner = match self.account_of(owner) {
            Some(account) => account.id,
            None => self.organization(owner),
        };
        let id = self.id();
        let repository = Repository {
            id,
            owner,
            name: name.to_owned(),
            default_branch: default_branch.to_owned(),
            private: true,
            parent,
            network: id,
            roles: BTreeMap::from([(owner, Role::Admin)]),
            branches: BTreeMap::new(),
            labels: BTreeMap::new(),
            pulls: BTreeMap::new(),
            workflows: BTreeMap::new(),
            runs: BTreeMap::new(),
            checks: BTreeMap::new(),
            suites: BTreeMap::new(),
            statuses: Vec::new(),
            former: Vec::new(),
            created_at: self.now,
            pushed_at: self.now,
        };
        self.repositories.insert(id, repository);
        id
    }

    /// The repository of an id.
    pub fn repository_by_id(&self, id: u64) -> Option<&Repository> {
        self.repositories.get(&id)
    }

    /// The repository that has a name such as `acme/atlas` now; upper and lower case are the same.
    pub fn repository_named(&self, full_name: &str) -> Option<&Repository> {
        self.repositories.values().find(|it| self.full_name(it).eq_ignore_ascii_case(full_name))
    }

    /// The repository that once had a name which no other has now.
    pub(super) fn repository_once_named(&self, full_name: &str) -> Option<&Repository> {
        let lower = full_name.to_lowercase();
        self.repositories.values().find(|repository| repository.former.contains(&lower))
    }

    pub(super) fn full_name(&self, repository: &Repository) -> String {
        let owner = self.accounts.get(&repository.owner).map_or("ghost", |owner| owner.login.as_str());
        format!("{owner}/{}", repository.name)
    }

    pub(super) fn known_repository(&self, id: u64) -> Result<&Repository, Impossible> {
        self.repositories.get(&id).ok_or_else(|| Impossible(format!("there is no repository with id {id}")))
    }

    /// Changes a repository that is known to be there.
    pub(super) fn with_repository(&mut self, id: u64, change: impl FnOnce(&mut Repository)) {
        if let Some(repository) = self.repositories.get_mut(&id) {
            change(repository);
        }
    }

    /// Gives a repository another name. The old one leads to it as long as no other repository has it
    /// (<https://docs.github.com/en/repositories/creating-and-managing-repositories/renaming-a-repository>).
    ///
    /// # Errors
    ///
    /// When there is no such repository.
    pub fn rename_repository(&mut self, id: u64, name: &str, by: &str) -> Result<(), Impossible> {
        let repository = self.known_repository(id)?;
        let (old_name, old) = (repository.name.clone(), self.full_name(repository).to_lowercase());
        let sender = self.user(by);
        self.with_repository(id, |repository| {
            repository.former.push(old);
            name.clone_into(&mut repository.name);
        });
        let changes = json!({"repository": {"name": {"from": old_name}}});
        self.announce(id, "repository", Some("renamed"), sender, json!({"changes": changes}));
        Ok(())
    }

    /// Removes a repository. Pull requests that come from it stay, without a head repository.
    pub fn delete_repository(&mut self, id: u64) {
        self.repositories.remove(&id);
        for repository in self.repositories.values_mut() {
            for pull in repository.pulls.values_mut().filter(|pull| pull.head_repository == Some(id)) {
                pull.head_repository = None;
            }
        }
    }

    /// Lets everybody see a repository, or not.
    pub fn set_private(&mut self, id: u64, private: bool) {
        self.with_repository(id, |repository| repository.private = private);
    }

    /// Renames a label of a repository in place, on all pull requests that have it. GitHub tells of it with an event of the
    /// label only.
    ///
    /// # Errors
    ///
    /// When there is no such label.
    pub fn rename_label(&mut self, repository: u64, old: &str, new: &str) -> Result<(), Impossible> {
        let found = self.known_repository(repository)?.label(old).map(|label| label.id);
        let label = found.ok_or_else(|| Impossible(format!("there is no label {old:?} to rename")))?;
        self.with_repository(repository, |repository| {
            if let Some(label) = repository.labels.get_mut(&label) {
                new.clone_into(&mut label.name);
            }
        });
        Ok(())
    }

    /// The label of a name, made if there is none.
    pub(super) fn label(&mut self, repository: u64, name: &str) -> u64 {
        let known = self.repositories.get(&repository).and_then(|it| it.label(name)).map(|label| label.id);
        known.unwrap_or_else(|| {
            let id = self.id();
            let label = Label { id, name: name.to_owned() };
            self.with_repository(repository, |repository| {
                repository.labels.insert(id, label);
            });
            id
        })
    }
}
