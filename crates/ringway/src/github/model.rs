//! What GitHub tells us, with the few fields that we use. Words of GitHub stay as it writes them, so that one that is new
//! to us does not make an answer unreadable; ids are keys, names are for texts.

use jiff::Timestamp;
use std::collections::BTreeMap;

/// Who we are on GitHub: the author of our comments and checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The login that stands beside our comments. That of an App ends with `[bot]`, which no person's can.
    pub login: String,
    /// An App, or a user with a token.
    pub kind: IdentityKind,
}

/// As what we act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityKind {
    /// A GitHub App.
    App {
        /// Its id.
        app_id: u64,
    },
    /// A user, by a token.
    User {
        /// The user's id.
        id: u64,
    },
}

impl Identity {
    /// Whether this comment is ours. A marker of ours that somebody else pasted does not make it so.
    pub fn wrote(&self, comment: &Comment) -> bool {
        match self.kind {
            IdentityKind::App { app_id } => {
                comment.app_id == Some(app_id) || (comment.app_id.is_none() && comment.author == self.login)
            }
            IdentityKind::User { id } => comment.author_id == id,
        }
    }
}

/// An installation of our App.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// Its id.
    pub id: u64,
    /// What it was granted: `read`, `write` or `admin`, by the name of the permission, in GitHub's words.
    pub permissions: BTreeMap<String, String>,
    /// Whether its owner has suspended it: then nothing is answered.
    pub is_suspended: bool,
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Its id, which stays when it is renamed or moved.
    pub id: u64,
    /// Its name now, as `owner/name`.
    pub name: String,
    /// The branch that pull requests merge into.
    pub default_branch: String,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Its id.
    pub id: u64,
    /// Its number in the repository.
    pub number: u64,
    /// The id of the repository that it is in.
    pub base_repository: u64,
    /// The name of that repository, as `owner/name`.
    pub base_repository_name: String,
    /// The id of the repository that the branch is in; `None` if that is gone.
    pub head_repository: Option<u64>,
    /// The branch.
    pub head_branch: String,
    /// The commit that the branch points to.
    pub head_commit: String,
    /// The branch that it merges into.
    pub base_branch: String,
    /// `open` or `closed`, in GitHub's words.
    pub state: String,
    /// Whether it was merged.
    pub merged: bool,
    /// Whether it is a draft.
    pub draft: bool,
    /// The names of its labels.
    pub labels: Vec<String>,
    /// Its page.
    pub url: String,
    /// When anything about it changed last.
    pub updated_at: Option<Timestamp>,
}

/// Somebody who did something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The login. Only for texts.
    pub login: String,
    /// The id.
    pub id: u64,
}

/// A label was set or taken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelEvent {
    /// The name that the label had.
    pub label: String,
    /// Whether it was set; otherwise it was taken off.
    pub set: bool,
    /// Who did it; `None` if the account is gone.
    pub by: Option<Actor>,
    /// When.
    pub at: Timestamp,
}

/// What happened to the labels of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LabelHistory {
    /// Each time that one was set or taken off, the oldest first.
    pub labels: Vec<LabelEvent>,
    /// When it was last reopened or given another base branch: from then on all its labels count as set again.
    pub resumed_at: Option<Timestamp>,
}

/// A run of a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowRun {
    /// Its id.
    pub id: u64,
    /// Which attempt this is, the first being 1.
    pub attempt: u64,
    /// Its number among the runs of the workflow.
    pub run_number: u64,
    /// The branch, which may be one of a fork.
    pub head_branch: Option<String>,
    /// The commit.
    pub head_commit: String,
    /// The id of the repository that the commit is in; `None` if that is gone.
    pub head_repository: Option<u64>,
    /// What started it, such as `push`.
    pub event: String,
    /// Where it stands, in GitHub's words.
    pub status: String,
    /// How it ended, in GitHub's words.
    pub conclusion: Option<String>,
    /// Its page.
    pub url: String,
}

/// A job of a run of a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its name.
    pub name: String,
    /// Where it stands, in GitHub's words.
    pub status: String,
    /// How it ended, in GitHub's words.
    pub conclusion: Option<String>,
}

/// A comment in a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its id.
    pub id: u64,
    /// Its text.
    pub body: String,
    /// The login of its author; `ghost` if the account is gone. For whether it is ours, see [`Identity::wrote`].
    pub author: String,
    /// The id of its author; 0 if the account is gone.
    pub author_id: u64,
    /// The App that wrote it.
    pub app_id: Option<u64>,
}

/// What a check run should say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRun {
    /// Its name.
    pub name: String,
    /// The commit that it is about.
    pub head_commit: String,
    /// What recognises it as ours after an answer was lost.
    pub external_id: String,
    /// Where it stands.
    pub status: CheckStatus,
    /// The first line that people read.
    pub title: String,
    /// The text below, in Markdown.
    pub summary: String,
    /// Where there is more.
    pub url: Option<String>,
}

/// Where a check run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckStatus {
    /// It goes on.
    InProgress,
    /// It has ended.
    Completed(Conclusion),
}

/// How a check run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// All is well.
    Success,
    /// It is not.
    Failure,
    /// A person must do something.
    ActionRequired,
    /// There is nothing to say.
    Neutral,
    /// Somebody ended it.
    Cancelled,
    /// Nothing was done.
    Skipped,
}

impl Conclusion {
    /// GitHub's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::ActionRequired => "action_required",
            Self::Neutral => "neutral",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
        }
    }
}

/// Where a commit status stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusState {
    /// It goes on.
    Pending,
    /// All is well.
    Success,
    /// It is not.
    Failure,
    /// It could not be found out.
    Error,
}

impl StatusState {
    /// GitHub's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Error => "error",
        }
    }
}

/// What became of an edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edited {
    /// The comment says it, or says what a later edit gave it to say.
    Done,
    /// There is no such comment any more.
    Gone,
}

/// How many requests were sent since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Calls {
    /// Those that create or change what people read.
    pub content: u64,
    /// All of them.
    pub total: u64,
}
