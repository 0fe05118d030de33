//! Asks the sandbox's GitHub everything that it answers, lets it tell of everything that it tells of, and has all of that
//! written down. What is written is judged by GitHub's own description of its API (`testbed/judge`), so this test says
//! nothing about shapes: it says that nothing was left out.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use sandbox::{
    Model,
    github::{Fault, Github, NewPullRequest, NewRun, Right, Role, Scope},
    serve::{Listeners, Sandbox},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

const REPOSITORY: &str = "/repos/acme/atlas";
const EVENTS: [&str; 10] = [
    "check_run",
    "create",
    "delete",
    "issue_comment",
    "pull_request",
    "pull_request_review",
    "push",
    "repository",
    "status",
    "workflow_run",
];

/// Who asks, over a connection for each request.
struct Client {
    address: SocketAddr,
    token: String,
}

/// An answer: its status, and its body, which is a text if it is no JSON.
struct Answered {
    status: u16,
    body: Value,
}

impl Client {
    async fn ask(&self, method: &str, path: &str, body: Option<Value>, headers: &str) -> Answered {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let (address, token, length) = (self.address, &self.token, body.len());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nuser-agent: test\r\nauthorization: Bearer {token}\r\n\
             connection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        );
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answered { status, body: serde_json::from_str(body).unwrap_or_else(|_| json!(body)) }
    }

    async fn get(&self, path: &str) -> Value {
        let answered = self.ask("GET", path, None, "").await;
        assert_eq!(answered.status, 200, "{path}: {}", answered.body);
        answered.body
    }

    async fn send(&self, method: &str, path: &str, body: Value, wanted: u16) -> Value {
        let answered = self.ask(method, path, Some(body), "").await;
        assert_eq!(answered.status, wanted, "{method} {path}: {}", answered.body);
        answered.body
    }
}

/// Whoever listens to webhooks: knows which events came, with their actions.
#[derive(Clone, Default)]
struct Listener {
    heard: Arc<Mutex<BTreeSet<String>>>,
    news: Arc<Notify>,
}

impl Listener {
    /// Listens; the answer is where.
    async fn listen(&self) -> SocketAddr {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let listener = self.clone();
        tokio::spawn(async move {
            loop {
                let (connection, _) = socket.accept().await.unwrap();
                listener.clone().hear(connection).await;
            }
        });
        address
    }

