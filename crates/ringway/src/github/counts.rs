//! How many requests were sent to GitHub, and what came back: for people who watch the program from outside.

use super::{answer::Answer, error::GithubError, model::Calls};
use http::StatusCode;
use jiff::Timestamp;
use std::sync::atomic::{AtomicU64, Ordering};

/// What came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// What was asked for.
    Success,
    /// That nothing has changed since it was asked last, which costs nothing of the rate limit.
    NotModified,
    /// A refusal: a right that is missing, something that does not exist, or what GitHub does not accept.
    Refused,
    /// That we asked too much.
    Limited,
    /// Nothing, or nothing that could be used.
    Unavailable,
}

impl Answered {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Success, Self::NotModified, Self::Refused, Self::Limited, Self::Unavailable];

    /// The name used in figures.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::NotModified => "not_modified",
            Self::Refused => "refused",
            Self::Limited => "limited",
            Self::Unavailable => "unavailable",
        }
    }

    fn of(outcome: &Result<Answer, GithubError>) -> Self {
        let status = match outcome {
            Ok(answer) => answer.status,
            Err(GithubError::RateLimited { .. }) => return Self::Limited,
            Err(_) => return Self::Unavailable,
        };
        match status {
            StatusCode::NOT_MODIFIED => Self::NotModified,
            // These pass by themselves, and are tried again like those of a server that is down.
            StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT => Self::Unavailable,
            status if status.is_server_error() => Self::Unavailable,
            status if status.is_client_error() => Self::Refused,
            _ => Self::Success,
        }
    }
}

/// What can be watched of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// How many requests had which answer.
    pub answers: [(Answered, u64); Answered::ALL.len()],
    /// How many were sent to create or change what people read.
    pub content: u64,
    /// How many more the newest answer allows until the primary limit is counted anew; `None` before the first that says.
    pub remaining: Option<u64>,
    /// Until when nothing is sent; `None` if we may ask.
    pub limited_until: Option<Timestamp>,
}

/// The counts since the process began.
#[derive(Debug, Default)]
pub(super) struct Counts {
    answers: [AtomicU64; Answered::ALL.len()],
    content: AtomicU64,
    total: AtomicU64,
}

impl Counts {
    /// Counts a request that is about to be sent.
    pub(super) fn sent(&self, is_content: bool) {
        self.total.fetch_add(1, Ordering::Relaxed);
        self.content.fetch_add(is_content.into(), Ordering::Relaxed);
    }

    /// Counts what came of a request.
    pub(super) fn answered(&self, outcome: &Result<Answer, GithubError>) {
        let answered = Answered::of(outcome);
        for (known, count) in Answered::ALL.iter().zip(&self.answers) {
            count.fetch_add(u64::from(*known == answered), Ordering::Relaxed);
        }
    }

    pub(super) fn calls(&self) -> Calls {
        Calls { content: self.content.load(Ordering::Relaxed), total: self.total.load(Ordering::Relaxed) }
    }

    /// The counts beside what is known of the limits.
    pub(super) fn figures(&self, remaining: Option<u64>, limited_until: Option<Timestamp>) -> Figures {
        let mut answers = Answered::ALL.map(|answered| (answered, 0));
        for ((_, shown), count) in answers.iter_mut().zip(&self.answers) {
            *shown = count.load(Ordering::Relaxed);
        }
        Figures { answers, content: self.content.load(Ordering::Relaxed), remaining, limited_until }
    }
}
