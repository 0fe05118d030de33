//! GitHub as one seed has it: a repository whose branches are rings, another one with cohorts, people, and Ringway as an
//! App or as somebody with a token.

pub(crate) mod history;

use anyhow::Context as _;
use release::decide::rules::ImageTemplate;
use ringway::{
    github::{AppKey, Client, Credentials, Limits, Settings},
    registry::Secret,
    transport::Transport,
};
use sandbox::github::{Github, NewPullRequest, PullRequest, Right, Role};
use std::sync::Arc;

/// The repository of the service, and the one that has the cohorts.
pub(crate) const REPOSITORY: &str = "acme/atlas";
pub(crate) const COHORTS: &str = "acme/releases";

/// Somebody with write access, and somebody who may only set labels.
pub(crate) const DEVELOPER: &str = "dana";
pub(crate) const HELPER: &str = "toby";

/// The build that counts.
pub(crate) const WORKFLOW: &str = "maven.yml";
pub(crate) const JOB: &str = "build";

/// What GitHub signs deliveries with.
pub(crate) const SECRET: &str = "a secret that only GitHub and Ringway know";

/// A key that is good for nothing: the sandbox checks no signature of an App.
const KEY: &str = include_str!("../../ringway/tests/scenarios/harness/app-key.pem");

const API: &str = "https://api.github.com";
const EVENTS: [&str; 6] =
    ["pull_request", "push", "workflow_run", "workflow_job", "issue_comment", "repository"];

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

/// GitHub as one seed has it.
#[derive(Debug, Clone)]
pub(crate) struct Hub {
    /// The service that its pull requests drive.
    pub(crate) service: String,
    /// The id of its repository.
    pub(crate) repository: u64,
    /// The id of the repository of the cohorts.
    pub(crate) cohorts: u64,
    /// The branches that have pull requests: the names of the rings.
    pub(crate) branches: Vec<String>,
    /// What their images are called.
    pub(crate) image: ImageTemplate,
    /// The account under which Ringway writes.
    pub(crate) writer: u64,
    identity: Identity,
}

/// Who Ringway is.
#[derive(Debug, Clone)]
enum Identity {
    App(u64),
    Token(String),
}

impl Hub {
    /// Makes the repositories, the people and Ringway's identity.
    ///
    /// # Errors
    /// If the model refuses it.
    pub(crate) fn found(
        github: &mut Github,
        service: &str,
        image: ImageTemplate,
        is_app: bool,
    ) -> anyhow::Result<Self> {
        let repository = github.repository(REPOSITORY, "master");
        let cohorts = github.repository(COHORTS, "main");
        github.workflow(repository, WORKFLOW);
        github.set_role(repository, DEVELOPER, Role::Write);
        github.set_role(repository, HELPER, Role::Triage);
        let url = "https://ringway.example.com/webhooks/github";
        let (identity, writer) = if is_app {
            let app = github.register_app("ringway", "acme", &PERMISSIONS);
            github.install_app(app, "acme")?;
            github.set_app_hook(app, url, SECRET, &EVENTS)?;
            (Identity::App(app), github.app(app).context("the App that was made")?.bot)
        } else {
            let writer = github.user("ringway-machine");
            // Only who may push sees who may push.
            github.set_role(repository, "ringway-machine", Role::Write);
            github.set_role(cohorts, "ringway-machine", Role::Read);
            github.add_repository_hook(repository, url, SECRET, &EVENTS);
            (Identity::Token(github.personal_token("ringway-machine")), writer)
        };
        let service = service.to_owned();
        Ok(Self { service, repository, cohorts, branches: Vec::new(), image, writer, identity })
    }

    /// Opens a pull request of a new branch with one commit.
    ///
    /// # Errors
    /// If the model refuses it.
    pub(crate) fn add_branch(&mut self, github: &mut Github, branch: &str) -> anyhow::Result<()> {
        github.push(self.repository, branch, &[("code.txt", branch)], DEVELOPER)?;
        github.open_pull_request(self.repository, &new_pull_request(branch))?;
        self.branches.push(branch.to_owned());
        Ok(())
    }

    /// Ringway's client, over a way to this GitHub.
    ///
    /// # Errors
    /// If the key or the token cannot be used.
    pub(crate) fn client(
        &self,
        way: Arc<dyn Transport>,
        clock: Arc<dyn ringway::clock::Clock>,
    ) -> anyhow::Result<Client> {
        let credentials = match &self.identity {
            Identity::App(id) => {
                Credentials::App { id: *id, installation: None, key: AppKey::from_pem(KEY, "the key")? }
            }
            Identity::Token(token) => Credentials::Token(Secret::new(token.clone())),
        };
        let settings = Settings { api: API.to_owned(), credentials, limits: Limits::default() };
        Ok(Client::new(settings, way, clock)?)
    }

    /// Whether Ringway gets another token when one is not taken any more.
    pub(crate) fn is_app(&self) -> bool {
        matches!(self.identity, Identity::App(_))
    }

    /// The newest pull request of a branch.
    pub(crate) fn newest<'a>(&self, github: &'a Github, branch: &str) -> Option<&'a PullRequest> {
        let pulls = github.repository_by_id(self.repository)?.pull_requests();
        pulls.filter(|pull| pull.head_branch == branch).max_by_key(|pull| pull.number)
    }

    /// The commit that a branch is at.
    pub(crate) fn head<'a>(&self, github: &'a Github, branch: &str) -> Option<&'a str> {
        github.repository_by_id(self.repository)?.head(branch)
    }

    /// What the image of a commit is called.
    pub(crate) fn image_of(&self, branch: &str, commit: &str) -> Option<String> {
        self.image.render(branch, commit).ok().map(|image| image.to_string())
    }
}

/// A pull request of a branch to the default branch.
pub(crate) fn new_pull_request(branch: &str) -> NewPullRequest<'_> {
    NewPullRequest { head: branch, title: "A feature", by: DEVELOPER, ..NewPullRequest::default() }
}
