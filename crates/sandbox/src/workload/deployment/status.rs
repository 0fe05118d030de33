//! What a Deployment says about itself: counters, and whether it makes progress (`progress.go`).

use super::{
    super::object::{self, number},
    Deployment,
    sets::{Sets, named},
};
use crate::{Model, agenda::Controller};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;

/// The condition of a rollout that is over.
const AVAILABLE: &str = "NewReplicaSetAvailable";
/// The condition of a rollout that got nowhere for `progressDeadlineSeconds`.
const EXCEEDED: &str = "ProgressDeadlineExceeded";

/// The counters of a status.
pub(super) struct Counts {
    replicas: i64,
    updated: i64,
    ready: i64,
    available: i64,
    unavailable: i64,
}

impl Counts {
    fn read(status: &Value) -> Self {
        let count = |field: &str| status[field].as_i64().unwrap_or(0);
        Self {
            replicas: count("replicas"),
            updated: count("updatedReplicas"),
            ready: count("readyReplicas"),
            available: count("availableReplicas"),
            unavailable: count("unavailableReplicas"),
        }
    }

    /// Whether it got further since (`DeploymentProgressing`).
    fn is_further_than(&self, before: &Self) -> bool {
        self.updated > before.updated
            || self.replicas - self.updated < before.replicas - before.updated
            || self.ready > before.ready
            || self.available > before.available
    }
}

impl Deployment {
    /// What the ReplicaSets say. They were read before this look changed them, so it lags behind.
    pub(super) fn counts(&self, sets: &Sets) -> Counts {
        let available = sets.total("availableReplicas");
        Counts {
            replicas: sets.total("replicas"),
            updated: sets.new.as_ref().map_or(0, |new| new.status("replicas")),
            ready: sets.total("readyReplicas"),
            available,
            unavailable: (sets.wanted() - available).max(0),
        }
    }

    /// Whether all pods are new and available, and no old one is left.
    pub(super) fn is_complete(&self, counts: &Counts) -> bool {
        [counts.updated, counts.replicas, counts.available] == [self.replicas; 3]
    }

    /// The condition `Progressing`.
    pub(super) fn progressing(&self) -> Option<&Value> {
        self.condition("Progressing")
    }

    fn condition(&self, kind: &str) -> Option<&Value> {
        self.status["conditions"].as_array()?.iter().find(|condition| condition["type"] == kind)
    }

    /// Notes that it was paused or resumed, so that a pause does not count as a lack of progress.
    pub(super) fn note_pause(&mut self, model: &mut Model) {
        let reason = self.progressing().map(|progress| progress["reason"].clone()).unwrap_or_default();
        let was_paused = reason == "DeploymentPaused";
        if reason == EXCEEDED || was_paused == self.is_paused {
            return;
        }
        if self.is_paused {
            self.say_progress(model, "Unknown", "DeploymentPaused", "Deployment is paused");
        } else {
            self.say_progress(model, "Unknown", "DeploymentResumed", "Deployment is resumed");
        }
        self.write(model);
    }

    /// Sets the condition `Progressing`, unless it says so already.
    pub(super) fn say_progress(&mut self, model: &Model, state: &str, reason: &str, message: &str) {
        self.say("Progressing", (state, reason, message), &object::now(model));
    }

    fn say(&mut self, kind: &str, says: (&str, &str, &str), now: &str) {
        let (state, reason, message) = says;
        let old = self.condition(kind);
        if old.is_some_and(|old| old["status"] == state && old["reason"] == reason) {
            return;
        }
        let since = old.filter(|old| old["status"] == state).map(|old| old["lastTransitionTime"].clone());
        self.put(json!({
            "type": kind, "status": state, "reason": reason, "message": message,
            "lastUpdateTime": now, "lastTransitionTime": since.unwrap_or_else(|| json!(now)),
        }));
    }

    /// Puts a condition to the end of the list, where Kubernetes puts what changed last.
    fn put(&mut self, new: Value) {
        let mut conditions = self.status["conditions"].as_array().cloned().unwrap_or_default();
        conditions.retain(|condition| condition["type"] != new["type"]);
        conditions.push(new);
        self.status["conditions"] = Value::Array(conditions);
    }

