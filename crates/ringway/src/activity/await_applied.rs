//! Waiting until Argo CD has compared and applied what stands in an Application.

use super::{
    argocd, cluster_failure,
    watching::{Seen, Watching, interrupted},
};
use crate::{
    cluster::{ApplicationEvent, ClusterClient},
    world::World,
};
use durable::{ActivityContext, Failure};
use jiff::Timestamp;
use release::{
    application::{Application, ApplicationKey},
    condition::{
        Awaiting,
        applied::{Pending, SyncState, examine, noticed},
        deadline::{Due, SyncClock},
    },
    overrides::refresh,
    proof::Proof,
    step::{AwaitAppliedInput, Awaited, Problem},
};

pub(super) async fn await_applied(
    world: &World,
    context: &ActivityContext,
    input: AwaitAppliedInput,
) -> Result<Awaited, Failure> {
    let key = &input.application.key;
    let client = argocd(world, &key.instance).await?;
    let mut clock: SyncClock = context
        .last_heartbeat()
        .and_then(|state| serde_json::from_value(state).ok())
        .unwrap_or_else(|| SyncClock::new(input.since))
        .resumed(world.clock.now());
    let events = client.watch_application(key, None);
    let mut watching = Watching::new(world, context, &input.context, events).of(input.part);
    let mut state =
        Standing { proof: Proof::Patched, awaiting: looking(&input), pending: Pending::Other, seen: None };
    let mut wake_at = None;
    loop {
        match watching.next(wake_at, &clock).await? {
            Seen::Event(Ok(ApplicationEvent::Changed(application))) => {
                match examine(&application, &input.application, input.expectation, Some(input.since)) {
                    SyncState::Waiting { proof, awaiting, pending } => {
                        state = Standing { proof, awaiting, pending, seen: Some(application) };
                    }
                    SyncState::Applied { notes } => {
                        watching.proven(Proof::Observed)?;
                        watching.proven(Proof::Applied)?;
                        return Ok(Awaited::Proven { proof: Proof::Applied, notes });
                    }
                    SyncState::Failed { proof, problem } => return Ok(Awaited::Failed { proof, problem }),
                    SyncState::Reverted { problem, .. } => {
                        let problem = noticed(problem, watching.now());
                        return Ok(Awaited::Failed { proof: Proof::Patched, problem });
                    }
                }
            }
            Seen::Event(Ok(ApplicationEvent::Deleted)) => {
                return Ok(Awaited::Failed { proof: Proof::Patched, problem: deleted(&input) });
            }
            Seen::Event(Ok(ApplicationEvent::Interrupted { lasting, error })) => {
                state.awaiting = interrupted(client.name(), lasting, &error);
                state.seen = None;
            }
            Seen::Event(Ok(ApplicationEvent::Resumed)) | Seen::Moment => {}
            Seen::Event(Err(error)) => return Err(cluster_failure(error)),
        }
        watching.proven(state.proof)?;
        let now = watching.now();
        match clock.update(state.proof, &state.awaiting, state.pending, &input.deadlines, now) {
            Due::Passed(problem) => return Ok(Awaited::Failed { proof: state.proof, problem }),
            Due::At(until) => {
                watching.awaits(&state.awaiting, until)?;
                if let Some((_, seen)) = state.overlooked(&clock).filter(|(at, _)| *at <= now) {
                    ask(&client, key, seen).await;
                    clock.asked(now);
                }
                wake_at = state.overlooked(&clock).map(|(at, _)| at).into_iter().chain([until]).min();
            }
        }
    }
}

/// What was found last.
struct Standing {
    proof: Proof,
    awaiting: Awaiting,
    pending: Pending,
    /// The Application as it was then; `None` while its API server is gone.
    seen: Option<Box<Application>>,
}

impl Standing {
    /// When Argo CD should be asked to look, and at what.
    fn overlooked(&self, clock: &SyncClock) -> Option<(Timestamp, &Application)> {
        Some((clock.ask_at(self.pending)?, self.seen.as_deref()?))
    }
}

/// Asks Argo CD to look at an Application whose change it seems to have overlooked. Without an answer nothing is lost:
/// Argo CD compares by itself sooner or later, and until then it is asked again.
async fn ask(client: &ClusterClient, key: &ApplicationKey, seen: &Application) {
    let patch = refresh(seen);
    if patch.is_empty() {
        return;
    }
    match client.refresh_application(key, &patch).await {
        Ok(()) => {
            tracing::info!(application = %key, "asked Argo CD to compare what it seems to have overlooked")
        }
        Err(error) => {
            tracing::warn!(application = %key, %error, "could not ask Argo CD to compare what it seems to have overlooked");
        }
    }
}

fn looking(input: &AwaitAppliedInput) -> Awaiting {
    let key = &input.application.key;
    Awaiting {
        what: format!("Application {key} has not been looked at yet"),
        evidence: Vec::new(),
        by_hand: format!("kubectl -n {} get application {} -o yaml", key.namespace, key.name),
    }
}

/// Somebody deleted the Application while we waited.
pub(super) fn deleted_problem(key: &release::application::ApplicationKey) -> Problem {
    Problem {
        code: "application_gone".to_owned(),
        message: format!("Application {key} was deleted while we waited for it"),
        advice: Some("a cleanup of the ring gives the claim back".to_owned()),
        evidence: Vec::new(),
    }
}

fn deleted(input: &AwaitAppliedInput) -> Problem {
    deleted_problem(&input.application.key)
}
