//! What an object becomes when a manifest is applied to it: the three-way merge of `kubectl apply`.
//!
//! What the manifest says wins; what it said last time and says no more goes; what others added stays. That is why a
//! parent Application keeps parameters of a child that git never set (`argocd_rules::owners`; docs/measured.md,
//! Parents).

use serde_json::{Map, Value};

/// How lists are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lists {
    /// Item by item, by their names or places: the built-in kinds.
    Strategic,
    /// The manifest's list takes the place of the other as a whole: custom resources.
    Replaced,
}

/// What `live` becomes when `wanted` is applied after `last` had been.
pub(super) fn merge(last: &Value, wanted: &Value, live: &Value, lists: Lists) -> Value {
    match (wanted, live) {
        (Value::Object(wanted), Value::Object(live)) => {
            Value::Object(merge_fields(last.as_object(), wanted, live, lists))
        }
        (Value::Array(wanted), Value::Array(live)) if lists == Lists::Strategic => {
            Value::Array(merge_items(last.as_array(), wanted, live))
        }
        _ => wanted.clone(),
    }
}

fn merge_fields(
    last: Option<&Map<String, Value>>,
    wanted: &Map<String, Value>,
    live: &Map<String, Value>,
    lists: Lists,
) -> Map<String, Value> {
    let mut merged = live.clone();
    for key in last.into_iter().flat_map(Map::keys) {
        if !wanted.contains_key(key) {
            merged.remove(key);
        }
    }
    for (key, value) in wanted {
        if value.is_null() {
            continue;
        }
        let last = last.and_then(|last| last.get(key)).unwrap_or(&Value::Null);
        let value = live.get(key).map_or_else(|| value.clone(), |live| merge(last, value, live, lists));
        merged.insert(key.clone(), value);
    }
    merged
}

/// Items have what identifies them (`name` of containers and variables), or are matched by their places, so that what
/// the API server fills in does not look like a difference.
fn merge_items(last: Option<&Vec<Value>>, wanted: &[Value], live: &[Value]) -> Vec<Value> {
    let named = wanted.iter().chain(live).all(|item| item["name"].is_string());
    let pair = |items: &[Value], place: usize, item: &Value| -> Option<Value> {
        if named {
            items.iter().find(|other| other["name"] == item["name"]).cloned()
        } else if wanted.len() == live.len() {
            items.get(place).cloned()
        } else {
            None
        }
    };
    let merge_item = |(place, item): (usize, &Value)| {
        let last = last.and_then(|last| pair(last, place, item)).unwrap_or(Value::Null);
        pair(live, place, item)
            .map_or_else(|| item.clone(), |live| merge(&last, item, &live, Lists::Strategic))
    };
    wanted.iter().enumerate().map(merge_item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_others_added_stays_and_what_was_taken_out_of_the_manifest_goes() {
        let last = json!({ "spec": { "a": 1, "gone": true, "deep": { "gone": 1 } } });
        let wanted = json!({ "spec": { "a": 2, "deep": {} } });
        let live =
            json!({ "spec": { "a": 1, "gone": true, "deep": { "gone": 1, "foreign": 2 } }, "status": {} });
        let merged = merge(&last, &wanted, &live, Lists::Replaced);
        assert_eq!(merged, json!({ "spec": { "a": 2, "deep": { "foreign": 2 } }, "status": {} }));
    }

    #[test]
    fn what_the_api_server_fills_into_items_is_no_difference() {
        let wanted = json!({ "containers": [{ "name": "atlas", "image": "a:1" }], "ports": [{ "port": 1 }] });
        let live = json!({
            "containers": [{ "name": "atlas", "image": "a:1", "imagePullPolicy": "Always" }],
            "ports": [{ "port": 1, "protocol": "TCP" }],
        });
        assert_eq!(merge(&wanted, &wanted, &live, Lists::Strategic), live);
    }

    #[test]
    fn a_list_of_a_custom_resource_is_put_back_as_a_whole() {
        let wanted = json!({ "parameters": [{ "name": "replicas", "value": "2" }] });
        let live = json!({ "parameters": [{ "name": "replicas", "value": "2" }, { "name": "image.tag", "value": "1" }] });
        assert_eq!(merge(&wanted, &wanted, &live, Lists::Replaced), wanted);
    }
}
