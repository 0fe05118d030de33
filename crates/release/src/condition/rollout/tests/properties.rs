//! What holds for any workload and any pods.

use super::{deployment, stateful_set, *};
use crate::{condition::testing, proof::Proof};
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use serde::Deserialize;

/// What can be wrong with a pod that ought to be new, ready and right.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Old,
    NotReady,
    GoingAway,
    Stuck,
    WrongDigest,
    NoDigest,
    Missing,
}

fn any_fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::Old),
        Just(Fault::NotReady),
        Just(Fault::GoingAway),
        Just(Fault::Stuck),
        Just(Fault::WrongDigest),
        Just(Fault::NoDigest),
        Just(Fault::Missing),
    ]
}

/// Puts the fault into the pod; false takes the pod away.
fn strike(pod: &mut Value, fault: Fault) -> bool {
    match fault {
        Fault::Old => {
            pod["metadata"]["labels"] =
                json!({"controller-revision-hash": "atlas-old", "pod-template-hash": "old"});
            if pod["metadata"]["ownerReferences"][0]["kind"] == "ReplicaSet" {
                pod["metadata"]["ownerReferences"][0]["uid"] = json!("rs-old");
            }
        }
        Fault::NotReady => not_ready(pod),
        Fault::GoingAway => pod["metadata"]["deletionTimestamp"] = json!(NOW),
        Fault::Stuck => stuck(pod, "ImagePullBackOff"),
        Fault::WrongDigest => pod["status"]["containerStatuses"][1]["imageID"] = json!(digest('e')),
        Fault::NoDigest => pod["status"]["containerStatuses"][1]["imageID"] = json!(""),
        Fault::Missing => return false,
    }
    true
}

/// A fixture whose controller says that all is well, whatever its pods are.
fn struck(mut fixture: Fixture, faults: &[(usize, Fault)]) -> Fixture {
    let mut gone = Vec::new();
    for (index, fault) in faults {
        let index = index % fixture.pods.len();
        if !strike(&mut fixture.pods[index], *fault) {
            gone.push(index);
        }
    }
    gone.sort_unstable();
    gone.dedup();
    gone.into_iter().rev().for_each(|index| drop(fixture.pods.remove(index)));
    fixture
}

proptest! {
    #[test]
    fn a_controller_that_says_all_is_well_proves_nothing(
        replicas in 1_u32..5, faults in proptest::collection::vec((0_usize..8, any_fault()), 1..5)
    ) {
        for fixture in [stateful_set::stateful_set(replicas), deployment::deployment()] {
            let proven = matches!(struck(fixture, &faults).ask(), RolloutState::Proven { .. });
            prop_assert!(!proven);
        }
    }

    #[test]
    fn mending_one_pod_never_takes_back_another(
        replicas in 2_u32..5, faults in proptest::collection::vec((0_usize..8, any_fault()), 1..6)
    ) {
        let mut finished = 0;
        for from in 0..=faults.len() {
            match struck(stateful_set::stateful_set(replicas), &faults[from..]).ask() {
                RolloutState::Waiting { finished_pods, wanted_pods, .. } => {
                    prop_assert!(finished_pods >= finished && finished_pods <= wanted_pods);
                    finished = finished_pods;
                }
                RolloutState::Proven { proof, .. } => prop_assert_eq!(proof, Proof::DigestVerified),
                RolloutState::Failed { .. } => {}
            }
        }
    }

    #[test]
    fn any_partition_counts_only_the_pods_above_it(
        replicas in 1_u32..5, partition in any::<u32>(), start in any::<u32>(), old in 0_u32..5
    ) {
        let (partition, start) = (partition % 6, start % 1000);
        let mut fixture = stateful_set::stateful_set(replicas);
        fixture.set("/spec/updateStrategy/rollingUpdate/partition", json!(partition));
        fixture.set("/spec/ordinals", json!({"start": start}));
        fixture.pods = (0..replicas)
            .map(|index| {
                let revision = if index < old { "atlas-old" } else { "atlas-new" };
                stateful_set::member(start + index, revision)
            })
            .collect();
        let proven = matches!(fixture.ask(), RolloutState::Proven { .. });
        prop_assert_eq!(proven, partition >= replicas || old <= partition);
    }

    #[test]
    fn no_subset_of_fields_upsets_it(missing in proptest::collection::vec(0_usize..200, 0..30), which in any::<bool>()) {
        let mut fixture = if which { stateful_set::stateful_set(2) } else { deployment::deployment() };
        let mut objects = json!([fixture.workload, fixture.replica_sets, fixture.pods]);
        missing.into_iter().for_each(|index| testing::nullify(&mut objects, index));
        let read = |value: &Value| serde_json::from_value::<Workload>(value.clone()).ok();
        let Some(workload) = read(&objects[0]) else { return Ok(()) };
        fixture.workload = json!({"metadata": {}, "spec": {}});
        let readable = |list: &Value, pod: bool| -> Vec<Value> {
            let all = list.as_array().cloned().unwrap_or_default().into_iter();
            all.filter(|value| {
                if pod { Pod::deserialize(value).is_ok() } else { ReplicaSet::deserialize(value).is_ok() }
            })
            .collect()
        };
        fixture.replica_sets = readable(&objects[1], false);
        fixture.pods = readable(&objects[2], true);
        let mut snapshot = fixture.snapshot();
        snapshot.workloads.insert((fixture.expected.kind, fixture.expected.name.clone()), workload);
        examine(&snapshot, "tenant-a", &[fixture.expected], NOW.parse().unwrap());
    }

    #[test]
    fn numbers_of_any_size_do_not_upset_it(replicas in any::<u32>(), partition in any::<u32>(), start in any::<u32>()) {
        let mut fixture = stateful_set::stateful_set(1);
        fixture.set("/spec/replicas", json!(replicas)).set("/spec/ordinals", json!({"start": start}));
        fixture.set("/spec/updateStrategy/rollingUpdate/partition", json!(partition));
        fixture.ask();
        let mut fixture = deployment::deployment();
        fixture.set("/spec/replicas", json!(replicas));
        fixture.ask();
    }
}
