//! GitHub as the scenarios have it on both targets: the sandbox's, over HTTP. There is no GitHub on the testbed; whether
//! this one speaks as GitHub does is judged there against GitHub's own description of its API.

use super::{
    configuration::configuration,
    requests::RUNTIME,
    ringway::Running,
    target::{push, target},
    wait::until_or,
};
use jiff::Timestamp;
use sandbox::{
    Model,
    github::{self, NewCheckRun, NewPullRequest, Right, Role, Status},
    serve::{Listeners, Sandbox},
};
use std::cell::{Cell, RefCell};
use tempfile::TempDir;

/// The repository of the service `minimal`, and the one that has its cohorts.
const REPOSITORY: &str = "acme/minimal";
const COHORTS: &str = "acme/releases";

/// Somebody with write access, and somebody who may only set labels.
const DEVELOPER: &str = "dana";
pub(crate) const HELPER: &str = "toby";

const SECRET: &str = "a secret that only GitHub and Ringway know";
const WORKFLOW: &str = "maven.yml";
const JOB: &str = "build";
const KEY: &str = include_str!("app-key.pem");
const SLUG: &str = "ringway";
const RINGS: &str = "ring-*";

/// What the App asks for, as the README tells a team to grant it. Comments need to write issues or pull requests, and the
/// events that say who set a label need to read issues
/// (<https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps>).
const PERMISSIONS: [(&str, Right); 6] = [
    ("actions", Right::Read),
    ("checks", Right::Write),
    ("contents", Right::Read),
    ("issues", Right::Read),
    ("members", Right::Read),
    ("pull_requests", Right::Write),
];

/// What a token is granted instead, which writes commit statuses where an App writes check runs.
const PERMISSIONS_OF_A_TOKEN: [(&str, Right); 5] = [
    ("actions", Right::Read),
    ("contents", Right::Read),
    ("issues", Right::Read),
    ("pull_requests", Right::Write),
    ("statuses", Right::Write),
];

/// Who Ringway is without an App.
const USER: &str = "ringway-bot";

const EVENTS: [&str; 5] = ["pull_request", "push", "workflow_run", "workflow_job", "repository"];

/// GitHub with two repositories, people, and an App or a user that Ringway is. It ends with the test.
pub(crate) struct Github {
    sandbox: Sandbox,
    repository: u64,
    cohorts: u64,
    ringway: Account,
    /// The webhook of the repository, where it is not the App's.
    hook: Cell<Option<u64>>,
    folder: TempDir,
}

/// Who Ringway is.
enum Account {
    App(u64),
    /// A person, with this token.
    User(String),
}

impl Github {
    /// With an App.
    pub(crate) fn begin() -> Self {
        Self::with_account(|github, _| {
            let app = github.register_app(SLUG, "acme", &PERMISSIONS);
            github.install_app(app, "acme").unwrap();
            Account::App(app)
        })
    }

    /// With a user that has a token.
    pub(crate) fn with_a_user() -> Self {
        Self::with_account(|github, [repository, cohorts]| {
            github.user(USER);
            github.set_role(repository, USER, Role::Write);
            github.set_role(cohorts, USER, Role::Read);
            let reached = [repository, cohorts];
            Account::User(github.fine_grained_token(USER, &reached, &PERMISSIONS_OF_A_TOKEN))
        })
    }

