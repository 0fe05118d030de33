//! Reading: what is sent, what each status and each fault becomes, pages, and answers that did not change.

use super::{
    TOKEN, kind, pull, repository,
    scripted::{Reply, Server, answer, ok, with},
    seconds, user,
};
use serde_json::{Value, json};

const REPOSITORY: &str = "GET /repos/acme/app";
const PULL: &str = "GET /repos/acme/app/pulls/5";
const PULLS: &str = "GET /repos/acme/app/pulls?state=open&sort=created&direction=asc&per_page=100";

#[tokio::test(start_paused = true)]
async fn each_request_names_its_version_its_form_and_its_sender() {
    let server = Server::new();
    server.on(PULL, ok(&pull(5, "ring-x")));
    let client = user(&server);
    let found = client.pull_request("acme/app", 5).await.unwrap().unwrap();
    assert_eq!((found.number, found.head_repository, found.base_repository), (5, Some(7), 7));
    assert_eq!(found.labels, ["cohort:main:tier:early", "bug"]);
    let seen = &server.seen()[0];
    assert_eq!(seen.header("accept"), "application/vnd.github+json");
    assert_eq!(seen.header("x-github-api-version"), "2022-11-28");
    assert_eq!(seen.header("user-agent"), concat!("ringway/", env!("CARGO_PKG_VERSION")));
    assert_eq!(seen.header("authorization"), format!("Bearer {TOKEN}"));
    assert_eq!((client.calls().content, client.calls().total), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn each_status_has_its_meaning_and_a_message_that_says_what_to_do() {
    let table = [
        (400, "invalid", 1),
        (401, "unauthorized", 1),
        (403, "forbidden", 1),
        (404, "not found", 1),
        (410, "gone", 1),
        (409, "unavailable", 3),
        (418, "malformed", 1),
        (422, "invalid", 1),
        (429, "rate limited", 1),
        (500, "unavailable", 3),
        (502, "unavailable", 3),
        (503, "unavailable", 3),
    ];
    for (status, expected, attempts) in table {
        let server = Server::new();
        let headers = [("x-accepted-github-permissions", "pull_requests=read")];
        server.on(REPOSITORY, with(status, &headers, &json!({ "message": "told\u{1b}[31m" })));
        let result = user(&server).repository("acme/app").await;
        let message = result.as_ref().unwrap_err().to_string();
        assert_eq!(kind(result), expected, "{status}: {message}");
        assert_eq!(server.seen().len(), attempts, "{status}");
        let has_all = ["reading repository acme/app", "told", &status.to_string()];
        assert!(has_all.iter().all(|part| message.contains(part)), "{message}");
        assert!(!message.contains(TOKEN) && !message.contains('\u{1b}'), "{message}");
        assert!(message.contains(';'), "{message}");
        assert_eq!(message.contains("pull_requests=read"), status == 403, "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_fault_on_the_way_is_tried_again_and_then_told() {
    let text = repository().to_string();
    let faults = [
        Reply::Refused,
        Reply::Hangs,
        Reply::Stalls,
        Reply::Breaks(text[..10].to_owned()),
        Reply::Short(text.clone()),
        Reply::Answer(200, Vec::new(), text[..10].to_owned()),
        Reply::Answer(200, Vec::new(), String::new()),
        answer(502, &Value::Null),
    ];
    for fault in faults {
        let server = Server::new();
        server.on(REPOSITORY, fault.clone());
        let result = user(&server).repository("acme/app").await;
        assert!(result.as_ref().is_err_and(super::GithubError::may_pass), "{fault:?}");
        assert_eq!((kind(result), server.seen().len()), ("unavailable", 3), "{fault:?}");
        let server = Server::new();
        server.on(REPOSITORY, fault.clone()).on(REPOSITORY, ok(&repository()));
        assert_eq!(user(&server).repository("acme/app").await.unwrap().id, 7, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_ends_at_the_time_limit() {
    let server = Server::new();
    server.on(REPOSITORY, Reply::Hangs);
    let error = user(&server).repository("acme/app").await.unwrap_err().to_string();
    assert!(error.contains("within 20s"), "{error}");
    let after: Vec<_> = server.seen().into_iter().map(|seen| seen.after).collect();
    assert_eq!(after, [seconds(0), seconds(21), seconds(43)]);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_an_answer_of_github_is_not_asked_for_again() {
    for body in ["<html>", "[]", "{\"id\":\"seven\",\"full_name\":\"acme/app\"}"] {
        let server = Server::new();
        server.on(REPOSITORY, Reply::Answer(200, Vec::new(), body.to_owned()));
        let result = user(&server).repository("acme/app").await;
        assert!(result.as_ref().unwrap_err().to_string().contains("github.api"));
        assert_eq!((kind(result), server.seen().len()), ("malformed", 1), "{body}");
    }
    let server = Server::new();
    server.on(REPOSITORY, Reply::Answer(200, Vec::new(), " ".repeat((8 << 20) + 1)));
    let result = user(&server).repository("acme/app").await;
    assert_eq!((kind(result), server.seen().len()), ("too large", 1));
}

#[tokio::test(start_paused = true)]
async fn all_pages_are_read_and_nothing_is_told_twice() {
    let server = Server::new();
    let next = r#"<https://api.github.com/repositories/7/pulls?page=2>; rel="next""#;
    let mut closed = pull(4, "ring-z");
    closed["state"] = json!("closed");
    server
        .on(PULLS, with(200, &[("link", next)], &json!([pull(9, "ring-y"), closed, pull(5, "ring-x")])))
        .on("GET /repositories/7/pulls?page=2", ok(&json!([pull(9, "ring-y"), pull(10, "x")])));
    let numbers: Vec<_> = user(&server)
        .open_pull_requests("acme/app")
        .await
        .unwrap()
        .iter()
        .map(|found| found.number)
        .collect();
    assert_eq!(numbers, [5, 9, 10]);
}

#[tokio::test(start_paused = true)]
async fn a_page_on_another_host_is_refused_and_pages_without_end_end() {
    for elsewhere in
        ["https://evil.example.com/x", "http://api.github.com/x", "https://api.github.com@evil.example.com/"]
    {
        let server = Server::new();
        server.on(PULLS, with(200, &[("link", &format!("<{elsewhere}>; rel=\"next\""))], &json!([])));
        let result = user(&server).open_pull_requests("acme/app").await;
        assert_eq!((kind(result), server.seen().len()), ("malformed", 1), "{elsewhere}");
    }
    let server = Server::new();
    let next = "<https://api.github.com/more>; rel=\"next\"";
    server.on(PULLS, with(200, &[("link", next)], &json!([])));
    server.on("GET /more", with(200, &[("link", next)], &json!([])));
    let result = user(&server).open_pull_requests("acme/app").await;
    assert!(result.as_ref().unwrap_err().to_string().contains("more than 50 pages"));
    assert_eq!((kind(result), server.seen().len()), ("too large", 50));
}

#[tokio::test(start_paused = true)]
async fn a_renamed_repository_is_followed_on_the_same_host_only() {
    let server = Server::new();
    server
        .on(PULL, with(301, &[("location", "https://api.github.com/repositories/7/pulls/5")], &Value::Null));
    server.on("GET /repositories/7/pulls/5", ok(&pull(5, "ring-x")));
    assert!(user(&server).pull_request("acme/app", 5).await.unwrap().is_some());
    for elsewhere in ["https://evil.example.com/x", "//evil.example.com/x", ""] {
        let server = Server::new();
        server.on(PULL, with(302, &[("location", elsewhere)], &Value::Null));
        let result = user(&server).pull_request("acme/app", 5).await;
        assert_eq!((kind(result), server.seen().len()), ("malformed", 1), "{elsewhere}");
    }
    let server = Server::new();
    server.on(PULL, with(301, &[("location", "/repos/acme/app/pulls/5")], &Value::Null));
    assert_eq!(kind(user(&server).pull_request("acme/app", 5).await), "malformed");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_did_not_change_is_taken_from_before() {
    let server = Server::new();
    let next = "<https://api.github.com/two>; rel=\"next\"";
    server
        .on(PULLS, with(200, &[("etag", "W/\"a\""), ("link", next)], &json!([pull(5, "ring-x")])))
        .on(PULLS, answer(304, &Value::Null))
        .on("GET /two", with(200, &[("etag", "\"b\"")], &json!([pull(6, "ring-y")])))
        .on("GET /two", with(200, &[("etag", "\"c\"")], &json!([pull(7, "ring-z")])))
        .on("GET /two", answer(304, &Value::Null));
    let client = user(&server);
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(client.open_pull_requests("acme/app").await.unwrap());
    }
    let numbers: Vec<Vec<u64>> =
        told.iter().map(|told| told.iter().map(|found| found.number).collect()).collect();
    assert_eq!(numbers, [[5, 6], [5, 7], [5, 7]]);
    assert_eq!(told[0][0], told[2][0]);
    let asked: Vec<_> = server.seen().iter().map(|seen| seen.header("if-none-match").to_owned()).collect();
    assert_eq!(asked, ["", "", "W/\"a\"", "\"b\"", "W/\"a\"", "\"c\""]);
}

#[tokio::test(start_paused = true)]
async fn a_pull_request_is_missing_only_in_a_repository_that_we_see() {
    for status in [404, 410] {
        let server = Server::new();
        server.on(PULL, answer(status, &Value::Null)).on(REPOSITORY, ok(&repository()));
        assert_eq!(user(&server).pull_request("acme/app", 5).await.unwrap(), None);
    }
    let server = Server::new();
    server.on(PULL, answer(404, &Value::Null)).on(REPOSITORY, answer(404, &Value::Null));
    let result = user(&server).pull_request("acme/app", 5).await;
    assert_eq!(kind(result), "not found");
}

#[tokio::test(start_paused = true)]
async fn hostile_names_reach_github_as_names() {
    let server = Server::new();
    let line =
        "GET /repos/acme/app/pulls?state=open&head=acme%3Aring-%24%28x%29%26state%3Dall%2F..%23&per_page=100";
    let branch = "ring-$(x)&state=all/..#";
    let mut fork = pull(8, branch);
    fork["head"]["repo"]["id"] = json!(99);
    server.on(line, ok(&json!([pull(5, branch), pull(6, "ring-other"), fork])));
    let found = user(&server).pull_requests_of_branch("acme/app", branch).await.unwrap();
    assert_eq!(found.iter().map(|found| found.number).collect::<Vec<_>>(), [5]);
    let server = Server::new();
    let client = user(&server);
    for name in ["acme", "../app", "acme/..", "acme/app/x", ""] {
        assert_eq!(kind(client.repository(name).await), "invalid", "{name}");
    }
    assert_eq!(kind(client.permission("acme/app", "..").await), "invalid");
    assert_eq!(kind(client.is_team_member("acme/..", "ann").await), "invalid");
    assert_eq!(kind(client.file("acme/app", "cohorts/../../x", "main").await), "invalid");
    assert!(server.seen().is_empty());
}
