//! `ringway audit`: who asked for what, when, and what became of it.

use super::{OutputFormat, ledger};
use crate::{
    asker::Origin,
    clock::{Clock, SystemClock},
    config::Config,
    error::{Outcome, UsageError},
    ledger::{AuditEntry, AuditFilter},
    output,
};
use clap::Args;
use jiff::{Span, SpanRelativeTo, Timestamp};

/// Which part of the audit.
#[derive(Debug, Args)]
pub struct AuditArguments {
    /// Only what was asked for in the last so long, such as 12h or 7d.
    #[arg(long, value_name = "DURATION")]
    pub since: Option<String>,
    /// Only what is about this ring.
    #[arg(long, value_name = "NAME")]
    pub ring: Option<String>,
}

pub(super) fn audit(
    config: &Config,
    arguments: &AuditArguments,
    format: OutputFormat,
) -> anyhow::Result<Outcome> {
    let since = arguments.since.as_deref().map(|text| since(text, SystemClock.now())).transpose()?;
    let filter = AuditFilter { since, ring: arguments.ring.clone() };
    let entries = match ledger(config)? {
        Some(ledger) => ledger.audit(&filter)?,
        None => Vec::new(),
    };
    output::print(format, &entries, || {
        if entries.is_empty() { "nobody has asked for anything".to_owned() } else { table(&entries) }
    })?;
    Ok(Outcome::Done)
}

/// The moment that is so long ago.
fn since(text: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    let ago = text.parse::<Span>().and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()));
    let then = ago.ok().filter(|ago| ago.is_positive()).and_then(|ago| now.checked_sub(ago).ok());
    then.ok_or_else(|| {
        UsageError(format!("--since: found {text:?}; allowed: a duration such as 90m, 12h, 7d or 2w")).into()
    })
}

fn table(entries: &[AuditEntry]) -> String {
    let rows: Vec<[String; COLUMNS]> =
        std::iter::once(HEADINGS.map(str::to_owned)).chain(entries.iter().map(row)).collect();
    let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    });
    let mut lines = rows.iter().map(|row| line(row, widths));
    let mut text: Vec<String> = lines.by_ref().take(1).collect();
    for (entry, line) in entries.iter().zip(lines) {
        text.push(line);
        text.extend(
            entry.detail.iter().flat_map(|detail| detail.lines()).map(|detail| format!("    {detail}")),
        );
    }
    text.join("\n")
}

const COLUMNS: usize = 9;

const HEADINGS: [&str; COLUMNS] =
    ["WHEN", "WHO", "FROM", "ACTION", "OUTCOME", "RING", "SERVICE", "RUN", "TENANTS"];

fn row(entry: &AuditEntry) -> [String; COLUMNS] {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    [
        format!("{:.0}", entry.at),
        entry.by.to_string(),
        from(entry),
        entry.action.as_str().to_owned(),
        entry.outcome.as_str().to_owned(),
        text(&entry.ring),
        text(&entry.service),
        text(&entry.run),
        entry.tenants.map_or_else(|| "-".to_owned(), |tenants| tenants.to_string()),
    ]
}

/// From where it was asked for; of a pull request, which one.
fn from(entry: &AuditEntry) -> String {
    match (entry.by.from, &entry.pull_request) {
        (from, None) => from.as_str().to_owned(),
        (Origin::PullRequest, Some(pull_request)) => format!("pull request {pull_request}"),
        (from, Some(pull_request)) => format!("{} for pull request {pull_request}", from.as_str()),
    }
}

fn line(cells: &[String; COLUMNS], widths: [usize; COLUMNS]) -> String {
    let cells = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        asker::Asker,
        ledger::{Action, Asked},
    };

    #[test]
    fn of_a_pull_request_it_says_which_one_and_who_set_the_label() {
        let at = "2026-11-23T10:00:00Z".parse().unwrap();
        let entry = |by| {
            let entry = AuditEntry::done(&Asked { by, at }, Action::ReleaseStart);
            AuditEntry { pull_request: Some("acme/web#12".into()), detail: Some("a reason".into()), ..entry }
        };
        let table = table(&[entry(Asker::github("octocat")), entry(Asker::program())]);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 5, "{table}");
        assert!(lines[1].contains("octocat  pull request acme/web#12  "), "{table}");
        assert!(lines[3].contains("ringway  ringway itself for pull request acme/web#12"), "{table}");
        let action = lines[0].find("ACTION");
        assert!([1, 3].iter().all(|line| lines[*line].find("release start") == action), "{table}");
    }

    #[test]
    fn a_duration_is_so_long_ago() {
        let now: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        for (text, then) in [
            ("90m", "2026-11-23T08:30:00Z"),
            ("7d", "2026-11-16T10:00:00Z"),
            ("1d 2h", "2026-11-22T08:00:00Z"),
        ] {
            assert_eq!(since(text, now).unwrap(), then.parse().unwrap(), "{text}");
        }
        for bad in ["", "yesterday", "-2h", "0s", "5", "3 months", "99999999y"] {
            assert!(since(bad, now).unwrap_err().is::<UsageError>(), "{bad}");
        }
    }
}
