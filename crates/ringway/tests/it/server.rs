//! `ringway serve` as a process, without any cluster: what it answers, how it ends, and that there is only one.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, ChildStderr, Command, Output, Stdio},
};
use tempfile::TempDir;

const CONFIGURATION: &str = r#"
argocd:
  instances: [{name: main, kubeconfig: no-such-kubeconfig}]
stateFolder: state
server: {listen: "127.0.0.1:0"}
services:
  atlas:
    images: {atlas: {repositories: ["127.0.0.1:1/atlas"]}}
    applications:
      - name: "{tenant}"
        overrides:
          - image: atlas
            values: {repository: image.repository, tag: image.tag}
            workloads: [{kind: StatefulSet, name: atlas, container: atlas}]
"#;

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ringway.yaml"), CONFIGURATION).unwrap();
    folder
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringway"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_remove("RINGWAY_CONFIG")
        .env_remove("RUST_LOG")
        .stdin(Stdio::null());
    command
}

/// Exit code, standard output and standard error.
fn ran(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command(folder, arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (status.code().unwrap_or(-1), text(&stdout), text(&stderr))
}

/// A server that is killed with the test.
struct Server {
    child: Child,
    log: BufReader<ChildStderr>,
    address: String,
}

impl Server {
    /// Starts it and waits until it says that it is ready.
    fn start(folder: &Path) -> Self {
        let mut command = command(folder, &["serve", "--log-format", "json"]);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut address = None;
        loop {
            let entry = entry(&mut log).unwrap();
            match entry["message"].as_str() {
                Some("serving") => address = entry["address"].as_str().map(str::to_owned),
                Some("ready") => return Self { child, log, address: address.unwrap() },
                _ => {}
            }
        }
    }

    /// The status and the body.
    fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: ringway\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// Tells it to end; gives its exit code and what it still said.
    fn end(&mut self, signal: Signal) -> (Option<i32>, Vec<Value>) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let log = std::iter::from_fn(|| entry(&mut self.log)).collect();
        (self.child.wait().unwrap().code(), log)
    }
}

/// The next line of the log; `None` at its end.
fn entry(log: &mut impl BufRead) -> Option<Value> {
    let mut line = String::new();
    let read = log.read_line(&mut line).unwrap();
    (read > 0).then(|| serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}")))
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn a_server_is_ready_answers_and_ends_when_it_is_told() {
    for signal in [Signal::TERM, Signal::INT] {
        let folder = folder();
        let mut server = Server::start(folder.path());
        assert_eq!(server.get("/healthz"), (200, "ok\n".to_owned()));
        assert_eq!(server.get("/readyz"), (200, "ready\n".to_owned()));
        let (code, figures) = server.get("/metrics");
        assert_eq!(code, 200);
        assert!(figures.contains("ringway_runs_unfinished{kind=\"release\"} 0\n"), "{figures}");
        assert_eq!(server.get("/").0, 404);
        let (code, log) = server.end(signal);
        assert_eq!(code, Some(0), "{log:?}");
        assert!(log.iter().any(|entry| entry["message"] == "told to end: nothing new begins"), "{log:?}");
        // Nobody owns the folder any more.
        assert_eq!(Server::start(folder.path()).end(signal).0, Some(0));
    }
}

#[test]
fn a_second_signal_ends_a_server_at_once() {
    let folder = folder();
    // A registry that takes connections and never answers: the request for a release is not answered either.
    let registry = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = registry.local_addr().unwrap().to_string();
    let configuration = format!(
        "{}registries: [{{host: \"{host}\", insecure: true}}]\n",
        CONFIGURATION.replace("127.0.0.1:1/atlas", &format!("{host}/atlas"))
    );
    std::fs::write(folder.path().join("ringway.yaml"), configuration).unwrap();
    let mut server = Server::start(folder.path());
    let image = format!("{host}/atlas:1");
    let start =
        ["release", "start", "--ring", "ring-x", "--service", "atlas", "--image", &image, "--tenants", "a"];
    let mut client = command(folder.path(), &start).stderr(Stdio::null()).spawn().unwrap();
    let asked = registry.accept().unwrap();

    let process = Pid::from_child(&server.child);
    kill_process(process, Signal::TERM).unwrap();
    while entry(&mut server.log).unwrap()["message"] != "told to end: nothing new begins" {}
    assert_eq!(server.get("/readyz"), (503, "stopping: it was told to end\n".to_owned()));
    let (code, log) = server.end(Signal::TERM);
    assert_eq!(code, Some(130), "{log:?}");
    assert_eq!(log[0]["message"], "told to end a second time: ending at once");
    client.kill().unwrap();
    client.wait().unwrap();
    drop(asked);
}

#[test]
fn a_second_server_is_told_who_the_first_is() {
    let folder = folder();
    let server = Server::start(folder.path());
    let (code, _, said) = ran(folder.path(), &["serve"]);
    assert_eq!(code, 1, "{said}");
    let first = format!("is in use by process {} (`ringway serve`, since ", server.child.id());
    assert!(said.contains(&first), "{said}");
    let (code, out, _) = ran(folder.path(), &["status"]);
    assert_eq!(code, 0);
    assert!(
        out.contains(&format!("driven by `ringway serve` (process {}) since", server.child.id())),
        "{out}"
    );
}

#[test]
fn an_address_that_is_taken_is_named() {
    let folder = folder();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, _, said) = ran(folder.path(), &["serve", "--listen", &address]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains(&format!("cannot listen on {address}: ")) && said.contains("--listen"), "{said}");
}

