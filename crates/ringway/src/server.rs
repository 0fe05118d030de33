//! What `ringway serve` answers over HTTP: whether it lives, whether it works, and figures; and what it takes, which is
//! deliveries of GitHub. Those only wake it. Otherwise it changes nothing, shows no secret, and asks nobody but the ledger
//! and the engine of this process.

mod connections;
mod metrics;
#[cfg(test)]
mod tests;

use crate::{
    error::Outcome,
    intake::Intake,
    owner::{Owner, Phase},
    rings::Rings,
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
    /// Where GitHub delivers to; `None` if the configuration has no secret for it.
    intake: Option<Intake>,
    /// Who looks after pull requests, for the figures.
    rings: Option<Arc<Rings>>,
}

impl Server {
    /// Answers for an owner of the state folder, whose life stands where `phase` says.
    pub fn new(
        owner: Owner,
        phase: watch::Receiver<Phase>,
        folder: &StateFolder,
        intake: Option<Intake>,
        rings: Option<Arc<Rings>>,
    ) -> Self {
        let files = [("journal", folder.journal()), ("ledger", folder.ledger())];
        Self(Arc::new(Shared { owner, phase, files, intake, rings }))
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
        // Taken in every phase: what is stored is looked into by whoever comes next.
        let intake = self.0.intake.clone().map_or_else(Router::new, Intake::routes);
        Router::new()
            .route("/healthz", get(async || "ok\n"))
            .route("/readyz", get(ready))
            .route("/metrics", get(figures))
            .with_state(self)
            .merge(intake)
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
    let Shared { owner, files, intake, rings, .. } = &*server.0;
    match owner.world().ledger.figures() {
        Ok(figures) => {
            let world = owner.world();
            let sizes =
                files.each_ref().map(|(name, path)| (*name, std::fs::metadata(path).map(|file| file.len())));
            let deliveries = intake.as_ref().map(Intake::counts).unwrap_or_default();
            let rings = rings.as_deref().map(Rings::figures);
            let (requests, now) = (world.clusters.requests(), world.clock.now());
            let text = metrics::text(&figures, requests, &deliveries, rings.as_ref(), &sizes, now);
            ([(header::CONTENT_TYPE, PROMETHEUS)], text).into_response()
        }
        Err(error) => {
            let text = format!("{:#}\n", anyhow::Error::from(error));
            (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
        }
    }
}
