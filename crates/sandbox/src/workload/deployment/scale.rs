//! How many pods each ReplicaSet of a Deployment may have.

use super::{
    DESIRED, Deployment, MAXIMUM,
    sets::{Set, Sets},
};
use crate::Model;

/// Lets the new ReplicaSet grow, or shrink if it is too large (`reconcileNewReplicaSet`). Says whether it changed.
pub(super) fn grow(model: &mut Model, deployment: &Deployment, sets: &mut Sets) -> bool {
    let room = deployment.replicas + deployment.surge - sets.wanted();
    let Some(new) = &mut sets.new else { return false };
    let missing = deployment.replicas - new.replicas;
    let change = if missing < 0 { missing } else { missing.min(room.max(0)) };
    if change != 0 {
        new.scale(model, deployment, new.replicas + change);
    }
    change != 0
}

/// Lets the old ReplicaSets shrink (`reconcileOldReplicaSets`): first by pods that are not available anyway, then as far
/// as enough stay available. So a broken new pod keeps the last old ones alive. Says whether one changed.
pub(super) fn shrink(model: &mut Model, deployment: &Deployment, sets: &mut Sets) -> bool {
    let Some(new) = &sets.new else { return false };
    let least = deployment.replicas - deployment.unavailable;
    let new_unavailable = new.replicas - new.status("availableReplicas");
    let most = sets.wanted() - least - new_unavailable;
    if most <= 0 || sets.old.iter().all(|old| old.replicas == 0) {
        return false;
    }
    let available = sets.total("availableReplicas");
    let broken = shrink_each(model, deployment, &mut sets.old, most, |old| {
        old.replicas - old.status("availableReplicas")
    });
    let healthy = shrink_each(model, deployment, &mut sets.old, available - least, |old| old.replicas);
    broken + healthy > 0
}

/// Takes up to `most` pods from ReplicaSets, oldest first. Returns how many.
fn shrink_each(
    model: &mut Model,
    deployment: &Deployment,
    sets: &mut [Set],
    most: i64,
    of: impl Fn(&Set) -> i64,
) -> i64 {
    let mut taken = 0;
    for set in sets.iter_mut().filter(|set| set.replicas > 0) {
        let fewer = of(set).min(set.replicas).min(most - taken);
        if fewer > 0 {
            set.scale(model, deployment, set.replicas - fewer);
            taken += fewer;
        }
    }
    taken
}

/// Follows a change of `replicas` outside a rollout, or during one in proportion (`scale`).
pub(super) fn scale(model: &mut Model, deployment: &Deployment, sets: &mut Sets) {
    let active = sets.all().filter(|set| set.replicas > 0).count();
    if active > 1 && is_saturated(deployment, sets) {
        for old in sets.old.iter_mut().filter(|old| old.replicas > 0) {
            old.scale(model, deployment, 0);
        }
        return;
    }
    let mut all: Vec<&mut Set> = sets.old.iter_mut().chain(&mut sets.new).collect();
    if active > 1 {
        in_proportion(model, deployment, all);
        return;
    }
    let only = all.iter().position(|set| set.replicas > 0).or_else(|| all.len().checked_sub(1));
    if let Some(only) = only.and_then(|only| all.get_mut(only))
        && only.replicas != deployment.replicas
    {
        only.scale(model, deployment, deployment.replicas);
    }
}

/// Whether the new ReplicaSet has all pods that are wanted (`IsSaturated`).
fn is_saturated(deployment: &Deployment, sets: &Sets) -> bool {
    let wanted = deployment.replicas;
    sets.new.as_ref().is_some_and(|new| {
        new.replicas == wanted
            && new.annotation(DESIRED) == Some(wanted)
            && new.status("availableReplicas") == wanted
    })
}

fn in_proportion(model: &mut Model, deployment: &Deployment, mut sets: Vec<&mut Set>) {
    if deployment.is_recreate {
        return;
    }
    sets.retain(|set| set.replicas > 0);
    let most = deployment.replicas + deployment.surge;
    let allowed = if deployment.replicas > 0 { most } else { 0 };
    let to_add = allowed - sets.iter().map(|set| set.replicas).sum::<i64>();
    // The largest first, since it also takes what is left over.
    sets.reverse();
    sets.sort_by_key(|set| std::cmp::Reverse(set.replicas));
    let mut left = to_add;
    let mut sizes = Vec::with_capacity(sets.len());
    for set in &sets {
        let share = share(set, deployment, most);
        let share = if to_add > 0 { share.clamp(0, left.max(0)) } else { share.clamp(left.min(0), 0) };
        left -= share;
        sizes.push(set.replicas + share);
    }
    if let Some(first) = sizes.first_mut() {
        *first = (*first + left).max(0);
    }
    for (set, size) in sets.into_iter().zip(sizes) {
        set.scale(model, deployment, size);
    }
}

/// By how much a ReplicaSet changes if all change in proportion (`getReplicaSetFraction`).
fn share(set: &Set, deployment: &Deployment, most: i64) -> i64 {
    if deployment.replicas == 0 {
        return -set.replicas;
    }
    let before = set.annotation(MAXIMUM).filter(|most| *most > 0).unwrap_or(most);
    // Rounded to the nearest whole pod.
    (2 * set.replicas * most + before).checked_div(2 * before).unwrap_or(set.replicas) - set.replicas
}