#[test]
fn a_freeze_holds_with_and_without_a_server_and_says_who_and_why() {
    let folder = folder();
    let start = ["release", "start", "--ring", "ring-x", "--service", "atlas"];
    let start = [&start[..], &["--image", "127.0.0.1:1/atlas:1", "--tenants", "alpha"]].concat();
    let frozen = ["service atlas is frozen since ", "(uid ", ": incident 7"];
    let refused = |folder: &Path| {
        let (code, _, said) = ran(folder, &start);
        assert_eq!(code, 4, "{said}");
        let parts = ["Nothing new starts", "ringway freeze off --service atlas"];
        assert!(frozen.iter().chain(&parts).all(|part| said.contains(part)), "{said}");
    };
    let on = ["freeze", "on", "--service", "atlas", "--reason", "incident 7"];
    let (code, out, said) = ran(folder.path(), &on);
    assert_eq!(code, 0, "{said}");
    assert!(out.contains("no release begins any more; what runs goes on, and cleanups are allowed"), "{out}");
    refused(folder.path());

    let mut server = Server::start(folder.path());
    refused(folder.path());
    assert!(ran(folder.path(), &on).1.contains("it was frozen before; nothing changed"));
    for reading in ["status", "doctor"] {
        let (_, out, _) = ran(folder.path(), &[reading]);
        assert!(frozen.iter().all(|part| out.contains(part)), "{reading}: {out}");
    }
    assert!(server.get("/metrics").1.contains("ringway_freezes 1\n"));
    let (code, out, _) = ran(folder.path(), &["freeze", "off", "--service", "atlas", "-o", "json"]);
    assert_eq!(code, 0);
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document, serde_json::json!({"changed": true, "frozen": []}));
    assert_eq!(server.end(Signal::TERM).0, Some(0));

    let (_, out, _) = ran(folder.path(), &["audit", "-o", "json"]);
    let entries: Vec<Value> = serde_json::from_str(&out).unwrap();
    let words = entries
        .iter()
        .map(|entry| ["from", "action", "outcome"].map(|field| entry[field].as_str().unwrap()).join(" "));
    assert_eq!(
        words.collect::<Vec<_>>(),
        [
            "command_line freeze_on done",
            "command_line release_start refused",
            "socket release_start refused",
            "socket freeze_on nothing",
            "socket freeze_off done",
        ]
    );
    let user = rustix::process::getuid().as_raw();
    assert!(entries.iter().all(|entry| entry["uid"] == user), "{entries:?}");
    let (_, out, _) = ran(folder.path(), &["audit", "--ring", "ring-x", "--since", "1h"]);
    assert_eq!(out.lines().filter(|line| line.contains("release start")).count(), 2, "{out}");
}

#[test]
fn a_server_raises_its_limit_of_open_files_and_says_if_that_is_too_little() {
    let folder = folder();
    let configuration = format!("{CONFIGURATION}limits: {{tenantsPerInstance: 1000}}\n");
    std::fs::write(folder.path().join("ringway.yaml"), configuration).unwrap();
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -S -n 100 && ulimit -H -n 400 && exec \"$0\" serve --log-format json"])
        .arg(env!("CARGO_BIN_EXE_ringway"))
        .current_dir(folder.path())
        .env_remove("RINGWAY_CONFIG")
        .env_remove("RUST_LOG");
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let said = std::iter::from_fn(|| entry(&mut log)).find(|entry| entry["level"] == "WARN").unwrap();
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!((&said["limit"], &said["needed"]), (&400.into(), &4064.into()), "{said}");
    assert!(said["message"].as_str().unwrap().contains("limits.tenantsPerInstance"), "{said}");
}
