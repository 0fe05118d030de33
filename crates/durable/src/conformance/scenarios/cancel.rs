//! Cancelling is a message that races with a wait.

use super::{crashes_at, opened, result, run, through_crashes};
use crate::conformance::{
    Crashed, Ending, Harness, World,
    work::{Cancellable, Sleeper, Watcher},
};
use std::time::Duration;

/// Three rounds of 0.1 s of work and 1 s of waiting, and then some.
const MOMENTS: u32 = 36;

/// Whenever the cancel comes: what began is finished, nothing more begins, the clean-up runs exactly when it was
/// cancelled.
pub async fn a_cancel_at_any_moment_cleans_up<H: Harness>(harness: &mut H) {
    let mut seen = Vec::new();
    for moment in 0..=MOMENTS {
        harness.reset().await;
        let world = opened(harness).await;
        harness.start::<Cancellable>("work", ()).await.expect("no crash is planned");
        harness.pass(Duration::from_millis(100) * moment).await;
        harness.send("work", "cancel", ()).await.expect("no crash is planned");
        let ending = harness.finish("work").await.expect("no crash is planned");
        seen.push(check(&world, ending));
    }
    seen.dedup();
    assert_eq!(seen, [(1, true), (2, true), (3, true), (3, false)], "every wait was cancelled once");
}

/// The same with a crash at every step around the cancel.
pub async fn a_cancel_survives_a_crash_at_any_moment<H: Harness>(harness: &mut H) {
    for step in 1.. {
        let mut crashed = false;
        for crash in crashes_at(step) {
            harness.reset().await;
            let world = World::new(harness.clock());
            harness.open(&world, Some(crash)).await;
            let (ending, crashes) = through_crashes!(harness, &world, cancel_in_the_second_wait(harness));
            assert_eq!(check(&world, ending), (2, true), "after {crash:?}");
            crashed |= crashes > 0;
        }
        if !crashed {
            assert!(step > 5, "the engine was to crash at each of its steps");
            return;
        }
    }
}

/// Sends again after a crash, for who asked cannot know whether it arrived.
async fn cancel_in_the_second_wait<H: Harness>(harness: &mut H) -> Result<Ending, Crashed> {
    harness.start::<Cancellable>("work", ()).await?;
    harness.start::<Sleeper>("second wait", Duration::from_millis(1_500)).await?;
    harness.finish("second wait").await?;
    harness.send("work", "cancel", ()).await?;
    harness.finish("work").await
}

fn check(world: &World, ending: Ending) -> (u32, bool) {
    let (steps, cancelled): (u32, bool) = result(ending);
    for number in 1..=3 {
        let done = !world.effects_of(&format!("step {number}")).is_empty();
        assert_eq!(done, number <= steps, "step {number} of {steps}");
    }
    assert_eq!(!world.effects_of("clean up").is_empty(), cancelled);
    (steps, cancelled)
}

/// A watch whose answer nobody wants any more is told so and can come to an end.
pub async fn an_activity_that_is_given_up_is_told<H: Harness>(harness: &mut H) {
    let world = opened(harness).await;
    harness.start::<Watcher>("watcher", ()).await.expect("no crash is planned");
    harness.pass(Duration::from_secs(60)).await;
    assert!(world.effects_of("stopped watch").is_empty(), "nobody has cancelled yet");
    harness.send("watcher", "cancel", "enough".to_owned()).await.expect("no crash is planned");
    let reason = run::<Watcher>(harness, "watcher", ()).await;
    assert_eq!(reason, "enough");
    assert_eq!(world.effects_of("stopped watch").len(), 1);
}
