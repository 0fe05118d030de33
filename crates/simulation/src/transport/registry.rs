//! The client of registries, over the model.

use super::{NoAnswer, arrive, body, come_back, no_connection};
use crate::{
    stage::Stage,
    weather::{Asked, Instead},
};
use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use http::{HeaderValue, Request, Response, StatusCode, header};
use ringway::registry::{AnswerBody, Transport, TransportError};
use std::{fmt, io, sync::Arc};

/// Takes requests to the registries of the model.
pub(crate) struct RegistryWay(Arc<Stage>);

impl RegistryWay {
    /// The way to the registries of this stage.
    pub(crate) fn new(stage: &Arc<Stage>) -> Self {
        Self(Arc::clone(stage))
    }
}

impl fmt::Debug for RegistryWay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RegistryWay")
    }
}

impl Transport for RegistryWay {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<AnswerBody>, TransportError>> {
        send(&self.0, request).boxed()
    }
}

async fn send(stage: &Stage, request: Request<Bytes>) -> Result<Response<AnswerBody>, NoAnswer> {
    let way = stage.announce(Asked::Registry);
    let line = format!("#{} {} {}", way.number, request.method(), request.uri());
    match arrive(stage, &way).await {
        Some(Instead::NoConnection) => {
            stage.note(&format!("{line}: no connection"));
            return Err(no_connection(io::ErrorKind::ConnectionRefused));
        }
        Some(Instead::Status(status, retry_after)) => {
            stage.note(&format!("{line}: {status} instead"));
            return Ok(instead(status, retry_after));
        }
        None => {}
    }
    let host = request.uri().authority().map(ToString::to_string).unwrap_or_default();
    let response = stage.serve(|inner| {
        let response = inner.model.registries.handle(&host, &request);
        let now = stage.time.now();
        inner.trace.note(now, &format!("{line}: {}", response.status().as_u16()));
        inner.trace.add(response.body());
        response
    });
    come_back(stage, &way).await?;
    Ok(response.map(|whole| body::bytes(&way, whole)))
}

fn instead(status: u16, retry_after: Option<u64>) -> Response<AnswerBody> {
    let mut response = Response::new(body::text("simulated"));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
