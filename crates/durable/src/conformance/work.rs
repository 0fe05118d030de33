//! The workflows of the suite.

use super::{
    Registrar,
    world::{Plan, Step, StepAnswer, StepInput},
};
use crate::{
    ActivityOptions, Failure, Flow, RetryPolicy, Workflow,
    join::{Either, bounded_join, select},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

pub(super) fn register(registrar: &mut impl Registrar) {
    registrar.workflow::<FanOut>();
    registrar.workflow::<Leaf>();
    registrar.workflow::<Family>();
    registrar.workflow::<Relative>();
    registrar.workflow::<Single>();
    registrar.workflow::<Cancellable>();
    registrar.workflow::<Watcher>();
    registrar.workflow::<Everything>();
    registrar.workflow::<Collector>();
    registrar.workflow::<Messenger>();
    registrar.workflow::<Reader>();
    registrar.workflow::<Dropper>();
    registrar.workflow::<Sleeper>();
    registrar.workflow::<Alarms>();
    registrar.workflow::<Chronicle>();
    super::program::register(registrar);
}

/// Ten seconds for an attempt, three attempts, one second and two seconds of pause.
pub(super) fn options() -> ActivityOptions {
    ActivityOptions::new(Duration::from_secs(10)).retry(RetryPolicy {
        max_attempts: 3,
        initial_interval: Duration::from_secs(1),
        coefficient: 2.0,
        max_interval: Duration::from_secs(60),
    })
}

/// A step with [`options`].
pub(super) async fn step<F: Flow>(flow: &F, key: String, plan: Plan) -> Result<StepAnswer, Failure> {
    flow.activity::<Step>(StepInput { key, plan }, options()).await
}

/// Runs children under a limit and adds up what they say.
pub(super) struct FanOut;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct FanOutInput {
    pub(super) children: u64,
    pub(super) limit: usize,
}

impl Workflow for FanOut {
    const NAME: &'static str = "fan_out";
    type Input = FanOutInput;
    type Output = u64;

    async fn run<F: Flow>(flow: F, input: FanOutInput) -> Result<u64, Failure> {
        let children = (1..=input.children).collect();
        let results = bounded_join(input.limit, children, |number| {
            flow.child::<Leaf>(format!("{}/{number}", flow.workflow_id()), number)
        });
        results.await.into_iter().sum()
    }
}

/// One step, one timer; says its number.
pub(super) struct Leaf;

impl Workflow for Leaf {
    const NAME: &'static str = "leaf";
    type Input = u64;
    type Output = u64;

    async fn run<F: Flow>(flow: F, number: u64) -> Result<u64, Failure> {
        step(&flow, format!("leaf {number}"), Plan::Succeed).await?;
        flow.sleep(Duration::from_secs(1)).await;
        Ok(number)
    }
}

/// What becomes of a relative.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Fate {
    Lives,
    Fails,
    Panics,
}

/// Runs one child of every fate and lists what they answered.
pub(super) struct Family;

impl Workflow for Family {
    const NAME: &'static str = "family";
    type Input = ();
    type Output = Vec<Result<String, Failure>>;

    async fn run<F: Flow>(flow: F, (): ()) -> Result<Self::Output, Failure> {
        let fates = vec![("panics", Fate::Panics), ("fails", Fate::Fails), ("lives", Fate::Lives)];
        Ok(bounded_join(3, fates, |(id, fate)| flow.child::<Relative>(id.to_owned(), fate)).await)
    }
}

/// A child with a fate.
pub(super) struct Relative;

impl Workflow for Relative {
    const NAME: &'static str = "relative";
    type Input = Fate;
    type Output = String;

    async fn run<F: Flow>(flow: F, fate: Fate) -> Result<String, Failure> {
        flow.sleep(Duration::from_secs(1)).await;
        match fate {
            Fate::Lives => Ok("alive".to_owned()),
            Fate::Fails => Err(Failure::permanent("fate", "this child fails as planned")),
            Fate::Panics => panic!("this child panics as planned"),
        }
    }
}

