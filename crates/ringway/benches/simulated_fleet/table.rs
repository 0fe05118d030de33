//! What a person reads.

use crate::{
    figures::{Lags, Program, Run, quantile},
    program::{Measured, Restart},
};
use std::collections::BTreeMap;

/// How far the clocks of model and machine may differ, in milliseconds.
const SAME_EVENT: f64 = 5.0;

pub(crate) fn head(tenants: usize, operations: usize, bare: &Run) {
    println!("\n{tenants} tenants, {operations} operations of Argo CD at once");
    println!("  bare patch and watch, s       {:.2}", bare.wall.as_secs_f64());
}

pub(crate) fn measured(what: &str, limit: usize, bare: &Run, measured: &Measured) {
    let Measured { run, sandbox_cpu, late } = measured;
    let (wall, ideal) = (run.wall.as_secs_f64(), bare.wall.as_secs_f64());
    println!(" {what}, {limit} at once");
    println!("  ringway, s                    {wall:.2}, {:.3} of the bare release", wall / ideal);
    lags(run);
    usage(run);
    println!("  CPU of the sandbox, s         {:.2}", sandbox_cpu.as_secs_f64());
    let [half, most, last] = late;
    println!("  the sandbox's own delay, ms   p50 {half:.1}, p99 {most:.1}, largest {last:.1}");
}

pub(crate) fn restart(restart: &Restart) {
    println!(" killed with {} in flight", restart.in_flight);
    println!("  all driven again, s           {:.2}", restart.driven.as_secs_f64());
    println!("  from then to the end, s       {:.2}", restart.ended.as_secs_f64());
    lags(&restart.run);
    usage(&restart.run);
}

fn lags(run: &Run) {
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

#[allow(clippy::cast_precision_loss, reason = "nobody reads more digits")]
fn usage(run: &Run) {
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
