//! The dialect of JSON patches, row by row as it was measured (docs/measured.md, Patches).

use super::{APPLICATIONS, JSON_PATCH, MERGE_PATCH, World};
use crate::kubernetes::patch::{apply_json, apply_merge};
use serde_json::{Value, json};

fn applied(object: &Value, patch: &Value) -> Option<Value> {
    let mut object = object.clone();
    apply_json(&mut object, patch.to_string().as_bytes()).ok().map(|_| object)
}

#[test]
fn every_row_of_the_dialect_holds() {
    let object = json!({ "a": { "b": 1, "n": null }, "list": ["x", "y"], "empty": [], "k/~": { "x": 1 } });
    let one = |op: &str, path: &str, value: Value| json!([{ "op": op, "path": path, "value": value }]);
    let table = [
        // test
        (one("test", "/a/absent", Value::Null), Some(object.clone())),
        (json!([{ "op": "test", "path": "/a/absent" }]), Some(object.clone())),
        (one("test", "/a/n", Value::Null), Some(object.clone())),
        (one("test", "/absent/b", Value::Null), None),
        (one("test", "/a", Value::Null), None),
        (one("test", "/empty", Value::Null), None),
        (one("test", "/absent", json!([])), None),
        (one("test", "/a", json!({ "n": null, "b": 1 })), Some(object.clone())),
        (one("test", "/a", json!({ "b": 1 })), None),
        (one("test", "/a/b", json!("1")), None),
        (one("test", "/list", json!(["y", "x"])), None),
        (one("test", "/list/-1", json!("y")), Some(object.clone())),
        (one("test", "/list/2", Value::Null), None),
        (one("test", "/k~1~0/x", json!(1)), Some(object.clone())),
        (one("test", "", object.clone()), Some(object.clone())),
        // add
        (one("add", "/absent/b", json!(1)), None),
        (one("add", "/a/b/c", json!(1)), None),
        (one("add", "/a/n/c", json!(1)), None),
        (one("add", "", json!({})), None),
        (one("add", "/list/3", json!("z")), None),
        (one("add", "/list/z", json!("z")), None),
        // remove
        (json!([{ "op": "remove", "path": "/a/absent" }]), None),
        (json!([{ "op": "remove", "path": "/list/2" }]), None),
        // replace
        (one("replace", "/list/2", json!("z")), None),
        (one("replace", "/absent/b", json!(1)), None),
        // others
        (json!([{ "op": "move", "from": "/absent", "path": "/b" }]), None),
        (json!([{ "op": "nonsense", "path": "/a" }]), None),
        (json!([{ "op": "add", "value": 1 }]), None),
    ];
    for (patch, expected) in table {
        assert_eq!(applied(&object, &patch), expected, "{patch}");
    }
    let changes = [
        (one("add", "/a/n", json!(2)), "/a", json!({ "b": 1, "n": 2 })),
        (one("replace", "/a/new", json!(2)), "/a", json!({ "b": 1, "n": null, "new": 2 })),
        (one("add", "/list/-", json!("z")), "/list", json!(["x", "y", "z"])),
        (one("add", "/list/2", json!("z")), "/list", json!(["x", "y", "z"])),
        (one("add", "/list/0", json!("z")), "/list", json!(["z", "x", "y"])),
        (one("add", "/list/-1", json!("z")), "/list", json!(["x", "y", "z"])),
        (one("replace", "/list/-2", json!("z")), "/list", json!(["z", "y"])),
        (json!([{ "op": "remove", "path": "/list/0" }]), "/list", json!(["y"])),
        (json!([{ "op": "remove", "path": "/a/n" }]), "/a", json!({ "b": 1 })),
        (json!([{ "op": "move", "from": "/a/b", "path": "/list/0" }]), "/list", json!([1, "x", "y"])),
        (json!([{ "op": "copy", "from": "/a/b", "path": "/empty/-" }]), "/empty", json!([1])),
        (one("replace", "", json!({ "all": 1 })), "", json!({ "all": 1 })),
    ];
    for (patch, pointer, expected) in changes {
        let result = applied(&object, &patch).unwrap_or_else(|| panic!("{patch}"));
        assert_eq!(result.pointer(pointer), Some(&expected), "{patch}");
    }
}

