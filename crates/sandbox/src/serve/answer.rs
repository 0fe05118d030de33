//! Requests from sockets to the model, and its answers back.

use super::driver::Shared;
use crate::kubernetes::{self, Answer};
use axum::{
    body::{Body, to_bytes},
    extract::Request,
    handler::HandlerWithoutStateExt,
    response::Response,
    serve::ListenerExt,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::StatusCode;
use std::{convert::Infallible, io, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::watch};

/// What a request may weigh: the API server's own limit
/// (<https://github.com/kubernetes/kubernetes/blob/v1.34.0/staging/src/k8s.io/apiserver/pkg/server/config.go>,
/// `MaxRequestBodyBytes`).
const LARGEST_REQUEST: usize = 3 << 20;

/// Answers as the Kubernetes API, until it is stopped.
pub(super) async fn kubernetes(listener: TcpListener, shared: Arc<Shared>, stopped: watch::Receiver<bool>) {
    let ending = stopped.clone();
    let answer = move |request: &http::Request<Bytes>| {
        let response = shared.with(|model| kubernetes::handle(model, request));
        response.map(|answer| match answer {
            Answer::Whole(bytes) => Body::from(bytes),
            Answer::Watch(lines) => {
                let stop = until_stopped(ending.clone());
                Body::from_stream(lines.map(Ok::<_, Infallible>).take_until(Box::pin(stop)))
            }
        })
    };
    serve(listener, answer, stopped).await;
}

/// Answers as the registry of a host, until it is stopped.
pub(super) async fn registry(
    listener: TcpListener,
    host: String,
    shared: Arc<Shared>,
    stopped: watch::Receiver<bool>,
) {
    let answer = move |request: &http::Request<Bytes>| {
        shared.with(|model| model.registries.handle(&host, request)).map(Body::from)
    };
    serve(listener, answer, stopped).await;
}

/// Answers as GitHub's API, until it is stopped.
pub(super) async fn github(listener: TcpListener, shared: Arc<Shared>, stopped: watch::Receiver<bool>) {
    let answer = move |request: &http::Request<Bytes>| {
        let answer = shared.with(|model| model.github.handle(request));
        if let Some(Err(error)) = shared.recorder.get().map(|recorder| recorder.exchange(request, &answer)) {
            return unrecorded(&error);
        }
        let delay = shared.lasts(answer.delay);
        let truncated = answer.truncated;
        answer.response.map(|body| match (delay.is_zero(), truncated) {
            (true, false) => Body::from(body),
            _ => Body::from_stream(faulty(body, delay, truncated)),
        })
    };
    serve(listener, answer, stopped).await;
}

/// What nobody wrote down must not go unnoticed.
fn unrecorded(error: &io::Error) -> Response {
    let mut response = Response::new(Body::from(format!("the exchange cannot be recorded: {error}")));
    *response.status_mut() = StatusCode::INSUFFICIENT_STORAGE;
    response
}

/// A body that takes its time, or ends before it is whole.
fn faulty(body: Bytes, delay: Duration, truncated: bool) -> impl Stream<Item = io::Result<Bytes>> {
    let whole = if truncated { body.slice(..body.len() / 2) } else { body };
    let late = stream::once(async move {
        tokio::time::sleep(delay).await;
        Ok(whole)
    });
    let broken = truncated.then(|| Err(io::Error::other("the connection breaks, as it was asked to")));
    late.chain(stream::iter(broken))
}

async fn serve<F>(listener: TcpListener, answer: F, stopped: watch::Receiver<bool>)
where
    F: Fn(&http::Request<Bytes>) -> Response + Send + Sync + 'static,
{
    let answer = Arc::new(answer);
    let handler = move |request: Request| {
        let answer = answer.clone();
        async move { whole(request).await.map_or_else(|refused| refused, |request| answer(&request)) }
    };
    // The lines of a watch are small and must not wait for each other.
    let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
    let server = axum::serve(listener, handler.into_make_service());
    // Without an end it does not fail either, says axum.
    drop(server.with_graceful_shutdown(until_stopped(stopped)).await);
}

/// A request with all of its body; the model looks at nothing less.
async fn whole(request: Request) -> Result<http::Request<Bytes>, Response> {
    let (parts, body) = request.into_parts();
    match to_bytes(body, LARGEST_REQUEST).await {
        Ok(body) => Ok(http::Request::from_parts(parts, body)),
        Err(_) => {
            let mut refused = Response::new(Body::empty());
            *refused.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
            Err(refused)
        }
    }
}

/// Ends when the sandbox is stopped or dropped.
async fn until_stopped(mut stopped: watch::Receiver<bool>) {
    drop(stopped.wait_for(|stopped| *stopped).await);
}
