//! How the inverse of an override grows from patch to patch. Pure.

use super::{Claim, LedgerError};
use release::overrides::{Inverse, LeafInverse, Wanted};

/// What takes back both what is recorded and what is about to be written.
///
/// What was before is the tenant's own value and stays as it was first recorded. What we wrote joins what we wrote
/// earlier: until the new patch is confirmed, either may stand there.
///
/// # Errors
///
/// If the two are about different objects or sources.
pub(super) fn merge(claim: &Claim, recorded: &Inverse, new: &Inverse) -> Result<Inverse, LedgerError> {
    let elsewhere = |what| LedgerError::RecordedElsewhere {
        application: claim.application.clone(),
        service: claim.service.clone(),
        tenant: claim.tenant.clone(),
        what,
    };
    if recorded.uid != new.uid {
        return Err(elsewhere("object"));
    }
    if !recorded.source.is_same_source(&new.source) {
        return Err(elsewhere("source"));
    }
    let mut leaves = recorded.leaves.clone();
    for leaf in &new.leaves {
        match leaves.iter_mut().find(|known| is_same_place(known, leaf)) {
            Some(known) => overwrite(known, leaf),
            None => leaves.push(leaf.clone()),
        }
    }
    let mut created_parents = recorded.created_parents.clone();
    created_parents.extend(
        new.created_parents.iter().filter(|parent| !recorded.created_parents.contains(parent)).cloned(),
    );
    // Outermost first, wherever they came from.
    created_parents.sort_by_key(|parent| parent.matches('/').count());
    Ok(Inverse { uid: new.uid.clone(), source: new.source.clone(), leaves, created_parents })
}

/// After a patch is confirmed, nothing older can stand at the values that it wrote.
pub(super) fn confirm(inverse: &mut Inverse, wanted: &Wanted) {
    for leaf in &mut inverse.leaves {
        let stands = |wanted: &release::overrides::WantedLeaf| {
            (wanted.strategy, &wanted.path, &wanted.value) == (leaf.strategy, &leaf.path, &leaf.written)
        };
        if wanted.leaves.iter().any(stands) {
            leaf.earlier.clear();
        }
    }
}

fn is_same_place(one: &LeafInverse, other: &LeafInverse) -> bool {
    (one.strategy, &one.path) == (other.strategy, &other.path)
}

fn overwrite(known: &mut LeafInverse, new: &LeafInverse) {
    let previous = std::mem::replace(&mut known.written, new.written.clone());
    for value in new.earlier.iter().chain([&previous]) {
        if !known.earlier.contains(value) {
            known.earlier.push(value.clone());
        }
    }
    known.earlier.retain(|value| *value != known.written);
}
