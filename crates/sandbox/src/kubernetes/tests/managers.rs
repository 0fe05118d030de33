//! Who is named as the writer of which field.

use super::{APPLICATIONS, JSON_PATCH, World};
use serde_json::{Value, json};

fn patch(world: &mut World, manager: &str, patch: Value) -> Value {
    world.pass(1);
    let path = format!("{APPLICATIONS}/alpha?fieldManager={manager}");
    world.patch(&path, JSON_PATCH, &json!([patch])).expect(200)
}

/// The fields of a manager, and when it wrote last.
fn fields(application: &Value, manager: &str) -> (Value, String) {
    let entries = application["metadata"]["managedFields"].as_array().unwrap();
    match entries.iter().find(|entry| entry["manager"] == manager) {
        Some(entry) => (entry["fieldsV1"].clone(), entry["time"].as_str().unwrap().to_owned()),
        None => (Value::Null, String::new()),
    }
}

fn add(path: &str, value: Value) -> Value {
    json!({ "op": "add", "path": path, "value": value })
}

#[test]
fn who_made_an_object_is_named_as_the_program_that_asked() {
    let mut world = World::with_application();
    let made = world.get(&format!("{APPLICATIONS}/alpha")).expect(200);
    let (fields, time) = fields(&made, "kubectl");
    assert_eq!(time, "2026-11-20T10:00:00Z");
    assert_eq!(
        fields,
        json!({
            "f:metadata": { "f:labels": { ".": {}, "f:tenant": {} } },
            "f:spec": {
                ".": {},
                "f:destination": { ".": {}, "f:namespace": {}, "f:server": {} },
                "f:project": {},
                "f:source": { ".": {}, "f:path": {}, "f:repoURL": {} },
            },
        })
    );
}

#[test]
fn the_last_writer_takes_a_field_and_a_list_counts_as_one() {
    let mut world = World::with_application();
    let parameters = |value: &str| json!([{ "name": "a", "value": value }]);
    let list = "/spec/source/helm/parameters";
    let first =
        patch(&mut world, "ringway", add("/spec/source/helm", json!({ "parameters": parameters("1") })));
    let helm = |helm: Value| json!({ "f:spec": { "f:source": { "f:helm": helm } } });
    let mine = (helm(json!({ ".": {}, "f:parameters": {} })), "2026-11-20T10:00:01Z".to_owned());
    assert_eq!(fields(&first, "ringway"), mine);

    let second = patch(&mut world, "somebody", add(list, parameters("2")));
    assert_eq!(fields(&second, "ringway"), (helm(json!({ ".": {} })), mine.1.clone()), "its time stays");
    let theirs = (helm(json!({ "f:parameters": {} })), "2026-11-20T10:00:02Z".to_owned());
    assert_eq!(fields(&second, "somebody"), theirs);

    let same = patch(&mut world, "third", add(list, parameters("2")));
    assert_eq!(fields(&same, "third"), (Value::Null, String::new()), "who changes nothing wrote nothing");
    let removed = patch(&mut world, "third", json!({ "op": "remove", "path": "/spec/source/helm" }));
    for manager in ["ringway", "somebody", "third"] {
        assert_eq!(fields(&removed, manager).0, Value::Null, "{manager}: a removal is recorded nowhere");
    }
}

#[test]
fn an_annotation_has_an_owner_and_other_metadata_has_none() {
    let mut world = World::with_application();
    let found = patch(&mut world, "ringway", add("/metadata/annotations", json!({ "a.b/c": "x" })));
    let annotations = json!({ "f:metadata": { "f:annotations": { ".": {}, "f:a.b/c": {} } } });
    assert_eq!(fields(&found, "ringway").0, annotations);
    let dry = format!("{APPLICATIONS}/alpha?fieldManager=dry&dryRun=All");
    let dry = world.patch(&dry, JSON_PATCH, &json!([add("/spec/project", json!("x"))])).expect(200);
    assert_eq!(fields(&dry, "dry").0, json!({ "f:spec": { "f:project": {} } }));
}

#[test]
fn other_kinds_have_none() {
    let mut world = World::new();
    let pods = "/api/v1/namespaces/tenant-a/pods";
    assert!(world.post(pods, &super::pod("a", "a")).expect(201)["metadata"]["managedFields"].is_null());
}
