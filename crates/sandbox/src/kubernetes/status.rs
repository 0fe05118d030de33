//! Refusals, as the API server writes them: a `Status` with a reason, a sentence and details.

use super::Answer;
use crate::Kind;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

/// A request that is not granted.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The HTTP status.
    pub(super) code: u16,
    reason: &'static str,
    message: String,
    details: Value,
    /// Where an inconsistent list could go on.
    next: Option<String>,
}

/// A field that is not as it should be.
pub(super) struct Cause {
    pub(super) field: String,
    pub(super) reason: &'static str,
    /// Such as `Required value`, or `Invalid value: "x": must be …`.
    pub(super) message: String,
}

/// The name of a kind in sentences: `applications.argoproj.io`, `pods`.
pub(super) fn qualified(group: &str, plural: &str) -> String {
    if group.is_empty() { plural.to_owned() } else { format!("{plural}.{group}") }
}

fn details(kind: Kind, name: &str) -> Value {
    named(kind.group(), kind.plural(), name)
}

fn named(group: &str, kind: &str, name: &str) -> Value {
    let mut details = serde_json::Map::new();
    for (key, value) in [("name", name), ("group", group), ("kind", kind)] {
        if !value.is_empty() {
            details.insert(key.to_owned(), json!(value));
        }
    }
    Value::Object(details)
}

