//! Whether every pod that should be new is new, is ready, and runs the right image.
//!
//! The pods themselves are counted and looked at: the status of a controller alone lies (a StatefulSet whose broken pod
//! blocks it says `currentRevision == updateRevision`), and looked at too early it is about the time before the change.

mod deployment;
mod pod;
mod stateful_set;
#[cfg(test)]
mod tests;

use super::{Awaiting, evidence};
use crate::{
    proof::Proof,
    service::WorkloadKind,
    step::{Evidence, ExpectedWorkload, Problem},
    workload::{Container, PodSpec, RolloutSnapshot, Workload},
};
use jiff::Timestamp;

/// What one snapshot says about the workloads of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RolloutState {
    /// Not there yet.
    Waiting {
        /// How far all of them are proven.
        proof: Proof,
        /// How many of the wanted pods are new, ready and right.
        finished_pods: u32,
        /// How many pods are to become so.
        wanted_pods: u32,
        /// What is awaited.
        awaiting: Awaiting,
    },
    /// It will not get there by itself.
    Failed {
        /// How far all of them are proven.
        proof: Proof,
        /// Why.
        problem: Problem,
    },
    /// All are proven.
    Proven {
        /// `Applied` if a workload has no pod to look at, `RolledOut` if the digests of an image are not known,
        /// `DigestVerified` otherwise.
        proof: Proof,
        /// What a person should know.
        notes: Vec<String>,
        /// When the last of the pods became ready.
        newest_ready: Option<Timestamp>,
    },
}

/// Asks one snapshot of `namespace` whether all `workloads` run what they should. `now` decides only whether a pod has
/// been unschedulable, or a crash ago, for long.
pub fn examine(
    snapshot: &RolloutSnapshot,
    namespace: &str,
    workloads: &[ExpectedWorkload],
    now: Timestamp,
) -> RolloutState {
    let states = workloads.iter().map(|expected| View { snapshot, namespace, expected, now }.examine());
    combine(namespace, states.collect())
}

/// One workload is as proven as the least of them; a failure of one is a failure of all.
fn combine(namespace: &str, states: Vec<WorkloadState>) -> RolloutState {
    let proof = states.iter().map(WorkloadState::proof).min().unwrap_or(Proof::Applied);
    let wanted_pods = states.iter().fold(0, |sum: u32, state| sum.saturating_add(state.wanted));
    let finished_pods = states.iter().fold(0, |sum: u32, state| sum.saturating_add(state.finished));
    let (mut first, mut more) = (None, 0);
    let (mut all_notes, mut newest) = (Vec::new(), None);
    let (mut failed, mut traps) = (None, Vec::new());
    for state in states {
        match state.outcome {
            Outcome::Failed(problem) => failed = failed.or(Some(problem)),
            Outcome::Trapped(trap) => traps.push(trap),
            Outcome::Waiting(_, awaiting) if first.is_none() => first = Some(awaiting),
            Outcome::Waiting(..) => more += 1,
            Outcome::Proven { notes, newest_ready, .. } => {
                all_notes.extend(notes);
                newest = newest.max(newest_ready);
            }
        }
    }
    match (failed.or_else(|| stateful_set::Trap::problem(namespace, traps)), first) {
        (Some(problem), _) => RolloutState::Failed { proof, problem },
        (None, Some(mut awaiting)) => {
            if more > 0 {
                awaiting.what.push_str(&format!(" (and {more} more workloads)"));
            }
            RolloutState::Waiting { proof, finished_pods, wanted_pods, awaiting }
        }
        (None, None) => RolloutState::Proven { proof, notes: all_notes, newest_ready: newest },
    }
}

/// What the snapshot says about one workload.
struct WorkloadState {
    finished: u32,
    wanted: u32,
    outcome: Outcome,
}

enum Outcome {
    Waiting(Proof, Awaiting),
    Failed(Problem),
    Trapped(stateful_set::Trap),
    Proven { proof: Proof, notes: Vec<String>, newest_ready: Option<Timestamp> },
}

impl WorkloadState {
    fn proof(&self) -> Proof {
        match self.outcome {
            Outcome::Waiting(proof, _) | Outcome::Proven { proof, .. } => proof,
            Outcome::Failed(_) | Outcome::Trapped(_) => Proof::Applied,
        }
    }
}

/// One workload in one snapshot.
struct View<'a> {
    snapshot: &'a RolloutSnapshot,
    namespace: &'a str,
    expected: &'a ExpectedWorkload,
    now: Timestamp,
}

