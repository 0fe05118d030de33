//! Clocks that jump.

use crate::{
    harness::{SqliteHarness, simulate},
    work::activities,
};
use durable::{Failure, Flow, Workflow, conformance::Harness};
use durable_sqlite::{Clock, Options, TokioClock};
use jiff::{SignedDuration, Timestamp};
use std::{
    fmt::Debug,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tracing::{
    Event, Metadata, Subscriber,
    field::Field,
    span::{Attributes, Id, Record},
};

/// Simulated time that somebody sets forward and back.
#[derive(Clone)]
struct JumpyClock {
    steady: TokioClock,
    offset_seconds: Arc<AtomicI64>,
}

impl Clock for JumpyClock {
    fn now(&self) -> Timestamp {
        self.steady.now() + SignedDuration::from_secs(self.offset_seconds.load(Ordering::Relaxed))
    }
}

/// Sleeps ten minutes six times, and tells the time at every turn.
struct Hour;

impl Workflow for Hour {
    const NAME: &'static str = "hour";
    type Input = ();
    type Output = Vec<Timestamp>;

    async fn run<F: Flow>(flow: F, (): ()) -> Result<Vec<Timestamp>, Failure> {
        let mut times = vec![flow.now()];
        for _ in 0..6 {
            flow.sleep(Duration::from_secs(600)).await;
            times.push(flow.now());
        }
        Ok(times)
    }
}

/// The messages that are logged, of all levels.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut |field: &Field, value: &dyn Debug| {
            if field.name() == "message" {
                self.0.lock().expect("no panic").push(format!("{value:?}"));
            }
        });
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Jumpy {
    harness: SqliteHarness,
    clock: JumpyClock,
}

impl Jumpy {
    fn new() -> Self {
        let harness = SqliteHarness::in_memory();
        let clock = JumpyClock { steady: harness.clock, offset_seconds: Arc::default() };
        Self { harness, clock }
    }

    fn open(&mut self) {
        let mut registry = activities();
        registry.workflow::<Hour>();
        let options = Options { clock: Arc::new(self.clock.clone()), ..Options::default() };
        self.harness.open_with(registry, options).expect("the journal opens");
    }

    fn jump(&self, seconds: i64) {
        self.clock.offset_seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    /// What is logged about the clock when the next process begins.
    async fn said_of_the_clock_when_opened_again(&mut self) -> Vec<String> {
        self.harness.crash().await;
        let log = Log::default();
        let listening = tracing::subscriber::set_default(log.clone());
        self.open();
        tokio::time::sleep(Duration::from_secs(1)).await;
        drop(listening);
        let messages = log.0.lock().expect("no panic");
        messages.iter().filter(|message| message.contains("the clock")).cloned().collect()
    }

    /// The minutes between the times that the workflow told, and how long it really took.
    async fn minutes(&self, began: tokio::time::Instant) -> (Vec<i64>, u64) {
        let outcome = self.harness.handle().wait("hour").await.expect("the engine runs");
        let times: Vec<Timestamp> = outcome.decode().expect("the hour passes");
        let minutes = times.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_mins()).collect();
        (minutes, began.elapsed().as_secs() / 60)
    }
}

#[test]
fn a_clock_that_is_set_back_delays_no_timer() {
    simulate(async {
        let mut jumpy = Jumpy::new();
        jumpy.open();
        let began = tokio::time::Instant::now();
        jumpy.harness.handle().start::<Hour>("hour", &()).await.expect("the engine runs");
        tokio::time::sleep(Duration::from_secs(900)).await;
        jumpy.jump(-7_200);
        assert_eq!(jumpy.minutes(began).await, (vec![10; 6], 60));
    });
}

#[test]
fn a_clock_that_was_set_back_between_two_processes_does_not_turn_time_back() {
    simulate(async {
        let mut jumpy = Jumpy::new();
        jumpy.open();
        let began = tokio::time::Instant::now();
        jumpy.harness.handle().start::<Hour>("hour", &()).await.expect("the engine runs");
        tokio::time::sleep(Duration::from_secs(900)).await;
        jumpy.harness.crash().await;
        jumpy.jump(-7_200);
        jumpy.open();
        let (minutes, took) = jumpy.minutes(began).await;
        assert_eq!(minutes, vec![10; 6]);
        // The last record was at ten minutes; from there time counts anew, so five minutes are counted twice.
        assert_eq!(took, 65);
    });
}

#[test]
fn a_journal_that_is_newer_than_the_clock_is_said_with_what_to_do() {
    simulate(async {
        let mut jumpy = Jumpy::new();
        jumpy.open();
        jumpy.harness.handle().start::<Hour>("hour", &()).await.expect("the engine runs");
        tokio::time::sleep(Duration::from_secs(900)).await;
        assert_eq!(jumpy.said_of_the_clock_when_opened_again().await, Vec::<String>::new());
        jumpy.jump(-7_200);
        let warning = "the journal is newer than the clock: time goes on from its newest record, and nothing is lost; \
                       set the clock of this machine, and see that something keeps it right (NTP)";
        assert_eq!(jumpy.said_of_the_clock_when_opened_again().await, [warning]);
    });
}

#[test]
fn a_clock_that_is_set_forward_is_followed() {
    simulate(async {
        let mut jumpy = Jumpy::new();
        jumpy.open();
        let began = tokio::time::Instant::now();
        jumpy.harness.handle().start::<Hour>("hour", &()).await.expect("the engine runs");
        let jump = async {
            tokio::time::sleep(Duration::from_secs(930)).await;
            jumpy.jump(1_800);
        };
        let ((minutes, took), ()) = tokio::join!(jumpy.minutes(began), jump);
        // Noticed by the look at the clock in minute 16: the second timer comes due at once, in minute 46.
        assert_eq!(minutes, [10, 36, 10, 10, 10, 10]);
        assert_eq!(took, 56);
    });
}
