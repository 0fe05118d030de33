//! What is released: for each label that counts, its tenants of which a release is due, if all gates are open.

use super::{
    Action, CohortDecision, CohortState, Observation, SOON, Standing,
    cohorts::Cohort,
    facts::{CohortFacts, Known, LabelFacts},
    gates::{self, Gates},
    later,
    tenants::{Asked, Progress, progress},
};
use jiff::Timestamp;
use std::{cmp::Reverse, collections::BTreeSet};

/// What is released, and where each label stands.
pub(super) struct Releases {
    /// Each label.
    pub(super) cohorts: Vec<CohortDecision>,
    /// The releases to begin.
    pub(super) actions: Vec<Action>,
    /// When to look again.
    pub(super) look_again: Option<Timestamp>,
}

/// Goes through all labels.
pub(super) fn of(
    observation: &Observation,
    standing: &Standing,
    cohorts: &[Cohort<'_>],
    gates: &Gates,
) -> Releases {
    let ring = *standing == Standing::Ring;
    let images = gates::images_to_release(observation).filter(|_| ring && gates.open());
    let mut releases = Releases { cohorts: Vec::new(), actions: Vec::new(), look_again: None };
    let mut waits = Vec::new();
    for cohort in cohorts {
        let places = places(observation, cohorts, cohort);
        let state = match standing {
            Standing::NotARing(why) => CohortState::Refused(format!("the pull request is not a ring: {why}")),
            _ => cohort.answer().unwrap_or_else(|| state(&places, images.is_some())),
        };
        match (&state, &images) {
            (CohortState::Due, Some(images)) => releases.actions.push(Action::Release {
                label: cohort.facts.name.clone(),
                commit: observation.pull_request.head_commit.clone(),
                images: images.clone(),
                tenants: with(&places, Progress::Due),
                revision: revision(cohort.facts),
            }),
            (CohortState::Blocked, _) => waits.extend(gates.look_again),
            (CohortState::Unknown(_), _) => waits.push(later(observation.now, SOON)),
            _ => {}
        }
        waits.extend(places.iter().filter_map(|(_, progress)| match progress {
            Progress::Claimed(again) => Some(*again),
            Progress::InCleanup => Some(later(observation.now, SOON)),
            _ => None,
        }));
        releases.cohorts.push(CohortDecision {
            name: cohort.facts.name.clone(),
            label: cohort.facts.label.clone().ok(),
            set_by: set_by(cohort.facts),
            state,
            tenants: cohort.tenants.iter().map(|tenant| (*tenant).to_owned()).collect(),
            taken_back: with(&places, Progress::TakenBack),
            revision: revision(cohort.facts),
            runs: runs(observation, &cohort.facts.name),
        });
    }
    // Nothing of this is awaited by a pull request that cannot release.
    releases.look_again = waits.into_iter().min().filter(|_| ring);
    releases
}

/// Where each tenant of a label that counts stands.
fn places<'a>(
    observation: &Observation,
    cohorts: &[Cohort<'_>],
    cohort: &Cohort<'a>,
) -> Vec<(&'a str, Progress)> {
    if !cohort.accepted() {
        return Vec::new();
    }
    let unknown: BTreeSet<&str> = cohorts
        .iter()
        .filter(|other| other.asks() && !other.accepted())
        .map(|other| other.facts.name.as_str())
        .collect();
    let asked = Asked {
        label: &cohort.facts.name,
        set_at: cohort.facts.set_at,
        commit: &observation.pull_request.head_commit,
        unknown: &unknown,
        now: observation.now,
    };
    let place = |tenant: &&'a str| {
        let history = observation.tenants.get(*tenant);
        (*tenant, history.map_or(Progress::Due, |history| progress(&asked, history)))
    };
    cohort.tenants.iter().map(place).collect()
}

/// The state of a label that counts. What is to be done says more than what is done already.
fn state(places: &[(&str, Progress)], may_begin: bool) -> CohortState {
    let any = |wanted: fn(&Progress) -> bool| places.iter().any(|(_, progress)| wanted(progress));
    if may_begin && any(|progress| *progress == Progress::Due) {
        CohortState::Due
    } else if any(|progress| *progress == Progress::UnderWay) {
        CohortState::UnderWay
    } else if any(|progress| matches!(progress, Progress::Due | Progress::InCleanup)) {
        CohortState::Blocked
    } else {
        CohortState::Ended
    }
}

fn with(places: &[(&str, Progress)], wanted: Progress) -> Vec<String> {
    let those = places.iter().filter(|(_, progress)| *progress == wanted);
    those.map(|(tenant, _)| (*tenant).to_owned()).collect()
}

/// The releases of the head commit for a label, the newest first.
fn runs(observation: &Observation, label: &str) -> Vec<String> {
    let commit = observation.pull_request.head_commit.as_str();
    let releases = observation.tenants.values().filter_map(|history| history.released.as_ref());
    let of_label = releases
        .filter(|past| past.label.as_deref() == Some(label) && past.commit.as_deref() == Some(commit))
        .map(|past| Reverse((past.place, past.run.as_str())));
    let runs: BTreeSet<_> = of_label.collect();
    runs.into_iter().map(|Reverse((_, run))| run.to_owned()).collect()
}

fn set_by(facts: &LabelFacts) -> Option<String> {
    match &facts.set_by {
        Known::Yes(person) => Some(person.login.clone()),
        Known::NotYet(_) => None,
    }
}

fn revision(facts: &LabelFacts) -> Option<String> {
    match &facts.cohort {
        Known::Yes(CohortFacts::Tenants { revision, .. }) => revision.clone(),
        _ => None,
    }
}
