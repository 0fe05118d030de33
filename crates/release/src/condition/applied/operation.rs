//! The operation that an Application has: asked for, under way, or the last one that ended.

use super::sources;
use crate::{
    application::{Application, ResourceResult, Source, SyncResult},
    step::{Expectation, ExpectedWorkload, PlannedApplication},
};
use jiff::Timestamp;
use serde_json::Value;

/// The operation that decides about an Application now.
pub(super) struct Operation<'a> {
    /// Where it stands.
    pub(super) stage: Stage,
    /// The phase as Argo CD says it; empty if it was only asked for.
    pub(super) phase: &'a str,
    /// What Argo CD says about it.
    pub(super) message: &'a str,
    /// When it began.
    pub(super) started_at: Option<Timestamp>,
    /// When it ended, or its last attempt did.
    pub(super) finished_at: Option<Timestamp>,
    /// The sources that it applies. Empty if it does not say, as before Argo CD 3.2 until its first result.
    sources: Vec<Source>,
    results: &'a [ResourceResult],
}

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Asked for, and not yet taken up.
    Requested,
    /// Under way.
    Running,
    /// It says that it runs, but its request was taken out of the Application: nobody works on it any more.
    Orphaned,
    /// Ended.
    Ended,
}

impl<'a> Operation<'a> {
    /// The operation of `application`, if there ever was one.
    pub(super) fn of(application: &'a Application) -> Option<Self> {
        let request = application.operation.as_ref().filter(|operation| !operation.is_null());
        let state = application.status.operation_state.as_ref();
        let under_way = state.is_some_and(|state| matches!(state.phase.as_str(), "Running" | "Terminating"));
        if let Some(request) = request
            && !under_way
        {
            return Some(Self::requested(request));
        }
        let state = state?;
        let result = state.sync_result.as_ref();
        let frozen = frozen_sources(&state.operation);
        let applied = result.map(SyncResult::sources).unwrap_or_default();
        Some(Self {
            stage: match (under_way, request.is_some()) {
                (false, _) => Stage::Ended,
                (true, true) => Stage::Running,
                (true, false) => Stage::Orphaned,
            },
            phase: &state.phase,
            message: &state.message,
            started_at: state.started_at,
            finished_at: state.finished_at,
            sources: if frozen.is_empty() { applied.to_vec() } else { frozen },
            results: result.map(|result| result.resources.as_slice()).unwrap_or_default(),
        })
    }

    fn requested(request: &Value) -> Self {
        let sources = frozen_sources(request);
        Self {
            stage: Stage::Requested,
            phase: "",
            message: "",
            started_at: None,
            finished_at: None,
            sources,
            results: &[],
        }
    }

    /// Whether it applies what should stand in the Application.
    pub(super) fn carries(&self, planned: &PlannedApplication, expectation: Expectation) -> bool {
        sources::as_expected(&self.sources, &planned.wanted, expectation)
    }

    /// Whether it applies exactly what stands in the Application now.
    pub(super) fn is_for(&self, application: &Application) -> bool {
        sources::same(&self.sources, application.sources())
    }

    /// What became of a workload in it so far.
    pub(super) fn result(&self, workload: &ExpectedWorkload, namespace: &str) -> Option<&'a ResourceResult> {
        // A hook by the same name is another object: it has a hook phase and no sync status.
        self.results.iter().find(|result| {
            result.group == "apps"
                && result.kind == workload.kind.as_str()
                && result.name == workload.name
                && result.namespace == namespace
                && !result.status.is_empty()
        })
    }

    /// Whether Argo CD holds it back because a sync window is closed.
    pub(super) fn is_held_by_window(&self) -> bool {
        self.message.contains("blocked by sync window")
    }

    /// Whether it ended well.
    pub(super) fn succeeded(&self) -> bool {
        self.phase == "Succeeded"
    }
}

/// The sources in the request of an operation, which no later change of the Application reaches.
fn frozen_sources(request: &Value) -> Vec<Source> {
    let Some(sync) = request.get("sync") else { return Vec::new() };
    match sync.get("sources").and_then(Value::as_array) {
        Some(sources) if !sources.is_empty() => sources.iter().cloned().map(Source).collect(),
        _ => sync.get("source").filter(|source| !source.is_null()).cloned().map(Source).into_iter().collect(),
    }
}
