//! Why a tenant is not done yet, or how it came to its verdict: with evidence, and how to look by hand.

use super::{AwaitingReport, Reached, RunReport, TenantReport, text};
use crate::step::Evidence;
use jiff::Timestamp;
use std::fmt::Write;

/// What one run says about one tenant.
pub fn explain(run: &RunReport, tenant: &TenantReport, now: Timestamp) -> String {
    let mut page = String::new();
    let _ = writeln!(page, "{} in {}\n  ring {}", tenant.tenant, text::title(run), run.ring);
    let _ = writeln!(page, "  {}", standing(run, tenant));
    for Reached { at, proof } in &tenant.timeline {
        let _ = writeln!(page, "  {at:.3}  {proof}");
    }
    if let Some(problem) = &tenant.problem {
        let _ = writeln!(page, "  why: {} [{}]", indented(&problem.message), problem.code);
        evidence(&mut page, &problem.evidence, now);
        if let Some(advice) = &problem.advice {
            let _ = writeln!(page, "  what to do: {}", indented(advice));
        }
    }
    if let (None, Some(awaiting)) = (tenant.verdict, &tenant.awaiting) {
        awaited(&mut page, awaiting, run.driven, now);
    }
    for note in &tenant.notes {
        let _ = writeln!(page, "  note: {}", indented(note));
    }
    page
}

fn standing(run: &RunReport, tenant: &TenantReport) -> String {
    match (tenant.verdict, run.driven) {
        (Some(verdict), _) => format!("ended: {verdict}, proof {}", tenant.proof),
        (None, true) => format!("under way, proof so far {}", tenant.proof),
        (None, false) => format!("not finished and nothing drives it, proof so far {}", tenant.proof),
    }
}

fn awaited(page: &mut String, awaiting: &AwaitingReport, driven: bool, now: Timestamp) {
    let label = if driven { "not done yet" } else { "last seen" };
    let _ = writeln!(page, "  {label}: {}", indented(&awaiting.what));
    let _ = write!(page, "  since {:.0} ({})", awaiting.since, text::ago(awaiting.since, now));
    if let Some(until) = awaiting.until {
        let _ = write!(page, ", at most until {until:.0}");
    }
    page.push('\n');
    evidence(page, &awaiting.evidence, now);
    if !awaiting.by_hand.is_empty() {
        let _ = writeln!(page, "  look by hand: {}", indented(&awaiting.by_hand));
    }
}

fn evidence(page: &mut String, evidence: &[Evidence], now: Timestamp) {
    for Evidence { object, field, value, since } in evidence {
        let since =
            since.map(|since| format!("  (since {since:.0}, {})", text::ago(since, now))).unwrap_or_default();
        let _ = writeln!(page, "    {object}  {field} = {}{since}", indented(value));
    }
}

/// Further lines of a value stand below its first.
fn indented(text: &str) -> String {
    text.trim_end().replace('\n', "\n      ")
}
