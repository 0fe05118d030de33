//! GitHub in the process of the sandbox, and the answers to what the measuring process asks about it.

use crate::served::{Besides, wall_clock};
use jiff::Timestamp;
use sandbox::{
    Model,
    github::{Github, NewPullRequest, Right, Role},
    oci::Push,
    serve::{Listeners, Sandbox},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

/// The repository of the service, and the one that has its cohorts.
pub(crate) const REPOSITORY: &str = "acme/minimal";
pub(crate) const COHORTS: &str = "acme/releases";

/// The build of a ring.
pub(crate) const WORKFLOW: &str = "maven.yml";
pub(crate) const JOB: &str = "build";

/// What GitHub signs its deliveries with.
pub(crate) const SECRET: &str = "a secret that only GitHub and Ringway know";

/// Who may release.
const DEVELOPER: &str = "dana";

/// What the App asks for, as the README tells a team to grant it.
const PERMISSIONS: [(&str, Right); 7] = [
    ("actions", Right::Read),
    ("checks", Right::Write),
    ("contents", Right::Read),
    ("issues", Right::Write),
    ("members", Right::Read),
    ("pull_requests", Right::Write),
    ("statuses", Right::Write),
];

const EVENTS: [&str; 4] = ["pull_request", "push", "workflow_run", "workflow_job"];

/// How often it is seen whether GitHub was asked something.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// What can be asked about GitHub. Pull requests are named by their branches.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Question {
    /// Where it is, and the id of the App.
    Address,
    /// Writes the cohort `fleet`.
    Cohort(Vec<String>),
    /// Opens a pull request of each of these branches, with one new commit. The answer is the tags of their images.
    Open(Vec<String>),
    /// Labels them.
    Label(Vec<String>, String),
    /// Starts the builds of their heads.
    StartBuilds(Vec<String>),
    /// Pushes the image of a branch, with this tag.
    PushImage(String, String),
    /// Ends the builds of their heads with success.
    FinishBuilds(Vec<String>),
    /// Delivers to this address.
    Tell(String),
    /// How often it was called.
    Calls,
    /// The comments of a branch's pull request.
    Comments(String),
    /// How many pull requests have a comment.
    Commented,
    /// What was delivered.
    Deliveries,
    /// Notes all exchanges from now on.
    Note,
    /// The exchanges that were noted.
    Exchanges,
}

/// How often GitHub was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Calls {
    pub(crate) total: u64,
    pub(crate) content: u64,
    pub(crate) not_modified: u64,
}

/// A comment.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Comment {
    pub(crate) at: Timestamp,
    pub(crate) body: String,
}

/// A delivery as it was sent.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Delivery {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// An exchange.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Exchange {
    /// When it was seen, at most [`LOOK_EVERY`] later than it was.
    pub(crate) at: Timestamp,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) status: u16,
}

/// GitHub with two repositories, somebody who may release, and an App.
#[derive(Default)]
pub(crate) struct Stage {
    repository: u64,
    cohorts: u64,
    app: u64,
    registry: String,
    seen: Arc<Mutex<Vec<Timestamp>>>,
}

impl Besides for Stage {
    fn begin(&mut self, listeners: &mut Listeners, model: &mut Model) {
        listeners.bind_github().unwrap();
        self.registry = listeners.registry(0).unwrap().to_string();
        let github = &mut model.github;
        // Hundreds of pull requests that are new on the same day are more than a repository sees. What may be asked in a
        // minute stays as it is.
        github.limits.hourly = 100_000;
        github.limits.content_in_an_hour = 100_000;
        self.repository = github.repository(REPOSITORY, "master");
        self.cohorts = github.repository(COHORTS, "main");
        github.workflow(self.repository, WORKFLOW);
        github.user(DEVELOPER);
        github.set_role(self.repository, DEVELOPER, Role::Write);
        self.app = github.register_app("ringway", "acme", &PERMISSIONS);
        github.install_app(self.app, "acme").unwrap();
    }

    fn answer(&mut self, sandbox: &Arc<Sandbox>, question: Value) -> Value {
        let question = serde_json::from_value(question).unwrap();
        match question {
            Question::Address => json!((sandbox.github().unwrap(), self.app)),
            Question::Note => {
                sandbox.with(|model| model.github.record_exchanges());
                tokio::spawn(note(Arc::clone(sandbox), Arc::clone(&self.seen)));
                Value::Null
            }
            Question::PushImage(branch, tag) => {
                let repository = format!("atlas-metastore-{branch}");
                let push = Push::default();
                sandbox.with(|model| model.registries.push(&self.registry, &repository, &tag, &push));
                Value::Null
            }
            other => sandbox.with(|model| self.about_github(&mut model.github, other)),
        }
    }
}

