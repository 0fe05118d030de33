//! Telling what happens in runs while it happens, from the same ledger that every command reads.

use super::narrator::Narrator;
use crate::{
    clock::{Clock, SystemClock},
    ledger::Ledger,
    reports,
};
use jiff::{SignedDuration, Timestamp};
use release::{
    proof::Proof,
    report::{RunKind, RunReport, TenantReport, text},
    verdict::TenantVerdict,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// How often the ledger is asked whether something has changed. Only what people see depends on it.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Tenants that succeed within this time are told in one line.
const TOGETHER: SignedDuration = SignedDuration::from_millis(400);

/// So many of their names are told, or one more.
const NAMES: usize = 4;

/// So many problems are told; the others are counted.
const PROBLEMS: usize = 1;

/// Waits until a tenant of a run has this proof. False if it ended before.
pub(super) async fn reached(ledger: &Ledger, run: &str, tenant: &str, proof: Proof) -> anyhow::Result<bool> {
    let mut interval = tokio::time::interval(LOOK_EVERY);
    loop {
        interval.tick().await;
        match ledger.tenant(run, tenant)? {
            Some(state) if state.verdict.is_some() => return Ok(false),
            Some(state) if state.proof >= proof => return Ok(true),
            Some(_) => {}
            None => return Ok(false),
        }
    }
}

/// Follows runs that began until all of them have ended. What somebody does `meanwhile` is told as a command.
pub(super) async fn follow(
    ledger: &Ledger,
    runs: &[String],
    narrator: &mut Narrator,
    meanwhile: impl Future<Output = anyhow::Result<Option<Vec<String>>>>,
) -> anyhow::Result<Vec<RunReport>> {
    let mut told = Told::default();
    let mut interval = tokio::time::interval(LOOK_EVERY);
    let mut version = None;
    let mut reports = read(ledger, runs)?;
    let mut is_done = false;
    tokio::pin!(meanwhile);
    loop {
        tokio::select! {
            biased;
            done = &mut meanwhile, if !is_done => {
                is_done = true;
                if let Some(command) = done? {
                    narrator.event("somebody else, in another terminal:");
                    narrator.aside(&command);
                }
            }
            _ = interval.tick() => {}
        }
        let newest = Some(ledger.data_version()?);
        if newest != version {
            version = newest;
            reports = read(ledger, runs)?;
        }
        for news in told.news(&reports, SystemClock.now()) {
            news.tell(narrator);
        }
        if have_ended(&reports) {
            break;
        }
    }
    for report in &reports {
        narrator.event(&text::outcome(report));
    }
    narrator.rest().await;
    Ok(reports)
}

fn read(ledger: &Ledger, runs: &[String]) -> anyhow::Result<Vec<RunReport>> {
    runs.iter().map(|run| reports::run(ledger, run, true)).collect()
}

fn have_ended(reports: &[RunReport]) -> bool {
    reports.iter().all(|report| report.verdict.is_some())
}

/// What is worth telling.
#[derive(Debug, PartialEq, Eq)]
enum News {
    /// One sentence.
    Event(String),
    /// A tenant that did not succeed, and what to do.
    Problem { what: String, advice: Option<String> },
}

impl News {
    fn tell(&self, narrator: &mut Narrator) {
        match self {
            Self::Event(text) => narrator.event(text),
            Self::Problem { what, advice } => {
                narrator.event(what);
                if let Some(advice) = advice {
                    narrator.detail(&format!("→ {advice}"));
                }
            }
        }
    }
}

/// What was told already, and what waits to be told together with more of its kind.
#[derive(Default)]
struct Told {
    levels: BTreeSet<Proof>,
    ended: BTreeSet<String>,
    /// Tenants that succeeded since the last line about such.
    succeeded: BTreeMap<Proof, Vec<String>>,
    last: Option<Timestamp>,
    problems: usize,
}

impl Told {
    /// What is new in the reports of runs that go on at the same time.
    fn news(&mut self, reports: &[RunReport], now: Timestamp) -> Vec<News> {
        let mut news = self.levels(reports);
        for tenant in tenants(reports) {
            let Some(verdict) = tenant.verdict else { continue };
            if !self.ended.insert(tenant.tenant.clone()) {
                continue;
            }
            if verdict == TenantVerdict::Success {
                self.succeeded.entry(tenant.proof).or_default().push(tenant.tenant.clone());
            } else {
                self.problems += 1;
                news.extend((self.problems <= PROBLEMS).then(|| problem(tenant)));
            }
        }
        let is_due = self.last.is_none_or(|last| now.duration_since(last) >= TOGETHER);
        if (is_due && !self.succeeded.is_empty()) || have_ended(reports) {
            self.last = Some(now);
            let lines = std::mem::take(&mut self.succeeded).into_iter();
            news.extend(
                lines.map(|(proof, names)| News::Event(format!("success, {proof}: {}", listed(&names)))),
            );
        }
        let untold = self.problems.saturating_sub(PROBLEMS);
        if have_ended(reports) && untold > 0 {
            news.push(News::Event(format!("and {untold} more like this")));
        }
        news
    }

    /// Levels that all tenants have reached, as long as none has ended.
    fn levels(&mut self, reports: &[RunReport]) -> Vec<News> {
        let mut news = Vec::new();
        let Some(kind) = reports.first().map(|report| report.kind) else { return news };
        let lowest = tenants(reports).map(|tenant| tenant.proof).min().unwrap_or_default();
        for (proof, meaning) in meanings(kind) {
            if lowest >= proof && self.levels.insert(proof) && self.ended.is_empty() {
                let tenants = text::counted(tenants(reports).count(), "tenant");
                news.push(News::Event(format!("{tenants} {proof}: {meaning}")));
            }
        }
        news
    }
}

fn tenants(reports: &[RunReport]) -> impl Iterator<Item = &TenantReport> {
    reports.iter().flat_map(|report| &report.tenants)
}

/// What the first levels of proof mean.
fn meanings(kind: RunKind) -> [(Proof, &'static str); 2] {
    match kind {
        RunKind::Release => [
            (Proof::Patched, "the API server has our values"),
            (Proof::Applied, "Argo CD has applied the workloads with them"),
        ],
        RunKind::Cleanup => [
            (Proof::Patched, "our values are out"),
            (Proof::Applied, "Argo CD has applied the workloads without them"),
        ],
    }
}

fn problem(tenant: &TenantReport) -> News {
    let verdict = tenant.verdict.map_or("", TenantVerdict::as_str);
    let problem = tenant.problem.as_ref();
    let message = problem.map_or("", |problem| problem.message.as_str());
    News::Problem {
        what: format!("{} {verdict}: {message}", tenant.tenant),
        advice: problem.and_then(|problem| problem.advice.clone()),
    }
}

/// The first few names, and how many more.
fn listed(names: &[String]) -> String {
    match names.split_at_checked(NAMES) {
        Some((first, more)) if more.len() > 1 => format!("{} and {} more", first.join(", "), more.len()),
        _ => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing, News, TOGETHER, Told, listed};
    use jiff::{SignedDuration, Timestamp};
    use release::{proof::Proof, report::RunReport, verdict::TenantVerdict};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn event(text: &str) -> News {
        News::Event(text.to_owned())
    }

    /// A run of these tenants that has not ended.
    fn under_way(tenants: &[release::report::TenantReport]) -> RunReport {
        RunReport { verdict: None, ..testing::report(tenants) }
    }

    #[test]
    fn each_level_and_each_end_is_told_once() {
        let (mut told, now) = (Told::default(), NOW);
        let mut tenants = [
            testing::tenant("a", TenantVerdict::Success, Proof::Patched, None),
            testing::tenant("b", TenantVerdict::Failed, Proof::Patched, None),
        ];
        for tenant in &mut tenants {
            tenant.verdict = None;
        }
        let patched = told.news(&[under_way(&tenants)], now);
        assert_eq!(patched, [event("2 tenants patched: the API server has our values")]);
        assert_eq!(told.news(&[under_way(&tenants)], now), []);
        let ended = [
            testing::tenant("a", TenantVerdict::Success, Proof::DigestVerified, None),
            testing::tenant("b", TenantVerdict::Failed, Proof::Applied, Some("image_pull")),
        ];
        let what = "b failed: it is image_pull".to_owned();
        assert_eq!(
            told.news(&[testing::report(&ended)], now),
            [
                event("2 tenants applied: Argo CD has applied the workloads with them"),
                News::Problem { what, advice: None },
                event("success, digest_verified: a"),
            ]
        );
        assert_eq!(told.news(&[testing::report(&ended)], now), []);
    }

    #[test]
    fn tenants_that_succeed_soon_after_each_other_are_told_in_one_line() {
        let success = |name| testing::tenant(name, TenantVerdict::Success, Proof::DigestVerified, None);
        let (mut told, now) = (Told::default(), NOW);
        told.levels.extend([Proof::Patched, Proof::Applied]);
        let first = [under_way(&[success("a")])];
        assert_eq!(told.news(&first, now), [event("success, digest_verified: a")]);
        let second = [under_way(&[success("a")]), under_way(&[success("b")])];
        assert_eq!(told.news(&second, now + SignedDuration::from_millis(1)), []);
        let third = [under_way(&[success("a")]), under_way(&[success("b"), success("c")])];
        assert_eq!(told.news(&third, now + TOGETHER), [event("success, digest_verified: b, c")]);
    }

    #[test]
    fn many_problems_of_one_kind_are_counted_at_the_end() {
        let refused = ["a", "b", "c", "d"]
            .map(|name| testing::tenant(name, TenantVerdict::Refused, Proof::None, Some("claimed")));
        let mut told = Told::default();
        let news = told.news(&[under_way(&refused)], NOW);
        assert_eq!(news.len(), 1, "{news:?}");
        let news = told.news(&[testing::report(&refused)], NOW);
        assert_eq!(news, [event("and 3 more like this")]);
    }

    #[test]
    fn a_long_list_of_names_is_cut() {
        let names = ["a", "b", "c", "d", "e", "f"].map(str::to_owned);
        assert_eq!(listed(&names[..5]), "a, b, c, d, e");
        assert_eq!(listed(&names), "a, b, c, d and 2 more");
    }
}
