//! Watches of the workloads, ReplicaSets and pods of a namespace, merged into one picture.

use super::{
    ClusterClient,
    error::ClusterError,
    request::{self, Call},
    watch::{self, Target, WatchItem},
};
use futures_util::stream::{self, BoxStream, SelectAll, StreamExt};
use release::{
    service::WorkloadKind,
    workload::{Pod, ReplicaSet, RolloutSnapshot, Workload},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tokio::time::Instant;

/// How long changes are gathered into one snapshot: a rollout changes a workload, its pods and their status at once.
const GATHER: Duration = Duration::from_millis(10);

/// What happened to the workloads that are watched.
#[derive(Debug)]
pub enum RolloutEvent {
    /// This is how everything looks now.
    Changed(Box<RolloutSnapshot>),
    /// The API server cannot be reached; the watch goes on trying.
    Interrupted {
        /// For how long already.
        lasting: Duration,
        /// Why.
        error: ClusterError,
    },
    /// The API server can be reached again.
    Resumed,
}

/// The events of the workloads of a tenant. An error is the last item.
pub type RolloutStream = BoxStream<'static, Result<RolloutEvent, ClusterError>>;

/// One of the watches that are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Watched {
    StatefulSets,
    Deployments,
    ReplicaSets,
    Pods,
}

/// An item of one of the watches.
enum Part {
    Workloads(WorkloadKind, WatchItem<Workload>),
    ReplicaSets(WatchItem<ReplicaSet>),
    Pods(WatchItem<Pod>),
}

type Parts = SelectAll<BoxStream<'static, Result<Part, ClusterError>>>;

impl ClusterClient {
    /// Watches workloads of a namespace and everything below them. The first snapshot comes when all that is there is
    /// known; changes that come together come in one snapshot.
    pub fn watch_rollout(
        &self,
        namespace: &str,
        workloads: &BTreeSet<(WorkloadKind, String)>,
    ) -> RolloutStream {
        let mut merge = self.workloads_alone(namespace, workloads);
        let (parts, missing) = (&mut merge.parts, &mut merge.missing);
        if workloads.iter().any(|(kind, _)| *kind == WorkloadKind::Deployment) {
            let target =
                self.target(namespace, "/apis/apps/v1", "replicasets", "replicasets.apps", "ReplicaSet");
            parts.push(watch::watch(self.clone(), target).map(|item| item.map(Part::ReplicaSets)).boxed());
            missing.insert(Watched::ReplicaSets);
        }
        let target = self.target(namespace, "/api/v1", "pods", "pods", "Pod");
        parts.push(watch::watch(self.clone(), target).map(|item| item.map(Part::Pods)).boxed());
        missing.insert(Watched::Pods);
        merge.into_stream()
    }

    /// The same without what is below the workloads: what their templates say, and nothing of pods.
    pub fn watch_workloads(
        &self,
        namespace: &str,
        workloads: &BTreeSet<(WorkloadKind, String)>,
    ) -> RolloutStream {
        self.workloads_alone(namespace, workloads).into_stream()
    }

    fn workloads_alone(&self, namespace: &str, workloads: &BTreeSet<(WorkloadKind, String)>) -> Merge {
        let mut merge = Merge::default();
        for kind in [WorkloadKind::StatefulSet, WorkloadKind::Deployment] {
            let names: BTreeSet<String> =
                workloads.iter().filter(|(other, _)| *other == kind).map(|(_, name)| name.clone()).collect();
            if !names.is_empty() {
                merge.parts.push(self.workloads(namespace, kind, names));
                merge.missing.insert(watched(kind));
            }
        }
        merge
    }

    fn workloads(
        &self,
        namespace: &str,
        kind: WorkloadKind,
        names: BTreeSet<String>,
    ) -> BoxStream<'static, Result<Part, ClusterError>> {
        let (plural, resource, text) = match kind {
            WorkloadKind::StatefulSet => ("statefulsets", "statefulsets.apps", "StatefulSet"),
            WorkloadKind::Deployment => ("deployments", "deployments.apps", "Deployment"),
        };
        let mut target = self.target(namespace, "/apis/apps/v1", plural, resource, text);
        if names.len() == 1 {
            target.name = names.first().cloned();
        }
        watch::watch(self.clone(), target)
            .filter_map(move |item| {
                let part = item.map(|item| only(item, &names)).transpose();
                std::future::ready(part.map(|item| item.map(|item| Part::Workloads(kind, item))))
            })
            .boxed()
    }

    fn target(
        &self,
        namespace: &str,
        prefix: &str,
        plural: &str,
        resource: &'static str,
        kind: &'static str,
    ) -> Target {
        let call = Call {
            cluster: self.name().to_owned(),
            doing: format!("watch {plural} in namespace {namespace}"),
            verb: "watch",
            resource,
            namespace: namespace.to_owned(),
            path: request::path(prefix, &["namespaces", namespace, plural]),
        };
        Target { call, name: None, kind, from: None }
    }
}