    /// Writes the counters, and whether enough pods are available (`calculateStatus`).
    pub(super) fn write_counts(&mut self, model: &mut Model, sets: &Sets) {
        self.count(model, sets);
        self.write(model);
    }

    fn count(&mut self, model: &Model, sets: &Sets) {
        let counts = self.counts(sets);
        if !self.status.is_object() {
            self.status = json!({});
        }
        self.status["observedGeneration"] = json!(number(&self.object, "/metadata/generation").unwrap_or(0));
        object::count(&mut self.status, "replicas", counts.replicas);
        object::count(&mut self.status, "updatedReplicas", counts.updated);
        object::count(&mut self.status, "readyReplicas", counts.ready);
        object::count(&mut self.status, "availableReplicas", counts.available);
        object::count(&mut self.status, "unavailableReplicas", counts.unavailable);
        let now = object::now(model);
        if counts.available >= self.replicas - self.unavailable {
            let message = "Deployment has minimum availability.";
            self.say("Available", ("True", "MinimumReplicasAvailable", message), &now);
        } else {
            let message = "Deployment does not have minimum availability.";
            self.say("Available", ("False", "MinimumReplicasUnavailable", message), &now);
        }
    }

    fn write(&self, model: &mut Model) -> bool {
        object::write_status(model, &self.key, &self.status)
    }

    /// As [`Self::write_counts`] during a rollout, with the condition `Progressing` (`syncRolloutStatus`).
    pub(super) fn write_progress(&mut self, model: &mut Model, sets: &Sets) {
        let (before, after) = (Counts::read(&self.status), self.counts(sets));
        let reason = self.progressing().map(|progress| progress["reason"].clone());
        self.count(model, sets);
        let is_over =
            after.replicas == after.updated && reason.as_ref().is_some_and(|reason| reason == AVAILABLE);
        if !is_over {
            let who = named(sets, self);
            if self.is_complete(&after) {
                self.say_progress(model, "True", AVAILABLE, &format!("{who} has successfully progressed."));
            } else if after.is_further_than(&before) {
                self.renew_progress(model, &format!("{who} is progressing."));
            } else if self.has_timed_out(model.now()) {
                self.say_progress(model, "False", EXCEEDED, &format!("{who} has timed out progressing."));
            }
        }
        if !self.write(model) {
            self.look_again(model, &after);
        }
    }

    /// Each step forward begins the deadline anew, although the condition stays the same.
    fn renew_progress(&mut self, model: &Model, message: &str) {
        let now = object::now(model);
        let since = self.progressing().filter(|progress| progress["status"] == "True");
        let since = since.map_or_else(|| json!(now), |progress| progress["lastTransitionTime"].clone());
        self.put(json!({
            "type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated", "message": message,
            "lastUpdateTime": now, "lastTransitionTime": since,
        }));
    }

    fn has_timed_out(&self, now: Timestamp) -> bool {
        let Some(progress) = self.progressing() else { return false };
        match progress["reason"].as_str() {
            Some(AVAILABLE) => false,
            Some(EXCEEDED) => true,
            _ => self.deadline_at().is_some_and(|at| at < now),
        }
    }

    fn deadline_at(&self) -> Option<Timestamp> {
        let updated = object::time(self.progressing()?, "/lastUpdateTime")?;
        updated.checked_add(SignedDuration::from_secs(self.deadline)).ok()
    }

    /// A rollout without progress changes nothing that would wake the controller when its time is over
    /// (`requeueStuckDeployment`).
    fn look_again(&self, model: &mut Model, counts: &Counts) {
        let has_timed_out = self.progressing().is_none_or(|progress| progress["reason"] == EXCEEDED);
        if self.is_complete(counts) || has_timed_out {
            return;
        }
        let Some(at) = self.deadline_at() else { return };
        let rest = Duration::try_from(at.duration_since(model.now())).unwrap_or_default();
        let delay = rest.saturating_add(Duration::from_secs(1));
        model.later(delay, Controller::Deployment, self.key.clone());
    }
}
