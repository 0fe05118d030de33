//! The way back: every tenant that has something of ours gets back what was there before.

use super::{
    RunResult,
    stop::Stopping,
    tenant_cleanup::{TenantCleanup, TenantCleanupInput},
    tenants,
};
use durable::{Failure, Flow, Workflow};
use serde::{Deserialize, Serialize};

/// A cleanup. Works from what the ledger knew when it began, never from labels or cohort files.
pub struct Cleanup;

/// What is to be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanupInput {
    /// The cleanup.
    pub run: String,
    /// The tenants and what each of them has of ours.
    pub tenants: Vec<TenantCleanupInput>,
    /// How many tenants at once, if somebody asked for fewer than the instances have places for.
    pub max_parallel: Option<usize>,
}

impl Workflow for Cleanup {
    const NAME: &'static str = "cleanup";
    type Input = CleanupInput;
    type Output = RunResult;

    async fn run<F: Flow>(flow: F, input: CleanupInput) -> Result<RunResult, Failure> {
        let stopping = Stopping::default();
        let children =
            input.tenants.into_iter().map(|tenant| (tenant.context.tenant.clone(), tenant)).collect();
        let limit = tenants::parallel(input.max_parallel);
        let work = tenants::run_children::<F, TenantCleanup>(&flow, &input.run, &stopping, limit, children);
        let tenants = stopping.listen(&flow, work).await;
        let verdict = tenants::conclude(&flow, &input.run, &tenants, stopping.stop().as_ref()).await?;
        Ok(RunResult { verdict, tenants })
    }
}
