//! The one line that says it all: the first line of the comment, the title of the check, the status of the commit.

use super::{PullRequestReport, escape, over, progress, words};
use crate::{
    decide::{CohortDecision, CohortState, GateState, Standing},
    report::text::counted,
    verdict::TenantVerdict,
};

/// The longest headline, in characters: GitHub's limit for the title of a check is 255.
pub(super) const LONGEST: usize = 200;
/// So many cohorts are named, more are counted.
const NAMED: usize = 3;
/// How much of a sentence from elsewhere.
const SENTENCE: usize = 110;

/// One line of plain text that says it all. It is harmless where Markdown is read as well.
pub fn headline(report: &PullRequestReport) -> String {
    let ring = words::ring(report);
    let what = match &report.decision.standing {
        Standing::Ring => asked_for(report),
        Standing::Resting(why) => {
            format!("asks for nothing new: {}{}", escape::plain(why, SENTENCE), given_back(report))
        }
        Standing::NotARing(why) => {
            format!("not a ring: {}{}", escape::plain(why, SENTENCE), given_back(report))
        }
        Standing::Closed | Standing::Merged | Standing::Succeeded { .. } => over::headline(report),
    };
    let observed = if words::observes(report) { "observed, nothing is written: " } else { "" };
    escape::shortened(&format!("{ring}: {observed}{what}"), LONGEST)
}

fn asked_for(report: &PullRequestReport) -> String {
    let cohorts = report.decision.cohorts.as_slice();
    let mut parts = Vec::new();
    let blocked = cohorts.iter().filter(|cohort| cohort.state == CohortState::Blocked).count();
    if blocked > 0 {
        let who =
            if blocked == cohorts.len() { String::new() } else { format!("{} ", counted(blocked, "cohort")) };
        parts.push(format!("{who}{}", waits_for(report)));
    }
    let others: Vec<&CohortDecision> =
        cohorts.iter().filter(|cohort| cohort.state != CohortState::Blocked).collect();
    if others.len() > NAMED {
        parts.push(together(report, &others));
    } else {
        parts.extend(others.into_iter().map(|cohort| one(report, cohort)));
    }
    let departing = report.decision.departures.iter().map(|departure| departure.tenants.len()).sum::<usize>();
    if departing > 0 {
        parts.push(format!("{} of a removed label will be given back", counted(departing, "tenant")));
    }
    if parts.is_empty() {
        return format!("no cohort label, nothing is asked for{}", given_back(report));
    }
    parts.join("; ")
}

fn waits_for(report: &PullRequestReport) -> String {
    let closed = report.decision.gates.iter().find(|gate| gate.state == GateState::Closed);
    let gate = closed.or_else(|| report.decision.gates.iter().find(|gate| gate.state == GateState::Waiting));
    let Some(gate) = gate else { return "waits".to_owned() };
    let what = format!("{}: {}", escape::plain(&gate.name, SENTENCE), escape::plain(&gate.found, SENTENCE));
    if closed.is_some() { format!("blocked by {what}") } else { format!("waits for {what}") }
}

fn one(report: &PullRequestReport, cohort: &CohortDecision) -> String {
    let name = words::cohort(report, cohort);
    let state = words::state(report, cohort);
    match &cohort.state {
        CohortState::Refused(_) | CohortState::Unknown(_) | CohortState::Blocked => format!("{name} {state}"),
        CohortState::Due => format!("{name} {state} with {}", counted(cohort.tenants.len(), "tenant")),
        CohortState::UnderWay => format!("{name} {}", progress::of_cohort(report, cohort).words("done")),
        CohortState::Ended => {
            format!("{name} {state}: {}", progress::of_cohort(report, cohort).words("done"))
        }
    }
}

/// Several cohorts as one sum.
fn together<'a>(report: &PullRequestReport<'a>, cohorts: &[&'a CohortDecision]) -> String {
    let mut sum = progress::Progress::default();
    for cohort in cohorts {
        sum.members.extend(progress::of_cohort(report, cohort).members);
    }
    let refused = cohorts.iter().filter(|cohort| matches!(cohort.state, CohortState::Refused(_))).count();
    let ended = cohorts.iter().filter(|cohort| cohort.state == CohortState::Ended).count();
    let mut text =
        format!("{}, {ended} of them ended: {}", counted(cohorts.len(), "cohort"), sum.words("done"));
    if sum.count(TenantVerdict::Success) > 0
        && let Some(what) = sum.unproven()
    {
        text.push_str(&format!(" ({what})"));
    }
    if refused > 0 {
        text.push_str(&format!("; {} refused", counted(refused, "label")));
    }
    text
}

/// What cleanups have done so far, as the end of a sentence.
pub(super) fn given_back(report: &PullRequestReport) -> String {
    let cleanups = progress::of_cleanups(report);
    if cleanups.total() == 0 { String::new() } else { format!("; {}", cleanups.words("given back")) }
}
