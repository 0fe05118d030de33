//! Workflows that cannot go on: only they stop, the reason is stored, and fixed code goes on with them.

use crate::{
    harness::{SqliteHarness, simulate},
    work::{BrokenOrder, ChangedOrder, Customer, Order, RenamedOrder, Stray, activities, shop},
};
use durable::conformance::Harness;
use durable_sqlite::{EngineError, Outcome, ParkReason, Registry, Sent, WorkflowState};
use serde_json::json;
use std::time::Duration;

/// An order that is paid, then a crash, then `code`: the reason for which the order is parked.
async fn parked_under(harness: &mut SqliteHarness, code: Registry) -> ParkReason {
    harness.open_shop(shop());
    harness.paid_order("order").await;
    harness.crash().await;
    harness.open_shop(code);
    match harness.handle().wait("order").await.expect("the engine runs") {
        Outcome::Parked(reason) => reason,
        other => panic!("the order was to be parked, but: {other:?}"),
    }
}

/// The parked order goes on under the right code as if nothing had been.
async fn goes_on_under_the_right_code(harness: &mut SqliteHarness) {
    // Messages reach a parked workflow as well.
    let sent = harness.handle().send("order", "words", &"thanks").await;
    assert_eq!(sent.expect("the engine runs"), Sent::Recorded);
    harness.crash().await;
    harness.open_shop(shop());
    let outcome = harness.handle().wait("order").await.expect("the engine runs");
    assert_eq!(outcome, Outcome::Completed(json!("parcel for 7, thanks")));
}

#[test]
fn a_journal_that_does_not_fit_the_code_parks_its_workflow() {
    simulate(async {
        let mut harness = SqliteHarness::in_memory();
        let mut code = activities();
        code.workflow::<ChangedOrder>();
        let reason = parked_under(&mut harness, code).await;
        let (recorded, found) = ("activity pay".to_owned(), "activity ship".to_owned());
        assert_eq!(reason, ParkReason::JournalMismatch { position: 1, recorded, found });
        goes_on_under_the_right_code(&mut harness).await;
    });
}

#[test]
fn a_workflow_without_code_is_parked() {
    simulate(async {
        let mut harness = SqliteHarness::in_memory();
        let reason = parked_under(&mut harness, activities()).await;
        assert_eq!(reason, ParkReason::UnregisteredWorkflow { name: "order".to_owned() });
        goes_on_under_the_right_code(&mut harness).await;
    });
}

#[test]
fn a_workflow_whose_input_changed_is_parked() {
    simulate(async {
        let mut harness = SqliteHarness::in_memory();
        let mut code = activities();
        code.workflow::<RenamedOrder>();
        let reason = parked_under(&mut harness, code).await;
        assert!(matches!(reason, ParkReason::UndecodableInput { .. }), "{reason:?}");
        goes_on_under_the_right_code(&mut harness).await;
    });
}

#[test]
fn a_panic_parks_only_its_workflow_and_the_reason_is_told() {
    simulate(async {
        let mut harness = SqliteHarness::in_memory();
        let mut code = activities();
        code.workflow::<BrokenOrder>();
        code.workflow::<Stray>();
        let reason = parked_under(&mut harness, code).await;
        assert_eq!(reason, ParkReason::Panicked { message: "paid 7 and now what?".to_owned() });
        goes_on_under_the_right_code(&mut harness).await;
    });
}

#[test]
fn a_call_of_an_activity_without_a_body_parks_its_workflow() {
    simulate(async {
        let mut harness = SqliteHarness::in_memory();
        let mut without_bodies = Registry::new();
        without_bodies.workflow::<Order>();
        harness.open_shop(without_bodies);
        harness.handle().start::<Order>("order", &7).await.expect("the engine runs");
        let outcome = harness.handle().wait("order").await.expect("the engine runs");
        assert_eq!(outcome, Outcome::Parked(ParkReason::UnregisteredActivity { name: "pay".to_owned() }));
        goes_on_under_the_right_code(&mut harness).await;
    });
}

#[test]
fn a_workflow_that_waits_for_nothing_is_parked() {
    simulate(async {
        let mut harness = SqliteHarness::in_memory();
        harness.open_shop(shop());
        harness.handle().start::<Stray>("stray", &()).await.expect("the engine runs");
        let outcome = harness.handle().wait("stray").await.expect("the engine runs");
        assert_eq!(outcome, Outcome::Parked(ParkReason::WaitsForNothing));
    });
}

#[test]
fn others_go_on_while_one_is_parked() {
    simulate(async {
        let mut harness = SqliteHarness::in_memory();
        harness.open_shop(shop());
        harness.paid_order("order").await;
        harness.handle().start::<Stray>("stray", &()).await.expect("the engine runs");
        harness.crash().await;
        harness.open_shop(shop());
        let status =
            harness.handle().status("stray").await.expect("the engine runs").expect("it was started");
        assert_eq!(status.summary.state, WorkflowState::Parked);
        goes_on_under_the_right_code(&mut harness).await;
    });
}

#[test]
fn a_parent_gets_a_failure_for_a_child_without_code() {
    simulate(async {
        let mut harness = SqliteHarness::in_memory();
        let mut without_orders = activities();
        without_orders.workflow::<Customer>();
        harness.open_shop(without_orders);
        let handle = harness.handle();
        handle.start::<Customer>("customer", &"order".to_owned()).await.expect("the engine runs");
        let outcome = handle.wait("customer").await.expect("the engine runs");
        let answer: Result<String, durable::Failure> = outcome.decode().expect("the customer completes");
        let failure = answer.expect_err("the order has no code");
        assert_eq!((failure.kind, failure.code.as_str()), (durable::FailureKind::Engine, "parked"));
        assert!(failure.message.contains("\"order\""), "it names the child: {failure}");
    });
}

#[test]
fn a_parent_that_was_parked_gets_the_result_of_a_child_that_ended_meanwhile() {
    simulate(async {
        let mut harness = SqliteHarness::in_memory();
        harness.open_shop(shop());
        let customer = "order".to_owned();
        harness.handle().start::<Customer>("customer", &customer).await.expect("the engine runs");
        tokio::time::sleep(Duration::from_secs(1)).await;
        harness.crash().await;
        // Nobody knows what a customer is; the order goes on and ends.
        let mut without_customers = activities();
        without_customers.workflow::<Order>();
        harness.open_shop(without_customers);
        harness.handle().send("order", "words", &"thanks").await.expect("the engine runs");
        harness.handle().wait("order").await.expect("the engine runs");
        harness.crash().await;
        harness.open_shop(shop());
        let outcome = harness.handle().wait("customer").await.expect("the engine runs");
        let answer: Result<String, durable::Failure> = outcome.decode().expect("the customer completes");
        assert_eq!(answer.expect("the order completed"), "parcel for 7, thanks");
    });
}

#[test]
fn what_this_program_does_not_have_cannot_be_started() {
    simulate(async {
        let mut harness = SqliteHarness::in_memory();
        harness.open_shop(activities());
        let started = harness.handle().start::<Order>("order", &7).await;
        assert!(matches!(started, Err(EngineError::NotRegistered { name }) if name == "order"));
        assert_eq!(harness.handle().status("order").await.expect("the engine runs"), None);
    });
}
