//! What was decided about a pull request: what is to be done, and everything that a person should read about it.

use super::label::CohortLabel;
use crate::image::ImageReference;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// What the pull request is to us.
    pub standing: Standing,
    /// What must be so before anything is released, in the order in which it is looked at. Empty if nothing is asked for.
    pub gates: Vec<Gate>,
    /// Each cohort label, in the order of the observation.
    pub cohorts: Vec<CohortDecision>,
    /// Labels that are gone and still hold tenants.
    pub departures: Vec<Departure>,
    /// Tenants that are held, and that no longer stand in the cohort of a label that is still there. They are kept.
    pub strays: Vec<Stray>,
    /// What is to be done, in this order. In observe mode: what would be done.
    pub actions: Vec<Action>,
    /// What must be remembered for the next time in the place of
    /// [`Observation::noticed_gone`](super::Observation::noticed_gone).
    pub noticed_gone: BTreeMap<String, Timestamp>,
    /// When to look again at the latest, if nothing happens before.
    pub look_again: Option<Timestamp>,
}

/// What a pull request is to us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "is", content = "why")]
pub enum Standing {
    /// A ring: its labels count.
    Ring,
    /// It asks for nothing new, and keeps what it has: why, and what to do.
    Resting(String),
    /// Its labels do not count: why. What it still holds is given back after the grace period.
    NotARing(String),
    /// It was closed without merge, or cannot be found any more: everything is given back at once.
    Closed,
    /// It was merged.
    Merged,
    /// It is over, and another pull request of the same branch goes on with what it had.
    Succeeded {
        /// The number of that one.
        by: u64,
    },
}

/// One condition for a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gate {
    /// What is looked at, such as `build` or `image atlas`.
    pub name: String,
    /// Whether it is open.
    pub state: GateState,
    /// What was found, in one sentence.
    pub found: String,
    /// What a person can do, if it is not open.
    pub advice: Option<String>,
}

/// Whether a gate is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GateState {
    /// The release may go on.
    Open,
    /// It waits, and this may change without anybody doing anything.
    Waiting,
    /// It stays closed until somebody does something.
    Closed,
}

/// What was decided about one cohort label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CohortDecision {
    /// The label as it stands on the pull request.
    pub name: String,
    /// What it names, if it is right.
    pub label: Option<CohortLabel>,
    /// Who set it.
    pub set_by: Option<String>,
    /// Where it stands.
    pub state: CohortState,
    /// Its tenants that no label before it has, in the order of the source.
    pub tenants: Vec<String>,
    /// Those of them that a person took back after the release of the head commit. They stay so until the next commit, or
    /// until the label is set again.
    pub taken_back: Vec<String>,
    /// Which version of the source was read.
    pub revision: Option<String>,
    /// The releases of the head commit for it that are under way or have ended, the newest first.
    pub runs: Vec<String>,
}

/// Where a cohort label stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "why")]
pub enum CohortState {
    /// It gets nothing: the label is wrong, the cohort is, or whoever set it may not. Why, and what to do.
    Refused(String),
    /// It is not known yet what it means or whether it may: why.
    Unknown(String),
    /// It waits: for a gate, for a cleanup of its tenants to end, or for the pull request to be a ring again.
    Blocked,
    /// Its tenants are to be released now.
    Due,
    /// A release of the head commit goes on.
    UnderWay,
    /// A release of the head commit has ended for all its tenants, however it ended.
    Ended,
}

/// A label that is gone and still holds tenants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Departure {
    /// The label as it stood on the pull request.
    pub name: String,
    /// The tenants that nothing else wants.
    pub tenants: Vec<String>,
    /// When they are given back, unless the label returns.
    pub due: Timestamp,
}

/// A tenant that is held, and that no longer stands in the cohort of its label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stray {
    /// The tenant.
    pub tenant: String,
    /// The label that it came from.
    pub label: String,
}

/// Something that is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "action")]
pub enum Action {
    /// Tell a release to stop. What it has done stays until a cleanup.
    Cancel {
        /// Which one.
        run: String,
        /// Why.
        reason: CancelReason,
    },
    /// Take tenants back.
    Cleanup {
        /// Which ones, in the order of their names.
        tenants: Vec<String>,
        /// Why.
        reason: CleanupReason,
    },
    /// Release the images of the head commit.
    Release {
        /// The label that asks for it, as it stands on the pull request.
        label: String,
        /// The commit.
        commit: String,
        /// The images by their names within the service.
        images: BTreeMap<String, ImageReference>,
        /// The tenants, in the order of the cohort.
        tenants: Vec<String>,
        /// Which version of the cohort's source they were read from.
        revision: Option<String>,
    },
}

/// Why tenants are taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CleanupReason {
    /// The pull request was closed without merge.
    Closed,
    /// It was merged, and the service wants them back then.
    Merged,
    /// Their label was removed.
    LabelRemoved,
    /// The pull request is no longer a ring.
    NotARing,
}

/// Why a release is told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// The pull request is over.
    Over,
    /// Its label was removed.
    LabelRemoved,
    /// The pull request is no longer a ring.
    NotARing,
}
