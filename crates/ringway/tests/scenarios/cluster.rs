//! Kubernetes access, with the rights that `deploy/` ships.

use crate::harness::{APPLICATION, Identity, administrator, target};
use futures_util::StreamExt;
use http::Request;
use kube::client::Body;
use release::{
    application::{Application, ApplicationKey},
    service::{ApplicationSelector, WorkloadKind},
};
use ringway::{
    cluster::{
        ApplicationEvent, ApplicationStream, ClusterClient, ClusterErrorKind, Right, RolloutEvent, connect,
    },
    config::ClusterAddress,
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, path::PathBuf, time::Duration};

/// The longest that the target may take for anything here.
const PATIENCE: Duration = Duration::from_secs(60);

async fn raw(whose: Identity) -> kube::Client {
    let kubeconfig = PathBuf::from(target().kubeconfig(whose));
    let address = ClusterAddress { kubeconfig: Some(kubeconfig), context: None };
    connect(&address, "testbed").await.unwrap()
}

async fn client(whose: Identity) -> ClusterClient {
    ClusterClient::new(raw(whose).await, "testbed")
}

async fn ringway() -> ClusterClient {
    client(Identity::Ringway).await
}

fn key(name: &str) -> ApplicationKey {
    ApplicationKey { instance: "testbed".to_owned(), namespace: "argocd".to_owned(), name: name.to_owned() }
}

/// An Application that Argo CD leaves alone, so that nobody but the test changes it. Gone when this is dropped.
struct Own(&'static str);

impl Own {
    fn new(name: &'static str) -> Self {
        let own = Self(name);
        own.delete();
        let manifest = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {
                "name": name, "namespace": "argocd", "labels": { "cluster-test": name },
                "annotations": { "argocd.argoproj.io/skip-reconcile": "true" },
            },
            "spec": {
                "project": "default",
                "source": { "repoURL": target().fleet_repository(), "path": "none", "helm": {} },
                "destination": { "server": "https://kubernetes.default.svc", "namespace": name },
            },
        });
        administrator().create(&manifest);
        own
    }

    fn delete(&self) {
        administrator().remove(APPLICATION, "argocd", self.0);
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.delete();
    }
}

fn parameter(value: &str) -> Vec<Value> {
    let entry = json!({ "name": "image.tag", "value": value, "forceString": true });
    vec![json!({ "op": "add", "path": "/spec/source/helm/parameters", "value": [entry] })]
}

fn tag(application: &Application) -> Option<&str> {
    let [source] = application.sources() else { return None };
    source.helm()?.pointer("/parameters/0/value")?.as_str()
}

async fn changed(stream: &mut ApplicationStream) -> Option<Box<Application>> {
    match tokio::time::timeout(PATIENCE, stream.next()).await {
        Ok(Some(Ok(ApplicationEvent::Changed(application)))) => Some(application),
        Ok(Some(Ok(ApplicationEvent::Deleted))) => None,
        other => panic!("no change but {other:?}"),
    }
}

#[tokio::test]
async fn a_dry_run_shows_the_result_and_stores_nothing() {
    let own = Own::new("cluster-dry-run");
    let ringway = ringway().await;
    let dry = ringway.patch_application(&key(own.0), &parameter("1.0"), true).await.unwrap();
    assert_eq!(tag(&dry), Some("1.0"));
    let stored = ringway.get_application(&key(own.0)).await.unwrap().unwrap();
    assert_eq!(tag(&stored.application), None);
    assert!(stored.bytes > 500, "{} bytes", stored.bytes);
    let patched = ringway.patch_application(&key(own.0), &parameter("1.0"), false).await.unwrap();
    let managers: Vec<_> =
        patched.metadata.managed_fields.iter().map(|fields| fields.manager.as_str()).collect();
    assert!(managers.contains(&"ringway"), "{managers:?}");
    let selector = ApplicationSelector::Labels("cluster-test=cluster-dry-run".to_owned());
    let found = ringway.find_applications(&["argocd".to_owned()], &selector).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(tag(&found[0].application), Some("1.0"));
}

#[tokio::test]
async fn a_guard_that_fails_is_told_from_a_change_that_is_not_allowed() {
    let own = Own::new("cluster-guard");
    let ringway = ringway().await;
    let guarded = [json!({ "op": "test", "path": "/metadata/uid", "value": "of another" })];
    let unknown = [json!({ "op": "add", "path": "/spec/source/helm/nonsense", "value": "x" })];
    let beyond = [json!({ "op": "replace", "path": "/spec/project", "value": "other" })];
    for (patch, code) in [(&guarded, "guard_failed"), (&unknown, "rejected"), (&beyond, "rejected")] {
        let error = ringway.patch_application(&key(own.0), patch, false).await.unwrap_err();
        assert_eq!(error.kind.code(), code, "{error}");
    }
    let error = ringway.patch_application(&key("cluster-absent"), &guarded, false).await.unwrap_err();
    assert_eq!(error.kind.code(), "not_found", "{error}");
}

#[tokio::test]
async fn a_watch_tells_the_state_every_change_and_the_end() {
    let own = Own::new("cluster-watch");
    let ringway = ringway().await;
    let mut from_nothing = ringway.watch_application(&key(own.0), None);
    let first = changed(&mut from_nothing).await.unwrap();
    assert_eq!(tag(&first), None);
    let patched = ringway.patch_application(&key(own.0), &parameter("2.0"), false).await.unwrap();
    assert_eq!(tag(&changed(&mut from_nothing).await.unwrap()), Some("2.0"));
    let mut from_version = ringway.watch_application(&key(own.0), Some(patched.metadata.resource_version));
    ringway.patch_application(&key(own.0), &parameter("3.0"), false).await.unwrap();
    assert_eq!(tag(&changed(&mut from_version).await.unwrap()), Some("3.0"));
    assert_eq!(tag(&changed(&mut from_nothing).await.unwrap()), Some("3.0"));
    own.delete();
    assert!(changed(&mut from_nothing).await.is_none());
    assert!(changed(&mut from_version).await.is_none());
    let mut of_nothing = ringway.watch_application(&key(own.0), None);
    assert!(changed(&mut of_nothing).await.is_none());
}

