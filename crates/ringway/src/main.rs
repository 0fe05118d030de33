//! `ringway`: the program. What it does is in the library; here it only starts and ends.

use clap::Parser as _;
use ringway::{
    command::{self, Command, CommandLine, LogFormat},
    error, registry,
};
use std::process::ExitCode;

fn main() -> ExitCode {
    let line = CommandLine::parse();
    let format = line.log_format;
    log(&line);
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
    match &result {
        // Whoever collects the log finds the reason in it, in the same form.
        Err(error) if format == LogFormat::Json => tracing::error!("{error:#}"),
        Err(error) => error::print(error),
        Ok(_) => {}
    }
    ExitCode::from(error::exit_code(&result))
}

fn log(line: &CommandLine) {
    // What goes wrong with a cluster is said by us; the client would say it a second time.
    let default = match (line.verbose, &line.command) {
        (true, _) => "ringway=debug,durable_sqlite=debug,kube_client=off,warn",
        // Nobody looks at its results: the log is all there is.
        (false, Command::Serve(_)) => "ringway=info,durable_sqlite=info,kube_client=off,warn",
        (false, _) => "warn,kube_client=off",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match line.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}
