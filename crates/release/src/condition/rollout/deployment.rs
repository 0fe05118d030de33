//! When a Deployment is rolled out, and when it never will be.

use super::{
    View, WorkloadState, counters,
    pod::{PodState, Unfinished},
};
use crate::{
    condition::{pods, shorten},
    step::{Evidence, Problem},
    workload::{Pod, ReplicaSet, StatusCondition, Workload},
};
use jiff::{SignedDuration, Timestamp};

/// The annotation that numbers the revisions of a Deployment, on itself and on its ReplicaSets.
const REVISION: &str = "deployment.kubernetes.io/revision";
/// The label that says which template a ReplicaSet and its pods are of.
const TEMPLATE: &str = "pod-template-hash";
/// How many pods of the new revision may end before the rollout counts as failed: each is replaced by another.
const ENDED_PODS: usize = 3;
/// A pod that ended stays as an object; one that was made before this is of another time.
const RECENT_POD: SignedDuration = SignedDuration::from_mins(30);

/// The pods of a Deployment, sorted out.
#[derive(Default)]
struct Pods<'a> {
    /// New pods that have not ended and are not going away.
    live: u32,
    finished: u32,
    newest_ready: Option<Timestamp>,
    unfinished: Option<Unfinished>,
    broken: Option<Problem>,
    /// New pods that ended not long ago.
    ended: Vec<&'a Pod>,
    /// Old pods that have not ended and are not going away.
    old: Vec<&'a Pod>,
}

impl<'a> View<'a> {
    pub(super) fn deployment(&self, workload: &Workload, replicas: u32) -> WorkloadState {
        let Some(newest) = self.newest_replica_set(workload) else {
            let what = format!("the ReplicaSet of the newest revision of {} does not exist", self.object());
            let revision = workload.metadata.annotations.get(REVISION).map_or("absent", String::as_str);
            return match self.paused(workload) {
                Some(problem) => self.failed(problem),
                None => self.waiting(0, replicas, what, vec![self.evidence(REVISION, revision, None)]),
            };
        };
        let pods = self.sort_by_replica_set(workload, newest);
        let finished = pods.finished.min(replicas);
        if let Some(problem) = pods.broken {
            return self.failed(problem);
        }
        let all_new = pods.finished == pods.live && pods.finished >= replicas && pods.old.is_empty();
        if all_new && is_settled(workload, replicas) {
            return self.proven(replicas, Vec::new(), pods.newest_ready);
        }
        let failed = self.paused(workload).or_else(|| self.too_slow(workload, newest));
        if let Some(problem) = failed.or_else(|| self.ended_again(&pods, replicas)) {
            return self.failed(problem);
        }
        let (what, shown) = self.still_rolling(workload, pods, replicas);
        self.waiting(
            finished,
            replicas,
            format!("{finished} of {replicas} pods of {} are done: {what}", self.object()),
            shown,
        )
    }

