//! What the doctor says about a GitHub that says what it was told to.

use super::{examine, look, needs, webhook};
use crate::{
    command::doctor::{Checks, text},
    config::{Config, EnvironmentPaths},
    github::{
        Client,
        tests::{
            app,
            scripted::{Reply, Server, answer, ok, with},
            user,
        },
    },
};
use serde_json::{Value, json};
use std::path::Path;

const APP: &str = "app: {id: 4711, privateKeyFile: key.pem}";
const TOKEN: &str = "token: {file: token}";
const RINGS: &str = "
    rings:
      repository: acme/app
      build: {workflow: maven.yml}
      images: {web: {repository: ghcr.io/acme/web, tag: '{sha7}'}}
";
const TEAM: &str = "      authority: [{cohorts: 'main:path:big-*', team: acme/managers}]\n";

const WHO: &str = "GET /app";
const USER: &str = "GET /user";
const ROLE: &str = "GET /repos/acme/app/collaborators/dana/permission";
const OF_APP: &str = "GET /repos/acme/app/installation";
const OF_COHORTS: &str = "GET /repos/acme/releases/installation";
const OF_TEAM: &str = "GET /orgs/acme/installation";
const REPOSITORY: &str = "GET /repos/acme/app";
const RUNS: &str = "GET /repos/acme/app/actions/workflows/maven.yml/runs\
                    ?head_sha=0000000000000000000000000000000000000000&per_page=100";
const COMMIT: &str = "GET /repos/acme/releases/commits/main";

fn config(github: &str, rings: &str) -> Config {
    let yaml = format!(
        "
argocd: {{instances: [{{name: local}}]}}
github: {{{github}}}
cohorts: {{main: {{kind: github, repository: acme/releases}}, local: {{kind: file, folder: cohorts}}}}
services:
  web:
    images: {{web: {{repositories: [ghcr.io/acme/web]}}}}
    applications:
      - name: '{{tenant}}'
        overrides:
          - image: web
            values: {{reference: image}}
            workloads: [{{kind: Deployment, name: web, container: web}}]
{rings}"
    );
    let environment = EnvironmentPaths { home: Some("/home/someone".into()), ..EnvironmentPaths::default() };
    Config::parse(Path::new("/etc/ringway/ringway.yaml"), yaml.as_bytes(), &environment).unwrap()
}

fn granted(id: u64, permissions: &str) -> Reply {
    let pairs = permissions.split(' ').map(|one| one.split_once('=').unwrap());
    let permissions: serde_json::Map<String, Value> =
        pairs.map(|(name, right)| (name.to_owned(), json!(right))).collect();
    ok(&json!({ "id": id, "permissions": permissions }))
}

const ALL: &str =
    "metadata=read actions=read checks=write contents=read issues=read pull_requests=write members=read";

/// A GitHub on which all is well, for an App and for a user.
fn well() -> Server {
    let server = Server::new();
    let token = json!({ "token": "ghs_one", "expires_at": "2026-11-23T09:00:00Z" });
    let who = json!({ "id": 7, "login": "dana" });
    server
        .on(WHO, ok(&json!({ "id": 4711, "slug": "ringway" })))
        .on(USER, with(200, &[("x-oauth-scopes", "repo, read:org")], &who))
        .on(ROLE, ok(&json!({ "permission": "write" })))
        .on(OF_APP, granted(55, ALL))
        .on(OF_COHORTS, granted(55, ALL))
        .on(OF_TEAM, granted(55, ALL))
        .on("POST /app/installations/55/access_tokens", answer(201, &token))
        .on(REPOSITORY, ok(&json!({ "id": 7, "full_name": "acme/app", "default_branch": "master" })))
        .on(RUNS, ok(&json!({ "total_count": 0, "workflow_runs": [] })))
        .on(COMMIT, ok(&json!({ "sha": "c0ffee" })));
    server
}

async fn examined(config: &Config, client: &Client) -> String {
    let mut checks = Checks::default();
    examine(&mut checks, config, config.github.as_ref().unwrap(), client).await;
    text(&checks.0)
}

