//! Activities that fail, hang, fall silent or panic.

use super::{opened, result, run};
use crate::{
    Failure, FailureKind,
    conformance::{
        Effect, Harness, World,
        work::{Single, SingleInput},
        world::{Plan, StepAnswer},
    },
};
use serde_json::json;
use std::time::Duration;

/// Seconds between the attempts in the log, to a tenth.
fn gaps(effects: &[Effect]) -> Vec<f64> {
    let gap = |pair: &[Effect]| pair[1].at.duration_since(pair[0].at).as_secs_f64();
    effects.windows(2).map(|pair| (gap(pair) * 10.0).round() / 10.0).collect()
}

fn attempts(effects: &[Effect]) -> Vec<u32> {
    effects.iter().map(|effect| effect.attempt).collect()
}

/// Runs an activity that has to fail.
async fn failure<H: Harness>(harness: &mut H, input: SingleInput) -> (World, Failure) {
    let world = opened(harness).await;
    let answer = run::<Single>(harness, "single", input).await;
    (world, answer.expect_err("the activity fails as planned"))
}

/// Two failures, a second and two seconds of pause, then success.
pub async fn a_flaky_activity_is_tried_again_after_its_pauses<H: Harness>(harness: &mut H) {
    let world = opened(harness).await;
    let input = SingleInput::new("flaky", Plan::SucceedAtAttempt(3));
    let answer = run::<Single>(harness, "single", input).await.expect("the third attempt succeeds");
    let effects = world.effects_of("flaky");
    assert_eq!(attempts(&effects), [1, 2, 3]);
    assert_eq!(answer.number, effects[2].number, "the answer is that of the third attempt");
    // Each attempt takes 100 ms before the pause.
    assert_eq!(gaps(&effects), [1.1, 2.1]);
}

/// A crash in the pause after the second attempt: the third one comes at its time, and it is the third.
pub async fn attempts_and_pauses_survive_a_crash<H: Harness>(harness: &mut H) {
    let world = opened(harness).await;
    let input = SingleInput::new("flaky", Plan::SucceedAtAttempt(3));
    harness.start::<Single>("single", input).await.expect("no crash is planned");
    harness.pass(Duration::from_millis(1_500)).await;
    assert_eq!(attempts(&world.effects_of("flaky")), [1, 2]);
    harness.crash().await;
    harness.pass(Duration::from_millis(500)).await;
    harness.open(&world, None).await;
    let answer: Result<StepAnswer, Failure> =
        result(harness.finish("single").await.expect("no crash is planned"));
    answer.expect("the third attempt succeeds");
    let effects = world.effects_of("flaky");
    assert_eq!(attempts(&effects), [1, 2, 3]);
    assert_eq!(gaps(&effects), [1.1, 2.1], "the pause went on while nobody ran");
}

/// Permanent is permanent.
pub async fn a_permanent_failure_is_not_tried_again<H: Harness>(harness: &mut H) {
    let (world, failure) = failure(harness, SingleInput::new("broken", Plan::FailForGood)).await;
    assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::Permanent, "never"));
    assert_eq!(attempts(&world.effects()), [1]);
}

/// After the last attempt its failure is the answer.
pub async fn attempts_run_out<H: Harness>(harness: &mut H) {
    let (world, failure) = failure(harness, SingleInput::new("flaky", Plan::SucceedAtAttempt(4))).await;
    assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::Retryable, "not_yet"));
    assert_eq!(attempts(&world.effects()), [1, 2, 3]);
}

/// A panic in an activity is an answer like any other, and not tried again.
pub async fn a_panic_in_an_activity_is_a_failure<H: Harness>(harness: &mut H) {
    let (world, failure) = failure(harness, SingleInput::new("panics", Plan::Panic)).await;
    assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::Permanent, "panicked"));
    assert!(failure.message.contains("as planned"), "the panic message is told: {}", failure.message);
    assert_eq!(attempts(&world.effects()), [1]);
}

/// An attempt that hangs is over after its time, and tried again.
pub async fn start_to_close_ends_an_attempt<H: Harness>(harness: &mut H) {
    let (world, failure) = failure(harness, SingleInput::new("hangs", Plan::Hang)).await;
    assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::Timeout, "start_to_close"));
    let effects = world.effects();
    assert_eq!(attempts(&effects), [1, 2, 3]);
    assert_eq!(gaps(&effects), [11.0, 12.0]);
}

/// The limit over all attempts cuts the one that runs.
pub async fn schedule_to_close_ends_all_attempts<H: Harness>(harness: &mut H) {
    let limit = Some(Duration::from_secs(15));
    let input = SingleInput { schedule_to_close: limit, ..SingleInput::new("hangs", Plan::Hang) };
    let began = (harness.clock())();
    let (world, failure) = failure(harness, input).await;
    assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::Timeout, "schedule_to_close"));
    assert_eq!(attempts(&world.effects()), [1, 2]);
    let took = (harness.clock())().duration_since(began).as_secs_f64();
    assert!((14.9..15.2).contains(&took), "it took {took} s");
}

/// Silence ends an attempt, the next one gets what the last beat said.
pub async fn silence_ends_an_attempt_and_the_next_one_knows_how_far_it_came<H: Harness>(harness: &mut H) {
    let world = opened(harness).await;
    let heartbeat = Some(Duration::from_secs(3));
    let input = SingleInput { heartbeat, ..SingleInput::new("silent", Plan::BeatAndFallSilent(2)) };
    run::<Single>(harness, "single", input).await.expect("the second attempt succeeds");
    let effects = world.effects();
    assert_eq!(attempts(&effects), [1, 2]);
    assert_eq!(effects[1].last_heartbeat, Some(json!(2)));
    // 0.1 s of work, a beat, a second, the last beat, three seconds of silence, a second of pause.
    assert_eq!(gaps(&effects), [5.1]);
}

/// What the last beat said reaches the attempt that is made after a crash.
pub async fn a_heartbeat_survives_a_crash<H: Harness>(harness: &mut H) {
    let world = opened(harness).await;
    let input = SingleInput {
        start_to_close: Duration::from_secs(60),
        heartbeat: Some(Duration::from_secs(30)),
        ..SingleInput::new("silent", Plan::BeatAndFallSilent(5))
    };
    harness.start::<Single>("single", input).await.expect("no crash is planned");
    // Engines may keep a beat to themselves for a while: here, not longer than ten seconds.
    harness.pass(Duration::from_secs(15)).await;
    harness.crash().await;
    harness.open(&world, None).await;
    let answer: Result<StepAnswer, Failure> =
        result(harness.finish("single").await.expect("no crash is planned"));
    answer.expect("the attempt after the crash knows of the beat and succeeds");
    let known: Vec<_> = world.effects().into_iter().map(|effect| effect.last_heartbeat).collect();
    assert_eq!(known, [None, Some(json!(5))], "the first attempt after the crash knows of the last beat");
}

/// As long as it beats, an attempt may take its whole time.
pub async fn heartbeats_keep_a_long_attempt_alive<H: Harness>(harness: &mut H) {
    let world = opened(harness).await;
    let heartbeat = Some(Duration::from_secs(3));
    let input = SingleInput { heartbeat, ..SingleInput::new("long", Plan::BeatAndSucceed(8)) };
    run::<Single>(harness, "single", input).await.expect("the first attempt succeeds");
    assert_eq!(attempts(&world.effects()), [1]);
}
