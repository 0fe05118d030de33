//! Who wrote a field, from the object's managed fields.

use super::{Writer, patch::pointer_keys};
use crate::application::Application;
use serde_json::Value;

/// Who last wrote the field at `pointer`, such as `/spec/source/helm/parameters`. Lists are owned as a whole, so for a
/// field inside `spec.sources` it is whoever wrote the list. `None` if the API server does not say: it drops managed
/// fields from objects that are too large.
pub fn writer_of(application: &Application, pointer: &str) -> Option<Writer> {
    let keys = pointer_keys(pointer);
    let owners = application.metadata.managed_fields.iter().filter(|entry| owns(&entry.fields_v1, &keys));
    let newest = owners.max_by_key(|entry| entry.time)?;
    Some(Writer { manager: newest.manager.clone(), at: newest.time })
}

/// Whether a tree of managed fields has the field itself, or an ancestor without children, which stands for all of it.
fn owns(fields: &Value, keys: &[String]) -> bool {
    let mut node = fields;
    for key in keys {
        match node.get(format!("f:{key}")) {
            Some(below) => node = below,
            None => {
                return !std::ptr::eq(node, fields) && node.as_object().is_some_and(serde_json::Map::is_empty);
            }
        }
    }
    true
}
