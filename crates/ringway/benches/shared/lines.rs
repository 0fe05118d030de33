//! What a person reads about a run on a simulated fleet.

use crate::figures::{Lags, Program, Run, quantile};
use std::collections::BTreeMap;

/// How far the clocks of model and machine may differ, in milliseconds.
const SAME_EVENT: f64 = 5.0;

/// How late Ringway was, compared to the model's own history.
pub(crate) fn lags(run: &Run) {
    let lags = Lags::of([run], SAME_EVENT);
    let line = |name: &str, list: &[f64]| {
        let [first, half, most, last] = [0.0, 0.5, 0.99, 1.0].map(|share| quantile(list, share));
        println!("  {name:29} p50 {half:.1}, p99 {most:.1}, smallest {first:.1}, largest {last:.1}");
    };
    line("last pod to proof, ms", &lags.proof);
    line("last pod to verdict, ms", &lags.verdict);
    line("  until all was said, ms", &lags.said);
    line("  from then to the proof, ms", &lags.own);
    println!("  proofs before the truth       {} of {}", lags.wrong, lags.proof.len());
}

/// What Ringway used.
#[allow(clippy::cast_precision_loss, reason = "nobody reads more digits")]
pub(crate) fn usage(run: &Run) {
    let Some(Program { verdicts, cpu, peak_bytes, requests }) = &run.program else { return };
    let tenants = verdicts.len() as f64;
    println!("  CPU per tenant, ms            {:.2}", cpu.as_secs_f64() * 1_000.0 / tenants);
    println!("  peak memory, MB               {:.1}", *peak_bytes as f64 / 1e6);
    let mut proofs = BTreeMap::<&str, usize>::new();
    for verdict in verdicts.values() {
        *proofs.entry(verdict.proof.as_str()).or_default() += 1;
    }
    println!("  proofs                        {proofs:?}");
    let all: usize = requests.values().sum();
    println!("  API requests per tenant       {:.2}", all as f64 / tenants);
    for (kind, count) in requests {
        println!("    {kind:50} {:.2}", *count as f64 / tenants);
    }
}
