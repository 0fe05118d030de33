//! `status.conditions` of an Application.
//!
//! Shown by `a_source_that_failed_is_not_tried_again_and_a_condition_says_so` and
//! `a_source_that_cannot_be_rendered_is_compared_all_the_same_with_an_error`.

use super::resource::text;
use serde_json::{Value, json};

/// Sets, keeps or clears conditions: of the types `evaluated`, exactly `found` remain. What did not change keeps its time
/// (`types.go`: `ApplicationStatus.SetConditions`).
pub(super) fn set(status: &mut Value, evaluated: &[&str], found: &[(&str, String)], now: &str) {
    let old = status.get("conditions").and_then(Value::as_array).cloned().unwrap_or_default();
    let is = |condition: &Value, kind: &str, message: &str| {
        text(condition, "/type") == kind && text(condition, "/message") == message
    };
    let stays = |condition: &&Value| !evaluated.contains(&text(condition, "/type"));
    let mut conditions: Vec<Value> = old.iter().filter(stays).cloned().collect();
    for (kind, message) in found {
        let known = old.iter().find(|condition| is(condition, kind, message)).cloned();
        conditions.push(
            known.unwrap_or_else(|| json!({ "type": kind, "message": message, "lastTransitionTime": now })),
        );
    }
    conditions.sort_by(|left, right| {
        (text(left, "/type"), text(left, "/message")).cmp(&(text(right, "/type"), text(right, "/message")))
    });
    if let Some(status) = status.as_object_mut() {
        if conditions.is_empty() {
            status.remove("conditions");
        } else {
            status.insert("conditions".to_owned(), Value::Array(conditions));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_keeps_its_time_while_it_says_the_same() {
        let mut status = json!({});
        set(&mut status, &["SyncError"], &[("SyncError", "a".to_owned())], "1");
        set(&mut status, &["ComparisonError"], &[("ComparisonError", "b".to_owned())], "2");
        set(&mut status, &["SyncError"], &[("SyncError", "a".to_owned())], "3");
        let expected = json!([
            { "type": "ComparisonError", "message": "b", "lastTransitionTime": "2" },
            { "type": "SyncError", "message": "a", "lastTransitionTime": "1" },
        ]);
        assert_eq!(status["conditions"], expected);
        set(&mut status, &["SyncError", "ComparisonError"], &[], "4");
        assert_eq!(status, json!({}));
    }
}