    fn with_account(account: impl FnOnce(&mut github::Github, [u64; 2]) -> Account) -> Self {
        let _runtime = RUNTIME.enter();
        let mut listeners = Listeners::bind(0).unwrap();
        listeners.bind_github().unwrap();
        let mut model = Model::new(1, now());
        let github = &mut model.github;
        let repository = github.repository(REPOSITORY, "master");
        let cohorts = github.repository(COHORTS, "main");
        github.workflow(repository, WORKFLOW);
        for (login, role) in [(DEVELOPER, Role::Write), (HELPER, Role::Triage)] {
            github.user(login);
            github.set_role(repository, login, role);
        }
        let ringway = account(github, [repository, cohorts]);
        let sandbox = Sandbox::start(listeners, model, 1.0);
        // Where what is said and heard is judged against GitHub's own description of its API.
        if let Some(folder) = std::env::var_os("RINGWAY_GITHUB_EXCHANGES") {
            sandbox.record_github(folder.as_ref()).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key.pem"), KEY).unwrap();
        std::fs::write(folder.path().join("webhook-secret"), SECRET).unwrap();
        if let Account::User(token) = &ringway {
            std::fs::write(folder.path().join("token"), token).unwrap();
        }
        Self { sandbox, repository, cohorts, ringway, hook: Cell::default(), folder }
    }

    /// Looks at GitHub, or changes it.
    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut github::Github) -> T) -> T {
        self.sandbox.with(|model| change(&mut model.github))
    }

    /// The usual configuration, with pull requests that drive the service `minimal`. `more` goes into its `rings`.
    pub(crate) fn configuration(&self, more: &str) -> String {
        let registry = target().registry();
        let api = self.sandbox.github().unwrap();
        let folder = self.folder.path().display();
        let account = match &self.ringway {
            Account::App(id) => format!("app: {{id: {id}, privateKeyFile: {folder}/key.pem}}"),
            Account::User(_) => format!("token: {{file: {folder}/token}}"),
        };
        format!(
            r#"{usual}    rings:
      repository: {REPOSITORY}
      branches: {RINGS}
      build: {{workflow: {WORKFLOW}, job: {JOB}}}
      images: {{atlas: {{repository: "{registry}/atlas-metastore-{{branch}}", tag: "{{sha7}}abcd"}}}}
{more}
github:
  api: http://{api}
  {account}
  webhookSecrets: [{{file: {folder}/webhook-secret}}]
  sweep: 10s
cohorts:
  github: {{kind: github, repository: {COHORTS}, ref: main, folder: cohorts}}
"#,
            usual = configuration(),
        )
    }

    /// Lets GitHub tell a server what happens, from now on.
    #[track_caller]
    pub(crate) fn tells(&self, server: &Running) {
        let url = format!("http://{}/webhooks/github", server.address());
        self.with(|github| match &self.ringway {
            Account::App(app) => {
                github.set_app_hook(*app, &url, SECRET, &EVENTS).unwrap();
            }
            Account::User(_) => {
                let hook = github.add_repository_hook(self.repository, &url, SECRET, &EVENTS);
                if let Some(before) = self.hook.replace(Some(hook)) {
                    github.hook_mut(before).unwrap().active = false;
                }
            }
        });
    }

    /// Writes a cohort file.
    pub(crate) fn cohort(&self, name: &str, tenants: &[&str]) {
        let names: Vec<_> = tenants.iter().map(|name| serde_json::json!({ "name": name })).collect();
        let file = serde_json::json!({ "tenants": names }).to_string();
        self.cohort_file(name, &file);
    }

    /// Writes whatever stands in a cohort file.
    pub(crate) fn cohort_file(&self, name: &str, content: &str) {
        let path = format!("cohorts/{name}.json");
        self.with(|github| {
            github.push(self.cohorts, "main", &[(path.as_str(), content)], DEVELOPER).unwrap();
        });
    }

    /// Opens a pull request of a branch with one new commit, which is not built yet.
    pub(crate) fn ring(&self, branch: &str) -> PullRequest<'_> {
        let number = self.with(|github| {
            github.push(self.repository, branch, &[("code.txt", branch)], DEVELOPER).unwrap();
            let new =
                NewPullRequest { head: branch, title: "A feature", by: DEVELOPER, ..Default::default() };
            github.open_pull_request(self.repository, &new).unwrap()
        });
        self.known(number, branch)
    }

    /// A pull request to the repository from the branch of that name in a fork.
    pub(crate) fn fork_of(&self, branch: &str) -> PullRequest<'_> {
        let number = self.with(|github| {
            let fork = github.fork(self.repository, "mallory").unwrap();
            github.push(fork, branch, &[("code.txt", "something else")], "mallory").unwrap();
            let head_repository = Some(fork);
            let new = NewPullRequest {
                head: branch,
                head_repository,
                title: "Mine",
                by: "mallory",
                ..Default::default()
            };
            github.open_pull_request(self.repository, &new).unwrap()
        });
        self.known(number, branch)
    }

    /// Another pull request of a branch that is there.
    pub(crate) fn again(&self, branch: &str) -> PullRequest<'_> {
        let new = NewPullRequest { head: branch, title: "Once more", by: DEVELOPER, ..Default::default() };
        let number = self.with(|github| github.open_pull_request(self.repository, &new).unwrap());
        self.known(number, branch)
    }

    /// A pull request that is there.
    pub(crate) fn known(&self, number: u64, branch: &str) -> PullRequest<'_> {
        PullRequest { github: self, number, branch: branch.to_owned() }
    }

    /// Keeps what is said from now on, for [`Self::secrets`].
    pub(crate) fn listen(&self) {
        self.with(github::Github::record_exchanges);
    }

    /// Everything that only GitHub and Ringway may know: the secret of the webhook, each line of the App's private key, the
    /// tokens that were given to the App since [`Self::listen`], and the token of the user.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let key = KEY.lines().filter(|line| !line.starts_with("-----"));
        let mut secrets: Vec<String> = key.chain([SECRET]).map(str::to_owned).collect();
        match &self.ringway {
            Account::App(_) => secrets.extend(self.tokens()),
            Account::User(token) => secrets.push(token.clone()),
        }
        secrets
    }

    /// The tokens that were given to the App since [`Self::listen`].
    pub(crate) fn tokens(&self) -> Vec<String> {
        self.with(|github| {
            let given = github.exchanges().iter().filter(|said| said.path.ends_with("/access_tokens"));
            let token = |answer: &[u8]| -> Option<String> {
                let answer: serde_json::Value = serde_json::from_slice(answer).ok()?;
                Some(answer["token"].as_str()?.to_owned())
            };
            given.filter_map(|said| token(&said.answer)).collect()
        })
    }

    /// How many calls were made that create or change content, and in all.
    pub(crate) fn calls(&self) -> github::Calls {
        self.with(|github| github.calls)
    }
}