    async fn hear(&self, connection: TcpStream) {
        let mut connection = BufReader::new(connection);
        let (mut event, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            connection.read_line(&mut line).await.unwrap();
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                if line == "\r\n" {
                    break;
                }
                continue;
            };
            match name.to_lowercase().as_str() {
                "x-github-event" => value.clone_into(&mut event),
                "content-length" => length = value.parse().unwrap(),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        connection.read_exact(&mut body).await.unwrap();
        let payload: Value = serde_json::from_slice(&body).unwrap();
        let action = payload["action"].as_str().map(|action| format!(".{action}")).unwrap_or_default();
        connection.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        self.heard.lock().unwrap().insert(event + &action);
        self.news.notify_one();
    }

    /// Waits until all of some events were heard.
    async fn heard_all(&self, wanted: &[&str]) {
        let missing = || {
            let heard = self.heard.lock().unwrap();
            wanted
                .iter()
                .filter(|event| !heard.contains(**event))
                .map(|it| (*it).to_owned())
                .collect::<Vec<_>>()
        };
        while !missing().is_empty() {
            let waited = tokio::time::timeout(std::time::Duration::from_secs(20), self.news.notified()).await;
            assert!(waited.is_ok(), "nothing was told of {:?}", missing());
        }
    }
}

/// The ids of what there is.
struct World {
    repository: u64,
    number: u64,
    run: u64,
    head: String,
    app: u64,
    installation: u64,
    hook: u64,
}

fn make_world(github: &mut Github, listener: SocketAddr) -> World {
    let owner = github.organization("acme");
    assert_ne!(owner, 0);
    let repository = github.repository("acme/atlas", "main");
    github.set_role(repository, "ann", Role::Admin);
    github.set_team_member("acme", "on-call", "ann", false);
    github.set_team_member("acme", "on-call", "bob", true);
    let rights = ["actions", "contents", "members"].map(|name| (name, Right::Read));
    let writes = ["checks", "issues", "pull_requests", "statuses"].map(|name| (name, Right::Write));
    let app = github.register_app("ringmaster", "acme", &[rights.as_slice(), &writes].concat());
    let hook = github.set_app_hook(app, &format!("http://{listener}/hook"), "secret", &EVENTS).unwrap();
    github.add_repository_hook(repository, &format!("http://{listener}/own"), "secret", &EVENTS);
    let installation = github.install_app(app, "acme").unwrap();
    let files = [("cohorts/first.json", "[\"alpha\"]"), (".github/workflows/maven.yml", "on: push")];
    github.push(repository, "main", &files, "ann").unwrap();
    let head = github.push(repository, "ring-x", &[("code", "1")], "ann").unwrap();
    let new = NewPullRequest { head: "ring-x", title: "A ring", by: "ann", ..NewPullRequest::default() };
    let number = github.open_pull_request(repository, &new).unwrap();
    let run = github.start_build(repository, "maven.yml", &head, &["build", "chart"]).unwrap();
    World { repository, number, run, head, app, installation, hook }
}

/// Does what people do, so that everything is told of that can be.
fn live(github: &mut Github, world: &World) {
    let World { repository, number, run, .. } = *world;
    github.set_label(repository, number, "cohort:github:ring:first", "ann").unwrap();
    github.set_label(repository, number, "other", "ann").unwrap();
    github.remove_label(repository, number, "other", "ann").unwrap();
    github.finish_job(repository, run, "chart", "skipped").unwrap();
    github.finish_run(repository, run, "failure").unwrap();
    github.rerun(repository, run, "ann").unwrap();
    github.finish_run(repository, run, "success").unwrap();
    github.review(repository, number, "APPROVED", "bob").unwrap();
    let comment = github.comment(repository, number, "hello", "bob").unwrap();
    github.edit_comment(repository, comment, "hello again", "bob").unwrap();
    github.delete_comment(repository, comment, "bob").unwrap();
    github.set_draft(repository, number, true, "ann").unwrap();
    github.set_draft(repository, number, false, "ann").unwrap();
    github.push(repository, "release-1", &[], "ann").unwrap();
    github.change_base(repository, number, "release-1", "ann").unwrap();
    github.change_base(repository, number, "main", "ann").unwrap();
    github.push(repository, "ring-x", &[("code", "2")], "ann").unwrap();
    github.force_push(repository, "ring-x", &[("code", "3")], "ann").unwrap();
    github.close(repository, number, "ann").unwrap();
    github.reopen(repository, number, "ann").unwrap();
    let fork = github.fork(repository, "eve").unwrap();
    let commit = github.push(fork, "ring-evil", &[("code", "4")], "eve").unwrap();
    let new = NewPullRequest {
        head: "ring-evil",
        head_repository: Some(fork),
        title: "A fork's",
        by: "eve",
        draft: true,
        ..NewPullRequest::default()
    };
    let outside = github.open_pull_request(repository, &new).unwrap();
    let build = NewRun {
        workflow: "maven.yml",
        commit: &commit,
        branch: "ring-evil",
        head_repository: Some(fork),
        event: "pull_request",
        jobs: &["build"],
        by: "eve",
    };
    github.start_run(repository, &build).unwrap();
    github.delete_repository(fork);
    github.push(repository, "ring-y", &[("code", "5")], "ann").unwrap();
    let new = NewPullRequest { head: "ring-y", title: "Gone", by: "ann", ..NewPullRequest::default() };
    let gone = github.open_pull_request(repository, &new).unwrap();
    github.delete_branch(repository, "ring-y", "ann").unwrap();
    assert_ne!(outside, gone);
}

/// What everybody asks who may read the repository.
async fn read_all(client: &Client, world: &World) {
    let World { number, run, head, repository, .. } = world;
    let paths = [
        String::new(),
        "/collaborators/ann/permission".to_owned(),
        "/collaborators/eve/permission".to_owned(),
        "/pulls?state=all&sort=updated&direction=desc&per_page=100".to_owned(),
        "/pulls?state=open&head=acme:ring-x&base=main&per_page=1&page=1".to_owned(),
        format!("/pulls/{number}"),
        format!("/pulls/{}", number + 1),
        format!("/pulls/{}", number + 2),
        format!("/pulls/{number}/reviews"),
        format!("/issues/{number}/events?per_page=100"),
        format!("/issues/{number}/comments?per_page=100"),
        format!("/actions/workflows/maven.yml/runs?head_sha={head}&branch=ring-x&event=push&status=success"),
        "/actions/workflows/maven.yml/runs".to_owned(),
        format!("/actions/runs/{run}"),
        format!("/actions/runs/{run}/jobs?filter=latest"),
        format!("/actions/runs/{run}/jobs?filter=all"),
        "/contents/cohorts/first.json?ref=main".to_owned(),
        "/contents/cohorts%2Ffirst.json".to_owned(),
        "/contents/cohorts".to_owned(),
        "/commits/main".to_owned(),
        format!("/commits/{head}"),
        format!("/commits/{head}/check-runs?filter=all&status=completed"),
        format!("/commits/{head}/statuses"),
    ];
    for path in paths {
        client.get(&format!("{REPOSITORY}{path}")).await;
    }
    client.get(&format!("/repositories/{repository}/pulls?per_page=1&page=2&state=all")).await;
    client.get("/orgs/acme/teams/on-call/memberships/ann").await;
    client.get("/orgs/acme/teams/on-call/memberships/bob").await;
    let stranger = client.ask("GET", "/orgs/acme/teams/on-call/memberships/zoe", None, "").await;
    assert_eq!(stranger.status, 404, "{}", stranger.body);
    client.get("/users/ann").await;
    client.get("/users/ringmaster%5Bbot%5D").await;
    client.get("/rate_limit").await;
    let forms = [("/contents/cohorts/first.json", "raw+json"), ("/commits/main", "sha")];
    for (path, form) in forms {
        let accept = format!("accept: application/vnd.github.{form}\r\n");
        let answered = client.ask("GET", &format!("{REPOSITORY}{path}"), None, &accept).await;
        assert_eq!(answered.status, 200, "{path}");
    }
}

async fn comment(client: &Client, number: u64) {
    let comments = format!("{REPOSITORY}/issues/{number}/comments");
    let made = client.send("POST", &comments, json!({"body": "from a program"}), 201).await;
    let one = format!("{REPOSITORY}/issues/comments/{}", made["id"]);
    client.send("PATCH", &one, json!({"body": "edited"}), 200).await;
    client.get(&one).await;
    client.send("POST", &comments, json!({"body": " "}), 422).await;
}

async fn set_status(client: &Client, head: &str) {
    let path = format!("{REPOSITORY}/statuses/{head}");
    let status = json!({"state": "pending", "context": "ring", "description": "waits", "target_url": "https://x.example"});
    client.send("POST", &path, status, 201).await;
    client
        .send("POST", &path, json!({"state": "success", "target_url": null, "description": null}), 201)
        .await;
    client.send("POST", &path, json!({"state": "success", "description": "x".repeat(141)}), 422).await;
}

async fn set_checks(client: &Client, head: &str) {
    let path = format!("{REPOSITORY}/check-runs");
    let new = json!({"name": "ring", "head_sha": head, "external_id": "1", "status": "in_progress"});
    let made = client.send("POST", &path, new, 201).await;
    let one = format!("{path}/{}", made["id"]);
    let output = json!({"title": "Done", "summary": "All of it", "text": "More"});
    let done = json!({"status": "completed", "conclusion": "success", "details_url": "https://x.example", "output": output});
    client.send("PATCH", &one, done, 200).await;
    client.get(&one).await;
    client.get(&format!("{REPOSITORY}/commits/{head}/check-runs?check_name=ring")).await;
    let ended = json!({"name": "other", "head_sha": head, "conclusion": "neutral"});
    client.send("POST", &path, ended, 201).await;
}

/// What an App asks as itself. The answer is an installation's token.
async fn as_app(client: &Client, world: &World) -> String {
    client.get("/app").await;
    client.get("/app/installations").await;
    client.get(&format!("/app/installations/{}", world.installation)).await;
    client.get(&format!("{REPOSITORY}/installation")).await;
    let tokens = format!("/app/installations/{}/access_tokens", world.installation);
    let all = client.send("POST", &tokens, json!({}), 201).await;
    let less = json!({"repository_ids": [world.repository], "permissions": {"contents": "read"}});
    client.send("POST", &tokens, less, 201).await;
    client.send("POST", &tokens, json!({"permissions": {"contents": "write"}}), 422).await;
    let deliveries = client.get("/app/hook/deliveries?per_page=5").await;
    let one = format!("/app/hook/deliveries/{}", deliveries[0]["id"]);
    client.get(&one).await;
    let again = client.ask("POST", &format!("{one}/attempts"), None, "").await;
    assert_eq!(again.status, 202, "{}", again.body);
    all["token"].as_str().unwrap().to_owned()
}

/// What goes wrong, on purpose and otherwise.
async fn go_wrong(sandbox: &Sandbox, client: &Client, world: &World) {
    let pull = format!("{REPOSITORY}/pulls/{}", world.number);
    let faults = [
        (Fault::FailsBefore(502), 502),
        (Fault::FailsAfter(404), 404),
        (Fault::SecondaryLimit(Some(60)), 403),
        (Fault::TooManyRequests(None), 429),
        (Fault::Unauthorized, 401),
    ];
    for (fault, status) in faults {
        sandbox.with(|model| model.github.faults.next(Scope::Any, fault));
        assert_eq!(client.ask("GET", &pull, None, "").await.status, status, "{fault:?}");
    }
    let stranger = Client { address: client.address, token: "stranger".to_owned() };
    assert_eq!(stranger.ask("GET", &pull, None, "").await.status, 401);
    assert_eq!(client.ask("GET", &format!("{REPOSITORY}/pulls/99"), None, "").await.status, 404);
    let commit = format!("{REPOSITORY}/commits/{}", "0".repeat(40));
    assert_eq!(client.ask("GET", &commit, None, "").await.status, 422);
    assert_eq!(client.ask("GET", &pull, None, "if-none-match: *\r\n").await.status, 304);
    sandbox.with(|model| model.github.rename_repository(world.repository, "atlas-2", "ann").unwrap());
    assert_eq!(client.ask("GET", &pull, None, "").await.status, 301);
}

/// A web token of an App. The sandbox looks at what it claims, and not at its signature.
fn web_token(app: u64, now: Timestamp) -> String {
    let (issued, end) = (now.as_second() - 60, now.as_second() + 300);
    let claims = json!({"iat": issued, "exp": end, "iss": app.to_string()});
    let part = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}.c2lnbmVk", part(&json!({"alg": "RS256", "typ": "JWT"})), part(&claims))
}

