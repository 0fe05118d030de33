//! How far the tenants of a cohort, of a run or of all cleanups are: counted from what the runs say, the newest first.

use super::PullRequestReport;
use crate::{
    decide::{Action, CohortDecision},
    proof::Proof,
    report::{RunKind, RunReport, TenantReport, text::counted},
    verdict::{ReleaseVerdict, Stop, TenantVerdict},
};
use std::collections::BTreeMap;

/// One tenant, and what the newest run that had it says about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member<'a> {
    pub(super) name: &'a str,
    pub(super) found: Option<(&'a RunReport, &'a TenantReport)>,
    /// Whether a person took it back since: then what the run says about it does not hold any more.
    pub(super) taken_back: bool,
}

impl<'a> Member<'a> {
    fn new(name: &'a str, found: Option<(&'a RunReport, &'a TenantReport)>) -> Self {
        Self { name, found, taken_back: false }
    }
}

/// A set of tenants and where each stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress<'a> {
    pub(super) members: Vec<Member<'a>>,
}

/// The tenants of one run.
pub(super) fn of_run(run: &RunReport) -> Progress<'_> {
    let members = run.tenants.iter().map(|tenant| Member::new(&tenant.tenant, Some((run, tenant)))).collect();
    Progress { members }
}

/// The tenants of a cohort in the releases of the head commit.
pub(super) fn of_cohort<'a>(report: &PullRequestReport<'a>, cohort: &'a CohortDecision) -> Progress<'a> {
    let newest = newest(runs_of(report, cohort));
    if cohort.tenants.is_empty() {
        // The source could not be read this time: what was released is known all the same.
        let member = |(name, found)| Member::new(name, Some(found));
        return Progress { members: newest.into_iter().map(member).collect() };
    }
    let member = |name: &'a String| match cohort.taken_back.contains(name) {
        true => Member { taken_back: true, ..Member::new(name, None) },
        false => Member::new(name, newest.get(name.as_str()).copied()),
    };
    Progress { members: cohort.tenants.iter().map(member).collect() }
}

/// The releases of the head commit for a cohort, the newest first.
pub(super) fn runs_of<'a>(
    report: &PullRequestReport<'a>,
    cohort: &'a CohortDecision,
) -> impl Iterator<Item = &'a RunReport> + use<'a> {
    let runs = report.runs;
    cohort.runs.iter().filter_map(move |id| runs.get(id))
}

/// The tenants that were given back, are on their way, or are to be.
pub(super) fn of_cleanups<'a>(report: &PullRequestReport<'a>) -> Progress<'a> {
    let newest = newest(cleanups(report).into_iter());
    let mut members: BTreeMap<&'a str, Member<'a>> =
        newest.into_iter().map(|(name, found)| (name, Member::new(name, Some(found)))).collect();
    for action in &report.decision.actions {
        if let Action::Cleanup { tenants, .. } = action {
            // They hold something again, whatever an earlier cleanup did.
            members.extend(tenants.iter().map(|name| (name.as_str(), Member::new(name, None))));
        }
    }
    Progress { members: members.into_values().collect() }
}

/// The cleanups of the pull request, the newest first.
pub(super) fn cleanups<'a>(report: &PullRequestReport<'a>) -> Vec<&'a RunReport> {
    newest_first(report.runs.values().filter(|run| run.kind == RunKind::Cleanup))
}

/// Releases that go on and are of no cohort of the head commit, the newest first.
pub(super) fn other_releases<'a>(report: &PullRequestReport<'a>) -> Vec<&'a RunReport> {
    let is_of_head =
        |run: &RunReport| report.decision.cohorts.iter().any(|cohort| cohort.runs.contains(&run.id));
    newest_first(
        report
            .runs
            .values()
            .filter(|run| run.kind == RunKind::Release && run.verdict.is_none() && !is_of_head(run)),
    )
}

fn newest_first<'a>(runs: impl Iterator<Item = &'a RunReport>) -> Vec<&'a RunReport> {
    let mut runs: Vec<&RunReport> = runs.collect();
    runs.sort_by(|one, other| (other.began_at, &other.id).cmp(&(one.began_at, &one.id)));
    runs
}

