//! What Ringway costs on fleets of hundreds and thousands of tenants, which no testbed on one machine holds: against the
//! sandbox in a process of its own, at the pace of the clock on the wall.
//!
//! Each measurement has a sandbox of its own with the same seed, so that all begin with the same fleet. The model itself
//! says when a tenant was ready. `docs/performance.md` explains the figures.
//!
//!     cargo bench -p ringway --bench simulated_fleet -- --tenants 100,1000,10000

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
#[path = "../shared/installation.rs"]
mod installation;
#[path = "../shared/lines.rs"]
mod lines;
mod program;
#[path = "../shared/served.rs"]
mod served;
mod table;
#[path = "../shared/truth.rs"]
mod truth;

use apart::Fleet;
use clap::Parser;
use program::Program;
use served::Size;

#[derive(Parser)]
struct Options {
    /// The sizes of the fleets.
    #[arg(long, value_delimiter = ',', default_values_t = [100, 1_000])]
    tenants: Vec<usize>,
    /// How many tenants Ringway works on at once; more than one number for more than one run.
    #[arg(long, value_delimiter = ',', default_values_t = [200])]
    limits: Vec<usize>,
    /// How many operations Argo CD runs at once.
    #[arg(long, default_value_t = 10)]
    operations: usize,
    /// Also take the release back.
    #[arg(long)]
    cleanup: bool,
    /// Kill Ringway with all tenants of the fleet in flight, and nothing else.
    #[arg(long)]
    restart: bool,
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
    let sizes =
        options.tenants.iter().map(|tenants| Size { tenants: *tenants, operations: options.operations });
    if options.serve {
        for size in sizes {
            served::serve(size, ()).await;
        }
        return;
    }
    ringway::registry::install_crypto_provider();
    for size in sizes {
        if options.restart {
            let fleet = Fleet::start(size);
            table::restart(&Program::new(&fleet, size.tenants).killed().await);
        } else {
            measure(size, &options).await;
        }
    }
}

async fn measure(size: Size, options: &Options) {
    let bare = bare::release(&Fleet::start(size)).await;
    table::head(size.tenants, size.operations, &bare);
    for limit in options.limits.iter().copied() {
        let fleet = Fleet::start(size);
        let program = Program::new(&fleet, limit);
        table::measured("release", limit, &bare, &program.release().await);
        if options.cleanup {
            table::measured("cleanup", limit, &bare, &program.cleanup().await);
        }
    }
}
