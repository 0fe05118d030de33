//! What people read about a release or a cleanup: functions from facts to text.
//!
//! The same facts are printed as JSON and YAML, so the names of the fields are a promise to scripts.

pub mod explain;
pub mod pull_request;
pub mod text;

#[cfg(test)]
mod tests;

use crate::{
    image::ResolvedImage,
    proof::Proof,
    step::{Evidence, Problem},
    verdict::{ReleaseVerdict, Stop, TenantVerdict},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Whether something is put on or taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// A release.
    Release,
    /// A cleanup.
    Cleanup,
}

impl RunKind {
    /// The name used in texts and stored data.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Cleanup => "cleanup",
        }
    }
}

/// A release or a cleanup, with its tenants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunReport {
    /// Its id.
    pub id: String,
    /// Which of the two it is.
    pub kind: RunKind,
    /// The ring it is for; several for a cleanup by tenants.
    pub ring: String,
    /// The service it is for; empty for a cleanup of several.
    pub service: String,
    /// What is released.
    pub images: Vec<ResolvedImage>,
    /// The name of the cohort, if the tenants came from a cohort file.
    pub cohort: Option<String>,
    /// When it began.
    pub began_at: Timestamp,
    /// When its verdict was recorded.
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub verdict: Option<ReleaseVerdict>,
    /// Whether it was told to stop.
    pub stop: Option<Stop>,
    /// Whether a process drives it now; false once it has ended.
    pub driven: bool,
    /// Its tenants, in the order they were asked for.
    pub tenants: Vec<TenantReport>,
}

/// One tenant of a release or a cleanup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TenantReport {
    /// Its name.
    pub tenant: String,
    /// How far it is proven.
    pub proof: Proof,
    /// How it ended.
    pub verdict: Option<TenantVerdict>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// Why it failed, was refused, skipped or cancelled.
    pub problem: Option<Problem>,
    /// What is awaited now.
    pub awaiting: Option<AwaitingReport>,
    /// When something last changed.
    pub updated_at: Option<Timestamp>,
    /// When each level of proof was reached.
    pub timeline: Vec<Reached>,
}

/// When a level of proof was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Reached {
    /// When.
    pub at: Timestamp,
    /// Which level.
    pub proof: Proof,
}

/// What a tenant waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitingReport {
    /// One sentence.
    pub what: String,
    /// Since when.
    pub since: Timestamp,
    /// When it is given up.
    pub until: Option<Timestamp>,
    /// The fields that show it.
    pub evidence: Vec<Evidence>,
    /// A command to look by hand.
    pub by_hand: String,
}
