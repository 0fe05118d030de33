//! One request to an API server: its address, its answer or its error. Nothing is tried again here.

use super::{
    ClusterClient,
    error::{self, ClusterError, ClusterErrorKind, Source},
};
use http::{HeaderValue, Method, Request, Response, header};
use http_body_util::BodyExt;
use kube::client::Body;
use serde::de::DeserializeOwned;
use std::{sync::atomic::Ordering, time::Duration};

/// The longest that an answer may take. The API server itself gives up after 60 s.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The largest answer that is read. etcd holds objects of 1.5 MB at most; a page of a list has a few of them,
/// and an error can quote a whole one.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// Asks for the metadata of objects alone
/// (<https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches>).
const METADATA_ONLY: HeaderValue =
    HeaderValue::from_static("application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io");

/// A request and what errors say about it.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// The name of the cluster.
    pub(super) cluster: String,
    /// What it is for, such as `read Application argocd/tenant-a`.
    pub(super) doing: String,
    /// The verb that RBAC knows it by.
    pub(super) verb: &'static str,
    /// The resource that RBAC knows it by, such as `applications.argoproj.io`.
    pub(super) resource: &'static str,
    /// The namespace, or empty.
    pub(super) namespace: String,
    /// The path without a query.
    pub(super) path: String,
}

impl Call {
    pub(super) fn error(&self, kind: ClusterErrorKind, source: Option<Source>) -> ClusterError {
        ClusterError { doing: self.doing.clone(), cluster: self.cluster.clone(), kind, source }
    }
}

/// Escapes everything that is not allowed in one segment of a path or a value of a query.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                escaped.push(char::from(byte))
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

/// A path from its segments.
pub(super) fn path(prefix: &str, segments: &[&str]) -> String {
    let mut path = prefix.to_owned();
    for segment in segments {
        path.push('/');
        path.push_str(&escape(segment));
    }
    path
}

/// A body to send and what it is.
pub(super) struct Payload {
    /// Its `Content-Type`.
    pub(super) content_type: &'static str,
    /// The body.
    pub(super) bytes: Vec<u8>,
}

impl ClusterClient {
    /// Sends a request and gives the answer once its head is there.
    pub(super) async fn open(
        &self,
        call: &Call,
        method: Method,
        query: &[(&str, &str)],
        payload: Option<Payload>,
    ) -> Result<Response<Body>, ClusterError> {
        self.send(call, build(call, method, query, payload)?).await
    }

    /// Sends a `GET` whose answer has nothing but the metadata of objects, and reads all of it.
    pub(super) async fn metadata_bytes(
        &self,
        call: &Call,
        query: &[(&str, &str)],
    ) -> Result<Vec<u8>, ClusterError> {
        let mut request = build(call, Method::GET, query, None)?;
        request.headers_mut().insert(header::ACCEPT, METADATA_ONLY);
        let response = self.send(call, request).await?;
        read(call, response.into_body(), LARGEST_ANSWER).await
    }

    async fn send(&self, call: &Call, request: Request<Body>) -> Result<Response<Body>, ClusterError> {
        let answer = tokio::time::timeout(REQUEST_TIMEOUT, self.client().send(request)).await;
        let answered = answer.as_ref().ok().and_then(|answer| answer.as_ref().ok());
        self.inner.requests.count(answered.map(|response| response.status()));
        let response = answer
            .map_err(|_| call.error(ClusterErrorKind::TimedOut { after: REQUEST_TIMEOUT }, None))?
            .map_err(|error| error::from_transport(call, error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let (head, body) = response.into_parts();
        if head.status == http::StatusCode::UNAUTHORIZED {
            self.inner.rejected.store(true, Ordering::Relaxed);
        }
        // The status says enough if the rest does not come.
        let body = read(call, body, LARGEST_ANSWER).await.unwrap_or_default();
        Err(error::from_response(call, head.status, &head.headers, &body))
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn bytes(
        &self,
        call: &Call,
        method: Method,
        query: &[(&str, &str)],
        payload: Option<Payload>,
    ) -> Result<Vec<u8>, ClusterError> {
        let response = self.open(call, method, query, payload).await?;
        read(call, response.into_body(), LARGEST_ANSWER).await
    }

    /// Sends a `GET` and parses the answer.
    pub(super) async fn json<T: DeserializeOwned>(
        &self,
        call: &Call,
        query: &[(&str, &str)],
        expected: &str,
    ) -> Result<T, ClusterError> {
        let bytes = self.bytes(call, Method::GET, query, None).await?;
        parse(call, &bytes, expected)
    }
}

/// Parses an answer.
pub(super) fn parse<'a, T: serde::Deserialize<'a>>(
    call: &Call,
    bytes: &'a [u8],
    expected: &str,
) -> Result<T, ClusterError> {
    serde_json::from_slice(bytes).map_err(|error| malformed(call, expected, error))
}

/// A list that goes on for ever.
pub(super) fn endless(call: &Call) -> ClusterError {
    let expected = "a list of this length".to_owned();
    call.error(ClusterErrorKind::Malformed { expected }, Some("it has no end".into()))
}

/// An answer that is not what it should be.
pub(super) fn malformed(call: &Call, expected: &str, error: serde_json::Error) -> ClusterError {
    call.error(ClusterErrorKind::Malformed { expected: expected.to_owned() }, Some(Box::new(error)))
}

fn build(
    call: &Call,
    method: Method,
    query: &[(&str, &str)],
    payload: Option<Payload>,
) -> Result<Request<Body>, ClusterError> {
    let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
    let separator = if pairs.is_empty() { "" } else { "?" };
    let mut request = Request::builder()
        .method(method)
        .uri(format!("{}{separator}{}", call.path, pairs.join("&")))
        .header(header::USER_AGENT, concat!("ringway/", env!("CARGO_PKG_VERSION")))
        .header(header::ACCEPT, "application/json");
    let mut bytes = Vec::new();
    if let Some(payload) = payload {
        request = request.header(header::CONTENT_TYPE, payload.content_type);
        bytes = payload.bytes;
    }
    request.body(Body::from(bytes)).map_err(|error| {
        let kind =
            ClusterErrorKind::Unexpected { status: 0, message: "the request cannot be built".to_owned() };
        call.error(kind, Some(Box::new(error)))
    })
}

async fn read(call: &Call, mut body: Body, limit: usize) -> Result<Vec<u8>, ClusterError> {
    let mut bytes = Vec::new();
    loop {
        let frame = tokio::time::timeout(REQUEST_TIMEOUT, body.frame()).await;
        let frame =
            frame.map_err(|_| call.error(ClusterErrorKind::TimedOut { after: REQUEST_TIMEOUT }, None))?;
        let Some(frame) = frame else { return Ok(bytes) };
        let Ok(data) = frame.map_err(|error| error::from_transport(call, error))?.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > limit {
            let source: Source = format!("it has more than {limit} bytes").into();
            return Err(call.error(
                ClusterErrorKind::Malformed { expected: "an answer of this size".to_owned() },
                Some(source),
            ));
        }
        bytes.extend_from_slice(&data);
    }
}
