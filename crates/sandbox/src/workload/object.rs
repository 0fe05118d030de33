//! Reading and making what all objects of workloads have: owners, templates, hashes.

use crate::{Key, Kind, Model, kubernetes};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

/// Who the controllers write as.
pub(super) const CONTROLLERS: &str = "kube-controller-manager";

/// The letters of names that Kubernetes makes up: no vowels, so that no word comes out
/// (`apimachinery/pkg/util/rand`).
const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// A text of an object; empty if it is not there.
pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A number of an object.
pub(super) fn number(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer).and_then(Value::as_i64)
}

/// A time of an object.
pub(super) fn time(object: &Value, pointer: &str) -> Option<Timestamp> {
    text(object, pointer).parse().ok()
}

/// Whether an object's deletion was asked for.
pub(super) fn is_deleted(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some_and(Value::is_string)
}

/// Who controls an object.
pub(super) struct Owner<'a> {
    pub(super) kind: Kind,
    pub(super) name: &'a str,
    pub(super) uid: &'a str,
}

/// Who controls an object.
pub(super) fn controller(object: &Value) -> Option<Owner<'_>> {
    let owners = object.pointer("/metadata/ownerReferences")?.as_array()?;
    let owner = owners.iter().find(|owner| owner["controller"] == json!(true))?;
    Some(Owner {
        kind: Kind::of(text(owner, "/apiVersion"), text(owner, "/kind"))?,
        name: text(owner, "/name"),
        uid: text(owner, "/uid"),
    })
}

/// The reference to an object that controls another.
pub(super) fn owner_references(key: &Key, owner: &Value) -> Value {
    json!([{
        "apiVersion": key.kind.api_version(), "kind": key.kind.name(), "name": key.name,
        "uid": text(owner, "/metadata/uid"), "controller": true, "blockOwnerDeletion": true,
    }])
}

/// The objects of a kind that an object controls, in the order of their names. Only its namespace is looked through.
pub(super) fn owned(model: &Model, key: &Key, owner: &Value, kind: Kind) -> Vec<(Key, Arc<Value>)> {
    let uid = text(owner, "/metadata/uid");
    model
        .list(kind, Some(&key.namespace))
        .filter(|(_, object)| controller(object).is_some_and(|owner| owner.uid == uid))
        .map(|(key, object)| (key.clone(), object.clone()))
        .collect()
}

/// Makes an object as a controller. A namespace that goes away takes nothing new
/// (the admission plugin `NamespaceLifecycle`).
pub(super) fn create(model: &mut Model, object: Value) -> Option<Key> {
    let namespace = Key::new(Kind::Namespace, "", text(&object, "/metadata/namespace"));
    if model.get(&namespace).is_some_and(|namespace| is_deleted(namespace)) {
        return None;
    }
    model.create(object, CONTROLLERS)
}

/// Writes a status, if it says something else than before.
pub(super) fn write_status(model: &mut Model, key: &Key, status: &Value) -> bool {
    if model.get(key).is_none_or(|object| object["status"] == *status) {
        return false;
    }
    model.update(key, CONTROLLERS, |object| object["status"] = status.clone())
}

/// The present time as objects write it.
pub(super) fn now(model: &Model) -> String {
    kubernetes::time(model.now())
}

/// The hash by which a template is found again. It is stable and different for different templates, as
/// Kubernetes' own is, but not the same text.
pub(super) fn hash(value: &Value) -> String {
    // FNV-1a. The keys of a serde_json object are sorted, so equal values have equal texts.
    let sum = value
        .to_string()
        .bytes()
        .fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    sum.to_string().bytes().map(|digit| letter(u64::from(digit))).collect()
}

/// The end of a name that Kubernetes makes up.
pub(super) fn suffix(model: &mut Model) -> String {
    (0..5).map(|_| letter(model.random().next())).collect()
}

fn letter(number: u64) -> char {
    let index = usize::try_from(number % LETTERS.len() as u64).unwrap_or(0);
    LETTERS.get(index).map_or('x', |letter| char::from(*letter))
}

/// Writes a count as the API does: none at all for zero.
pub(super) fn count(status: &mut Value, field: &str, count: i64) {
    match status.as_object_mut() {
        Some(fields) if count == 0 => drop(fields.remove(field)),
        Some(fields) => drop(fields.insert(field.to_owned(), json!(count))),
        None => {}
    }
}
