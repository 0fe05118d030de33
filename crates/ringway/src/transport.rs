//! How requests reach a registry or GitHub: over the network, or wherever the caller takes them.
//!
//! Everything above this border is the same for both, so that a simulation runs the real client. What a transport must do
//! is little: one request out, one answer back. Patience is not its business: the time limits above it are those of
//! tokio's clock, which a simulation moves itself.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use std::{fmt, time::Duration};

/// Why there was no answer, or no more of it.
pub type TransportError = Box<dyn std::error::Error + Send + Sync>;

/// The body of an answer, as it comes.
pub type AnswerBody = UnsyncBoxBody<Bytes, TransportError>;

/// Takes requests to registries and the token services that they name, and to GitHub.
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends a request with an absolute address, and gives the answer as soon as its head is there. Redirects of a registry
    /// are the transport's to follow, those of GitHub are not; it must not take a password to another host.
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<AnswerBody>, TransportError>>;
}

/// The network, by one HTTP client.
#[derive(Debug)]
pub(crate) struct Network(reqwest::Client);

impl Network {
    /// Connections to the world: encrypted, through the proxy of the environment where there is one.
    pub(crate) fn encrypted(connect_timeout: Duration) -> Result<Self, reqwest::Error> {
        // `https_only` also covers redirects and token services that a registry sends us to.
        Self::of(builder(connect_timeout).https_only(true))
    }

    /// Connections to this machine.
    pub(crate) fn plain(connect_timeout: Duration) -> Result<Self, reqwest::Error> {
        // A proxy could not reach our loopback address anyway.
        Self::of(builder(connect_timeout).no_proxy())
    }

    /// Connections on which a redirect is an answer like any other, for whoever sends what must not go elsewhere.
    pub(crate) fn without_redirects(connect_timeout: Duration, plain: bool) -> Result<Self, reqwest::Error> {
        let builder = builder(connect_timeout).redirect(reqwest::redirect::Policy::none());
        Self::of(if plain { builder.no_proxy() } else { builder.https_only(true) })
    }

    fn of(builder: reqwest::ClientBuilder) -> Result<Self, reqwest::Error> {
        builder.build().map(Self)
    }
}

fn builder(connect_timeout: Duration) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("ringway/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(connect_timeout)
}

impl Transport for Network {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<AnswerBody>, TransportError>> {
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let address = parts.uri.to_string();
            let request = self.0.request(parts.method, address).headers(parts.headers);
            let request = if body.is_empty() { request } else { request.body(body) };
            let response: Response<reqwest::Body> = request.send().await.map_err(without_address)?.into();
            Ok(response.map(|body| body.map_err(without_address).boxed_unsync()))
        })
    }
}

/// Redirect targets carry signed parameters, so a message names the address that we asked for and not the error's.
fn without_address(error: reqwest::Error) -> TransportError {
    error.without_url().into()
}
