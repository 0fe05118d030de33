//! The whole release path in one process and simulated time, under faults that no testbed produces on demand.
//!
//! Real workflows, the real engine, real activities, the real clients of Kubernetes and registries and a real ledger run
//! over the sandbox's model. A seed decides everything: the fleet, what people ask for and do, what goes wrong, and when
//! Ringway is killed. Invariants are looked at after every step; a seed that breaks one can be played again exactly.
//! `docs/simulation.md` says what is simulated and how to go on from here.

mod audience;
mod book;
mod broken;
mod bug;
mod driver;
mod freezes;
mod hub;
mod invariant;
mod kill;
mod machine;
mod many;
mod plan;
mod post;
mod race;
mod stage;
mod time;
mod trace;
mod transport;
mod truth;
mod verdicts;
mod view;
mod weather;

pub use broken::Broken;
pub use bug::Bug;
pub use many::{Summary, play_many};
pub use verdicts::Verdicts;

use std::time::Duration;

/// For whoever links this library, its tests as well.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How a seed is played.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Whether the lines of the trace are kept.
    pub trace: bool,
    /// What is planted.
    pub bug: Bug,
}

/// What became of a seed.
#[derive(Debug, Clone)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// The invariant that did not hold, if one did not.
    pub broken: Option<Broken>,
    /// The hash of everything that happened.
    pub hash: u64,
    /// How many lines that were.
    pub lines: u64,
    /// The lines, if they were kept.
    pub trace: Vec<String>,
    /// Requests of Ringway.
    pub requests: u64,
    /// Steps of the model.
    pub steps: u64,
    /// Releases and cleanups.
    pub runs: usize,
    /// How the tenants of all releases ended, and those of all cleanups.
    pub verdicts: Verdicts,
    /// How many successes had to come in the calm, and came.
    pub demanded: u64,
    /// Simulated time.
    pub took: Duration,
}

/// Plays one seed on this thread.
///
/// # Errors
/// If the simulation itself does not work.
pub fn simulate(seed: u64, options: &Options) -> anyhow::Result<Report> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, plan::play(seed, options))
}
