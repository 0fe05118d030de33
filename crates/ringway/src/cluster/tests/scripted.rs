//! An API server that answers each path with what it was told to, in order, and remembers what it was asked.

use crate::cluster::ClusterClient;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
use kube::client::Body;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, VecDeque},
    io,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::Instant;

pub(super) const APPLICATIONS: &str = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications";

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What the server does with one request.
pub(super) enum Reply {
    /// Answers with a status, headers and a body.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// Answers 200 and goes through the steps.
    Watch(Vec<Step>),
    /// There is no connection.
    Fails(BoxError),
    /// Never answers.
    Hangs,
}

/// A step of the body of a watch.
#[derive(Clone)]
pub(super) enum Step {
    /// Nothing for a while.
    Wait(Duration),
    /// Some bytes.
    Send(String),
    /// The connection breaks.
    Break,
    /// Nothing more, but the connection stays open.
    Silence,
}

/// What the server was asked.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) after: Duration,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) content_type: String,
    pub(super) user_agent: String,
    pub(super) body: String,
}

#[derive(Clone)]
pub(super) struct Server {
    replies: Arc<Mutex<BTreeMap<String, VecDeque<Reply>>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
    start: Instant,
}

impl Server {
    pub(super) fn new() -> Self {
        Self { replies: Arc::default(), seen: Arc::default(), start: Instant::now() }
    }

    /// The next reply to requests of `path`.
    pub(super) fn on(&self, path: &str, reply: Reply) -> &Self {
        self.replies.lock().unwrap().entry(path.to_owned()).or_default().push_back(reply);
        self
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(super) fn client(&self) -> ClusterClient {
        ClusterClient::new(self.kube(), "main")
    }

    pub(super) fn kube(&self) -> kube::Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| server.clone().answer(request));
        kube::Client::new(service, "default")
    }

    async fn answer(
        self,
        request: Request<Body>,
    ) -> Result<Response<UnsyncBoxBody<Bytes, BoxError>>, BoxError> {
        let (head, body) = request.into_parts();
        let header = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let path = head.uri.path().to_owned();
        let body = body.collect().await?.to_bytes();
        self.seen.lock().unwrap().push(Seen {
            after: self.start.elapsed(),
            method: head.method.to_string(),
            path: path.clone(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            content_type: header("content-type").unwrap_or_default(),
            user_agent: header("user-agent").unwrap_or_default(),
            body: String::from_utf8(body.to_vec()).unwrap(),
        });
        let reply = self.replies.lock().unwrap().get_mut(&path).and_then(VecDeque::pop_front);
        match reply
            .unwrap_or_else(|| Reply::Answer(599, Vec::new(), format!("nothing is scripted for {path}")))
        {
            Reply::Answer(status, headers, body) => {
                let mut response = Response::builder().status(status);
                for (name, value) in headers {
                    response = response.header(name, value);
                }
                Ok(response.body(steps(vec![Step::Send(body)]))?)
            }
            Reply::Watch(all) => Ok(Response::new(steps(all))),
            Reply::Fails(error) => Err(error),
            Reply::Hangs => std::future::pending().await,
        }
    }
}

fn steps(all: Vec<Step>) -> UnsyncBoxBody<Bytes, BoxError> {
    let frames = stream::iter(all).filter_map(async |step| match step {
        Step::Wait(duration) => {
            tokio::time::sleep(duration).await;
            None
        }
        Step::Send(text) => Some(Ok(Frame::data(Bytes::from(text)))),
        Step::Break => Some(Err(BoxError::from(io::Error::from(io::ErrorKind::ConnectionReset)))),
        Step::Silence => std::future::pending().await,
    });
    StreamBody::new(frames).boxed_unsync()
}

pub(super) fn refused() -> Reply {
    Reply::Fails(io::Error::from(io::ErrorKind::ConnectionRefused).into())
}

pub(super) fn ok(body: &Value) -> Reply {
    Reply::Answer(200, Vec::new(), body.to_string())
}

pub(super) fn status(code: u16, reason: &str, message: &str, details: Value) -> Reply {
    Reply::Answer(code, Vec::new(), status_body(code, reason, message, details).to_string())
}

pub(super) fn status_body(code: u16, reason: &str, message: &str, details: Value) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "details": details, "code": code,
    })
}

pub(super) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) fn application(name: &str, version: &str) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": { "name": name, "namespace": "argocd", "uid": "u", "resourceVersion": version },
        "spec": { "project": "default", "source": { "repoURL": "https://example.com/r", "path": "atlas" } },
    })
}

pub(super) fn event(kind: &str, object: &Value) -> Step {
    Step::Send(format!("{}\n", json!({ "type": kind, "object": object })))
}

pub(super) fn bookmark(version: &str) -> Step {
    event("BOOKMARK", &json!({ "metadata": { "resourceVersion": version } }))
}

/// The mark after all that was there when the watch began.
pub(super) fn complete(version: &str) -> Step {
    let annotations = json!({ "k8s.io/initial-events-end": "true" });
    event("BOOKMARK", &json!({ "metadata": { "resourceVersion": version, "annotations": annotations } }))
}
