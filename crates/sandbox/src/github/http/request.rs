//! Requests: path, query, body, and which part of a list is asked for.

use super::{access::Identity, reply::Problem};
use crate::github::shape::encoded;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header::ACCEPT};
use serde_json::Value;

/// A request that somebody known makes.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) method: &'a Method,
    /// The path as it was sent.
    pub(super) path: &'a str,
    /// Its parts without percent signs.
    pub(super) parts: Vec<String>,
    query: Vec<(String, String)>,
    /// The query as it was sent.
    pub(super) raw_query: Option<&'a str>,
    headers: &'a HeaderMap,
    body: &'a Bytes,
    pub(super) identity: Identity,
}

impl<'a> Call<'a> {
    pub(super) fn of(request: &'a Request<Bytes>, identity: Identity) -> Result<Self, Problem> {
        let path = request.uri().path();
        let parts = path.trim_start_matches('/').split('/').map(|part| decoded(part, false)).collect();
        let pairs = request.uri().query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let query = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name, true), decoded(value, true))
        });
        let (method, headers, body) = (request.method(), request.headers(), request.body());
        let (query, raw_query) = (query.collect(), request.uri().query());
        Ok(Self { method, path, parts, query, raw_query, headers, body, identity })
    }

    /// A parameter of the query; an empty one is none.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        let pairs = self.query.iter().rev();
        let mut given = pairs.filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        given.next().filter(|value| !value.is_empty())
    }

    /// Whether a media type such as `application/vnd.github.raw` is asked for, with or without what may follow.
    pub(super) fn wants(&self, kind: &str) -> bool {
        let names = [format!("application/vnd.github.{kind}"), format!("application/vnd.github.v3.{kind}")];
        let mut types = media_types(self.headers);
        types.any(|given| names.iter().any(|name| given == *name || given == format!("{name}+json")))
    }

    /// The body: a JSON object, or an error in GitHub's words
    /// (<https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api>).
    pub(super) fn json(&self) -> Result<Value, Problem> {
        if self.body.is_empty() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        let parsed: Result<Value, _> = serde_json::from_slice(self.body);
        match parsed {
            Ok(body) if body.is_object() => Ok(body),
            Ok(_) => Err(Problem::new(StatusCode::BAD_REQUEST, "Body should be a JSON object")),
            Err(_) => Err(Problem::new(StatusCode::BAD_REQUEST, "Problems parsing JSON")),
        }
    }

    /// The part of a list that is asked for, and the links to the others
    /// (<https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api>): 30 at a time, at most 100.
    pub(super) fn page<T>(&self, all: Vec<T>, address: &str) -> (Vec<T>, Option<String>) {
        let number = |name: &str| self.query(name).and_then(|value| value.parse::<usize>().ok());
        let size = number("per_page").filter(|size| *size > 0).unwrap_or(30).min(100);
        let page = number("page").filter(|page| *page > 0).unwrap_or(1);
        let last = all.len().div_ceil(size).max(1);
        let others: Vec<String> = self.query.iter().filter(|(name, _)| name != "page").map(pair).collect();
        let link = |page: usize, name: &str| {
            let mut query = others.clone();
            query.push(format!("page={page}"));
            format!("<{address}?{}>; rel=\"{name}\"", query.join("&"))
        };
        let mut links = Vec::new();
        if page > 1 {
            links.push(link(page.min(last + 1) - 1, "prev"));
        }
        if page < last {
            links.push(link(page + 1, "next"));
            links.push(link(last, "last"));
        }
        if page > 1 {
            links.push(link(1, "first"));
        }
        let some = all.into_iter().skip((page - 1).saturating_mul(size)).take(size).collect();
        (some, (!links.is_empty()).then(|| links.join(", ")))
    }
}

fn pair((name, value): &(String, String)) -> String {
    format!("{}={}", encoded(name), encoded(value))
}

fn media_types(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let texts = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).filter_map(|text| text.split(';').next()).map(str::trim)
}

/// An answer must be of a type that GitHub has.
pub(super) fn accepted(headers: &HeaderMap) -> Result<(), Problem> {
    let mut types = media_types(headers).peekable();
    let known = |given: &str| {
        matches!(given, "*/*" | "application/*" | "application/json" | "text/html")
            || given.starts_with("application/vnd.github")
    };
    if types.peek().is_none() || types.any(known) {
        return Ok(());
    }
    let given = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let message = format!("Unsupported 'Accept' header: '{given}'. Must accept 'application/json'.");
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, &message))
}

/// A text without its percent signs; in a query, a plus is a space.
fn decoded(text: &str, in_query: bool) -> String {
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
            (b'+', _) if in_query => bytes.push(b' '),
            (other, _) => bytes.push(*other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
