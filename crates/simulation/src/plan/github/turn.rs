//! What people and builds do on GitHub. Each of it is also done at the worst moment: between two requests of Ringway.

use crate::{
    hub::{DEVELOPER, HELPER, Hub, JOB, WORKFLOW, new_pull_request},
    stage::Inner,
};
use jiff::Timestamp;
use sandbox::github::{Github, Impossible, Role};
use serde_json::json;

use super::super::configuration;

/// Something that happens on GitHub to the newest pull request of a branch.
#[derive(Debug, Clone)]
pub(in super::super) enum Turn {
    /// Somebody sets a label.
    Label {
        /// Which branch.
        branch: usize,
        /// Which label.
        label: &'static str,
        /// Whether it is somebody with write access.
        may: bool,
    },
    /// Somebody takes a label off.
    Unlabel {
        /// Which branch.
        branch: usize,
        /// Which label.
        label: &'static str,
    },
    /// Somebody pushes a commit, or replaces the last one.
    Push {
        /// Which branch.
        branch: usize,
        /// Whether the last one is replaced.
        forced: bool,
        /// So that no two commits are the same.
        number: u64,
    },
    /// The build of the head commit.
    Build {
        /// Which branch.
        branch: usize,
        /// What becomes of it.
        step: Build,
    },
    /// Somebody closes it.
    Close(usize),
    /// Somebody opens it again.
    Reopen(usize),
    /// Somebody merges it.
    Merge(usize),
    /// Somebody opens another pull request of the branch.
    Another(usize),
    /// It becomes a draft, or is one no longer.
    Draft(usize, bool),
    /// It goes to another branch, or to the default branch.
    Base(usize, bool),
    /// Somebody deletes the branch.
    DeleteBranch(usize),
    /// A cohort file changes.
    Cohort {
        /// The name of the file.
        file: &'static str,
        /// The tenants that stand in it.
        tenants: Vec<String>,
    },
    /// The developer may push no longer, or again.
    MayPush(bool),
}

/// What becomes of a build.
#[derive(Debug, Clone, Copy)]
pub(in super::super) enum Build {
    /// It begins.
    Begins,
    /// Its image is pushed.
    Image,
    /// It ends.
    Ends(&'static str),
    /// Somebody runs it again.
    Again,
}

impl Turn {
    /// Does it. What cannot be done now is not done.
    pub(in super::super) fn happen(&self, hub: &Hub, inner: &mut Inner, now: Timestamp) {
        inner.book.turns += 1;
        if let Self::Cohort { file, tenants } = self {
            inner.book.cohorts.insert((*file).to_owned(), tenants.clone());
        }
        if let Self::Build { branch, step: Build::Image } = self {
            push_image(hub, inner, now, *branch);
        } else if let Err(impossible) = self.change(hub, &mut inner.model.github) {
            inner.trace.note(now, &format!("impossible: {impossible}"));
        }
    }

    /// What changes on GitHub itself.
    ///
    /// # Errors
    /// If GitHub does not let anybody do that now.
    pub(in super::super) fn change(&self, hub: &Hub, github: &mut Github) -> Result<(), Impossible> {
        let repository = hub.repository;
        let name = |branch: &usize| hub.branches.get(*branch).map_or("", String::as_str);
        let number =
            |github: &Github, branch: &usize| hub.newest(github, name(branch)).map_or(0, |pull| pull.number);
        match self {
            Self::Label { branch, label, may } => {
                let (number, by) = (number(github, branch), if *may { DEVELOPER } else { HELPER });
                github.set_label(repository, number, label, by)
            }
            Self::Unlabel { branch, label } => {
                let number = number(github, branch);
                github.remove_label(repository, number, label, DEVELOPER)
            }
            Self::Push { branch, forced, number } => {
                let content = number.to_string();
                let files = [("code.txt", content.as_str())];
                let push = if *forced { Github::force_push } else { Github::push };
                push(github, repository, name(branch), &files, DEVELOPER).map(drop)
            }
            Self::Build { branch, step } => build(hub, github, name(branch), *step),
            Self::Close(branch) => {
                let number = number(github, branch);
                github.close(repository, number, DEVELOPER)
            }
            Self::Reopen(branch) => {
                let number = number(github, branch);
                github.reopen(repository, number, DEVELOPER)
            }
            Self::Merge(branch) => {
                let number = number(github, branch);
                github.merge(repository, number, DEVELOPER).map(drop)
            }
            Self::Another(branch) => {
                github.open_pull_request(repository, &new_pull_request(name(branch))).map(drop)
            }
            Self::Draft(branch, draft) => {
                let number = number(github, branch);
                github.set_draft(repository, number, *draft, DEVELOPER)
            }
            Self::Base(branch, default) => {
                let number = number(github, branch);
                let base = if *default { "master" } else { "develop" };
                if hub.head(github, base).is_none() {
                    github.push(repository, base, &[("code.txt", base)], DEVELOPER)?;
                }
                github.change_base(repository, number, base, DEVELOPER)
            }
            Self::DeleteBranch(branch) => github.delete_branch(repository, name(branch), DEVELOPER),
            Self::Cohort { file, tenants } => {
                let (path, content) = (format!("cohorts/{file}.json"), cohort_file(tenants));
                let files = [(path.as_str(), content.as_str())];
                github.push(hub.cohorts, "main", &files, HELPER).map(drop)
            }
            Self::MayPush(may) => {
                let role = if *may { Role::Write } else { Role::Read };
                github.set_role(repository, DEVELOPER, role);
                Ok(())
            }
        }
    }
}

fn build(hub: &Hub, github: &mut Github, branch: &str, step: Build) -> Result<(), Impossible> {
    let repository = hub.repository;
    let head = hub.head(github, branch).unwrap_or_default().to_owned();
    match step {
        Build::Begins => github.start_build(repository, WORKFLOW, &head, &[JOB]).map(drop),
        Build::Ends(conclusion) => github.finish_build(repository, WORKFLOW, &head, conclusion),
        Build::Again => {
            let runs = github.repository_by_id(repository).into_iter().flat_map(|known| known.runs());
            let newest = runs
                .filter(|run| run.head_commit == head)
                .max_by_key(|run| run.run_number)
                .map_or(0, |run| run.id);
            github.rerun(repository, newest, DEVELOPER)
        }
        Build::Image => Ok(()),
    }
}

fn push_image(hub: &Hub, inner: &mut Inner, now: Timestamp, branch: usize) {
    let Some(branch) = hub.branches.get(branch) else { return };
    let head = hub.head(&inner.model.github, branch).map(str::to_owned);
    if let Some(image) = head.and_then(|head| hub.image_of(branch, &head)) {
        configuration::push(inner, now, &image, 1);
    }
}

/// What stands in the file of a cohort.
pub(super) fn cohort_file(tenants: &[String]) -> String {
    let tenants: Vec<_> = tenants.iter().map(|name| json!({ "name": name })).collect();
    json!({ "tenants": tenants }).to_string()
}
