//! One request and its answer, both limited: in time from the first byte sent to the last one received, and in size.

use super::{AnswerBody, Transport, TransportError, failure::Failure};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header::HeaderName};
use http_body_util::BodyExt;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Who sends requests, and how long each may take.
#[derive(Clone, Copy)]
pub(super) struct Sender<'a> {
    pub(super) transport: &'a dyn Transport,
    pub(super) patience: Duration,
}

/// An answer whose body is still to be read.
pub(super) struct Answer {
    response: http::Response<AnswerBody>,
    patience: Duration,
    deadline: Instant,
}

impl Sender<'_> {
    /// Sends a request without a body.
    pub(super) async fn send(
        &self,
        method: &Method,
        address: &str,
        headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
        asked: &str,
    ) -> Result<Answer, Failure> {
        let deadline = Instant::now() + self.patience;
        let mut request = Request::new(Bytes::new());
        *request.method_mut() = method.clone();
        *request.uri_mut() =
            address.parse::<http::Uri>().map_err(|error| Failure::Invalid(format!("{asked}: {error}")))?;
        request.headers_mut().extend(headers);
        let sent = timeout_at(deadline, self.transport.send(request));
        let response = in_time(sent.await, self.patience, asked)?;
        Ok(Answer { response, patience: self.patience, deadline })
    }
}

impl Answer {
    pub(super) fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// Reads a body that must not be larger than `limit` bytes.
    pub(super) async fn body(self, limit: usize, asked: &str) -> Result<Vec<u8>, Failure> {
        match self.beginning(limit, asked).await? {
            (bytes, true) => Ok(bytes),
            (_, false) => Err(Failure::Invalid(format!("{asked}: the answer is larger than {limit} bytes"))),
        }
    }

    /// Reads at most `limit` bytes, and says whether that was all.
    pub(super) async fn beginning(mut self, limit: usize, asked: &str) -> Result<(Vec<u8>, bool), Failure> {
        let mut bytes = Vec::new();
        loop {
            let frame = match timeout_at(self.deadline, self.response.body_mut().frame()).await {
                Ok(None) => return Ok((bytes, true)),
                Ok(Some(frame)) => in_time(Ok(frame), self.patience, asked)?,
                Err(elapsed) => in_time(Err(elapsed), self.patience, asked)?,
            };
            // Trailers are of no use to us.
            let Ok(chunk) = frame.into_data() else { continue };
            let room = limit - bytes.len();
            if chunk.len() > room {
                bytes.extend(chunk.iter().take(room));
                return Ok((bytes, false));
            }
            bytes.extend_from_slice(&chunk);
        }
    }
}

/// What came, or why nothing did.
fn in_time<T>(
    outcome: Result<Result<T, TransportError>, tokio::time::error::Elapsed>,
    patience: Duration,
    asked: &str,
) -> Result<T, Failure> {
    match outcome {
        Ok(Ok(came)) => Ok(came),
        Ok(Err(error)) => Err(Failure::transport(asked, error.as_ref())),
        Err(_) => Err(Failure::Unavailable(format!("{asked}: timed out after {patience:?}"))),
    }
}
