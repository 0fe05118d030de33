//! Many seeds, on as many threads as one likes. Each seed has a thread to itself while it is played.

use crate::{Options, Report, Verdicts, simulate};
use std::{
    ops::Range,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// What became of many seeds.
#[derive(Debug, Default)]
pub struct Summary {
    /// How many were played.
    pub played: u64,
    /// Those in which an invariant was broken, by seed.
    pub broken: Vec<Report>,
    /// Seeds that could not be played, and why.
    pub failed: Vec<(u64, String)>,
    /// Requests of all of them.
    pub requests: u64,
    /// Steps of all models.
    pub steps: u64,
    /// Releases and cleanups of all of them.
    pub runs: usize,
    /// How the tenants of all of them ended.
    pub verdicts: Verdicts,
    /// How many successes had to come in the calm, and came.
    pub demanded: u64,
    /// Simulated seconds.
    pub simulated_seconds: u64,
}

/// Plays seeds on `threads` threads; `tell` hears of each as it ends.
pub fn play_many(
    seeds: Range<u64>,
    options: &Options,
    threads: usize,
    tell: impl Fn(&Report) + Sync,
) -> Summary {
    let next = AtomicU64::new(seeds.start);
    let summary = Mutex::new(Summary::default());
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let result = simulate(seed, options);
                    if let Ok(report) = &result {
                        tell(report);
                    }
                    summary.lock().unwrap_or_else(PoisonError::into_inner).add(seed, result);
                }
            });
        }
    });
    let mut summary = summary.into_inner().unwrap_or_else(PoisonError::into_inner);
    summary.broken.sort_by_key(|report| report.seed);
    summary.failed.sort();
    summary
}

impl Summary {
    fn add(&mut self, seed: u64, result: anyhow::Result<Report>) {
        self.played += 1;
        match result {
            Err(error) => self.failed.push((seed, format!("{error:#}"))),
            Ok(report) => {
                self.requests += report.requests;
                self.steps += report.steps;
                self.runs += report.runs;
                self.verdicts.add(&report.verdicts);
                self.demanded += report.demanded;
                self.simulated_seconds += report.took.as_secs();
                if report.broken.is_some() {
                    self.broken.push(report);
                }
            }
        }
    }
}
