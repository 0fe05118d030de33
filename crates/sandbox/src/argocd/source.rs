//! The sources of an Application, as its status and its operations repeat them.

use super::charts;
use crate::Model;
use serde_json::{Map, Value, json};

/// What an Application or an operation is deployed from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sources {
    /// Whether they stand in a list: with `sources`, `source` does not count (`argocd_rules::values`).
    several: bool,
    list: Vec<Value>,
}

impl Sources {
    /// The sources of a `spec`, an operation's `sync`, or what was compared. `None` if there are none.
    pub(super) fn of(holder: &Value) -> Option<Self> {
        let list = holder.get("sources").and_then(Value::as_array).filter(|list| !list.is_empty());
        if let Some(list) = list {
            return Some(Self { several: true, list: list.iter().map(encode).collect() });
        }
        let source = holder.get("source").filter(|source| source.is_object())?;
        Some(Self { several: false, list: vec![encode(source)] })
    }

    /// As requests and histories say it.
    pub(super) fn write(&self, into: &mut Value) {
        self.write_field(into, "source", "sources", self.list.clone());
    }

    /// As structures of Argo CD say it whose `source` is no pointer: it is written although it is empty.
    pub(super) fn write_both(&self, into: &mut Value) {
        if self.several {
            into["source"] = json!({ "repoURL": "" });
        }
        self.write(into);
    }

    /// The revision of each, which Argo CD resolved just now.
    pub(super) fn write_revisions(&self, revisions: Vec<String>, into: &mut Value) {
        let revisions = revisions.into_iter().map(Value::String).collect();
        self.write_field(into, "revision", "revisions", revisions);
    }

    /// What renders each.
    pub(super) fn write_types(&self, types: &[&str], into: &mut Value) {
        let types = types.iter().map(|name| json!(name)).collect();
        self.write_field(into, "sourceType", "sourceTypes", types);
    }

    /// The Application with these sources in the place of its own: what an operation renders that keeps the source it
    /// began with (`a_running_operation_keeps_the_source_that_it_began_with_and_holds_back_the_next`).
    pub(super) fn put_into(&self, application: &Value) -> Value {
        let mut spec = application.get("spec").cloned().unwrap_or_else(|| json!({}));
        if let Some(spec) = spec.as_object_mut() {
            spec.remove("source");
            spec.remove("sources");
        }
        self.write(&mut spec);
        json!({ "metadata": application["metadata"], "spec": spec })
    }

    /// The revision that each source stands at in its repository.
    pub(super) fn revisions(&self, model: &Model) -> Vec<String> {
        charts::revisions(model, &self.put_into(&Value::Null))
    }

    /// What renders each source.
    pub(super) fn types(&self) -> Vec<&'static str> {
        charts::source_types(&self.put_into(&Value::Null))
    }

    fn write_field(&self, into: &mut Value, one: &str, many: &str, mut values: Vec<Value>) {
        if self.several {
            into[many] = Value::Array(values);
        } else if let Some(value) = values.pop() {
            into[one] = value;
        }
    }
}

/// A source as Argo CD writes it after it has read it: its own fields are left out if they are empty
/// (`condition/applied/sources.rs` compares by meaning because of this). What stands in `valuesObject` is kept as it is.
fn encode(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter_map(|(key, value)| {
                let value = if key == "valuesObject" { value.clone() } else { encode(value) };
                (!is_empty(&value)).then(|| (key.clone(), value))
            });
            Value::Object(kept.collect::<Map<String, Value>>())
        }
        Value::Array(items) => Value::Array(items.iter().map(encode).collect()),
        value => value.clone(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_sources_win_and_empty_fields_are_left_out() {
        let spec = json!({
            "source": { "path": "ignored" },
            "sources": [{ "path": "a", "helm": { "parameters": [], "valuesObject": { "b": "" } } }, { "ref": "values" }],
        });
        let sources = Sources::of(&spec).unwrap();
        let mut status = json!({});
        sources.write_both(&mut status);
        let expected = json!({
            "source": { "repoURL": "" },
            "sources": [{ "path": "a", "helm": { "valuesObject": { "b": "" } } }, { "ref": "values" }],
        });
        assert_eq!(status, expected);
        assert_eq!(Sources::of(&status), Some(sources));
        assert_eq!(Sources::of(&json!({ "source": null })), None);
    }
}
