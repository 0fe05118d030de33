//! A GitHub that answers each request with what it was told to, in order, and remembers what it was asked.

use crate::transport::{AnswerBody, Transport, TransportError};
use bytes::Bytes;
use futures_util::{StreamExt, future::BoxFuture, stream};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use serde_json::Value;
use std::{
    collections::{BTreeMap, VecDeque},
    io,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::Instant;

/// What comes of one request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// A status, headers and a body.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// The beginning of a body, and then the connection breaks.
    Breaks(String),
    /// A body that is shorter than it should be.
    Short(String),
    /// The head, and then nothing.
    Stalls,
    /// Nothing.
    Hangs,
    /// There is no connection.
    Refused,
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) after: Duration,
    /// Method and path with query.
    pub(crate) line: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Server {
    replies: Arc<Mutex<BTreeMap<String, VecDeque<Reply>>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
    start: Instant,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self { replies: Arc::default(), seen: Arc::default(), start: Instant::now() }
    }

    /// The next reply to a request line; the last one is given again and again.
    pub(crate) fn on(&self, line: &str, reply: Reply) -> &Self {
        self.replies.lock().unwrap().entry(line.to_owned()).or_default().push_back(reply);
        self
    }

    /// The only reply to a request line from now on.
    pub(crate) fn instead(&self, line: &str, reply: Reply) -> &Self {
        self.replies.lock().unwrap().insert(line.to_owned(), VecDeque::from([reply]));
        self
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }

    fn next(&self, line: &str) -> Reply {
        let mut replies = self.replies.lock().unwrap();
        let waiting = replies.get_mut(line).filter(|waiting| !waiting.is_empty());
        match waiting {
            Some(waiting) if waiting.len() > 1 => waiting.pop_front().unwrap(),
            Some(waiting) => waiting[0].clone(),
            None => Reply::Answer(418, Vec::new(), format!("{{\"message\":\"not scripted: {line}\"}}")),
        }
    }
}

impl Transport for Server {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<AnswerBody>, TransportError>> {
        Box::pin(async move {
            let (head, body) = request.into_parts();
            assert_eq!(head.uri.scheme_str(), Some("https"));
            assert_eq!(head.uri.host(), Some("api.github.com"));
            let line = format!("{} {}", head.method, head.uri.path_and_query().unwrap());
            let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
                (name.to_string(), value.to_str().unwrap().to_owned())
            };
            self.seen.lock().unwrap().push(Seen {
                after: self.start.elapsed(),
                line: line.clone(),
                headers: head.headers.iter().map(header).collect(),
                body: String::from_utf8(body.to_vec()).unwrap(),
            });
            let mut response = Response::builder();
            let mut pieces: Vec<Result<String, io::ErrorKind>> = Vec::new();
            let mut stalls = false;
            match self.next(&line) {
                Reply::Answer(status, headers, body) => {
                    response = response.status(status);
                    for (name, value) in headers {
                        response = response.header(name, value);
                    }
                    pieces.push(Ok(body));
                }
                Reply::Breaks(body) => pieces.extend([Ok(body), Err(io::ErrorKind::ConnectionReset)]),
                Reply::Short(body) => {
                    response = response.header("content-length", body.len() + 1);
                    pieces.push(Ok(body));
                }
                Reply::Stalls => stalls = true,
                Reply::Hangs => return std::future::pending().await,
                Reply::Refused => return Err(io::Error::from(io::ErrorKind::ConnectionRefused).into()),
            }
            let frames = stream::iter(pieces).map(|piece| match piece {
                Ok(text) => Ok(Frame::data(Bytes::from(text))),
                Err(kind) => Err(TransportError::from(io::Error::from(kind))),
            });
            let frames = match stalls {
                true => frames.chain(stream::pending()).boxed(),
                false => frames.boxed(),
            };
            Ok(response.body(StreamBody::new(frames).boxed_unsync())?)
        })
    }
}

pub(crate) fn ok(body: &Value) -> Reply {
    answer(200, body)
}

pub(crate) fn answer(status: u16, body: &Value) -> Reply {
    Reply::Answer(status, Vec::new(), body.to_string())
}

pub(crate) fn with(status: u16, headers: &[(&'static str, &str)], body: &Value) -> Reply {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Reply::Answer(status, headers, body.to_string())
}
