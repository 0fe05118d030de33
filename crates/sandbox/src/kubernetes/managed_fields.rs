//! `metadata.managedFields` of Applications: who wrote which field last, and when.
//!
//! Whoever changes or adds a field takes it from everybody else and gets the time of the write; who removes one is
//! recorded nowhere. Lists are owned as a whole, because the CRD names no keys for them. The testbed:
//! `the_api_server_says_who_wrote_a_field_last`,
//! `failures::override_lost::nobody_is_accused_of_a_value_that_is_gone_with_all_around_it`.
//!
//! Other kinds have none here: nobody reads theirs. Finalizers and owners count as lists, and there is no entry of
//! server-side apply, which no writer of the model uses.

use crate::Kind;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// A set of fields in Kubernetes' notation: `{"f:spec": {"f:project": {}}}`, with `.` for an object itself.
type Fields = Map<String, Value>;

/// Keeps `metadata.managedFields` of an object that `manager` writes. Without a manager, they stay as they are.
pub(crate) fn record_manager(old: Option<&Arc<Value>>, new: &mut Value, manager: &str, now: Timestamp) {
    let text = |field: &str| new.get(field).and_then(Value::as_str).unwrap_or_default();
    if Kind::of(text("apiVersion"), text("kind")) != Some(Kind::Application) {
        return;
    }
    let kept = old.map(|old| old["metadata"]["managedFields"].clone()).unwrap_or_default();
    let mut entries = if let Value::Array(entries) = kept { entries } else { Vec::new() };
    let nothing = json!({});
    let mut change = Change::default();
    change.compare(old.map_or(&nothing, |old| old), new, &mut Vec::new());
    for entry in &mut entries {
        let Some(fields) = entry.get_mut("fieldsV1").and_then(Value::as_object_mut) else { continue };
        for path in &change.written {
            remove(fields, path, false);
        }
        for path in &change.gone {
            remove(fields, path, true);
        }
    }
    if !manager.is_empty() && !change.written.is_empty() {
        let entry = entry_of(&mut entries, manager);
        entry["time"] = json!(super::time(now));
        if let Some(fields) = entry.get_mut("fieldsV1").and_then(Value::as_object_mut) {
            for path in &change.written {
                insert(fields, path);
            }
        }
    }
    entries.retain(|entry| entry["fieldsV1"].as_object().is_some_and(|fields| !fields.is_empty()));
    if let Some(metadata) = new.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
        if !entries.is_empty() {
            metadata.insert("managedFields".to_owned(), Value::Array(entries));
        }
    }
}

fn entry_of<'a>(entries: &'a mut Vec<Value>, manager: &str) -> &'a mut Value {
    let place = entries.iter().position(|entry| entry["manager"] == manager).unwrap_or(entries.len());
    if place == entries.len() {
        entries.push(json!({
            "manager": manager, "operation": "Update", "apiVersion": "argoproj.io/v1alpha1",
            "fieldsType": "FieldsV1", "fieldsV1": {},
        }));
    }
    &mut entries[place]
}

/// The fields that a write has changed, as paths of keys.
#[derive(Default)]
struct Change {
    /// Those with another value, and new ones.
    written: Vec<Vec<String>>,
    /// Those that are there no more, with all below them.
    gone: Vec<Vec<String>>,
}

impl Change {
    fn compare(&mut self, old: &Value, new: &Value, path: &mut Vec<String>) {
        let (Value::Object(before), Value::Object(after)) = (old, new) else {
            if old != new {
                self.gone.push(path.clone());
                self.add(new, path);
            }
            return;
        };
        for (key, value) in after {
            path.push(key.clone());
            if is_recorded(path) {
                match before.get(key) {
                    Some(old) => self.compare(old, value, path),
                    None => self.add(value, path),
                }
            }
            path.pop();
        }
        for key in before.keys().filter(|key| !after.contains_key(*key)) {
            path.push(key.clone());
            if is_recorded(path) {
                self.gone.push(path.clone());
            }
            path.pop();
        }
    }

    fn add(&mut self, value: &Value, path: &mut Vec<String>) {
        // Of the metadata itself nobody is the owner.
        if *path != ["metadata"] {
            self.written.push(path.clone());
        }
        let Value::Object(map) = value else { return };
        for (key, value) in map {
            path.push(key.clone());
            if is_recorded(path) {
                self.add(value, path);
            }
            path.pop();
        }
    }
}

/// Of the metadata only what writers choose is recorded.
fn is_recorded(path: &[String]) -> bool {
    let words: Vec<&str> = path.iter().take(2).map(String::as_str).collect();
    match words.as_slice() {
        ["apiVersion" | "kind"] => false,
        ["metadata", field] => matches!(*field, "labels" | "annotations" | "finalizers" | "ownerReferences"),
        _ => true,
    }
}

fn insert(fields: &mut Fields, path: &[String]) {
    let Some((first, rest)) = path.split_first() else { return };
    let key = format!("f:{first}");
    let was_owned = fields.get(&key).and_then(Value::as_object).is_some_and(Map::is_empty);
    let Some(below) = fields.entry(key).or_insert_with(|| json!({})).as_object_mut() else { return };
    // What is owned itself and gets something below it needs the sign for itself.
    if was_owned && !rest.is_empty() {
        below.insert(".".to_owned(), json!({}));
    }
    insert(below, rest);
}

/// Takes a field out, with `whole` also all below it.
fn remove(fields: &mut Fields, path: &[String], whole: bool) {
    let Some((first, rest)) = path.split_first() else { return };
    let key = format!("f:{first}");
    let Some(below) = fields.get_mut(&key).and_then(Value::as_object_mut) else { return };
    if rest.is_empty() {
        below.remove(".");
        if whole || below.is_empty() {
            fields.remove(&key);
        }
        return;
    }
    let was_empty = below.is_empty();
    remove(below, rest, whole);
    if below.is_empty() && !was_empty {
        fields.remove(&key);
    }
}
