use super::*;
use crate::oci::Push;
use jiff::Timestamp;
use serde_json::json;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
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
