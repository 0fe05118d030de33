//! Timers, and what time it is.

use super::{crashes_at, opened, result, run, through_crashes};
use crate::conformance::{
    Crashed, Ending, Harness, World,
    work::{Alarms, Chronicle, Sleeper},
};
use jiff::Timestamp;
use std::{collections::BTreeSet, time::Duration};

/// A timer of an hour, with the engine down for the half hour in the middle, and one that came due meanwhile.
pub async fn a_timer_goes_on_while_nobody_runs<H: Harness>(harness: &mut H) {
    let world = opened(harness).await;
    for (id, minutes) in [("long", 60), ("short", 20)] {
        let duration = Duration::from_secs(60) * minutes;
        harness.start::<Sleeper>(id, duration).await.expect("no crash is planned");
    }
    harness.pass(Duration::from_secs(900)).await;
    harness.crash().await;
    harness.pass(Duration::from_secs(1_800)).await;
    harness.open(&world, None).await;
    for (id, minutes) in [("short", 45.0), ("long", 60.0)] {
        let ending = harness.finish(id).await.expect("no crash is planned");
        let (asleep, awake): (Timestamp, Timestamp) = result(ending);
        let slept = awake.duration_since(asleep).as_secs_f64() / 60.0;
        assert!((slept - minutes).abs() < 0.01, "{id} slept {slept} minutes, not {minutes}");
    }
}

/// The order of asking does not matter.
pub async fn timers_fire_in_the_order_of_their_times<H: Harness>(harness: &mut H) {
    opened(harness).await;
    let rang = run::<Alarms>(harness, "alarms", vec![5, 3, 9, 1, 7, 0]).await;
    assert_eq!(rang, [0, 1, 3, 5, 7, 9]);
}

/// Every step has the time in its key: a replay that saw another time would leave another key.
pub async fn time_is_the_same_in_every_replay<H: Harness>(harness: &mut H) {
    for step in 1.. {
        let mut crashed = false;
        for crash in crashes_at(step) {
            harness.reset().await;
            let world = World::new(harness.clock());
            harness.open(&world, Some(crash)).await;
            let (ending, crashes) = through_crashes!(harness, &world, chronicle(harness));
            let keys: Vec<String> = result(ending);
            assert!(keys.is_sorted(), "time does not go back: {keys:?}");
            let told: BTreeSet<String> = keys.into_iter().collect();
            let done: BTreeSet<String> = world.effects().into_iter().map(|effect| effect.key).collect();
            assert_eq!((told.len(), &told), (4, &done), "after {crash:?}");
            crashed |= crashes > 0;
        }
        if !crashed {
            assert!(step > 5, "the engine was to crash at each of its steps");
            return;
        }
    }
}

async fn chronicle<H: Harness>(harness: &mut H) -> Result<Ending, Crashed> {
    harness.start::<Chronicle>("chronicle", ()).await?;
    harness.finish("chronicle").await
}
