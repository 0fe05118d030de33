//! What a person reads.

use crate::figures::{Lags, Program, Run, quantile};
use std::collections::{BTreeMap, BTreeSet};

/// How much earlier than the observer Ringway may learn of the same event, in milliseconds: each has connections of its
/// own, and both share two cores with everything else.
const SAME_EVENT: f64 = 50.0;

/// A release and the cleanup after it.
type Pair = (Run, Run);
/// One of the two.
type Which = fn(&Pair) -> &Run;

pub(crate) fn head(tenants: usize, rounds: usize) {
    println!("{tenants} tenants, {rounds} rounds; seconds until the last tenant was done");
    println!("round  release: bare  ringway  over   cleanup: bare  ringway  over");
}

pub(crate) fn round(number: usize, bare: &Pair, ringway: &Pair) {
    let walls = |bare: &Run, ringway: &Run| {
        let (bare, ringway) = (bare.wall.as_secs_f64(), ringway.wall.as_secs_f64());
        format!("{bare:13.2} {ringway:8.2} {:5.3}", ringway / bare)
    };
    println!("{number:5}  {}   {}", walls(&bare.0, &ringway.0), walls(&bare.1, &ringway.1));
}

pub(crate) fn summary(tenants: usize, bare: &[Pair], ringway: &[Pair], (limit, limited): (usize, &Pair)) {
    let walls = |pairs: &[Pair], which: Which| -> Vec<f64> {
        pairs.iter().map(|pair| which(pair).wall.as_secs_f64()).collect()
    };
    let ways: [(&str, Which); 2] = [("release", |pair| &pair.0), ("cleanup", |pair| &pair.1)];
    for (name, which) in ways {
        let (bare, with) = (walls(bare, which), walls(ringway, which));
        println!("\n{name}, median (smallest to largest) of {} rounds", bare.len());
        println!("  bare patch and watch, s     {}", spread(bare.iter().copied(), 2));
        println!("  ringway, s                  {}", spread(with.iter().copied(), 2));
        println!("  ringway / bare              {}", spread(with.iter().zip(&bare).map(|(a, b)| a / b), 3));
        let limited = which(limited);
        println!("  ringway, {limit} at once, s      {:.2}", limited.wall.as_secs_f64());
        lags(&Lags::of(ringway.iter().map(which).chain([limited]), SAME_EVENT));
        let programs: Vec<&Program> =
            ringway.iter().filter_map(|pair| which(pair).program.as_ref()).collect();
        usage(&programs);
        requests(tenants, &programs);
    }
}

fn lags(lags: &Lags) {
    let line = |name: &str, list: &[f64]| {
        let [first, half, most, last] = [0.0, 0.5, 0.99, 1.0].map(|share| quantile(list, share));
        println!("  {name:27} p50 {half:.1}, p99 {most:.1}, smallest {first:.1}, largest {last:.1}");
    };
    line("last pod to proof, ms", &lags.proof);
    line("last pod to verdict, ms", &lags.verdict);
    line("  until that was told, ms", &lags.said);
    line("  from then on, ms", &lags.own);
    println!("  proofs before the truth     {} of {}", lags.wrong, lags.proof.len());
}

fn usage(programs: &[&Program]) {
    #[allow(clippy::cast_precision_loss, reason = "nobody reads more digits")]
    let megabytes = programs.iter().map(|program| program.peak_bytes as f64 / 1e6);
    println!("  CPU, s                      {}", spread(programs.iter().map(|one| one.cpu.as_secs_f64()), 2));
    println!("  peak memory, MB             {}", spread(megabytes, 1));
    let mut proofs = BTreeMap::<&str, usize>::new();
    for verdict in programs.iter().flat_map(|program| program.verdicts.values()) {
        *proofs.entry(verdict.proof.as_str()).or_default() += 1;
    }
    println!("  proofs                      {proofs:?}");
}

fn requests(tenants: usize, programs: &[&Program]) {
    #[allow(clippy::cast_precision_loss, reason = "a fleet is small")]
    let per_tenant = |requests: usize| requests as f64 / tenants as f64;
    let totals = programs.iter().map(|program| per_tenant(program.requests.values().sum()));
    println!("  API requests per tenant     {}", spread(totals, 2));
    let kinds: BTreeSet<&String> = programs.iter().flat_map(|program| program.requests.keys()).collect();
    for kind in kinds {
        let each = programs.iter().map(|program| per_tenant(*program.requests.get(kind).unwrap_or(&0)));
        println!("    {kind:25} {}", spread(each, 2));
    }
}

/// `median (smallest to largest)`.
fn spread(values: impl IntoIterator<Item = f64>, decimals: usize) -> String {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let [smallest, median, largest] = [0.0, 0.5, 1.0].map(|share| quantile(&sorted, share));
    format!("{median:.decimals$} ({smallest:.decimals$} to {largest:.decimals$})")
}