    /// The ReplicaSet of the Deployment's own revision. One with a lower number, or with another image, is what it was
    /// before: a paused Deployment does not number its newest template.
    fn newest_replica_set(&self, workload: &Workload) -> Option<&'a ReplicaSet> {
        let own = |set: &&ReplicaSet| {
            Self::is_owned(&set.metadata.owner_references, "Deployment", &workload.metadata.uid)
        };
        let revision = |set: &ReplicaSet| set.metadata.annotations.get(REVISION)?.parse::<u64>().ok();
        let wanted = workload.metadata.annotations.get(REVISION)?.parse::<u64>().ok();
        let newest = self.snapshot.replica_sets.values().filter(own).max_by_key(|set| revision(set))?;
        let image = self.container(&newest.spec.template.spec).map(|container| container.image.as_str());
        let is_newest = revision(newest) == wanted
            && newest.metadata.labels.contains_key(TEMPLATE)
            && image == Some(self.expected.image.as_str());
        is_newest.then_some(newest)
    }

    fn sort_by_replica_set(&self, workload: &Workload, newest: &ReplicaSet) -> Pods<'a> {
        let mut sorted = Pods::default();
        let own = |pod: &Pod, set: &ReplicaSet| {
            Self::is_owned(&pod.metadata.owner_references, "ReplicaSet", &set.metadata.uid)
        };
        let older: Vec<&ReplicaSet> = self
            .snapshot
            .replica_sets
            .values()
            .filter(|set| {
                Self::is_owned(&set.metadata.owner_references, "Deployment", &workload.metadata.uid)
            })
            .filter(|set| set.metadata.uid != newest.metadata.uid)
            .collect();
        for pod in self.snapshot.pods.values() {
            let has_ended = matches!(pod.status.phase.as_str(), "Failed" | "Succeeded");
            if own(pod, newest) && pod.metadata.labels.get(TEMPLATE) == newest.metadata.labels.get(TEMPLATE) {
                if pods::is_terminating(pod) {
                    continue;
                }
                if has_ended {
                    sorted.ended.extend(self.is_recent(pod).then_some(pod));
                } else {
                    sorted.live += 1;
                    self.sort_new(pod, &mut sorted);
                }
            } else if !has_ended && !pods::is_terminating(pod) && older.iter().any(|set| own(pod, set)) {
                sorted.old.push(pod);
            }
        }
        sorted
    }

    fn sort_new(&self, pod: &Pod, sorted: &mut Pods<'_>) {
        match self.new_pod(pod) {
            PodState::Finished(since) => {
                sorted.finished += 1;
                sorted.newest_ready = sorted.newest_ready.max(since);
            }
            PodState::Unfinished(unfinished) => {
                if sorted.unfinished.as_ref().is_none_or(|other| other.weight < unfinished.weight) {
                    sorted.unfinished = Some(unfinished);
                }
            }
            PodState::Broken(problem) => sorted.broken = sorted.broken.take().or(Some(problem)),
        }
    }

    fn is_recent(&self, pod: &Pod) -> bool {
        pod.metadata.creation_timestamp.is_some_and(|made| self.now.duration_since(made) < RECENT_POD)
    }

    fn paused(&self, workload: &Workload) -> Option<Problem> {
        let resume =
            format!("kubectl -n {} rollout resume deployment/{}", self.namespace, self.expected.name);
        workload.spec.paused.then(|| Problem {
            code: "paused".to_owned(),
            message: format!("{} is paused: its controller replaces no pods", self.object()),
            advice: Some(format!("`{resume}`, then release again")),
            evidence: vec![self.evidence("spec.paused", "true", None)],
        })
    }

    /// After a change back to an older template the condition can still be about the template before, so it must name
    /// the ReplicaSet.
    fn too_slow(&self, workload: &Workload, newest: &ReplicaSet) -> Option<Problem> {
        let exceeded = condition(workload, "Progressing").filter(|progress| {
            progress.status == "False"
                && progress.reason == "ProgressDeadlineExceeded"
                && progress.message.contains(&format!("{:?}", newest.metadata.name))
        })?;
        Some(Problem {
            code: "progress_deadline".to_owned(),
            message: format!(
                "{} made no progress for its progressDeadlineSeconds: {}",
                self.object(),
                exceeded.message
            ),
            advice: Some(format!("look at its pods: kubectl -n {} get pods", self.namespace)),
            evidence: vec![self.condition_evidence(exceeded)],
        })
    }

    fn ended_again(&self, pods: &Pods<'_>, replicas: u32) -> Option<Problem> {
        if pods.ended.len() < ENDED_PODS || pods.live >= replicas {
            return None;
        }
        pods.ended
            .iter()
            .find_map(|pod| pods::trouble(pod, self.now))
            .map(|trouble| trouble.problem(self.namespace))
    }

    /// What is most worth telling of what is missing.
    fn still_rolling(&self, workload: &Workload, pods: Pods<'_>, replicas: u32) -> (String, Vec<Evidence>) {
        if let Some(unfinished) = pods.unfinished {
            return (unfinished.what, unfinished.evidence);
        }
        if let Some(refused) =
            condition(workload, "ReplicaFailure").filter(|refused| refused.status == "True")
        {
            let what = format!("its pods cannot be made: {}: {}", refused.reason, shorten(&refused.message));
            return (what, vec![self.condition_evidence(refused)]);
        }
        if pods.live < replicas {
            return (
                format!("new pods still to be made: {}", replicas - pods.live),
                counters(self, workload),
            );
        }
        match pods.old.first() {
            Some(old) => {
                (format!("{} is old and still there", self.pod_object(old)), counters(self, workload))
            }
            None => (
                "its controller has not counted them all as updated and available".to_owned(),
                counters(self, workload),
            ),
        }
    }

    fn condition_evidence(&self, condition: &StatusCondition) -> Evidence {
        let field = format!("status.conditions[{}]", condition.kind);
        let says = format!("{}: {}", condition.reason, condition.message);
        self.evidence(&field, &says, condition.last_transition_time)
    }
}

fn condition<'b>(workload: &'b Workload, kind: &str) -> Option<&'b StatusCondition> {
    workload.status.conditions.iter().find(|condition| condition.kind == kind)
}

/// Whether the controller's counters agree: all pods new, none left over, all ready for `minReadySeconds`.
fn is_settled(workload: &Workload, replicas: u32) -> bool {
    let status = &workload.status;
    status.updated_replicas >= replicas
        && status.replicas <= status.updated_replicas
        && status.available_replicas >= status.updated_replicas
}
