//! `ringway`: the program. What it does is in the library; here it only starts and ends.

use clap::Parser as _;
use ringway::{command, error, registry};
use std::process::ExitCode;

fn main() -> ExitCode {
    let line = command::CommandLine::parse();
    log(line.verbose);
    registry::install_crypto_provider();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("ringway: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(command::run(line));
    // What is still under way is begun again by the next owner; waiting for it here would only hold the folder.
    runtime.shutdown_background();
    if let Err(error) = &result {
        error::print(error);
    }
    ExitCode::from(error::exit_code(&result))
}

fn log(verbose: bool) {
    // What goes wrong with a cluster is said by us; the client would say it a second time.
    let default = if verbose {
        "ringway=debug,durable_sqlite=debug,kube_client=off,warn"
    } else {
        "warn,kube_client=off"
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