/// Where to write: where the testbed judges, else a folder that is empty.
fn folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("RINGWAY_GITHUB_EXCHANGES") {
        return folder.into();
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("github_exchanges");
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    folder
}

fn records(folder: &Path) -> Vec<Value> {
    let files = fs::read_dir(folder).unwrap().map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
    files
        .flat_map(|text| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>())
        .collect()
}

#[tokio::test]
async fn everything_that_github_answers_and_tells_is_written_down() {
    let listener = Listener::default();
    let hooks = listener.listen().await;
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    let mut model = Model::new(1, now);
    let world = make_world(&mut model.github, hooks);
    let person = model.github.personal_token("ann");
    let mut listeners = Listeners::bind(0).unwrap();
    let address = listeners.bind_github().unwrap();
    let sandbox = Sandbox::start(listeners, model, 1.0);
    let folder = folder();
    sandbox.record_github(&folder).unwrap();

    sandbox.with(|model| live(&mut model.github, &world));
    listener.heard_all(&["pull_request.opened", "create"]).await;
    let app = Client { address, token: web_token(world.app, now) };
    let installation = Client { address, token: as_app(&app, &world).await };
    let person = Client { address, token: person };
    set_checks(&installation, &world.head).await;
    for client in [&installation, &person] {
        comment(client, world.number).await;
        set_status(client, &world.head).await;
        read_all(client, &world).await;
    }
    person.get("/user").await;
    sandbox.with(|model| model.github.merge(world.repository, world.number, "ann").unwrap());
    read_all(&person, &world).await;
    go_wrong(&sandbox, &person, &world).await;
    let told = [
        "check_run.completed",
        "check_run.created",
        "create",
        "delete",
        "issue_comment.created",
        "issue_comment.deleted",
        "issue_comment.edited",
        "pull_request.closed",
        "pull_request.converted_to_draft",
        "pull_request.edited",
        "pull_request.labeled",
        "pull_request.opened",
        "pull_request.ready_for_review",
        "pull_request.reopened",
        "pull_request.synchronize",
        "pull_request.unlabeled",
        "pull_request_review.submitted",
        "push",
        "repository.renamed",
        "status",
        "workflow_run.completed",
        "workflow_run.in_progress",
        "workflow_run.requested",
    ];
    listener.heard_all(&told).await;
    sandbox.with(|model| assert_eq!(model.github.hook_mut(world.hook).map(|hook| hook.active), Some(true)));
    sandbox.stop().await;

    let records = records(&folder);
    let of = |path: &str| records.iter().filter(|it| it["path"] == path).collect::<Vec<_>>();
    let pulls = of("/repos/acme/atlas/pulls/1");
    assert!(pulls.iter().any(|it| it["status"] == 200 && it["response_body"]["number"] == 1), "{pulls:?}");
    let broken: Vec<u64> =
        pulls.iter().filter(|it| it["fault"] == true).filter_map(|it| it["status"].as_u64()).collect();
    assert_eq!(broken, [502, 404], "answers that GitHub does not give say so");
    assert!(records.iter().any(|it| it["webhook"] == "status" && it["payload"]["state"] == "pending"));
    let text = Value::Array(records).to_string();
    assert!(!text.contains("\"authorization\"") && text.contains("\"x-hub-signature-256\""));
}
