//! Watches: what they begin with, what they tell, and how they end.

use super::{APPLICATIONS, JSON_PATCH, World, application, pod};
use serde_json::{Value, json};

const PODS: &str = "/api/v1/namespaces/tenant-a/pods";
const BEGINNING: &str = "watch=true&allowWatchBookmarks=true&timeoutSeconds=290&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";

#[test]
fn a_watch_tells_the_state_every_change_and_the_end() {
    let mut world = World::with_application();
    world.post(APPLICATIONS, &application("beta")).expect(201);
    let path = format!("{APPLICATIONS}?{BEGINNING}&fieldSelector=metadata.name%3Dalpha");
    let mut lines = world.watch(&path);
    let begun = lines.events();
    assert_eq!(begun.len(), 2);
    assert_eq!((&begun[0]["type"], &begun[0]["object"]["kind"]), (&json!("ADDED"), &json!("Application")));
    let mark = &begun[1]["object"]["metadata"];
    assert_eq!(mark["annotations"], json!({ "k8s.io/initial-events-end": "true" }));
    assert_eq!(mark["resourceVersion"], world.0.store.revision().to_string());

    let patch = json!([{ "op": "add", "path": "/spec/project", "value": "other" }]);
    let patched = world.patch(&format!("{APPLICATIONS}/alpha"), JSON_PATCH, &patch).expect(200);
    world.patch(&format!("{APPLICATIONS}/beta"), JSON_PATCH, &patch).expect(200);
    world.patch(&format!("{APPLICATIONS}/alpha"), JSON_PATCH, &patch).expect(200);
    assert_eq!(lines.events(), [json!({ "type": "MODIFIED", "object": patched })], "no change, no event");
    world.delete(&format!("{APPLICATIONS}/alpha")).expect(200);
    let deleted = lines.events();
    assert_eq!(deleted[0]["type"], "DELETED");
    assert_eq!(deleted[0]["object"]["metadata"]["resourceVersion"], world.0.store.revision().to_string());
    assert_eq!(deleted[0]["object"]["spec"], patched["spec"]);
}

#[test]
fn a_known_version_is_gone_on_from() {
    let mut world = World::with_application();
    let version = world.0.store.revision();
    world.post(APPLICATIONS, &application("beta")).expect(201);
    let mut lines = world.watch(&format!("{APPLICATIONS}?watch=1&resourceVersion={version}"));
    world.delete(&format!("{APPLICATIONS}/alpha")).expect(200);
    assert_eq!(lines.words(), ["ADDED beta", "DELETED alpha"]);
    let mut plain = world.watch(&format!("{APPLICATIONS}?watch=1"));
    assert_eq!(plain.words(), ["ADDED beta"]);
    let mut future =
        world.watch(&format!("{APPLICATIONS}?watch=1&resourceVersion={}", world.0.store.revision() + 1));
    world.post(APPLICATIONS, &application("gamma")).expect(201);
    world.post(APPLICATIONS, &application("delta")).expect(201);
    assert_eq!(future.words(), ["ADDED delta"]);
}

#[test]
fn a_forgotten_version_is_an_event_and_ends_the_watch() {
    let mut world = World::with_application();
    world.0.compact();
    let mut lines = world.watch(&format!("{APPLICATIONS}?watch=true&resourceVersion=1"));
    let status = &lines.events()[0];
    assert_eq!((&status["type"], &status["object"]["code"]), (&json!("ERROR"), &json!(410)));
    assert_eq!(status["object"]["reason"], "Expired");
    assert_eq!(
        status["object"]["message"],
        format!("too old resource version: 1 ({})", world.0.store.revision())
    );
    assert!(lines.is_closed());
    assert_eq!(world.0.api.open_watches(), 0);
    let newest = world.0.store.revision();
    let mut lines = world.watch(&format!("{APPLICATIONS}?watch=true&resourceVersion={newest}"));
    assert!(lines.words().is_empty() && !lines.is_closed());
}

