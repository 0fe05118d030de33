//! The list generator and the template of an ApplicationSet.

use crate::Kind;
use serde_json::{Value, json};

/// The Applications that a set makes. `None` if it makes them in a way that is not modelled.
pub(super) fn applications(set: &Value) -> Option<Vec<Value>> {
    let spec = &set["spec"];
    if spec["goTemplate"] == true {
        return None;
    }
    let mut applications = Vec::new();
    for generator in spec["generators"].as_array()? {
        for element in generator.pointer("/list/elements")?.as_array()? {
            applications.push(application(set, element));
        }
    }
    Some(applications)
}

fn application(set: &Value, element: &Value) -> Value {
    let mut made = set["spec"]["template"].clone();
    fill(&mut made, element);
    made["apiVersion"] = json!(Kind::Application.api_version());
    made["kind"] = json!(Kind::Application.name());
    made["metadata"]["namespace"] = set["metadata"]["namespace"].clone();
    made
}

/// Replaces `{{key}}` in all texts; what the element does not have stays.
fn fill(value: &mut Value, element: &Value) {
    match value {
        Value::String(text) if text.contains("{{") => *text = filled(text, element),
        Value::Array(list) => list.iter_mut().for_each(|value| fill(value, element)),
        Value::Object(map) => map.values_mut().for_each(|value| fill(value, element)),
        _ => {}
    }
}

fn filled(text: &str, element: &Value) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else { break };
        result.push_str(before);
        match element.pointer(&format!("/{}", name.trim().replace('.', "/"))) {
            Some(Value::String(value)) => result.push_str(value),
            Some(value) => result.push_str(&value.to_string()),
            None => result.push_str(&format!("{{{{{name}}}}}")),
        }
        rest = after;
    }
    result + rest
}
