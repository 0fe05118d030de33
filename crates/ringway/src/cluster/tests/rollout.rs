//! Workloads and pods of a tenant in one picture.

use super::scripted::{Reply, Server, Step, complete, event, refused, seconds, status};
use crate::cluster::{RolloutEvent, RolloutStream};
use futures_util::StreamExt;
use release::{
    service::WorkloadKind::{Deployment, StatefulSet},
    workload::RolloutSnapshot,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const STATEFUL_SETS: &str = "/apis/apps/v1/namespaces/tenant-a/statefulsets";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/tenant-a/deployments";
const REPLICA_SETS: &str = "/apis/apps/v1/namespaces/tenant-a/replicasets";
const PODS: &str = "/api/v1/namespaces/tenant-a/pods";

fn object(name: &str, version: &str) -> Value {
    json!({ "metadata": { "name": name, "resourceVersion": version }, "spec": { "replicas": 2 } })
}

fn pod(name: &str, version: &str, phase: &str) -> Value {
    json!({ "metadata": { "name": name, "resourceVersion": version }, "spec": {}, "status": { "phase": phase } })
}

async fn snapshot(stream: &mut RolloutStream) -> Box<RolloutSnapshot> {
    match stream.next().await {
        Some(Ok(RolloutEvent::Changed(snapshot))) => snapshot,
        other => panic!("no snapshot but {other:?}"),
    }
}

fn phases(snapshot: &RolloutSnapshot) -> Vec<(&str, &str)> {
    snapshot.pods.iter().map(|(name, pod)| (name.as_str(), pod.status.phase.as_str())).collect()
}

#[tokio::test(start_paused = true)]
async fn one_stateful_set_takes_two_requests_and_is_told_when_all_is_known() {
    let server = Server::new();
    server.on(
        STATEFUL_SETS,
        Reply::Watch(vec![event("ADDED", &object("atlas", "1")), complete("2"), Step::Silence]),
    );
    let pods = vec![
        event("ADDED", &pod("atlas-0", "1", "Running")),
        Step::Wait(seconds(5)),
        complete("2"),
        Step::Wait(seconds(5)),
        event("ADDED", &pod("atlas-1", "3", "Pending")),
        event("MODIFIED", &pod("atlas-1", "4", "Running")),
        event("DELETED", &pod("atlas-0", "5", "Running")),
        Step::Silence,
    ];
    server.on(PODS, Reply::Watch(pods));
    let workloads = BTreeSet::from([(StatefulSet, "atlas".to_owned())]);
    let start = tokio::time::Instant::now();
    let mut stream = server.client().watch_rollout("tenant-a", &workloads);
    let first = snapshot(&mut stream).await;
    assert!(start.elapsed() >= seconds(5), "nothing half is told");
    assert_eq!(phases(&first), [("atlas-0", "Running")]);
    assert!(first.workloads.contains_key(&(StatefulSet, "atlas".to_owned())));
    let second = snapshot(&mut stream).await;
    assert_eq!(phases(&second), [("atlas-1", "Running")], "what comes together is told together");
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    let of_workload = seen.iter().find(|seen| seen.path == STATEFUL_SETS).unwrap();
    assert!(of_workload.query.contains("fieldSelector=metadata.name%3Datlas"), "{}", of_workload.query);
}

#[tokio::test(start_paused = true)]
async fn only_the_workloads_asked_for_are_kept_and_replica_sets_come_with_deployments() {
    let server = Server::new();
    let all = ["a", "b", "c"].map(|name| event("ADDED", &object(name, "1")));
    server.on(DEPLOYMENTS, Reply::Watch([&all[..], &[complete("2"), Step::Silence]].concat()));
    server.on(
        REPLICA_SETS,
        Reply::Watch(vec![event("ADDED", &object("a-1", "1")), complete("2"), Step::Silence]),
    );
    server.on(PODS, Reply::Watch(vec![complete("2"), Step::Silence]));
    let workloads = BTreeSet::from([(Deployment, "a".to_owned()), (Deployment, "c".to_owned())]);
    let found = snapshot(&mut server.client().watch_rollout("tenant-a", &workloads)).await;
    let names: Vec<_> = found.workloads.keys().map(|(kind, name)| (*kind, name.as_str())).collect();
    assert_eq!(names, [(Deployment, "a"), (Deployment, "c")]);
    assert!(found.replica_sets.contains_key("a-1"));
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_the_templates_say_takes_one_request_for_each_kind() {
    let server = Server::new();
    for (path, name) in [(STATEFUL_SETS, "atlas"), (DEPLOYMENTS, "web")] {
        let watch = vec![event("ADDED", &object(name, "1")), complete("2"), Step::Silence];
        server.on(path, Reply::Watch(watch));
    }
    let workloads = BTreeSet::from([(StatefulSet, "atlas".to_owned()), (Deployment, "web".to_owned())]);
    let found = snapshot(&mut server.client().watch_workloads("tenant-a", &workloads)).await;
    assert_eq!(found.workloads.len(), 2);
    assert_eq!(server.seen().len(), 2, "nobody asks for pods and ReplicaSets");
}

#[tokio::test(start_paused = true)]
async fn an_interruption_ends_when_all_watches_are_back() {
    let server = Server::new();
    let cut = |step: Step| vec![step, complete("2"), Step::Wait(seconds(9)), Step::Break];
    server.on(STATEFUL_SETS, Reply::Watch(cut(event("ADDED", &object("atlas", "1")))));
    server.on(STATEFUL_SETS, refused()).on(STATEFUL_SETS, Reply::Watch(vec![Step::Silence]));
    server.on(PODS, Reply::Watch(cut(event("ADDED", &pod("atlas-0", "1", "Running")))));
    for _ in 0..4 {
        server.on(PODS, refused());
    }
    server.on(PODS, Reply::Watch(vec![event("MODIFIED", &pod("atlas-0", "9", "Failed")), Step::Silence]));
    let workloads = BTreeSet::from([(StatefulSet, "atlas".to_owned())]);
    let mut stream = server.client().watch_rollout("tenant-a", &workloads);
    let first = snapshot(&mut stream).await;
    assert_eq!(phases(&first), [("atlas-0", "Running")]);
    let mut words = Vec::new();
    let last = loop {
        match stream.next().await {
            Some(Ok(RolloutEvent::Interrupted { .. })) => words.push("interrupted"),
            Some(Ok(RolloutEvent::Resumed)) => words.push("resumed"),
            Some(Ok(RolloutEvent::Changed(snapshot))) if phases(&snapshot) == [("atlas-0", "Failed")] => {
                break snapshot;
            }
            Some(Ok(RolloutEvent::Changed(_))) => panic!("nothing has changed before"),
            other => panic!("unexpected {other:?}"),
        }
    };
    assert_eq!(words, ["interrupted", "interrupted", "interrupted", "interrupted", "interrupted", "resumed"]);
    assert!(last.workloads.contains_key(&(StatefulSet, "atlas".to_owned())), "what was known is kept");
}

#[tokio::test(start_paused = true)]
async fn a_missing_right_of_one_watch_ends_all() {
    let server = Server::new();
    server.on(STATEFUL_SETS, Reply::Watch(vec![complete("2"), Step::Silence]));
    server.on(PODS, status(403, "Forbidden", "cannot watch", json!({})));
    let workloads = BTreeSet::from([(StatefulSet, "atlas".to_owned())]);
    let mut stream = server.client().watch_rollout("tenant-a", &workloads);
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "cluster main: could not watch pods in namespace tenant-a: Ringway may not watch pods in namespace tenant-a; \
         grant it (see deploy/)"
    );
    assert!(stream.next().await.is_none());
}
