//! A run ends as its tenants did, every one of them has a verdict by then, and whoever is not a success says why. Nothing is
//! called cancelled that nobody stopped.

use super::Invariant;
use crate::{audience::Moment, view::News};
use release::verdict::{NEVER_STARTED, ReleaseVerdict, TenantVerdict};
use ringway::ledger::TenantState;

pub(super) struct NamedVerdict;

impl Invariant for NamedVerdict {
    fn name(&self) -> &'static str {
        "named_verdict"
    }

    fn look(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        for news in moment.news {
            match news {
                News::Tenant { run, tenant, verdict } if *verdict != TenantVerdict::Success => {
                    let Some((_, state)) = moment.ledger.tenant(run, tenant) else { continue };
                    if state.problem.as_ref().is_none_or(|why| why.message.is_empty()) {
                        return Err(format!("tenant {tenant} of {run} is {verdict:?} and nobody says why"));
                    }
                    if *verdict == TenantVerdict::Cancelled && !may_be_cancelled(moment, run, state) {
                        return Err(format!(
                            "tenant {tenant} of {run} is cancelled, and nobody stopped that"
                        ));
                    }
                }
                News::Run { run, verdict } => folds(moment, run, *verdict)?,
                News::Tenant { .. } | News::Proof { .. } => {}
            }
        }
        Ok(())
    }
}

fn folds(moment: &Moment<'_>, run: &str, verdict: ReleaseVerdict) -> Result<(), String> {
    let Some((_, tenants)) = moment.ledger.runs.get(run) else { return Ok(()) };
    if let Some(open) = tenants.iter().find(|tenant| tenant.verdict.is_none()) {
        return Err(format!("{run} ended as {verdict:?}, but its tenant {} has no verdict", open.tenant));
    }
    let has = |wanted: TenantVerdict| tenants.iter().any(|tenant| tenant.verdict == Some(wanted));
    let bad = has(TenantVerdict::Failed) || has(TenantVerdict::Refused) || has(TenantVerdict::Cancelled);
    let right = match verdict {
        ReleaseVerdict::Success => !bad,
        ReleaseVerdict::PartialSuccess => has(TenantVerdict::Success) && bad,
        ReleaseVerdict::Failed => has(TenantVerdict::Failed) && !has(TenantVerdict::Success),
        ReleaseVerdict::Refused => {
            has(TenantVerdict::Refused) && !has(TenantVerdict::Success) && !has(TenantVerdict::Failed)
        }
        ReleaseVerdict::Cancelled | ReleaseVerdict::Superseded => has(TenantVerdict::Cancelled),
    };
    if right {
        return Ok(());
    }
    let verdicts: Vec<_> = tenants.iter().map(|tenant| (&tenant.tenant, tenant.verdict)).collect();
    Err(format!("{run} ended as {verdict:?}, but its tenants as {verdicts:?}"))
}

/// Whether the ledger says that a run is to stop, or a person was told so; or a crash came between writing it down and
/// beginning it, which is no work of anybody.
fn may_be_cancelled(moment: &Moment<'_>, run: &str, state: &TenantState) -> bool {
    let never_started = state.problem.as_ref().is_some_and(|problem| problem.code == NEVER_STARTED);
    never_started || moment.ledger.stopped.contains_key(run) || moment.book.stopped.contains_key(run)
}
