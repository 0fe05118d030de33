//! The parts of the comment and of the check's summary, in the order in which they stand there.

use super::{
    PullRequestReport,
    escape::{code, escape},
    fit::{Room, Section},
    over, progress, tenants, words,
};
use crate::{
    decide::{Action, CancelReason, CohortDecision, CohortState, Gate, GateState, Standing},
    report::{RunReport, text::ago, text::counted},
    verdict::TenantVerdict,
};

/// All parts that have something to say; the most important first.
pub(super) fn sections(report: &PullRequestReport, room: Room) -> Vec<Section> {
    let section = |name, text: Option<String>| text.map(|text| Section { name, text });
    [
        section("what becomes of the tenants", over::text(report)),
        section("what would be done", plan(report, room)),
        section("cohorts", cohorts(report, room)),
        section("gates", gates(report, room)),
        section("labels without a release", objections(report, room)),
        section("tenants that were not released", tenants::troubles(report, room)),
        section("labels that no longer count", departures(report, room)),
        section("tenants without a cohort", strays(report, room)),
        section("tenants that were taken back by hand", taken_back(report, room)),
        section("other runs", others(report, room)),
        section("error texts", tenants::voices(report, room)),
        section("history", history(report, room)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Lines below a heading, so many at most.
fn listed(heading: &str, lines: Vec<String>, room: Room) -> Option<String> {
    let more = lines.len().saturating_sub(room.rows);
    let mut shown: Vec<String> = lines.into_iter().take(room.rows).collect();
    if shown.is_empty() {
        return None;
    }
    if more > 0 {
        shown.push(format!("- and {more} more"));
    }
    Some(format!("{heading}\n\n{}", shown.join("\n")))
}

fn plan(report: &PullRequestReport, room: Room) -> Option<String> {
    if !words::observes(report) {
        return None;
    }
    let heading = "**Ringway observes: nothing is written.**";
    let lines: Vec<String> = report.decision.actions.iter().map(planned).collect();
    listed(&format!("{heading} It would:"), lines, room)
        .or_else(|| Some(format!("{heading} It would do nothing now.")))
}

fn planned(action: &Action) -> String {
    const NAMED: usize = 10;
    match action {
        Action::Cancel { run, reason } => {
            let why = match reason {
                CancelReason::Over => "the pull request is over",
                CancelReason::LabelRemoved => "its label was removed",
                CancelReason::NotARing => "the pull request is no longer a ring",
            };
            format!("- stop release {}, because {why}", code(run))
        }
        Action::Cleanup { tenants, reason } => format!(
            "- take back {}, because {}: {}",
            counted(tenants.len(), "tenant"),
            words::cleanup_reason(*reason),
            words::names(tenants.iter(), NAMED)
        ),
        Action::Release { label, images, tenants, revision, .. } => {
            let images: Vec<String> =
                images.values().take(NAMED).map(|reference| code(&reference.to_string())).collect();
            let revision =
                revision.as_ref().map(|revision| format!(" (as of {})", code(revision))).unwrap_or_default();
            format!(
                "- release {} to {} of {}{revision}: {}",
                images.join(", "),
                counted(tenants.len(), "tenant"),
                code(label),
                words::names(tenants.iter(), NAMED)
            )
        }
    }
}

fn cohorts(report: &PullRequestReport, room: Room) -> Option<String> {
    let cohorts = report.decision.cohorts.as_slice();
    if cohorts.is_empty() {
        return None;
    }
    let mut text =
        "| cohort | state | done | failed | digest | since |\n|---|---|---|---|---|---|\n".to_owned();
    for cohort in cohorts.iter().take(room.rows) {
        text.push_str(&row(report, cohort));
    }
    if let Some(more @ 1..) = cohorts.len().checked_sub(room.rows) {
        text.push_str(&format!("| and {more} more | | | | | |\n"));
    }
    Some(text)
}

fn row<'a>(report: &PullRequestReport<'a>, cohort: &'a CohortDecision) -> String {
    let progress = progress::of_cohort(report, cohort);
    let run = progress::runs_of(report, cohort).next();
    let done = match progress.total() {
        0 => "-".to_owned(),
        total => format!("{} of {total}", progress.count(TenantVerdict::Success)),
    };
    format!(
        "| {} | {} | {done} | {} | {} | {} |\n",
        code(&cohort.name),
        words::state(report, cohort),
        progress.count(TenantVerdict::Failed),
        run.map_or_else(|| "-".to_owned(), digests),
        run.map_or_else(|| "-".to_owned(), |run| since(report, run)),
    )
}

fn digests(run: &RunReport) -> String {
    const MOST: usize = 5;
    let digests: Vec<String> =
        run.images.iter().take(MOST).map(|image| code(image.digests.digest.short())).collect();
    if digests.is_empty() { "-".to_owned() } else { digests.join(", ") }
}

fn since(report: &PullRequestReport, run: &RunReport) -> String {
    match run.ended_at {
        Some(ended) => format!("ended {}, took {}", words::moment(ended), ago(run.began_at, ended)),
        None => format!("{} ({})", words::moment(run.began_at), ago(run.began_at, report.now)),
    }
}

fn gates(report: &PullRequestReport, room: Room) -> Option<String> {
    listed("### Gates", report.decision.gates.iter().map(gate).collect(), room)
}

fn gate(gate: &Gate) -> String {
    let (box_, state) = match gate.state {
        GateState::Open => ("x", ""),
        GateState::Waiting => (" ", " waits"),
        GateState::Closed => (" ", " is closed"),
    };
    let advice = match (&gate.advice, gate.state) {
        (Some(advice), GateState::Waiting | GateState::Closed) => {
            format!(" **What to do:** {}", escape(advice))
        }
        _ => String::new(),
    };
    format!("- [{box_}] **{}**{state}: {}{advice}", escape(&gate.name), sentence(&gate.found))
}

/// Text from elsewhere as a sentence with an end.
pub(super) fn sentence(text: &str) -> String {
    let text = escape(text);
    if text.ends_with(['.', '…', '!', '?']) { text } else { format!("{text}.") }
}

fn objections(report: &PullRequestReport, room: Room) -> Option<String> {
    let lines = report.decision.cohorts.iter().filter_map(|cohort| {
        let why = words::objection(cohort)?;
        let state = match cohort.state {
            CohortState::Refused(_) => "refused",
            _ => "not known yet",
        };
        let by = cohort.set_by.as_ref().map(|by| format!(" (set by {})", code(by))).unwrap_or_default();
        Some(format!("- {}{by} {state}: {}", code(&cohort.name), sentence(why)))
    });
    listed("### Labels without a release", lines.collect(), room)
}

fn departures(report: &PullRequestReport, room: Room) -> Option<String> {
    const NAMED: usize = 10;
    let call_off = match report.decision.standing {
        Standing::NotARing(_) => "the pull request is a ring again",
        _ => "the label is set again",
    };
    let lines = report.decision.departures.iter().map(|departure| {
        let when = match departure.due {
            due if due <= report.now => "given back now".to_owned(),
            due => format!("given back at {}, unless {call_off} before", words::moment(due)),
        };
        format!(
            "- {}: {}, {when}: {}",
            code(&departure.name),
            counted(departure.tenants.len(), "tenant"),
            words::names(departure.tenants.iter(), NAMED)
        )
    });
    listed("### Labels that no longer count", lines.collect(), room)
}

fn strays(report: &PullRequestReport, room: Room) -> Option<String> {
    let strays = report.decision.strays.as_slice();
    if strays.is_empty() {
        return None;
    }
    let mut lines: Vec<String> = strays
        .iter()
        .take(room.rows)
        .map(|stray| format!("- {}, came from {}", code(&stray.tenant), code(&stray.label)))
        .collect();
    if let Some(more @ 1..) = strays.len().checked_sub(room.rows) {
        lines.push(format!("- and {more} more"));
    }
    let mut text = format!(
        "### Tenants without a cohort\n\nThese tenants no longer stand in the cohort of their label. They keep the image \
         until somebody takes them back:\n\n{}",
        lines.join("\n")
    );
    if let Some(command) =
        words::cleanup_command(report.pull_request, strays.iter().map(|stray| stray.tenant.as_str()))
    {
        text.push_str(&format!("\n\n{command}"));
    }
    Some(text)
}

/// Tenants that a person took out, and how they come in again.
fn taken_back(report: &PullRequestReport, room: Room) -> Option<String> {
    const NAMED: usize = 10;
    let cohorts = report.decision.cohorts.iter().filter(|cohort| !cohort.taken_back.is_empty());
    let lines = cohorts.map(|cohort| {
        format!(
            "- {} of {}: {}",
            counted(cohort.taken_back.len(), "tenant"),
            code(&cohort.name),
            words::names(cohort.taken_back.iter(), NAMED)
        )
    });
    let heading = "### Tenants that were taken back by hand\n\nThey stay as they were before the ring until the next commit. \
                   To release them now, remove the label and set it again:";
    listed(heading, lines.collect(), room)
}

/// What goes on, or went on, beside the releases of the head commit.
fn others(report: &PullRequestReport, room: Room) -> Option<String> {
    const CLEANUPS: usize = 5;
    let releases = progress::other_releases(report).into_iter().map(|run| {
        let stop = if run.stop.is_some() { "stops" } else { "is under way" };
        let cohort = run.cohort.as_ref().map(|cohort| format!(" to {}", code(cohort))).unwrap_or_default();
        format!("- release {}{cohort} {stop}: {}", code(&run.id), progress::of_run(run).words("done"))
    });
    let cleanups = progress::cleanups(report).into_iter().take(CLEANUPS).map(|run| {
        let progress = progress::of_run(run);
        let state = match run.verdict {
            Some(_) => progress.verdict_words(),
            None => "under way".to_owned(),
        };
        format!(
            "- cleanup {}: {state}, {}, since {}",
            code(&run.id),
            progress.words("given back"),
            words::moment(run.began_at)
        )
    });
    listed("### Other runs", releases.chain(cleanups).collect(), room)
}

fn history(report: &PullRequestReport, room: Room) -> Option<String> {
    let history = report.history;
    let shown = history.get(history.len().saturating_sub(room.history)..).unwrap_or_default();
    if shown.is_empty() {
        return None;
    }
    let lines: Vec<String> =
        shown.iter().map(|(at, what)| format!("- {}: {}", words::moment(*at), escape(what))).collect();
    let count = match history.len() {
        all if all == shown.len() => String::new(),
        all => format!(" (the last {} of {all})", shown.len()),
    };
    Some(format!("<details><summary>History{count}</summary>\n\n{}\n\n</details>", lines.join("\n")))
}
