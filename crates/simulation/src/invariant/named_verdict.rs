//! A run ends as its tenants did, every one of them has a verdict by then, and whoever is not a success says why.

use super::Invariant;
use crate::{audience::Moment, view::News};
use release::verdict::{ReleaseVerdict, TenantVerdict};

pub(super) struct NamedVerdict;

impl Invariant for NamedVerdict {
    fn name(&self) -> &'static str {
        "named_verdict"
    }

    fn look(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        for news in moment.news {
            match news {
                News::Tenant { run, tenant, verdict } if *verdict != TenantVerdict::Success => {
                    let state = moment.ledger.tenant(run, tenant).map(|(_, state)| state);
                    let why = state.and_then(|state| state.problem.as_ref());
                    if why.is_none_or(|why| why.message.is_empty()) {
                        return Err(format!("tenant {tenant} of {run} is {verdict:?} and nobody says why"));
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
        ReleaseVerdict::Cancelled | ReleaseVerdict::Superseded => true,
    };
    if right {
        return Ok(());
    }
    let verdicts: Vec<_> = tenants.iter().map(|tenant| (&tenant.tenant, tenant.verdict)).collect();
    Err(format!("{run} ended as {verdict:?}, but its tenants as {verdicts:?}"))
}
