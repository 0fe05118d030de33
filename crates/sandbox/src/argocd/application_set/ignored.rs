//! `ignoreApplicationDifferences`: which fields of its Applications a set leaves alone.

use serde_json::Value;

/// Takes the ignored fields out of an Application.
pub(super) fn remove(application: &mut Value, set: &Value, name: &str) {
    let rules = set.pointer("/spec/ignoreApplicationDifferences").and_then(Value::as_array);
    for rule in rules.into_iter().flatten() {
        let is_meant = rule["name"].as_str().is_none_or(|wanted| wanted.is_empty() || wanted == name);
        let pointers = rule["jsonPointers"].as_array().into_iter().flatten().filter_map(Value::as_str);
        for pointer in pointers.filter(|_| is_meant) {
            remove_at(application, pointer);
        }
    }
}

fn remove_at(value: &mut Value, pointer: &str) {
    let Some((parent, last)) = pointer.rsplit_once('/') else { return };
    let last = last.replace("~1", "/").replace("~0", "~");
    match value.pointer_mut(parent) {
        Some(Value::Object(map)) => drop(map.remove(&last)),
        Some(Value::Array(list)) => {
            if let Some(index) = last.parse().ok().filter(|index| *index < list.len()) {
                list.remove(index);
            }
        }
        _ => {}
    }
}
