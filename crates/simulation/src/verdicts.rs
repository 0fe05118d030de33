//! How tenants ended, counted: a simulation in which nothing succeeds shows nothing.

use release::{report::RunKind, verdict::TenantVerdict};
use ringway::ledger::{Ledger, LedgerError, Run};
use std::{collections::BTreeMap, fmt};

/// How the tenants of releases and of cleanups ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// Of releases.
    pub releases: Counts,
    /// Of cleanups.
    pub cleanups: Counts,
}

/// So many of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<TenantVerdict, u64>);

impl Verdicts {
    /// Counts the tenants of these runs.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub(crate) fn of(runs: &[Run], ledger: &Ledger) -> Result<Self, LedgerError> {
        let mut all = Self::default();
        for run in runs {
            let counts = match run.kind {
                RunKind::Release => &mut all.releases,
                RunKind::Cleanup => &mut all.cleanups,
            };
            for verdict in ledger.tenants(&run.id)?.into_iter().filter_map(|tenant| tenant.verdict) {
                *counts.0.entry(verdict).or_default() += 1;
            }
        }
        Ok(all)
    }

    /// Adds others.
    pub(crate) fn add(&mut self, others: &Self) {
        for (counts, more) in [(&mut self.releases, &others.releases), (&mut self.cleanups, &others.cleanups)]
        {
            more.0.iter().for_each(|(verdict, count)| *counts.0.entry(*verdict).or_default() += count);
        }
    }
}

impl Counts {
    /// How many of a hundred ended so; 0 of none.
    #[must_use]
    pub fn percent(&self, verdict: TenantVerdict) -> u64 {
        let all: u64 = self.0.values().sum();
        (100 * self.0.get(&verdict).copied().unwrap_or_default()).checked_div(all).unwrap_or_default()
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> =
            self.0.iter().map(|(verdict, count)| format!("{count} {}", verdict.as_str())).collect();
        formatter.write_str(&texts.join(", "))
    }
}
