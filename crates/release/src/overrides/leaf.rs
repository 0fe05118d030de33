//! One value of a Helm source: where it stands, what it says, whether it is ours.

use super::{LeafInverse, Wanted, WantedLeaf, patch, source::matching_sources};
use crate::{
    application::{Application, Source},
    service::{Strategy, ValuePath},
};
use serde_json::{Value, json};

/// The key below the source that holds all parameters; they are one list, so they are read and written as a whole.
pub(super) const PARAMETERS: [&str; 2] = ["helm", "parameters"];
/// The keys below the source that hold nested values.
pub(super) const VALUES_OBJECT: [&str; 2] = ["helm", "valuesObject"];

/// The keys below the source of what changes when the leaf changes.
pub(super) fn keys(strategy: Strategy, path: &ValuePath) -> Vec<&str> {
    match strategy {
        Strategy::Parameters => PARAMETERS.to_vec(),
        Strategy::ValuesObject => {
            VALUES_OBJECT.into_iter().chain(path.keys().iter().map(String::as_str)).collect()
        }
    }
}

/// The JSON pointer below the source of what changes when the leaf changes.
pub(super) fn pointer(strategy: Strategy, path: &ValuePath) -> String {
    let mut pointer = String::new();
    keys(strategy, path).iter().for_each(|key| patch::push_key(&mut pointer, key));
    pointer
}

/// The parameters of a source.
pub(super) fn parameters(source: &Value) -> &[Value] {
    patch::get(source, &PARAMETERS).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The parameter that sets `path` to `value`. Always text, so that a tag such as `0123456` stays one.
pub(super) fn parameter(path: &ValuePath, value: &str) -> Value {
    json!({ "name": path.to_string(), "value": value, "forceString": true })
}

/// Whether a parameter sets `path`, however its name is escaped.
pub(super) fn sets(parameter: &Value, path: &ValuePath) -> bool {
    let name = parameter.get("name").and_then(Value::as_str);
    name.is_some_and(|name| name.parse::<ValuePath>().is_ok_and(|parsed| parsed == *path))
}

/// Whether a parameter, or a value of `valuesObject`, says exactly `value`, as text.
pub(super) fn says(strategy: Strategy, found: &Value, value: &str) -> bool {
    match strategy {
        Strategy::Parameters => {
            found.get("value").and_then(Value::as_str).unwrap_or_default() == value && is_text(found)
        }
        Strategy::ValuesObject => found.as_str() == Some(value),
    }
}

fn is_text(parameter: &Value) -> bool {
    parameter.get("forceString").and_then(Value::as_bool) == Some(true)
}

/// The parameter or value that takes effect at a leaf. Helm sets text parameters after all others.
fn effective<'a>(source: &'a Source, strategy: Strategy, path: &ValuePath) -> Option<&'a Value> {
    match strategy {
        Strategy::ValuesObject => patch::get(&source.0, &keys(strategy, path)),
        Strategy::Parameters => {
            let all = || parameters(&source.0).iter().rev().filter(|parameter| sets(parameter, path));
            all().find(|parameter| is_text(parameter)).or_else(|| all().next())
        }
    }
}

/// The text that a parameter or a value of `valuesObject` shows a person.
pub(super) fn text_of(strategy: Strategy, found: &Value) -> String {
    let value = match strategy {
        Strategy::Parameters => found.get("value").unwrap_or(&Value::Null),
        Strategy::ValuesObject => found,
    };
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What stands at the leaf's place in this source, as text, whoever wrote it. `None`: nothing.
pub fn leaf_value(source: &Source, leaf: &WantedLeaf) -> Option<String> {
    effective(source, leaf.strategy, &leaf.path).map(|found| text_of(leaf.strategy, found))
}

/// What a parameter sets the leaf to instead, as text: Helm sets parameters after `valuesObject`.
pub fn shadowed_by(source: &Source, leaf: &WantedLeaf) -> Option<String> {
    let parameter = effective(source, Strategy::Parameters, &leaf.path)?;
    let wins = leaf.strategy == Strategy::ValuesObject && !says(Strategy::Parameters, parameter, &leaf.value);
    wins.then(|| text_of(Strategy::Parameters, parameter))
}

/// Whether every wanted value stands in this source and takes effect.
pub fn source_carries(source: &Source, wanted: &Wanted) -> bool {
    wanted.leaves.iter().all(|leaf| carries(source, leaf) && shadowed_by(source, leaf).is_none())
}

/// Whether none of the wanted values stands in this source.
pub fn source_carries_none(source: &Source, wanted: &Wanted) -> bool {
    !wanted.leaves.iter().any(|leaf| carries(source, leaf))
}

fn carries(source: &Source, leaf: &WantedLeaf) -> bool {
    effective(source, leaf.strategy, &leaf.path).is_some_and(|found| says(leaf.strategy, found, &leaf.value))
}

/// Whether every wanted value stands in the one source that is meant.
pub fn is_overridden(application: &Application, wanted: &Wanted) -> bool {
    let sources = application.sources();
    match matching_sources(sources, &wanted.source).as_slice() {
        [only] => sources.get(*only).is_some_and(|source| source_carries(source, wanted)),
        _ => false,
    }
}

impl LeafInverse {
    /// Whether it is the inverse of this leaf.
    pub(super) fn is_for(&self, strategy: Strategy, path: &ValuePath) -> bool {
        self.strategy == strategy && self.path == *path
    }

    /// Whether what stands at the leaf is what we wrote, last or before that.
    pub(super) fn is_ours(&self, found: &Value) -> bool {
        let mut written = std::iter::once(&self.written).chain(&self.earlier);
        written.any(|value| says(self.strategy, found, value))
    }
}