/// Runs one activity and tells its answer as data.
pub(super) struct Single;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SingleInput {
    pub(super) key: String,
    pub(super) plan: Plan,
    pub(super) start_to_close: Duration,
    pub(super) schedule_to_close: Option<Duration>,
    pub(super) heartbeat: Option<Duration>,
}

impl SingleInput {
    pub(super) fn new(key: &str, plan: Plan) -> Self {
        let start_to_close = options().start_to_close;
        Self { key: key.to_owned(), plan, start_to_close, schedule_to_close: None, heartbeat: None }
    }
}

impl Workflow for Single {
    const NAME: &'static str = "single";
    type Input = SingleInput;
    type Output = Result<StepAnswer, Failure>;

    async fn run<F: Flow>(flow: F, input: SingleInput) -> Result<Self::Output, Failure> {
        let options = ActivityOptions {
            start_to_close: input.start_to_close,
            schedule_to_close: input.schedule_to_close,
            heartbeat: input.heartbeat,
            ..options()
        };
        Ok(flow.activity::<Step>(StepInput { key: input.key, plan: input.plan }, options).await)
    }
}

/// Three steps with waits between them; each wait, and only a wait, may be cancelled. Says how many steps it did.
pub(super) struct Cancellable;

impl Workflow for Cancellable {
    const NAME: &'static str = "cancellable";
    type Input = ();
    type Output = (u32, bool);

    async fn run<F: Flow>(flow: F, (): ()) -> Result<(u32, bool), Failure> {
        for number in 1..=3 {
            step(&flow, format!("step {number}"), Plan::Succeed).await?;
            let wait = flow.sleep(Duration::from_secs(1));
            if let Either::First(cancel) = select(flow.receive::<()>("cancel"), wait).await {
                cancel?;
                step(&flow, "clean up".to_owned(), Plan::Succeed).await?;
                return Ok((number, true));
            }
        }
        Ok((3, false))
    }
}

/// Watches something until it is cancelled.
pub(super) struct Watcher;

impl Workflow for Watcher {
    const NAME: &'static str = "watcher";
    type Input = ();
    type Output = String;

    async fn run<F: Flow>(flow: F, (): ()) -> Result<String, Failure> {
        let options = ActivityOptions::new(Duration::from_secs(3600));
        let watch = flow.activity::<Step>(StepInput { key: "watch".to_owned(), plan: Plan::Watch }, options);
        match select(flow.receive::<String>("cancel"), watch).await {
            Either::First(reason) => {
                // Time for the watch to come to its end.
                flow.sleep(Duration::from_secs(1)).await;
                reason
            }
            Either::Second(_) => Err(Failure::permanent("watched", "the watch ended by itself")),
        }
    }
}

/// Uses every operation: steps in parallel, a flaky one, children, timers, messages to and from another workflow.
pub(super) struct Everything;

impl Workflow for Everything {
    const NAME: &'static str = "everything";
    type Input = ();
    type Output = EverythingOutput;

