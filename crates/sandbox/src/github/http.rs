//! The REST API, as `api.github.com` answers in its version of 2022-11-28.

mod access;
mod actions;
mod apps;
mod checks;
mod contents;
mod issues;
mod pulls;
mod reply;
mod repositories;
mod request;
mod route;
mod statuses;

use super::{Fault, Github, limit::Hit};
use access::Identity;
use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{ETAG, IF_NONE_MATCH, RETRY_AFTER, USER_AGENT},
};
use reply::{Problem, Reply, set};
use request::Call;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// The versions of the API that there are (<https://docs.github.com/en/rest/about-the-rest-api/api-versions>).
const VERSIONS: [&str; 2] = ["2022-11-28", "2026-03-10"];

/// An answer, and what happens to it on its way.
#[derive(Debug)]
pub struct Answer {
    /// The answer.
    pub response: Response<Bytes>,
    /// How long it takes.
    pub delay: Duration,
    /// Whether the connection breaks in the middle of the body.
    pub truncated: bool,
    /// Whether it is not GitHub's, but an error that was asked for ([`Fault::FailsBefore`], [`Fault::FailsAfter`]).
    pub broken: bool,
}

/// A request and the answer to it.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The method.
    pub method: String,
    /// The path and the query.
    pub path: String,
    /// What was sent.
    pub request: Bytes,
    /// The status of the answer.
    pub status: u16,
    /// Its content type.
    pub content_type: String,
    /// Its body.
    pub answer: Bytes,
}

impl Github {
    /// Answers a request.
    pub fn handle(&mut self, request: &Request<Bytes>) -> Answer {
        let (path, writes) = (request.uri().path(), writes(request.method()));
        let content = writes && makes_content(path);
        self.calls.total += 1;
        self.calls.content += u64::from(content);
        let fault = self.faults.take(&mut self.random, writes, path);
        let mut response = self.answer(request, content, fault);
        if request.method() == Method::HEAD {
            *response.body_mut() = Bytes::new();
        }
        let delay = if let Some(Fault::Slow(delay)) = fault { delay } else { Duration::ZERO };
        self.record(request, &response);
        if let Some(change) = self.faults.changes_after(writes, path) {
            change(self);
        }
        let broken = matches!(fault, Some(Fault::FailsBefore(_) | Fault::FailsAfter(_)));
        Answer { response, delay, truncated: fault == Some(Fault::Truncated), broken }
    }

