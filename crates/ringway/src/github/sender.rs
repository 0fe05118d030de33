//! One request and its whole answer: limited in time and size, counted, within the rate limits, and never sent elsewhere.

use super::{
    address::Api,
    answer::Answer,
    budget::{Budget, date},
    counts::Counts,
    error::GithubError,
    pace::Pace,
    session::CLOCKS_DIFFER,
    settings::Limits,
};
use crate::{
    clock::Clock,
    registry::quote,
    transport::{AnswerBody, Transport, TransportError},
};
use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, StatusCode, Uri,
    header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, IF_NONE_MATCH, LOCATION, USER_AGENT},
};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::{Instant, timeout_at};

/// The form of answers that GitHub asks its clients to name.
pub(super) const JSON: &str = "application/vnd.github+json";

/// The form that gives a file as it is.
pub(super) const RAW: &str = "application/vnd.github.raw+json";

/// The version of the API that all of this was written for.
const VERSION: &str = "2022-11-28";

/// How often in a row an answer may send us on: a renamed repository needs one.
const MOST_REDIRECTS: usize = 3;

/// What is to be sent.
#[derive(Debug, Clone)]
pub(super) struct Question<'a> {
    pub(super) method: Method,
    pub(super) address: String,
    pub(super) accept: &'static str,
    pub(super) etag: Option<HeaderValue>,
    pub(super) body: Bytes,
    /// What is asked of which repository, for messages.
    pub(super) asked: &'a str,
    /// Whether it creates or changes what people read.
    pub(super) is_content: bool,
}

impl<'a> Question<'a> {
    /// A question that changes nothing.
    pub(super) fn read(address: String, asked: &'a str) -> Self {
        let (method, body) = (Method::GET, Bytes::new());
        Self { method, address, accept: JSON, etag: None, body, asked, is_content: false }
    }

    /// A request with a JSON body.
    pub(super) fn write(method: Method, address: String, body: &serde_json::Value, asked: &'a str) -> Self {
        let body = Bytes::from(body.to_string());
        Self { method, address, accept: JSON, etag: None, body, asked, is_content: true }
    }
}

/// Sends what is asked.
pub(super) struct Sender {
    pub(super) api: Api,
    pub(super) limits: Limits,
    pub(super) budget: Budget,
    pace: Pace,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) counts: Counts,
    transport: Arc<dyn Transport>,
    /// How far GitHub's clock was before ours at its last answer.
    ahead: Mutex<SignedDuration>,
}

impl Sender {
    pub(super) fn new(
        api: Api,
        limits: Limits,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (budget, counts) = (Budget::default(), Counts::default());
        let pace = Pace::new(limits.points_per_minute);
        Self { api, limits, budget, pace, clock, counts, transport, ahead: Mutex::default() }
    }

    /// What our clock showed at a moment that GitHub names by its own.
    pub(super) fn in_our_time(&self, at: Timestamp) -> Timestamp {
        let ahead = *self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        at.checked_sub(ahead).unwrap_or(at)
    }

    fn compare_clocks(&self, answer: &Answer) {
        let Some(shown) = date(answer) else { return };
        let ahead = shown.duration_since(self.clock.now());
        // Answers take their time, and say it in whole seconds.
        let ahead = if ahead.abs() < CLOCKS_DIFFER { SignedDuration::ZERO } else { ahead };
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = ahead;
    }

    /// Sends a request, on to where it is to be found now if the repository was renamed. Any status is an answer, except
    /// those of the rate limits.
    pub(super) async fn send(
        &self,
        question: &Question<'_>,
        authorization: &HeaderValue,
    ) -> Result<Answer, GithubError> {
        let mut address = question.address.clone();
        for _ in 0..=MOST_REDIRECTS {
            let answer = self.once(question, &address, authorization).await?;
            if !is_redirect(answer.status) {
                return Ok(answer);
            }
            let named = answer.header(LOCATION.as_str()).unwrap_or_default();
            address = self.api.onward(named).map_err(|why| GithubError::malformed(question.asked, why))?;
        }
        Err(GithubError::malformed(question.asked, "it leads from one address to the next without end"))
    }

