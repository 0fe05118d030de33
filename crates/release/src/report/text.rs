//! A run in plain lines: the table of tenants and the sentence at the end.

use super::{RunKind, RunReport, TenantReport};
use crate::verdict::{ReleaseVerdict, Stop, TenantVerdict};
use jiff::{SignedDuration, Timestamp};
use std::fmt::Write;

/// A run with all its tenants.
pub fn run(report: &RunReport, now: Timestamp) -> String {
    let mut text = headline(report);
    text.push('\n');
    let width =
        report.tenants.iter().map(|tenant| tenant.tenant.len()).max().unwrap_or(0).max("TENANT".len());
    let _ = writeln!(text, "{:width$}  {:9}  {:15}  WHAT", "TENANT", "VERDICT", "PROOF");
    for tenant in &report.tenants {
        let verdict = tenant.verdict.map_or("-", TenantVerdict::as_str);
        let line = format!(
            "{:width$}  {verdict:9}  {:15}  {}",
            tenant.tenant,
            tenant.proof.as_str(),
            state(tenant, now)
        );
        text.push_str(line.trim_end());
        text.push('\n');
        // Such as the YAML that an ApplicationSet lacks: to be copied as it stands.
        for line in further_lines(tenant) {
            let _ = writeln!(text, "{:width$}  {line}", "");
        }
        if let Some(advice) = tenant.problem.as_ref().and_then(|problem| problem.advice.as_ref()) {
            for (index, line) in advice.lines().enumerate() {
                let _ = writeln!(text, "{:width$}  {}{line}", "", if index == 0 { "→ " } else { "  " });
            }
        }
    }
    text.push_str(&outcome(report));
    text.push('\n');
    text
}

/// What it is and what for, with the cohort.
pub fn headline(report: &RunReport) -> String {
    let cohort = report.cohort.as_ref().map(|cohort| format!(", cohort {cohort}")).unwrap_or_default();
    format!("{}\nring {}{cohort}, {}", title(report), report.ring, counted(report.tenants.len(), "tenant"))
}

/// What it is and what for, in one line.
pub fn title(report: &RunReport) -> String {
    let images: Vec<String> = report
        .images
        .iter()
        .map(|image| format!("{} ({})", image.reference, image.digests.digest.short()))
        .collect();
    match report.kind {
        RunKind::Release => format!("release {} of {}: {}", report.id, report.service, images.join(", ")),
        RunKind::Cleanup => format!("cleanup {}", report.id),
    }
}

/// One line about where a tenant stands.
pub fn state(tenant: &TenantReport, now: Timestamp) -> String {
    if let Some(problem) = &tenant.problem {
        return first_line(&problem.message);
    }
    if tenant.verdict.is_some() {
        return tenant.notes.join("; ");
    }
    match &tenant.awaiting {
        Some(awaiting) => {
            let until = awaiting.until.map(|until| format!(", {} left", ago(now, until))).unwrap_or_default();
            format!("{} (for {}{until})", first_line(&awaiting.what), ago(awaiting.since, now))
        }
        None => String::new(),
    }
}

/// How it ended, or that it has not.
pub fn outcome(report: &RunReport) -> String {
    let what = report.kind.as_str();
    let Some(verdict) = report.verdict else {
        return match (&report.stop, report.driven) {
            (Some(_), true) => format!("{what} {} is stopping", report.id),
            (None, true) => format!("{what} {} is under way", report.id),
            (_, false) => format!(
                "{what} {} is not finished and nothing drives it: give the same command again to go on, or cancel it with: ringway release cancel {}",
                report.id, report.id
            ),
        };
    };
    let counts = counts(report);
    let sentence = match verdict {
        ReleaseVerdict::Success if nothing_was_done(report) => {
            return format!("{what} {}: success, nothing to do ({counts})", report.id);
        }
        ReleaseVerdict::Superseded => match &report.stop {
            Some(Stop::Supersede { by }) => format!("superseded by release {by}"),
            _ => verdict.to_string(),
        },
        _ => verdict.to_string(),
    };
    format!("{what} {}: {sentence} ({counts})", report.id)
}

fn nothing_was_done(report: &RunReport) -> bool {
    report.tenants.iter().all(|tenant| tenant.verdict == Some(TenantVerdict::Skipped))
}

fn counts(report: &RunReport) -> String {
    use TenantVerdict::{Cancelled, Failed, Refused, Skipped, Success};
    let parts: Vec<String> = [Success, Failed, Refused, Skipped, Cancelled]
        .into_iter()
        .filter_map(|verdict| {
            let count = report.tenants.iter().filter(|tenant| tenant.verdict == Some(verdict)).count();
            (count > 0).then(|| format!("{count} {verdict}"))
        })
        .collect();
    if parts.is_empty() { "no tenants".to_owned() } else { parts.join(", ") }
}

/// One line for a list of runs.
pub fn row(report: &RunReport, now: Timestamp) -> String {
    let state = match (report.verdict, report.driven) {
        (Some(verdict), _) => verdict.to_string(),
        (None, true) => "under way".to_owned(),
        (None, false) => "not driven".to_owned(),
    };
    let line = format!(
        "{:16}  {:7}  {:20}  {:20}  {:15}  {:>8}  {}",
        report.id,
        report.kind.as_str(),
        report.ring,
        report.service,
        state,
        format!("{} ago", ago(report.began_at, now)),
        counted(report.tenants.len(), "tenant")
    );
    line.trim_end().to_owned()
}

/// The heading of [`row`].
pub fn row_heading() -> String {
    format!(
        "{:16}  {:7}  {:20}  {:20}  {:15}  {:>8}  TENANTS",
        "ID", "KIND", "RING", "SERVICE", "STATE", "BEGAN"
    )
}

/// `1 tenant`, `2 tenants`.
pub fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// The time between two moments, as people say it: the two largest units.
pub fn ago(since: Timestamp, until: Timestamp) -> String {
    let seconds = until.duration_since(since).max(SignedDuration::ZERO).as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86400 => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d{:02}h", seconds / 86400, seconds % 86400 / 3600),
    }
}

fn further_lines(tenant: &TenantReport) -> impl Iterator<Item = &str> {
    tenant.problem.iter().flat_map(|problem| problem.message.lines().skip(1))
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
