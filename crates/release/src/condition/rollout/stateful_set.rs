//! When a StatefulSet is rolled out, and when it never will be.

use super::{
    Outcome, View, WorkloadState, counters,
    pod::{PodState, Unfinished},
};
use crate::{
    condition::{evidence, pods},
    step::{Evidence, Problem},
    workload::{Pod, Workload},
};
use jiff::Timestamp;

/// The label that says which revision of its StatefulSet a pod is of.
const REVISION: &str = "controller-revision-hash";

/// A StatefulSet that waits for pods which can never become ready.
pub(super) struct Trap {
    message: String,
    /// Those to delete by hand.
    pods: Vec<String>,
    evidence: Vec<Evidence>,
}

impl Trap {
    /// All traps of a tenant as one problem with one command: who mends the first is not to meet the next one after it.
    pub(super) fn problem(namespace: &str, traps: Vec<Self>) -> Option<Problem> {
        let (mut messages, mut pods, mut evidence) = (Vec::new(), Vec::new(), Vec::new());
        for trap in traps {
            messages.push(trap.message);
            pods.extend(trap.pods);
            evidence.extend(trap.evidence);
        }
        (!pods.is_empty()).then(|| Problem {
            code: "repair_trap".to_owned(),
            message: messages.join("; and "),
            advice: Some(format!(
                "`kubectl -n {namespace} delete pod {}`, then give the same command again",
                pods.join(" ")
            )),
            evidence,
        })
    }
}

/// The pods of a StatefulSet, sorted out.
#[derive(Default)]
struct Pods<'a> {
    finished: u32,
    newest_ready: Option<Timestamp>,
    unfinished: Option<Unfinished>,
    /// Those that are to be replaced, highest ordinal first, without those that are going away.
    old: Vec<&'a Pod>,
    broken: Option<Problem>,
    /// How many of the wanted ordinals have no pod.
    missing: u64,
}

impl<'a> View<'a> {
    pub(super) fn stateful_set(&self, workload: &Workload, replicas: u32) -> WorkloadState {
        let strategy = workload.spec.update_strategy.as_ref();
        let rolling = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
        let partition = rolling.and_then(|rolling| rolling.partition).unwrap_or(0);
        let wanted = replicas.saturating_sub(partition);
        if workload.status.update_revision.is_empty() {
            let what = format!("the controller of {} has not named its newest revision", self.object());
            return self.waiting(
                0,
                wanted,
                what,
                vec![self.evidence("status.updateRevision", "absent", None)],
            );
        }
        if wanted == 0 {
            let object = self.object();
            return self.no_pods(format!(
                "0 of {replicas} pods of {object} are to be new: its partition is {partition}"
            ));
        }
        let all = self.pods_of(workload);
        let pods = self.sort(workload, &all, partition, replicas);
        let finished = pods.finished;
        if let Some(problem) = pods.broken {
            return self.failed(problem);
        }
        if finished == wanted && is_settled(workload, replicas, wanted) {
            let note = format!(
                "{wanted} of {replicas} pods of {} are new: its partition is {partition}",
                self.object()
            );
            let notes = (partition > 0).then_some(note).into_iter().collect();
            return self.proven(wanted, notes, pods.newest_ready);
        }
        if let Some(problem) = self.on_delete(workload, &pods.old) {
            return self.failed(problem);
        }
        if let Some(trap) = self.trapped(workload, &all, replicas) {
            return WorkloadState { finished, wanted, outcome: Outcome::Trapped(trap) };
        }
        let (what, shown) = self.still_awaited(workload, pods, &all);
        self.waiting(
            finished,
            wanted,
            format!("{finished} of {wanted} pods of {} are done: {what}", self.object()),
            shown,
        )
    }

    /// The pods of a StatefulSet with their ordinals, highest first: the order in which they are replaced.
    fn pods_of(&self, workload: &Workload) -> Vec<(u32, &'a Pod)> {
        let kind = self.expected.kind.as_str();
        let own = |pod: &&Pod| Self::is_owned(&pod.metadata.owner_references, kind, &workload.metadata.uid);
        let mut pods: Vec<(u32, &Pod)> = self
            .snapshot
            .pods
            .values()
            .filter(own)
            .filter_map(|pod| Some((ordinal(pod, self)?, pod)))
            .collect();
        pods.sort_by_key(|(ordinal, _)| std::cmp::Reverse(*ordinal));
        pods
    }