    async fn once(
        &self,
        question: &Question<'_>,
        address: &str,
        authorization: &HeaderValue,
    ) -> Result<Answer, GithubError> {
        let asked = question.asked;
        self.pace.turn(&question.method).await;
        self.budget.check(self.clock.now(), asked)?;
        let request = request(question, address, authorization)?;
        self.counts.sent(question.is_content);
        let outcome = self.exchange(request, asked).await;
        self.counts.answered(&outcome);
        outcome
    }

    async fn exchange(&self, request: Request<Bytes>, asked: &str) -> Result<Answer, GithubError> {
        let deadline = Instant::now() + self.limits.request_timeout;
        let late = || {
            GithubError::unavailable(
                asked,
                format!("GitHub did not answer within {:?}", self.limits.request_timeout),
            )
        };
        let broken = |error: TransportError| GithubError::unavailable(asked, causes(error.as_ref()));
        let response =
            timeout_at(deadline, self.transport.send(request)).await.map_err(|_| late())?.map_err(broken)?;
        let read =
            timeout_at(deadline, whole(response, self.limits.largest_answer)).await.map_err(|_| late())?;
        let answer = read.map_err(|failure| match failure {
            Unread::Broken(error) => broken(error),
            Unread::Short => GithubError::unavailable(asked, "the answer was cut off"),
            Unread::Long => GithubError::TooLarge {
                message: format!(
                    "{asked}: the answer is larger than {} bytes; ask for less of it, such as a smaller file",
                    self.limits.largest_answer
                ),
            },
        })?;
        self.compare_clocks(&answer);
        self.budget.note(self.clock.now(), &answer, asked)?;
        Ok(answer)
    }
}

fn request(
    question: &Question<'_>,
    address: &str,
    authorization: &HeaderValue,
) -> Result<Request<Bytes>, GithubError> {
    let mut request = Request::new(question.body.clone());
    *request.method_mut() = question.method.clone();
    *request.uri_mut() =
        address.parse::<Uri>().map_err(|error| GithubError::invalid(question.asked, error))?;
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static(question.accept));
    headers.insert("x-github-api-version", HeaderValue::from_static(VERSION));
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("ringway/", env!("CARGO_PKG_VERSION"))));
    headers.insert(AUTHORIZATION, authorization.clone());
    if let Some(etag) = &question.etag {
        headers.insert(IF_NONE_MATCH, etag.clone());
    }
    if !question.body.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok(request)
}

/// Why a body was not read to its end.
enum Unread {
    Broken(TransportError),
    Short,
    Long,
}

async fn whole(response: Response<AnswerBody>, limit: usize) -> Result<Answer, Unread> {
    let (head, mut incoming) = response.into_parts();
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        // Trailers are of no use to us.
        let Ok(chunk) = frame.map_err(Unread::Broken)?.into_data() else { continue };
        if chunk.len() > limit - body.len() {
            return Err(Unread::Long);
        }
        body.extend_from_slice(&chunk);
    }
    let promised =
        head.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    // An answer that nothing changed has the length of what did not change.
    if head.status != StatusCode::NOT_MODIFIED && promised.is_some_and(|promised| body.len() < promised) {
        return Err(Unread::Short);
    }
    Ok(Answer { status: head.status, headers: head.headers, body })
}

/// GitHub asks to repeat the same request at the new address, also one that writes.
fn is_redirect(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    )
}

/// An error of a transport with everything that it says is behind it.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut reason = quote(&error.to_string());
    let mut source = error.source();
    while let Some(cause) = source {
        reason = format!("{reason}: {}", quote(&cause.to_string()));
        source = cause.source();
    }
    reason
}