/// What the newest run that has a tenant says about it, of runs in their order.
fn newest<'a>(
    runs: impl Iterator<Item = &'a RunReport>,
) -> BTreeMap<&'a str, (&'a RunReport, &'a TenantReport)> {
    let mut newest = BTreeMap::new();
    for run in runs {
        for tenant in &run.tenants {
            newest.entry(tenant.tenant.as_str()).or_insert((run, tenant));
        }
    }
    newest
}

impl Progress<'_> {
    /// How many there are.
    pub(super) fn total(&self) -> usize {
        self.members.len()
    }

    /// How many ended like this.
    pub(super) fn count(&self, verdict: TenantVerdict) -> usize {
        self.verdicts().filter(|found| *found == Some(verdict)).count()
    }

    /// How many ended, however.
    pub(super) fn ended(&self) -> usize {
        self.verdicts().flatten().count()
    }

    /// How many a person took back since.
    pub(super) fn taken_back(&self) -> usize {
        self.members.iter().filter(|member| member.taken_back).count()
    }

    fn verdicts(&self) -> impl Iterator<Item = Option<TenantVerdict>> {
        self.members.iter().map(|member| member.found.and_then(|(_, tenant)| tenant.verdict))
    }

    /// Such as `41 of 124 tenants done, 1 failed`.
    pub(super) fn words(&self, done: &str) -> String {
        use TenantVerdict::{Cancelled, Failed, Refused, Skipped, Success};
        let first = format!("{} of {} {done}", self.count(Success), counted(self.total(), "tenant"));
        let others = [Failed, Refused, Skipped, Cancelled].into_iter().filter_map(|verdict| {
            let count = self.count(verdict);
            (count > 0).then(|| format!("{count} {verdict}"))
        });
        let taken_back = match self.taken_back() {
            0 => None,
            count => Some(format!("{count} taken back by hand")),
        };
        std::iter::once(first).chain(others).chain(taken_back).collect::<Vec<_>>().join(", ")
    }

    /// How it ended, once everything has. A tenant whose turn never came was not done. What a person took back does not
    /// count.
    pub(super) fn verdict(&self) -> Option<ReleaseVerdict> {
        if self.ended() == 0 {
            return None;
        }
        let counted = self.members.iter().filter(|member| !member.taken_back);
        let verdict = |member: &Member<'_>| member.found.and_then(|(_, tenant)| tenant.verdict);
        let verdicts: Vec<TenantVerdict> =
            counted.map(|member| verdict(member).unwrap_or(TenantVerdict::Cancelled)).collect();
        let stop = self.members.iter().find_map(|member| member.found.and_then(|(run, _)| run.stop.clone()));
        Some(ReleaseVerdict::fold(&verdicts, Some(&stop.unwrap_or(Stop::Cancel))))
    }

    /// How far each tenant that succeeded is proven.
    fn proofs(&self) -> impl Iterator<Item = Proof> {
        self.members
            .iter()
            .filter_map(|member| member.found)
            .filter(|(_, tenant)| tenant.verdict == Some(TenantVerdict::Success))
            .map(|(_, tenant)| tenant.proof)
    }

    /// How far all tenants that succeeded are proven at least.
    pub(super) fn lowest_proof(&self) -> Option<Proof> {
        self.proofs().min()
    }

    /// What was not proven about the tenants that succeeded; `None` if all digests were.
    pub(super) fn unproven(&self) -> Option<String> {
        let proofs: Vec<Proof> = self.proofs().collect();
        let part = |count: usize, what: &str| match count {
            0 => None,
            all if all == proofs.len() => Some(what.to_owned()),
            some => Some(format!("{some} of {} {what}", proofs.len())),
        };
        let unseen = proofs.iter().filter(|proof| **proof < Proof::RolledOut).count();
        let only_rolled_out = proofs.iter().filter(|proof| **proof == Proof::RolledOut).count();
        let parts = [
            part(unseen, "not verified in the cluster"),
            part(only_rolled_out, "rolled out without a look at the digests"),
        ];
        let said: Vec<String> = parts.into_iter().flatten().collect();
        (!said.is_empty()).then(|| said.join(", "))
    }
}
