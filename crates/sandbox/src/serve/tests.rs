mod github;

use super::*;
use crate::{kubernetes::ADMINISTRATOR, oci::Push};
use jiff::Timestamp;
use serde_json::json;
use std::time::Duration;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

fn start(pace: f64) -> Sandbox {
    let listeners = Listeners::bind(2).unwrap();
    let host = listeners.registry(1).unwrap().to_string();
    let mut model = Model::new(1, Timestamp::from_second(1_000_000).unwrap());
    model.registries.push(&host, "acme/atlas", "1.0.0", &Push::default());
    Sandbox::start(listeners, model, pace)
}

/// Asks once and reads until the connection is closed.
async fn get(address: SocketAddr, path: &str) -> String {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn each_registry_answers_at_its_own_port() {
    let sandbox = start(1.0);
    let path = "/v2/acme/atlas/tags/list";
    let full = get(sandbox.registry(1).unwrap(), path).await;
    assert!(full.starts_with("HTTP/1.1 200 OK\r\n") && full.contains("\"1.0.0\""), "{full}");
    let empty = get(sandbox.registry(0).unwrap(), path).await;
    assert!(empty.starts_with("HTTP/1.1 404 Not Found\r\n"), "{empty}");
    assert_eq!(sandbox.registry(2), None);
    let host = sandbox.registry(1).unwrap().to_string();
    sandbox.with(|model| model.registries.at(&host).is_down = true);
    let down = get(sandbox.registry(1).unwrap(), path).await;
    assert!(down.starts_with("HTTP/1.1 503 "), "{down}");
    sandbox.stop().await;
}

#[tokio::test]
async fn a_port_can_stand_for_a_registry_of_another_name() {
    let mut listeners = Listeners::bind(1).unwrap();
    listeners.stands_for(0, "registry.example.com");
    let mut model = Model::new(1, Timestamp::UNIX_EPOCH);
    model.registries.push("registry.example.com", "acme/atlas", "1.0.0", &Push::default());
    let sandbox = Sandbox::start(listeners, model, 1.0);
    let answer = get(sandbox.registry(0).unwrap(), "/v2/acme/atlas/tags/list").await;
    assert!(answer.contains("\"1.0.0\""), "{answer}");
}

#[tokio::test]
async fn a_sandbox_that_was_stopped_or_dropped_has_no_port() {
    let stopped = start(1.0);
    let address = stopped.api();
    let idle = TcpStream::connect(address).await.unwrap();
    stopped.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
    drop(idle);
}

#[tokio::test(start_paused = true)]
async fn the_models_time_passes_at_its_pace() {
    let sandbox = start(60.0);
    let begun = sandbox.with(|model| model.now());
    tokio::time::sleep(Duration::from_secs(2)).await;
    let passed = sandbox.with(|model| model.now()).duration_since(begun);
    assert_eq!(passed.as_secs(), 120);
}

/// A connection on which namespaces are watched, after the head of the answer.
async fn watch(sandbox: &Sandbox, parameters: &str) -> BufReader<TcpStream> {
    let address = sandbox.api();
    let mut connection = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /api/v1/namespaces?watch=true{parameters} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer \
         {ADMINISTRATOR}\r\n\r\n"
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut connection = BufReader::new(connection);
    let head = lines_until(&mut connection, "\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("transfer-encoding: chunked"), "{head}");
    connection
}

async fn lines_until(connection: &mut BufReader<TcpStream>, last: &str) -> String {
    let mut text = String::new();
    loop {
        let before = text.len();
        let read = connection.read_line(&mut text).await.unwrap();
        if read == 0 || &text[before..] == last {
            return text;
        }
    }
}

fn create_namespace(sandbox: &Sandbox, name: &str) {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    sandbox.with(|model| model.create(namespace, "test")).unwrap();
}

#[tokio::test]
async fn a_watch_gets_each_change_at_once_and_ends_when_the_sandbox_stops() {
    let sandbox = start(1.0);
    let revision = sandbox.with(|model| model.store.revision());
    let mut connection = watch(&sandbox, &format!("&resourceVersion={revision}")).await;
    for name in ["first", "second"] {
        create_namespace(&sandbox, name);
        // A chunk: its size, one line of JSON, and the empty line after it.
        let mut chunk = String::new();
        for _ in 0..3 {
            connection.read_line(&mut chunk).await.unwrap();
        }
        assert!(chunk.contains("\"ADDED\"") && chunk.contains(&format!("\"{name}\"")), "{chunk}");
    }
    sandbox.stop().await;
    assert_eq!(lines_until(&mut connection, "\r\n").await, "0\r\n\r\n");
}

#[tokio::test]
async fn a_watch_ends_at_the_time_that_was_asked_for() {
    let sandbox = start(10_000.0);
    let revision = sandbox.with(|model| model.store.revision());
    let ends = format!("&resourceVersion={revision}&timeoutSeconds=300");
    let mut connection = watch(&sandbox, &ends).await;
    assert_eq!(lines_until(&mut connection, "\r\n").await, "0\r\n\r\n");
}

#[tokio::test]
async fn the_time_of_a_watch_is_waited_for_although_nothing_happens_in_the_model() {
    let sandbox = start(1.0);
    let idle = watch(&sandbox, "&timeoutSeconds=300").await;
    let awaited = sandbox.shared.step().unwrap();
    let ahead = sandbox.with(|model| awaited.duration_since(model.now()));
    assert!(ahead.as_secs() < 300, "{ahead:?}");
    drop(idle);
}

#[tokio::test]
async fn a_thousand_watches_get_a_change() {
    let sandbox = start(1.0);
    let mut connections = Vec::new();
    for _ in 0..1_000 {
        connections.push(watch(&sandbox, "").await);
    }
    create_namespace(&sandbox, "for-all");
    for mut connection in connections {
        let mut line = String::new();
        while !line.contains("for-all") {
            assert_ne!(connection.read_line(&mut line).await.unwrap(), 0, "the watch ended");
        }
    }
    sandbox.stop().await;
}

#[test]
fn a_kubeconfig_has_every_context() {
    let text = kubeconfig(([127, 0, 0, 1], 1).into(), "secret", &["sandbox", "tenants"]);
    let read: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(read["clusters"][0]["cluster"]["server"], "http://127.0.0.1:1");
    assert_eq!(read["users"][0]["user"]["token"], "secret");
    assert_eq!(
        (&read["contexts"][1]["name"], &read["current-context"]),
        (&json!("tenants"), &json!("sandbox"))
    );
}
