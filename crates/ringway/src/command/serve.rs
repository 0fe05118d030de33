//! `ringway serve`: own the state folder and stay.

use crate::{
    clock::{Clock, SystemClock},
    config::Config,
    error::{Outcome, UsageError},
    owner,
    state::StateFolder,
};
use clap::Args;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Drive releases until told to end.
#[derive(Debug, Args)]
pub struct ServeArguments {
    /// Where health checks and figures are answered over HTTP [default: server.listen of the configuration].
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
}

pub(super) async fn serve(config: Config, arguments: &ServeArguments) -> anyhow::Result<Outcome> {
    let folder = StateFolder::open(&config.state_folder)?;
    // Before it listens: a second one is told who the first is, and not that an address is taken.
    let ownership = folder.own("ringway serve", SystemClock.now())?;
    let address = arguments.listen.unwrap_or(config.server.listen);
    let listener = TcpListener::bind(address).await.map_err(|error| {
        UsageError(format!(
            "cannot listen on {address}: {error}; choose another with --listen or server.listen"
        ))
    })?;
    let address = listener.local_addr()?;
    tracing::info!(%address, state = %folder.path().display(), version = env!("CARGO_PKG_VERSION"), "serving");
    owner::stay(config, &folder, ownership, listener).await
}
