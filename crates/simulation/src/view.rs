//! What the ledger says, and what is new in it. Only what can still change is read again.

use crate::{broken::Broken, trace::Trace};
use jiff::Timestamp;
use release::{
    proof::Proof,
    report::RunKind,
    verdict::{ReleaseVerdict, TenantVerdict},
};
use ringway::ledger::{Claim, ClaimFilter, Ledger, LedgerError, Run, RunFilter, TenantState};
use std::collections::BTreeMap;

/// A copy of the ledger as it was last looked at.
#[derive(Debug, Default)]
pub(crate) struct LedgerView {
    writes: Option<u64>,
    /// All runs by id, with their tenants in the order they were asked for.
    pub(crate) runs: BTreeMap<String, (Run, Vec<TenantState>)>,
    /// All claims.
    pub(crate) claims: Vec<Claim>,
    /// When it was first seen that a run is to stop, whoever says so: a person, a cleanup, a pull request, a newer release.
    pub(crate) stopped: BTreeMap<String, Timestamp>,
    /// What each cleanup is to take back: the claims of its rings, services and tenants when it began.
    taken_back: BTreeMap<String, Vec<Claim>>,
}

/// Something that the ledger says for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum News {
    /// A tenant is proven this far.
    Proof {
        /// The run.
        run: String,
        /// The tenant.
        tenant: String,
        /// How far.
        proof: Proof,
    },
    /// A tenant has ended.
    Tenant {
        /// The run.
        run: String,
        /// The tenant.
        tenant: String,
        /// How.
        verdict: TenantVerdict,
    },
    /// A run has ended.
    Run {
        /// The run.
        run: String,
        /// How.
        verdict: ReleaseVerdict,
    },
}

impl LedgerView {
    /// Reads what may have changed. `None` if nothing was written.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub(crate) fn refresh(
        &mut self,
        ledger: &Ledger,
        now: Timestamp,
        trace: &mut Trace,
    ) -> Result<Option<Vec<News>>, Broken> {
        let writes = ledger.writes();
        if self.writes == Some(writes) {
            return Ok(None);
        }
        self.writes = Some(writes);
        let mut news = Vec::new();
        self.read(ledger, now, &mut news)
            .map_err(|error| Broken::new("readable_ledger", now, error.to_string()))?;
        for item in &news {
            trace.note(now, &format!("ledger: {item:?}"));
        }
        Ok(Some(news))
    }

    fn read(&mut self, ledger: &Ledger, now: Timestamp, news: &mut Vec<News>) -> Result<(), LedgerError> {
        for run in ledger.runs(&RunFilter { unfinished: true, ..RunFilter::default() })? {
            self.runs.entry(run.id.clone()).or_insert_with(|| (run, Vec::new()));
        }
        let open: Vec<String> = self.unfinished().map(|run| run.id.clone()).collect();
        for id in open {
            let Some(run) = ledger.run(&id)? else { continue };
            if run.stop.is_some() {
                self.stopped.entry(id.clone()).or_insert(now);
            }
            let tenants = ledger.tenants(&id)?;
            let known = self.runs.insert(id.clone(), (run.clone(), tenants.clone()));
            let known = known.map(|(_, tenants)| tenants).unwrap_or_default();
            for tenant in &tenants {
                let before = known.iter().find(|before| before.tenant == tenant.tenant);
                tell(&id, tenant, before, news);
            }
            news.extend(run.verdict.map(|verdict| News::Run { run: id, verdict }));
        }
        self.claims = ledger.claims(&ClaimFilter::default())?;
        self.note_what_is_taken_back();
        Ok(())
    }

    /// A cleanup gives nothing up that was written before it has asked for the Application, and by then the ledger was
    /// looked at: what is written when the cleanup is seen first was written when it began.
    fn note_what_is_taken_back(&mut self) {
        for (id, (run, _)) in &self.runs {
            if run.kind == RunKind::Cleanup && !self.taken_back.contains_key(id) {
                let claims = self.claims.iter().filter(|claim| is_of(run, claim)).cloned().collect();
                self.taken_back.insert(id.clone(), claims);
            }
        }
    }

    /// What a cleanup is to take back of one tenant.
    pub(crate) fn taken_back<'a>(&'a self, run: &str, tenant: &'a str) -> impl Iterator<Item = &'a Claim> {
        let claims = self.taken_back.get(run).into_iter().flatten();
        claims.filter(move |claim| claim.tenant == tenant)
    }

    /// The cleanups under way that are about something in an Application; of this service, if it is known which.
    pub(crate) fn cleanups_of<'a>(
        &'a self,
        application: &str,
        service: Option<&str>,
    ) -> impl Iterator<Item = &'a Run> {
        let is_meant = |claim: &&Claim| {
            claim.application.name == application && service.is_none_or(|service| claim.service == service)
        };
        let claims: Vec<&Claim> = self.claims.iter().filter(is_meant).collect();
        let cleanups = self.unfinished().filter(|run| run.kind == RunKind::Cleanup);
        cleanups.filter(move |run| claims.iter().any(|claim| is_of(run, claim)))
    }

    /// The runs that have not ended.
    pub(crate) fn unfinished(&self) -> impl Iterator<Item = &Run> {
        self.runs.values().map(|(run, _)| run).filter(|run| run.verdict.is_none())
    }

    /// One tenant of a run.
    pub(crate) fn tenant(&self, run: &str, tenant: &str) -> Option<(&Run, &TenantState)> {
        let (run, tenants) = self.runs.get(run)?;
        Some((run, tenants.iter().find(|state| state.tenant == tenant)?))
    }
}

/// Whether a claim is of the rings, services and tenants of a run. There may be several of each.
pub(crate) fn is_of(run: &Run, claim: &Claim) -> bool {
    let is_among = |names: &str, name: &str| names.split(", ").any(|known| known == name);
    run.tenants.contains(&claim.tenant)
        && is_among(&run.ring, &claim.ring)
        && is_among(&run.service, &claim.service)
}

fn tell(run: &str, tenant: &TenantState, before: Option<&TenantState>, news: &mut Vec<News>) {
    for (_, proof) in &tenant.timeline {
        let known = before.is_some_and(|before| before.timeline.iter().any(|(_, known)| known == proof));
        if !known {
            news.push(News::Proof { run: run.to_owned(), tenant: tenant.tenant.clone(), proof: *proof });
        }
    }
    let known = before.and_then(|before| before.verdict);
    if let Some(verdict) = tenant.verdict.filter(|_| known.is_none()) {
        news.push(News::Tenant { run: run.to_owned(), tenant: tenant.tenant.clone(), verdict });
    }
}
