//! How GitHub is reached, as whom, and how much we ask of it.

use super::key::AppKey;
use crate::registry::Secret;
use std::time::Duration;

/// Everything that a client is told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address of the REST API, such as `https://api.github.com`.
    pub api: String,
    /// Who we are.
    pub credentials: Credentials,
    /// How much patience and room it gets.
    pub limits: Limits,
}

/// Who we are on GitHub.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// A GitHub App.
    App {
        /// Its id.
        id: u64,
        /// Its installation; without it, the one of each repository's owner is looked up.
        installation: Option<u64>,
        /// Its private key.
        key: AppKey,
    },
    /// A user's token.
    Token(Secret),
}

/// How long we wait for GitHub, how much of it we read, and how fast we write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How often something is tried in all while GitHub is unavailable.
    pub attempts: u32,
    /// The pause before the second attempt; it doubles with each further one.
    pub first_pause: Duration,
    /// How long a connection may take to open.
    pub connect_timeout: Duration,
    /// How long one request may take, from opening the connection to the last byte of the answer.
    pub request_timeout: Duration,
    /// What an answer may weigh, in bytes.
    pub largest_answer: usize,
    /// How many pages of a list are read.
    pub most_pages: usize,
    /// How many answers are kept to be asked for again with their ETag.
    pub cached_answers: usize,
    /// What those may weigh in all, in bytes.
    pub cached_bytes: usize,
    /// The time between two writes.
    pub write_gap: Duration,
    /// How many writes are begun in any minute.
    pub writes_per_minute: usize,
    /// What is asked in any minute at most, in the points that GitHub counts: a read is one, a write is five.
    pub points_per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempts: 3,
            first_pause: Duration::from_secs(1),
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(20),
            largest_answer: 8 << 20,
            most_pages: 50,
            cached_answers: 4_000,
            cached_bytes: 16 << 20,
            // What GitHub asks of integrations:
            // https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
            write_gap: Duration::from_secs(1),
            writes_per_minute: 80,
            // https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
            points_per_minute: 900,
        }
    }
}