    async fn run<F: Flow>(flow: F, (): ()) -> Result<EverythingOutput, Failure> {
        let first = step(&flow, "first".to_owned(), Plan::Succeed).await?;
        let keys = vec![("one", 1), ("two", 2), ("three", 1)];
        let parallel = bounded_join(2, keys, |(key, attempt)| {
            step(&flow, key.to_owned(), Plan::SucceedAtAttempt(attempt))
        });
        let mut answers = vec![first];
        for answer in parallel.await {
            answers.push(answer?);
        }
        let children = bounded_join(2, vec![1, 2, 3], |number| {
            flow.child::<Leaf>(format!("{}/{number}", flow.workflow_id()), number)
        });
        let children = children.await.into_iter().collect::<Result<_, _>>()?;
        flow.child::<Messenger>(format!("{}/messenger", flow.workflow_id()), flow.workflow_id()).await?;
        let messages = vec![flow.receive("inbox").await?, flow.receive("inbox").await?];
        Ok(EverythingOutput { answers, children, messages })
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct EverythingOutput {
    pub(super) answers: Vec<StepAnswer>,
    pub(super) children: Vec<u64>,
    pub(super) messages: Vec<u32>,
}

/// Reads a number of messages.
pub(super) struct Collector;

impl Workflow for Collector {
    const NAME: &'static str = "collector";
    type Input = usize;
    type Output = Vec<u32>;

    async fn run<F: Flow>(flow: F, count: usize) -> Result<Vec<u32>, Failure> {
        let mut messages = Vec::new();
        while messages.len() < count {
            messages.push(flow.receive::<u32>("inbox").await?);
        }
        Ok(messages)
    }
}

/// Sends 1 to 5 to the inbox of another workflow, and one to a workflow that never was.
pub(super) struct Messenger;

impl Workflow for Messenger {
    const NAME: &'static str = "messenger";
    type Input = String;
    type Output = ();

    async fn run<F: Flow>(flow: F, receiver: String) -> Result<(), Failure> {
        flow.send("nobody".to_owned(), "inbox", 0_u32).await;
        for number in 1..=5_u32 {
            flow.send(receiver.clone(), "inbox", number).await;
        }
        Ok(())
    }
}

/// Reads two messages, whatever they are.
pub(super) struct Reader;

impl Workflow for Reader {
    const NAME: &'static str = "reader";
    type Input = ();
    type Output = Vec<Result<u32, Failure>>;

    async fn run<F: Flow>(flow: F, (): ()) -> Result<Self::Output, Failure> {
        Ok(vec![flow.receive::<u32>("inbox").await, flow.receive::<u32>("inbox").await])
    }
}

/// Gives up reading after a second, twice, and then reads for good.
pub(super) struct Dropper;

impl Workflow for Dropper {
    const NAME: &'static str = "dropper";
    type Input = ();
    type Output = Vec<u32>;

    async fn run<F: Flow>(flow: F, (): ()) -> Result<Vec<u32>, Failure> {
        let mut messages = Vec::new();
        for _ in 0..2 {
            let read = flow.receive::<u32>("inbox");
            if let Either::Second(message) = select(flow.sleep(Duration::from_secs(1)), read).await {
                messages.push(message?);
            }
        }
        flow.sleep(Duration::from_secs(5)).await;
        while messages.len() < 3 {
            messages.push(flow.receive::<u32>("inbox").await?);
        }
        Ok(messages)
    }
}

/// Sleeps, and tells when it fell asleep and woke up.
pub(super) struct Sleeper;

impl Workflow for Sleeper {
    const NAME: &'static str = "sleeper";
    type Input = Duration;
    type Output = (Timestamp, Timestamp);

    async fn run<F: Flow>(flow: F, duration: Duration) -> Result<Self::Output, Failure> {
        let asleep = flow.now();
        flow.sleep(duration).await;
        Ok((asleep, flow.now()))
    }
}

/// Sets alarms all at once and tells in which order they rang.
pub(super) struct Alarms;

impl Workflow for Alarms {
    const NAME: &'static str = "alarms";
    type Input = Vec<u64>;
    type Output = Vec<u64>;

    async fn run<F: Flow>(flow: F, seconds: Vec<u64>) -> Result<Vec<u64>, Failure> {
        let rang = std::cell::RefCell::new(Vec::new());
        bounded_join(seconds.len(), seconds, |seconds| {
            let (flow, rang) = (flow.clone(), &rang);
            async move {
                flow.sleep(Duration::from_secs(seconds)).await;
                rang.borrow_mut().push(seconds);
            }
        })
        .await;
        Ok(rang.into_inner())
    }
}

/// Writes the time into the key of every step, and tells all of them.
pub(super) struct Chronicle;

impl Workflow for Chronicle {
    const NAME: &'static str = "chronicle";
    type Input = ();
    type Output = Vec<String>;

    async fn run<F: Flow>(flow: F, (): ()) -> Result<Vec<String>, Failure> {
        let mut keys = Vec::new();
        for _ in 0..4 {
            let key = flow.now().to_string();
            step(&flow, key.clone(), Plan::Succeed).await?;
            flow.sleep(Duration::from_millis(700)).await;
            keys.push(key);
        }
        Ok(keys)
    }
}
