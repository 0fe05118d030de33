//! What is known about a pull request at one moment, as plain facts.
//!
//! A fact that could not be read is [`Known::NotYet`] and never taken for its opposite: nothing starts on it, and nothing
//! is taken back on it.

use super::{label::CohortLabel, rules::RingRules};
use crate::{image::ImageReference, verdict::TenantVerdict};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// Something that is known, or why it is not known yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Known<T> {
    /// It is known.
    Yes(T),
    /// It could not be read; one sentence why.
    NotYet(String),
}

/// Everything that [`decide`](super::decide) is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// When it was observed.
    pub now: Timestamp,
    /// The service that the repository is of.
    pub service: String,
    /// How its pull requests drive it.
    pub rules: RingRules,
    /// The pull request.
    pub pull_request: PullRequest,
    /// Another open pull request of the same branch, by its number: then this one gives nothing back when it is over.
    pub successor: Option<u64>,
    /// Its labels that begin with `cohort`, in the order in which they were set; those with unknown time last, by name.
    pub labels: Vec<LabelFacts>,
    /// The build of the head commit. `Yes(None)`: the service has no build to wait for.
    pub build: Known<Option<Build>>,
    /// The images of the head commit. Looked at only once the build has succeeded; before that, not yet.
    pub images: Known<Vec<ImageFacts>>,
    /// Why nothing new may start, and how that ends; `None` if it may.
    pub frozen: Option<String>,
    /// What this ring ever did to tenants of this service, by tenant. Only of tenants that it holds, is working on, or
    /// that are in a cohort of [`Observation::labels`].
    pub tenants: BTreeMap<String, TenantHistory>,
    /// Releases of this ring and service that have not ended.
    pub under_way: Vec<UnfinishedRelease>,
    /// Labels that were on the pull request before, hold tenants, and are gone: when that was first noticed.
    pub noticed_gone: BTreeMap<String, Timestamp>,
}

/// A pull request as GitHub has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PullRequest {
    /// Its number in the repository.
    pub number: u64,
    /// The repository that it is in, as `owner/name`. Only for texts: names change.
    pub repository: String,
    /// The id of the repository that it is in.
    pub base_repository: u64,
    /// The id of the repository that the branch is in; `None` if that is gone.
    pub head_repository: Option<u64>,
    /// The branch that it merges into.
    pub base_branch: String,
    /// The branch that pull requests of the repository merge into.
    pub default_branch: String,
    /// The branch. The name of the ring.
    pub head_branch: String,
    /// The commit that the branch points to.
    pub head_commit: String,
    /// Whether it is open.
    pub state: PullRequestState,
    /// Whether it is a draft.
    pub draft: bool,
}

/// Whether a pull request is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PullRequestState {
    /// It is open.
    Open,
    /// It was closed and not merged.
    Closed,
    /// It was merged.
    Merged,
    /// It, or its repository, cannot be found any more.
    Gone,
}

/// One label that begins with `cohort`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelFacts {
    /// As it stands on the pull request.
    pub name: String,
    /// What it names; or what is wrong with it, and how it should look.
    pub label: Result<CohortLabel, String>,
    /// When it was last asked for: when it was last set, or the pull request was reopened after that; `None` if nothing
    /// says so. What was stopped when the pull request was closed is begun again only if this is later.
    pub set_at: Option<Timestamp>,
    /// Who set it last.
    pub set_by: Known<Person>,
    /// The tenants. `NotYet` for a label that is wrong or that nobody looked up.
    pub cohort: Known<CohortFacts>,
}

/// Who did something on GitHub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Person {
    /// The login. Only for texts.
    pub login: String,
    /// What they may do in the repository.
    pub permission: Known<Permission>,
    /// Whether they are in the teams that [`RingRules::authority`] names, as `organisation/team`.
    pub teams: BTreeMap<String, Known<bool>>,
}

