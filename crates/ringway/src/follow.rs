//! Following a run until it ends: lines in a pipe, a bar on a terminal, always on standard error.

use crate::{clock::Clock, ledger::Ledger, reports};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use release::{
    report::{RunReport, TenantReport, text},
    verdict::TenantVerdict,
};
use std::{collections::BTreeMap, io::IsTerminal, time::Duration};

/// How often the ledger is asked whether something has changed. Only what people see depends on it.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Shows what happens in a run until its verdict is recorded, and gives back how it ended.
///
/// # Errors
/// If the ledger cannot be read.
pub async fn follow(ledger: &Ledger, run: &str, clock: &dyn Clock) -> anyhow::Result<RunReport> {
    let mut lines = Lines::default();
    let mut seen = None;
    let mut interval = tokio::time::interval(LOOK_EVERY);
    loop {
        interval.tick().await;
        let version = ledger.data_version()?;
        if seen.replace(version) == Some(version) {
            continue;
        }
        let report = reports::run(ledger, run, true)?;
        lines.show(&report, clock);
        if report.verdict.is_some() {
            lines.finish();
            return Ok(report);
        }
    }
}

/// What was shown last, so that only changes are shown.
#[derive(Default)]
struct Lines {
    bar: Option<ProgressBar>,
    shown: BTreeMap<String, String>,
}

impl Lines {
    fn show(&mut self, report: &RunReport, clock: &dyn Clock) {
        let first = self.bar.is_none();
        let bar = self.bar.get_or_insert_with(|| bar(report.tenants.len()));
        if first {
            say(bar, &text::headline(report));
        }
        for tenant in &report.tenants {
            let Some(line) = line(tenant) else { continue };
            if self.shown.get(&tenant.tenant) != Some(&line) {
                say(bar, &format!("{}  {:15} {line}", time(clock), tenant.tenant));
                self.shown.insert(tenant.tenant.clone(), line);
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

/// One line about a tenant that only changes when something worth telling has.
fn line(tenant: &TenantReport) -> Option<String> {
    match (tenant.verdict, &tenant.awaiting) {
        (Some(TenantVerdict::Success), _) => Some(format!("success, {}", tenant.proof)),
        (Some(verdict), _) => {
            let why = tenant.problem.as_ref().map(|problem| problem.message.as_str()).unwrap_or_default();
            Some(format!("{verdict}: {why}"))
        }
        (None, Some(awaiting)) => Some(format!("{}, waiting for {}", tenant.proof, awaiting.what)),
        (None, None) => None,
    }
}

fn time(clock: &dyn Clock) -> String {
    clock.now().strftime("%H:%M:%SZ").to_string()
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
