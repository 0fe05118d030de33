//! What holds for any observation.

mod observations;
mod world;

use super::*;
use crate::decide::{GateState, Standing};
use observations::{any_observation, calm};
use proptest::{
    prelude::{Strategy, prop_assert, prop_assert_eq, proptest},
    strategy::ValueTree,
    test_runner::TestRunner,
};
use std::collections::BTreeSet;

/// Every tenant that an action writes to, with repetitions.
fn written(decision: &Decision) -> Vec<&String> {
    let tenants = decision.actions.iter().filter_map(|action| match action {
        Action::Cleanup { tenants, .. } | Action::Release { tenants, .. } => Some(tenants),
        Action::Cancel { .. } => None,
    });
    tenants.flatten().collect()
}

fn released(decision: &Decision) -> impl Iterator<Item = &Action> {
    decision.actions.iter().filter(|action| matches!(action, Action::Release { .. }))
}

fn taken_back(decision: &Decision) -> BTreeSet<&String> {
    let tenants = decision.actions.iter().filter_map(|action| match action {
        Action::Cleanup { tenants, .. } => Some(tenants),
        _ => None,
    });
    tenants.flatten().collect()
}

#[test]
fn the_observations_are_of_all_kinds() {
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..1000 {
        let decision = decide(&any_observation().new_tree(&mut runner).unwrap().current());
        for action in &decision.actions {
            *seen
                .entry(if matches!(action, Action::Release { .. }) { "release" } else { "back" })
                .or_default() += 1;
        }
        *seen.entry("departure").or_default() += decision.departures.len();
        *seen.entry("stray").or_default() += decision.strays.len();
        (0..decision.cohorts.len()).for_each(|at| *seen.entry(state(&decision, at)).or_default() += 1);
    }
    for kind in [
        "release",
        "back",
        "departure",
        "stray",
        "refused",
        "unknown",
        "blocked",
        "due",
        "under way",
        "ended",
    ] {
        assert!(seen.get(kind).is_some_and(|times| *times >= 20), "{kind}: {seen:?}");
    }
}

