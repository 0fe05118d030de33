//! The few fields that we read of GitHub's answers, as GitHub names them. What may be missing or null there may be here;
//! words are texts, so that a new one makes nothing unreadable.

use super::model::{Actor, Comment, Installation, Job, LabelEvent, PullRequest, Repository, WorkflowRun};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WireApp {
    pub(super) id: u64,
    pub(super) slug: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WireUser {
    pub(super) id: u64,
    pub(super) login: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WireInstallation {
    id: u64,
    #[serde(default)]
    permissions: BTreeMap<String, String>,
    #[serde(default)]
    suspended_at: Option<String>,
}

impl From<WireInstallation> for Installation {
    fn from(wire: WireInstallation) -> Self {
        Self { id: wire.id, permissions: wire.permissions, is_suspended: wire.suspended_at.is_some() }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WireRepository {
    id: u64,
    full_name: String,
    default_branch: Option<String>,
}

impl From<WireRepository> for Repository {
    fn from(wire: WireRepository) -> Self {
        Self { id: wire.id, name: wire.full_name, default_branch: wire.default_branch.unwrap_or_default() }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WirePullRequest {
    id: u64,
    number: u64,
    state: String,
    #[serde(default)]
    draft: Option<bool>,
    #[serde(default)]
    merged: Option<bool>,
    #[serde(default)]
    merged_at: Option<String>,
    #[serde(default)]
    labels: Vec<WireName>,
    head: WireHead,
    base: WireBase,
    #[serde(default)]
    html_url: Option<String>,
    #[serde(default)]
    updated_at: Option<Timestamp>,
}

#[derive(Debug, Serialize, Deserialize)]
struct WireName {
    name: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct WireHead {
    #[serde(rename = "ref")]
    branch: String,
    sha: String,
    repo: Option<WireId>,
}

#[derive(Debug, Serialize, Deserialize)]
struct WireBase {
    #[serde(rename = "ref")]
    branch: String,
    repo: WireNamedId,
}

#[derive(Debug, Serialize, Deserialize)]
struct WireId {
    id: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct WireNamedId {
    id: u64,
    full_name: String,
}

impl From<WirePullRequest> for PullRequest {
    fn from(wire: WirePullRequest) -> Self {
        Self {
            id: wire.id,
            number: wire.number,
            base_repository: wire.base.repo.id,
            base_repository_name: wire.base.repo.full_name,
            head_repository: wire.head.repo.map(|repository| repository.id),
            head_branch: wire.head.branch,
            head_commit: wire.head.sha,
            base_branch: wire.base.branch,
            state: wire.state,
            // A list has only the time.
            merged: wire.merged.unwrap_or(false) || wire.merged_at.is_some(),
            draft: wire.draft.unwrap_or(false),
            labels: wire.labels.into_iter().map(|label| label.name).collect(),
            url: wire.html_url.unwrap_or_default(),
            updated_at: wire.updated_at,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WireEvent {
    #[serde(default)]
    id: u64,
    event: String,
    #[serde(default)]
    actor: Option<WireUser>,
    #[serde(default)]
    label: Option<WireLabel>,
    created_at: Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
struct WireLabel {
    name: Option<String>,
}

impl WireEvent {
    /// The order in which events happened.
    pub(super) fn order(&self) -> (Timestamp, u64) {
        (self.created_at, self.id)
    }

    /// When it made the pull request count again, with all labels that it had.
    pub(super) fn of_resumption(&self) -> Option<Timestamp> {
        matches!(self.event.as_str(), "reopened" | "base_ref_changed").then_some(self.created_at)
    }

    /// What it says about a label, if it is about one.
    pub(super) fn of_label(self) -> Option<LabelEvent> {
        let set = match self.event.as_str() {
            "labeled" => true,
            "unlabeled" => false,
            _ => return None,
        };
        let by = self.actor.map(|actor| Actor { login: actor.login, id: actor.id });
        Some(LabelEvent { label: self.label?.name?, set, by, at: self.created_at })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WirePermission {
    #[serde(default)]
    pub(super) permission: Option<String>,
    #[serde(default)]
    pub(super) role_name: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WireMembership {
    pub(super) state: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WireRuns {
    pub(super) workflow_runs: Vec<WireRun>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WireRun {
    id: u64,
    #[serde(default)]
    run_attempt: Option<u64>,
    #[serde(default)]
    run_number: u64,
    #[serde(default)]
    head_branch: Option<String>,
    head_sha: String,
    #[serde(default)]
    head_repository: Option<WireId>,
    #[serde(default)]
    event: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    conclusion: Option<String>,
    #[serde(default)]
    html_url: Option<String>,
}

impl From<WireRun> for WorkflowRun {
    fn from(wire: WireRun) -> Self {
        Self {
            id: wire.id,
            attempt: wire.run_attempt.unwrap_or(1),
            run_number: wire.run_number,
            head_branch: wire.head_branch,
            head_commit: wire.head_sha,
            head_repository: wire.head_repository.map(|repository| repository.id),
            event: wire.event,
            status: wire.status.unwrap_or_default(),
            conclusion: wire.conclusion,
            url: wire.html_url.unwrap_or_default(),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WireJobs {
    pub(super) jobs: Vec<WireJob>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WireJob {
    name: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    conclusion: Option<String>,
}

impl From<WireJob> for Job {
    fn from(wire: WireJob) -> Self {
        Self { name: wire.name, status: wire.status.unwrap_or_default(), conclusion: wire.conclusion }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WireComment {
    id: u64,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    user: Option<WireUser>,
    #[serde(default)]
    performed_via_github_app: Option<WireId>,
}

impl From<WireComment> for Comment {
    fn from(wire: WireComment) -> Self {
        let (author, author_id) = wire.user.map_or_else(|| ("ghost".into(), 0), |user| (user.login, user.id));
        Self {
            id: wire.id,
            body: wire.body.unwrap_or_default(),
            author,
            author_id,
            app_id: wire.performed_via_github_app.map(|app| app.id),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WireChecks {
    pub(super) check_runs: Vec<WireCheck>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WireCheck {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) status: String,
    #[serde(default)]
    pub(super) conclusion: Option<String>,
    #[serde(default)]
    pub(super) external_id: Option<String>,
    #[serde(default)]
    app: Option<WireId>,
    #[serde(default)]
    output: Option<WireOutput>,
}

#[derive(Debug, Serialize, Deserialize)]
struct WireOutput {
    #[serde(default)]
    title: Option<String>,
}

impl WireCheck {
    pub(super) fn app(&self) -> Option<u64> {
        self.app.as_ref().map(|app| app.id)
    }

    pub(super) fn title(&self) -> Option<&str> {
        self.output.as_ref()?.title.as_deref()
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WireStatus {
    pub(super) state: String,
    pub(super) context: String,
    #[serde(default)]
    pub(super) description: Option<String>,
}

/// What stands under a path of a repository: a file, or a folder as a list.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum WireContent {
    Folder(Vec<WireEntry>),
    One(WireFile),
}

/// Something in a folder; all that matters is that there is one.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WireEntry {}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WireFile {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) encoding: Option<String>,
    #[serde(default)]
    pub(super) content: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WireCommit {
    pub(super) sha: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WireCreated {
    pub(super) id: u64,
}
