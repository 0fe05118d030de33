//! How Argo CD tidies up the spec of an Application (`util/argo/argo.go`: `NormalizeApplicationSpec`).
//!
//! It writes what it makes of the Application as it last saw it. In a list, the patch holds the whole list: an override
//! that came meanwhile can be lost (`what_argo_cd_tidies_up_takes_out_only_an_override_that_came_at_the_same_moment`).

use serde_json::{Value, json};

/// A field of `spec` to write; `None` removes it.
pub(super) type Change = (&'static str, Option<Value>);

/// What is to be written of a spec, made of how it was seen.
pub(super) fn changes(spec: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    if spec.get("project").and_then(Value::as_str).unwrap_or_default().is_empty() {
        changes.push(("project", Some(json!("default"))));
    }
    if spec.get("syncPolicy").is_some_and(is_nothing) {
        changes.push(("syncPolicy", None));
    }
    if let Some(source) = spec.get("source").filter(|source| is_untidy(source)) {
        changes.push(("source", Some(tidied(source))));
    }
    let sources = spec.get("sources").and_then(Value::as_array);
    if let Some(sources) = sources.filter(|sources| sources.iter().any(is_untidy)) {
        changes.push(("sources", Some(sources.iter().map(tidied).collect())));
    }
    changes
}

/// Writes changes into a spec. Of a single source only what was empty is written, for the patch merges maps.
pub(super) fn write(changes: &[Change], spec: &mut Value) {
    let Some(fields) = spec.as_object_mut() else { return };
    for (field, value) in changes {
        match value {
            Some(_) if *field == "source" => {
                if let Some(source) = fields.get_mut("source") {
                    *source = tidied(source);
                }
            }
            Some(value) => {
                fields.insert((*field).to_owned(), value.clone());
            }
            None => {
                fields.remove(*field);
            }
        }
    }
}

const TOOLS: [&str; 3] = ["helm", "kustomize", "directory"];

fn is_untidy(source: &Value) -> bool {
    TOOLS.iter().any(|tool| source.get(tool).is_some_and(is_nothing))
}

fn tidied(source: &Value) -> Value {
    let mut source = source.clone();
    if let Some(fields) = source.as_object_mut() {
        for tool in TOOLS {
            if fields.get(tool).is_some_and(is_nothing) {
                fields.remove(tool);
            }
        }
    }
    source
}

/// Whether a value is what Go calls zero.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        // A value that people put there counts, whatever it is.
        Value::Object(fields) => fields.iter().all(|(key, value)| key != "valuesObject" && is_nothing(value)),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_directory_is_taken_out_with_the_whole_list_as_it_was_seen() {
        let seen = json!({ "project": "default", "sources": [{ "path": "a", "directory": {} }, { "ref": "values" }] });
        let changes = changes(&seen);
        let mut now = seen.clone();
        now["sources"][0]["helm"] = json!({ "parameters": ["ours"] });
        write(&changes, &mut now);
        assert_eq!(now, json!({ "project": "default", "sources": [{ "path": "a" }, { "ref": "values" }] }));
        assert!(super::changes(&now).is_empty());
    }

    #[test]
    fn a_single_source_keeps_what_came_meanwhile() {
        let seen = json!({ "source": { "path": "a", "directory": {} } });
        let changes = changes(&seen);
        let mut now = seen.clone();
        now["source"]["helm"] = json!({ "parameters": ["ours"] });
        write(&changes, &mut now);
        assert_eq!(now["source"], json!({ "path": "a", "helm": { "parameters": ["ours"] } }));
        assert_eq!(now["project"], "default");
    }
}
