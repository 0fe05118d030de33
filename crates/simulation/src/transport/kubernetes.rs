//! The client of Kubernetes, over the model.

use super::{NoAnswer, arrive, body, come_back, no_connection};
use crate::{
    race,
    stage::{Inner, Stage},
    weather::{Asked, Instead},
};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use kube::client::Body;
use ringway::cluster::Connect;
use sandbox::kubernetes::{self, Answer};
use serde_json::json;
use std::{io, sync::Arc};

/// Connects every cluster of the configuration to the model.
pub(crate) fn connect(stage: &Arc<Stage>) -> Connect {
    let stage = Arc::clone(stage);
    Arc::new(move |_, _| {
        let stage = Arc::clone(&stage);
        Box::pin(async move {
            let service = tower::service_fn(move |request| send(Arc::clone(&stage), request));
            Ok(kube::Client::new(service, "default"))
        })
    })
}

async fn send(stage: Arc<Stage>, request: Request<Body>) -> Result<Response<body::AnswerBody>, NoAnswer> {
    let (head, body) = request.into_parts();
    let mut request = Request::from_parts(head, body.collect().await?.to_bytes());
    let token = HeaderValue::from_str(&format!("Bearer {}", kubernetes::ADMINISTRATOR))?;
    request.headers_mut().insert(header::AUTHORIZATION, token);
    let request = stage.bug().without_guards(request);
    let asked = asked(&request);
    let way = stage.announce(asked);
    let line = format!("#{} {} {}", way.number, request.method(), request.uri());
    if asked == Asked::Write {
        stage.with(|inner| inner.book.write_begins(way.number, &request, stage.time.now()));
    }
    match arrive(&stage, &way).await {
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
    let response = stage.serve(|inner| {
        if asked == Asked::Watch {
            inner.book.watch_goes_on(&request, stage.time.now());
        }
        let response = answer(inner, &stage, &request, &line);
        race::run(inner, &request, stage.time.now());
        response
    });
    if asked == Asked::Watch && response.status().is_success() {
        let response = body::watch(&stage, &way, response);
        stage.stirred.notify_one();
        return Ok(response);
    }
    come_back(&stage, &way).await?;
    if let Some(status) = way.fate.failed_after {
        stage.note(&format!("{line}: {status} on the way back"));
        return Ok(instead(status, None));
    }
    Ok(body::whole(&way, response))
}

fn answer(inner: &mut Inner, stage: &Stage, request: &Request<Bytes>, line: &str) -> Response<Answer> {
    let response = kubernetes::handle(&mut inner.model, request);
    let now = stage.time.now();
    inner.trace.note(now, &format!("{line}: {}", response.status().as_u16()));
    if let Answer::Whole(bytes) = response.body() {
        inner.trace.add(bytes);
    }
    response
}

fn asked(request: &Request<Bytes>) -> Asked {
    let query = request.uri().query().unwrap_or_default();
    match *request.method() {
        Method::GET if query.split('&').any(|pair| pair == "watch=true") => Asked::Watch,
        Method::GET => Asked::Read,
        _ if query.split('&').any(|pair| pair.starts_with("dryRun=")) => Asked::Read,
        Method::PATCH => Asked::Write,
        _ => Asked::Read,
    }
}

/// An answer that the API server did not give.
fn instead(status: u16, retry_after: Option<u64>) -> Response<body::AnswerBody> {
    let reason = match status {
        409 => "Conflict",
        410 => "Expired",
        422 => "Invalid",
        429 => "TooManyRequests",
        500 => "InternalError",
        503 => "ServiceUnavailable",
        _ => "",
    };
    let text = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "simulated", "reason": reason, "code": status,
    });
    // Something in front of the API server answers in a language of its own.
    let text =
        if matches!(status, 502 | 504) { "<html>simulated</html>".to_owned() } else { text.to_string() };
    let mut response = Response::new(body::text(text));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
