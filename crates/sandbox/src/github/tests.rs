//! GitHub's rules, shown over its API and in its webhooks.

mod access;
mod building;
mod limits;
mod people;
mod reading;
mod webhooks;
mod writing;

use super::*;
use crate::Model;
use ::http::{Method, Request, Response};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use serde_json::{Value, json};
use std::{fmt::Write, path::Path, time::Duration};

const HOOK: &str = "http://ringmaster.example.com/webhooks/github";
const SECRET: &str = "It's a Secret to Everybody";
const EVENTS: [&str; 10] = [
    "pull_request",
    "push",
    "workflow_run",
    "issue_comment",
    "check_run",
    "status",
    "create",
    "delete",
    "repository",
    "pull_request_review",
];

/// What an App needs that reads pull requests and reports in them.
const RIGHTS: [(&str, Right); 7] = [
    ("contents", Right::Read),
    ("pull_requests", Right::Write),
    ("checks", Right::Write),
    ("statuses", Right::Write),
    ("actions", Right::Read),
    ("issues", Right::Write),
    ("members", Right::Read),
];

/// A repository with a ring pull request, and an App that is installed there.
struct World {
    model: Model,
    repository: u64,
    pull: u64,
    /// The head of the pull request.
    commit: String,
    app: u64,
    installation: u64,
    token: String,
}

struct Got {
    status: u16,
    response: Response<Bytes>,
    body: Value,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        self.response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    fn message(&self) -> (u16, &str) {
        (self.status, self.body["message"].as_str().unwrap_or_default())
    }

    /// Where the link to another page leads, without the host.
    fn link(&self, name: &str) -> Option<String> {
        let links = self.header("link").split(", ");
        let mut found = links.filter(|link| link.ends_with(&format!("; rel=\"{name}\"")));
        let address = found.next()?.trim_start_matches("<https://api.github.com").split('>').next();
        address.map(str::to_owned)
    }
}

impl World {
    fn new() -> Self {
        let mut model = Model::new(7, Timestamp::from_second(1_700_000_000).unwrap());
        let github = &mut model.github;
        github.record_exchanges();
        let repository = github.repository("acme/atlas-metastore", "master");
        let app = github.register_app("ringmaster", "acme", &RIGHTS);
        github.set_app_hook(app, HOOK, SECRET, &EVENTS).unwrap();
        let installation = github.install_app(app, "acme").unwrap();
        let token = github.installation_token(installation).unwrap();
        github.set_role(repository, "alice", Role::Write);
        let files = [("src/Main.java", "class Main {}\n"), ("cohorts/early.json", "[\"alpha\"]\n")];
        let commit = github.push(repository, "ring-x", &files, "alice").unwrap();
        let new = NewPullRequest {
            head: "ring-x",
            title: "Faster searches",
            by: "alice",
            ..NewPullRequest::default()
        };
        let pull = github.open_pull_request(repository, &new).unwrap();
        Self { model, repository, pull, commit, app, installation, token }
    }

    fn github(&mut self) -> &mut Github {
        &mut self.model.github
    }

    fn pass(&mut self, seconds: i64) {
        let to = self.model.now().checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap();
        self.model.advance(to);
    }

    fn ask_with(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Got {
        let mut request = Request::new(Bytes::from(body.to_owned()));
        *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
        *request.uri_mut() = path.parse().unwrap();
        let bearer = format!("Bearer {}", self.token);
        let usual = [
            ("authorization", bearer.as_str()),
            ("user-agent", "test"),
            ("accept", "application/vnd.github+json"),
            ("x-github-api-version", "2022-11-28"),
        ];
        for (name, value) in usual.iter().chain(headers) {
            let name: ::http::HeaderName = name.parse().unwrap();
            if value.is_empty() {
                request.headers_mut().remove(name);
            } else {
                request.headers_mut().insert(name, value.parse().unwrap());
            }
        }
        let response = self.model.github.handle(&request).response;
        let body = serde_json::from_slice(response.body()).unwrap_or_default();
        Got { status: response.status().as_u16(), response, body }
    }

    fn get(&mut self, path: &str) -> Got {
        self.ask_with("GET", path, &[], "")
    }

    /// Below the repository.
    fn here(&mut self, path: &str) -> Got {
        self.get(&format!("/repos/acme/atlas-metastore{path}"))
    }

    fn send(&mut self, method: &str, path: &str, body: &Value) -> Got {
        self.ask_with(method, &format!("/repos/acme/atlas-metastore{path}"), &[], &body.to_string())
    }

    /// A web token of the App, issued and ending so many seconds from now.
    fn web_token(&mut self, issued: i64, ends: i64) -> String {
        let now = self.model.now().as_second();
        self.signed(&json!({"iat": now + issued, "exp": now + ends, "iss": self.app.to_string()}))
    }

    fn signed(&self, claims: &Value) -> String {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2lnbmVk", part(&json!({"alg": "RS256", "typ": "JWT"})), part(claims))
    }

    /// Asks as somebody else.
    fn as_token<T>(&mut self, token: &str, asks: impl FnOnce(&mut Self) -> T) -> T {
        let own = std::mem::replace(&mut self.token, token.to_owned());
        let result = asks(self);
        self.token = own;
        result
    }

    fn as_app<T>(&mut self, asks: impl FnOnce(&mut Self) -> T) -> T {
        let token = self.web_token(-60, 540);
        self.as_token(&token, asks)
    }

    /// What was told since the last time, as event and action.
    fn told(&mut self) -> Vec<String> {
        let due = self.github().take_due_deliveries();
        let name = |delivery: &Delivery| match &delivery.action {
            Some(action) => format!("{}.{action}", delivery.event),
            None => delivery.event.clone(),
        };
        due.iter().map(name).collect()
    }
}

/// Leaves all exchanges and webhooks where somebody may compare them with GitHub's description of its API: a file of JSON
/// lines for each test, in the folder that `GITHUB_EXCHANGES` names.
impl Drop for World {
    fn drop(&mut self) {
        let Some(folder) = std::env::var_os("GITHUB_EXCHANGES") else { return };
        let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
        let mut lines = String::new();
        for it in self.model.github.exchanges() {
            let line = json!({
                "method": it.method, "path": it.path, "request": text(&it.request),
                "status": it.status, "content_type": it.content_type, "answer": text(&it.answer),
            });
            writeln!(lines, "{line}").unwrap();
        }
        for it in self.model.github.deliveries() {
            let line = json!({"event": it.event, "action": it.action, "payload": text(&it.body)});
            writeln!(lines, "{line}").unwrap();
        }
        let name = std::thread::current().name().unwrap_or("main").replace("::", ".");
        std::fs::write(Path::new(&folder).join(format!("{name}.jsonl")), lines).unwrap();
    }
}
