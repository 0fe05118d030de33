//! Ways to clusters, from kubeconfig files good and bad.

use super::scripted::{Server, ok, status};
use crate::{
    cluster::{ClusterError, Clusters, Connect},
    config::{ArgocdInstance, ClusterAddress, TenantClusters},
};
use serde_json::json;
use std::{
    path::Path,
    sync::{Arc, Mutex},
};

const KUBECONFIG: &str = r#"
apiVersion: v1
kind: Config
clusters:
- name: here
  cluster: { server: "http://127.0.0.1:9" }
- name: broken
  cluster: { server: "https://127.0.0.1:9", certificate-authority: /nonexistent/ca.crt }
users:
- name: somebody
  user: { token: x }
- name: nobody
  user: { exec: { apiVersion: client.authentication.k8s.io/v1, command: /nonexistent/plugin, interactiveMode: Never } }
contexts:
- name: fleet
  context: { cluster: here, user: somebody }
- name: plugin
  context: { cluster: here, user: nobody }
- name: certificate
  context: { cluster: broken, user: somebody }
"#;

fn instance(name: &str, kubeconfig: &Path, context: Option<&str>) -> ArgocdInstance {
    ArgocdInstance {
        name: name.to_owned(),
        cluster: ClusterAddress {
            kubeconfig: Some(kubeconfig.to_owned()),
            context: context.map(str::to_owned),
        },
        namespaces: vec!["argocd".to_owned()],
    }
}

async fn connection_error(kubeconfig: &Path, context: Option<&str>) -> ClusterError {
    let clusters = Clusters::new(vec![instance("main", kubeconfig, context)], TenantClusters::SameCluster);
    clusters.instance("main").await.unwrap_err()
}

#[tokio::test]
async fn every_way_that_leads_nowhere_has_a_name_and_advice() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    std::fs::write(&file, KUBECONFIG).unwrap();
    let broken = folder.path().join("broken");
    std::fs::write(&broken, "contexts: {").unwrap();
    let absent = folder.path().join("absent");
    let table = [
        (&absent, None, "kubeconfig_missing", "set `kubeconfig` in the configuration"),
        (&broken, None, "kubeconfig_invalid", "try `kubectl config view`"),
        (&file, None, "context_missing", "to one of fleet, plugin, certificate"),
        (&file, Some("flet"), "context_missing", "no context \"flet\"; it has fleet, plugin, certificate"),
        (&file, Some("plugin"), "credentials", "try `kubectl get --raw /version`"),
        (&file, Some("certificate"), "certificate", "check certificate-authority"),
    ];
    for (path, context, code, advice) in table {
        let error = connection_error(path, context).await;
        assert_eq!(error.kind.code(), code, "{error}");
        assert!(error.to_string().contains(advice), "{error}");
    }
}

#[tokio::test]
async fn a_cluster_that_nobody_listens_for_is_unreachable() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::fs::write(&file, KUBECONFIG.replace("http://127.0.0.1:9", &format!("http://127.0.0.1:{port}")))
        .unwrap();
    drop(listener);
    let clusters = Clusters::new(vec![instance("main", &file, Some("fleet"))], TenantClusters::SameCluster);
    let error = clusters.instance("main").await.unwrap().server_version().await.unwrap_err();
    assert_eq!(error.kind.code(), "unreachable");
    assert!(error.to_string().contains("the connection is refused"), "{error}");
}

/// Clusters whose connections are recorded, all to one scripted server.
fn recorded(tenants: TenantClusters) -> (Clusters, Server, Arc<Mutex<Vec<String>>>) {
    let server = Server::new();
    let made = Arc::new(Mutex::new(Vec::new()));
    let instances = vec![instance("main", Path::new("/k"), Some("fleet"))];
    let (kube, record) = (server.clone(), made.clone());
    let connect: Connect = Arc::new(move |address, name| {
        record.lock().unwrap().push(format!("{} {name}", address.context.unwrap_or_default()));
        let client = kube.kube();
        Box::pin(async move { Ok(client) })
    });
    (Clusters::over(instances, tenants, connect), server, made)
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_made_once_and_again_when_its_credentials_were_refused() {
    let (clusters, server, made) = recorded(TenantClusters::SameCluster);
    server.on("/version", status(401, "Unauthorized", "Unauthorized", json!({})));
    server.on("/version", ok(&json!({ "gitVersion": "v1" })));
    clusters.instance("main").await.unwrap();
    let client = clusters.instance("main").await.unwrap();
    assert_eq!(made.lock().unwrap().len(), 1);
    let error = client.server_version().await.unwrap_err();
    assert_eq!(error.kind.code(), "unauthorized");
    let renewed = clusters.instance("main").await.unwrap();
    assert_eq!(renewed.server_version().await.unwrap(), "v1");
    clusters.instance("main").await.unwrap();
    assert_eq!(made.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn tenants_are_where_the_configuration_says() {
    let (clusters, _, made) = recorded(TenantClusters::SameCluster);
    assert_eq!(clusters.tenant("main", "a").await.unwrap().unwrap().name(), "main");
    clusters.instance("main").await.unwrap();
    assert_eq!(*made.lock().unwrap(), ["fleet main"], "it is the same connection");

    let context = "tenant-{tenant}".to_owned();
    let (clusters, _, made) = recorded(TenantClusters::Contexts { kubeconfig: None, context });
    assert_eq!(clusters.tenant("main", "a").await.unwrap().unwrap().name(), "tenant-a");
    assert_eq!(*made.lock().unwrap(), ["tenant-a tenant-a"]);

    let (clusters, _, made) = recorded(TenantClusters::None);
    assert!(clusters.tenant("main", "a").await.unwrap().is_none());
    assert!(made.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_is_not_configured_is_refused_with_those_that_are() {
    let (clusters, _, _) = recorded(TenantClusters::SameCluster);
    let error = clusters.tenant("other", "a").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cluster other: could not connect: the configuration has no Argo CD instance \"other\"; it has main"
    );
}
