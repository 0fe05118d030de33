//! Get, list with selectors and pages, and what the API server says about itself.

use super::{APPLICATIONS, World, pod};
use serde_json::{Value, json};

const PODS: &str = "/api/v1/namespaces/tenant-a/pods";

fn world() -> World {
    let mut world = World::new();
    for (name, app) in [("a-0", "atlas"), ("a-1", "atlas"), ("b-0", "heracles"), ("c-0", "")] {
        let mut pod = pod(name, app);
        if app.is_empty() {
            pod["metadata"] = json!({ "name": name });
        }
        world.post(PODS, &pod).expect(201);
    }
    world
}

fn names(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap();
    items.iter().map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn selectors_choose_by_label_and_name() {
    let mut world = world();
    let table: [(&str, &[&str]); 15] = [
        ("", &["a-0", "a-1", "b-0", "c-0"]),
        ("labelSelector=app%3Datlas", &["a-0", "a-1"]),
        ("labelSelector=app==atlas", &["a-0", "a-1"]),
        ("labelSelector=app!=atlas", &["b-0", "c-0"]),
        ("labelSelector=app+in+(atlas,+heracles)", &["a-0", "a-1", "b-0"]),
        ("labelSelector=app%20notin%20(atlas)", &["b-0", "c-0"]),
        ("labelSelector=app", &["a-0", "a-1", "b-0"]),
        ("labelSelector=!app", &["c-0"]),
        ("labelSelector=app,app!=atlas", &["b-0"]),
        ("labelSelector=app+in+(atlas,heracles),app!=atlas", &["b-0"]),
        ("fieldSelector=metadata.name%3Da-1", &["a-1"]),
        ("fieldSelector=metadata.name%3Da-1,metadata.namespace=other", &[]),
        ("fieldSelector=metadata.name!=a-1", &["a-0", "b-0", "c-0"]),
        ("fieldSelector=metadata.name=a-1&labelSelector=app=heracles", &[]),
        ("fieldSelector=metadata.name=absent", &[]),
    ];
    for (query, expected) in table {
        let list = world.get(&format!("{PODS}?{query}")).expect(200);
        assert_eq!(names(&list), expected, "{query}");
        assert_eq!((&list["kind"], &list["apiVersion"]), (&json!("PodList"), &json!("v1")));
    }
    assert_eq!(names(&world.get("/api/v1/pods").expect(200)).len(), 4);
    assert_eq!(names(&world.get("/api/v1/namespaces/argocd/pods").expect(200)).len(), 0);
}

#[test]
fn other_selectors_are_refused_in_the_servers_words() {
    let mut world = world();
    assert_eq!(
        world.get(&format!("{APPLICATIONS}?fieldSelector=spec.project%3Ddefault")).refusal(),
        "400 BadRequest: field label not supported: spec.project"
    );
    assert_eq!(
        world.get("/apis/apps/v1/statefulsets?fieldSelector=spec.x%3Da").refusal(),
        "400 BadRequest: \"spec.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
    );
    assert_eq!(world.get(&format!("{PODS}?labelSelector=a+in+b")).code, 400);
}

#[test]
fn pages_go_on_where_they_stopped_and_show_one_moment() {
    let mut world = world();
    let first = world.get(&format!("{PODS}?limit=2")).expect(200);
    assert_eq!(names(&first), ["a-0", "a-1"]);
    assert_eq!(first["metadata"]["remainingItemCount"], 2);
    // What happens meanwhile is in no later page.
    world.delete(&format!("{PODS}/b-0?gracePeriodSeconds=0")).expect(200);
    world.post(PODS, &pod("b-1", "new")).expect(201);
    let next = first["metadata"]["continue"].as_str().unwrap();
    let second = world.get(&format!("{PODS}?limit=2&continue={next}")).expect(200);
    assert_eq!(names(&second), ["b-0", "c-0"]);
    assert_eq!(second["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
    assert!(second["metadata"]["continue"].is_null());

    world.0.compact();
    let gone = world.get(&format!("{PODS}?limit=2&continue={next}"));
    let gone = gone.expect(410);
    assert_eq!(gone["reason"], "Expired");
    let next = gone["metadata"]["continue"].as_str().unwrap();
    let now = world.get(&format!("{PODS}?limit=2&continue={next}")).expect(200);
    assert_eq!(names(&now), ["b-1", "c-0"]);
    assert_eq!(world.get(&format!("{PODS}?continue=nonsense")).code, 400);
}

#[test]
fn a_version_that_is_not_there_is_refused() {
    let mut world = world();
    assert_eq!(
        world.get(&format!("{PODS}?resourceVersion=1000")).refusal(),
        format!(
            "504 Timeout: Timeout: Too large resource version: 1000, current: {}",
            world.0.store.revision()
        )
    );
    world.0.compact();
    assert_eq!(
        world.get(&format!("{PODS}?resourceVersion=1&resourceVersionMatch=Exact")).refusal(),
        "410 Expired: The resourceVersion for the provided list is too old."
    );
}

#[test]
fn what_is_not_there_is_not_found_in_one_of_three_ways() {
    let mut world = World::new();
    assert_eq!(
        world.get(&format!("{APPLICATIONS}/alpha")).refusal(),
        "404 NotFound: applications.argoproj.io \"alpha\" not found"
    );
    assert_eq!(world.get(&format!("{PODS}/a")).refusal(), "404 NotFound: pods \"a\" not found");
    let page = (404, "404 page not found\n".to_owned());
    for path in ["/apis/absent.example.com/v1/namespaces/argocd/applications", "/nonsense", "/apis/absent"] {
        assert_eq!(world.get(path).page(), page, "{path}");
    }
    assert_eq!(world.get("/apis/argoproj.io/v1alpha1/nonsense").page(), page);
    assert_eq!(
        world.get("/apis/apps/v1/nonsense").refusal(),
        "404 NotFound: the server could not find the requested resource"
    );
}

#[test]
fn lists_of_built_in_kinds_say_their_kind_once() {
    let mut world = World::with_application();
    world.post(PODS, &pod("a-0", "atlas")).expect(201);
    let pods = world.get(PODS).expect(200);
    assert!(pods["items"][0]["kind"].is_null() && pods["items"][0]["spec"].is_object());
    assert_eq!(world.get(APPLICATIONS).expect(200)["items"][0]["kind"], "Application");
    assert_eq!(world.get(&format!("{PODS}/a-0")).expect(200)["kind"], "Pod");
}

#[test]
fn the_server_says_what_it_is() {
    let mut world = World::new();
    assert_eq!(world.get("/version").expect(200)["gitVersion"], "v1.36.1");
    assert_eq!(world.get("/readyz").page(), (200, "ok".to_owned()));
    assert_eq!(world.get("/api").expect(200)["versions"], json!(["v1"]));
    let groups = world.get("/apis").expect(200);
    let groups: Vec<&Value> =
        groups["groups"].as_array().unwrap().iter().map(|group| &group["name"]).collect();
    assert_eq!(groups, ["apps", "argoproj.io", "authorization.k8s.io", "batch", "policy"]);
    assert_eq!(world.get("/apis/apps").expect(200)["preferredVersion"]["groupVersion"], "apps/v1");
    let resources = world.get("/apis/argoproj.io/v1alpha1").expect(200);
    let resources: Vec<&Value> =
        resources["resources"].as_array().unwrap().iter().map(|resource| &resource["name"]).collect();
    assert_eq!(resources, ["appprojects", "applications", "applicationsets", "applicationsets/status"]);
}

#[test]
fn every_request_that_ringway_sends_is_answered() {
    let mut world = World::with_application();
    let group = "/apis/argoproj.io/v1alpha1";
    let watch = "watch=true&allowWatchBookmarks=true&timeoutSeconds=290";
    let begins = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    let one = "fieldSelector=metadata.name%3Dalpha";
    let paths = [
        "/version".to_owned(),
        group.to_owned(),
        "/api/v1/namespaces/argocd/configmaps/argocd-cm".to_owned(),
        format!("{APPLICATIONS}/alpha"),
        format!("{group}/namespaces/argocd/applicationsets/absent"),
        format!("{APPLICATIONS}?labelSelector=tenant%3Dalpha&limit=10"),
        format!("{APPLICATIONS}?limit=500&{one}"),
        format!("{APPLICATIONS}?{watch}&{one}&{begins}"),
        format!("{APPLICATIONS}?{watch}&{one}&resourceVersion=1"),
        format!("{PODS}?{watch}&{begins}"),
        format!("/apis/apps/v1/namespaces/tenant-a/replicasets?{watch}&{begins}"),
        format!("/apis/apps/v1/namespaces/tenant-a/deployments?{watch}&{begins}"),
        format!(
            "/apis/apps/v1/namespaces/tenant-a/statefulsets?{watch}&fieldSelector=metadata.name%3Datlas&{begins}"
        ),
    ];
    for path in paths {
        let got = world.send(super::RINGWAY, "GET", &path, "", String::new());
        assert!(matches!(got.code, 200 | 404), "{path}: {got:?}");
        assert!(got.code == 200 || got.refusal().contains("not found"), "{path}");
    }
    let patch = format!("{APPLICATIONS}/alpha?fieldManager=ringway&fieldValidation=Strict&dryRun=All");
    let test = json!([{ "op": "test", "path": "/spec/source/helm", "value": null }]);
    world.send(super::RINGWAY, "PATCH", &patch, super::JSON_PATCH, test.to_string()).expect(200);
}
