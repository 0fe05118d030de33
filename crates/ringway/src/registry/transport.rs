//! How requests reach a registry: over the network, or wherever the caller takes them.
//!
//! Everything above this border is the same for both, so that a simulation runs the real client. What a transport must do
//! is little: one request out, one answer back. Patience is not its business: the time limits above it are those of
//! tokio's clock, which a simulation moves itself.

use super::{Limits, RegistrySetupError};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use std::fmt;

/// Why there was no answer, or no more of it.
pub type TransportError = Box<dyn std::error::Error + Send + Sync>;

/// The body of an answer, as it comes.
pub type AnswerBody = UnsyncBoxBody<Bytes, TransportError>;

/// Takes requests to registries, and to the token services that they name.
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends a request with an absolute address, and gives the answer as soon as its head is there. Redirects are the
    /// transport's to follow; it must not take a password to another host.
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<AnswerBody>, TransportError>>;
}

/// The network, by one HTTP client.
#[derive(Debug)]
pub(super) struct Network(reqwest::Client);

impl Network {
    /// Connections to the world: encrypted, through the proxy of the environment where there is one.
    pub(super) fn encrypted(limits: &Limits) -> Result<Self, RegistrySetupError> {
        // `https_only` also covers redirects and token services that a registry sends us to.
        Self::of(builder(limits).https_only(true))
    }

    /// Connections to this machine.
    pub(super) fn plain(limits: &Limits) -> Result<Self, RegistrySetupError> {
        // A proxy could not reach our loopback address anyway.
        Self::of(builder(limits).no_proxy())
    }

    fn of(builder: reqwest::ClientBuilder) -> Result<Self, RegistrySetupError> {
        builder.build().map(Self).map_err(RegistrySetupError::Client)
    }
}

fn builder(limits: &Limits) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("ringway/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(limits.connect_timeout)
}

impl Transport for Network {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<AnswerBody>, TransportError>> {
        Box::pin(async move {
            let (parts, _) = request.into_parts();
            let address = parts.uri.to_string();
            let sent = self.0.request(parts.method, address).headers(parts.headers).send();
            let response: Response<reqwest::Body> = sent.await.map_err(without_address)?.into();
            Ok(response.map(|body| body.map_err(without_address).boxed_unsync()))
        })
    }
}

/// Redirect targets carry signed parameters, so a message names the address that we asked for and not the error's.
fn without_address(error: reqwest::Error) -> TransportError {
    error.without_url().into()
}
