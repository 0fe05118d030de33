//! The check run, or commit status, of the head commit.

use super::{
    PullRequestReport, comment, escape::shortened, fit::fit, headline, progress, sections::sections, words,
};
use crate::{
    decide::{CohortState, GateState, Standing, rules::OnMerge},
    verdict::{ReleaseVerdict, TenantVerdict},
};

/// What the check of a commit says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Whether it is done and how it ended.
    pub state: CheckState,
    /// One line, at most 200 characters.
    pub title: String,
    /// Markdown, at most 60 000 characters.
    pub summary: String,
}

/// Where a check stands, in GitHub's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckState {
    /// It goes on, or waits for something that may come by itself.
    InProgress,
    /// Everything that was asked for is proven.
    Success,
    /// Something failed, or was refused to tenants.
    Failure,
    /// Somebody has to do something before it goes on.
    ActionRequired,
    /// There is nothing to say about the commit.
    Neutral,
}

impl CheckState {
    /// The name used in texts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::ActionRequired => "action_required",
            Self::Neutral => "neutral",
        }
    }
}

/// The longest description of a commit status that GitHub takes.
const STATUS: usize = 140;

/// The check of the head commit.
pub fn check(report: &PullRequestReport) -> Check {
    let updated = format!("Updated {}.", words::moment(report.now));
    Check {
        state: state(report),
        title: headline::headline(report),
        summary: fit("", |room| sections(report, room), &updated, comment::LONGEST),
    }
}

/// The headline for a commit status: at most 140 characters.
pub fn status_description(report: &PullRequestReport) -> String {
    shortened(&headline::headline(report), STATUS)
}

pub(super) fn state(report: &PullRequestReport) -> CheckState {
    if words::observes(report) {
        // Nothing was tried, so nothing can have worked or failed.
        return CheckState::Neutral;
    }
    match &report.decision.standing {
        Standing::Ring => of_cohorts(report),
        Standing::Resting(_) | Standing::Succeeded { .. } => CheckState::Neutral,
        Standing::Merged if report.on_merge == OnMerge::Keep => CheckState::Neutral,
        Standing::NotARing(_) | Standing::Closed | Standing::Merged => of_cleanups(report),
    }
}

fn of_cohorts(report: &PullRequestReport) -> CheckState {
    let gate_is_closed = report.decision.gates.iter().any(|gate| gate.state == GateState::Closed);
    let states = report.decision.cohorts.iter().map(|cohort| match &cohort.state {
        CohortState::Unknown(_) | CohortState::Due | CohortState::UnderWay => CheckState::InProgress,
        CohortState::Blocked if gate_is_closed => CheckState::ActionRequired,
        CohortState::Blocked => CheckState::InProgress,
        CohortState::Refused(_) => CheckState::ActionRequired,
        CohortState::Ended => match progress::of_cohort(report, cohort).verdict() {
            Some(ReleaseVerdict::Success) => CheckState::Success,
            Some(ReleaseVerdict::Failed | ReleaseVerdict::PartialSuccess | ReleaseVerdict::Refused) => {
                CheckState::Failure
            }
            Some(ReleaseVerdict::Cancelled | ReleaseVerdict::Superseded) | None => CheckState::ActionRequired,
        },
    });
    gravest(states).unwrap_or(CheckState::Neutral)
}

/// What goes on counts before how something ended, and what is wrong before what is right.
fn gravest(states: impl Iterator<Item = CheckState>) -> Option<CheckState> {
    states.min_by_key(|state| match state {
        CheckState::InProgress => 0,
        CheckState::Failure => 1,
        CheckState::ActionRequired => 2,
        CheckState::Success => 3,
        CheckState::Neutral => 4,
    })
}

fn of_cleanups(report: &PullRequestReport) -> CheckState {
    let cleanups = progress::of_cleanups(report);
    if !progress::other_releases(report).is_empty() || cleanups.ended() < cleanups.total() {
        CheckState::InProgress
    } else if cleanups.total() == 0 {
        CheckState::Neutral
    } else if cleanups.count(TenantVerdict::Success) + cleanups.count(TenantVerdict::Skipped)
        == cleanups.total()
    {
        CheckState::Success
    } else {
        CheckState::Failure
    }
}
