//! A planted bug: patches lose their `test` operations on the way, so that they are carried out whatever somebody did
//! since the Application was read.

use super::Bug;
use bytes::Bytes;
use http::{Method, Request};
use serde_json::Value;

impl Bug {
    /// The request as it arrives: as it is, unless the bug is planted.
    pub(crate) fn without_guards(self, request: Request<Bytes>) -> Request<Bytes> {
        if self != Self::GuardsDropped || request.method() != Method::PATCH {
            return request;
        }
        request.map(|body| match serde_json::from_slice::<Value>(&body) {
            Ok(Value::Array(mut operations)) => {
                operations.retain(|operation| operation["op"] != "test");
                Bytes::from(Value::Array(operations).to_string())
            }
            _ => body,
        })
    }
}
