//! The outside world of the suite: one activity whose behaviour its input says, and a log of everything it did.

use super::Registrar;
use crate::{Activity, ActivityBody, ActivityContext, Failure};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// One thing that an attempt did to the world.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// The number of the effect in the log; no two have the same.
    pub number: u64,
    /// By which the work is recognised, whoever does it again.
    pub key: String,
    /// The attempt that did it.
    pub attempt: u32,
    /// When it was done.
    pub at: Timestamp,
    /// What the attempt knew of an earlier one.
    pub last_heartbeat: Option<Value>,
}

/// The outside world. It survives crashes. Clones share it.
#[derive(Clone)]
pub struct World {
    effects: Arc<Mutex<Vec<Effect>>>,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl World {
    /// A world in which nothing has happened.
    pub fn new(clock: Arc<dyn Fn() -> Timestamp + Send + Sync>) -> Self {
        Self { effects: Arc::default(), clock }
    }

    /// Everything that happened, in order.
    pub fn effects(&self) -> Vec<Effect> {
        self.log().clone()
    }

    /// What happened under one key, in order.
    pub fn effects_of(&self, key: &str) -> Vec<Effect> {
        self.log().iter().filter(|effect| effect.key == key).cloned().collect()
    }

    /// Adds all workflows and activities of the suite.
    pub fn register(&self, registrar: &mut impl Registrar) {
        registrar.activity::<Step, _>(StepBody { world: self.clone() });
        super::work::register(registrar);
    }

    fn log(&self) -> MutexGuard<'_, Vec<Effect>> {
        self.effects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, key: String, context: &ActivityContext) -> u64 {
        let (at, mut log) = ((self.clock)(), self.log());
        let number = log.len() as u64;
        log.push(Effect {
            number,
            key,
            attempt: context.attempt(),
            at,
            last_heartbeat: context.last_heartbeat(),
        });
        number
    }
}

/// The one activity of the suite.
pub(super) struct Step;

impl Activity for Step {
    const NAME: &'static str = "step";
    type Input = StepInput;
    type Output = StepAnswer;
}

/// What a step shall do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StepInput {
    pub(super) key: String,
    pub(super) plan: Plan,
}

/// How a step goes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Plan {
    /// It succeeds after 100 ms.
    Succeed,
    /// The attempts before this one fail and may be tried again.
    SucceedAtAttempt(u32),
    /// It fails for good.
    FailForGood,
    /// It panics.
    Panic,
    /// It never answers.
    Hang,
    /// It beats every second this many times, then falls silent; an attempt that knows of a beat succeeds at once.
    BeatAndFallSilent(u32),
    /// It beats every second this many times, then succeeds.
    BeatAndSucceed(u32),
    /// It watches until it is told to stop; that leaves the effect `stopped <key>`.
    Watch,
}

/// Which effect gave the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct StepAnswer {
    pub(super) key: String,
    pub(super) number: u64,
}

struct StepBody {
    world: World,
}

impl ActivityBody<Step> for StepBody {
    async fn run(&self, context: ActivityContext, input: StepInput) -> Result<StepAnswer, Failure> {
        let key = input.key;
        let number = self.world.append(key.clone(), &context);
        tokio::time::sleep(Duration::from_millis(100)).await;
        let answer = StepAnswer { key: key.clone(), number };
        match input.plan {
            Plan::Succeed => Ok(answer),
            Plan::SucceedAtAttempt(attempt) if context.attempt() >= attempt => Ok(answer),
            Plan::SucceedAtAttempt(_) => Err(Failure::retryable("not_yet", "this attempt fails as planned")),
            Plan::FailForGood => Err(Failure::permanent("never", "this activity fails as planned")),
            Plan::Panic => panic!("this activity panics as planned"),
            Plan::Hang => std::future::pending().await,
            Plan::BeatAndFallSilent(_) if context.last_heartbeat().is_some() => Ok(answer),
            Plan::BeatAndFallSilent(beats) => {
                beat(&context, beats).await;
                std::future::pending().await
            }
            Plan::BeatAndSucceed(beats) => {
                beat(&context, beats).await;
                Ok(answer)
            }
            Plan::Watch => {
                context.cancelled().await;
                assert!(context.is_cancelled(), "a cancelled context says so");
                self.world.append(format!("stopped {key}"), &context);
                Ok(answer)
            }
        }
    }
}

async fn beat(context: &ActivityContext, beats: u32) {
    for beat in 1..=beats {
        context.heartbeat(beat);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
