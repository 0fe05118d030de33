//! What a pull request asks for: from what was observed to what is to be done.
//!
//! [`decide`] is the list of rules about pull requests. It is a function: it reads no clock, talks to nobody and
//! remembers nothing. What it must know from before comes in with the [`Observation`]; called twice with the same
//! observation it says the same, and called after its actions were carried out it asks for none of them again.
//!
//! The groups of rules are in the files below, in the order in which they are applied. `docs/rings.md` lists each rule
//! with the test that shows it.

mod authority;
mod cohorts;
pub mod facts;
mod gates;
pub mod label;
mod outcome;
mod pattern;
mod releases;
mod returns;
pub mod rules;
mod standing;
mod tenants;
#[cfg(test)]
mod tests;
mod text;

pub use facts::Observation;
pub use outcome::{
    Action, CancelReason, CleanupReason, CohortDecision, CohortState, Decision, Departure, Gate, GateState,
    Standing, Stray,
};

use gates::Gates;
use jiff::{SignedDuration, Timestamp};
use returns::Returns;
use rules::OnMerge;
use std::time::Duration;

/// When to look again at what should change soon, and nobody tells us.
const SOON: Duration = Duration::from_secs(60);

/// When to look again at what changes only after somebody did something, and nobody tells us.
const LATER: Duration = Duration::from_secs(10 * 60);

/// When to try again to take back what could not be taken back, counted from when it was last tried.
const LATER_AFTER_FAILURE: Duration = Duration::from_secs(30 * 60);

/// Says what is to be done about a pull request.
pub fn decide(observation: &Observation) -> Decision {
    // 1. What is it to us? Only a branch of the service's own repository, with the right name and base, is a ring; a
    //    draft rests; what is over or no ring gives nothing back if another pull request goes on with the branch.
    let standing = standing::of(observation);

    // 2. Whose tenants does each label ask for? Wrong ones, those of people who may not, and those of cohorts that are
    //    wrong or too large get an answer and nothing else. A tenant belongs to the first label that may have it.
    let cohorts = cohorts::read(observation);

    // 3. May anything begin? The build of exactly this commit has succeeded, its images are there, nothing is frozen.
    let gates = match standing {
        Standing::Ring if cohorts.iter().any(cohorts::Cohort::asks) => gates::all(observation),
        _ => Gates::default(),
    };

    // 4. What goes back? Everything if it is over; after the grace period what labels hold that are gone, and what any
    //    label holds if it is no ring. What a label that is still there no longer names is kept and listed.
    let returns = match (&standing, observation.rules.on_merge) {
        (Standing::Ring, _) => returns::of_removed_labels(observation),
        (Standing::NotARing(_), _) => returns::of_all_labels(observation),
        (Standing::Closed, _) => returns::everything(observation, CleanupReason::Closed),
        (Standing::Merged, OnMerge::Cleanup) => returns::everything(observation, CleanupReason::Merged),
        (Standing::Merged, OnMerge::Keep) | (Standing::Resting(_) | Standing::Succeeded { .. }, _) => {
            Returns::default()
        }
    };
    let strays = if standing == Standing::Ring { returns::strays(observation) } else { Vec::new() };

    // 5. What is released? For each label that counts the tenants that do not have the head commit, if all gates are
    //    open; superseding what runs of an older commit.
    let releases = releases::of(observation, &standing, &cohorts, &gates);

    // 6. First what is taken back, so that a tenant is free before another release wants it.
    let actions = returns.actions.into_iter().chain(releases.actions).collect();
    let look_again = returns.look_again.into_iter().chain(releases.look_again).min();
    Decision {
        standing,
        gates: gates.list,
        cohorts: releases.cohorts,
        departures: returns.departures,
        strays,
        actions,
        noticed_gone: returns.noticed_gone,
        look_again,
    }
}

/// A time after another; the end of time if it is further away than that.
fn later(start: Timestamp, duration: Duration) -> Timestamp {
    SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| start.checked_add(duration).ok())
        .unwrap_or(Timestamp::MAX)
}
