//! A write under way: a source as it was read and as it is to be, value by value.

use super::{
    Inverse, LeafChange, LeafInverse, OverridePlan, Shadowed, SourceIdentity, Wanted, WantedLeaf, leaf,
    owner::OwnerAnnotation,
    patch::{self, GuardedPatch},
    source::guard_source,
    writer::writer_of,
};
use crate::{
    application::{Application, ApplicationKey, Source},
    refusal::Refusal,
    service::{ExistingValue, Strategy, ValuePath},
};
use serde_json::Value;

/// A plan under way: the source as it is and as it is to be.
pub(super) struct Draft<'a> {
    application: &'a Application,
    key: &'a ApplicationKey,
    identity: &'a SourceIdentity,
    old: &'a Source,
    new: Value,
    inverse: Inverse,
    changes: Vec<LeafChange>,
    shadowed: Vec<Shadowed>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(
        application: &'a Application,
        key: &'a ApplicationKey,
        identity: &'a SourceIdentity,
        old: &'a Source,
        recorded: Option<&Inverse>,
    ) -> Self {
        let inverse = Inverse {
            uid: application.metadata.uid.clone(),
            source: identity.clone(),
            leaves: recorded.map(|recorded| recorded.leaves.clone()).unwrap_or_default(),
            created_parents: recorded.map(|recorded| recorded.created_parents.clone()).unwrap_or_default(),
        };
        let new = old.0.clone();
        Self { application, key, identity, old, new, inverse, changes: Vec::new(), shadowed: Vec::new() }
    }

    /// Puts one value into the source, unless somebody else's is in the way.
    pub(super) fn write(&mut self, wanted: &WantedLeaf) -> Result<(), Refusal> {
        let found = match wanted.strategy {
            Strategy::Parameters => self.write_parameter(wanted)?,
            Strategy::ValuesObject => self.write_value(wanted)?,
        };
        let keys = leaf::keys(wanted.strategy, &wanted.path);
        for parent in patch::missing_parents(&self.old.0, &keys) {
            if !self.inverse.created_parents.contains(&parent) {
                self.inverse.created_parents.push(parent);
            }
        }
        if !found.as_ref().is_some_and(|found| leaf::says(wanted.strategy, found, &wanted.value)) {
            self.changes.push(LeafChange {
                strategy: wanted.strategy,
                path: wanted.path.clone(),
                before: found.as_ref().map(|found| leaf::text_of(wanted.strategy, found)),
                after: wanted.value.clone(),
            });
        }
        self.record(wanted, found);
        Ok(())
    }

    /// Sets a parameter, in its place if it is there already. Returns what was there.
    fn write_parameter(&mut self, wanted: &WantedLeaf) -> Result<Option<Value>, Refusal> {
        let path = &wanted.path;
        let mut list = leaf::parameters(&self.new).to_vec();
        let places: Vec<usize> = list
            .iter()
            .enumerate()
            .filter(|(_, entry)| leaf::sets(entry, path))
            .map(|(place, _)| place)
            .collect();
        let found = match places.as_slice() {
            [] => None,
            [only] => list.get(*only).cloned(),
            _ => return Err(self.unexpected(path, "set by several parameters", "at most one")),
        };
        self.check_foreign(wanted, found.as_ref())?;
        let entry = leaf::parameter(path, &wanted.value);
        match places.first().and_then(|place| list.get_mut(*place)) {
            Some(place) if !leaf::says(wanted.strategy, place, &wanted.value) => *place = entry,
            Some(_) => {}
            None => list.push(entry),
        }
        patch::set(&mut self.new, &leaf::PARAMETERS, Value::Array(list));
        Ok(found)
    }

    /// Sets a nested value. Returns what was there.
    fn write_value(&mut self, wanted: &WantedLeaf) -> Result<Option<Value>, Refusal> {
        let helm = patch::child(&self.new, "helm");
        let text = helm.and_then(|helm| helm.get("values")).and_then(Value::as_str).unwrap_or_default();
        if patch::get(&self.new, &leaf::VALUES_OBJECT).is_none() && !text.is_empty() {
            return Err(Refusal::ValuesWouldBeDropped { application: self.key.clone() });
        }
        let found = self.value_below(&wanted.path)?;
        if let Some(found) = found.as_ref().filter(|found| !found.is_string()) {
            return Err(self.unexpected(&wanted.path, kind_of(found), "text"));
        }
        self.check_foreign(wanted, found.as_ref())?;
        patch::set(&mut self.new, &leaf::keys(wanted.strategy, &wanted.path), wanted.value.clone().into());
        Ok(found)
    }

    /// A parameter wins over `valuesObject`: below one of the same name, our value would have no effect, and Argo CD would
    /// call the Application synced all the same.
    pub(super) fn check_parameters_above(&self, path: &ValuePath) -> Result<(), Refusal> {
        let files = patch::get(&self.old.0, &["helm", "fileParameters"]).and_then(Value::as_array);
        let mut above = leaf::parameters(&self.new).iter().chain(files.into_iter().flatten());
        match above.find(|entry| leaf::sets(entry, path)) {
            Some(_) => Err(self.unexpected(path, "set by a parameter", "a value that nothing wins over")),
            None => Ok(()),
        }
    }

    /// The value at `path` of `valuesObject`, whose parents must be maps. Null is a value: to Helm it means that the
    /// chart's default is removed.
    fn value_below(&self, path: &ValuePath) -> Result<Option<Value>, Refusal> {
        let Some(mut value) = patch::get(&self.new, &leaf::VALUES_OBJECT) else { return Ok(None) };
        for key in path.keys() {
            let Some(map) = value.as_object() else {
                return Err(self.unexpected(
                    path,
                    &format!("below {}", kind_of(value)),
                    "a map on the way to it",
                ));
            };
            match map.get(key) {
                Some(below) => value = below,
                None => return Ok(None),
            }
        }
        Ok(Some(value.clone()))
    }

    /// A parameter wins over `valuesObject`, so a value there is only shadowed; but where a map is replaced by text, or
    /// text by a map, the chart would no longer find what it looks for. A parameter from a file wins over ours.
    pub(super) fn check_values_below(&mut self, path: &ValuePath) -> Result<(), Refusal> {
        let files = patch::get(&self.old.0, &["helm", "fileParameters"]).and_then(Value::as_array);
        if files.is_some_and(|files| files.iter().any(|file| leaf::sets(file, path))) {
            return Err(self.unexpected(
                path,
                "set by `fileParameters`",
                "a value that a parameter wins over",
            ));
        }
        match self.value_below(path)? {
            Some(found @ (Value::Object(_) | Value::Array(_))) => {
                Err(self.unexpected(path, kind_of(&found), "text"))
            }
            Some(found) => {
                self.shadowed.push(Shadowed {
                    place: "valuesObject".to_owned(),
                    path: path.clone(),
                    value: leaf::text_of(Strategy::ValuesObject, &found),
                });
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// What stands there must be ours, or what we already recorded as being there before, or may be replaced.
    fn check_foreign(&self, wanted: &WantedLeaf, found: Option<&Value>) -> Result<(), Refusal> {
        let Some(found) = found else { return Ok(()) };
        let recorded = self.recorded(wanted);
        let known = recorded.is_some_and(|leaf| leaf.is_ours(found) || leaf.before.as_ref() == Some(found));
        if known || wanted.existing == ExistingValue::Replace {
            return Ok(());
        }
        let pointer = format!("{}{}", self.identity.pointer(), leaf::pointer(wanted.strategy, &wanted.path));
        Err(Refusal::ForeignValue {
            application: self.key.clone(),
            path: wanted.path.clone(),
            value: leaf::text_of(wanted.strategy, found),
            writer: writer_of(self.application, &pointer),
        })
    }

    fn recorded(&self, wanted: &WantedLeaf) -> Option<&LeafInverse> {
        self.inverse.leaves.iter().find(|leaf| leaf.is_for(wanted.strategy, &wanted.path))
    }

    /// Notes how the value is taken back. What we meant to write before stays known until something newer is seen in its
    /// place: the patch that was recorded may never have arrived.
    fn record(&mut self, wanted: &WantedLeaf, found: Option<Value>) {
        let leaves = &mut self.inverse.leaves;
        let Some(leaf) = leaves.iter_mut().find(|leaf| leaf.is_for(wanted.strategy, &wanted.path)) else {
            return leaves.push(LeafInverse {
                strategy: wanted.strategy,
                path: wanted.path.clone(),
                before: found,
                written: wanted.value.clone(),
                earlier: Vec::new(),
            });
        };
        if found.is_some_and(|found| leaf::says(wanted.strategy, &found, &leaf.written)) {
            leaf.earlier.clear();
        }
        let previous = std::mem::replace(&mut leaf.written, wanted.value.clone());
        leaf.earlier.push(previous);
        leaf.earlier.retain(|earlier| *earlier != wanted.value);
        leaf.earlier.dedup();
    }

    /// One patch for all leaves and the annotation.
    pub(super) fn finish(mut self, wanted: &Wanted, owner: &OwnerAnnotation) -> OverridePlan {
        let mut patch = GuardedPatch::default();
        patch.guard("/metadata/uid", self.application.metadata.uid.clone().into());
        if self.identity.index.is_none() {
            // With `sources` set, Argo CD would ignore the source that is written here.
            patch.guard("/spec/sources", Value::Null);
        }
        guard_source(&mut patch, self.identity, self.old);
        for leaf in &wanted.leaves {
            let keys = leaf::keys(leaf.strategy, &leaf.path);
            patch.change(&self.identity.pointer(), &self.old.0, &self.new, &keys);
        }
        owner.annotate(&mut patch, self.application, &wanted.service);
        self.inverse.created_parents.sort_by_key(|parent| parent.matches('/').count());
        OverridePlan {
            patch: patch.finish(),
            inverse: self.inverse,
            changes: self.changes,
            shadowed: self.shadowed,
        }
    }

    fn unexpected(&self, path: &ValuePath, found: &str, expected: &str) -> Refusal {
        Refusal::UnexpectedValue {
            application: self.key.clone(),
            path: path.clone(),
            found: found.to_owned(),
            expected: expected.to_owned(),
        }
    }
}

/// What a value is, in words.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}