impl<'a> View<'a> {
    fn examine(&self) -> WorkloadState {
        let key = (self.expected.kind, self.expected.name.clone());
        let Some(workload) = self.snapshot.workloads.get(&key) else {
            let what = format!("{} does not exist", self.object());
            return self.unapplied(1, what, Vec::new());
        };
        let wanted = workload.spec.replicas.unwrap_or(1);
        if let Some(since) = workload.metadata.deletion_timestamp {
            let shown = self.evidence("metadata.deletionTimestamp", &since.to_string(), Some(since));
            return self.unapplied(wanted, format!("{} is being deleted", self.object()), vec![shown]);
        }
        let Some(container) = self.container(&workload.spec.template.spec) else {
            return self.failed(self.container_missing(&workload.spec.template.spec));
        };
        let image = &self.expected.image;
        if container.image != *image {
            let field = format!("spec.template.spec.containers[{}].image", self.expected.container);
            let what = format!("{} is to run {}, not {image}", self.object(), container.image);
            return self.unapplied(wanted, what, vec![self.evidence(&field, &container.image, None)]);
        }
        if workload.status.observed_generation < workload.metadata.generation {
            let what = format!("the controller of {} has not seen its newest change", self.object());
            let seen = workload.status.observed_generation.to_string();
            let shown = self.evidence("status.observedGeneration", &seen, None);
            return self.waiting(0, wanted, what, vec![shown]);
        }
        if wanted == 0 {
            return self.no_pods(format!("{} is scaled to 0: its image is proven in no pod", self.object()));
        }
        match self.expected.kind {
            WorkloadKind::StatefulSet => self.stateful_set(workload, wanted),
            WorkloadKind::Deployment => self.deployment(workload, wanted),
        }
    }

    /// The container that is looked at, in a template or in a pod.
    fn container<'b>(&self, spec: &'b PodSpec) -> Option<&'b Container> {
        let all = spec.containers.iter().chain(&spec.init_containers);
        all.into_iter().find(|container| container.name == self.expected.container)
    }

    fn container_missing(&self, spec: &PodSpec) -> Problem {
        let names: Vec<&str> = spec.containers.iter().map(|container| container.name.as_str()).collect();
        let names = names.join(", ");
        Problem {
            code: "container_missing".to_owned(),
            message: format!(
                "{} has no container {}; it has {names}",
                self.object(),
                self.expected.container
            ),
            advice: Some("check the `container` of the service's `workloads`".to_owned()),
            evidence: vec![self.evidence("spec.template.spec.containers", &names, None)],
        }
    }

    /// Whether an object belongs to the workload or ReplicaSet with this uid.
    fn is_owned(owners: &[crate::application::OwnerReference], kind: &str, uid: &str) -> bool {
        owners.iter().any(|owner| owner.controller && owner.kind == kind && owner.uid == uid)
    }

    /// How texts call the workload.
    fn object(&self) -> String {
        format!("{} {}/{}", self.expected.kind.as_str(), self.namespace, self.expected.name)
    }

    fn evidence(&self, field: &str, value: &str, since: Option<Timestamp>) -> Evidence {
        evidence(&self.object(), field, value, since)
    }

    fn awaiting(&self, what: String, evidence: Vec<Evidence>) -> Awaiting {
        let kind = self.expected.kind.as_str().to_lowercase();
        let by_hand = format!(
            "kubectl -n {namespace} get {kind} {} -o yaml; kubectl -n {namespace} get pods",
            self.expected.name,
            namespace = self.namespace
        );
        Awaiting { what, evidence, by_hand }
    }

    /// What the cluster has is not what Argo CD says it applied: it is proven less far than that.
    fn unapplied(&self, wanted: u32, what: String, evidence: Vec<Evidence>) -> WorkloadState {
        let outcome = Outcome::Waiting(Proof::Observed, self.awaiting(what, evidence));
        WorkloadState { finished: 0, wanted, outcome }
    }

    fn waiting(&self, finished: u32, wanted: u32, what: String, evidence: Vec<Evidence>) -> WorkloadState {
        let outcome = Outcome::Waiting(Proof::Applied, self.awaiting(what, evidence));
        WorkloadState { finished, wanted, outcome }
    }

    fn failed(&self, problem: Problem) -> WorkloadState {
        WorkloadState { finished: 0, wanted: 0, outcome: Outcome::Failed(problem) }
    }

    /// Nothing to look at, which is no failure.
    fn no_pods(&self, note: String) -> WorkloadState {
        let outcome = Outcome::Proven { proof: Proof::Applied, notes: vec![note], newest_ready: None };
        WorkloadState { finished: 0, wanted: 0, outcome }
    }

    fn proven(&self, wanted: u32, notes: Vec<String>, newest_ready: Option<Timestamp>) -> WorkloadState {
        let proof = if self.expected.digests.is_some() { Proof::DigestVerified } else { Proof::RolledOut };
        WorkloadState { finished: wanted, wanted, outcome: Outcome::Proven { proof, notes, newest_ready } }
    }
}

/// The counters of a workload's status that a rollout ends with.
fn counters(view: &View<'_>, workload: &Workload) -> Vec<Evidence> {
    let status = &workload.status;
    [
        ("status.replicas", status.replicas),
        ("status.updatedReplicas", status.updated_replicas),
        ("status.readyReplicas", status.ready_replicas),
        ("status.availableReplicas", status.available_replicas),
    ]
    .map(|(field, count)| view.evidence(field, &count.to_string(), None))
    .into()
}
