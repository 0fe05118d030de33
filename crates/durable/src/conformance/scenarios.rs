//! The scenarios. Each one panics at the first thing that is not as promised.

mod attempts;
mod cancel;
mod children;
mod crash;
mod messages;
mod time;

pub use attempts::*;
pub use cancel::*;
pub use children::*;
pub use crash::*;
pub use messages::*;
pub use time::*;

use super::{CrashPoint, Ending, Harness, World};
use crate::Workflow;
use serde::de::DeserializeOwned;

/// A world in the harness's time, with an open engine.
async fn opened<H: Harness>(harness: &mut H) -> World {
    let world = World::new(harness.clock());
    harness.open(&world, None).await;
    world
}

/// Starts a workflow and waits for its result.
async fn run<W: Workflow>(harness: &mut impl Harness, id: &str, input: W::Input) -> W::Output {
    harness.start::<W>(id, input).await.expect("no crash is planned");
    result(harness.finish(id).await.expect("no crash is planned"))
}

/// The result of a workflow that has to complete.
fn result<T: DeserializeOwned>(ending: Ending) -> T {
    match ending {
        Ending::Completed(value) => serde_json::from_value(value).expect("the result has its type"),
        other => panic!("the workflow was to complete, but: {other:?}"),
    }
}

/// The first result of `script` that no crash prevents; after each crash the engine is opened again without one.
///
/// `script` must be repeatable: it runs again from its beginning after a crash.
macro_rules! through_crashes {
    ($harness:expr, $world:expr, $script:expr) => {{
        let mut crashes = 0_u32;
        loop {
            match $script.await {
                Ok(value) => break (value, crashes),
                Err($crate::conformance::Crashed) => {
                    crashes += 1;
                    $harness.crash().await;
                    $harness.open($world, None).await;
                }
            }
        }
    }};
}
use through_crashes;

/// Both kinds of crash at step number `step`.
fn crashes_at(step: u64) -> [CrashPoint; 2] {
    [CrashPoint { step, durable: false }, CrashPoint { step, durable: true }]
}
