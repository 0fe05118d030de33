//! What GitHub delivers: `POST /webhooks/github`. A delivery is verified, stored and answered, and then whoever empties
//! the inbox is woken.
//!
//! It decides nothing and acts on nothing. Of a delivery it believes only what to look at, which is then read from GitHub
//! itself: whoever repeats, reorders or invents deliveries changes when something is looked at, and nothing else. Without
//! it everything works, only later, because the sweep looks at everything.

mod body;
mod counts;
mod headers;
mod payload;
mod refusal;
mod signature;
mod store;
#[cfg(test)]
mod tests;

pub use refusal::Refusal;
pub use signature::{Secrets, SecretsError};

use crate::{
    clock::Clock,
    error::UsageError,
    ledger::{Delivery, Hint, Ledger, Received},
    world::World,
};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use body::Reader;
use counts::Counts;
use headers::Headers;
use std::sync::Arc;
use store::Store;
use tokio::sync::Notify;

/// Where GitHub delivers to.
pub const PATH: &str = "/webhooks/github";

/// Takes deliveries. Clones share everything.
#[derive(Clone)]
pub struct Intake(Arc<Shared>);

struct Shared {
    secrets: Secrets,
    clock: Arc<dyn Clock>,
    store: Arc<Store>,
    reader: Reader,
    counts: Counts,
}

/// What became of a delivery that was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is in the inbox.
    Stored,
    /// It was in the inbox and waits to be processed; whoever empties the inbox was woken again.
    Again,
    /// It was processed before.
    Processed,
    /// It is about nothing of ours, so it was not stored.
    Nothing,
    /// GitHub asked whether we are there.
    Ping,
}

impl Intake {
    /// As the configuration describes it, with its secrets read. `None` if it has none, or no pull requests to look after:
    /// then only the sweep finds what has changed.
    ///
    /// # Errors
    /// [`UsageError`] if a secret cannot be read or used.
    pub fn configured(world: &World, wake: Arc<Notify>) -> anyhow::Result<Option<Self>> {
        let sources = world.config.github.as_ref().filter(|_| !world.config.rings.is_empty());
        let sources = sources.map(|github| github.webhook_secrets.as_slice()).unwrap_or_default();
        if sources.is_empty() {
            return Ok(None);
        }
        let wrong = |error: anyhow::Error| UsageError(format!("{error:#}"));
        let secrets = sources.iter().map(|source| source.read(|variable| std::env::var(variable).ok()));
        let secrets: Vec<String> = secrets.collect::<Result<_, _>>().map_err(|error| wrong(error.into()))?;
        let secrets =
            Secrets::new(secrets.iter().map(String::as_str)).map_err(|error| wrong(error.into()))?;
        Ok(Some(Self::new(world.ledger.clone(), Arc::clone(&world.clock), secrets, wake)))
    }

    /// Takes deliveries that are signed with one of `secrets` into `ledger`, and tells `wake` about each.
    pub fn new(ledger: Ledger, clock: Arc<dyn Clock>, secrets: Secrets, wake: Arc<Notify>) -> Self {
        let store = Arc::new(Store::new(ledger, wake));
        Self(Arc::new(Shared { secrets, clock, store, reader: Reader::default(), counts: Counts::default() }))
    }

    /// The route of the server.
    pub fn routes(self) -> Router {
        Router::new().route(PATH, post(answer)).with_state(self)
    }

    /// How many deliveries there were since the process began, by what became of them: the name in figures, whether they
    /// were verified, and the number.
    pub fn counts(&self) -> Vec<(&'static str, bool, u64)> {
        self.0.counts.all()
    }

    /// Takes a delivery.
    ///
    /// # Errors
    /// Why it is refused. Nothing of it is stored then.
    pub async fn take(&self, headers: &HeaderMap, body: Body) -> Result<Taken, Refusal> {
        let taken = self.verify_and_store(headers, body).await;
        self.0.counts.add(match &taken {
            Ok(taken) => taken.as_str(),
            Err(refusal) => refusal.as_str(),
        });
        taken
    }

    async fn verify_and_store(&self, headers: &HeaderMap, body: Body) -> Result<Taken, Refusal> {
        let Shared { secrets, clock, store, reader, .. } = &*self.0;
        // What the headers say costs nothing: whoever is refused for it need not be read.
        let headers = Headers::read(headers)?;
        let body = reader.read(headers.length, body).await?;
        secrets.verify(&headers.signature, &body)?;
        let (id, event) = (headers.delivery, headers.event);
        let hint = payload::hint(&event, &body)?;
        // Large bodies must not wait in memory for the disk.
        drop(body);
        if event == payload::PING {
            return Ok(Taken::Ping);
        }
        tracing::debug!(delivery = id, event, ?hint, "delivered by GitHub");
        if hint == Hint::Nothing {
            return Ok(Taken::Nothing);
        }
        let received = store.receive(Delivery { id, event, hint, received_at: clock.now() }).await?;
        Ok(match received {
            Received::New => Taken::Stored,
            Received::Again => Taken::Again,
            Received::Processed => Taken::Processed,
        })
    }
}

impl Taken {
    /// The name in figures.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Again => "again",
            Self::Processed => "processed",
            Self::Nothing => "nothing",
            Self::Ping => "ping",
        }
    }

    /// All there are.
    const ALL: [Self; 5] = [Self::Stored, Self::Again, Self::Processed, Self::Nothing, Self::Ping];

    /// What people read in GitHub's list of deliveries.
    fn answer(self) -> (StatusCode, &'static str) {
        match self {
            Self::Stored => (StatusCode::ACCEPTED, "stored\n"),
            Self::Again => (StatusCode::ACCEPTED, "stored before; it is looked into again\n"),
            Self::Processed => (StatusCode::ACCEPTED, "looked into before; nothing to do\n"),
            Self::Nothing => (StatusCode::ACCEPTED, "nothing that Ringway looks into\n"),
            Self::Ping => (StatusCode::OK, "here, and the secret is right\n"),
        }
    }
}

async fn answer(State(intake): State<Intake>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    match intake.take(&parts.headers, body).await {
        Ok(taken) => taken.answer().into_response(),
        Err(refusal) => {
            tracing::info!(reason = refusal.as_str(), "a delivery is refused: {refusal}");
            (refusal.status(), format!("{refusal}\n")).into_response()
        }
    }
}

impl std::fmt::Debug for Intake {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Intake")
    }
}
