//! Planning the way back: a guarded patch, from a fresh read, that touches only what is still ours.

use super::{
    Inverse, LeafInverse, SourceIdentity, Wanted, WantedLeaf, leaf,
    owner::OwnerAnnotation,
    patch::{self, GuardedPatch},
    source::{guard_source, locate, source_at},
    writer::writer_of,
};
use crate::{
    application::{Application, ApplicationKey, Source},
    service::Strategy,
};
use serde_json::Value;

/// What is to be done to take an override back.
#[derive(Debug, Clone, PartialEq)]
pub enum Undo {
    /// Nothing of ours stands there any more.
    Nothing {
        /// Values that others have changed since, each in a sentence.
        left_alone: Vec<String>,
    },
    /// This patch takes it back.
    Patch {
        /// The guarded JSON patch (RFC 6902).
        patch: Vec<Value>,
        /// Values that others have changed since, each in a sentence.
        left_alone: Vec<String>,
    },
    /// It is another object by the same name: nothing of ours ever was in it.
    Gone {
        /// What happened, in a sentence.
        reason: String,
    },
}

/// Plans how to take back what `inverse` recorded for a service.
///
/// Only values that still say what we wrote are touched: what was before comes back, what was not there goes, and so do
/// parents that we created, if nothing else is in them.
pub fn undo(
    application: &Application,
    key: &ApplicationKey,
    inverse: &Inverse,
    service: &str,
    ledger: &str,
) -> Undo {
    if application.metadata.uid != inverse.uid {
        return Undo::Gone { reason: format!("Application {key} was deleted and created again") };
    }
    let mut patch = GuardedPatch::default();
    let mut left_alone = Vec::new();
    patch.guard("/metadata/uid", inverse.uid.clone().into());
    let located = locate(application, &inverse.source);
    match located.as_ref().and_then(|identity| Some((identity, source_at(application, identity)?))) {
        Some((identity, source)) => {
            guard_source(&mut patch, identity, source);
            left_alone = restore(&mut patch, application, identity, source, inverse);
        }
        None => left_alone.push(format!("the source {} is no longer in Application {key}", inverse.source)),
    }
    left_alone.extend(unannotate(&mut patch, application, service, ledger));
    match patch.finish() {
        patch if patch.is_empty() => Undo::Nothing { left_alone },
        patch => Undo::Patch { patch, left_alone },
    }
}

/// What must not stand in the Application any more when the override is taken back: the wanted values without those that
/// were there before in the same words, such as a repository that only the tag next to it was changed in.
#[must_use]
pub fn gone_afterwards(wanted: &Wanted, inverse: &Inverse) -> Wanted {
    let comes_back = |wanted: &WantedLeaf| {
        let recorded = inverse.leaves.iter().find(|leaf| leaf.is_for(wanted.strategy, &wanted.path));
        let before = recorded.and_then(|leaf| leaf.before.as_ref());
        before.is_some_and(|before| leaf::says(wanted.strategy, before, &wanted.value))
    };
    let leaves = wanted.leaves.iter().filter(|leaf| !comes_back(leaf)).cloned().collect();
    Wanted { service: wanted.service.clone(), source: wanted.source.clone(), leaves }
}

/// Takes every leaf back that is still ours. Returns those that are not.
fn restore(
    patch: &mut GuardedPatch,
    application: &Application,
    identity: &SourceIdentity,
    source: &Source,
    inverse: &Inverse,
) -> Vec<String> {
    let mut restored = source.0.clone();
    let mut left_alone = Vec::new();
    let mut touched = Vec::new();
    for leaf in &inverse.leaves {
        let outcome = match leaf.strategy {
            Strategy::Parameters => restore_parameter(&mut restored, leaf),
            Strategy::ValuesObject => restore_value(&mut restored, leaf),
        };
        match outcome {
            Outcome::Restored => touched.push(leaf),
            Outcome::AsBefore => {}
            Outcome::Changed(now) => {
                left_alone.push(describe(application, &identity.pointer(), leaf, now.as_deref()));
            }
        }
    }
    prune(&mut restored, inverse);
    for leaf in touched {
        patch.change(&identity.pointer(), &source.0, &restored, &leaf::keys(leaf.strategy, &leaf.path));
    }
    left_alone
}

