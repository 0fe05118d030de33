//! Whether two lists of sources mean the same, and whether they carry our values.

use crate::{
    application::Source,
    overrides::{
        Wanted,
        plan::{matching_sources, source_carries, source_carries_none},
    },
    step::Expectation,
};
use serde_json::Value;

/// Whether `sources` are as they should be: the one that is meant carries our values, or none that could be meant carries
/// any of them. No sources at all tell nothing, so they are not.
pub(super) fn as_expected(sources: &[Source], wanted: &Wanted, expectation: Expectation) -> bool {
    let meant = meant(sources, wanted);
    match expectation {
        Expectation::Overridden => {
            meant.len() == 1 && meant.iter().all(|source| source_carries(source, wanted))
        }
        Expectation::Removed => {
            !sources.is_empty() && meant.iter().all(|source| source_carries_none(source, wanted))
        }
    }
}

/// The sources that are meant; more than one if the Application changed since it was looked at.
pub(super) fn meant<'a>(sources: &'a [Source], wanted: &Wanted) -> Vec<&'a Source> {
    matching_sources(sources, &wanted.source).into_iter().filter_map(|index| sources.get(index)).collect()
}

/// Whether both lists mean the same, source by source. Two empty lists do not: nothing was compared.
pub(super) fn same(left: &[Source], right: &[Source]) -> bool {
    !left.is_empty()
        && left.len() == right.len()
        && left.iter().zip(right).all(|(left, right)| means(&left.0, &right.0))
}

/// Equality of meaning. Argo CD decodes and encodes a source before it stores it again, and leaves out what is empty; and
/// it writes its status as a merge patch, in which `null` removes a key.
fn means(left: &Value, right: &Value) -> bool {
    equal(left, right, Empty::MeansAbsent)
}

/// What an empty value stands for.
#[derive(Clone, Copy, PartialEq)]
enum Empty {
    /// The same as no value: the fields of Argo CD's own types.
    MeansAbsent,
    /// Itself: what people put into `valuesObject`.
    IsAValue,
}

fn equal(left: &Value, right: &Value, empty: Empty) -> bool {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            let mut keys: Vec<&String> = left.keys().chain(right.keys()).collect();
            keys.sort();
            keys.dedup();
            keys.into_iter().all(|key| {
                let empty = if key == "valuesObject" { Empty::IsAValue } else { empty };
                let present = |value: &&Value| !is_absent(value, empty);
                match (left.get(key).filter(present), right.get(key).filter(present)) {
                    (Some(left), Some(right)) => equal(left, right, empty),
                    (left, right) => left.is_none() && right.is_none(),
                }
            })
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right, empty))
        }
        (left, right) => left == right,
    }
}

fn is_absent(value: &Value, empty: Empty) -> bool {
    match value {
        Value::Null => true,
        _ if empty == Empty::IsAValue => false,
        Value::Bool(value) => !value,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(|value| is_absent(value, empty)),
        Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sources(values: &[Value]) -> Vec<Source> {
        values.iter().cloned().map(Source).collect()
    }

    #[test]
    fn what_argo_cd_leaves_out_makes_no_difference() {
        let written = json!({"repoURL": "https://git/x", "targetRevision": "", "helm": {
            "parameters": [{"name": "a", "value": "1", "forceString": false}], "fileParameters": [], "skipCrds": false,
            "valuesObject": {"gone": null, "kept": ""}}});
        let stored = json!({"helm": {"valuesObject": {"kept": ""}, "parameters": [{"value": "1", "name": "a"}]},
            "repoURL": "https://git/x"});
        assert!(same(&sources(&[written]), &sources(&[stored])));
        assert!(same(
            &sources(&[json!({"path": "x", "helm": {"parameters": []}})]),
            &sources(&[json!({"path": "x"})])
        ));
    }

    #[test]
    fn every_value_counts() {
        let base = json!({"path": "x", "helm": {"parameters": [{"name": "a", "value": "1"}], "valuesObject": {"b": false}}});
        for other in [
            json!({"path": "y", "helm": {"parameters": [{"name": "a", "value": "1"}], "valuesObject": {"b": false}}}),
            json!({"path": "x", "helm": {"parameters": [{"name": "a", "value": "2"}], "valuesObject": {"b": false}}}),
            json!({"path": "x", "helm": {"parameters": [{"name": "a", "value": "1"}], "valuesObject": {}}}),
            json!({"path": "x", "helm": {"parameters": [{"name": "a", "value": "1", "forceString": true}], "valuesObject": {"b": false}}}),
            json!({"path": "x"}),
        ] {
            assert!(
                !same(&sources(std::slice::from_ref(&base)), &sources(std::slice::from_ref(&other))),
                "{other}"
            );
        }
        assert!(!same(&[], &[]));
        assert!(!same(
            &sources(&[json!({"path": "a"}), json!({"path": "b"})]),
            &sources(&[json!({"path": "b"}), json!({"path": "a"})])
        ));
    }
}
