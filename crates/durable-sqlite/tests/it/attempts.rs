//! What this engine does with attempts beyond what every engine does.

use crate::{
    harness::{SqliteHarness, simulate},
    work::Pay,
};
use durable::{
    ActivityContext, ActivityOptions, Failure, FailureKind, Flow, Queue, RetryPolicy, Workflow,
    conformance::Harness,
};
use durable_sqlite::{Outcome, Registry};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// Calls one activity on a named queue, with pauses of a second, at most for three seconds in all.
struct Caller;

impl Workflow for Caller {
    const NAME: &'static str = "caller";
    type Input = ();
    type Output = u32;

    async fn run<F: Flow>(flow: F, (): ()) -> Result<u32, Failure> {
        let second = Duration::from_secs(1);
        let retry = RetryPolicy { initial_interval: second, ..RetryPolicy::attempts(9) };
        let options = ActivityOptions::new(second)
            .queue(Queue::Named("tenant-7".to_owned()))
            .schedule_to_close(3 * second)
            .retry(retry);
        flow.activity::<Pay>(7, options).await
    }
}

/// What the body was told, attempt by attempt.
type Told = Arc<Mutex<Vec<(String, Option<String>, u32)>>>;

/// A body that always fails in a way that may be tried again.
fn failing_body(told: &Told) -> Registry {
    let told = Arc::clone(told);
    let mut registry = Registry::new();
    registry.workflow::<Caller>();
    registry.activity::<Pay, _>(move |context: ActivityContext, _: u32| {
        let queue = context.queue().map(str::to_owned);
        told.lock().expect("no panic").push((context.workflow_id().to_owned(), queue, context.attempt()));
        async { Err(Failure::retryable("no_connection", "the bank does not answer")) }
    });
    registry
}

#[test]
fn a_pause_that_does_not_fit_any_more_ends_all_attempts_at_once() {
    simulate(async {
        let mut harness = SqliteHarness::in_memory();
        let told = Told::default();
        harness.open_shop(failing_body(&told));
        let began = harness.clock()();
        harness.handle().start::<Caller>("caller", &()).await.expect("the engine runs");
        let outcome = harness.handle().wait("caller").await.expect("the engine runs");
        let Outcome::Failed(failure) = outcome else { panic!("the call was to fail, but: {outcome:?}") };
        assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::Timeout, "schedule_to_close"));
        assert!(failure.message.contains("the bank does not answer"), "it tells the last failure: {failure}");
        let last: Failure =
            serde_json::from_value(failure.details.expect("the last failure")).expect("a failure");
        assert_eq!(last.code, "no_connection");
        // The third attempt would have to begin after three seconds.
        let attempts: Vec<u32> = told.lock().expect("no panic").iter().map(|told| told.2).collect();
        assert_eq!(attempts, [1, 2]);
        assert_eq!(harness.clock()().duration_since(began).as_secs(), 1);
    });
}

#[test]
fn a_body_knows_who_asked_and_by_which_queue() {
    simulate(async {
        let mut harness = SqliteHarness::in_memory();
        let told = Told::default();
        harness.open_shop(failing_body(&told));
        harness.handle().start::<Caller>("caller", &()).await.expect("the engine runs");
        harness.handle().wait("caller").await.expect("the engine runs");
        let first = told.lock().expect("no panic").first().cloned();
        assert_eq!(first, Some(("caller".to_owned(), Some("tenant-7".to_owned()), 1)));
    });
}