/// What became of one leaf.
enum Outcome {
    /// It was ours and is as before now.
    Restored,
    /// It already was as before.
    AsBefore,
    /// Others have changed it; this is what it says now, if anything.
    Changed(Option<String>),
}

impl Outcome {
    fn not_ours(leaf: &LeafInverse, found: Option<&Value>) -> Self {
        if found == leaf.before.as_ref() {
            return Self::AsBefore;
        }
        Self::Changed(found.map(|found| leaf::text_of(leaf.strategy, found)))
    }
}

fn restore_parameter(source: &mut Value, leaf: &LeafInverse) -> Outcome {
    let mut list = leaf::parameters(source).to_vec();
    let ours = list.iter().position(|entry| leaf::sets(entry, &leaf.path) && leaf.is_ours(entry));
    let Some(place) = ours else {
        return Outcome::not_ours(leaf, list.iter().rev().find(|entry| leaf::sets(entry, &leaf.path)));
    };
    match (&leaf.before, list.get_mut(place)) {
        (Some(before), Some(entry)) => before.clone_into(entry),
        _ => drop(list.remove(place)),
    }
    if list.is_empty() {
        // Never an empty list: Argo CD drops it, and a parent Application that compares it would stay out of sync.
        patch::remove(source, &leaf::PARAMETERS);
    } else {
        patch::set(source, &leaf::PARAMETERS, Value::Array(list));
    }
    Outcome::Restored
}

fn restore_value(source: &mut Value, leaf: &LeafInverse) -> Outcome {
    let keys = leaf::keys(leaf.strategy, &leaf.path);
    let found = patch::get(source, &keys);
    if !found.is_some_and(|found| leaf.is_ours(found)) {
        return Outcome::not_ours(leaf, found);
    }
    match &leaf.before {
        Some(before) => patch::set(source, &keys, before.clone()),
        None => patch::remove(source, &keys),
    }
    Outcome::Restored
}

/// Removes the parents that we created and that are empty now, innermost first.
fn prune(source: &mut Value, inverse: &Inverse) {
    for parent in inverse.created_parents.iter().rev() {
        let keys = patch::pointer_keys(parent);
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let empty =
            patch::get(source, &keys).and_then(Value::as_object).is_some_and(serde_json::Map::is_empty);
        if empty {
            patch::remove(source, &keys);
        }
    }
}

/// Who changed a leaf since, in a sentence.
fn describe(application: &Application, base: &str, leaf: &LeafInverse, now: Option<&str>) -> String {
    let place = match leaf.strategy {
        Strategy::Parameters => "parameter",
        Strategy::ValuesObject => "value",
    };
    let writer = writer_of(application, &format!("{base}{}", leaf::pointer(leaf.strategy, &leaf.path)));
    let by = writer.map(|writer| format!(", last written by {}", writer.manager)).unwrap_or_default();
    match now {
        Some(now) => format!("{place} {} says {now:?}, not {:?} as we wrote{by}", leaf.path, leaf.written),
        None => format!("{place} {} is not there any more{by}", leaf.path),
    }
}

/// Removes our annotation. Returns what stands there instead.
fn unannotate(
    patch: &mut GuardedPatch,
    application: &Application,
    service: &str,
    ledger: &str,
) -> Option<String> {
    let key = OwnerAnnotation::key(service);
    match OwnerAnnotation::read(application, service)? {
        Ok(owner) if owner.ledger == ledger => {
            OwnerAnnotation::remove(patch, application, service);
            None
        }
        Ok(owner) => Some(format!("annotation {key} names ring {} of another Ringway", owner.ring)),
        Err(unreadable) => Some(unreadable.to_string()),
    }
}

#[cfg(test)]
mod tests;
