//! What the tests of overrides share: Applications as JSON, and the API server's way of applying a JSON patch.

use super::{Wanted, WantedLeaf, owner::OwnerAnnotation, patch::pointer_keys};
use crate::{
    application::{Application, ApplicationKey},
    service::{ExistingValue, SourceSelector, Strategy},
};
use serde_json::{Value, json};

/// An Application with one source: `helm` below it, if it is not null.
pub(super) fn document(helm: Value) -> Value {
    let mut source =
        json!({ "repoURL": "https://charts.example.com", "chart": "umbrella", "targetRevision": "1.2.0" });
    if !helm.is_null() {
        source["helm"] = helm;
    }
    json!({
        "metadata": { "name": "tenant-a", "namespace": "argocd", "uid": "uid-1" },
        "spec": {
            "project": "default",
            "source": source,
            "destination": { "server": "https://kubernetes.default.svc", "namespace": "tenant-a" },
            "syncPolicy": { "automated": {} },
        },
        "status": { "sourceType": "Helm" },
    })
}

/// The same as a snapshot that can be planned on.
pub(super) fn read(document: &Value) -> Application {
    serde_json::from_value(document.clone()).unwrap()
}

pub(super) fn key() -> ApplicationKey {
    ApplicationKey { instance: "central".into(), namespace: "argocd".into(), name: "tenant-a".into() }
}

pub(super) fn owner() -> OwnerAnnotation {
    OwnerAnnotation {
        ledger: "ledger-1".into(),
        ring: "ring-blue".into(),
        release: "release-1".into(),
        since: "2026-11-23T01:00:00Z".parse().unwrap(),
    }
}

pub(super) fn leaf(strategy: Strategy, path: &str, value: &str) -> WantedLeaf {
    let path = path.parse().unwrap();
    WantedLeaf { strategy, path, value: value.into(), existing: ExistingValue::Refuse }
}

pub(super) fn parameter(path: &str, value: &str) -> WantedLeaf {
    leaf(Strategy::Parameters, path, value)
}

pub(super) fn value(path: &str, value: &str) -> WantedLeaf {
    leaf(Strategy::ValuesObject, path, value)
}

pub(super) fn replacing(leaf: WantedLeaf) -> WantedLeaf {
    WantedLeaf { existing: ExistingValue::Replace, ..leaf }
}

pub(super) fn wanted(leaves: impl Into<Vec<WantedLeaf>>) -> Wanted {
    Wanted { service: "atlas".into(), source: SourceSelector::default(), leaves: leaves.into() }
}

/// Applies a JSON patch as the API server does, in the dialect of gopkg.in/evanphx/json-patch.v4, which is not RFC 6902:
/// `test` with null passes on an absent key whose parent exists, `replace` of an absent key adds it; anything below a
/// missing parent, and `remove` of an absent key, fails. A failure leaves everything as it was (422).
pub(super) fn apply(document: &Value, patch: &[Value]) -> Result<Value, String> {
    let mut document = document.clone();
    for operation in patch {
        apply_one(&mut document, operation).map_err(|problem| format!("{problem}: {operation}"))?;
    }
    Ok(document)
}

fn apply_one(document: &mut Value, operation: &Value) -> Result<(), &'static str> {
    let keys = pointer_keys(operation["path"].as_str().unwrap());
    let (last, parents) = keys.split_last().unwrap();
    let parent = parents.iter().try_fold(document, |node, key| match node {
        Value::Object(map) => map.get_mut(key),
        Value::Array(list) => list.get_mut(key.parse::<usize>().ok()?),
        _ => None,
    });
    let value = operation.get("value").cloned();
    match (operation["op"].as_str().unwrap(), parent.ok_or("missing parent")?) {
        ("test", parent) => {
            let found = match parent {
                Value::Array(list) => {
                    list.get(last.parse::<usize>().map_err(|_| "no index")?).ok_or("no element")?
                }
                parent => parent.get(last).unwrap_or(&Value::Null),
            };
            if *found == value.unwrap() { Ok(()) } else { Err("test failed") }
        }
        ("add" | "replace", Value::Object(map)) => {
            map.insert(last.clone(), value.unwrap());
            Ok(())
        }
        ("remove", Value::Object(map)) => map.remove(last).map(drop).ok_or("absent key"),
        _ => Err("not supported by this test's API server"),
    }
}

#[test]
fn the_applier_speaks_the_api_servers_dialect() {
    let document = json!({ "a": {}, "b": [1] });
    let run = |op: &str, path: &str, value: Value| {
        apply(&document, &[json!({ "op": op, "path": path, "value": value })])
    };
    assert!(run("test", "/a/x", Value::Null).is_ok(), "an absent key is null");
    assert!(run("test", "/x/y", Value::Null).is_err(), "below a missing parent nothing is tested");
    assert!(run("add", "/x/y", json!(1)).is_err());
    assert_eq!(run("replace", "/a/x", json!(1)).unwrap()["a"]["x"], 1);
    assert!(run("remove", "/a/x", Value::Null).is_err());
    assert!(run("test", "/b/1", Value::Null).is_err(), "an index out of range is no null");
    assert!(run("test", "/b", json!([1])).is_ok());
}
