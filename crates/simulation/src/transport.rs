//! The way from Ringway's clients to the model, and everything that can go wrong on it.
//!
//! Requests are complete when they arrive and answers are made in one piece, so what is lost, late or cut is decided
//! here and not in the model. A watch is the one answer that goes on.

mod body;
mod github;
mod kubernetes;
mod paint;
mod registry;

pub(crate) use github::GithubWay;
pub(crate) use kubernetes::connect;
pub(crate) use registry::RegistryWay;

use crate::{
    kill::Kill,
    stage::{Request, Stage},
    weather::Instead,
};
use std::{io, time::Duration};

/// Why there is no answer.
pub(crate) type NoAnswer = Box<dyn std::error::Error + Send + Sync>;

/// Longer than anybody waits.
const FOR_EVER: Duration = Duration::from_secs(100 * 24 * 60 * 60);

fn no_connection(kind: io::ErrorKind) -> NoAnswer {
    io::Error::new(kind, "simulated").into()
}

/// A request on its way: waits until it arrives, and says what is answered instead if it does not get through.
async fn arrive(stage: &Stage, request: &Request) -> Option<Instead> {
    if stage.is_killed_by(Kill::BeforeRequest) {
        never().await;
    }
    if request.silent {
        never().await;
    }
    tokio::time::sleep(request.fate.before).await;
    request.fate.instead
}

/// An answer on its way back.
async fn come_back(stage: &Stage, request: &Request) -> Result<(), NoAnswer> {
    if stage.is_killed_by(Kill::AfterRequest) {
        never().await;
    }
    tokio::time::sleep(request.fate.after).await;
    if request.fate.lost_after {
        return Err(no_connection(io::ErrorKind::ConnectionReset));
    }
    Ok(())
}

async fn never() {
    tokio::time::sleep(FOR_EVER).await;
}