proptest! {
    #[test]
    fn the_same_observation_makes_the_same_decision(observation in any_observation()) {
        prop_assert_eq!(decide(&observation), decide(&observation));
    }

    #[test]
    fn nothing_is_released_without_standing_authority_and_gates(observation in any_observation()) {
        let decision = decide(&observation);
        for action in released(&decision) {
            let Action::Release { label, commit, images, tenants, .. } = action else { unreachable!() };
            prop_assert_eq!(&decision.standing, &Standing::Ring);
            prop_assert!(decision.gates.iter().all(|gate| gate.state == GateState::Open));
            prop_assert_eq!(commit, &observation.pull_request.head_commit);
            prop_assert!(!images.is_empty() && !tenants.is_empty() && observation.frozen.is_none());
            let at = observation.labels.iter().position(|facts| facts.name == *label).unwrap();
            prop_assert_eq!(&decision.cohorts[at].state, &CohortState::Due);
            let facts = &observation.labels[at];
            let Known::Yes(person) = &facts.set_by else { panic!("released for nobody") };
            prop_assert!(matches!(person.permission, Known::Yes(permission) if permission >= Permission::Write));
            let Known::Yes(CohortFacts::Tenants { tenants: listed, .. }) = &facts.cohort else { panic!("no cohort") };
            prop_assert!(tenants.iter().all(|tenant| listed.contains(tenant)));
            prop_assert!(listed.len() <= observation.rules.cohort_limit && facts.label.is_ok());
        }
    }

    #[test]
    fn a_fork_never_does_anything_new(mut observation in any_observation()) {
        observation.pull_request.head_repository = Some(observation.pull_request.base_repository + 1);
        prop_assert_eq!(released(&decide(&observation)).count(), 0);
    }

    #[test]
    fn no_tenant_is_in_two_actions(observation in any_observation()) {
        let decision = decide(&observation);
        let written = written(&decision);
        prop_assert_eq!(written.iter().collect::<BTreeSet<_>>().len(), written.len());
    }

    #[test]
    fn first_is_cancelled_then_taken_back_then_released(observation in any_observation()) {
        let order = |action: &Action| match action {
            Action::Cancel { .. } => 0,
            Action::Cleanup { .. } => 1,
            Action::Release { .. } => 2,
        };
        prop_assert!(decide(&observation).actions.is_sorted_by_key(order));
    }

    #[test]
    fn a_ring_never_takes_back_what_a_label_wants(observation in any_observation()) {
        let decision = decide(&observation);
        if decision.standing == Standing::Ring {
            let back = taken_back(&decision);
            for facts in &observation.labels {
                if let (Ok(_), Known::Yes(CohortFacts::Tenants { tenants, .. })) = (&facts.label, &facts.cohort) {
                    prop_assert!(tenants.iter().all(|tenant| !back.contains(tenant)));
                }
            }
        }
    }

    #[test]
    fn only_what_is_held_is_taken_back_and_nothing_twice(observation in any_observation()) {
        for tenant in taken_back(&decide(&observation)) {
            let history = &observation.tenants[tenant];
            prop_assert!(history.held && !history.cleaned.as_ref().is_some_and(|cleaned| cleaned.unfinished));
        }
    }

    #[test]
    fn nothing_happens_while_nothing_is_known(mut observation in any_observation()) {
        let unknown = "GitHub answered 502".to_owned();
        observation.build = Known::NotYet(unknown.clone());
        observation.images = Known::NotYet(unknown.clone());
        for facts in &mut observation.labels {
            facts.set_by = Known::NotYet(unknown.clone());
            facts.cohort = Known::NotYet(unknown.clone());
        }
        let decision = decide(&observation);
        prop_assert_eq!(released(&decision).count(), 0);
        if decision.standing == Standing::Ring && observation.labels.iter().any(|facts| facts.label.is_ok()) {
            prop_assert_eq!(&decision.actions, &[]);
            prop_assert_eq!(decision.look_again, Some(minute(NOW + 1)));
        }
    }

    #[test]
    fn a_label_of_which_nothing_is_known_takes_nothing_back(mut observation in any_observation(), which in 0_usize..4) {
        let before = decide(&observation);
        for facts in observation.labels.iter_mut().skip(which).take(1) {
            facts.set_by = Known::NotYet("GitHub answered 502".to_owned());
            facts.cohort = Known::NotYet("GitHub answered 502".to_owned());
        }
        let after = decide(&observation);
        let back = taken_back(&before);
        prop_assert!(taken_back(&after).iter().all(|tenant| back.contains(tenant)));
        // Another label may get a tenant that was the first one's, but nothing that ended well is begun anew.
        let begun: BTreeSet<&String> = written(&before).into_iter().collect();
        for tenant in written(&after).into_iter().filter(|tenant| !begun.contains(tenant)) {
            let past = observation.tenants.get(tenant).and_then(|history| history.released.as_ref());
            let lost = observation.labels.get(which).map(|facts| &facts.name);
            prop_assert!(past.is_none_or(|past| past.label.as_ref() != lost || past.verdict != Some(TenantVerdict::Success)
                || past.commit.as_deref() != Some(&observation.pull_request.head_commit)));
        }
    }

    #[test]
    fn only_labels_that_hold_something_are_remembered(observation in any_observation()) {
        let decision = decide(&observation);
        for label in decision.noticed_gone.keys() {
            let holds = |history: &TenantHistory| {
                let of_label = |past: &PastRelease| past.label.as_ref() == Some(label) && (history.held || past.unfinished);
                history.released.as_ref().is_some_and(of_label)
            };
            prop_assert!(observation.tenants.values().any(holds));
            let there = observation.labels.iter().any(|facts| facts.name == *label);
            prop_assert!(!there || decision.standing != Standing::Ring);
        }
    }

    #[test]
    fn it_looks_again_only_in_the_future(observation in any_observation()) {
        let decision = decide(&observation);
        prop_assert!(decision.look_again.is_none_or(|at| at > observation.now));
        prop_assert!(decision.noticed_gone.values().all(|at| *at <= observation.now));
    }

    #[test]
    fn what_was_carried_out_is_not_asked_for_again(observation in any_observation()) {
        let mut observation = observation;
        // A release that was stopped for one label may leave a tenant to another one.
        for _ in 0..3 {
            let decision = decide(&observation);
            world::carry_out(&mut observation, &decision);
        }
        prop_assert_eq!(say(&decide(&observation)), [""; 0]);
    }

    #[test]
    fn in_the_end_the_fleet_is_what_the_pull_request_says(observation in calm()) {
        let mut observation = observation;
        for _ in 0..12 {
            let decision = decide(&observation);
            world::carry_out(&mut observation, &decision);
            world::end_all(&mut observation);
            observation.now += SignedDuration::from_mins(5);
        }
        let decision = decide(&observation);
        prop_assert_eq!(say(&decision), [""; 0]);
        prop_assert_eq!(decision.look_again, None);
        for cohort in decision.cohorts.iter().filter(|_| decision.standing == Standing::Ring) {
            prop_assert!(!matches!(cohort.state, CohortState::Due | CohortState::Blocked | CohortState::UnderWay));
        }
        let wanted: BTreeSet<&String> = decision.cohorts.iter().flat_map(|cohort| &cohort.tenants).collect();
        for (tenant, history) in &observation.tenants {
            match decision.standing {
                Standing::Ring if wanted.contains(tenant) => prop_assert!(history.held),
                Standing::Ring if decision.strays.iter().any(|stray| stray.tenant == *tenant) => {}
                Standing::Ring | Standing::Closed => prop_assert!(!history.held, "{tenant} is held for nothing"),
                _ => {}
            }
        }
    }
}