/// Leaves out the objects that nobody asked for.
fn only(item: WatchItem<Workload>, names: &BTreeSet<String>) -> Option<WatchItem<Workload>> {
    match item {
        WatchItem::Present(mut objects) => {
            objects.retain(|name, _| names.contains(name));
            Some(WatchItem::Present(objects))
        }
        WatchItem::Changed(name, object) => names.contains(&name).then_some(WatchItem::Changed(name, object)),
        WatchItem::Deleted(name) => names.contains(&name).then_some(WatchItem::Deleted(name)),
        other => Some(other),
    }
}

fn watched(kind: WorkloadKind) -> Watched {
    match kind {
        WorkloadKind::StatefulSet => Watched::StatefulSets,
        WorkloadKind::Deployment => Watched::Deployments,
    }
}

#[derive(Default)]
struct Merge {
    parts: Parts,
    snapshot: RolloutSnapshot,
    /// The watches that have not told yet what is there.
    missing: BTreeSet<Watched>,
    /// The watches that are interrupted.
    cut: BTreeSet<Watched>,
    /// What came while changes were gathered and is told after them.
    late: Option<Result<RolloutEvent, ClusterError>>,
}

/// What an item means for the picture as a whole.
enum News {
    /// All that is there is known.
    Present,
    Changed,
    Interrupted(Duration, ClusterError),
    Resumed,
}

/// What an item means for those who listen.
enum Effect {
    Nothing,
    Changed,
    Tell(Result<RolloutEvent, ClusterError>),
}

impl Merge {
    fn into_stream(self) -> RolloutStream {
        stream::unfold(self, |mut merge| async move {
            let event = merge.next().await?;
            Some((event, merge))
        })
        .boxed()
    }

    async fn next(&mut self) -> Option<Result<RolloutEvent, ClusterError>> {
        if let Some(late) = self.late.take() {
            return Some(late);
        }
        loop {
            let part = self.parts.next().await?;
            match self.take(part) {
                Effect::Tell(told) => return Some(told),
                Effect::Changed if self.missing.is_empty() => break,
                Effect::Changed | Effect::Nothing => {}
            }
        }
        self.gather().await;
        Some(Ok(RolloutEvent::Changed(Box::new(self.snapshot.clone()))))
    }

    async fn gather(&mut self) {
        let until = Instant::now() + GATHER;
        while self.late.is_none() {
            let Ok(Some(part)) = tokio::time::timeout_at(until, self.parts.next()).await else { return };
            if let Effect::Tell(told) = self.take(part) {
                self.late = Some(told);
            }
        }
    }

    /// Puts an item into the picture, or gives what has to be told about it.
    fn take(&mut self, part: Result<Part, ClusterError>) -> Effect {
        let (watched, news) = match part {
            Ok(Part::Workloads(kind, item)) => {
                let news =
                    apply(&mut self.snapshot.workloads, item, |name| (kind, name), |key| key.0 == kind);
                (watched(kind), news)
            }
            Ok(Part::ReplicaSets(item)) => {
                (Watched::ReplicaSets, apply(&mut self.snapshot.replica_sets, item, |name| name, |_| true))
            }
            Ok(Part::Pods(item)) => {
                (Watched::Pods, apply(&mut self.snapshot.pods, item, |name| name, |_| true))
            }
            Err(error) => {
                // No watch goes on after an error of one of them.
                self.parts.clear();
                return Effect::Tell(Err(error));
            }
        };
        match news {
            News::Present => {
                self.missing.remove(&watched);
                Effect::Changed
            }
            News::Changed => Effect::Changed,
            News::Interrupted(lasting, error) => {
                self.cut.insert(watched);
                Effect::Tell(Ok(RolloutEvent::Interrupted { lasting, error }))
            }
            News::Resumed => {
                self.cut.remove(&watched);
                if self.cut.is_empty() { Effect::Tell(Ok(RolloutEvent::Resumed)) } else { Effect::Nothing }
            }
        }
    }
}

/// Puts an item into the part of a map that `belongs` to its watch.
fn apply<K: Ord, T>(
    map: &mut BTreeMap<K, T>,
    item: WatchItem<T>,
    key: impl Fn(String) -> K,
    belongs: impl Fn(&K) -> bool,
) -> News {
    match item {
        WatchItem::Present(objects) => {
            map.retain(|key, _| !belongs(key));
            map.extend(objects.into_iter().map(|(name, object)| (key(name), object)));
            return News::Present;
        }
        WatchItem::Changed(name, object) => {
            map.insert(key(name), object);
        }
        WatchItem::Deleted(name) => {
            map.remove(&key(name));
        }
        WatchItem::Interrupted { lasting, error } => return News::Interrupted(lasting, error),
        WatchItem::Resumed => return News::Resumed,
    }
    News::Changed
}
