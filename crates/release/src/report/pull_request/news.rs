//! The short new comments: edits notify nobody, so what a person waits for is said anew. Whoever writes them adds a marker,
//! by which one is not written twice.

use super::{
    PullRequestReport,
    comment::LONGEST,
    escape::code,
    fit::{Room, Section, fit},
    over as over_text, progress,
    sections::sentence,
    tenants, words,
};
use crate::{
    decide::{CohortDecision, CohortState, Departure, Standing},
    report::{RunKind, RunReport, text::ago, text::counted},
    verdict::{ReleaseVerdict, Stop, TenantVerdict},
};

/// A release was accepted: what, where, how many, who asked, and how to follow it.
pub fn accepted(report: &PullRequestReport, run: &RunReport) -> String {
    let head = format!("**Ring release accepted**: {}", what(report, run));
    let asker = cohort_of(report, run).and_then(|cohort| cohort.set_by.as_ref());
    let asker = asker.map(|by| format!("Asked for by {} with the label. ", code(by))).unwrap_or_default();
    let revision = cohort_of(report, run).and_then(|cohort| cohort.revision.as_ref());
    let revision =
        revision.map(|revision| format!("The cohort is that of {}. ", code(revision))).unwrap_or_default();
    let text = format!(
        "Images: {}.\n\n{asker}{revision}Release {} began at {}. Follow it in the comment of Ringway that is kept up to date, or with \
         {}.",
        words::images(run),
        code(&run.id),
        words::moment(run.began_at),
        code(&format!("ringway release show {}", run.id))
    );
    finished(report, &head, &[&text])
}

/// A release or a cleanup has ended: how, and which tenants are not as they should be.
pub fn ended(report: &PullRequestReport, run: &RunReport) -> String {
    let progress = progress::of_run(run);
    let (title, done) = match run.kind {
        RunKind::Release => ("Service release result", "done"),
        RunKind::Cleanup => ("Service cleanup result", "given back"),
    };
    let took = run.ended_at.map(|at| format!(" in {}", ago(run.began_at, at))).unwrap_or_default();
    let head = format!("**{title}: {}**: {}", result(run), what(report, run));
    let counts = format!("{}{took}.{}", progress.words(done), proof(run));
    let images =
        if run.images.is_empty() { String::new() } else { format!("Images: {}.", words::images(run)) };
    let sections = |room: Room| {
        let troubles = tenants::of_run(run);
        let rows = (!troubles.is_empty()).then(|| tenants::table(&troubles, room));
        let voices: Vec<String> =
            troubles.iter().filter_map(tenants::voice).take(room.voices.min(3)).collect();
        [
            Some(Section { name: "figures", text: counts.clone() }),
            Some(Section { name: "images", text: images.clone() }),
            rows.map(|text| Section { name: "tenants that were not released", text }),
            Some(Section { name: "error texts", text: voices.join("\n") }),
            Some(Section { name: "what to do", text: next(report, run) }),
        ]
        .into_iter()
        .flatten()
        .collect()
    };
    fit(&head, sections, "", LONGEST)
}

/// A label that gets nothing: why, and what to do.
pub fn refused_label(report: &PullRequestReport, cohort: &CohortDecision) -> String {
    let state = match cohort.state {
        CohortState::Refused(_) => "Label refused",
        _ => "Label not released yet",
    };
    let by = cohort.set_by.as_ref().map(|by| format!(", set by {}", code(by))).unwrap_or_default();
    let why = words::objection(cohort).unwrap_or("it waits");
    let head = format!("**{state}**: {}{by}: {}", code(&cohort.name), sentence(why));
    let text = "Nothing is released for this label. Other labels are not touched by it.";
    finished(report, &head, &[text])
}