#[test]
fn a_merge_patch_removes_with_null_and_replaces_lists() {
    let mut object = json!({ "a": { "b": 1, "c": 2 }, "list": [1, 2], "operation": { "x": 1 } });
    let patch = json!({ "a": { "b": null, "new": { "x": null, "y": 1 } }, "list": [3], "operation": null });
    apply_merge(&mut object, patch.to_string().as_bytes()).unwrap();
    assert_eq!(object, json!({ "a": { "c": 2, "new": { "y": 1 } }, "list": [3] }));
}

#[test]
fn the_two_shapes_of_a_guarded_override_pass_and_fail_as_measured() {
    let mut world = World::with_application();
    let alpha = format!("{APPLICATIONS}/alpha");
    let list = "/spec/source/helm/parameters";
    let test = |path: &str, value: Value| json!({ "op": "test", "path": path, "value": value });
    let add = |path: &str, value: Value| json!({ "op": "add", "path": path, "value": value });
    let parameter = |value: &str| json!([{ "name": "a", "value": value, "forceString": true }]);
    let guard = "422 Invalid: the server rejected our request due to an error in our request".to_owned();
    let dry = |world: &mut World, patch: Value| {
        let got = world.patch(&format!("{alpha}?dryRun=All"), JSON_PATCH, &patch);
        if got.code == 200 { "200".to_owned() } else { got.refusal() }
    };
    let rows = [
        (json!([test(list, Value::Null)]), &*guard),
        (json!([add(list, json!([]))]), &*guard),
        (
            json!([
                test("/spec/source/helm", Value::Null),
                add("/spec/source/helm", json!({ "parameters": parameter("b") }))
            ]),
            "200",
        ),
        (json!([test("/operation", Value::Null), test("/spec/sources", Value::Null)]), "200"),
        (json!([test("/metadata/annotations/x", Value::Null)]), &*guard),
        (json!([test("/metadata/uid", json!("another"))]), &*guard),
        (json!([test("/metadata/resourceVersion", json!("1"))]), &*guard),
        (json!([{ "op": "remove", "path": "/spec/source/helm" }]), &*guard),
    ];
    for (patch, expected) in rows {
        assert_eq!(dry(&mut world, patch.clone()), expected, "{patch}");
    }
    world
        .patch(&alpha, JSON_PATCH, &json!([add("/spec/source/helm", json!({ "releaseName": "x" }))]))
        .expect(200);
    assert_eq!(dry(&mut world, json!([test(list, Value::Null), add(list, parameter("b"))])), "200");
    assert_eq!(dry(&mut world, json!([test("/spec/source/helm", Value::Null)])), guard);
    world.patch(&alpha, JSON_PATCH, &json!([add(list, parameter("b"))])).expect(200);
    assert_eq!(dry(&mut world, json!([test(list, parameter("b"))])), "200");
    assert_eq!(dry(&mut world, json!([test(list, parameter("c"))])), guard);
    assert_eq!(dry(&mut world, json!([test(list, Value::Null)])), guard);
}

#[test]
fn a_patch_that_is_none_is_told_from_one_that_fails() {
    let mut world = World::with_application();
    let alpha = format!("{APPLICATIONS}/alpha");
    assert_eq!(world.patch(&alpha, JSON_PATCH, &json!({ "op": "add" })).code, 400);
    assert_eq!(world.patch(&alpha, MERGE_PATCH, &json!([])).code, 400);
    let strategic = world.patch(&alpha, "application/strategic-merge-patch+json", &json!({}));
    assert!(
        strategic
            .refusal()
            .starts_with("415 UnsupportedMediaType: the body of the request was in an unknown")
    );
    let details = world.patch(&alpha, JSON_PATCH, &json!([{ "op": "remove", "path": "/x" }])).expect(422);
    assert_eq!(details["details"], json!({}));
}
