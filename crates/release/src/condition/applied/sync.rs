//! Whether the workloads of a compared Application are applied, and what holds them back.

use super::{
    Pending, SyncState, View,
    operation::{Operation, Stage},
};
use crate::{
    application::{Condition, ResourceResult, ResourceStatus},
    condition::{Awaiting, is_passing, shorten},
    proof::Proof,
    step::{Evidence, ExpectedWorkload},
};
use jiff::{SignedDuration, Timestamp};

/// By how much a comparison must have begun after the last operation ended to be believed that nothing is to be done.
/// Argo CD compares with a cache of the cluster that watches fill, and tells both times in whole seconds: right after an
/// operation it has been seen to call a StatefulSet in sync as it was before that operation.
const CACHE_LAG: SignedDuration = SignedDuration::from_secs(2);

/// Looks for the part of Argo CD that compares and syncs: while it stands still, nothing of that happens and no field of
/// the Application says why. The label is that of Argo CD's manifests and of its Helm chart.
pub(super) const AND_THE_CONTROLLER: &str =
    "; kubectl get pods --all-namespaces --selector app.kubernetes.io/name=argocd-application-controller";

impl View<'_> {
    /// What becomes of an Application that Argo CD has compared as it stands.
    pub(super) fn sync(&self) -> SyncState {
        if let Some(missing) = self.planned.workloads.iter().find(|workload| self.entry(workload).is_none()) {
            return self.workload_missing(missing);
        }
        match Operation::of(self.application) {
            Some(operation) if operation.stage == Stage::Ended => {
                if operation.carries(self.planned, self.expectation) && operation.is_for(self.application) {
                    self.after(&operation)
                } else {
                    self.between(Some(&operation))
                }
            }
            Some(operation) if !operation.carries(self.planned, self.expectation) => self.behind(&operation),
            Some(operation) => self.during(&operation),
            None => self.between(None),
        }
    }

    /// An operation with our values is asked for or runs.
    fn during(&self, operation: &Operation<'_>) -> SyncState {
        if let Some(state) = self.refused_by_api_server(operation) {
            return state;
        }
        let applied = |workload| self.is_synced(workload) && self.has_result(operation, workload);
        if self.planned.workloads.iter().all(applied) {
            let note = (!operation.message.is_empty()).then(|| {
                format!("the sync operation of {} still runs: {}", self.object(), shorten(operation.message))
            });
            return SyncState::Applied { notes: note.into_iter().collect() };
        }
        let what = format!("the sync operation of {} {}", self.object(), doing(operation));
        self.held(operation, what, "")
    }

    /// An operation without our values is in the way: Argo CD starts the next one only after it.
    fn behind(&self, operation: &Operation<'_>) -> SyncState {
        let what = format!(
            "an earlier sync operation of {}, which does not carry what stands there now, must end first: it {}",
            self.object(),
            doing(operation)
        );
        self.held(operation, what, &format!("; to end it: argocd app terminate-op {}", self.planned.key))
    }

    fn held(&self, operation: &Operation<'_>, what: String, remedy: &str) -> SyncState {
        let key = &self.planned.key;
        let mut awaiting = self.awaiting(what);
        awaiting.evidence = self.operation_evidence(operation);
        awaiting.by_hand = match operation.stage {
            // Argo CD takes a source that an operation carried for tried, so a look alone starts no other.
            Stage::Orphaned if operation.carries(self.planned, self.expectation) => {
                format!("argocd app sync {key}")
            }
            Stage::Orphaned => format!(
                "kubectl -n {} annotate application {} argocd.argoproj.io/refresh=normal",
                key.namespace, key.name
            ),
            _ if operation.is_held_by_window() => {
                format!("argocd proj windows list {}", self.application.spec.project)
            }
            _ => format!("argocd app get {key} --show-operation{remedy}"),
        };
        let pending = if operation.is_held_by_window() { Pending::Window } else { Pending::Other };
        SyncState::Waiting { proof: Proof::Observed, awaiting, pending }
    }

    /// The last operation applied exactly what stands in the Application.
    fn after(&self, operation: &Operation<'_>) -> SyncState {
        if let Some(state) = self.refused_by_api_server(operation) {
            return state;
        }
        // With ApplyOutOfSyncOnly a workload that already was in sync has no result.
        let applied = |workload| {
            self.is_synced(workload) && (operation.succeeded() || self.has_result(operation, workload))
        };
        if self.planned.workloads.iter().all(applied) {
            let note = (!operation.succeeded()).then(|| {
                let message = shorten(operation.message);
                format!("the sync operation of {} ended as {}: {message}", self.object(), operation.phase)
            });
            return SyncState::Applied { notes: note.into_iter().collect() };
        }
        if !operation.succeeded() {
            return self.operation_failed(operation);
        }
        let what = format!("{} is not in sync although its sync operation succeeded", self.unsynced());
        self.observed(what, self.operation_evidence(operation))
    }

    /// No operation is under way, and the last one, if any, was about something else.
    fn between(&self, last: Option<&Operation<'_>>) -> SyncState {
        if self.planned.workloads.iter().all(|workload| self.is_synced(workload)) {
            let ended = last.and_then(|operation| operation.finished_at);
            // What an operation changed last may not have been in the cache that the comparison looked at.
            let settled = |ended: Timestamp| ended.saturating_add(CACHE_LAG).unwrap_or(Timestamp::MAX);
            if ended.is_none_or(|ended| self.application.status.reconciled_at >= Some(settled(ended))) {
                let note = format!("no sync operation was needed: {} already was as wanted", self.object());
                return SyncState::Applied { notes: vec![note] };
            }
            let what = format!("Argo CD has not compared {} since its last operation ended", self.object());
            return self.idle(what, last.map(|last| self.operation_evidence(last)).unwrap_or_default());
        }
        let sync_error =
            self.application.status.conditions.iter().find(|condition| condition.kind == "SyncError");
        if let Some(error) = sync_error {
            if error.message.starts_with("Failed last sync attempt") && self.is_after_patch(error) {
                return self.not_tried_again(error);
            }
            let what = format!("Argo CD does not sync {}: {}", self.object(), shorten(&error.message));
            return self.observed(what, vec![self.condition_evidence(error)]);
        }
        if !self.application.is_automated() {
            let what = format!("automated sync of {} was switched off: somebody must sync it", self.object());
            return self.observed(what, vec![self.evidence("spec.syncPolicy.automated", "off", None)]);
        }
        if self.application.status.sync.status != "OutOfSync" {
            let what =
                format!("{} is not in sync, and Argo CD has started no sync operation", self.unsynced());
            return self.idle(what, Vec::new());
        }
        self.window_closed()
    }

    /// Argo CD asks for an operation before it stores the comparison. If it stored one and asked for none, a closed sync
    /// window is what remains; it says so nowhere in the Application.
    fn window_closed(&self) -> SyncState {
        let project = &self.application.spec.project;
        let what = format!(
            "Argo CD has compared {} and started no sync operation: a sync window of project {project} seems closed",
            self.object()
        );
        let awaiting = Awaiting {
            what,
            evidence: vec![self.evidence("status.sync.status", &self.application.status.sync.status, None)],
            by_hand: format!("argocd proj windows list {project}"),
        };
        SyncState::Waiting { proof: Proof::Observed, awaiting, pending: Pending::Window }
    }

    /// The API server refused one of our workloads. While the operation runs, Argo CD tries again; that helps only
    /// against what goes away by itself.
    fn refused_by_api_server(&self, operation: &Operation<'_>) -> Option<SyncState> {
        let results = self.planned.workloads.iter().filter_map(|workload| self.result(operation, workload));
        let refused = results.into_iter().find(|result| {
            result.status == "SyncFailed" && (operation.stage == Stage::Ended || !is_passing(&result.message))
        })?;
        let workload = format!("{} {}/{}", refused.kind, refused.namespace, refused.name);
        let message = format!("Argo CD could not apply {workload}: {}", shorten(&refused.message));
        let field = format!("status.operationState.syncResult.resources[{}/{}]", refused.kind, refused.name);
        let evidence =
            vec![self.evidence(&field, &refused.message, operation.finished_at.or(operation.started_at))];
        let advice = format!("look at it with `argocd app get {} --show-operation`", self.planned.key);
        Some(self.failed(Proof::Observed, "sync_failed", message, Some(advice), evidence))
    }

    /// The operation ended badly for good: Argo CD does not try the same sources again by itself.
    fn operation_failed(&self, operation: &Operation<'_>) -> SyncState {
        let says = shorten(operation.message);
        let message = format!("the sync operation of {} ended as {}: {says}", self.object(), operation.phase);
        let key = &self.planned.key;
        let advice = format!(
            "Argo CD does not try this again by itself; mend the cause, then run `argocd app sync {key}` or release again"
        );
        let mut evidence = self.operation_evidence(operation);
        let conditions = self.application.status.conditions.iter();
        evidence.extend(
            conditions.filter(|found| found.kind == "SyncError").map(|found| self.condition_evidence(found)),
        );
        self.failed(Proof::Observed, "sync_failed", message, Some(advice), evidence)
    }

    /// Whether a condition came up after our patch. While a window is closed, one about the old source stays.
    fn is_after_patch(&self, condition: &Condition) -> bool {
        self.patched_at.is_some_and(|patched_at| condition.last_transition_time >= Some(patched_at))
    }

    fn not_tried_again(&self, error: &Condition) -> SyncState {
        let message = format!("Argo CD does not sync {} again: {}", self.object(), shorten(&error.message));
        let advice =
            format!("mend the cause, then run `argocd app sync {}` or release again", self.planned.key);
        let evidence = vec![self.condition_evidence(error)];
        self.failed(Proof::Observed, "sync_failed", message, Some(advice), evidence)
    }

    fn workload_missing(&self, workload: &ExpectedWorkload) -> SyncState {
        let kind = workload.kind.as_str();
        let resources = self.application.status.resources.iter();
        let others: Vec<String> = resources
            .filter(|entry| entry.group == "apps" && entry.kind == kind)
            .map(|entry| format!("{}/{}", entry.namespace, entry.name))
            .collect();
        let others = if others.is_empty() { format!("no {kind} at all") } else { others.join(", ") };
        let wanted = format!("{}/{}", self.planned.namespace, workload.name);
        let message = format!("{} has no {kind} {wanted}; it has {}", self.object(), shorten(&others));
        let advice = "check the names of the service's `workloads`".to_owned();
        let evidence = vec![self.evidence("status.resources", &others, None)];
        self.failed(Proof::Observed, "workload_missing", message, Some(advice), evidence)
    }

    fn observed(&self, what: String, evidence: Vec<Evidence>) -> SyncState {
        let by_hand = format!("argocd app get {} --show-operation", self.planned.key);
        self.waiting(Proof::Observed, Awaiting { what, evidence, by_hand })
    }

    /// Argo CD has something to do and does not do it: its controller may stand still.
    fn idle(&self, what: String, evidence: Vec<Evidence>) -> SyncState {
        let by_hand = format!("{}{AND_THE_CONTROLLER}", self.get_command());
        self.waiting(Proof::Observed, Awaiting { what, evidence, by_hand })
    }

    fn operation_evidence(&self, operation: &Operation<'_>) -> Vec<Evidence> {
        match operation.stage {
            Stage::Requested => vec![self.evidence("operation", "requested", None)],
            _ => {
                let mut shown =
                    vec![self.evidence("status.operationState.phase", operation.phase, operation.started_at)];
                if !operation.message.is_empty() {
                    shown.push(self.evidence("status.operationState.message", operation.message, None));
                }
                shown
            }
        }
    }

    fn entry(&self, workload: &ExpectedWorkload) -> Option<&ResourceStatus> {
        self.application.status.resources.iter().find(|entry| {
            entry.group == "apps"
                && entry.kind == workload.kind.as_str()
                && entry.name == workload.name
                && entry.namespace == self.planned.namespace
        })
    }

    fn is_synced(&self, workload: &ExpectedWorkload) -> bool {
        self.entry(workload).is_some_and(|entry| entry.status == "Synced")
    }

    fn result<'a>(
        &self,
        operation: &Operation<'a>,
        workload: &ExpectedWorkload,
    ) -> Option<&'a ResourceResult> {
        operation.result(workload, &self.planned.namespace)
    }

    fn has_result(&self, operation: &Operation<'_>, workload: &ExpectedWorkload) -> bool {
        self.result(operation, workload).is_some_and(|result| result.status == "Synced")
    }

    /// The first workload that is not in sync, by name.
    fn unsynced(&self) -> String {
        let first = self.planned.workloads.iter().find(|workload| !self.is_synced(workload));
        first.map_or_else(
            || self.object(),
            |workload| format!("{} {}/{}", workload.kind.as_str(), self.planned.namespace, workload.name),
        )
    }
}

/// What an operation does, as the end of a sentence.
fn doing(operation: &Operation<'_>) -> String {
    let message = shorten(operation.message);
    match (operation.stage, message.is_empty()) {
        (Stage::Requested, _) => "was asked for and has not begun".to_owned(),
        (Stage::Orphaned, _) => {
            format!(
                "was taken out of the Application by hand in phase {}, and nobody works on it",
                operation.phase
            )
        }
        (_, true) => format!("is in phase {}", operation.phase),
        (_, false) => format!("is in phase {}: {message}", operation.phase),
    }
}
