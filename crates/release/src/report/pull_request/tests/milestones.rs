//! GitHub is written to seldom, and always when there is something to say.

use super::*;
use crate::decide::Departure;
use proptest::prelude::*;
use std::collections::BTreeSet;

const RUN: &str = "r-1";

/// A release from its label to its end, tenant by tenant; those in `failing` fail.
fn walk(count: usize, failing: &BTreeSet<usize>) -> Vec<World> {
    let mut waiting = World::ring(vec![cohort(CohortState::Blocked, count, &[])]);
    waiting.decision.gates = vec![gate("build", GateState::Waiting, "it goes on")];
    let mut worlds = vec![waiting, World::ring(vec![cohort(CohortState::Due, count, &[])])];
    let tenants = |done: usize| -> Vec<TenantReport> {
        let one = |(index, name): (usize, String)| match (index < done, failing.contains(&index)) {
            (true, true) => tenant(&name, Some(TenantVerdict::Failed), Proof::Applied),
            (true, false) => tenant(&name, Some(TenantVerdict::Success), Proof::DigestVerified),
            (false, _) => tenant(&name, None, Proof::Patched),
        };
        names(count).into_iter().enumerate().map(one).collect()
    };
    worlds.extend((0..=count).map(|done| {
        World::ring(vec![cohort(CohortState::UnderWay, count, &[RUN])]).with(run(
            RUN,
            RunKind::Release,
            None,
            tenants(done),
        ))
    }));
    let verdict = if failing.is_empty() { ReleaseVerdict::Success } else { ReleaseVerdict::PartialSuccess };
    worlds.push(World::ring(vec![cohort(CohortState::Ended, count, &[RUN])]).with(run(
        RUN,
        RunKind::Release,
        Some(verdict),
        tenants(count),
    )));
    for (second, world) in worlds.iter_mut().enumerate() {
        world.now = at(i64::try_from(second).unwrap());
    }
    worlds
}

fn changes(keys: impl Iterator<Item = String>) -> usize {
    let mut keys: Vec<String> = keys.collect();
    keys.dedup();
    keys.len()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn a_release_of_any_size_has_few_milestones(
        count in prop_oneof![1_usize..40, Just(250)],
        failing in proptest::collection::btree_set(0_usize..250, 0..20),
    ) {
        let failing = failing.into_iter().filter(|index| *index < count).collect();
        let worlds = walk(count, &failing);
        let edits = changes(worlds.iter().map(|world| milestone(&world.report())));
        // Waiting, due, five fifths, the first failure, the end.
        prop_assert!(edits <= 9, "{edits} edits");
        let checks = changes(worlds.iter().map(|world| check_milestone(&world.report())));
        prop_assert!(checks <= 3, "{checks} checks");
    }
}

#[test]
fn the_start_the_first_failure_and_the_end_are_milestones() {
    let worlds = walk(100, &[0, 1].into());
    let keys: Vec<String> = worlds.iter().map(|world| milestone(&world.report())).collect();
    let (waiting, due, start, first, second) = (&keys[0], &keys[1], &keys[2], &keys[3], &keys[4]);
    assert!(waiting != due && due != start && start != first, "{keys:?}");
    assert_eq!(first, second, "another failure is not said again");
    assert_ne!(keys.last(), keys.iter().rev().nth(1), "the end");
}

#[test]
fn time_and_the_words_of_a_gate_are_no_milestones() {
    let mut world = World::ring(vec![cohort(CohortState::Blocked, 6, &[])]);
    world.decision.gates = vec![gate("build", GateState::Waiting, "it goes on")];
    let before = (milestone(&world.report()), check_milestone(&world.report()));
    world.now = at(9000);
    world.history.push((at(8000), "something".into()));
    world.decision.gates[0].found = "it still goes on".into();
    assert_eq!((milestone(&world.report()), check_milestone(&world.report())), before);
    world.decision.gates[0].state = GateState::Closed;
    let closed = (milestone(&world.report()), check_milestone(&world.report()));
    assert!(closed.0 != before.0 && closed.1 != before.1, "a gate that closed");
    world.pull_request.head_commit = "f".repeat(40);
    assert_ne!(check_milestone(&world.report()), closed.1, "another commit");
}

#[test]
fn refused_and_removed_labels_are_milestones_of_the_comment_only() {
    let all = tenants(6, 6);
    let mut world = World::ring(vec![cohort(CohortState::Ended, 6, &[RUN])]).with(run(
        RUN,
        RunKind::Release,
        Some(ReleaseVerdict::Success),
        all,
    ));
    let before = (milestone(&world.report()), check_milestone(&world.report()));
    world.decision.departures =
        vec![Departure { name: "cohort:file:path:pilots".into(), tenants: names(1), due: at(900) }];
    assert_ne!(milestone(&world.report()), before.0);
    assert_eq!(check_milestone(&world.report()), before.1);
}
