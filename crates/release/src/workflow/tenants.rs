//! What release and cleanup have in common: one child workflow per tenant, some at once, each with a recorded result.

use super::{options, stop::Stopping};
use crate::{
    proof::Proof,
    step::{Problem, RecordTenant, RecordTenantInput, RecordVerdict, RecordVerdictInput, TenantResult},
    verdict::{ReleaseVerdict, STOPPED_BY_CLEANUP, Stop, TenantVerdict},
};
use durable::{Failure, Flow, Workflow, join};
use serde::Serialize;

/// How many tenants of one release or cleanup are looked at or worked on at once if nobody says otherwise. Places per
/// Argo CD instance are the real limit; this one bounds what one run holds open. Journals that are open were written
/// with it, so it does not change.
pub const USUALLY_PARALLEL: usize = 100;

pub(super) fn parallel(asked: Option<usize>) -> usize {
    asked.unwrap_or(USUALLY_PARALLEL).max(1)
}

/// What a person sees while it runs.
#[derive(Serialize)]
struct Progress {
    tenants: usize,
    ended: usize,
}

/// Runs one child workflow per tenant, at most `limit` at once, and starts none after a stop.
pub(super) async fn run_children<F: Flow, W: Workflow<Output = TenantResult>>(
    flow: &F,
    run: &str,
    stopping: &Stopping,
    limit: usize,
    tenants: Vec<(String, W::Input)>,
) -> Vec<TenantResult> {
    let total = tenants.len();
    let ended = std::cell::Cell::new(0);
    flow.progress(&Progress { tenants: total, ended: 0 });
    join::bounded_join(limit, tenants, |(tenant, input)| {
        let ended = &ended;
        async move {
            let result = run_child::<F, W>(flow, run, stopping, tenant, input).await;
            ended.set(ended.get() + 1);
            flow.progress(&Progress { tenants: total, ended: ended.get() });
            result
        }
    })
    .await
}

async fn run_child<F: Flow, W: Workflow<Output = TenantResult>>(
    flow: &F,
    run: &str,
    stopping: &Stopping,
    tenant: String,
    input: W::Input,
) -> TenantResult {
    if let Some(stop) = stopping.stop() {
        return record(flow, run, cancelled(tenant, Proof::None, &stop)).await;
    }
    let id = format!("{}/{tenant}", flow.workflow_id());
    stopping.begin(&id);
    let result = flow.child::<W>(id.clone(), input).await;
    stopping.end(&id);
    match result {
        Ok(result) => result,
        Err(failure) => record(flow, run, failed(tenant, failure)).await,
    }
}

/// Records how a tenant ended, and gives the result back. A ledger that cannot be written to does not change the
/// result: it stands in the journal as well, with a note that the ledger lacks it.
pub(super) async fn record<F: Flow>(flow: &F, run: &str, result: TenantResult) -> TenantResult {
    let input = RecordTenantInput { run: run.to_owned(), result: result.clone() };
    match flow.activity::<RecordTenant>(input, options::record()).await {
        Ok(()) => result,
        Err(failure) => {
            let mut result = result;
            result.notes.push(format!("not recorded in the ledger: {}", failure.message));
            result
        }
    }
}

/// Folds the tenants' verdicts into one and records it.
pub(super) async fn conclude<F: Flow>(
    flow: &F,
    run: &str,
    tenants: &[TenantResult],
    stop: Option<&Stop>,
) -> Result<ReleaseVerdict, Failure> {
    let verdicts: Vec<TenantVerdict> = tenants.iter().map(|tenant| tenant.verdict).collect();
    let verdict = ReleaseVerdict::fold(&verdicts, stop);
    let input = RecordVerdictInput { run: run.to_owned(), verdict };
    flow.activity::<RecordVerdict>(input, options::record()).await?;
    Ok(verdict)
}

/// A tenant that was told to stop.
pub(super) fn cancelled(tenant: String, proof: Proof, stop: &Stop) -> TenantResult {
    let message = match (stop, proof) {
        (Stop::Cancel, Proof::None) => "cancelled before anything was written".to_owned(),
        (Stop::Cancel, _) => "cancelled; what was written stays until a cleanup".to_owned(),
        (Stop::Cleanup, Proof::None) => "stopped by a cleanup before anything was written".to_owned(),
        (Stop::Cleanup, _) => "stopped by a cleanup".to_owned(),
        (Stop::Supersede { by }, _) => format!("release {by} of the same ring took over"),
    };
    let code = match stop {
        Stop::Cleanup => STOPPED_BY_CLEANUP,
        Stop::Cancel | Stop::Supersede { .. } => "stopped",
    };
    let problem = Problem { code: code.into(), message, advice: None, evidence: Vec::new() };
    TenantResult {
        tenant,
        verdict: TenantVerdict::Cancelled,
        proof,
        notes: Vec::new(),
        problem: Some(problem),
    }
}

/// A tenant for which a step could not be done.
pub(super) fn failed(tenant: String, failure: Failure) -> TenantResult {
    TenantResult {
        tenant,
        verdict: TenantVerdict::Failed,
        proof: Proof::None,
        notes: Vec::new(),
        problem: Some(failure.into()),
    }
}
