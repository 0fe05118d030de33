//! What `ringway serve` answers over HTTP: whether it lives, whether it works, and figures. It changes nothing, shows no
//! secret, and asks nobody but the ledger and the engine of this process.

mod connections;
mod metrics;
#[cfg(test)]
mod tests;

use crate::{
    error::Outcome,
    owner::{Owner, Phase},
    state::StateFolder,
};
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use std::{path::PathBuf, sync::Arc};
use tokio::{net::TcpListener, sync::watch};

/// The media type of Prometheus' text format
/// (<https://prometheus.io/docs/instrumenting/exposition_formats/#basic-info>).
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers over HTTP. Clones share everything.
#[derive(Clone)]
pub struct Server(Arc<Shared>);

struct Shared {
    owner: Owner,
    phase: watch::Receiver<Phase>,
    /// What grows on the disk, with its name in the figures.
    files: [(&'static str, PathBuf); 2],
}

impl Server {
    /// Answers for an owner of the state folder, whose life stands where `phase` says.
    pub fn new(owner: Owner, phase: watch::Receiver<Phase>, folder: &StateFolder) -> Self {
        let files = [("journal", folder.journal()), ("ledger", folder.ledger())];
        Self(Arc::new(Shared { owner, phase, files }))
    }

    /// Answers until it is dropped.
    ///
    /// # Errors
    /// If it ends all the same.
    pub async fn serve(self, listener: TcpListener) -> anyhow::Result<Outcome> {
        connections::serve(listener, self.routes()).await;
        anyhow::bail!("the HTTP listener was closed")
    }

    fn routes(self) -> Router {
        Router::new()
            .route("/healthz", get(async || "ok\n"))
            .route("/readyz", get(ready))
            .route("/metrics", get(figures))
            .with_state(self)
    }

    /// Why it does not work; `None` if it does.
    async fn obstacle(&self) -> Option<String> {
        let Shared { owner, phase, .. } = &*self.0;
        match *phase.borrow() {
            Phase::Starting => return Some("starting: it looks at what is unfinished".to_owned()),
            Phase::Stopping => return Some("stopping: it was told to end".to_owned()),
            Phase::Ready => {}
        }
        if let Err(error) = owner.world().ledger.data_version() {
            return Some(format!("{:#}", anyhow::Error::from(error)));
        }
        owner.engine_answers().await.err().map(|error| format!("{error:#}"))
    }
}

async fn ready(State(server): State<Server>) -> Response {
    match server.obstacle().await {
        None => "ready\n".into_response(),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
    }
}

async fn figures(State(server): State<Server>) -> Response {
    let Shared { owner, files, .. } = &*server.0;
    match owner.world().ledger.figures() {
        Ok(figures) => {
            let world = owner.world();
            let sizes =
                files.each_ref().map(|(name, path)| (*name, std::fs::metadata(path).map(|file| file.len())));
            let text = metrics::text(&figures, world.clusters.requests(), &sizes, world.clock.now());
            ([(header::CONTENT_TYPE, PROMETHEUS)], text).into_response()
        }
        Err(error) => {
            let text = format!("{:#}\n", anyhow::Error::from(error));
            (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
        }
    }
}