    fn sort(&self, workload: &Workload, all: &[(u32, &'a Pod)], partition: u32, replicas: u32) -> Pods<'a> {
        let (first, end) = ordinals(workload, replicas);
        let wanted = first + u64::from(partition)..end;
        let mut sorted = Pods { missing: wanted.end - wanted.start, ..Pods::default() };
        for (_, pod) in all.iter().filter(|(ordinal, _)| wanted.contains(&u64::from(*ordinal))) {
            sorted.missing = sorted.missing.saturating_sub(1);
            if !is_new(workload, pod) {
                if !pods::is_terminating(pod) {
                    sorted.old.push(pod);
                }
                continue;
            }
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
                PodState::Broken(problem) => sorted.broken = sorted.broken.or(Some(problem)),
            }
        }
        sorted
    }

    /// With `OnDelete` nobody replaces the old pods.
    fn on_delete(&self, workload: &Workload, old: &[&Pod]) -> Option<Problem> {
        let strategy = workload.spec.update_strategy.as_ref();
        if strategy.and_then(|strategy| strategy.kind.as_deref()) != Some("OnDelete") {
            return None;
        }
        let first = &old.first()?.metadata.name;
        let command = format!("kubectl -n {} delete pod {first}", self.namespace);
        Some(Problem {
            code: "on_delete".to_owned(),
            message: format!(
                "{} replaces a pod only when somebody deletes it; still old: {}",
                self.object(),
                names(old)
            ),
            advice: Some(format!("delete them one after the other, first `{command}`, then release again")),
            evidence: vec![self.evidence("spec.updateStrategy.type", "OnDelete", None)],
        })
    }

    /// With `OrderedReady` the controller waits for every pod before it replaces any, even for one that can never
    /// become ready because it is the one to be replaced (kubernetes#67250). `Parallel` recovers by itself.
    fn trapped(&self, workload: &Workload, all: &[(u32, &'a Pod)], replicas: u32) -> Option<Trap> {
        if workload.spec.pod_management_policy.as_deref() == Some("Parallel") {
            return None;
        }
        let (first, end) = ordinals(workload, replicas);
        let old = all
            .iter()
            .filter(|(ordinal, pod)| (first..end).contains(&u64::from(*ordinal)) && !is_new(workload, pod));
        let stuck: Vec<(&Pod, pods::Trouble)> = old
            .filter_map(|(_, pod)| {
                Some((*pod, pods::trouble(pod, self.now).filter(|trouble| trouble.is_final)?))
            })
            .collect();
        let (_, worst) = stuck.first()?;
        let pods: Vec<String> = stuck.iter().map(|(pod, _)| pod.metadata.name.clone()).collect();
        Some(Trap {
            message: format!(
                "{} is to run {}, but its controller replaces no pod before {} of the older revision is ready, \
                 which it cannot become (kubernetes#67250): {}",
                self.object(),
                self.expected.image,
                pods.join(" "),
                worst.sentence(self.namespace)
            ),
            evidence: stuck.iter().map(|(_, trouble)| trouble.evidence(self.namespace)).collect(),
            pods,
        })
    }

    /// What is most worth telling of what is missing.
    fn still_awaited(
        &self,
        workload: &Workload,
        pods: Pods<'_>,
        all: &[(u32, &'a Pod)],
    ) -> (String, Vec<crate::step::Evidence>) {
        if let Some(unfinished) = pods.unfinished {
            return (unfinished.what, unfinished.evidence);
        }
        // Before what is missing: behind such a pod none is made either.
        let ordered = workload.spec.pod_management_policy.as_deref() != Some("Parallel");
        let blocking = all.iter().find(|(_, pod)| {
            ordered && !is_new(workload, pod) && !pods::is_ready(pod) && !pods::is_terminating(pod)
        });
        if let Some((_, pod)) = blocking {
            let object = self.pod_object(pod);
            let says =
                pods::trouble(pod, self.now).map(|trouble| format!(": {}", trouble.says)).unwrap_or_default();
            let shown = evidence(&object, "status.conditions[Ready]", "False", pods::ready_since(pod));
            return (
                format!(
                    "{object} is old, and its controller waits until it is ready (kubernetes#67250); if it cannot \
                     become so: kubectl -n {} delete pod {}{says}",
                    self.namespace, pod.metadata.name
                ),
                vec![shown],
            );
        }
        if pods.missing > 0 {
            return (format!("pods still to be made: {}", pods.missing), counters(self, workload));
        }
        match pods.old.first() {
            Some(next) => {
                let revision = next.metadata.labels.get(REVISION).map_or("", String::as_str);
                let object = self.pod_object(next);
                let shown = evidence(&object, &format!("metadata.labels[{REVISION}]"), revision, None);
                (format!("{object} is old and has not been replaced"), vec![shown])
            }
            None => (
                "its controller has not counted them all as updated and available".to_owned(),
                counters(self, workload),
            ),
        }
    }
}

/// The ordinals of a StatefulSet's pods: the first, and the one after the last.
fn ordinals(workload: &Workload, replicas: u32) -> (u64, u64) {
    let first = u64::from(workload.spec.ordinals.as_ref().map_or(0, |ordinals| ordinals.start));
    (first, first + u64::from(replicas))
}

fn ordinal(pod: &Pod, view: &View<'_>) -> Option<u32> {
    pod.metadata.name.strip_prefix(&view.expected.name)?.strip_prefix('-')?.parse().ok()
}

fn is_new(workload: &Workload, pod: &Pod) -> bool {
    pod.metadata.labels.get(REVISION) == Some(&workload.status.update_revision)
}

fn names(pods: &[&Pod]) -> String {
    pods.iter().map(|pod| pod.metadata.name.as_str()).collect::<Vec<_>>().join(" ")
}

/// Whether the controller's counters agree. Available means ready for `minReadySeconds`, which pods do not say. Pods below
/// a partition are nobody's concern here.
fn is_settled(workload: &Workload, replicas: u32, wanted: u32) -> bool {
    let status = &workload.status;
    let whole = wanted < replicas || (status.replicas == replicas && status.ready_replicas >= replicas);
    whole
        && status.updated_replicas >= wanted
        && status.ready_replicas >= wanted
        && status.available_replicas >= status.ready_replicas.min(replicas)
}
