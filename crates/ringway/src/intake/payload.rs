//! What to look at because of an event. Only ids, numbers and names of branches are read of a payload, and none of them
//! is believed further than that it is worth a look.

use super::Refusal;
use crate::ledger::Hint;
use serde::{Deserialize, de::DeserializeOwned, de::IgnoredAny};

/// The event with which GitHub asks whether we are there.
pub(super) const PING: &str = "ping";

/// Longer than the name of any branch: Git keeps them as names of files.
const LONGEST_BRANCH: usize = 1024;

/// What to look at.
///
/// # Errors
/// [`Refusal::Payload`] if the body is not JSON, or not what GitHub documents for the event. An event that means nothing
/// to us only has to be JSON.
pub(super) fn hint(event: &str, body: &[u8]) -> Result<Hint, Refusal> {
    match event {
        "pull_request"
        | "pull_request_review"
        | "pull_request_review_comment"
        | "pull_request_review_thread" => read::<PullRequestEvent>(body).map(PullRequestEvent::hint),
        "workflow_run" => read::<WorkflowRunEvent>(body).map(WorkflowRunEvent::hint),
        "workflow_job" => read::<WorkflowJobEvent>(body)
            .map(|event| of_branch(event.repository, event.workflow_job.head_branch)),
        "check_suite" => read::<CheckSuiteEvent>(body)
            .map(|event| of_branch(event.repository, event.check_suite.head_branch)),
        "check_run" => read::<CheckRunEvent>(body)
            .map(|event| of_branch(event.repository, event.check_run.check_suite.head_branch)),
        "status" => read::<StatusEvent>(body).map(StatusEvent::hint),
        "push" => read::<PushEvent>(body).map(PushEvent::hint),
        "create" | "delete" => read::<BranchEvent>(body).map(BranchEvent::hint),
        "label" | "repository" | "branch_protection_rule" | "repository_ruleset" => {
            read::<RepositoryEvent>(body).map(RepositoryEvent::hint)
        }
        "installation" | "installation_repositories" => {
            read::<InstallationEvent>(body).map(InstallationEvent::hint)
        }
        _ => read::<IgnoredAny>(body).map(|_| Hint::Nothing),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| {
        // Names of fields are from us; what came is not repeated.
        let what = if error.is_data() { "it lacks what is documented" } else { "it is not JSON" };
        Refusal::Payload(format!("{what} (line {}, column {})", error.line(), error.column()))
    })
}

fn of_branch(repository: WithId, branch: Option<String>) -> Hint {
    match branch {
        Some(branch) if !branch.is_empty() && branch.len() <= LONGEST_BRANCH => {
            Hint::Branch { repository: repository.id, branch }
        }
        _ => Hint::Nothing,
    }
}

#[derive(Deserialize)]
struct WithId {
    id: u64,
}

#[derive(Deserialize)]
struct WithNumber {
    number: u64,
}

#[derive(Deserialize)]
struct PullRequestEvent {
    repository: WithId,
    pull_request: WithNumber,
}

impl PullRequestEvent {
    fn hint(self) -> Hint {
        Hint::PullRequest { repository: self.repository.id, number: self.pull_request.number }
    }
}

#[derive(Deserialize)]
struct WorkflowRunEvent {
    repository: WithId,
    workflow_run: WorkflowRun,
}

#[derive(Deserialize)]
struct WorkflowRun {
    head_branch: Option<String>,
    head_repository: Option<WithId>,
}

impl WorkflowRunEvent {
    /// A branch of a fork is not the branch of the same name here.
    fn hint(self) -> Hint {
        let of_fork = self.workflow_run.head_repository.is_none_or(|head| head.id != self.repository.id);
        if of_fork { Hint::Nothing } else { of_branch(self.repository, self.workflow_run.head_branch) }
    }
}

#[derive(Deserialize)]
struct WithHeadBranch {
    head_branch: Option<String>,
}

#[derive(Deserialize)]
struct WorkflowJobEvent {
    repository: WithId,
    workflow_job: WithHeadBranch,
}

#[derive(Deserialize)]
struct CheckSuiteEvent {
    repository: WithId,
    check_suite: WithHeadBranch,
}

#[derive(Deserialize)]
struct CheckRunEvent {
    repository: WithId,
    check_run: CheckRun,
}

#[derive(Deserialize)]
struct CheckRun {
    check_suite: WithHeadBranch,
}

#[derive(Deserialize)]
struct StatusEvent {
    repository: WithId,
    /// Those that have the commit, at most ten.
    branches: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

impl StatusEvent {
    fn hint(mut self) -> Hint {
        match (self.branches.pop(), self.branches.is_empty()) {
            (Some(only), true) => of_branch(self.repository, Some(only.name)),
            (Some(_), false) => Hint::Repository { repository: self.repository.id },
            (None, _) => Hint::Nothing,
        }
    }
}

#[derive(Deserialize)]
struct PushEvent {
    repository: WithId,
    #[serde(rename = "ref")]
    reference: String,
}

impl PushEvent {
    fn hint(self) -> Hint {
        of_branch(self.repository, self.reference.strip_prefix("refs/heads/").map(str::to_owned))
    }
}

#[derive(Deserialize)]
struct BranchEvent {
    repository: WithId,
    #[serde(rename = "ref")]
    reference: String,
    ref_type: String,
}

impl BranchEvent {
    fn hint(self) -> Hint {
        let is_branch = self.ref_type == "branch";
        of_branch(self.repository, is_branch.then_some(self.reference))
    }
}

#[derive(Deserialize)]
struct RepositoryEvent {
    /// A rule of an organisation has none.
    repository: Option<WithId>,
}

impl RepositoryEvent {
    fn hint(self) -> Hint {
        self.repository.map_or(Hint::Nothing, |of| Hint::Repository { repository: of.id })
    }
}

#[derive(Deserialize)]
struct InstallationEvent {
    #[serde(default)]
    repositories: Vec<WithId>,
    #[serde(default)]
    repositories_added: Vec<WithId>,
    #[serde(default)]
    repositories_removed: Vec<WithId>,
}

impl InstallationEvent {
    /// One repository is worth a look at once. For more of them the next sweep is soon enough.
    fn hint(self) -> Hint {
        let mut all =
            [self.repositories, self.repositories_added, self.repositories_removed].into_iter().flatten();
        match (all.next(), all.next()) {
            (Some(only), None) => Hint::Repository { repository: only.id },
            _ => Hint::Nothing,
        }
    }
}

#[cfg(test)]
mod tests;
