//! `ringway explain`: why a tenant is not done yet, with evidence.

use super::{OutputFormat, ledger};
use crate::{
    clock::{Clock, SystemClock},
    config::Config,
    error::{Outcome, UsageError},
    output, reports,
    state::StateFolder,
};
use release::report::{RunReport, explain as page};

pub(super) fn explain(config: &Config, tenant: &str, format: OutputFormat) -> anyhow::Result<Outcome> {
    let driven = StateFolder::open(&config.state_folder)?.is_owned();
    let reports: Vec<RunReport> = match ledger(config)? {
        None => Vec::new(),
        Some(ledger) => ledger
            .latest_of_tenant(tenant)?
            .into_iter()
            .map(|(run, state)| reports::report(run, vec![state], driven))
            .collect(),
    };
    if reports.is_empty() {
        return Err(UsageError(format!(
            "no release or cleanup ever had tenant {tenant:?}; ringway release list shows them"
        ))
        .into());
    }
    output::print(format, &reports, || {
        let now = SystemClock.now();
        let pages = reports
            .iter()
            .flat_map(|run| run.tenants.iter().map(move |tenant| page::explain(run, tenant, now)));
        pages.collect::<Vec<_>>().join("\n")
    })?;
    Ok(Outcome::Done)
}
