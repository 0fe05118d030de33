//! Planning a write: one guarded patch for all values of an Application, and what takes it back.

pub use super::{
    leaf::{is_overridden, leaf_value, shadowed_by, source_carries, source_carries_none},
    source::{find_source, matching_sources},
    writer::writer_of,
};

use super::{
    Inverse, OverridePlan, SourceIdentity, Wanted, draft::Draft, owner::OwnerAnnotation, source::source_at,
};
use crate::{
    application::{Application, ApplicationKey},
    refusal::Refusal,
    service::Strategy,
};

/// Plans the patch that makes an Application carry all wanted values and our annotation.
///
/// `recorded` is what the ledger already has for this claim. What was before is taken from it and never changed; what
/// it says we wrote is ours to replace. The patch is empty if everything already is as wanted.
///
/// # Errors
///
/// If the Application must not be written to; the first reason of several.
pub fn plan(
    application: &Application,
    key: &ApplicationKey,
    wanted: &Wanted,
    recorded: Option<&Inverse>,
    owner: &OwnerAnnotation,
) -> Result<OverridePlan, Refusal> {
    let identity = find_source(application, key, &wanted.source)?;
    plan_in(application, key, wanted, &identity, recorded, owner).map_err(|mut refusals| refusals.remove(0))
}

/// As [`plan`], in the source at `identity`. Every reason not to write is returned, at least one.
pub(super) fn plan_in(
    application: &Application,
    key: &ApplicationKey,
    wanted: &Wanted,
    identity: &SourceIdentity,
    recorded: Option<&Inverse>,
    owner: &OwnerAnnotation,
) -> Result<OverridePlan, Vec<Refusal>> {
    let source = source_at(application, identity).ok_or_else(|| vec![moved(key, identity, None)])?;
    if let Some(refusal) = claimed_elsewhere(application, key, &wanted.service, owner) {
        // Alone: what stands there is the other's, and nobody is to remove it because we ask for it.
        return Err(vec![refusal]);
    }
    let mut refusals = Vec::new();
    refusals.extend(recorded.and_then(|recorded| other_object(application, key, identity, recorded)));
    let mut draft = Draft::new(application, key, identity, source, recorded);
    for leaf in &wanted.leaves {
        refusals.extend(draft.write(leaf).err());
    }
    // After all are written: a nested value of ours may as well stand in the way of a parameter.
    let parameters = || wanted.leaves.iter().filter(|leaf| leaf.strategy == Strategy::Parameters);
    for leaf in parameters() {
        refusals.extend(draft.check_values_below(&leaf.path).err());
    }
    // A parameter that is wanted as well is ours.
    for leaf in wanted.leaves.iter().filter(|leaf| leaf.strategy == Strategy::ValuesObject) {
        if parameters().all(|parameter| parameter.path != leaf.path) {
            refusals.extend(draft.check_parameters_above(&leaf.path).err());
        }
    }
    // Where all leaves meet the same obstacle, it is one.
    refusals.dedup();
    if refusals.is_empty() { Ok(draft.finish(wanted, owner)) } else { Err(refusals) }
}

/// Why what was recorded does not belong to this source of this object.
fn other_object(
    application: &Application,
    key: &ApplicationKey,
    identity: &SourceIdentity,
    recorded: &Inverse,
) -> Option<Refusal> {
    if recorded.uid != application.metadata.uid {
        return Some(Refusal::Recreated { application: key.clone() });
    }
    (!recorded.source.is_same_source(identity)).then(|| moved(key, &recorded.source, Some(identity)))
}

fn moved(key: &ApplicationKey, recorded: &SourceIdentity, found: Option<&SourceIdentity>) -> Refusal {
    Refusal::SourceChanged {
        application: key.clone(),
        recorded: recorded.to_string(),
        found: found.map_or_else(|| "not there".to_owned(), ToString::to_string),
    }
}

/// Whether the annotation names another ledger. Another ring of the same ledger is for the ledger to decide.
fn claimed_elsewhere(
    application: &Application,
    key: &ApplicationKey,
    service: &str,
    owner: &OwnerAnnotation,
) -> Option<Refusal> {
    match OwnerAnnotation::read(application, service)? {
        Ok(found) if found.ledger == owner.ledger => None,
        Ok(found) => {
            Some(Refusal::ClaimedElsewhere { application: key.clone(), ring: found.ring, since: found.since })
        }
        Err(unreadable) => Some(Refusal::UnreadableOwner {
            application: key.clone(),
            annotation: unreadable.key,
            value: unreadable.value,
        }),
    }
}

#[cfg(test)]
mod tests;
