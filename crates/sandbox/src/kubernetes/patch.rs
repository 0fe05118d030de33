//! Patches in the dialect of the API server, which is that of its library `evanphx/json-patch` version 4.
//!
//! It differs from the standard (docs/measured.md, Patches): `test` of null passes for an absent key whose parent is
//! there, `replace` of an absent key adds it, and negative indexes count from the end. Seen on the testbed:
//! `a_test_of_null_passes_for_an_absent_key_below_a_parent_that_is_there`.

use super::status::Refusal;
use serde_json::{Map, Value};

/// The API server's own limit.
const OPERATIONS: usize = 10_000;

/// Something in a patch that does not hold. The API server does not say what.
struct Failed;

/// Applies a JSON patch, all of it or nothing. Gives the members of operations that have no meaning.
pub(super) fn apply_json(object: &mut Value, patch: &[u8]) -> Result<Vec<String>, Refusal> {
    let decoding = |error| Refusal::bad_request(format!("error decoding patch: {error}"));
    let operations: Vec<Map<String, Value>> = serde_json::from_slice(patch).map_err(decoding)?;
    if operations.len() > OPERATIONS {
        return Err(Refusal::bad_request(format!("a JSON patch may have {OPERATIONS} operations")));
    }
    let mut unknown = Vec::new();
    for (index, operation) in operations.iter().enumerate() {
        let is_unknown = |name: &&String| !matches!(name.as_str(), "op" | "path" | "from" | "value");
        let names = operation.keys().filter(is_unknown);
        unknown.extend(names.map(|name| format!("json patch unknown field \"[{index}].{name}\"")));
        step(object, operation).map_err(|Failed| Refusal::guard_failed())?;
    }
    Ok(unknown)
}

fn step(object: &mut Value, operation: &Map<String, Value>) -> Result<(), Failed> {
    let text = |name: &str| operation.get(name).and_then(Value::as_str).ok_or(Failed);
    let value = || operation.get("value").cloned().unwrap_or_default();
    let path = text("path")?;
    match text("op")? {
        "test" => test(object, path, operation.get("value").unwrap_or(&Value::Null)),
        "add" => add(object, path, value()),
        "remove" => remove(object, path).map(drop),
        "replace" if path.is_empty() => {
            *object = value();
            if object.is_object() { Ok(()) } else { Err(Failed) }
        }
        "replace" => {
            let place = parent(object, path)?.replaceable(&last(path))?;
            *place = value();
            Ok(())
        }
        "move" => {
            let moved = remove(object, text("from")?)?;
            add(object, path, moved)
        }
        "copy" => {
            let from = text("from")?;
            let copied = parent(object, from)?.get(&last(from))?.cloned().unwrap_or_default();
            add(object, path, copied)
        }
        _ => Err(Failed),
    }
}

/// What a path ends in: an object or a list.
enum Place<'a> {
    Object(&'a mut Map<String, Value>),
    List(&'a mut Vec<Value>),
}

impl<'a> Place<'a> {
    fn of(value: &'a mut Value) -> Result<Self, Failed> {
        match value {
            Value::Object(object) => Ok(Self::Object(object)),
            Value::Array(list) => Ok(Self::List(list)),
            _ => Err(Failed),
        }
    }

    /// What is there. An absent key is no error, an absent element is.
    fn get(self, key: &str) -> Result<Option<&'a Value>, Failed> {
        match self {
            Self::Object(object) => Ok(object.get(key)),
            Self::List(list) => {
                index(key, list.len()).and_then(|index| list.get(index)).map(Some).ok_or(Failed)
            }
        }
    }

    fn existing(self, key: &str) -> Result<&'a mut Value, Failed> {
        match self {
            Self::Object(object) => object.get_mut(key),
            Self::List(list) => index(key, list.len()).and_then(|index| list.get_mut(index)),
        }
        .ok_or(Failed)
    }

    /// What may be replaced: a key, although it is absent, but only an element that is there.
    fn replaceable(self, key: &str) -> Result<&'a mut Value, Failed> {
        match self {
            Self::Object(object) => Ok(object.entry(key).or_insert(Value::Null)),
            list @ Self::List(_) => list.existing(key),
        }
    }
}

/// The words of a path. Whatever stands before the first slash does not count.
fn words(path: &str) -> Vec<String> {
    path.split('/').skip(1).map(|word| word.replace("~1", "/").replace("~0", "~")).collect()
}

fn last(path: &str) -> String {
    words(path).pop().unwrap_or_default()
}

/// What the last word of a path is to be found in.
fn parent<'a>(object: &'a mut Value, path: &str) -> Result<Place<'a>, Failed> {
    let words = words(path);
    let (_, above) = words.split_last().ok_or(Failed)?;
    let mut place = Place::of(object)?;
    for word in above {
        place = Place::of(place.existing(word)?)?;
    }
    Ok(place)
}

/// The element that an index means among `length`; a negative one counts from the end.
fn index(key: &str, length: usize) -> Option<usize> {
    let index: i64 = key.parse().ok()?;
    let counted = if index < 0 { index.checked_add(i64::try_from(length).ok()?)? } else { index };
    usize::try_from(counted).ok().filter(|index| *index < length)
}

fn test(object: &mut Value, path: &str, expected: &Value) -> Result<(), Failed> {
    let holds = if path.is_empty() {
        object == expected
    } else {
        parent(object, path)?.get(&last(path))?.unwrap_or(&Value::Null) == expected
    };
    if holds { Ok(()) } else { Err(Failed) }
}

fn add(object: &mut Value, path: &str, value: Value) -> Result<(), Failed> {
    let key = last(path);
    match parent(object, path)? {
        Place::Object(object) => {
            object.insert(key, value);
        }
        Place::List(list) if key == "-" => list.push(value),
        Place::List(list) => {
            let index = index(&key, list.len() + 1).ok_or(Failed)?;
            list.insert(index, value);
        }
    }
    Ok(())
}

fn remove(object: &mut Value, path: &str) -> Result<Value, Failed> {
    let key = last(path);
    match parent(object, path)? {
        Place::Object(object) => object.remove(&key).ok_or(Failed),
        Place::List(list) => index(&key, list.len()).map(|index| list.remove(index)).ok_or(Failed),
    }
}

/// Applies a merge patch (RFC 7386).
pub(super) fn apply_merge(object: &mut Value, patch: &[u8]) -> Result<(), Refusal> {
    let decoding = |error| Refusal::bad_request(format!("error decoding patch: {error}"));
    let patch: Map<String, Value> = serde_json::from_slice(patch).map_err(decoding)?;
    merge(object, Value::Object(patch));
    Ok(())
}

fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(&key);
        } else {
            merge(target.entry(key).or_insert(Value::Null), value);
        }
    }
}
