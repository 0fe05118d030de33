//! Building guarded JSON patches.
//!
//! Every write stands behind a `test` of what was there when we looked, so that the API server answers 422 when somebody
//! was faster. Its dialect (gopkg.in/evanphx/json-patch.v4) decides the shapes: `test` with null passes on an absent key
//! as long as the parent exists, and fails below a missing parent; `add` below a missing parent and `remove` of an absent
//! key fail.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The operations of one patch: first all guards, then all writes.
#[derive(Debug, Default)]
pub(super) struct GuardedPatch {
    guards: Vec<Value>,
    writes: Vec<Value>,
}

impl GuardedPatch {
    /// The patch is refused unless `pointer` says `value`; null: unless nothing is there.
    pub(super) fn guard(&mut self, pointer: &str, value: Value) {
        push_once(&mut self.guards, json!({ "op": "test", "path": pointer, "value": value }));
    }

    /// Turns the value at `keys` below `base` from what it is in `old` into what it is in `new`. A subtree that only one
    /// of them has is added or removed in one operation.
    pub(super) fn change(&mut self, base: &str, old: &Value, new: &Value, keys: &[&str]) {
        let (mut pointer, mut old, mut new) = (base.to_owned(), old, new);
        for key in keys {
            push_key(&mut pointer, key);
            match (child(old, key), child(new, key)) {
                (Some(old_child), Some(new_child)) => (old, new) = (old_child, new_child),
                (Some(old_child), None) => {
                    self.guard(&pointer, old_child.clone());
                    return push_once(&mut self.writes, json!({ "op": "remove", "path": pointer }));
                }
                (None, added) => {
                    self.guard(&pointer, Value::Null);
                    if let Some(value) = added {
                        push_once(&mut self.writes, json!({ "op": "add", "path": pointer, "value": value }));
                    }
                    return;
                }
            }
        }
        self.guard(&pointer, old.clone());
        if old != new {
            push_once(&mut self.writes, json!({ "op": "replace", "path": pointer, "value": new }));
        }
    }

    /// The patch; empty if nothing is to be written.
    pub(super) fn finish(self) -> Vec<Value> {
        if self.writes.is_empty() { Vec::new() } else { self.guards.into_iter().chain(self.writes).collect() }
    }
}

/// How many bytes of JSON an object that had `bytes` has after a [`GuardedPatch`]: never too few, and at most one too many
/// for each value that is added. What the API server notes about the writer, some hundred bytes, is not in it.
pub(super) fn size_after(bytes: usize, patch: &[Value]) -> usize {
    let text = |value: &Value| value.to_string().len();
    // With its key, a colon and a comma.
    let entry = |pointer: &str, value: usize| {
        text(&pointer_keys(pointer).pop().unwrap_or_default().into()) + value + 2
    };
    let mut guarded = BTreeMap::<&str, usize>::new();
    let mut size = bytes;
    for operation in patch {
        let field = |name: &str| operation.get(name).and_then(Value::as_str).unwrap_or_default();
        let (pointer, new) = (field("path"), operation.get("value").map_or(0, text));
        let old = guarded.get(pointer).copied().unwrap_or_default();
        match field("op") {
            "add" => size += entry(pointer, new),
            "replace" => size = (size + new).saturating_sub(old),
            "remove" => size = size.saturating_sub(entry(pointer, old)),
            _ => drop(guarded.insert(pointer, new)),
        }
    }
    size
}

fn push_once(operations: &mut Vec<Value>, operation: Value) {
    if !operations.contains(&operation) {
        operations.push(operation);
    }
}

/// Appends a key to a JSON pointer (RFC 6901).
pub(super) fn push_key(pointer: &mut String, key: &str) {
    pointer.push('/');
    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
}

/// The keys of a JSON pointer.
pub(super) fn pointer_keys(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|key| key.replace("~1", "/").replace("~0", "~")).collect()
}

/// A child of a map; null counts as absent, as it does for the API server's `test`.
pub(super) fn child<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    value.as_object()?.get(key).filter(|child| !child.is_null())
}

/// The value at `keys`.
pub(super) fn get<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a Value> {
    keys.iter().try_fold(value, |value, key| child(value, key))
}

/// Sets the value at `keys`, creating maps on the way. What is no map on the way is replaced by one.
pub(super) fn set(value: &mut Value, keys: &[&str], new: Value) {
    let Some((key, rest)) = keys.split_first() else {
        *value = new;
        return;
    };
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    if let Some(map) = value.as_object_mut() {
        set(map.entry(*key).or_insert(Value::Null), rest, new);
    }
}

/// Removes the value at `keys`, if it is there.
pub(super) fn remove(value: &mut Value, keys: &[&str]) {
    let Some((last, parents)) = keys.split_last() else { return };
    let parent = parents.iter().try_fold(value, |value, key| value.as_object_mut()?.get_mut(*key));
    if let Some(map) = parent.and_then(Value::as_object_mut) {
        map.remove(*last);
    }
}

/// The JSON pointers of the parents of `keys` that `value` does not have, outermost first.
pub(super) fn missing_parents(value: &Value, keys: &[&str]) -> Vec<String> {
    let mut pointer = String::new();
    let mut missing = Vec::new();
    let parents = keys.split_last().map_or(&[][..], |(_, parents)| parents);
    for depth in 0..parents.len() {
        push_key(&mut pointer, parents.get(depth).copied().unwrap_or_default());
        if get(value, parents.get(..=depth).unwrap_or_default()).is_none() {
            missing.push(pointer.clone());
        }
    }
    missing
}