/// A label was removed, or counts no more: what is given back, when, and how to call it off.
pub fn departing(report: &PullRequestReport, departure: &Departure) -> String {
    const NAMED: usize = 20;
    let (what, call_off) = match report.decision.standing {
        Standing::NotARing(_) => ("Label without a ring", "make the pull request a ring again"),
        _ => ("Label removed", "set the label again"),
    };
    let head = format!("**{what}**: {}.", code(&departure.name));
    let tenants = counted(departure.tenants.len(), "tenant");
    let names = words::names(departure.tenants.iter(), NAMED);
    let when = if departure.due <= report.now {
        format!("{tenants} that no other label wants, given back now: {names}.")
    } else {
        format!(
            "{tenants} that no other label wants, given back at {}: {names}.\n\nTo call it off, {call_off} before then.",
            words::moment(departure.due)
        )
    };
    finished(report, &head, &[&when])
}

/// The pull request is over: what becomes of the tenants, and what a person has to do. `None` while it is not.
pub fn over(report: &PullRequestReport) -> Option<String> {
    over_text::text(report)
}

fn finished(report: &PullRequestReport, head: &str, paragraphs: &[&str]) -> String {
    let observed =
        words::observes(report).then_some("Ringway observes: nothing is written, this is what it would do.");
    let texts = std::iter::once(head).chain(observed).chain(paragraphs.iter().copied());
    texts.collect::<Vec<_>>().join("\n\n")
}

/// The cohort of the head commit that a release is for.
fn cohort_of<'a>(report: &PullRequestReport<'a>, run: &RunReport) -> Option<&'a CohortDecision> {
    report.decision.cohorts.iter().find(|cohort| cohort.runs.contains(&run.id))
}

/// What a run is about, as far as it is known: the commit only of releases of the head commit.
fn what(report: &PullRequestReport, run: &RunReport) -> String {
    let tenants = counted(run.tenants.len(), "tenant");
    let of_cohort = match run.kind {
        RunKind::Release => "to",
        RunKind::Cleanup => "of",
    };
    match (cohort_of(report, run), &run.cohort) {
        (Some(cohort), _) => {
            format!("{} {of_cohort} {}, {tenants}.", words::ring(report), code(&cohort.name))
        }
        (None, Some(cohort)) => format!("{} {of_cohort} {}, {tenants}.", code(&run.ring), code(cohort)),
        (None, None) => format!("{}, {tenants}.", code(&run.ring)),
    }
}

fn result(run: &RunReport) -> String {
    let Some(verdict) = run.verdict else { return "not ended yet".to_owned() };
    let nothing_done = run.tenants.iter().all(|tenant| tenant.verdict == Some(TenantVerdict::Skipped));
    match (verdict, &run.stop) {
        (ReleaseVerdict::Success, _) if nothing_done => "success, nothing to do".to_owned(),
        (ReleaseVerdict::Superseded, Some(Stop::Supersede { by })) => {
            format!("superseded by {}", code(by))
        }
        _ => words::verdict(verdict),
    }
}

/// How far the tenants that succeeded are proven.
fn proof(run: &RunReport) -> String {
    let progress = progress::of_run(run);
    let Some(lowest) = progress.lowest_proof() else { return String::new() };
    let what = progress.unproven().unwrap_or_else(|| match run.kind {
        RunKind::Release => "every pod that counts runs the digest".to_owned(),
        RunKind::Cleanup => "every pod that counts runs what Argo CD applied instead".to_owned(),
    });
    format!(" Proof: `{lowest}`, {what}.")
}

/// What comes next, by how it ended.
fn next(report: &PullRequestReport, run: &RunReport) -> String {
    let failed = run.tenants.iter().filter(|tenant| tenant.verdict == Some(TenantVerdict::Failed));
    let mut failed = failed.map(|tenant| tenant.tenant.as_str()).peekable();
    if failed.peek().is_none() {
        return String::new();
    }
    match run.kind {
        RunKind::Release => {
            "Tenants that failed keep the image that was set. Push a fix to release again, or remove the \
                             label to take the tenants back."
                .to_owned()
        }
        RunKind::Cleanup => {
            let command = words::cleanup_command(report.pull_request, failed);
            let command = command.map(|command| format!(" To try now:\n\n{command}"));
            format!(
                "Tenants that failed still belong to this ring. They are tried again later.{}",
                command.unwrap_or_default()
            )
        }
    }
}
