//! How many requests were sent to API servers, and what came back: for people who watch the program from outside.

use http::StatusCode;
use std::sync::atomic::{AtomicU64, Ordering};

/// What came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// What was asked for.
    Success,
    /// A refusal: a lost race, a missing right, something that does not exist.
    Refused,
    /// An error of the server.
    ServerError,
    /// Nothing.
    Nothing,
}

impl Answered {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Success, Self::Refused, Self::ServerError, Self::Nothing];

    /// The name used in texts and figures.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Refused => "refused",
            Self::ServerError => "server_error",
            Self::Nothing => "nothing",
        }
    }

    fn of(status: Option<StatusCode>) -> Self {
        match status {
            None => Self::Nothing,
            Some(status) if status.is_server_error() => Self::ServerError,
            Some(status) if status.is_client_error() => Self::Refused,
            Some(_) => Self::Success,
        }
    }
}

/// The counts since the process began.
#[derive(Debug, Default)]
pub struct Requests([AtomicU64; Answered::ALL.len()]);

impl Requests {
    /// Counts one request by the status of its answer; `None` if there was none.
    pub(super) fn count(&self, status: Option<StatusCode>) {
        let answered = Answered::of(status);
        for (known, count) in Answered::ALL.iter().zip(&self.0) {
            count.fetch_add(u64::from(*known == answered), Ordering::Relaxed);
        }
    }

    /// How many had which answer.
    pub fn counts(&self) -> impl Iterator<Item = (Answered, u64)> {
        Answered::ALL.into_iter().zip(self.0.iter().map(|count| count.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_is_counted_once() {
        let requests = Requests::default();
        for status in [Some(200), Some(201), Some(404), Some(422), Some(503), None] {
            requests.count(status.map(|code: u16| StatusCode::from_u16(code).unwrap()));
        }
        let counts: Vec<_> = requests.counts().map(|(answered, count)| (answered.as_str(), count)).collect();
        assert_eq!(counts, [("success", 2), ("refused", 2), ("server_error", 1), ("nothing", 1)]);
    }
}
