//! How an engine is opened.

use crate::clock::{Clock, SystemClock};
use std::sync::Arc;
use tokio::runtime::Handle;

/// How an engine is opened.
#[derive(Clone)]
pub struct Options {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The runtime that activities run on; `None` for the one that drives the engine.
    pub activities: Option<Handle>,
    /// For tests: makes commits fail. `None` in production.
    pub faults: Option<Faults>,
}

impl Default for Options {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), activities: None, faults: None }
    }
}

/// Asked at every commit, with its number since the engine was opened; the first is 1.
pub type Faults = Arc<dyn Fn(u64) -> Fault + Send + Sync>;

/// What a test does to a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The engine stops before the commit: what it was about to record is lost.
    BeforeCommit,
    /// The engine stops after the commit: it is recorded, and nobody was told.
    AfterCommit,
    /// This commit succeeds; then the file cannot grow any more, and SQLite itself reports a full disk.
    DiskFullFromNowOn,
}
