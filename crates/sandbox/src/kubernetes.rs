//! The Kubernetes API of the model: requests in, answers and watches out, in the API server's own dialect.

use crate::{Kind, Model, store::Change};
use bytes::Bytes;
use futures_channel::mpsc::UnboundedReceiver;
use http::{Request, Response};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;

/// What the API server itself keeps: accounts, watches, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Api {}

/// The body of an answer.
#[derive(Debug)]
pub enum Answer {
    /// All of it.
    Whole(Bytes),
    /// The lines of a watch, as they come. It ends when the API server closes it.
    Watch(UnboundedReceiver<Bytes>),
}

impl Api {
    /// Tells watches about a change.
    pub(crate) fn tell(&mut self, _change: &Change) {}
}

/// Answers a request. The account is that of the header `authorization: Bearer TOKEN`.
pub fn handle(_model: &mut Model, _request: &Request<Bytes>) -> Response<Answer> {
    Response::new(Answer::Whole(Bytes::new()))
}

/// Whether a change of an object of this kind makes a new `metadata.generation`.
pub(crate) fn is_new_generation(_kind: Kind, _old: &Value, _new: &Value) -> bool {
    false
}

/// Keeps `metadata.managedFields` of an object that `manager` writes.
pub(crate) fn record_manager(_old: Option<&Arc<Value>>, _new: &mut Value, _manager: &str, _now: Timestamp) {}

/// A time as Kubernetes writes it: whole seconds.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
