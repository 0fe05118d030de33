//! Runs that the ledger has as unfinished and whose workflow does not go on: never started, failed, or parked. Without
//! this they would stand in the way of their tenants for ever.

use super::Owner;
use crate::ledger::{Run, RunFilter};
use durable_sqlite::{Filter, Outcome as Ended};
use jiff::SignedDuration;
use release::{
    step::{Problem, TenantResult},
    verdict::{NEVER_STARTED, ReleaseVerdict, Stop, TenantVerdict},
    workflow::{RunResult, STOP_MAILBOX},
};

/// How long the journal of a run that has ended is kept, for `release show --journal`.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

impl Owner {
    /// Looks at every unfinished run, before anything else is done.
    ///
    /// # Errors
    /// If ledger or engine cannot be used.
    pub async fn settle(&self) -> anyhow::Result<()> {
        let filter = RunFilter { unfinished: true, ..RunFilter::default() };
        for run in self.world.ledger.runs(&filter)? {
            self.settle_one(&run).await?;
        }
        Ok(())
    }

    /// Forgets the journals of runs that ended long ago: what people ask for later is in the ledger, and the journal is
    /// read as a whole at every start.
    ///
    /// # Errors
    /// If the engine cannot write.
    pub async fn forget_old_journals(&self) -> anyhow::Result<()> {
        let before = self.world.clock.now().saturating_sub(KEPT)?;
        let forgotten = self.engine.forget_ended_before(before).await?;
        tracing::debug!(forgotten, "journals of workflows that ended long ago");
        Ok(())
    }

    async fn settle_one(&self, run: &Run) -> anyhow::Result<()> {
        let (id, kind) = (&run.id, run.kind.as_str());
        match self.engine.status(id).await?.map(|status| status.outcome) {
            None => {
                // A crash between writing it down and starting it: the same command begins anew.
                tracing::warn!(run = id, "it was never started, so it is cancelled");
                self.end(id, ReleaseVerdict::Cancelled, (NEVER_STARTED, "it was never started"))
            }
            Some(Some(Ended::Parked(reason))) => {
                self.say(&parked(kind, id, &reason.to_string()));
                Ok(())
            }
            Some(Some(Ended::Failed(failure))) => {
                self.say(&format!("{kind} {id} had ended without a verdict: {failure}"));
                self.abandon(id, ReleaseVerdict::Failed, &failure.to_string()).await
            }
            Some(Some(ended @ Ended::Completed(_))) => {
                let result: RunResult = ended.decode()?;
                Ok(self.world.ledger.record_verdict(id, result.verdict, self.world.clock.now())?)
            }
            Some(None) => {
                self.say(&format!("going on with {kind} {id} of ring {}", run.ring));
                if let Some(stop) = &run.stop {
                    // A crash after the ledger was told may have kept it from the workflow; a second time does no harm.
                    self.engine.send(id, STOP_MAILBOX, stop).await?;
                }
                Ok(())
            }
        }
    }

    /// Ends a run whose workflow does not go on. Tenants that still go on are told to stop and waited for, so that nobody
    /// writes to them afterwards.
    pub(super) async fn abandon(
        &self,
        run: &str,
        verdict: ReleaseVerdict,
        reason: &str,
    ) -> anyhow::Result<()> {
        self.world.ledger.record_stop(run, &Stop::Cancel)?;
        let children = Filter { parent: Some(run.to_owned()), ..Filter::default() };
        let children = self.engine.list(children).await?;
        for child in &children {
            self.engine.send(&child.id, STOP_MAILBOX, &Stop::Cancel).await?;
        }
        for child in &children {
            self.engine.wait(&child.id).await?;
        }
        self.end(run, verdict, ("not_driven_to_its_end", reason))
    }

    fn end(&self, run: &str, verdict: ReleaseVerdict, (code, reason): (&str, &str)) -> anyhow::Result<()> {
        let (ledger, now) = (&self.world.ledger, self.world.clock.now());
        for state in ledger.tenants(run)?.into_iter().filter(|state| state.verdict.is_none()) {
            let problem = Problem {
                code: code.to_owned(),
                message: format!("not driven to its end: {reason}"),
                advice: None,
                evidence: Vec::new(),
            };
            let result = TenantResult {
                tenant: state.tenant,
                verdict: match verdict {
                    ReleaseVerdict::Failed => TenantVerdict::Failed,
                    _ => TenantVerdict::Cancelled,
                },
                proof: state.proof,
                notes: Vec::new(),
                problem: Some(problem),
            };
            ledger.record_tenant(run, &result, now)?;
        }
        Ok(ledger.record_verdict(run, verdict, now)?)
    }
}

/// What to say about a run that only another version can go on with.
pub(super) fn parked(kind: &str, run: &str, reason: &str) -> String {
    format!(
        "{kind} {run} cannot go on with this version of ringway: {reason}. Use the version that began it, or end it with: ringway release cancel {run}"
    )
}
