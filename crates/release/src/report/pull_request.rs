//! What people read in a pull request: the comment that is kept up to date, the short new ones, and the check or status
//! of the commit. Functions from facts to text, which decide nothing.
//!
//! What comes from users, clusters and registries goes through [`escape`] or into a fenced block, and every text has a
//! limit that holds for any number of tenants. GitHub lets us write few times: [`milestone`] says when a comment is worth
//! an edit, [`check_milestone`] when the check is.

mod check;
mod comment;
mod escape;
mod fit;
mod headline;
mod marker;
mod milestone;
mod news;
mod over;
mod progress;
mod sections;
mod tenants;
#[cfg(test)]
mod tests;
mod words;

pub use check::{Check, CheckState, check, status_description};
pub use comment::{KEPT, comment};
pub use escape::escape;
pub use headline::headline;
pub use marker::marker;
pub use milestone::{check_milestone, milestone};
pub use news::{accepted, departing, ended, over, refused_label};

use super::RunReport;
use crate::decide::{
    Decision,
    facts::PullRequest,
    rules::{Mode, OnMerge},
};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Everything that is written about a pull request comes from this.
#[derive(Debug, Clone, Copy)]
pub struct PullRequestReport<'a> {
    /// The service that the repository is of.
    pub service: &'a str,
    /// Whether anything is written to the fleet.
    pub mode: Mode,
    /// What happens to the tenants on a merge.
    pub on_merge: OnMerge,
    /// The pull request.
    pub pull_request: &'a PullRequest,
    /// What was decided about it.
    pub decision: &'a Decision,
    /// The releases that the cohorts of the decision name, those that have not ended, and the cleanups of the pull
    /// request; by id.
    pub runs: &'a BTreeMap<String, RunReport>,
    /// What happened before, one sentence each, the newest last.
    pub history: &'a [(Timestamp, String)],
    /// When it is written.
    pub now: Timestamp,
}
