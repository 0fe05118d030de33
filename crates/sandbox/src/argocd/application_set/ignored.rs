//! `ignoreApplicationDifferences`: which fields of its Applications a set leaves alone.
//!
//! Of jq there are paths of plain keys, and items of a list by one of their fields
//! (`an_application_set_keeps_what_an_expression_of_jq_selects`); any other expression selects nothing.

use serde_json::Value;

/// Takes the ignored fields out of an Application.
pub(super) fn remove(application: &mut Value, set: &Value, name: &str) {
    let rules = set.pointer("/spec/ignoreApplicationDifferences").and_then(Value::as_array);
    let is_meant =
        |rule: &&Value| rule["name"].as_str().is_none_or(|wanted| wanted.is_empty() || wanted == name);
    for rule in rules.into_iter().flatten().filter(is_meant) {
        texts(rule, "jsonPointers").for_each(|pointer| remove_at(application, pointer));
        texts(rule, "jqPathExpressions").for_each(|expression| remove_selected(application, expression));
    }
}

fn texts<'a>(rule: &'a Value, field: &str) -> impl Iterator<Item = &'a str> {
    rule[field].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// What jq makes of `del(.a.b)` and of `del(.a.b[] | select(.name == "c"))`.
fn remove_selected(application: &mut Value, expression: &str) {
    let expression: String = expression.split_whitespace().collect();
    let Some((path, condition)) = expression.split_once("[]|") else {
        return remove_at(application, &expression.replace('.', "/"));
    };
    let condition = condition.strip_prefix("select(.").and_then(|condition| condition.strip_suffix("\")"));
    let Some((field, value)) = condition.and_then(|condition| condition.split_once("==\"")) else { return };
    if let Some(Value::Array(items)) = application.pointer_mut(&path.replace('.', "/")) {
        items.retain(|item| item[field] != value);
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
