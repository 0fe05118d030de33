//! The embedded engine: durable workflows from a journal in one SQLite file, in the same process.
//!
//! ```no_run
//! # use durable_sqlite::{Options, Registry};
//! # struct Release;
//! # impl durable::Workflow for Release {
//! #     const NAME: &'static str = "release";
//! #     type Input = String;
//! #     type Output = String;
//! #     async fn run<F: durable::Flow>(_: F, input: String) -> Result<String, durable::Failure> { Ok(input) }
//! # }
//! # struct ApplyPatch;
//! # impl durable::Activity for ApplyPatch {
//! #     const NAME: &'static str = "apply_patch";
//! #     type Input = String;
//! #     type Output = String;
//! # }
//! # async fn apply(_: durable::ActivityContext, input: String) -> Result<String, durable::Failure> { Ok(input) }
//! # async fn example() -> Result<(), durable_sqlite::EngineError> {
//! let mut registry = Registry::new();
//! registry.workflow::<Release>();
//! registry.activity::<ApplyPatch, _>(apply); // a closure, a function, or an `ActivityBody`
//!
//! let engine = durable_sqlite::open("state/journal.sqlite", registry, Options::default())?;
//! let handle = engine.handle(); // `Clone + Send`
//! // The engine itself is `Send` until it runs: open it where errors are reported, run it on a thread of its own.
//! std::thread::spawn(move || {
//!     let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
//!     runtime.block_on(engine.run(std::future::pending())).map_err(std::io::Error::other)
//! });
//! handle.start::<Release>("release-1", &"payments".to_owned()).await?;
//! println!("{:?}", handle.wait("release-1").await?);
//! # Ok(())
//! # }
//! ```
//!
//! [`Engine::run`] is one future without threads of its own. Workflows need not be `Send`, because it polls them all
//! itself; activities are `Send` and run on the runtime named in [`Options`]. On a current-thread runtime with paused
//! time and a [`TokioClock`] the whole engine is deterministic.
//!
//! What is promised: an answer is in the journal before a workflow sees it; an activity runs at least once and its
//! answer is delivered exactly once; a message is delivered once and in order. What is not: that a second process may
//! run the same journal. The caller locks the state folder; other processes use a [`Reader`].

mod activities;
mod clock;
mod driver;
mod error;
mod events;
mod flow;
mod handle;
mod instance;
mod journal;
mod options;
mod query;
mod reader;
mod registry;
mod schema;
mod store;

pub use clock::{Clock, SystemClock, TokioClock};
pub use error::{EngineError, ParkReason};
pub use events::{Sent, Started};
pub use flow::SqliteFlow;
pub use handle::Handle;
pub use journal::{JournalEntry, RecordKind};
pub use options::{Fault, Faults, Options};
pub use query::{Filter, Outcome, WorkflowState, WorkflowStatus, WorkflowSummary};
pub use reader::Reader;
pub use registry::Registry;
pub use store::MemoryJournal;

use clock::EngineClock;
use driver::{Driver, Parts};
use events::Event;
use std::{future::Future, path::Path};
use store::Store;
use tokio::sync::mpsc;

/// An engine that is open and does not run yet.
pub struct Engine {
    store: Store,
    registry: Registry,
    options: Options,
    commands: mpsc::UnboundedSender<Event>,
    events: mpsc::UnboundedReceiver<Event>,
}

/// Opens the journal at `path`, or creates it. The folder must exist. Nothing is replayed before [`Engine::run`].
///
/// # Errors
/// The file cannot be opened, belongs to another program, was written by a newer version or is damaged. Nothing is
/// changed then.
pub fn open(path: impl AsRef<Path>, registry: Registry, options: Options) -> Result<Engine, EngineError> {
    let store = Store::open_file(path.as_ref(), options.faults.clone())?;
    Ok(Engine::new(store, registry, options))
}

/// Opens a journal in memory. It outlives the engine: opening it again goes on, as after a crash.
///
/// # Errors
/// Another engine uses it.
pub fn open_in_memory(
    journal: &MemoryJournal,
    registry: Registry,
    options: Options,
) -> Result<Engine, EngineError> {
    let store = Store::open_memory(journal, options.faults.clone())?;
    Ok(Engine::new(store, registry, options))
}

impl Engine {
    fn new(store: Store, registry: Registry, options: Options) -> Self {
        let (commands, events) = mpsc::unbounded_channel();
        Self { store, registry, options, commands, events }
    }

    /// The way to talk to the engine, now and while it runs.
    pub fn handle(&self) -> Handle {
        Handle::new(self.commands.clone())
    }

    /// Replays all open workflows, then drives them until `shutdown` comes. Attempts of activities that still run are
    /// aborted then, and made again by the next run.
    ///
    /// Must be awaited inside a tokio runtime with time enabled.
    ///
    /// # Errors
    /// The journal cannot be read or written. What was not recorded was not delivered; a later run goes on from there.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), EngineError> {
        let Self { store, registry, options, commands, events } = self;
        let clock = EngineClock::new(options.clock, store.last_commit_at()?);
        let runtime = options.activities.unwrap_or_else(tokio::runtime::Handle::current);
        let parts = Parts { store, registry, clock, runtime, events, reports: commands };
        Driver::new(parts).run(shutdown).await
    }
}
