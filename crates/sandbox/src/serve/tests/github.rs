//! GitHub over HTTP, and its webhooks to a real listener.

use super::*;
use crate::github::{Fault, Right, Scope, signature};
use std::future::Future;

const SECRET: &str = "It's a Secret to Everybody";

/// A sandbox with a repository, a token that reads it, and a webhook that leads to an address.
fn with_github(hook: &str) -> (Sandbox, u64, String) {
    let mut listeners = Listeners::bind(0).unwrap();
    let bound = listeners.bind_github().unwrap();
    let mut model = Model::new(1, Timestamp::from_second(1_000_000).unwrap());
    let repository = model.github.repository("acme/atlas", "main");
    let app = model.github.register_app("ringmaster", "acme", &[("contents", Right::Read)]);
    model.github.set_app_hook(app, hook, SECRET, &["push"]).unwrap();
    let installation = model.github.install_app(app, "acme").unwrap();
    let token = model.github.installation_token(installation).unwrap();
    let sandbox = Sandbox::start(listeners, model, 1.0);
    assert_eq!(sandbox.github(), Some(bound));
    (sandbox, repository, token)
}

/// Asks for the repository and reads until the connection is closed.
async fn ask(sandbox: &Sandbox, token: &str) -> String {
    let address = sandbox.github().unwrap();
    let mut connection = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /repos/acme/atlas HTTP/1.1\r\nhost: {address}\r\nuser-agent: test\r\nauthorization: Bearer {token}\r\n\
         connection: close\r\n\r\n"
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A connection that breaks is an end as well.
    drop(connection.read_to_end(&mut answer).await);
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn github_answers_at_its_own_port_which_its_addresses_name() {
    let (sandbox, _, token) = with_github("http://127.0.0.1:1/");
    let answer = ask(&sandbox, &token).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let address = format!("\"url\":\"http://{}/repos/acme/atlas\"", sandbox.github().unwrap());
    assert!(answer.contains(&address), "{answer}");
    sandbox.with(|model| model.github.faults.next(Scope::Any, Fault::FailsBefore(502)));
    assert!(ask(&sandbox, &token).await.starts_with("HTTP/1.1 502 "));
    sandbox.stop().await;
}

#[tokio::test]
async fn an_answer_that_is_cut_says_how_long_it_would_have_been() {
    let (sandbox, _, token) = with_github("http://127.0.0.1:1/");
    sandbox.with(|model| model.github.faults.next(Scope::Any, Fault::Truncated));
    let answer = ask(&sandbox, &token).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    assert!(body.len() < length.parse().unwrap(), "{} of {length}", body.len());
}

/// Takes one delivery and answers it; what came is the head and the body.
async fn receive(listener: &TcpListener, status: &str) -> (String, Vec<u8>) {
    let (mut connection, _) = listener.accept().await.unwrap();
    let mut came = Vec::new();
    loop {
        connection.read_buf(&mut came).await.unwrap();
        let text = String::from_utf8_lossy(&came).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
        if body.len() >= length.parse().unwrap() {
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
            connection.write_all(answer.as_bytes()).await.unwrap();
            return (head.to_owned(), body.as_bytes().to_vec());
        }
    }
}

/// Waits until something is so.
async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.unwrap()
}

#[tokio::test]
async fn a_webhook_arrives_with_its_signature_and_its_status_is_in_the_log() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hook = format!("http://{}/webhooks/github", listener.local_addr().unwrap());
    let (sandbox, repository, _) = with_github(&hook);
    sandbox.with(|model| model.github.push(repository, "main", &[("a", "b")], "alice")).unwrap();
    let (head, body) = soon(receive(&listener, "202 Accepted")).await;
    assert!(head.starts_with("POST /webhooks/github HTTP/1.1\r\n"), "{head}");
    let signed = format!("X-Hub-Signature-256: {}", signature(SECRET.as_bytes(), &body));
    assert!(head.contains(&signed) && head.contains("X-GitHub-Event: push"), "{head}");
    let status = || sandbox.with(|model| model.github.deliveries().next().unwrap().status);
    soon(until(|| status() == Some(202))).await;
    drop(listener);
    sandbox.with(|model| model.github.push(repository, "main", &[("a", "c")], "alice")).unwrap();
    let last = || sandbox.with(|model| model.github.deliveries().next_back().unwrap().status);
    soon(until(|| last() == Some(0))).await;
    sandbox.stop().await;
}
