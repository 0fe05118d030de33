//! What a person reads.

use crate::{
    figures::{Run, quantile},
    installation::Used,
    intake::Taken,
    label::{Labelled, Last},
    lines,
    sweep::{Sweep, Swept},
};
use std::time::Duration;

/// What it runs on.
pub(crate) fn machine() {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let information = read("/proc/cpuinfo");
    let model = information.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("a processor without a name", |(_, model)| model);
    let load = read("/proc/loadavg");
    let load: Vec<&str> = load.split(' ').take(3).collect();
    println!("{cores} cores of {model}, load {}", load.join(" "));
}

pub(crate) fn head(tenants: usize, operations: usize, bare: &Run) {
    println!("\n{tenants} tenants, {operations} operations of Argo CD at once");
    println!("  bare patch and watch, s       {:.2}", bare.wall.as_secs_f64());
}

pub(crate) fn labelled(last: Last, parallel: usize, bare: &Run, labelled: &Labelled) {
    let Labelled { run, accepted, decided, calls, sandbox_cpu } = labelled;
    let begins = match last {
        Last::Label => "the label comes after the build",
        Last::Build => "the build ends after the label",
    };
    let (wall, ideal) = (run.wall.as_secs_f64(), bare.wall.as_secs_f64());
    println!(" {begins}, {parallel} at once");
    println!("  from then to the result, s    {wall:.2}, {:.3} of the bare release", wall / ideal);
    println!("    until it is accepted, s     {:.2}", accepted.as_secs_f64());
    println!("    until the last verdict, s   {:.2}", decided.as_secs_f64());
    println!("  calls that write content      {} (goal: at most 20)", calls.content);
    println!("  calls in all                  {} (goal: at most 100)", calls.total);
    println!("    of which nothing was new    {}", calls.not_modified);
    lines::lags(run);
    lines::usage(run);
    println!("  CPU of the sandbox, s         {:.2}", sandbox_cpu.as_secs_f64());
}

pub(crate) fn swept(swept: &Swept) {
    let Swept { pull_requests, first: (lasted, calls), next, used } = swept;
    println!("\n{pull_requests} ring pull requests: half wait for a build, half for an image");
    println!(" until each has its comment");
    println!("  time, s                       {:.1}", lasted.as_secs_f64());
    println!("  calls                         {}", calls.total);
    println!("    that write content          {}", calls.content);
    println!("    answered 304                {}", calls.not_modified);
    for (number, sweep) in next.iter().enumerate() {
        println!(" sweep {} after that", number + 1);
        one_sweep(sweep);
    }
    process(used);
}

fn one_sweep(sweep: &Sweep) {
    println!("  from first to last call, s    {:.2}", sweep.lasted.as_secs_f64());
    println!("  calls                         {}", sweep.all);
    println!("    until the next sweep        {}", sweep.between);
    println!("    pages of the list           {}", sweep.pages);
    for (status, count) in &sweep.statuses {
        println!("    answered {status}                {count}");
    }
    for (kind, count) in &sweep.not_304 {
        println!("      {kind:58} {count}");
    }
}

pub(crate) fn deliveries(count: u32, rate: u32) {
    println!("\n{count} deliveries, {rate} a second");
}

pub(crate) fn taken(keeps_connections: bool, taken: &Taken) {
    let Taken { answers, accepted, stored, lasted, size, used } = taken;
    let connections = if keeps_connections { "connections are kept" } else { "a new connection for each" };
    println!(" {connections}, {size} bytes each");
    let [half, most, last] = [0.5, 0.99, 1.0].map(|share| quantile(answers, share));
    println!("  until the answer, ms          p50 {half:.1}, p99 {most:.1}, largest {last:.1}");
    println!("  from first to last answer, s  {:.2}", lasted.as_secs_f64());
    println!("  answered 202                  {accepted} of {}", answers.len());
    println!("  in the inbox after kill -9    {stored} of {}", answers.len());
    process(used);
}

#[allow(clippy::cast_precision_loss, reason = "nobody reads more digits")]
fn process(used: &Used) {
    let Used { wall, cpu, peak_bytes, .. } = used;
    let seconds = Duration::as_secs_f64;
    println!("  CPU of the server, s          {:.2} in {:.0} s", seconds(cpu), seconds(wall));
    println!("  peak memory, MB               {:.1}", *peak_bytes as f64 / 1e6);
}
