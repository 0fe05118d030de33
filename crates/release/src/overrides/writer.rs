//! Who wrote a field, from the object's managed fields.

use super::{Writer, patch::pointer_keys};
use crate::application::Application;
use serde_json::Value;

/// The name under which our own changes stand in an object's managed fields.
pub const OUR_NAME: &str = "ringway";

/// Who last wrote the field at `pointer`, such as `/spec/source/helm/parameters`. Lists are owned as a whole, so for a
/// field inside `spec.sources` it is whoever wrote the list. `None` if the API server does not say: it drops managed
/// fields from objects that are too large.
pub fn writer_of(application: &Application, pointer: &str) -> Option<Writer> {
    let keys = pointer_keys(pointer);
    let owners = application.metadata.managed_fields.iter().filter(|entry| owns(&entry.fields_v1, &keys));
    // Times are whole seconds. Of two in one second it was not us: a writer loses what another writes over.
    let newest = owners.max_by_key(|entry| (entry.time, entry.manager != OUR_NAME))?;
    Some(Writer { manager: newest.manager.clone(), at: newest.time })
}

/// Whether a tree of managed fields has the field itself, or an ancestor without children, which stands for all of it.
fn owns(fields: &Value, keys: &[String]) -> bool {
    let mut node = fields;
    for key in keys {
        match node.get(format!("f:{key}")) {
            Some(below) => node = below,
            None => {
                return !std::ptr::eq(node, fields)
                    && node.as_object().is_some_and(serde_json::Map::is_empty);
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overrides::testing::{document, read};
    use serde_json::json;

    #[test]
    fn the_newest_owner_of_the_nearest_field_wrote_it() {
        let entry = |manager: &str, hour: u8, helm: Value| {
            json!({
                "manager": manager,
                "time": format!("2026-11-20T{hour:02}:00:00Z"),
                "fieldsV1": { "f:spec": { "f:source": { "f:helm": helm } } },
            })
        };
        let mut document = document(Value::Null);
        document["metadata"]["managedFields"] = json!([
            entry("kubectl", 9, json!({ "f:parameters": {} })),
            entry("argocd-server", 10, json!({ "f:parameters": {}, "f:valuesObject": { ".": {}, "f:a/b": {} } })),
            entry("controller", 11, json!({ "f:releaseName": {} })),
            { "manager": "older", "fieldsV1": { "f:spec": { "f:sources": {} } } },
        ]);
        let application = read(&document);
        let writer = |pointer: &str| writer_of(&application, pointer).map(|writer| writer.manager);
        assert_eq!(writer("/spec/source/helm/parameters").as_deref(), Some("argocd-server"));
        assert_eq!(writer("/spec/source/helm/valuesObject/a~1b").as_deref(), Some("argocd-server"));
        assert_eq!(writer("/spec/source/helm/valuesObject/c"), None, "only the map itself has an owner");
        assert_eq!(writer("/spec/sources/1/helm/parameters").as_deref(), Some("older"), "lists are atomic");
        assert_eq!(writer("/spec/project"), None);
    }

    #[test]
    fn without_managed_fields_nobody_is_named() {
        assert_eq!(writer_of(&read(&document(Value::Null)), "/spec/source/helm/parameters"), None);
    }
}
