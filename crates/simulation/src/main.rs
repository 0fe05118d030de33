//! Plays seeds and prints those that break an invariant.

use anyhow::Context as _;
use clap::{CommandFactory, Parser, error::ErrorKind};
use simulation::{Bug, Options, Report, play_many, simulate};
use std::{ops::Range, process::ExitCode};

/// The whole release path in simulated time, under faults.
#[derive(Parser)]
struct CommandLine {
    /// Seeds to play: `0..10000`, or one.
    #[arg(long, default_value = "0..1000", value_parser = seeds)]
    seeds: Range<u64>,
    /// Print everything that happens. For one seed.
    #[arg(long)]
    trace: bool,
    /// On so many threads.
    #[arg(long)]
    threads: Option<usize>,
    /// Plant a bug, by its name.
    #[arg(long, value_parser = |name: &str| Bug::named(name).ok_or("there is no such bug"))]
    bug: Option<Bug>,
}

fn main() -> anyhow::Result<ExitCode> {
    let line = CommandLine::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("off"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let options = Options { trace: line.trace, bug: line.bug.unwrap_or_default() };
    if line.trace {
        let count = line.seeds.end.saturating_sub(line.seeds.start);
        if count != 1 {
            let message = format!(
                "--trace plays one seed, such as --seeds 4711 --trace, and {:?} are {count}",
                line.seeds
            );
            CommandLine::command().error(ErrorKind::ArgumentConflict, message).exit();
        }
        let report = simulate(line.seeds.start, &options)?;
        report.trace.iter().for_each(|text| println!("{text}"));
        println!("{}", sentence(&report));
        return Ok(if report.broken.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS });
    }
    let threads = line.threads.or_else(|| std::thread::available_parallelism().ok().map(usize::from));
    let summary = play_many(line.seeds, &options, threads.unwrap_or(1), |report| {
        if report.broken.is_some() {
            println!("{}", sentence(report));
        }
    });
    for (seed, error) in &summary.failed {
        println!("seed {seed} could not be played: {error}");
    }
    println!(
        "{} seeds, {} releases and cleanups, {} requests, {} steps, {} simulated hours: {} broken, {} not played",
        summary.played,
        summary.runs,
        summary.requests,
        summary.steps,
        summary.simulated_seconds / 3_600,
        summary.broken.len(),
        summary.failed.len()
    );
    println!(
        "tenants of releases: {}; of cleanups: {}; successes demanded in the calm: {}",
        summary.verdicts.releases, summary.verdicts.cleanups, summary.demanded
    );
    let good = summary.broken.is_empty() && summary.failed.is_empty();
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn sentence(report: &Report) -> String {
    let seed = report.seed;
    match &report.broken {
        Some(broken) => format!("seed {seed}: {broken}\n  replay: --seeds {seed} --trace"),
        None => format!(
            "seed {seed}: {} runs, {} requests, {} steps, {:?}, trace {:016x}",
            report.runs, report.requests, report.steps, report.took, report.hash
        ),
    }
}

/// `0..100`, or one number.
fn seeds(text: &str) -> anyhow::Result<Range<u64>> {
    match text.split_once("..") {
        Some((from, to)) => Ok(from.parse().context("the first seed")?..to.parse().context("the last seed")?),
        None => {
            let seed: u64 = text.parse().context("a seed is a number")?;
            Ok(seed..seed + 1)
        }
    }
}
