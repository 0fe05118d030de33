//! Places for tenants under way.

use super::{at, ledger_with, new_release};
use crate::ledger::{Ledger, SlotHolder, slot::NEXT};
use release::verdict::ReleaseVerdict;

fn holder(run: &str, tenant: &str) -> SlotHolder {
    SlotHolder { instance: "main".into(), run: run.into(), tenant: tenant.into() }
}

fn ledger() -> Ledger {
    ledger_with(&[("r1", "ring-x"), ("r2", "ring-y")])
}

fn held(ledger: &Ledger) -> String {
    let held = ledger.slots("main").unwrap();
    held.iter().map(|holder| holder.tenant.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn whoever_holds_a_place_gets_the_same_again() {
    let ledger = ledger();
    for second in [1, 2] {
        assert!(ledger.acquire_slot(&holder("r1", "a"), 1, at(second)).unwrap());
    }
    assert!(!ledger.acquire_slot(&holder("r1", "b"), 1, at(3)).unwrap());
    assert_eq!(held(&ledger), "a");
}

#[test]
fn places_are_given_in_the_order_they_were_asked_for() {
    let ledger = ledger();
    let ask = |tenant: &str| ledger.acquire_slot(&holder("r1", tenant), 1, at(1)).unwrap();
    assert!(ask("first"));
    assert!(!ask("second") && !ask("third"));
    // Asking again and giving back twice changes nothing about the order.
    assert!(!ask("third") && !ask("second"));
    for next in ["second", "third", ""] {
        let now = holder("r1", &held(&ledger));
        ledger.release_slot(&now).unwrap();
        ledger.release_slot(&now).unwrap();
        assert_eq!(held(&ledger), next);
    }
}

#[test]
fn whoever_leaves_the_queue_is_passed_over() {
    let ledger = ledger();
    for tenant in ["first", "second", "third"] {
        ledger.acquire_slot(&holder("r1", tenant), 1, at(1)).unwrap();
    }
    ledger.release_slot(&holder("r1", "second")).unwrap();
    ledger.release_slot(&holder("r1", "first")).unwrap();
    assert_eq!(held(&ledger), "third");
}

#[test]
fn each_instance_has_its_own_places() {
    let ledger = ledger();
    assert!(ledger.acquire_slot(&holder("r1", "a"), 1, at(1)).unwrap());
    let elsewhere = SlotHolder { instance: "second".into(), ..holder("r1", "a") };
    assert!(ledger.acquire_slot(&elsewhere, 1, at(1)).unwrap());
}

#[test]
fn a_limit_that_changed_holds_for_whoever_asks_again() {
    let ledger = ledger();
    for tenant in ["a", "b", "c"] {
        ledger.acquire_slot(&holder("r1", tenant), 1, at(1)).unwrap();
    }
    assert!(ledger.acquire_slot(&holder("r1", "b"), 2, at(2)).unwrap());
    assert_eq!(held(&ledger), "a b");
    // Lowered: nobody loses a place, and nobody gets one before enough have been given back.
    assert!(!ledger.acquire_slot(&holder("r1", "c"), 1, at(3)).unwrap());
    ledger.release_slot(&holder("r1", "a")).unwrap();
    assert_eq!(held(&ledger), "b");
    ledger.release_slot(&holder("r1", "b")).unwrap();
    assert_eq!(held(&ledger), "c");
}

#[test]
fn a_verdict_gives_back_what_the_run_still_holds() {
    let ledger = ledger();
    ledger.acquire_slot(&holder("r1", "a"), 1, at(1)).unwrap();
    ledger.acquire_slot(&holder("r1", "b"), 1, at(1)).unwrap();
    ledger.acquire_slot(&holder("r2", "c"), 1, at(1)).unwrap();
    ledger.record_verdict("r1", ReleaseVerdict::Cancelled, at(2)).unwrap();
    assert_eq!(held(&ledger), "c");
}

#[test]
fn after_a_restart_the_queue_is_as_it_was_without_ended_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let ledger = Ledger::open(&path).unwrap();
    for run in ["r1", "r2"] {
        ledger.begin_run(&new_release(run, run, &["a"])).unwrap();
    }
    for (run, tenant) in [("r1", "a"), ("r2", "b"), ("r2", "c")] {
        ledger.acquire_slot(&holder(run, tenant), 1, at(1)).unwrap();
    }
    // As if its verdict had been recorded by a version that left the places to others.
    ledger
        .lock()
        .execute("UPDATE run SET verdict = 'failed', ended_at = began_at WHERE id = 'r1'", [])
        .unwrap();
    drop(ledger);

    let ledger = Ledger::open(&path).unwrap();
    assert_eq!(held(&ledger), "a");
    ledger.drop_slots_of_ended_runs().unwrap();
    ledger.drop_slots_of_ended_runs().unwrap();
    assert_eq!(held(&ledger), "b");
    assert!(!ledger.acquire_slot(&holder("r2", "c"), 1, at(9)).unwrap());
}

#[tokio::test]
async fn those_who_wait_are_woken_in_their_order() {
    let ledger = ledger();
    let (sender, mut order) = tokio::sync::mpsc::unbounded_channel();
    assert!(ledger.acquire_slot(&holder("r1", "holder"), 1, at(1)).unwrap());
    let mut waiting = tokio::task::JoinSet::new();
    for tenant in ["t1", "t2", "t3", "t4"] {
        // The position is taken here and kept when the task asks again.
        assert!(!ledger.acquire_slot(&holder("r1", tenant), 1, at(2)).unwrap());
        let (ledger, sender) = (ledger.clone(), sender.clone());
        waiting.spawn(async move {
            ledger.wait_for_slot(&holder("r1", tenant), 1, at(2)).await.unwrap();
            sender.send(tenant).unwrap();
            ledger.release_slot(&holder("r1", tenant)).unwrap();
        });
    }
    drop(sender);
    assert!(order.try_recv().is_err());
    ledger.release_slot(&holder("r1", "holder")).unwrap();
    waiting.join_all().await;
    let mut seen = Vec::new();
    while let Some(tenant) = order.recv().await {
        seen.push(tenant);
    }
    assert_eq!(seen, ["t1", "t2", "t3", "t4"]);
}

#[test]
fn the_next_is_found_without_looking_at_all_who_wait() {
    let ledger = ledger();
    let connection = ledger.lock();
    let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {NEXT}")).unwrap();
    let steps = plan.query_map(["main"], |row| row.get::<_, String>("detail")).unwrap();
    let steps: Vec<String> = steps.collect::<Result<_, _>>().unwrap();
    assert!(!steps.iter().any(|step| step.starts_with("SCAN")), "{steps:?}");
    for index in ["slot_waiting", "slot_held"] {
        assert!(steps.iter().any(|step| step.contains(index)), "{steps:?}");
    }
}

#[test]
fn a_place_for_a_run_that_is_not_there_is_an_error() {
    assert!(ledger().acquire_slot(&holder("r9", "a"), 1, at(1)).is_err());
}
