//! Reading, finding and patching Applications.

use super::scripted::{APPLICATIONS, Server, application, ok, seconds, status};
use crate::cluster::{ClusterErrorKind, Right};
use release::{application::ApplicationKey, service::ApplicationSelector};
use serde_json::json;

fn key(name: &str) -> ApplicationKey {
    ApplicationKey { instance: "main".to_owned(), namespace: "argocd".to_owned(), name: name.to_owned() }
}

#[tokio::test(start_paused = true)]
async fn an_application_is_read_with_its_size() {
    let server = Server::new();
    let object = application("tenant-a", "7");
    server.on(&format!("{APPLICATIONS}/tenant-a"), ok(&object));
    let found = server.client().get_application(&key("tenant-a")).await.unwrap().unwrap();
    assert_eq!(found.application.metadata.resource_version, "7");
    assert_eq!(found.bytes, object.to_string().len());
    assert_eq!(server.seen()[0].user_agent, concat!("ringway/", env!("CARGO_PKG_VERSION")));
}

#[tokio::test(start_paused = true)]
async fn an_absent_application_is_no_error_but_an_absent_kind_is() {
    let server = Server::new();
    let details = json!({ "name": "tenant-a", "kind": "applications" });
    server.on(&format!("{APPLICATIONS}/tenant-a"), status(404, "NotFound", "not found", details));
    server.on(&format!("{APPLICATIONS}/tenant-a"), status(404, "NotFound", "no such resource", json!({})));
    let client = server.client();
    assert!(client.get_application(&key("tenant-a")).await.unwrap().is_none());
    let error = client.get_application(&key("tenant-a")).await.unwrap_err();
    assert!(matches!(error.kind, ClusterErrorKind::CrdAbsent { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_name_cannot_leave_its_place_in_the_path() {
    let server = Server::new();
    let details = json!({ "name": "x", "kind": "applications" });
    server.on(&format!("{APPLICATIONS}/a%2F..%3Fb%25"), status(404, "NotFound", "not found", details));
    assert!(server.client().get_application(&key("a/..?b%")).await.unwrap().is_none());
    assert_eq!(server.seen()[0].query, "");
}

#[tokio::test(start_paused = true)]
async fn a_patch_is_strict_names_us_and_may_be_dry() {
    let server = Server::new();
    let path = format!("{APPLICATIONS}/tenant-a");
    for version in ["8", "9", "10"] {
        server.on(&path, ok(&application("tenant-a", version)));
    }
    let patch = [json!({ "op": "test", "path": "/metadata/uid", "value": "u" })];
    let client = server.client();
    client.patch_application(&key("tenant-a"), &patch, false).await.unwrap();
    let patched = client.patch_application(&key("tenant-a"), &patch, true).await.unwrap();
    assert_eq!(patched.metadata.resource_version, "9");
    client.refresh_application(&key("tenant-a"), &patch).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].query, "fieldManager=ringway&fieldValidation=Strict");
    assert_eq!(seen[1].query, "fieldManager=ringway&fieldValidation=Strict&dryRun=All");
    assert_eq!(seen[2].query, "fieldManager=ringway-refresh&fieldValidation=Strict");
    assert_eq!(
        (seen[0].method.as_str(), seen[0].content_type.as_str()),
        ("PATCH", "application/json-patch+json")
    );
    assert_eq!(seen[0].body, json!(patch).to_string());
}

#[tokio::test(start_paused = true)]
async fn applications_are_found_by_labels_over_all_pages_and_namespaces() {
    let server = Server::new();
    let other = "/apis/argoproj.io/v1alpha1/namespaces/other/applications";
    let page = |next: &str, names: &[&str]| {
        let items: Vec<_> = names.iter().map(|name| application(name, "1")).collect();
        ok(&json!({ "metadata": { "continue": next, "resourceVersion": "5" }, "items": items }))
    };
    server
        .on(APPLICATIONS, page("page=2", &["a", "b"]))
        .on(APPLICATIONS, page("", &["c"]))
        .on(other, page("", &["d"]));
    let selector = ApplicationSelector::Labels("tenant=a,tier in (x)".to_owned());
    let found = server
        .client()
        .find_applications(&["argocd".to_owned(), "other".to_owned()], &selector)
        .await
        .unwrap();
    let names: Vec<_> = found.iter().map(|found| found.application.metadata.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
    assert!(found.iter().all(|found| found.bytes == application("a", "1").to_string().len()));
    let seen = server.seen();
    assert_eq!(seen[0].query, "labelSelector=tenant%3Da%2Ctier%20in%20%28x%29&limit=10");
    assert!(seen[1].query.ends_with("&continue=page%3D2"));
}

#[tokio::test(start_paused = true)]
async fn a_list_whose_pages_became_too_old_is_begun_again() {
    let server = Server::new();
    let first = json!({ "metadata": { "continue": "2" }, "items": [application("a", "1")] });
    let whole = json!({ "metadata": {}, "items": [application("b", "1")] });
    server.on(APPLICATIONS, ok(&first)).on(APPLICATIONS, status(410, "Expired", "too old", json!({})));
    server.on(APPLICATIONS, ok(&whole));
    let selector = ApplicationSelector::Labels("x".to_owned());
    let found = server.client().find_applications(&["argocd".to_owned()], &selector).await.unwrap();
    assert_eq!(found.len(), 1, "nothing is there twice");
    assert_eq!(found[0].application.metadata.name, "b");
}

#[tokio::test(start_paused = true)]
async fn rights_are_asked_for_once_a_minute() {
    let server = Server::new();
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    for allowed in [true, false, true] {
        server.on(path, ok(&json!({ "status": { "allowed": allowed } })));
    }
    let client = server.client();
    let watch = Right::new("watch", "argoproj.io", "applications", "argocd");
    let patch = Right::new("patch", "argoproj.io", "applications", "argocd");
    let wanted = [watch, patch];
    assert_eq!(client.check_rights(&wanted).await.unwrap(), wanted[1..]);
    tokio::time::advance(seconds(59)).await;
    assert_eq!(client.check_rights(&wanted).await.unwrap(), wanted[1..]);
    assert_eq!(server.seen().len(), 2);
    tokio::time::advance(seconds(2)).await;
    server.on(path, ok(&json!({ "status": { "allowed": true } })));
    assert_eq!(client.check_rights(&wanted).await.unwrap(), []);
    let spec = &serde_json::from_str::<serde_json::Value>(&server.seen()[1].body).unwrap()["spec"];
    let expected =
        json!({ "verb": "patch", "group": "argoproj.io", "resource": "applications", "namespace": "argocd" });
    assert_eq!(spec["resourceAttributes"], expected);
}

#[tokio::test(start_paused = true)]
async fn who_asks_at_the_same_time_shares_the_answer() {
    let server = Server::new();
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    server.on(path, ok(&json!({ "status": { "allowed": true } })));
    let client = server.client();
    let wanted = [Right::new("watch", "argoproj.io", "applications", "argocd")];
    let (one, other) = tokio::join!(client.check_rights(&wanted), client.check_rights(&wanted));
    assert_eq!((one.unwrap(), other.unwrap()), (vec![], vec![]));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn versions_are_told_as_far_as_they_can_be_seen() {
    let server = Server::new();
    server.on("/version", ok(&json!({ "gitVersion": "v1.36.1", "major": "1" })));
    server.on("/apis/argoproj.io/v1alpha1", ok(&json!({ "resources": [{ "name": "applications" }] })));
    server.on(
        "/apis/argoproj.io/v1alpha1",
        super::scripted::Reply::Answer(404, vec![], "404 page not found".into()),
    );
    let map = "/api/v1/namespaces/argocd/configmaps/argocd-cm";
    server.on(
        map,
        ok(&json!({ "metadata": { "labels": { "app.kubernetes.io/version": "v3.5.7" } }, "data": {} })),
    );
    server.on(map, ok(&json!({ "metadata": {} }))).on(map, status(403, "Forbidden", "no", json!({})));
    let client = server.client();
    assert_eq!(client.server_version().await.unwrap(), "v1.36.1");
    assert!(client.has_applications().await.unwrap());
    assert!(!client.has_applications().await.unwrap());
    assert_eq!(client.argocd_version("argocd").await.unwrap().as_deref(), Some("v3.5.7"));
    assert_eq!(client.argocd_version("argocd").await.unwrap(), None);
    assert_eq!(client.argocd_version("argocd").await.unwrap(), None);
}