/// A pull request of [`REPOSITORY`].
pub(crate) struct PullRequest<'a> {
    github: &'a Github,
    pub(crate) number: u64,
    branch: String,
}

impl PullRequest<'_> {
    fn change<T>(&self, change: impl FnOnce(&mut github::Github, u64, u64) -> T) -> T {
        self.github.with(|github| change(github, self.github.repository, self.number))
    }

    /// The commit that its branch is at.
    pub(crate) fn commit(&self) -> String {
        let branch = self.branch.as_str();
        self.change(|github, repository, _| {
            github.repository_by_id(repository).unwrap().head(branch).unwrap().to_owned()
        })
    }

    /// The tag of the image of its head.
    pub(crate) fn tag(&self) -> String {
        format!("{}abcd", &self.commit()[..7])
    }

    /// The image of its head.
    pub(crate) fn image(&self) -> String {
        format!("{}/atlas-metastore-{}:{}", target().registry(), self.branch, self.tag())
    }

    pub(crate) fn label(&self, name: &str) {
        self.label_by(name, DEVELOPER);
    }

    pub(crate) fn label_by(&self, name: &str, by: &str) {
        self.change(|github, repository, number| github.set_label(repository, number, name, by).unwrap());
    }

    pub(crate) fn unlabel(&self, name: &str) {
        self.change(|github, repository, number| {
            github.remove_label(repository, number, name, DEVELOPER).unwrap();
        });
    }

    /// A new commit on its branch.
    pub(crate) fn push(&self, text: &str) {
        let branch = self.branch.as_str();
        self.change(|github, repository, _| {
            github.push(repository, branch, &[("code.txt", text)], DEVELOPER).unwrap();
        });
    }

    /// Starts the build of its head.
    pub(crate) fn start_build(&self) {
        let commit = self.commit();
        self.change(|github, repository, _| {
            github.start_build(repository, WORKFLOW, &commit, &[JOB]).unwrap()
        });
    }

    /// Ends the build of its head.
    pub(crate) fn finish_build(&self, conclusion: &str) {
        let commit = self.commit();
        self.change(|github, repository, _| {
            github.finish_build(repository, WORKFLOW, &commit, conclusion).unwrap();
        });
    }

    /// Builds its head: the image is pushed, and then the build has succeeded.
    pub(crate) fn build(&self) {
        self.start_build();
        self.push_image();
        self.finish_build("success");
    }

    /// What a build pushes.
    pub(crate) fn push_image(&self) -> String {
        push(&format!("atlas-metastore-{}", self.branch), &self.tag(), &[])
    }

    pub(crate) fn close(&self) {
        self.change(|github, repository, number| github.close(repository, number, DEVELOPER).unwrap());
    }

    pub(crate) fn reopen(&self) {
        self.change(|github, repository, number| github.reopen(repository, number, DEVELOPER).unwrap());
    }

    pub(crate) fn merge(&self) {
        self.change(|github, repository, number| github.merge(repository, number, DEVELOPER).unwrap());
    }

    /// Somebody writes a comment.
    pub(crate) fn comment(&self, body: &str) {
        self.change(|github, repository, number| {
            github.comment(repository, number, body, DEVELOPER).unwrap()
        });
    }

    /// Somebody deletes all comments that contain a text.
    pub(crate) fn delete_comments(&self, text: &str) {
        self.change(|github, repository, number| {
            let comments =
                &github.repository_by_id(repository).unwrap().pull_request(number).unwrap().comments;
            let meant =
                comments.iter().filter(|comment| comment.body.contains(text)).map(|comment| comment.id);
            for id in meant.collect::<Vec<_>>() {
                github.delete_comment(repository, id, DEVELOPER).unwrap();
            }
        });
    }

    /// What recognises a comment of Ringway.
    pub(crate) fn marker(&self, what: &str) -> String {
        release::report::pull_request::marker(self.github.repository, self.number, what)
    }

    /// Another App writes a check run on its head; the answer is its id.
    pub(crate) fn foreign_check(&self, new: &NewCheckRun<'_>) -> u64 {
        let commit = self.commit();
        self.change(|github, repository, _| {
            let app = github.register_app("somebody-else", "elsewhere", &[]);
            github.add_check_run(repository, app, &commit, new).unwrap()
        })
    }

    /// The check runs of its head: id, status and conclusion.
    pub(crate) fn checks(&self) -> Vec<(u64, String, Option<String>)> {
        let commit = self.commit();
        self.change(|github, repository, _| {
            let checks = github.repository_by_id(repository).unwrap().check_runs();
            let of_head = checks.filter(|check| check.head_commit == commit);
            of_head.map(|check| (check.id, check.status.clone(), check.conclusion.clone())).collect()
        })
    }

    /// Everything that can be read in it.
    pub(crate) fn conversation(&self) -> String {
        self.change(|github, repository, number| github.conversation(repository, number).unwrap())
    }

    /// The newest commit status `ringway/ring` of its head that the user has set who Ringway is.
    pub(crate) fn status(&self) -> Option<String> {
        let commit = self.commit();
        self.change(|github, repository, _| {
            let user = github.account_of(USER)?.id;
            let is_meant = |status: &&Status| {
                status.commit == commit && status.context == "ringway/ring" && status.creator == user
            };
            let statuses = github.repository_by_id(repository)?.statuses();
            statuses.iter().rev().find(is_meant).map(|status| status.state.clone())
        })
    }

    /// Waits until all of these texts can be read in it.
    #[track_caller]
    pub(crate) fn says(&self, texts: &[&str]) -> String {
        let last = RefCell::new(String::new());
        until_or(
            || format!("the pull request says {texts:?}, but says:\n{}", last.borrow()),
            || {
                let now = self.conversation();
                let said = texts.iter().all(|text| now.contains(text));
                *last.borrow_mut() = now;
                said
            },
        );
        last.into_inner()
    }
}

/// The wall clock: GitHub has to agree with Ringway about what time it is.
#[allow(clippy::disallowed_methods, reason = "GitHub runs next to a program that reads the same clock")]
fn now() -> Timestamp {
    Timestamp::now()
}