    fn answer(&mut self, request: &Request<Bytes>, content: bool, fault: Option<Fault>) -> Response<Bytes> {
        let writes = writes(request.method());
        let failed =
            |status: u16| reply::broken(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY));
        if let Some(Fault::FailsBefore(status)) = fault {
            return self.finished(request, failed(status), None);
        }
        let checked = self.checked(request, fault == Some(Fault::Unauthorized));
        let identity = match checked {
            Ok(identity) => identity,
            Err(problem) => return self.finished(request, problem.response(), None),
        };
        let key = identity.key();
        let wait = |seconds: Option<u64>| seconds.and_then(|seconds| i64::try_from(seconds).ok());
        let limited = match fault {
            Some(Fault::PrimaryLimit) => {
                self.exhaust(&key);
                Some(primary_limit(&identity))
            }
            Some(Fault::SecondaryLimit(seconds)) => {
                Some(secondary_limit(StatusCode::FORBIDDEN, wait(seconds)))
            }
            Some(Fault::TooManyRequests(seconds)) => {
                Some(secondary_limit(StatusCode::TOO_MANY_REQUESTS, wait(seconds)))
            }
            // "Calling this endpoint does not count" (<https://docs.github.com/en/rest/rate-limit/rate-limit>).
            _ if request.uri().path() == "/rate_limit" => None,
            _ => self.count(&key, writes, content).map(|hit| match hit {
                Hit::Primary => primary_limit(&identity),
                Hit::Secondary(seconds) => secondary_limit(StatusCode::FORBIDDEN, Some(seconds)),
            }),
        };
        if let Some(limited) = limited {
            return self.finished(request, limited, Some(&key));
        }
        let response = match Call::of(request, identity).and_then(|call| self.route(&call)) {
            Ok(reply) => reply.response(),
            Err(problem) => problem.response(),
        };
        let response = match self.is_unmodified(request, &response) {
            true => {
                self.uncount(&key);
                self.calls.not_modified += 1;
                reply::not_modified(&response)
            }
            false => response,
        };
        match fault {
            Some(Fault::FailsAfter(status)) => self.finished(request, failed(status), None),
            _ => self.finished(request, response, Some(&key)),
        }
    }

    /// Who asks, if the request is one that GitHub looks at.
    fn checked(&mut self, request: &Request<Bytes>, refuse: bool) -> Result<Identity, Problem> {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        // <https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api#user-agent>
        if header(USER_AGENT.as_str()).is_none_or(str::is_empty) {
            let message = "Request forbidden by administrative rules. Please make sure your request has a User-Agent \
                           header";
            return Err(Problem::new(StatusCode::FORBIDDEN, message));
        }
        if let Some(version) = header("x-github-api-version").filter(|version| !VERSIONS.contains(version)) {
            let message = format!("\"{version}\" is not a supported version of the REST API.");
            return Err(Problem::new(StatusCode::BAD_REQUEST, &message));
        }
        request::accepted(request.headers())?;
        if refuse {
            return Err(Problem::bad_credentials());
        }
        self.identify(request.headers())
    }

    /// Whether the client has this answer already
    /// (<https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate>).
    fn is_unmodified(&self, request: &Request<Bytes>, response: &Response<Bytes>) -> bool {
        let Some(tag) = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()) else { return false };
        let known = request.headers().get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let weak = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        !writes(request.method())
            && known
                .flat_map(|known| known.split(','))
                .any(|known| weak(known) == weak(tag) || known.trim() == "*")
    }

    /// Puts the headers on that all answers have.
    fn finished(
        &mut self,
        request: &Request<Bytes>,
        mut response: Response<Bytes>,
        key: Option<&str>,
    ) -> Response<Bytes> {
        let digits = self.digits();
        let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default().to_uppercase();
        let id = format!("{}:{}:{}:{}", part(0, 4), part(4, 9), part(9, 15), part(15, 23));
        set(&mut response, "x-github-request-id", &id);
        set(&mut response, "x-github-media-type", "github.v3; format=json");
        let version = request.headers().get("x-github-api-version").cloned();
        let version = version.unwrap_or(HeaderValue::from_static(VERSIONS[0]));
        response.headers_mut().insert("x-github-api-version-selected", version);
        if let Some(key) = key {
            let left = self.left(key);
            set(&mut response, "x-ratelimit-limit", &left.limit.to_string());
            set(&mut response, "x-ratelimit-remaining", &left.remaining.to_string());
            set(&mut response, "x-ratelimit-used", &left.used.to_string());
            set(&mut response, "x-ratelimit-reset", &left.resets_at.as_second().to_string());
            set(&mut response, "x-ratelimit-resource", "core");
        }
        response
    }

    fn record(&mut self, request: &Request<Bytes>, response: &Response<Bytes>) {
        let Some(exchanges) = &mut self.exchanges else { return };
        let content_type = response.headers().get(http::header::CONTENT_TYPE);
        exchanges.push(Exchange {
            method: request.method().to_string(),
            path: request.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
            request: request.body().clone(),
            status: response.status().as_u16(),
            content_type: content_type.and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned(),
            answer: response.body().clone(),
        });
    }

    /// Notes fields that GitHub does not know. It ignores them.
    fn note_oddities(&mut self, call: &Call, body: &Value, known: &[&str]) {
        let unknown = body.as_object().into_iter().flatten().map(|(field, _)| field);
        for field in unknown.filter(|field| !known.contains(&field.as_str())) {
            self.oddities.push(format!("{} {}: field {field:?}", call.method, call.path));
        }
    }
}

fn writes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD)
}

/// Whether a write makes or changes content: comments, check runs and statuses.
fn makes_content(path: &str) -> bool {
    let mut parts = path.split('/');
    parts.any(|part| matches!(part, "comments" | "check-runs" | "statuses"))
}

/// The tag of a body, which says as much as the body.
fn tag_of(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("W/\"{digits}\"")
}

fn primary_limit(identity: &Identity) -> Response<Bytes> {
    let message = format!("API rate limit exceeded for {}.", identity.described());
    Problem::new(StatusCode::FORBIDDEN, &message).response()
}

fn secondary_limit(status: StatusCode, wait: Option<i64>) -> Response<Bytes> {
    let message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    let mut response = Problem::new(status, message).response();
    if let Some(seconds) = wait {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

impl Reply {
    /// Marks an answer to a GET with its tag.
    fn tagged(mut self) -> Self {
        self.tag = Some(tag_of(&self.body));
        self
    }
}
