//! Doing what was asked for, and writing down what became of it when the effect itself does not.

use super::Owner;
use crate::{
    error::{RefusedError, UsageError},
    freeze,
    ledger::{Action, Asked, AuditEntry, AuditOutcome, PullRequestOrigin},
    request::{Answer, CleanupRequest, FreezeRequest, ReleaseRequest, Request, Selection},
    start, start_cleanup,
};
use release::verdict::Stop;

impl Owner {
    /// Does what was asked for. What begins, ends or freezes something is in the audit with it; what is refused, fails,
    /// or finds nothing to do is written there as well.
    ///
    /// # Errors
    /// Those of the request.
    pub async fn carry_out(&self, request: Request) -> anyhow::Result<Answer> {
        let asked = self.asked_now();
        let entry = entry(&asked, &request).map(|entry| self.with_pull_request(entry, &request));
        let result = match request {
            Request::StartRelease(request) => start::release(self, request).await,
            Request::StartCleanup(request) => start_cleanup::cleanup(self, request).await,
            Request::Cancel { run } => self.cancel(&run).await,
            Request::Freeze(request) => self.freeze(&request).await,
        };
        if let Some(entry) = entry.and_then(|entry| became(entry, &result)) {
            // What was asked for is not undone because it cannot be written down: it has an answer already.
            if let Err(error) = self.world.ledger.record_asked(&entry) {
                tracing::error!(%error, "what was asked for is not in the audit");
            }
        }
        result
    }

    fn with_pull_request(&self, entry: AuditEntry, request: &Request) -> AuditEntry {
        let origin = match request {
            Request::StartRelease(request) => request.origin.as_ref(),
            Request::StartCleanup(request) => request.origin.as_ref(),
            Request::Cancel { .. } | Request::Freeze(_) => None,
        };
        let name = |origin: &PullRequestOrigin| {
            let name = self.world.ledger.name_of_pull_request(origin);
            name.unwrap_or_else(|error| format!("pull request {} ({error})", origin.number))
        };
        AuditEntry { pull_request: origin.map(name), ..entry }
    }

    /// That somebody asks now.
    pub(super) fn asked_now(&self) -> Asked {
        Asked { by: self.asker.clone(), at: self.world.clock.now() }
    }

    async fn freeze(&self, request: &FreezeRequest) -> anyhow::Result<Answer> {
        // Whatever is just beginning has begun, or is refused. What waits for its turn to begin is refused later.
        let _beginning = self.beginning().await;
        freeze::set(&self.world.ledger, request, &self.asked_now())
    }

    /// Tells a run to stop, without waiting for one that goes on until its patches under way have ended.
    async fn cancel(&self, run: &str) -> anyhow::Result<Answer> {
        let goes_on = self.engine.status(run).await?.is_some_and(|status| status.outcome.is_none());
        if goes_on {
            self.stop(run, &Stop::Cancel).await?;
        } else {
            self.stop_and_wait(run, &Stop::Cancel).await?;
        }
        Ok(Answer::Stopping)
    }
}

/// What a request is about. `None`: its effect is always written down together with who asked.
fn entry(asked: &Asked, request: &Request) -> Option<AuditEntry> {
    let count = |tenants: &[String]| Some(u32::try_from(tenants.len()).unwrap_or(u32::MAX));
    match request {
        Request::StartRelease(ReleaseRequest { ring, service, tenants, .. }) => Some(AuditEntry {
            ring: Some(ring.clone()),
            service: Some(service.clone()),
            tenants: count(tenants),
            ..AuditEntry::done(asked, Action::ReleaseStart)
        }),
        Request::StartCleanup(CleanupRequest { selection, .. }) => {
            let entry = AuditEntry::done(asked, Action::Cleanup);
            Some(match selection {
                Selection::Ring(ring) => AuditEntry { ring: Some(ring.clone()), ..entry },
                Selection::Release(run) => AuditEntry { run: Some(run.clone()), ..entry },
                Selection::Tenants(tenants) => AuditEntry { tenants: count(tenants), ..entry },
                Selection::RingTenants { ring, service, tenants } => AuditEntry {
                    ring: Some(ring.clone()),
                    service: Some(service.clone()),
                    tenants: count(tenants),
                    ..entry
                },
            })
        }
        Request::Cancel { .. } | Request::Freeze(_) => None,
    }
}

/// What became of it; `None` if that is in the audit already, or if the request itself was wrong and nothing was asked for.
fn became(entry: AuditEntry, result: &anyhow::Result<Answer>) -> Option<AuditEntry> {
    let (outcome, detail) = match result {
        Ok(Answer::Begun { run, continued: true }) => {
            return Some(AuditEntry { run: Some(run.clone()), outcome: AuditOutcome::Continued, ..entry });
        }
        Ok(Answer::Nothing { reason }) => (AuditOutcome::Nothing, reason.clone()),
        Ok(_) => return None,
        Err(error) if error.is::<UsageError>() => return None,
        Err(error) if error.is::<RefusedError>() => (AuditOutcome::Refused, format!("{error:#}")),
        Err(error) => (AuditOutcome::Failed, format!("{error:#}")),
    };
    Some(AuditEntry { outcome, detail: Some(detail), ..entry })
}
