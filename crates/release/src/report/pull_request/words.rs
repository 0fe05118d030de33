//! Words that several texts share.

use super::{
    PullRequestReport,
    escape::{code, plain},
    progress,
};
use crate::{
    decide::{
        CleanupReason, CohortDecision, CohortState,
        facts::{PullRequest, PullRequestState},
        rules::Mode,
    },
    report::RunReport,
    verdict::{ReleaseVerdict, TenantVerdict},
};
use jiff::Timestamp;

/// A moment such as `2026-11-23 10:05 UTC`.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A verdict as people read it.
pub(super) fn verdict(verdict: ReleaseVerdict) -> String {
    verdict.as_str().replace('_', " ")
}

/// The ring and the commit, such as `ring-x @ 54b6021`.
pub(super) fn ring(report: &PullRequestReport) -> String {
    const LONGEST: usize = 60;
    let branch = plain(&report.pull_request.head_branch, LONGEST);
    format!("{branch} @ {}", plain(short(&report.pull_request.head_commit), LONGEST))
}

/// As much of a commit as people use.
pub(super) fn short(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}

/// A cohort by the shortest name that is its own in this pull request.
pub(super) fn cohort(report: &PullRequestReport, cohort: &CohortDecision) -> String {
    const LONGEST: usize = 60;
    let Some(label) = &cohort.label else { return plain(&cohort.name, LONGEST) };
    let namesakes = report
        .decision
        .cohorts
        .iter()
        .filter_map(|other| other.label.as_ref())
        .filter(|other| other.value == label.value);
    match namesakes.count() {
        0 | 1 => plain(&label.value, LONGEST),
        _ => plain(&format!("{}:{}:{}", label.source, label.key, label.value), LONGEST),
    }
}

/// Why a label gets nothing, or not yet.
pub(super) fn objection(cohort: &CohortDecision) -> Option<&str> {
    match &cohort.state {
        CohortState::Refused(why) | CohortState::Unknown(why) => Some(why),
        CohortState::Blocked | CohortState::Due | CohortState::UnderWay | CohortState::Ended => None,
    }
}

/// The state of a cohort in a table.
pub(super) fn state(report: &PullRequestReport, cohort: &CohortDecision) -> String {
    match &cohort.state {
        CohortState::Refused(_) => "refused".to_owned(),
        CohortState::Unknown(_) => "not known yet".to_owned(),
        CohortState::Blocked => "waits".to_owned(),
        CohortState::Due if observes(report) => "would begin".to_owned(),
        CohortState::Due => "begins".to_owned(),
        CohortState::UnderWay => {
            let stopping = progress::runs_of(report, cohort).next().is_some_and(|run| run.stop.is_some());
            if stopping { "stops".to_owned() } else { "under way".to_owned() }
        }
        CohortState::Ended => progress::of_cohort(report, cohort).verdict_words(),
    }
}

impl progress::Progress<'_> {
    /// How it ended and what was not proven, such as `success (not verified in the cluster)`.
    pub(super) fn verdict_words(&self) -> String {
        let Some(found) = self.verdict() else {
            return if self.taken_back() > 0 { "taken back by hand" } else { "ended" }.to_owned();
        };
        let nothing_done = found == ReleaseVerdict::Success && self.count(TenantVerdict::Success) == 0;
        match self.unproven() {
            _ if nothing_done => "success, nothing to do".to_owned(),
            Some(what) => format!("{} ({what})", verdict(found)),
            None => verdict(found),
        }
    }
}

/// Whether nothing is written to the fleet.
pub(super) fn observes(report: &PullRequestReport) -> bool {
    report.mode == Mode::Observe
}

/// Names one after the other, so many of them at most.
pub(super) fn names<'a>(names: impl ExactSizeIterator<Item = &'a String>, most: usize) -> String {
    let more = names.len().saturating_sub(most);
    let shown: Vec<String> = names.take(most).map(|name| code(name)).collect();
    match more {
        0 => shown.join(", "),
        _ => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The images of a run, with what they stood for when it began.
pub(super) fn images(run: &RunReport) -> String {
    const MOST: usize = 10;
    let images = run.images.iter().take(MOST).map(|image| {
        format!("{} ({})", code(&image.reference.to_string()), code(image.digests.digest.short()))
    });
    images.collect::<Vec<_>>().join(", ")
}

/// Why tenants are taken back, as the end of a sentence.
pub(super) fn cleanup_reason(reason: CleanupReason) -> &'static str {
    match reason {
        CleanupReason::Closed => "the pull request was closed without merge",
        CleanupReason::Merged => "the pull request was merged",
        CleanupReason::LabelRemoved => "their label was removed",
        CleanupReason::NotARing => "the pull request is no longer a ring",
    }
}

/// The command that takes these tenants back, as a block to copy: those of this pull request, and nothing that another ring
/// or service has in the same tenants. It ends up in a shell: a name that a shell could read as more than a name is left to
/// the person.
pub(super) fn cleanup_command<'a>(
    pull: &PullRequest,
    tenants: impl Iterator<Item = &'a str>,
) -> Option<String> {
    const MOST: usize = 50;
    const LONGEST: usize = 100;
    let is_plain = |name: &&str, more: &str| {
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || more.contains(letter);
        !name.is_empty() && name.len() <= LONGEST && !name.starts_with('-') && name.chars().all(allowed)
    };
    if !is_plain(&pull.repository.as_str(), "-_./") {
        return None;
    }
    let names: Vec<&str> = tenants.filter(|name| is_plain(name, "-_.")).collect();
    let (named, more) = names.split_at(names.len().min(MOST));
    if named.is_empty() {
        return None;
    }
    let pull_request = format!("{}#{}", pull.repository, pull.number);
    let allow_open = if pull.state == PullRequestState::Open { " --allow-open" } else { "" };
    let named = named.join(",");
    let mut text =
        format!("```sh\nringway cleanup --pull-request '{pull_request}' --tenants {named}{allow_open}\n```");
    if !more.is_empty() {
        text.push_str(&format!("\n\nThat is without {} more, which would make it too long.", more.len()));
    }
    Some(text)
}
