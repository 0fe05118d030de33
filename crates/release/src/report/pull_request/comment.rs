//! The comment that is edited in place.

use super::{
    PullRequestReport, escape::code, fit::fit, headline::headline, marker::marker, sections::sections, words,
};

/// The longest comment. GitHub takes 65 536 characters.
pub(super) const LONGEST: usize = 60_000;

/// What the [`marker`] of this comment says it is.
pub const KEPT: &str = "comment";

/// The comment that is kept up to date. Its first line is the [`headline`], its last the [`marker`] for [`KEPT`].
pub fn comment(report: &PullRequestReport) -> String {
    let pull_request = report.pull_request;
    let tail =
        format!("{}\n\n{}", footer(report), marker(pull_request.base_repository, pull_request.number, KEPT));
    fit(&headline(report), |room| sections(report, room), &tail, LONGEST)
}

/// How to look closer, and how old it is.
fn footer(report: &PullRequestReport) -> String {
    let newest = report.decision.cohorts.iter().find_map(|cohort| cohort.runs.first());
    let show =
        newest.map(|run| format!("{}, ", code(&format!("ringway release show {run}")))).unwrap_or_default();
    format!(
        "---\nService {}. Look closer: {show}`ringway explain TENANT`, `ringway status`. This comment is kept up to date, \
         updated {}.",
        code(report.service),
        words::moment(report.now)
    )
}
