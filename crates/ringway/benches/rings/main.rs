//! What it costs that pull requests drive releases: from a label to its result, a sweep over pull requests that do not
//! change, and deliveries that come fast.
//!
//! The fleet and GitHub are a sandbox in a process of its own, at the pace of the clock on the wall; Ringway is run as a
//! user runs it, with `ringway serve`. `docs/performance.md` explains the figures.
//!
//!     cargo bench -p ringway --bench rings -- --only label --tenants 600 --parallel 100

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement stops at the first surprise"
)]

#[path = "../shared/apart.rs"]
mod apart;
#[path = "../shared/bare.rs"]
mod bare;
#[path = "../shared/figures.rs"]
mod figures;
mod hub;
#[path = "../shared/installation.rs"]
mod installation;
mod intake;
mod label;
#[path = "../shared/lines.rs"]
mod lines;
#[path = "../shared/served.rs"]
mod served;
mod server;
mod stage;
mod sweep;
mod table;
#[path = "../shared/truth.rs"]
mod truth;

use apart::Fleet;
use clap::{Parser, ValueEnum};
use label::Last;
use served::Size;

/// One of the measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// From a label to its result.
    Label,
    /// Pull requests that do not change.
    Sweep,
    /// Deliveries.
    Intake,
}

#[derive(Parser)]
struct Options {
    /// What is measured.
    #[arg(long, value_delimiter = ',', value_enum, default_values_t = [Part::Label, Part::Sweep, Part::Intake])]
    only: Vec<Part>,
    /// The size of the fleet that a label asks for.
    #[arg(long, default_value_t = 600)]
    tenants: usize,
    /// How many tenants Ringway works on at once.
    #[arg(long, default_value_t = 100)]
    parallel: usize,
    /// How many operations Argo CD runs at once.
    #[arg(long, default_value_t = 10)]
    operations: usize,
    /// How many pull requests there are to be swept.
    #[arg(long, default_value_t = 500)]
    pull_requests: usize,
    /// How many sweeps are counted once all pull requests have their comments.
    #[arg(long, default_value_t = 3)]
    sweeps: usize,
    /// How many deliveries there are.
    #[arg(long, default_value_t = 5_000)]
    deliveries: u32,
    /// How many of them come in a second.
    #[arg(long, default_value_t = 500)]
    rate: u32,
    /// Be the process of the sandbox.
    #[arg(long, hide = true)]
    serve: bool,
    /// `cargo bench` says this to every program.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() {
    let options = Options::parse();
    let size = Size { tenants: options.tenants, operations: options.operations };
    if options.serve {
        served::serve(size, stage::Stage::default()).await;
        return;
    }
    ringway::registry::install_crypto_provider();
    table::machine();
    for part in &options.only {
        match part {
            Part::Label => labels(size, options.parallel).await,
            Part::Sweep => table::swept(&sweep::measure(options.pull_requests, options.sweeps).await),
            Part::Intake => intakes(options.deliveries, options.rate).await,
        }
    }
}

async fn labels(size: Size, parallel: usize) {
    let bare = bare::release(&Fleet::start(size)).await;
    table::head(size.tenants, size.operations, &bare);
    for last in [Last::Label, Last::Build] {
        let labelled = label::measure(size, parallel, last).await;
        table::labelled(last, parallel, &bare, &labelled);
    }
}

async fn intakes(deliveries: u32, rate: u32) {
    table::deliveries(deliveries, rate);
    for keeps_connections in [true, false] {
        table::taken(keeps_connections, &intake::measure(deliveries, rate, keeps_connections).await);
    }
}
