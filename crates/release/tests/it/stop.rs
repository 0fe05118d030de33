//! Being stopped: at any moment, and whatever the tenants do.

use crate::fleet::{Begin, Behaviour::*, Fleet, Trouble, check_the_end, verdicts};
use durable_sqlite::{MemoryJournal, Options, TokioClock};
use jiff::Timestamp;
use release::{
    verdict::{ReleaseVerdict, Stop, TenantVerdict},
    workflow::{STOP_MAILBOX, cleanup::Cleanup, release::Release},
};
use std::{sync::Arc, time::Duration};

/// Runs a release and tells it to stop after `after`.
async fn stopped_after(fleet: &Fleet, after: Duration, stop: Stop) -> release::workflow::RunResult {
    run_stopped_after(fleet, Begin::release(fleet), after, stop).await
}

/// Runs a release or a cleanup and tells it to stop after `after`.
async fn run_stopped_after(
    fleet: &Fleet,
    begin: Begin,
    after: Duration,
    stop: Stop,
) -> release::workflow::RunResult {
    let clock = Arc::new(TokioClock::starting_at(Timestamp::UNIX_EPOCH));
    let options = Options { clock, ..Options::default() };
    let engine = fleet.engine(&MemoryJournal::default(), options);
    let handle = engine.handle();
    let (done, shutdown) = tokio::sync::oneshot::channel::<()>();
    let commands = async move {
        match begin {
            Begin::Release(input) => handle.start::<Release>("run", &input).await.unwrap(),
            Begin::Cleanup(input) => handle.start::<Cleanup>("run", &input).await.unwrap(),
        };
        tokio::time::sleep(after).await;
        fleet.model().stop = Some(stop.clone());
        let written = || {
            let model = fleet.model();
            (model.patches.clone(), model.overridden.clone())
        };
        let before = written();
        handle.send("run", STOP_MAILBOX, &stop).await.unwrap();
        let result = handle.wait("run").await.unwrap().decode().unwrap();
        assert_eq!(written(), before, "no patch begins after a stop was recorded");
        done.send(()).unwrap_or_default();
        result
    };
    let (driven, result) = tokio::join!(engine.run(async { drop(shutdown.await) }), commands);
    driven.unwrap();
    result
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_hangs_ends_when_it_is_cancelled_and_keeps_its_override() {
    let fleet = Fleet::new(&[("good", Good), ("hangs", Hangs)], Trouble::None);
    let result = stopped_after(&fleet, Duration::from_secs(120), Stop::Cancel).await;
    assert_eq!(verdicts(&result), [("good", "success", ""), ("hangs", "cancelled", "stopped")]);
    assert_eq!(result.verdict, ReleaseVerdict::Cancelled);
    check_the_end(&fleet, &result);
    assert!(fleet.model().overridden.contains("hangs"));
    assert!(fleet.model().claims.contains_key("hangs"));
}

#[tokio::test(start_paused = true)]
async fn a_cancel_does_not_wait_for_an_api_server_that_never_answers() {
    let fleet = Fleet::new(&[("good", Good), ("silent", NeverAnswers)], Trouble::None);
    let result = stopped_after(&fleet, Duration::from_secs(10), Stop::Cancel).await;
    assert_eq!(verdicts(&result), [("good", "cancelled", "stopped"), ("silent", "cancelled", "stopped")]);
    assert_eq!(result.verdict, ReleaseVerdict::Cancelled);
    check_the_end(&fleet, &result);
}

#[tokio::test(start_paused = true)]
async fn a_superseded_release_says_by_which() {
    let fleet = Fleet::new(&[("hangs", Hangs)], Trouble::None);
    let result = stopped_after(&fleet, Duration::from_secs(60), Stop::Supersede { by: "r-2".into() }).await;
    assert_eq!(result.verdict, ReleaseVerdict::Superseded);
    assert!(result.tenants[0].problem.as_ref().unwrap().message.contains("r-2"));
}

#[tokio::test(start_paused = true)]
async fn a_stop_at_any_second_ends_the_release_in_order() {
    let names: Vec<String> = (0..8).map(|number| format!("t{number}")).collect();
    let tenants: Vec<(&str, crate::fleet::Behaviour)> =
        names.iter().map(|name| (name.as_str(), Good)).collect();
    for second in 0..130 {
        let fleet = Fleet::new(&tenants, Trouble::None);
        let result = stopped_after(&fleet, Duration::from_secs(second), Stop::Cancel).await;
        check_the_end(&fleet, &result);
        let cancelled =
            result.tenants.iter().filter(|tenant| tenant.verdict == TenantVerdict::Cancelled).count();
        let expected = if cancelled > 0 { ReleaseVerdict::Cancelled } else { ReleaseVerdict::Success };
        assert_eq!(result.verdict, expected, "stopped after {second} s");
        let untouched =
            result.tenants.iter().filter(|tenant| tenant.proof == release::proof::Proof::None).count();
        assert_eq!(fleet.model().patches.len() + untouched, names.len(), "stopped after {second} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_at_any_second_ends_the_cleanup_and_what_it_has_not_taken_out_stays_claimed() {
    let names: Vec<String> = (0..6).map(|number| format!("t{number}")).collect();
    let tenants: Vec<(&str, crate::fleet::Behaviour)> =
        names.iter().map(|name| (name.as_str(), Good)).collect();
    for second in 0..100 {
        let fleet = Fleet::new(&tenants, Trouble::None);
        let after = Duration::from_secs(second);
        let result = run_stopped_after(&fleet, Begin::cleanup(&fleet), after, Stop::Cancel).await;
        check_the_end(&fleet, &result);
        let model = fleet.model();
        for tenant in &result.tenants {
            let name = &tenant.tenant;
            let is_done = tenant.verdict == TenantVerdict::Success;
            assert_eq!(!model.claims.contains_key(name), is_done, "{name}, stopped after {second} s");
            assert!(!is_done || !model.overridden.contains(name), "{name}, stopped after {second} s");
        }
    }
}
