//! What can be asked of an engine, and its end.

use crate::{
    harness::{SqliteHarness, simulate},
    work::{Customer, Order, Stray, shop},
};
use durable::conformance::Harness;
use durable_sqlite::{
    Engine, EngineError, Filter, Handle, MemoryJournal, Options, Outcome, Sent, Started, WorkflowState,
};
use serde_json::json;
use std::time::Duration;

async fn open() -> SqliteHarness {
    let mut harness = SqliteHarness::in_memory();
    harness.open_shop(shop());
    harness
}

/// Runs a customer with an order to its end.
async fn finished_customer(handle: &Handle) {
    handle.start::<Customer>("customer", &"order".to_owned()).await.expect("the engine runs");
    tokio::time::sleep(Duration::from_secs(1)).await;
    handle.send("order", "words", &"thanks").await.expect("the engine runs");
    handle.wait("customer").await.expect("the engine runs");
}

#[test]
fn a_handle_and_an_engine_that_does_not_run_yet_can_go_to_another_thread() {
    fn is_send<T: Send>() {}
    is_send::<Engine>();
    is_send::<Handle>();
}

#[test]
fn a_start_says_whether_it_began_something() {
    simulate(async {
        let harness = open().await;
        let handle = harness.handle();
        let start = || async { handle.start::<Order>("order", &7).await.expect("the engine runs") };
        assert_eq!(start().await, Started::New);
        assert_eq!(start().await, Started::AlreadyRunning);
        handle.send("order", "words", &"thanks").await.expect("the engine runs");
        handle.wait("order").await.expect("the engine runs");
        assert_eq!(start().await, Started::AlreadyEnded);
        let other = handle.start::<Customer>("order", &"x".to_owned()).await;
        assert!(matches!(other, Err(EngineError::IdTaken { existing, .. }) if existing == "order"));
    });
}

#[test]
fn a_message_to_nobody_is_said_to_be_lost() {
    simulate(async {
        let harness = open().await;
        let handle = harness.handle();
        finished_customer(handle).await;
        for id in ["order", "never was"] {
            let sent = handle.send(id, "words", &"hello").await.expect("the engine runs");
            assert_eq!(sent, Sent::NotRunning, "{id}");
        }
        let waited = handle.wait("never was").await;
        assert!(matches!(waited, Err(EngineError::UnknownWorkflow { id }) if id == "never was"));
    });
}

#[test]
fn a_child_id_that_somebody_else_has_is_a_failure_of_the_child() {
    simulate(async {
        let harness = open().await;
        let handle = harness.handle();
        handle.start::<Order>("order", &7).await.expect("the engine runs");
        handle.start::<Customer>("customer", &"order".to_owned()).await.expect("the engine runs");
        let outcome = handle.wait("customer").await.expect("the engine runs");
        let answer: Result<String, durable::Failure> = outcome.decode().expect("the customer completes");
        assert_eq!(answer.expect_err("the id is taken").code, "child_id_taken");
    });
}

#[test]
fn progress_is_shown_and_computed_again_after_a_crash() {
    simulate(async {
        let mut harness = open().await;
        harness.handle().start::<Order>("order", &7).await.expect("the engine runs");
        let progress = harness.handle().progress("order").await.expect("the engine runs");
        assert_eq!(progress, Some(json!("paying")));
        tokio::time::sleep(Duration::from_secs(1)).await;
        harness.crash().await;
        harness.open_shop(shop());
        let progress = harness.handle().progress("order").await.expect("the engine runs");
        assert_eq!(progress, Some(json!("waiting for the word")));
    });
}

#[test]
fn lists_can_be_narrowed() {
    simulate(async {
        let harness = open().await;
        let handle = harness.handle();
        finished_customer(handle).await;
        handle.start::<Stray>("stray", &()).await.expect("the engine runs");
        handle.wait("stray").await.expect("the engine runs");
        let list = |filter: Filter| async {
            let found = handle.list(filter).await.expect("the engine runs");
            found.into_iter().map(|workflow| workflow.id).collect::<Vec<_>>()
        };
        assert_eq!(list(Filter::default()).await, ["customer", "order", "stray"]);
        assert_eq!(list(Filter { roots_only: true, ..Filter::default() }).await, ["customer", "stray"]);
        let parent = Some("customer".to_owned());
        assert_eq!(list(Filter { parent, ..Filter::default() }).await, ["order"]);
        let state = Some(WorkflowState::Parked);
        assert_eq!(list(Filter { state, ..Filter::default() }).await, ["stray"]);
        let name = Some("order".to_owned());
        assert_eq!(list(Filter { name, ..Filter::default() }).await, ["order"]);
    });
}

