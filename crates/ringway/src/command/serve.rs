//! `ringway serve`: own the state folder and stay.

use crate::{
    clock::{Clock, SystemClock},
    config::Config,
    error::{Outcome, UsageError},
    owner,
    state::{Ownership, StateError, StateFolder},
};
use clap::Args;
use std::{net::SocketAddr, time::Duration};
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
    let ownership = own(&folder).await?;
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

/// Becomes the owner. A command that owns the folder only for a moment, such as `ringway freeze`, is waited for.
async fn own(folder: &StateFolder) -> Result<Ownership, StateError> {
    const COMMAND: &str = "ringway serve";
    const ATTEMPTS: u32 = 40;
    const PAUSE: Duration = Duration::from_millis(50);
    for _ in 0..ATTEMPTS {
        match folder.own(COMMAND, SystemClock.now()) {
            // Another server stays.
            Err(StateError::OwnedBy { owner, .. })
                if owner.as_ref().is_none_or(|owner| owner.command != COMMAND) =>
            {
                tokio::time::sleep(PAUSE).await;
            }
            result => return result,
        }
    }
    folder.own(COMMAND, SystemClock.now())
}
