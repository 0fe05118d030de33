//! The status in plain lines. What is as it should be is counted; what is not has a line of its own.

use super::{Ring, Service, Status, Tenant};
use jiff::Timestamp;
use release::{
    report::{
        RunReport,
        text::{ago, counted, outcome, state, title},
    },
    verdict::TenantVerdict,
};
use std::collections::BTreeMap;

/// The whole page.
pub(super) fn page(status: &Status, now: Timestamp) -> String {
    let mut lines = vec![driver(status)];
    lines.extend(
        status.frozen.iter().map(|freeze| format!("FROZEN: {freeze}; end it with: {}", freeze.end())),
    );
    if status.rings.is_empty() && status.under_way.is_empty() && status.pull_requests.is_empty() {
        lines.push("Nothing lives here: no ring holds a tenant, and nothing is under way.".to_owned());
        lines.push(
            "`ringway plan` shows what a release would do, `ringway release start` begins one.".to_owned(),
        );
        return lines.join("\n");
    }
    for pull_request in &status.pull_requests {
        lines.push(String::new());
        lines.push(format!("pull request {}", pull_request.name));
        let says = pull_request.says.as_deref().unwrap_or("nothing was said in it yet");
        let since = pull_request.says_since.unwrap_or(pull_request.updated_at);
        lines.push(format!("  {says} (for {})", ago(since, now)));
    }
    for run in &status.under_way {
        lines.push(String::new());
        under_way(&mut lines, run, now);
    }
    for ring in &status.rings {
        lines.push(String::new());
        lines.push(format!("ring {}", ring.ring));
        ring.services.iter().for_each(|each| service(&mut lines, ring, each, now));
    }
    lines.join("\n")
}

fn driver(status: &Status) -> String {
    let folder = status.state_folder.display();
    match &status.owner {
        Some(owner) => format!(
            "state folder {folder}: driven by `{}` (process {}) since {:.0}",
            owner.command, owner.process, owner.since
        ),
        None if status.driven => format!("state folder {folder}: driven by a process that is just starting"),
        None => format!("state folder {folder}: nothing drives releases now"),
    }
}

fn under_way(lines: &mut Vec<String>, run: &RunReport, now: Timestamp) {
    let ended = run.tenants.iter().filter(|tenant| tenant.verdict.is_some()).count();
    lines.push(title(run).trim_end().to_owned());
    lines.push(format!(
        "  ring {}, for {}: {ended} of {} ended",
        run.ring,
        ago(run.began_at, now),
        counted(run.tenants.len(), "tenant")
    ));
    lines.push(format!("  {}", outcome(run)));
    for tenant in run.tenants.iter().filter(|tenant| tenant.verdict.is_none()) {
        let (name, proof) = (&tenant.tenant, tenant.proof.as_str());
        lines.push(format!("  {name:20}  {proof:15}  {}", state(tenant, now)).trim_end().to_owned());
    }
}

fn service(lines: &mut Vec<String>, ring: &Ring, service: &Service, now: Timestamp) {
    let since = service.tenants.iter().map(|tenant| tenant.since).min().unwrap_or(now);
    let tenants = counted(service.tenants.len(), "tenant");
    lines.push(format!("  {}: {tenants}, for {}", service.service, ago(since, now)));
    cohorts(lines, service);
    let mut alike: BTreeMap<String, usize> = BTreeMap::new();
    let mut named = Vec::new();
    for tenant in &service.tenants {
        let (release, proof) = (&tenant.release, tenant.proof.as_str());
        match tenant.verdict {
            _ if is_taken_back(tenant) => {
                named.push((tenant, "taken out; not yet proven without it".to_owned()))
            }
            Some(TenantVerdict::Success) => {
                *alike.entry(format!("{proof} by release {release}")).or_default() += 1;
            }
            // What each of them waits for stands above, with the release.
            None => *alike.entry(format!("not finished in release {release}")).or_default() += 1,
            Some(verdict) => named.push((tenant, ended(tenant, verdict))),
        }
    }
    let counts = alike.iter().map(|(what, count)| format!("    {} {what}", counted(*count, "tenant")));
    lines.extend(counts);
    lines.extend(named.iter().map(|(tenant, what)| format!("    {:20}  {what}", tenant.tenant)));
    lines.push(format!("    take it back with: ringway cleanup --ring {}", ring.ring));
}

/// The labels that the tenants were released for, with how many of them are done.
fn cohorts(lines: &mut Vec<String>, service: &Service) {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for tenant in &service.tenants {
        let Some(cohort) = &tenant.cohort else { continue };
        let (done, all) = counts.entry(cohort).or_default();
        let is_done = tenant.verdict == Some(TenantVerdict::Success) && !is_taken_back(tenant);
        (*done, *all) = (*done + usize::from(is_done), *all + 1);
    }
    let line = |(cohort, (done, all)): (&str, (usize, usize))| {
        format!("    {cohort}: {done} of {} done", counted(all, "tenant"))
    };
    lines.extend(counts.into_iter().map(line));
}

/// Whether nothing of the ring stands there any more: a cleanup has yet to prove what remains.
fn is_taken_back(tenant: &Tenant) -> bool {
    tenant.overrides.iter().all(|written| written.state == "removed")
}

fn ended(tenant: &Tenant, verdict: TenantVerdict) -> String {
    match tenant.problem.as_ref().and_then(|problem| problem.lines().next()) {
        Some(problem) => format!("{verdict}: {problem}"),
        None => verdict.to_string(),
    }
}