impl Stage {
    fn about_github(&self, github: &mut Github, question: Question) -> Value {
        match question {
            Question::Cohort(tenants) => {
                let names: Vec<_> = tenants.iter().map(|name| json!({ "name": name })).collect();
                let file = json!({ "tenants": names }).to_string();
                github.push(self.cohorts, "main", &[("cohorts/fleet.json", &file)], DEVELOPER).unwrap();
            }
            Question::Open(branches) => {
                return branches.iter().map(|branch| self.open(github, branch)).collect();
            }
            Question::Label(branches, label) => {
                for branch in branches {
                    let number = self.number(github, &branch);
                    github.set_label(self.repository, number, &label, DEVELOPER).unwrap();
                }
                return json!(wall_clock());
            }
            Question::StartBuilds(branches) => {
                for branch in branches {
                    let commit = self.head(github, &branch);
                    github.start_build(self.repository, WORKFLOW, &commit, &[JOB]).unwrap();
                }
            }
            Question::FinishBuilds(branches) => {
                for branch in branches {
                    let commit = self.head(github, &branch);
                    github.finish_build(self.repository, WORKFLOW, &commit, "success").unwrap();
                }
                return json!(wall_clock());
            }
            Question::Tell(url) => {
                github.set_app_hook(self.app, &url, SECRET, &EVENTS).unwrap();
            }
            Question::Calls => {
                let calls = github.calls;
                return json!(Calls {
                    total: calls.total,
                    content: calls.content,
                    not_modified: calls.not_modified,
                });
            }
            other => return self.read(github, &other),
        }
        Value::Null
    }

    fn read(&self, github: &Github, question: &Question) -> Value {
        let repository = github.repository_by_id(self.repository).unwrap();
        match question {
            Question::Comments(branch) => {
                let pull = repository.pull_request(self.number(github, branch)).unwrap();
                let comments =
                    pull.comments.iter().map(|it| Comment { at: it.created_at, body: it.body.clone() });
                json!(comments.collect::<Vec<_>>())
            }
            Question::Commented => {
                json!(repository.pull_requests().filter(|pull| !pull.comments.is_empty()).count())
            }
            Question::Deliveries => {
                let deliveries = github.deliveries().map(|it| Delivery {
                    headers: it
                        .headers
                        .iter()
                        .map(|(name, text)| ((*name).to_owned(), text.clone()))
                        .collect(),
                    body: String::from_utf8(it.body.to_vec()).unwrap(),
                });
                json!(deliveries.collect::<Vec<_>>())
            }
            Question::Exchanges => {
                let seen = self.seen.lock().unwrap();
                let exchanges = seen.iter().zip(github.exchanges()).map(|(at, it)| Exchange {
                    at: *at,
                    method: it.method.clone(),
                    path: it.path.clone(),
                    status: it.status,
                });
                json!(exchanges.collect::<Vec<_>>())
            }
            other => panic!("nobody answers {other:?}"),
        }
    }

    /// Opens a pull request; the answer is the tag of its image.
    fn open(&self, github: &mut Github, branch: &str) -> String {
        let commit = github.push(self.repository, branch, &[("code.txt", branch)], DEVELOPER).unwrap();
        let new = NewPullRequest { head: branch, title: "A feature", by: DEVELOPER, ..Default::default() };
        github.open_pull_request(self.repository, &new).unwrap();
        format!("{}abcd", &commit[..7])
    }

    fn number(&self, github: &Github, branch: &str) -> u64 {
        let repository = github.repository_by_id(self.repository).unwrap();
        repository.pull_requests().find(|pull| pull.head_branch == branch).unwrap().number
    }

    fn head(&self, github: &Github, branch: &str) -> String {
        github.repository_by_id(self.repository).unwrap().head(branch).unwrap().to_owned()
    }
}

/// Notes when exchanges were.
async fn note(sandbox: Arc<Sandbox>, seen: Arc<Mutex<Vec<Timestamp>>>) {
    let mut interval = tokio::time::interval(LOOK_EVERY);
    loop {
        interval.tick().await;
        let count = sandbox.with(|model| model.github.exchanges().len());
        seen.lock().unwrap().resize(count, wall_clock());
    }
}

/// Where the API is, and the id of the App.
pub(crate) type Address = (SocketAddr, u64);
