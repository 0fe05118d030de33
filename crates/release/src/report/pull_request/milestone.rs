//! When a comment or a check is worth another write: a key that changes with what a person would want to be told, and
//! with nothing else. It holds no time and no single tenant, so a release of any size makes few of them.

use super::{
    PullRequestReport, check,
    marker::fingerprint,
    progress::{self, Progress},
    words,
};
use crate::{
    decide::{CohortDecision, CohortState, GateState, Standing},
    verdict::TenantVerdict,
};

/// A short key that changes exactly when the comment should be edited: at the start, with every fifth of the tenants of a
/// cohort, at the first failure, when a gate opens or closes, with refused and removed labels, and at the end.
pub fn milestone(report: &PullRequestReport) -> String {
    format!("{:016x}", fingerprint(&stage(report).join("\n")))
}

/// A short key that changes exactly when the check should: at the start, when something blocks, at the end, and with the
/// head commit.
pub fn check_milestone(report: &PullRequestReport) -> String {
    let (cohorts, gates) = (&report.decision.cohorts, &report.decision.gates);
    let runs = cohorts.iter().any(|cohort| matches!(cohort.state, CohortState::Due | CohortState::UnderWay));
    let closed: Vec<&str> =
        gates.iter().filter(|gate| gate.state == GateState::Closed).map(|gate| gate.name.as_str()).collect();
    let blocked = cohorts.iter().any(|cohort| cohort.state == CohortState::Blocked);
    let phase = match check::state(report) {
        check::CheckState::InProgress if runs => "runs".to_owned(),
        check::CheckState::InProgress => "waits".to_owned(),
        _ if blocked => format!("blocked by {}", closed.join(", ")),
        state => state.as_str().to_owned(),
    };
    let key = [&report.pull_request.head_commit, standing(&report.decision.standing), &phase].join("\n");
    format!("{:016x}", fingerprint(&key))
}

/// The lines that the key is made of.
pub(super) fn stage(report: &PullRequestReport) -> Vec<String> {
    let decision = report.decision;
    let mut lines = vec![
        format!("commit {}", report.pull_request.head_commit),
        standing(&decision.standing).to_owned(),
        format!("observes {}", words::observes(report)),
    ];
    lines.extend(decision.cohorts.iter().map(|cohort| of_cohort(report, cohort)));
    if decision.cohorts.iter().any(|cohort| cohort.state == CohortState::Blocked) {
        lines.extend(decision.gates.iter().map(|gate| format!("gate {} {:?}", gate.name, gate.state)));
    }
    lines.extend(decision.departures.iter().map(|departure| format!("departure {}", departure.name)));
    if !decision.strays.is_empty() {
        lines.push("strays".to_owned());
    }
    let cleanups = progress::of_cleanups(report);
    if cleanups.total() > 0 {
        lines.push(format!("cleanups {}", fifths(&cleanups, PARTS)));
    }
    lines
}

fn standing(standing: &Standing) -> &'static str {
    match standing {
        Standing::Ring => "ring",
        Standing::Resting(_) => "resting",
        Standing::NotARing(_) => "not a ring",
        Standing::Closed => "closed",
        Standing::Merged => "merged",
        Standing::Succeeded { .. } => "succeeded",
    }
}

fn of_cohort<'a>(report: &PullRequestReport<'a>, cohort: &'a CohortDecision) -> String {
    let state = match &cohort.state {
        CohortState::Refused(why) => format!("refused {why}"),
        CohortState::Unknown(_) => "unknown".to_owned(),
        CohortState::Blocked => "blocked".to_owned(),
        CohortState::Due => "due".to_owned(),
        CohortState::UnderWay => {
            format!("under way {}", fifths(&progress::of_cohort(report, cohort), PARTS - 1))
        }
        CohortState::Ended => format!("ended {}", words::state(report, cohort)),
    };
    let taken_back = match cohort.taken_back.len() {
        0 => String::new(),
        count => format!(", {count} taken back"),
    };
    format!("cohort {} {state}{taken_back}", cohort.name)
}

/// What one step of progress is a part of the whole.
const PARTS: usize = 5;

/// How many fifths have ended, and whether one has failed. `most`: where the end is told otherwise, the last fifth is not.
fn fifths(progress: &Progress, most: usize) -> String {
    let done = (progress.ended() * PARTS).checked_div(progress.total()).unwrap_or(0).min(most);
    let failed = if progress.count(TenantVerdict::Failed) > 0 { " failed" } else { "" };
    format!("{done}{failed}")
}