/// What is said to an App where one answer is another one.
async fn to_an_app(line: &str, reply: Reply) -> String {
    let server = well();
    server.instead(line, reply);
    examined(&config(APP, &format!("{RINGS}{TEAM}")), &app(&server, None)).await
}

/// The same to a user.
async fn to_a_user(line: &str, reply: Reply) -> String {
    let server = well();
    server.instead(line, reply);
    examined(&config(TOKEN, &format!("{RINGS}{TEAM}")), &user(&server)).await
}

/// Whether these lines are among those that are said.
#[track_caller]
fn assert_says(said: &str, lines: &[&str]) {
    for line in lines {
        assert!(said.lines().any(|known| known == *line), "{line}\n\n{said}");
    }
}

fn not_found() -> Reply {
    answer(404, &json!({ "message": "Not Found" }))
}

#[tokio::test(start_paused = true)]
async fn an_app_to_which_all_is_granted_reads_that_there_is_no_problem() {
    let server = well();
    let client = app(&server, Some(55));
    insta::assert_snapshot!(examined(&config(APP, &format!("{RINGS}{TEAM}")), &client).await, @r"
    ok      GitHub https://api.github.com: answers; we are the App 4711, ringway[bot]
    ok      GitHub: installation 55 of the App, for acme, acme/app, acme/releases: all permissions that are needed
    ok      GitHub: repository acme/app: can be read; rings merge into master
    ok      GitHub: workflow maven.yml of acme/app: can be read
    ok      GitHub: cohorts main in acme/releases: can be read; main is at c0ffee
    No problems.
    ");
    assert_eq!(client.calls().content, 0, "nothing is written");
}

#[tokio::test(start_paused = true)]
async fn a_user_with_a_classic_token_reads_that_there_is_no_problem() {
    let said = to_a_user(WHO, not_found()).await;
    insta::assert_snapshot!(said, @r"
    ok      GitHub https://api.github.com: answers; we are the user dana
    ok      GitHub: token: classic, with read:org, repo
    ok      GitHub: user dana in acme/app: has write access
    ok      GitHub: repository acme/app: can be read; rings merge into master
    ok      GitHub: workflow maven.yml of acme/app: can be read
    ok      GitHub: cohorts main in acme/releases: can be read; main is at c0ffee
    No problems.
    ");
}

#[tokio::test(start_paused = true)]
async fn a_github_that_does_not_answer_is_one_problem() {
    let said = to_an_app(WHO, Reply::Refused).await;
    assert_eq!(said.lines().count(), 2, "{said}");
    assert!(said.starts_with("PROBLEM GitHub https://api.github.com: asking GitHub who we are: "), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_key_or_token_that_github_does_not_take_is_one_problem() {
    let refused = || answer(401, &json!({ "message": "Bad credentials" }));
    for (said, advice) in [
        (to_an_app(WHO, refused()).await, "check that github.app.id is the id of the App"),
        (to_a_user(USER, refused()).await, "check that the token or the App's key is still valid"),
    ] {
        assert_eq!(said.lines().count(), 2, "{said}");
        assert!(said.starts_with("PROBLEM ") && said.contains(advice), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn permissions_that_an_app_lacks_are_named_with_where_to_grant_them() {
    let little = "metadata=read actions=write contents=read checks=read pull_requests=read";
    let said = to_an_app(OF_APP, granted(56, little)).await;
    assert_says(
        &said,
        &[
            "PROBLEM GitHub: installation 56 of the App, for acme/app: lacks Checks: write, Issues: read, Pull requests: write",
            "        → grant them in the settings of the App under Permissions & events, and let an owner of where it is \
             installed accept them",
            "ok      GitHub: installation 55 of the App, for acme, acme/releases: all permissions that are needed",
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn members_are_needed_where_a_rule_names_a_team_and_only_contents_where_cohorts_are() {
    let said = to_an_app(OF_TEAM, granted(57, "metadata=read")).await;
    assert_says(&said, &["PROBLEM GitHub: installation 57 of the App, for acme: lacks Members: read"]);
    let said = to_an_app(OF_COHORTS, granted(57, "contents=read")).await;
    assert!(said.ends_with("No problems."), "{said}");

    let server = well();
    server.instead(OF_TEAM, not_found());
    let said = examined(&config(APP, RINGS), &app(&server, None)).await;
    assert!(said.ends_with("No problems.") && !server.lines().contains(&OF_TEAM.to_owned()), "{said}");
}

#[tokio::test(start_paused = true)]
async fn an_app_that_is_not_installed_somewhere_is_said() {
    let said = to_an_app(OF_COHORTS, not_found()).await;
    let problem =
        "PROBLEM GitHub: App in acme/releases: asking GitHub what our App may do in acme/releases: ";
    assert!(said.contains(problem) && said.contains("that the App is installed there"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn an_installation_that_is_suspended_is_said() {
    let suspended = json!({ "id": 58, "permissions": {}, "suspended_at": "2026-11-22T08:00:00Z" });
    let said = to_an_app(OF_TEAM, ok(&suspended)).await;
    let line = "PROBLEM GitHub: installation 58 of the App, for acme: suspended: GitHub refuses everything";
    assert_says(&said, &[line]);
}

#[tokio::test(start_paused = true)]
async fn another_installation_than_the_configured_one_is_said() {
    let github = APP.replace("id: 4711", "id: 4711, installation: 54");
    let server = well();
    server.instead("POST /app/installations/54/access_tokens", not_found());
    let said = examined(&config(&github, RINGS), &app(&server, Some(54))).await;
    assert_says(
        &said,
        &[
            "PROBLEM GitHub: installation 55 of the App, for acme/app, acme/releases: not used: the configuration names \
             installation 54",
            "        → leave github.app.installation out: then the one that has the repository is used",
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn a_repository_that_cannot_be_read_is_said_once() {
    let said = to_an_app(REPOSITORY, not_found()).await;
    assert!(said.contains("PROBLEM GitHub: repository acme/app: reading repository acme/app: "), "{said}");
    assert!(said.ends_with("\n1 problem."), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_repository_with_another_name_is_a_notice() {
    let renamed = json!({ "id": 7, "full_name": "acme/application", "default_branch": "master" });
    let said = to_an_app(REPOSITORY, ok(&renamed)).await;
    assert_says(
        &said,
        &[
            "notice  GitHub: repository acme/app: is called acme/application now",
            "        → write `acme/application` into services.web.rings.repository",
            "No problems.",
        ],
    );
    let same = json!({ "id": 7, "full_name": "Acme/App", "default_branch": "master" });
    let said = to_an_app(REPOSITORY, ok(&same)).await;
    assert!(!said.contains("notice"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_workflow_that_is_not_there_is_said() {
    let said = to_a_user(RUNS, not_found()).await;
    assert!(said.contains("PROBLEM GitHub: workflow maven.yml of acme/app: listing the runs of "), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_reference_of_cohorts_that_is_not_there_is_said() {
    let missing = answer(422, &json!({ "message": "No commit found for SHA: main" }));
    let said = to_an_app(COMMIT, missing).await;
    assert_says(
        &said,
        &[
            "PROBLEM GitHub: cohorts main in acme/releases: has no branch, tag or commit main",
            "        → write one that is there into cohorts.main.ref",
        ],
    );
    let forbidden = answer(403, &json!({ "message": "Resource not accessible by integration" }));
    let said = to_an_app(COMMIT, forbidden).await;
    assert!(said.contains("PROBLEM GitHub: cohorts main in acme/releases: asking which commit"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_fine_grained_token_shows_nothing_so_what_it_must_have_is_said() {
    let said = to_a_user(USER, ok(&json!({ "id": 7, "login": "dana" }))).await;
    assert_says(
        &said,
        &[
            "notice  GitHub: token: fine-grained: GitHub does not tell its permissions, and whether it may write shows only \
             when it does",
            "        → make sure that it has, on acme/app: Actions: read, Contents: read, Issues: read, Pull requests: write, \
             Commit statuses: write; on acme/releases: Contents: read; of the organisation acme: Members: read",
            "No problems.",
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn scopes_that_a_classic_token_lacks_are_named() {
    let who = json!({ "id": 7, "login": "dana" });
    for (scopes, line) in [
        ("", "PROBLEM GitHub: token: classic, with no scope; lacks repo, read:org"),
        ("repo:status, admin:org", "PROBLEM GitHub: token: classic, with admin:org, repo:status; lacks repo"),
        ("repo", "PROBLEM GitHub: token: classic, with repo; lacks read:org"),
        (
            "public_repo, read:org",
            "notice  GitHub: token: classic, with public_repo, read:org: public repositories only",
        ),
    ] {
        let said = to_a_user(USER, with(200, &[("x-oauth-scopes", scopes)], &who)).await;
        assert_says(&said, &[line]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_without_write_access_is_said() {
    let said = to_a_user(ROLE, ok(&json!({ "permission": "read", "role_name": "triage" }))).await;
    assert_says(
        &said,
        &[
            "PROBLEM GitHub: user dana in acme/app: has no write access, which commit statuses need",
            "        → give dana write access to acme/app",
        ],
    );
    let said = to_a_user(ROLE, answer(403, &json!({ "message": "Must have push access" }))).await;
    assert!(said.contains("PROBLEM GitHub: user dana in acme/app: asking what dana may do"), "{said}");
}

#[test]
fn whether_github_can_tell_is_said() {
    let said = |github: &str| {
        let config = config(github, RINGS);
        let mut checks = Checks::default();
        webhook(&mut checks, &config, config.github.as_ref().unwrap());
        text(&checks.0)
    };
    insta::assert_snapshot!(said(APP), @r"
    notice  GitHub: webhook: off: what has changed is found by the sweep alone, every 120 s
            → fine if GitHub cannot reach Ringway; else set github.webhookSecrets
    No problems.
    ");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    let with_secret = format!("{APP}, webhookSecrets: [{{file: {}}}]", file.display());
    assert!(said(&with_secret).starts_with("PROBLEM GitHub: webhook: "), "{}", said(&with_secret));
    std::fs::write(&file, "hunter2").unwrap();
    insta::assert_snapshot!(said(&with_secret), @r"
    ok      GitHub: webhook: on: `ringway serve` takes signed deliveries on http://127.0.0.1:8080/webhooks/github
    No problems.
    ");
}

#[tokio::test]
async fn without_rings_nothing_is_asked_and_without_the_section_nothing_is_said() {
    let mut config = config(APP, "");
    let mut checks = Checks::default();
    look(&mut checks, &config).await;
    assert_says(
        &text(&checks.0),
        &["notice  GitHub https://api.github.com: not asked: no service has rings"],
    );
    config.github = None;
    let mut checks = Checks::default();
    look(&mut checks, &config).await;
    assert_eq!(text(&checks.0), "No problems.");
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_is_said() {
    let mut checks = Checks::default();
    look(&mut checks, &config(APP, RINGS)).await;
    let said = text(&checks.0);
    assert!(said.starts_with("PROBLEM GitHub https://api.github.com: "), "{said}");
    assert!(said.contains("/etc/ringway/key.pem"), "{said}");
}

/// The README tells people what to grant, and the doctor whether they did.
#[test]
fn the_readme_asks_for_the_permissions_that_are_looked_for() {
    let readme = include_str!("../../../../../../README.md");
    let cells = |need: needs::Need| {
        let row = readme.lines().find(|line| {
            line.split('|').nth(1).is_some_and(|cell| cell.trim().split(", ").next() == Some(need.shown))
        });
        let row = row.unwrap_or_else(|| panic!("no row for {need}"));
        row.split('|').skip(2).take(2).map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
    };
    let right = |need: needs::Need| if need.writes { "write" } else { "read" };
    for need in needs::OF_SERVICE.into_iter().chain([needs::OF_TEAM]) {
        assert_eq!(cells(need), [right(need), right(need)], "{need}");
    }
    assert_eq!(cells(needs::OF_APP), [right(needs::OF_APP), "-"]);
    assert_eq!(cells(needs::OF_USER), ["-", right(needs::OF_USER)]);
}
