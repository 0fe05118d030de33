//! The engine for tests: simulated time, a journal in memory or in a file, crashes at every commit.

use durable::{
    Activity, ActivityBody, Wire, Workflow,
    conformance::{CrashPoint, Crashed, Ending, Harness, Registrar, World},
};
use durable_sqlite::{
    Clock, EngineError, Fault, Handle, MemoryJournal, Options, Outcome, Registry, TokioClock,
};
use jiff::Timestamp;
use std::{future::Future, sync::Arc, time::Duration};
use tokio::task::{JoinHandle, LocalSet};

/// A journal and, at times, an engine that runs on it.
pub(crate) struct SqliteHarness {
    pub(crate) place: Place,
    pub(crate) clock: TokioClock,
    running: Option<Running>,
}

/// Where the journal is.
pub(crate) enum Place {
    Memory(MemoryJournal),
    File(tempfile::TempDir),
}

struct Running {
    handle: Handle,
    driver: JoinHandle<Result<(), EngineError>>,
}

/// Runs a test in simulated time on one thread.
pub(crate) fn simulate<T>(test: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().expect("a runtime");
    LocalSet::new().block_on(&runtime, test)
}

impl SqliteHarness {
    pub(crate) fn in_memory() -> Self {
        Self::new(Place::Memory(MemoryJournal::default()))
    }

    pub(crate) fn in_a_file() -> Self {
        Self::new(Place::File(tempfile::tempdir().expect("a folder")))
    }

    fn new(place: Place) -> Self {
        let origin = "2026-11-23T00:00:00Z".parse().expect("a time");
        Self { place, clock: TokioClock::starting_at(origin), running: None }
    }

    /// Opens the engine with a registry and options of the test's own.
    pub(crate) fn open_with(&mut self, registry: Registry, options: Options) -> Result<(), EngineError> {
        let engine = match &self.place {
            Place::Memory(journal) => durable_sqlite::open_in_memory(journal, registry, options)?,
            Place::File(folder) => durable_sqlite::open(journal_in(folder), registry, options)?,
        };
        let handle = engine.handle();
        let driver = tokio::task::spawn_local(engine.run(std::future::pending()));
        self.running = Some(Running { handle, driver });
        Ok(())
    }

    /// Options with the simulated clock.
    pub(crate) fn options(&self) -> Options {
        Options { clock: Arc::new(self.clock), ..Options::default() }
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.running.as_ref().expect("the engine is open").handle
    }

    /// What the engine ended with by itself.
    pub(crate) async fn end(&mut self) -> Result<(), EngineError> {
        let running = self.running.take().expect("the engine is open");
        let limit = tokio::time::timeout(Duration::from_secs(3600), running.driver);
        limit.await.expect("the engine was to end by itself").expect("the engine does not panic")
    }

    /// A crash shows as "not running", and the driver says that the test wanted it.
    async fn answer<T>(&mut self, answer: Result<T, EngineError>) -> Result<T, Crashed> {
        match answer {
            Ok(value) => Ok(value),
            Err(EngineError::Stopped) => match self.end().await {
                Err(EngineError::InjectedFault { .. }) => Err(Crashed),
                other => panic!("the engine stopped, and not because of a fault: {other:?}"),
            },
            Err(error) => panic!("{error}"),
        }
    }
}

/// The file in a folder of a test.
pub(crate) fn journal_in(folder: &tempfile::TempDir) -> std::path::PathBuf {
    folder.path().join("journal.sqlite")
}

/// Lets the suite register in our registry.
struct Adapter(Registry);

impl Registrar for Adapter {
    fn workflow<W: Workflow>(&mut self) {
        self.0.workflow::<W>();
    }

    fn activity<A: Activity, B: ActivityBody<A>>(&mut self, body: B) {
        self.0.activity::<A, B>(body);
    }
}

impl Harness for SqliteHarness {
    fn clock(&self) -> Arc<dyn Fn() -> Timestamp + Send + Sync> {
        let clock = self.clock;
        Arc::new(move || clock.now())
    }

    fn seeds(&self) -> u64 {
        match self.place {
            Place::Memory(_) => 150,
            // Every commit waits for the disk.
            Place::File(_) => 10,
        }
    }

    async fn open(&mut self, world: &World, crash: Option<CrashPoint>) {
        let mut registry = Adapter(Registry::new());
        world.register(&mut registry);
        let mut options = self.options();
        if let Some(CrashPoint { step, durable }) = crash {
            let fault = if durable { Fault::AfterCommit } else { Fault::BeforeCommit };
            options.faults = Some(Arc::new(move |commit| if commit == step { fault } else { Fault::None }));
        }
        self.open_with(registry.0, options).expect("the journal opens");
    }

    async fn crash(&mut self) {
        let Some(running) = self.running.take() else { return };
        running.driver.abort();
        let end = running.driver.await;
        assert!(end.is_err_and(|error| error.is_cancelled()), "it ran until now");
    }

    async fn reset(&mut self) {
        self.crash().await;
        self.place = match self.place {
            Place::Memory(_) => Place::Memory(MemoryJournal::default()),
            Place::File(_) => Place::File(tempfile::tempdir().expect("a folder")),
        };
    }

    async fn start<W: Workflow>(&mut self, id: &str, input: W::Input) -> Result<(), Crashed> {
        let started = self.handle().start::<W>(id, &input).await;
        self.answer(started).await.map(drop)
    }

    async fn send<M: Wire>(&mut self, id: &str, mailbox: &str, message: M) -> Result<(), Crashed> {
        let sent = self.handle().send(id, mailbox, &message).await;
        self.answer(sent).await.map(drop)
    }

    async fn finish(&mut self, id: &str) -> Result<Ending, Crashed> {
        let year = Duration::from_secs(365 * 24 * 3600);
        let handle = self.handle().clone();
        let outcome = tokio::time::timeout(year, handle.wait(id)).await;
        let outcome = outcome.unwrap_or_else(|_| panic!("the workflow {id} never ended"));
        Ok(match self.answer(outcome).await? {
            Outcome::Completed(value) => Ending::Completed(value),
            Outcome::Failed(failure) => Ending::Failed(failure),
            Outcome::Parked(_) => Ending::Parked,
        })
    }

    async fn pass(&mut self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