impl Refusal {
    fn new(code: u16, reason: &'static str, message: impl Into<String>, details: Value) -> Self {
        Self { code, reason, message: message.into(), details, next: None }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message, Value::Null)
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized", Value::Null)
    }

    /// A right is missing. `what` goes on after `User "x" cannot …`.
    pub(super) fn missing_right(group: &str, plural: &str, name: &str, user: &str, what: &str) -> Self {
        let object = if plural.is_empty() { String::new() } else { qualified(group, plural) + " " };
        let object = if name.is_empty() { object } else { format!("{object}{name:?} ") };
        let sentence =
            if object.is_empty() { "forbidden".to_owned() } else { format!("{object}is forbidden") };
        let message = format!("{sentence}: User {user:?} cannot {what}");
        Self::new(403, "Forbidden", message, named(group, plural, name))
    }

    /// Admission refuses for a reason of its own.
    pub(super) fn denied(kind: Kind, name: &str, code: u16, reason: &'static str, why: &str) -> Self {
        let message = format!("{} {name:?} is forbidden: {why}", qualified(kind.group(), kind.plural()));
        let mut details = details(kind, name);
        details["causes"] = json!([{ "message": why }]);
        Self::new(code, reason, message, details)
    }

    pub(super) fn terminating(kind: Kind, name: &str, namespace: &str) -> Self {
        let why =
            format!("unable to create new content in namespace {namespace} because it is being terminated");
        let mut refusal = Self::denied(kind, name, 403, "Forbidden", &why);
        let message = format!("namespace {namespace} is being terminated");
        refusal.details["causes"] =
            json!([{ "reason": "NamespaceTerminating", "message": message, "field": "metadata.namespace" }]);
        refusal
    }

    pub(super) fn not_found(kind: Kind, name: &str) -> Self {
        let message = format!("{} {name:?} not found", qualified(kind.group(), kind.plural()));
        Self::new(404, "NotFound", message, details(kind, name))
    }

    /// There is nothing at this path: no `Status`, but a line of text.
    pub(super) fn no_page() -> Self {
        Self::new(404, "", "404 page not found\n", Value::Null)
    }

    /// A group that is built in has no such resource.
    pub(super) fn no_resource() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource", json!({}))
    }

    pub(super) fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message, json!({}))
    }

    pub(super) fn already_exists(kind: Kind, name: &str) -> Self {
        let message = format!("{} {name:?} already exists", qualified(kind.group(), kind.plural()));
        Self::new(409, "AlreadyExists", message, details(kind, name))
    }

    pub(super) fn conflict(kind: Kind, name: &str, why: &str) -> Self {
        let object = qualified(kind.group(), kind.plural());
        let message = format!("Operation cannot be fulfilled on {object} {name:?}: {why}");
        Self::new(409, "Conflict", message, details(kind, name))
    }

    /// A deletion was made conditional on what does not hold. Here the API server takes the kind for the resource.
    pub(super) fn precondition(kind: Kind, name: &str, why: &str) -> Self {
        let object = qualified(kind.group(), kind.name());
        let message = format!("Operation cannot be fulfilled on {object} {name:?}: {why}");
        Self::new(409, "Conflict", message, named(kind.group(), kind.name(), name))
    }

    /// A custom resource is to be replaced without saying which version of it. Here the API server takes the resource
    /// for the kind.
    pub(super) fn unversioned(kind: Kind, name: &str) -> Self {
        let message = "Invalid value: 0: must be specified for an update".to_owned();
        let field = "metadata.resourceVersion".to_owned();
        let cause = Cause { field, reason: "FieldValueInvalid", message };
        let subject = format!("{} {name:?}", qualified(kind.group(), kind.plural()));
        Self::invalid(&subject, details(kind, name), &[cause])
    }

    /// The object is not of the version that the writer has seen.
    pub(super) fn modified(kind: Kind, name: &str) -> Self {
        let why =
            "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(kind, name, why)
    }

    pub(super) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message, Value::Null)
    }

    /// A page that is too old, with the token that goes on from it without consistency.
    pub(super) fn expired_page(next: String) -> Self {
        let message = "The provided continue parameter is too old to display a consistent list result. You can start \
                       a new list without the continue parameter, or use the continue token in this response to \
                       retrieve the remainder of the results. Continuing with the provided token results in an \
                       inconsistent list - objects that were created, modified, or deleted between the time the first \
                       chunk was returned and now may show up in the list.";
        Self { next: Some(next), ..Self::expired(message) }
    }

    pub(super) fn unsupported_media_type(accepted: &str) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {accepted}"
        );
        Self::new(415, "UnsupportedMediaType", message, Value::Null)
    }

    /// A JSON patch that cannot be applied: it names no operation and no field (docs/measured.md, Patches).
    pub(super) fn guard_failed() -> Self {
        let message = "the server rejected our request due to an error in our request";
        Self::new(422, "Invalid", message, json!({}))
    }

    /// `subject` is such as `Application.argoproj.io "x"`.
    pub(super) fn invalid(subject: &str, mut details: Value, causes: &[Cause]) -> Self {
        let texts: Vec<String> =
            causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
        let text = match texts.as_slice() {
            [one] => one.clone(),
            all => format!("[{}]", all.join(", ")),
        };
        let cause =
            |cause: &Cause| json!({ "reason": cause.reason, "message": cause.message, "field": cause.field });
        details["causes"] = causes.iter().map(cause).collect();
        Self::new(422, "Invalid", format!("{subject} is invalid: {text}"), details)
    }

    pub(super) fn invalid_object(kind: Kind, name: &str, causes: &[Cause]) -> Self {
        let subject = format!("{} {name:?}", qualified(kind.group(), kind.name()));
        Self::invalid(&subject, named(kind.group(), kind.name(), name), causes)
    }

    /// etcd takes no object of more than 1.5 MiB.
    pub(super) fn too_large() -> Self {
        Self::new(500, "", "etcdserver: request is too large", Value::Null)
    }

    pub(super) fn future_version(asked: u64, current: u64) -> Self {
        let message = format!("Timeout: Too large resource version: {asked}, current: {current}");
        let cause = json!({ "reason": "ResourceVersionTooLarge", "message": "Too large resource version" });
        Self::new(504, "Timeout", message, json!({ "causes": [cause], "retryAfterSeconds": 1 }))
    }

    /// The `Status`, which also is the object of an event `ERROR`.
    pub(super) fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "code": self.code,
        });
        if !self.reason.is_empty() {
            status["reason"] = json!(self.reason);
        }
        if !self.details.is_null() {
            status["details"] = self.details.clone();
        }
        if let Some(next) = &self.next {
            status["metadata"]["continue"] = json!(next);
        }
        status
    }

    pub(super) fn render(self) -> Response<Answer> {
        let is_page = self.code == 404 && self.reason.is_empty();
        let (kind, body) = if is_page {
            ("text/plain; charset=utf-8", self.message)
        } else {
            ("application/json", self.status().to_string())
        };
        let mut response = Response::new(Answer::Whole(Bytes::from(body)));
        *response.status_mut() = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        response
    }
}