#[tokio::test]
async fn a_version_that_the_api_server_has_forgotten_is_read_anew() {
    let own = Own::new("cluster-compacted");
    let mut stream = ringway().await.watch_application(&key(own.0), Some("1".to_owned()));
    let application = changed(&mut stream).await.unwrap();
    assert_eq!(application.metadata.name, own.0);
}

#[tokio::test]
async fn the_workloads_of_a_tenant_come_in_one_picture() {
    let workloads = BTreeSet::from([
        (WorkloadKind::StatefulSet, "atlas".to_owned()),
        (WorkloadKind::Deployment, "heracles".to_owned()),
    ]);
    let mut stream = ringway().await.watch_rollout(&format!("tenant-{}", target().resident()), &workloads);
    let event = tokio::time::timeout(PATIENCE, stream.next()).await.expect("nothing happened");
    let Some(Ok(RolloutEvent::Changed(snapshot))) = event else { panic!("unexpected {event:?}") };
    assert_eq!(snapshot.workloads.keys().cloned().collect::<BTreeSet<_>>(), workloads);
    assert!(snapshot.pods.len() >= 4, "{:?}", snapshot.pods.keys());
    assert!(!snapshot.replica_sets.is_empty());
    let running = snapshot.pods.values().flat_map(|pod| &pod.status.container_statuses);
    assert!(
        running.clone().count() > 0 && running.clone().all(|status| status.image_id.contains("@sha256:"))
    );
}

#[tokio::test]
async fn the_rights_of_deploy_are_enough_and_others_are_named() {
    let namespace = &format!("tenant-{}", target().resident());
    let wanted = [
        Right::new("get", "argoproj.io", "applications", "argocd"),
        Right::new("watch", "argoproj.io", "applications", "argocd"),
        Right::new("patch", "argoproj.io", "applications", "argocd"),
        Right::new("watch", "", "pods", namespace),
        Right::new("watch", "apps", "statefulsets", namespace),
        Right::new("delete", "argoproj.io", "applications", "argocd"),
    ];
    let ringway = ringway().await;
    assert_eq!(ringway.check_rights(&wanted).await.unwrap(), wanted[5..]);
    let stranger = client(Identity::Stranger).await;
    assert_eq!(stranger.check_rights(&wanted).await.unwrap(), wanted);
    let error = stranger.get_application(&key(target().resident())).await.unwrap_err();
    let ClusterErrorKind::Denied { verb, resource, namespace } = &error.kind else { panic!("{error}") };
    assert_eq!(
        (verb.as_str(), resource.as_str(), namespace.as_str()),
        ("get", "applications.argoproj.io", "argocd")
    );
    let mut stream = stranger.watch_application(&key(target().resident()), None);
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind.code(), "denied", "{error}");
}

#[tokio::test]
async fn credentials_that_do_not_count_are_named() {
    let expired = client(Identity::Expired).await;
    let error = expired.get_application(&key(target().resident())).await.unwrap_err();
    assert_eq!(error.kind.code(), "unauthorized", "{error}");
}

/// On the testbed only: the sandbox speaks HTTP without certificates.
#[cfg(feature = "testbed")]
#[tokio::test]
async fn a_certificate_that_we_do_not_trust_is_named() {
    use crate::harness::Copied;

    let copied = Copied::of(&target().kubeconfig(Identity::Ringway), |content| {
        content["clusters"][0]["cluster"].as_object_mut().unwrap().remove("certificate-authority");
    });
    let address = ClusterAddress { kubeconfig: Some(copied.path().into()), context: None };
    let stranger = ClusterClient::new(connect(&address, "testbed").await.unwrap(), "testbed");
    let error = stranger.server_version().await.unwrap_err();
    assert_eq!(error.kind.code(), "certificate", "{error}");
}

/// Asks for a group that the API server does not have, as if Argo CD were not installed.
#[tokio::test]
async fn a_cluster_without_argo_cd_is_named() {
    let admin = raw(Identity::Administrator).await;
    let without = tower::service_fn(move |mut request: Request<Body>| {
        let uri = request.uri().to_string().replace("argoproj.io", "absent.example.com");
        *request.uri_mut() = uri.parse().unwrap();
        let admin = admin.clone();
        async move { admin.send(request).await }
    });
    let without = ClusterClient::new(kube::Client::new(without, "default"), "testbed");
    assert!(!without.has_applications().await.unwrap());
    let error = without.get_application(&key(target().resident())).await.unwrap_err();
    assert_eq!(error.kind.code(), "crd_absent", "{error}");
    let error = without.watch_application(&key(target().resident()), None).next().await.unwrap().unwrap_err();
    assert_eq!(error.kind.code(), "crd_absent", "{error}");
}

#[tokio::test]
async fn what_runs_there_is_told() {
    let ringway = ringway().await;
    let version = ringway.server_version().await.unwrap();
    assert!(version.starts_with("v1."), "{version}");
    assert!(ringway.has_applications().await.unwrap());
    assert_eq!(ringway.argocd_version("argocd").await.unwrap(), None, "plain manifests say no version");
}
