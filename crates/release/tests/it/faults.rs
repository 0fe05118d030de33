//! A failure at every step, a crash at every record, and every step run twice.

use crate::fleet::{Begin, Behaviour::*, Fleet, Trouble, check_the_end, verdicts};
use durable_sqlite::{Fault, Faults, MemoryJournal};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

const TENANTS: [(&str, crate::fleet::Behaviour); 4] = [
    ("good", Good),
    ("no-pull", CannotPull),
    ("reverted", RevertedMeanwhile),
    ("second-refused", SecondRefusesThePatch),
];

type Of = fn(&Fleet) -> Begin;

#[tokio::test(start_paused = true)]
async fn a_failure_at_any_step_still_ends_with_a_verdict_for_every_tenant() {
    for of in [Begin::release as Of, Begin::cleanup] {
        let mut call = 1;
        loop {
            let fleet = Fleet::new(&TENANTS, Trouble::FailCall(call));
            let begin = of(&fleet);
            // A ledger that cannot record the verdict fails the run itself; everything else is one tenant's failure.
            let journal = MemoryJournal::default();
            let planted = run_or_fail(&fleet, &journal, begin).await;
            let calls = fleet.model().calls.len();
            if let Some(result) = planted {
                assert_eq!(result.tenants.len(), TENANTS.len());
                let failed_step = fleet.model().calls.get(call - 1).cloned().unwrap_or_default();
                if !failed_step.starts_with("release_slot") {
                    check_the_end(&fleet, &result);
                }
            }
            if call > calls {
                break;
            }
            call += 1;
        }
        assert!(call > 20, "only {call} calls were tried");
    }
}

/// The result, or `None` if recording the verdict was what failed.
async fn run_or_fail(
    fleet: &Fleet,
    journal: &MemoryJournal,
    begin: Begin,
) -> Option<release::workflow::RunResult> {
    let failed_verdict = |fleet: &Fleet| {
        let model = fleet.model();
        model.verdict.is_none() && model.calls.last().is_some_and(|call| call.starts_with("record_verdict"))
    };
    let outcome = std::panic::AssertUnwindSafe(fleet.run(journal, None, begin));
    match futures_util::FutureExt::catch_unwind(outcome).await {
        Ok(result) => Some(result.unwrap()),
        Err(_) if failed_verdict(fleet) => None,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

#[tokio::test(start_paused = true)]
async fn every_step_may_run_twice() {
    for of in [Begin::release as Of, Begin::cleanup] {
        let once = Fleet::new(&TENANTS, Trouble::None);
        let expected = once.run(&MemoryJournal::default(), None, of(&once)).await.unwrap();
        let twice = Fleet::new(&TENANTS, Trouble::EveryAnswerLostOnce);
        let result = twice.run(&MemoryJournal::default(), None, of(&twice)).await.unwrap();
        assert_eq!(verdicts(&result), verdicts(&expected));
        check_the_end(&twice, &result);
        assert!(twice.model().calls.len() > once.model().calls.len() + 15);
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_record_changes_nothing_in_the_end() {
    for of in [Begin::release as Of, Begin::cleanup] {
        let calm = Fleet::new(&TENANTS, Trouble::None);
        let expected = calm.run(&MemoryJournal::default(), None, of(&calm)).await.unwrap();
        for fault in [Fault::BeforeCommit, Fault::AfterCommit] {
            let mut crashes = 0;
            for commit in 1.. {
                let fleet = Fleet::new(&TENANTS, Trouble::None);
                let begin = of(&fleet);
                let journal = MemoryJournal::default();
                let crashed = Arc::new(AtomicBool::new(false));
                let seen = crashed.clone();
                let faults: Faults = Arc::new(move |number| {
                    if number == commit {
                        seen.store(true, Ordering::SeqCst);
                        return fault;
                    }
                    Fault::None
                });
                let first = fleet.run(&journal, Some(faults), begin.clone()).await;
                if !crashed.load(Ordering::SeqCst) {
                    break;
                }
                crashes += 1;
                let result = match first {
                    Ok(result) => result,
                    Err(_) => fleet.run(&journal, None, begin).await.unwrap(),
                };
                assert_eq!(verdicts(&result), verdicts(&expected), "crash at commit {commit}, {fault:?}");
                check_the_end(&fleet, &result);
            }
            assert!(crashes > 15, "only {crashes} crashes");
        }
    }
}
