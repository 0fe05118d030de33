//! The client of GitHub, over the model.

use super::{NoAnswer, arrive, body, come_back, no_connection};
use crate::{
    stage::Stage,
    weather::{Asked, Instead},
};
use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use ringway::transport::{AnswerBody, Transport, TransportError};
use std::{fmt, io, sync::Arc};

/// Takes requests to the model's GitHub.
pub(crate) struct GithubWay(Arc<Stage>);

impl GithubWay {
    /// The way to the GitHub of this stage.
    pub(crate) fn new(stage: &Arc<Stage>) -> Self {
        Self(Arc::clone(stage))
    }
}

impl fmt::Debug for GithubWay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("GithubWay")
    }
}

impl Transport for GithubWay {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<AnswerBody>, TransportError>> {
        send(&self.0, request).boxed()
    }
}

async fn send(stage: &Stage, request: Request<Bytes>) -> Result<Response<AnswerBody>, NoAnswer> {
    let way = stage.announce(Asked::Github);
    let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let line = format!("#{} {} github {path}", way.number, request.method());
    if request.method() == Method::GET {
        let now = stage.time.now();
        stage.with(|inner| {
            if let Some(history) = &mut inner.book.github {
                history.asked(request.uri().path(), now);
            }
        });
    }
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
    let answer = stage.with_github(|inner| {
        let answer = inner.model.github.handle(&request);
        let now = stage.time.now();
        inner.trace.note(now, &format!("{line}: {}", answer.response.status().as_u16()));
        inner.trace.add(answer.response.body());
        answer
    });
    let mut response = stage.bug().repaint(&request, answer.response);
    // Every server on the web says what time it is; the model leaves that to what is around it.
    let date = stage.time.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    response.headers_mut().insert(header::DATE, HeaderValue::try_from(date)?);
    tokio::time::sleep(answer.delay).await;
    come_back(stage, &way).await?;
    let half = answer.truncated.then_some(response.body().len() / 2);
    Ok(response.map(|whole| body::cut(half.or(way.fate.truncated_at), whole)))
}

/// What something in front of GitHub answers.
fn instead(status: u16, retry_after: Option<u64>) -> Response<AnswerBody> {
    let mut response = Response::new(body::text("<html>simulated</html>"));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
