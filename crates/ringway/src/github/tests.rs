//! The client over a GitHub that says what it was told to, in simulated time.

mod access;
mod keys;
mod limits;
mod meaning;
mod reading;
mod recognising;
pub(crate) mod scripted;
mod session;
mod writing;

use super::{AppKey, Client, Credentials, GithubError, Limits, Settings};
use crate::registry::Secret;
use durable_sqlite::TokioClock;
use jiff::Timestamp;
use scripted::Server;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// What no message may ever have in it.
const TOKEN: &str = "ghp_thisIsVerySecret";

/// The id of our App.
pub(crate) const APP: u64 = 4711;

fn begin() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

fn settings(credentials: Credentials) -> Settings {
    Settings { api: "https://api.github.com".into(), credentials, limits: Limits::default() }
}

fn client(server: &Server, settings: Settings) -> Client {
    Client::new(settings, Arc::new(server.clone()), Arc::new(TokioClock::starting_at(begin()))).unwrap()
}

pub(crate) fn user(server: &Server) -> Client {
    client(server, settings(Credentials::Token(Secret::new(TOKEN))))
}

pub(crate) fn app(server: &Server, installation: Option<u64>) -> Client {
    let key = AppKey::from_pem(keys::PKCS1, "github.app.privateKeyFile").unwrap();
    client(server, settings(Credentials::App { id: APP, installation, key }))
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn pull(number: u64, branch: &str) -> Value {
    json!({
        "id": 1000 + number, "number": number, "state": "open", "draft": false, "merged_at": null,
        "labels": [{ "name": "cohort:main:tier:early" }, { "name": "bug" }],
        "head": { "ref": branch, "sha": "c0ffee", "repo": { "id": 7 } },
        "base": { "ref": "main", "repo": { "id": 7, "full_name": "acme/app" } },
        "html_url": format!("https://github.com/acme/app/pull/{number}"),
        "updated_at": "2026-11-23T07:59:00Z",
    })
}

fn repository() -> Value {
    json!({ "id": 7, "full_name": "acme/app", "default_branch": "main" })
}

/// The kind of an error, for tables.
fn kind<T: std::fmt::Debug>(result: Result<T, GithubError>) -> &'static str {
    match result {
        Ok(_) => "fine",
        Err(GithubError::Unauthorized { .. }) => "unauthorized",
        Err(GithubError::Forbidden { .. }) => "forbidden",
        Err(GithubError::NotFound { .. }) => "not found",
        Err(GithubError::Gone { .. }) => "gone",
        Err(GithubError::Invalid { .. }) => "invalid",
        Err(GithubError::RateLimited { .. }) => "rate limited",
        Err(GithubError::Unavailable { .. }) => "unavailable",
        Err(GithubError::Malformed { .. }) => "malformed",
        Err(GithubError::TooLarge { .. }) => "too large",
    }
}
