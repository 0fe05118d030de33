//! Answers: bodies, errors as GitHub words them, and links to other pages.

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, LINK, LOCATION},
};
use serde_json::{Value, json};

pub(super) const JSON: &str = "application/json; charset=utf-8";

/// An answer that is no error.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) content_type: &'static str,
    pub(super) body: Bytes,
    pub(super) link: Option<String>,
    pub(super) location: Option<String>,
    pub(super) tag: Option<String>,
}

/// An answer that is one.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    body: Value,
    /// The permissions that would do (`X-Accepted-GitHub-Permissions`).
    permissions: Option<String>,
    location: Option<String>,
}

impl Reply {
    pub(super) fn new(status: StatusCode, body: &Value) -> Self {
        Self::raw(status, JSON, Bytes::from(body.to_string()))
    }

    pub(super) fn raw(status: StatusCode, content_type: &'static str, body: Bytes) -> Self {
        Self { status, content_type, body, link: None, location: None, tag: None }
    }

    /// What was asked for.
    pub(super) fn found(body: &Value) -> Self {
        Self::new(StatusCode::OK, body)
    }

    /// What was made, and where it is.
    pub(super) fn created(body: &Value) -> Self {
        let mut reply = Self::new(StatusCode::CREATED, body);
        reply.location = body["url"].as_str().map(str::to_owned);
        reply
    }

    pub(super) fn response(self) -> Response<Bytes> {
        let mut response = whole(self.status, self.content_type, self.body);
        for (name, value) in [(LINK, self.link), (LOCATION, self.location), (ETAG, self.tag)] {
            if let Some(value) = value {
                set(&mut response, name.as_str(), &value);
            }
        }
        response
    }
}

impl Problem {
    pub(super) fn new(status: StatusCode, message: &str) -> Self {
        let mut body = json!({"message": message, "documentation_url": "https://docs.github.com/rest"});
        // All errors but this one have it, says GitHub's description.
        if status != StatusCode::UNPROCESSABLE_ENTITY {
            body["status"] = json!(status.as_str());
        }
        Self { status, body, permissions: None, location: None }
    }

    /// There is no such thing, or the token may not know that there is
    /// (<https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api>).
    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }

    pub(super) fn bad_credentials() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Bad credentials")
    }

    /// A body that says what cannot be.
    pub(super) fn invalid(resource: &str, field: &str, code: &str, message: &str) -> Self {
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Validation Failed");
        problem.body["errors"] =
            json!([{"resource": resource, "field": field, "code": code, "message": message}]);
        problem
    }

    /// A body that is not as it should be.
    pub(super) fn malformed(message: &str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, &format!("Invalid request.\n\n{message}"))
    }

    /// A permission is missing.
    pub(super) fn forbidden(message: &str, permissions: Option<String>) -> Self {
        let mut problem = Self::new(StatusCode::FORBIDDEN, message);
        problem.permissions = permissions;
        problem
    }

    /// What was asked for is elsewhere now.
    pub(super) fn moved(status: StatusCode, to: &str) -> Self {
        let mut problem = Self::new(status, "Moved Permanently");
        problem.body["url"] = json!(to);
        problem.location = Some(to.to_owned());
        problem
    }

    pub(super) fn response(self) -> Response<Bytes> {
        let mut response = whole(self.status, JSON, Bytes::from(self.body.to_string()));
        if let Some(permissions) = self.permissions {
            set(&mut response, "x-accepted-github-permissions", &permissions);
        }
        if let Some(location) = self.location {
            set(&mut response, LOCATION.as_str(), &location);
        }
        response
    }
}

/// What a proxy says when there is nobody behind it: no JSON.
pub(super) fn broken(status: StatusCode) -> Response<Bytes> {
    let page =
        format!("<html><body><h1>{}</h1></body></html>\n", status.canonical_reason().unwrap_or("Error"));
    whole(status, "text/html; charset=utf-8", Bytes::from(page))
}

/// The answer to somebody who has it already.
pub(super) fn not_modified(fresh: &Response<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    for name in [ETAG, LINK] {
        if let Some(value) = fresh.headers().get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

fn whole(status: StatusCode, content_type: &str, body: Bytes) -> Response<Bytes> {
    let length = body.len();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    set(&mut response, CONTENT_TYPE.as_str(), content_type);
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// Sets a header. What no header can carry is left out: it came from a test's names.
pub(super) fn set(response: &mut Response<Bytes>, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
        response.headers_mut().insert(name, value);
    }
}
