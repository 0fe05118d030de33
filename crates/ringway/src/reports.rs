//! From the ledger to what people read.

use crate::ledger::{Ledger, Run, TenantState};
use release::report::{Reached, RunReport, TenantReport};

/// A run with its tenants. `driven` says whether a process drives it now.
///
/// # Errors
/// If there is no such run, or the ledger cannot be read.
pub fn run(ledger: &Ledger, id: &str, driven: bool) -> anyhow::Result<RunReport> {
    let run = ledger.run(id)?.ok_or_else(|| {
        crate::error::UsageError(format!(
            "there is no release or cleanup {id:?}; ringway release list shows them"
        ))
    })?;
    let tenants = ledger.tenants(id)?;
    Ok(report(run, tenants, driven))
}

/// The same from what was read already. What has ended is not driven any more.
pub fn report(run: Run, tenants: Vec<TenantState>, driven: bool) -> RunReport {
    RunReport {
        id: run.id,
        kind: run.kind,
        ring: run.ring,
        service: run.service,
        images: run.images,
        cohort: run.cohort,
        began_at: run.began_at,
        ended_at: run.ended_at,
        driven: driven && run.verdict.is_none(),
        verdict: run.verdict,
        stop: run.stop,
        tenants: tenants.into_iter().map(tenant).collect(),
    }
}

fn tenant(state: TenantState) -> TenantReport {
    TenantReport {
        tenant: state.tenant,
        proof: state.proof,
        verdict: state.verdict,
        notes: state.notes,
        problem: state.problem,
        awaiting: state.awaiting,
        updated_at: state.updated_at,
        timeline: state.timeline.into_iter().map(|(at, proof)| Reached { at, proof }).collect(),
    }
}