#[test]
fn a_journal_reads_in_words() {
    simulate(async {
        let harness = open().await;
        finished_customer(harness.handle()).await;
        let words = async |id: &'static str| {
            let journal = harness.handle().journal(id).await.expect("the engine runs");
            journal.into_iter().flatten().map(|entry| entry.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(
            words("order").await,
            [
                "   1  00:00:00  activity pay answered (1 attempt, 50 ms)",
                "   2  00:00:01  message came into mailbox words",
                "   3  00:00:01  activity ship answered (2 attempts, 200 ms)",
            ]
        );
        assert_eq!(words("customer").await, ["   1  00:00:01  child order order completed (1.2 s)"]);
        assert_eq!(harness.handle().journal("never was").await.expect("the engine runs"), None);
    });
}

#[test]
fn ended_trees_are_forgotten_and_open_ones_are_not() {
    simulate(async {
        let mut harness = open().await;
        let handle = harness.handle().clone();
        finished_customer(&handle).await;
        handle
            .start::<Customer>("second customer", &"second order".to_owned())
            .await
            .expect("the engine runs");
        // The second customer gives up, its order goes on alone.
        handle.wait("second customer").await.expect("the engine runs");
        let ids = || async {
            let all = handle.list(Filter::default()).await.expect("the engine runs");
            all.into_iter().map(|workflow| workflow.id).collect::<Vec<_>>()
        };
        let ended_at = handle.status("customer").await.expect("the engine runs").expect("it is known");
        let ended_at = ended_at.summary.changed_at;
        assert_eq!(
            handle.forget_ended_before(ended_at).await.expect("the engine runs"),
            0,
            "not before it ended"
        );
        let later = harness.clock()();
        assert_eq!(handle.forget_ended_before(later).await.expect("the engine runs"), 2);
        assert_eq!(ids().await, ["second customer", "second order"]);
        handle.send("second order", "words", &"thanks").await.expect("the engine runs");
        handle.wait("second order").await.expect("the engine runs");
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(handle.forget_ended_before(harness.clock()()).await.expect("the engine runs"), 2);
        assert!(ids().await.is_empty());
        // And the next process finds nothing amiss.
        harness.crash().await;
        harness.open_shop(shop());
        assert_eq!(
            harness.handle().start::<Order>("order", &7).await.expect("the engine runs"),
            Started::New
        );
    });
}

#[test]
fn a_shutdown_ends_the_engine_and_whoever_waits_learns_it() {
    simulate(async {
        let journal = MemoryJournal::default();
        let mut harness = SqliteHarness::in_memory();
        let engine = durable_sqlite::open_in_memory(&journal, shop(), harness.options()).expect("it opens");
        let handle = engine.handle();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let engine = tokio::task::spawn_local(engine.run(async { drop(stopped.await) }));
        handle.start::<Order>("order", &7).await.expect("the engine runs");
        let waiter = tokio::task::spawn_local({
            let handle = handle.clone();
            async move { handle.wait("order").await }
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        stop.send(()).expect("the engine runs");
        assert!(engine.await.expect("no panic").is_ok());
        assert!(matches!(waiter.await.expect("no panic"), Err(EngineError::Stopped)));
        assert!(matches!(handle.status("order").await, Err(EngineError::Stopped)));
        // The next run goes on.
        harness.place = crate::harness::Place::Memory(journal);
        harness.open_shop(shop());
        harness.handle().send("order", "words", &"thanks").await.expect("the engine runs");
        let outcome = harness.handle().wait("order").await.expect("the engine runs");
        assert_eq!(outcome, Outcome::Completed(json!("parcel for 7, thanks")));
    });
}

#[test]
fn a_journal_in_memory_serves_one_engine_at_a_time() {
    let journal = MemoryJournal::default();
    let first = durable_sqlite::open_in_memory(&journal, shop(), Options::default()).expect("it opens");
    let second = durable_sqlite::open_in_memory(&journal, shop(), Options::default());
    assert!(matches!(second, Err(EngineError::MemoryInUse)));
    drop(first);
    assert!(durable_sqlite::open_in_memory(&journal, shop(), Options::default()).is_ok());
}

/// The way it runs in production: the driver on a thread of its own, activities on the threads of a runtime.
#[test]
fn the_driver_runs_on_its_own_thread_with_activities_elsewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let activities = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build();
    let activities = activities.expect("a runtime");
    let options = Options { activities: Some(activities.handle().clone()), ..Options::default() };
    let engine =
        durable_sqlite::open(crate::harness::journal_in(&folder), shop(), options).expect("it opens");
    let handle = engine.handle();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let driver = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(engine.run(async { drop(stopped.await) }))
    });
    let outcome = activities.block_on(async {
        handle.start::<Order>("order", &7).await.expect("the engine runs");
        handle.send("order", "words", &"thanks").await.expect("the engine runs");
        handle.wait("order").await.expect("the engine runs")
    });
    assert_eq!(outcome, Outcome::Completed(json!("parcel for 7, thanks")));
    stop.send(()).expect("the engine runs");
    assert!(driver.join().expect("no panic").is_ok());
}
