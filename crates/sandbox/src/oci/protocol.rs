//! The reading half of the distribution protocol, with the answers of Debian's docker-registry 2.8
//! (<https://github.com/distribution/distribution/tree/v2.8.2/registry/handlers>).

use super::{
    Access, Registry,
    access::token,
    digest_of,
    image::{INDEX, Manifest},
    registry::Repository,
};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode,
    header::{ACCEPT, ALLOW, CONTENT_LENGTH, CONTENT_TYPE, ETAG, WWW_AUTHENTICATE},
};
use serde_json::{Value, json};

const JSON: &str = "application/json; charset=utf-8";
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// What a request asks for.
enum Route<'a> {
    Base,
    Manifest(&'a str, &'a str),
    Blob(&'a str, &'a str),
    Tags(&'a str),
}

impl<'a> Route<'a> {
    fn of(path: &'a str) -> Option<Self> {
        let rest = path.strip_prefix("/v2/")?;
        if rest.is_empty() {
            return Some(Self::Base);
        }
        let (before, last) = rest.rsplit_once('/')?;
        match before.rsplit_once('/')? {
            (name, "manifests") => Some(Self::Manifest(name, last)),
            (name, "blobs") => Some(Self::Blob(name, last)),
            (name, "tags") if last == "list" => Some(Self::Tags(name)),
            _ => None,
        }
    }

    fn repository(&self) -> Option<&'a str> {
        match self {
            Self::Base => None,
            Self::Manifest(name, _) | Self::Blob(name, _) | Self::Tags(name) => Some(name),
        }
    }
}

/// Answers a request.
pub(super) fn handle(registry: &Registry, host: &str, request: &Request<Bytes>) -> Response<Bytes> {
    let mut response = answer(registry, host, request);
    set(&mut response, HeaderName::from_static("docker-distribution-api-version"), "registry/2.0");
    if request.method() == Method::HEAD {
        *response.body_mut() = Bytes::new();
    }
    response
}

