//! The tenants that a person should look at: failed, refused and skipped, with reasons.

use super::{
    PullRequestReport,
    escape::{code, escape, escape_to, fenced},
    fit::Room,
    progress::{self, Member},
};
use crate::{
    report::{RunKind, RunReport, TenantReport},
    verdict::TenantVerdict,
};
use std::collections::{BTreeMap, BTreeSet};

/// How much of a reason stands in a row, in characters.
const REASON: usize = 300;
/// How much of what a cluster said is shown as it stands, in characters.
const VOICE: usize = 1500;

/// A tenant that ended otherwise than with success.
pub(super) struct Trouble<'a> {
    run: &'a RunReport,
    tenant: &'a TenantReport,
    verdict: TenantVerdict,
}

/// Everything that is not as it should be after the newest run of each tenant: failed first, then refused, then skipped.
fn all<'a>(report: &PullRequestReport<'a>) -> Vec<Trouble<'a>> {
    let mut newest: BTreeMap<&str, (&RunReport, &TenantReport)> = BTreeMap::new();
    let cohorts = report.decision.cohorts.iter().map(|cohort| progress::of_cohort(report, cohort));
    let everything = cohorts.chain([progress::of_cleanups(report)]);
    for Member { name, found, .. } in everything.flat_map(|progress| progress.members) {
        let Some(found) = found else { continue };
        let is_newer = newest.get(name).is_none_or(|(run, _)| run.began_at < found.0.began_at);
        if is_newer {
            newest.insert(name, found);
        }
    }
    in_order(newest.into_values())
}

/// The troubles among some tenants.
pub(super) fn of_run(run: &RunReport) -> Vec<Trouble<'_>> {
    in_order(run.tenants.iter().map(|tenant| (run, tenant)))
}

fn in_order<'a>(found: impl Iterator<Item = (&'a RunReport, &'a TenantReport)>) -> Vec<Trouble<'a>> {
    let mut troubles: Vec<Trouble<'a>> = found
        .filter_map(|(run, tenant)| match tenant.verdict {
            Some(verdict @ (TenantVerdict::Failed | TenantVerdict::Refused | TenantVerdict::Skipped)) => {
                Some(Trouble { run, tenant, verdict })
            }
            _ => None,
        })
        .collect();
    // Stable: within one verdict the order stays.
    troubles.sort_by_key(|trouble| trouble.verdict);
    troubles
}

/// The table of all that is wrong.
pub(super) fn troubles(report: &PullRequestReport, room: Room) -> Option<String> {
    let troubles = all(report);
    (!troubles.is_empty()).then(|| format!("### Tenants that need a look\n\n{}", table(&troubles, room)))
}

/// What clusters said about the first of them, in their own words.
pub(super) fn voices(report: &PullRequestReport, room: Room) -> Option<String> {
    let texts: Vec<String> = all(report).iter().filter_map(voice).take(room.voices).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// Rows for so many tenants as there is room for, and where the others can be seen.
pub(super) fn table(troubles: &[Trouble], room: Room) -> String {
    let mut text = "| tenant | verdict | proof | why |\n|---|---|---|---|\n".to_owned();
    for trouble in troubles.iter().take(room.rows) {
        text.push_str(&row(trouble));
    }
    let hidden = troubles.get(room.rows..).unwrap_or_default();
    if !hidden.is_empty() {
        const NAMED: usize = 3;
        let runs: BTreeSet<&str> = hidden.iter().map(|trouble| trouble.run.id.as_str()).collect();
        let commands: Vec<String> =
            runs.into_iter().take(NAMED).map(|id| code(&format!("ringway release show {id}"))).collect();
        text.push_str(&format!("\nand {} more, see {}\n", hidden.len(), commands.join(", ")));
    }
    text
}

fn row(trouble: &Trouble) -> String {
    let Trouble { run, tenant, verdict } = trouble;
    let verdict = match run.kind {
        RunKind::Release => verdict.to_string(),
        RunKind::Cleanup => format!("{verdict} to be given back"),
    };
    let why = match &tenant.problem {
        Some(problem) => {
            let code =
                if problem.code.is_empty() { String::new() } else { format!("{}: ", code(&problem.code)) };
            format!("{code}{}", escape_to(problem.message.lines().next().unwrap_or_default(), REASON))
        }
        None => escape_to(&tenant.notes.join("; "), REASON),
    };
    format!("| {} | {verdict} | {} | {why} |\n", code(&tenant.tenant), tenant.proof)
}

/// What was found about a tenant, with what shows it and what to do; `None` if its row says it all.
pub(super) fn voice(trouble: &Trouble) -> Option<String> {
    const FIELDS: usize = 5;
    let problem = trouble.tenant.problem.as_ref()?;
    // Such as the YAML that an ApplicationSet lacks, which comes with a refusal.
    let more = problem.message.lines().count() > 1 || problem.advice.is_some();
    if trouble.verdict != TenantVerdict::Failed && !more {
        return None;
    }
    let mut said = problem.message.clone();
    for evidence in problem.evidence.iter().take(FIELDS) {
        said.push_str(&format!("\n{}  {} = {}", evidence.object, evidence.field, evidence.value));
    }
    let mut text = fenced(&said, VOICE);
    if let Some(advice) = &problem.advice {
        text.push_str(&format!("\nWhat to do:\n\n{}", fenced(advice, VOICE)));
    }
    Some(format!(
        "<details><summary>What was found about {}</summary>\n\n{text}\n</details>\n",
        escape(&trouble.tenant.tenant)
    ))
}
