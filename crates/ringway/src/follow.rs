//! Following a run until it ends: lines in a pipe, a bar on a terminal, always on standard error.

use crate::{clock::Clock, ledger::Ledger, reports, state::StateFolder};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::{SignedDuration, Timestamp};
use release::{
    proof::Proof,
    report::{RunReport, TenantReport, text},
    verdict::TenantVerdict,
};
use std::{collections::BTreeMap, io::IsTerminal, time::Duration};
use tokio::time::{Instant, MissedTickBehavior};

/// How often the ledger is asked whether something has changed. Only what people see depends on it.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How many times as long as the last look took the next one waits: a look at thousands of tenants takes long, and must
/// not take the processor away from their release.
const REST: u32 = 30;

/// A sentence that stays this long is worth a line; shorter ones are steps on the way.
const WORTH_TELLING: SignedDuration = SignedDuration::from_secs(5);

/// Shows what happens in a run until its verdict is recorded, and gives back how it ended. `driver` is the state folder
/// if another process drives the run: when none does any more, the report says so and has no verdict.
///
/// # Errors
/// If the ledger cannot be read.
pub async fn follow(
    ledger: &Ledger,
    run: &str,
    clock: &dyn Clock,
    driver: Option<&StateFolder>,
) -> anyhow::Result<RunReport> {
    let mut lines = Lines::default();
    let mut began = Instant::now();
    let mut report = reports::run(ledger, run, true)?;
    let mut version = ledger.data_version()?;
    let mut interval = tokio::time::interval(LOOK_EVERY);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        lines.show(&report, clock.now());
        let rested = Instant::now() + began.elapsed() * REST;
        if report.verdict.is_some() || !report.driven {
            lines.finish();
            return Ok(report);
        }
        loop {
            interval.tick().await;
            began = Instant::now();
            if driver.is_some_and(|folder| !folder.is_owned()) {
                // Read again: the verdict may have been its last deed.
                report = reports::run(ledger, run, false)?;
                break;
            }
            let newest = ledger.data_version()?;
            if newest != version && (began >= rested || ledger.has_ended(run)?) {
                version = newest;
                report = reports::run(ledger, run, true)?;
                break;
            }
        }
    }
}

/// What was shown last, so that only changes are shown.
#[derive(Default)]
struct Lines {
    bar: Option<ProgressBar>,
    shown: BTreeMap<String, (Option<TenantVerdict>, Proof, String)>,
}

impl Lines {
    fn show(&mut self, report: &RunReport, now: Timestamp) {
        let bar = self.bar.get_or_insert_with(|| {
            let bar = bar(report.tenants.len());
            say(&bar, &text::headline(report));
            bar
        });
        for tenant in &report.tenants {
            let shown = self.shown.entry(tenant.tenant.clone()).or_default();
            let what = tenant
                .awaiting
                .as_ref()
                .filter(|awaiting| now.duration_since(awaiting.since) >= WORTH_TELLING);
            let what = what.map(|awaiting| awaiting.what.clone()).unwrap_or_default();
            let risen = (tenant.verdict, tenant.proof) != (shown.0, shown.1);
            if risen || (tenant.verdict.is_none() && !what.is_empty() && what != shown.2) {
                say(
                    bar,
                    &format!("{}  {:15} {}", now.strftime("%H:%M:%SZ"), tenant.tenant, line(tenant, &what)),
                );
                *shown = (tenant.verdict, tenant.proof, what);
            }
        }
        let ended = report.tenants.iter().filter(|tenant| tenant.verdict.is_some()).count();
        bar.set_position(u64::try_from(ended).unwrap_or(u64::MAX));
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn line(tenant: &TenantReport, what: &str) -> String {
    match tenant.verdict {
        Some(TenantVerdict::Success) => format!("success, {}", tenant.proof),
        Some(verdict) => {
            let why = tenant.problem.as_ref().map(|problem| problem.message.as_str()).unwrap_or_default();
            format!("{verdict}: {why}")
        }
        None if what.is_empty() => tenant.proof.to_string(),
        None => format!("{}: {what}", tenant.proof),
    }
}

fn bar(tenants: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let bar = ProgressBar::new(u64::try_from(tenants).unwrap_or(u64::MAX));
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} tenants  {elapsed}") {
        bar.set_style(style);
    }
    bar
}

fn say(bar: &ProgressBar, text: &str) {
    if bar.is_hidden() {
        eprintln!("{text}");
    } else {
        bar.println(text);
    }
}
