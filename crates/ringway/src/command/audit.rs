//! `ringway audit`: who asked for what, when, and what became of it.

use super::{OutputFormat, ledger};
use crate::{
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
    let mut lines =
        vec![line(["WHEN", "WHO", "FROM", "ACTION", "OUTCOME", "RING", "SERVICE", "RUN", "TENANTS"])];
    for entry in entries {
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let tenants = entry.tenants.map_or_else(|| "-".to_owned(), |tenants| tenants.to_string());
        lines.push(line([
            &format!("{:.0}", entry.at),
            &entry.by.to_string(),
            entry.by.from.as_str(),
            entry.action.as_str(),
            entry.outcome.as_str(),
            &text(&entry.ring),
            &text(&entry.service),
            &text(&entry.run),
            &tenants,
        ]));
        lines.extend(
            entry.detail.iter().flat_map(|detail| detail.lines()).map(|detail| format!("    {detail}")),
        );
    }
    lines.join("\n")
}

fn line(cells: [&str; 9]) -> String {
    let widths = [20, 20, 12, 13, 9, 20, 20, 16, 7];
    let cells = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

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