/// What somebody may do in a repository, as GitHub names it. In ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Nothing.
    None,
    /// Look.
    Read,
    /// Sort issues and pull requests, and set labels.
    Triage,
    /// Push.
    Write,
    /// Nearly everything.
    Maintain,
    /// Everything.
    Admin,
}

/// What a cohort label stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CohortFacts {
    /// The tenants, all different, at least one.
    Tenants {
        /// Their names, in the order of the source.
        tenants: Vec<String>,
        /// Which version of the source was read, such as the commit of a file.
        revision: Option<String>,
    },
    /// The source says that there is no such cohort, or what it has cannot be used: why, and what to do.
    Wrong(String),
}

/// The build of the head commit: the newest run of the workflow for this commit, branch and repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Build {
    /// The file of the workflow, as the service names it.
    pub workflow: String,
    /// Which attempt, and where it can be read.
    pub run: Option<BuildRun>,
}

/// The newest attempt of a run of the build workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BuildRun {
    /// Which attempt of the run, the first being 1.
    pub attempt: u64,
    /// Its page.
    pub url: String,
    /// Where it stands. The words are GitHub's; one that we do not know is kept.
    pub status: String,
    /// How it ended, in GitHub's words.
    pub conclusion: Option<String>,
    /// The job that the service asks for, if it asks for one: `None` while the run has none of that name.
    pub job: Option<BuildJob>,
}

/// The job of the build that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BuildJob {
    /// Where it stands, in GitHub's words.
    pub status: String,
    /// How it ended, in GitHub's words.
    pub conclusion: Option<String>,
}

/// One image of the head commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageFacts {
    /// Its name within the service.
    pub name: String,
    /// What it should be called; or why the branch or the commit make no name.
    pub reference: Result<ImageReference, String>,
    /// The digest, if it is there for all platforms; else why not and what to do.
    pub present: Known<Result<String, String>>,
}

/// What happened to one tenant before, under this ring and service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TenantHistory {
    /// Whether the ring holds it: a claim or an override of it stands in the ledger.
    pub held: bool,
    /// The newest release that had it among its tenants.
    pub released: Option<PastRelease>,
    /// The newest cleanup that had it among its tenants.
    pub cleaned: Option<PastCleanup>,
    /// Another ring that holds it now, and since when; or a ring that holds it for another service that writes the same
    /// value, once a release was refused because of that.
    pub held_by: Option<OtherRing>,
}

/// The newest release of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRelease {
    /// Its id.
    pub run: String,
    /// The commit that the pull request gave it; `None` for one from the command line.
    pub commit: Option<String>,
    /// The label that it was for; `None` for one from the command line.
    pub label: Option<String>,
    /// Its place in the order in which releases and cleanups began, which no clock that is set back changes.
    pub place: i64,
    /// When it began, as the clock was then.
    pub began_at: Timestamp,
    /// Whether it goes on.
    pub unfinished: bool,
    /// How it ended for this tenant; `None` while it goes on, and if it ended before its turn.
    pub verdict: Option<TenantVerdict>,
    /// The code of the problem that it ended with, such as `claimed` or `image_pull`.
    pub problem: Option<String>,
}

/// The newest cleanup of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastCleanup {
    /// Its id.
    pub run: String,
    /// Its place in the order in which releases and cleanups began, which no clock that is set back changes.
    pub place: i64,
    /// When it began, as the clock was then.
    pub began_at: Timestamp,
    /// Whether it goes on.
    pub unfinished: bool,
    /// How it ended for this tenant.
    pub verdict: Option<TenantVerdict>,
    /// Whether a person asked for it, and not a pull request.
    pub by_hand: bool,
}

/// A ring that holds a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherRing {
    /// Its name.
    pub ring: String,
    /// Since when.
    pub since: Timestamp,
}

/// A release that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfinishedRelease {
    /// Its id.
    pub run: String,
    /// The label that it is for; `None` for one from the command line.
    pub label: Option<String>,
    /// Whether it was told to stop.
    pub stopping: bool,
}
