//! Whether the ApplicationSet that generated an Application would take an override out again. It watches what it
//! generated and reverts within milliseconds, unless it was told not to.

use super::ApplicationUnderTest;
use crate::{
    application::ApplicationSet,
    overrides::{SourceIdentity, Wanted, WantedLeaf, leaf, owner::OwnerAnnotation, patch},
    refusal::Refusal,
    service::Strategy,
};

/// What to know about the ApplicationSet, if there is one that keeps the override.
pub(super) fn examine(
    facts: &ApplicationUnderTest<'_>,
    wanted: &Wanted,
    identity: &SourceIdentity,
) -> Result<Vec<String>, Refusal> {
    let Some(owner) = facts.application.application_set() else { return Ok(Vec::new()) };
    let Some(set) = facts.application_set else {
        return Err(Refusal::ApplicationSetUnknown {
            application: facts.key.clone(),
            application_set: owner.name.clone(),
        });
    };
    let annotation = OwnerAnnotation::key(&wanted.service);
    let mut notes = Vec::new();
    if set.spec.strategy.kind == "RollingSync" {
        notes.push(format!(
            "ApplicationSet {} syncs Application {} in steps (RollingSync), so the override waits for its step",
            owner.name, facts.key
        ));
    }
    if never_updates(set) {
        return Ok(notes);
    }
    let missing = uncovered(set, &facts.key.name, wanted, identity);
    if !missing.is_empty() {
        return Err(Refusal::ApplicationSetReverts {
            application: facts.key.clone(),
            application_set: owner.name.clone(),
            mend: mend(&missing, (!preserves(set, &annotation)).then_some(&annotation)),
        });
    }
    if !preserves(set, &annotation) {
        notes.push(format!(
            "ApplicationSet {} removes the annotation {annotation}, so another Ringway would not see this override; add it to its `preservedFields.annotations`",
            owner.name
        ));
    }
    if identity.index.is_some() {
        notes.push(format!(
            "ApplicationSet {} reverts the override when its template changes another field of `spec.sources`: lists are replaced as a whole",
            owner.name
        ));
    }
    Ok(notes)
}

/// Policies that leave existing Applications alone.
fn never_updates(set: &ApplicationSet) -> bool {
    matches!(set.spec.sync_policy.applications_sync.as_str(), "create-only" | "create-delete")
}

fn preserves(set: &ApplicationSet, annotation: &str) -> bool {
    set.spec.preserved_fields.annotations.iter().any(|preserved| preserved == annotation)
}

/// The JSON pointers that would have to be ignored and are not, each once.
fn uncovered(
    set: &ApplicationSet,
    application: &str,
    wanted: &Wanted,
    identity: &SourceIdentity,
) -> Vec<String> {
    let ignored = set.spec.ignore_application_differences.iter();
    let ignored: Vec<_> =
        ignored.filter(|ignored| ignored.name.is_empty() || ignored.name == application).collect();
    let mut missing = Vec::new();
    for leaf in &wanted.leaves {
        let pointer = format!("{}{}", identity.pointer(), leaf::pointer(leaf.strategy, &leaf.path));
        let covered = ignored.iter().any(|ignored| {
            ignored.json_pointers.iter().any(|ignored| is_at_or_above(ignored, &pointer))
                || ignored.jq_path_expressions.iter().any(|jq| selects(jq, leaf, identity))
        });
        let ask = match leaf.strategy {
            Strategy::Parameters => pointer,
            // The whole map: below it, what the template does not have would be wiped with its empty parent (argo-cd#29066).
            Strategy::ValuesObject => format!("{}/helm/valuesObject", identity.pointer()),
        };
        if !covered && !missing.contains(&ask) {
            missing.push(ask);
        }
    }
    missing
}

fn is_at_or_above(ancestor: &str, pointer: &str) -> bool {
    let (ancestor, pointer) = (patch::pointer_keys(ancestor), patch::pointer_keys(pointer));
    !ancestor.is_empty() && pointer.starts_with(&ancestor)
}

/// Whether an expression of jq plainly means this leaf or something above it: a path of plain keys, or the parameter
/// by its name. Anything cleverer is not understood and does not count.
fn selects(expression: &str, wanted: &WantedLeaf, identity: &SourceIdentity) -> bool {
    let expression: String = expression.split_whitespace().collect();
    let source = match identity.index {
        Some(index) => format!(".spec.sources[{index}]"),
        None => ".spec.source".to_owned(),
    };
    let by_name = |name: &str| format!("{source}.helm.parameters[]|select(.name=={name:?})");
    let mut plain = vec![".spec".to_owned(), source.clone()];
    let mut path = source.clone();
    for key in leaf::keys(wanted.strategy, &wanted.path) {
        path.push('.');
        path.push_str(key);
        plain.push(path.clone());
    }
    plain.contains(&expression)
        || (wanted.strategy == Strategy::Parameters && expression == by_name(&wanted.path.to_string()))
}

/// The YAML to add to the ApplicationSet's `spec`.
fn mend(pointers: &[String], annotation: Option<&String>) -> String {
    let mut yaml = vec!["ignoreApplicationDifferences:".to_owned(), "- jsonPointers:".to_owned()];
    yaml.extend(pointers.iter().map(|pointer| format!("  - {}", quoted(pointer))));
    if let Some(annotation) = annotation {
        yaml.extend([
            "preservedFields:".to_owned(),
            "  annotations:".to_owned(),
            format!("  - {annotation}"),
        ]);
    }
    yaml.join("\n")
}

/// A pointer as YAML: in quotes where plain text would be read as something else.
fn quoted(pointer: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/~._-".contains(c);
    if pointer.chars().all(plain) { pointer.to_owned() } else { serde_json::Value::from(pointer).to_string() }
}
