//! What the ledger says about a pull request, its ring and the tenants that matter to it.

use super::{Rings, observe::Seen};
use crate::{
    config,
    ledger::{KnownPullRequest, Run, RunFilter},
    reports,
};
use release::{
    decide::{
        Observation,
        facts::{CohortFacts, Known, UnfinishedRelease},
        rules::RingRules,
    },
    report::{RunKind, RunReport},
};
use std::collections::{BTreeMap, BTreeSet};

impl Rings {
    /// What is known now: what was read of GitHub, and the ledger as it stands.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub(super) fn observation(
        &self,
        service: &str,
        rings: &config::Rings,
        seen: &Seen,
        known: &KnownPullRequest,
    ) -> anyhow::Result<Observation> {
        let ledger = &self.world().ledger;
        let ring = &known.ring;
        let unfinished = self.unfinished(ring, service)?;
        let mut tenants = ledger.held_tenants(ring, service)?;
        tenants.extend(unfinished.iter().flat_map(|run| run.tenants.iter().cloned()));
        tenants.extend(seen.labels.iter().flat_map(|label| match &label.cohort {
            Known::Yes(CohortFacts::Tenants { tenants, .. }) => tenants.clone(),
            _ => Vec::new(),
        }));
        Ok(Observation {
            now: self.world().clock.now(),
            service: service.to_owned(),
            rules: RingRules::clone(&rings.rules),
            pull_request: seen.pull_request.clone(),
            successor: seen.successor,
            labels: seen.labels.clone(),
            build: seen.build.clone(),
            images: seen.images.clone(),
            frozen: ledger.frozen(service)?.map(|freeze| format!("{freeze}; to end it: {}", freeze.end())),
            tenants: ledger.tenant_histories(ring, service, &tenants)?,
            under_way: unfinished
                .into_iter()
                .filter(|run| run.kind == RunKind::Release)
                .map(under_way)
                .collect(),
            noticed_gone: known.noticed_gone.clone(),
        })
    }

    /// What goes on of a ring and service.
    fn unfinished(&self, ring: &str, service: &str) -> anyhow::Result<Vec<Run>> {
        let filter = RunFilter {
            ring: Some(ring.to_owned()),
            service: Some(service.to_owned()),
            unfinished: true,
            ..RunFilter::default()
        };
        Ok(self.world().ledger.runs(&filter)?)
    }

    /// The runs that the texts of a pull request are about: all that it ever asked for.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub(super) fn runs_of(&self, known: &KnownPullRequest) -> anyhow::Result<BTreeMap<String, RunReport>> {
        let ledger = &self.world().ledger;
        let filter = RunFilter {
            ring: Some(known.ring.clone()),
            service: Some(known.service.clone()),
            limit: Some(RUNS),
            ..RunFilter::default()
        };
        let is_ours = |run: &Run| {
            let origin = run.origin.as_ref();
            origin
                .is_some_and(|origin| (origin.repository, origin.number) == (known.repository, known.number))
        };
        let mut reports = BTreeMap::new();
        for run in ledger.runs(&filter)?.into_iter().filter(is_ours) {
            let tenants = ledger.tenants(&run.id)?;
            reports.insert(run.id.clone(), reports::report(run, tenants, true));
        }
        Ok(reports)
    }

    /// The tenants that a pull request still holds, or works on.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub(super) fn has_something(&self, known: &KnownPullRequest) -> anyhow::Result<bool> {
        let held: BTreeSet<String> = self.world().ledger.held_tenants(&known.ring, &known.service)?;
        Ok(!held.is_empty() || !self.unfinished(&known.ring, &known.service)?.is_empty())
    }
}

/// At most so many runs of a ring are looked at for a text; older ones are history.
const RUNS: u32 = 50;

fn under_way(run: Run) -> UnfinishedRelease {
    UnfinishedRelease {
        label: run.origin.and_then(|origin| origin.label),
        stopping: run.stop.is_some(),
        run: run.id,
    }
}