/// The answer of a host that is no registry.
pub(super) fn nobody() -> Response<Bytes> {
    whole(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", Bytes::from_static(b"404 page not found\n"))
}

fn answer(registry: &Registry, host: &str, request: &Request<Bytes>) -> Response<Bytes> {
    if registry.is_down {
        return error(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", "service unavailable", Value::Null);
    }
    let (path, headers) = (request.uri().path(), request.headers());
    if let (Access::Token(_), "/token") = (&registry.access, path) {
        return give_token(registry, host, request);
    }
    let Some(route) = Route::of(path) else { return nobody() };
    // A request that came through a socket does not say how it came; ours are not encrypted.
    let scheme = request.uri().scheme_str().unwrap_or("http");
    if let Some(refused) = refusal(registry, host, scheme, headers, route.repository()) {
        return refused;
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let message = "The operation is unsupported.";
        let mut response = error(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", message, Value::Null);
        set(&mut response, ALLOW, "GET, HEAD");
        return response;
    }
    let repository = route.repository().and_then(|name| registry.repository(name));
    match route {
        Route::Base => whole(StatusCode::OK, JSON, Bytes::from_static(b"{}")),
        Route::Manifest(name, reference) => manifest(repository, name, reference, headers),
        Route::Blob(_, digest) => blob(repository, digest),
        Route::Tags(name) => tags(repository, name),
    }
}

/// The answer to those who may not read a repository.
fn refusal(
    registry: &Registry,
    host: &str,
    scheme: &str,
    headers: &HeaderMap,
    repository: Option<&str>,
) -> Option<Response<Bytes>> {
    let detail = repository
        .map(|name| json!([{"Type": "repository", "Class": "", "Name": name, "Action": "pull"}]))
        .unwrap_or_default();
    if let Some(challenge) = registry.access.challenge(headers, scheme, host, repository) {
        // The code and the message are in `bad_input.rs` on the testbed.
        let mut refused = error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "authentication required", detail);
        set(&mut refused, WWW_AUTHENTICATE, &challenge);
        return Some(refused);
    }
    let message = "requested access to the resource is denied";
    let denied = repository.is_some_and(|name| registry.denied.contains(name));
    denied.then(|| error(StatusCode::FORBIDDEN, "DENIED", message, detail))
}

/// The token service: a token for the scope that is asked for.
fn give_token(registry: &Registry, host: &str, request: &Request<Bytes>) -> Response<Bytes> {
    let Access::Token(account) = &registry.access else { return nobody() };
    if account.as_ref().is_some_and(|account| !account.is_in(request.headers())) {
        return error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "authentication required", Value::Null);
    }
    let pairs = request.uri().query().unwrap_or_default().split('&');
    let scope = pairs.filter_map(|pair| pair.strip_prefix("scope=")).map(decoded).next();
    let body = json!({"expires_in": 300, "token": token(host, scope.as_deref())});
    whole(StatusCode::OK, JSON, Bytes::from(body.to_string()))
}

fn manifest(
    repository: Option<&Repository>,
    name: &str,
    reference: &str,
    headers: &HeaderMap,
) -> Response<Bytes> {
    let Some((digest, found)) = repository.and_then(|repository| repository.manifest(reference)) else {
        // An unknown repository is an unknown tag: `an_unknown_tag_and_an_unknown_repository_are_absent`.
        let detail = match reference.contains(':') {
            true => json!({"Name": name, "Revision": reference}),
            false => json!({"Tag": reference}),
        };
        return error(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", "manifest unknown", detail);
    };
    let Manifest { media_type, content, .. } = found;
    // Seen on the real one: without the right `Accept`, an existing index is a 404.
    if !accepts(headers, media_type) {
        let message = match *media_type {
            INDEX => "OCI index found, but accept header does not support OCI indexes",
            _ => "OCI manifest found, but accept header does not support OCI manifests",
        };
        return error(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", message, Value::Null);
    }
    named(digest, whole(StatusCode::OK, media_type, content.clone()))
}

fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    let texts = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut types = texts.flat_map(|text| text.split(','));
    types.any(|accepted| accepted.split(';').next().is_some_and(|accepted| accepted.trim() == media_type))
}

fn blob(repository: Option<&Repository>, digest: &str) -> Response<Bytes> {
    match repository.and_then(|repository| repository.blob(digest)) {
        Some(content) => {
            named(&digest_of(content), whole(StatusCode::OK, "application/octet-stream", content.clone()))
        }
        None => error(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", "blob unknown to registry", json!(digest)),
    }
}

fn tags(repository: Option<&Repository>, name: &str) -> Response<Bytes> {
    let Some(repository) = repository else {
        let message = "repository name not known to registry";
        return error(StatusCode::NOT_FOUND, "NAME_UNKNOWN", message, json!({"name": name}));
    };
    let tags: Vec<&String> = repository.tags.keys().collect();
    whole(StatusCode::OK, JSON, Bytes::from(json!({"name": name, "tags": tags}).to_string()))
}

/// An error as the specification wants it
/// (<https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes>).
fn error(status: StatusCode, code: &str, message: &str, detail: Value) -> Response<Bytes> {
    let mut error = json!({"code": code, "message": message});
    if !detail.is_null() {
        error["detail"] = detail;
    }
    let body = format!("{}\n", json!({"errors": [error]}));
    whole(status, JSON, Bytes::from(body))
}

fn whole(status: StatusCode, content_type: &str, body: Bytes) -> Response<Bytes> {
    let length = body.len();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    set(&mut response, CONTENT_TYPE, content_type);
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    response
}

fn named(digest: &str, mut response: Response<Bytes>) -> Response<Bytes> {
    set(&mut response, CONTENT_DIGEST, digest);
    set(&mut response, ETAG, &format!("\"{digest}\""));
    response
}

fn set(response: &mut Response<Bytes>, name: HeaderName, value: &str) {
    // What no header can carry is left out: it came from a test's names.
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// A value of a query without its percent signs.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        rest = more;
        let code = more.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        match (first, code.and_then(|code| u8::from_str_radix(code, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = more.get(2..).unwrap_or_default();
            }
            (b'+', _) => bytes.push(b' '),
            (other, _) => bytes.push(*other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