#[test]
fn who_enters_or_leaves_a_selection_is_added_or_deleted() {
    let mut world = World::new();
    world.post(PODS, &pod("a-0", "atlas")).expect(201);
    let mut atlas = world.watch(&format!("{PODS}?watch=true&labelSelector=app%3Datlas"));
    let mut all = world.watch("/api/v1/pods?watch=true");
    let label = |app: &str| json!([{ "op": "replace", "path": "/metadata/labels/app", "value": app }]);
    world.patch(&format!("{PODS}/a-0"), JSON_PATCH, &label("heracles")).expect(200);
    world.patch(&format!("{PODS}/a-0"), JSON_PATCH, &label("other")).expect(200);
    let back = world.patch(&format!("{PODS}/a-0"), JSON_PATCH, &label("atlas")).expect(200);
    let events = atlas.events();
    let kinds: Vec<&Value> = events.iter().map(|event| &event["type"]).collect();
    assert_eq!(kinds, ["ADDED", "DELETED", "ADDED"]);
    assert_eq!(events[1]["object"]["metadata"]["labels"]["app"], "atlas", "as it was when it was last seen");
    assert_ne!(
        events[1]["object"]["metadata"]["resourceVersion"],
        events[0]["object"]["metadata"]["resourceVersion"]
    );
    assert_eq!(events[2]["object"], back);
    assert_eq!(all.words(), ["ADDED a-0", "MODIFIED a-0", "MODIFIED a-0", "MODIFIED a-0"]);
}

#[test]
fn bookmarks_come_every_minute_and_before_the_end() {
    // Of objects that no controller touches while time passes.
    let maps = "/api/v1/namespaces/tenant-a/configmaps";
    let map = |name: &str| json!({ "metadata": { "name": name } });
    let mut world = World::new();
    world.post(maps, &map("a")).expect(201);
    let mut lines = world.watch(&format!("{maps}?{BEGINNING}"));
    let mut without = world.watch(&format!("{maps}?watch=true&timeoutSeconds=290"));
    lines.words();
    without.words();
    let due = world.0.api.next_due().unwrap();
    assert_eq!(due.duration_since(world.0.now()).as_secs(), 60);
    world.pass(59);
    assert!(lines.words().is_empty());
    world.post("/api/v1/namespaces/argocd/configmaps", &map("b")).expect(201);
    world.pass(1);
    let bookmark = lines.events().remove(0);
    assert_eq!(
        bookmark["object"]["metadata"],
        json!({ "resourceVersion": world.0.store.revision().to_string() })
    );
    world.pass(229);
    assert_eq!(lines.words().len(), 4, "at 120, 180, 240 and 288 seconds");
    assert!(!lines.is_closed());
    world.0.bookmark();
    assert_eq!(lines.words().len(), 1);
    world.pass(1);
    assert!(lines.is_closed() && without.words().is_empty() && without.is_closed());
    assert_eq!((world.0.api.open_watches(), world.0.api.next_due()), (0, None));
}

#[test]
fn all_connections_can_be_cut_and_dropped_ones_are_forgotten() {
    let mut world = World::with_application();
    let mut lines = world.watch(&format!("{APPLICATIONS}?{BEGINNING}"));
    world.0.api.close_watches();
    lines.words();
    assert!(lines.is_closed());
    drop(world.watch(&format!("{APPLICATIONS}?{BEGINNING}")));
    drop(world.watch(&format!("/api/v1/namespaces/tenant-a/secrets?{BEGINNING}")));
    assert_eq!(world.0.api.open_watches(), 2);
    world.post(APPLICATIONS, &application("beta")).expect(201);
    assert_eq!(world.0.api.open_watches(), 1, "there was something to send");
    world.pass(60);
    assert_eq!(world.0.api.open_watches(), 0, "there was not");
}

#[test]
fn a_beginning_needs_its_two_parameters() {
    let mut world = World::new();
    assert_eq!(
        world.get(&format!("{APPLICATIONS}?watch=1&sendInitialEvents=true")).refusal(),
        "422 Invalid: ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents \
         requires setting resourceVersionMatch to NotOlderThan"
    );
    assert_eq!(world.get(&format!("{APPLICATIONS}?watch=1&resourceVersionMatch=NotOlderThan")).code, 422);
}
