//! The demo while it goes on: a fleet that stays for other commands, and what others do to the story.

use super::{assert_nothing_is_left, command};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, ChildStdout, Command, Stdio},
};
use tempfile::TempDir;

/// How often is asked, at most, for what has just begun. Each time takes as long as a process does.
const QUESTIONS: usize = 500;

/// A demo that is killed with the test.
struct Demo {
    child: Child,
    story: BufReader<ChildStdout>,
    folder: TempDir,
}

/// How a demo ended.
struct Ended {
    code: Option<i32>,
    /// What it told that nobody had read.
    story: String,
    error: String,
}

impl Demo {
    fn begin(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = command(folder.path(), arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let story = BufReader::new(child.stdout.take().unwrap());
        Self { child, story, folder }
    }

    /// What it tells, up to the first line that ends like this.
    #[track_caller]
    fn told_until(&mut self, end: &str) -> String {
        let mut told = String::new();
        loop {
            let before = told.len();
            let read = self.story.read_line(&mut told).unwrap();
            assert!(read > 0, "it ended before it told {end:?}:\n{told}");
            if told[before..].trim_end().ends_with(end) {
                return told;
            }
        }
    }

    /// Runs what it printed, in a shell, as somebody would who copies it; what is said on standard output.
    #[track_caller]
    fn shell(&self, lines: &str) -> String {
        let mut shell = Command::new("sh");
        shell.args(["-c", lines]).current_dir(self.folder.path()).env_remove("RINGWAY_CONFIG");
        let output = shell.stdin(Stdio::null()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (said, error) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{lines}\n{said}\n{error}");
        said
    }

    /// What the API server of the fleet answers to an administrator about Applications.
    #[track_caller]
    fn administrator(&self, method: &str, path: &str) -> String {
        let mut folders = fs::read_dir(self.folder.path()).unwrap();
        let kubeconfig = folders.next().unwrap().unwrap().path().join("admin.kubeconfig");
        let kubeconfig: Value = serde_json::from_str(&fs::read_to_string(kubeconfig).unwrap()).unwrap();
        let server = kubeconfig["clusters"][0]["cluster"]["server"].as_str().unwrap();
        let token = kubeconfig["users"][0]["user"]["token"].as_str().unwrap();
        answer(method, &format!("{server}/apis/argoproj.io/v1alpha1/namespaces/argocd/{path}"), token)
    }

    /// Waits for its end, and checks that nothing is left of it.
    #[track_caller]
    fn ended(mut self) -> Ended {
        let (mut story, mut error) = (String::new(), String::new());
        self.story.read_to_string(&mut story).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
        let code = self.child.wait().unwrap().code();
        assert_nothing_is_left(self.folder.path());
        Ended { code, story, error }
    }

    #[track_caller]
    fn ended_by(self, signal: Signal) -> Ended {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        self.ended()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The commands that a text begins with, as they stand there: each is a line, or several of which all but the last end with
/// a backslash.
fn commands(text: &str) -> Vec<String> {
    let mut commands = vec![String::new()];
    for line in text.lines().take_while(|line| line.starts_with("  ")) {
        let command = commands.last_mut().unwrap();
        command.push_str(line);
        command.push('\n');
        if !line.ends_with('\\') {
            commands.push(String::new());
        }
    }
    commands.pop();
    commands
}

/// What is answered to a request as curl sends it. It must be good.
#[track_caller]
fn answer(method: &str, url: &str, token: &str) -> String {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let head = format!("{method} /{path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: curl/8\r\nAccept: */*");
    write!(stream, "{head}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{method} {url}: {answer}");
    body.to_owned()
}

/// What is answered to a printed command of curl, which not every machine has.
#[track_caller]
fn curl(command: &str) -> String {
    let method = if command.starts_with("-X DELETE ") { "DELETE" } else { "GET" };
    let token = command.split_once("Bearer ").unwrap().1.split(['"', '\'']).next().unwrap();
    let token = match token.strip_prefix("$(cat ") {
        Some(file) => fs::read_to_string(file.strip_suffix(')').unwrap()).unwrap(),
        None => token.to_owned(),
    };
    answer(method, command.split_whitespace().last().unwrap(), &token)
}

/// What is printed to be tried on a fleet that stays, in this order, and what the answer has in it.
const PRINTED: [(&str, &str); 10] = [
    (" status", "ring-facets"),
    (" explain ", "ring-facets"),
    (" override list", "ring-facets"),
    (" cleanup --pull-request ", "success"),
    (" release start --ring ring-by-hand ", "success"),
    (" release list", "ring-by-hand"),
    (" cleanup --ring ring-by-hand", "success"),
    (" freeze on ", "to see it"),
    (" audit", "to see it"),
    (" doctor", "registry.example.com"),
];

/// What the answers to the requests have in them that are printed for curl, in this order.
const REQUESTED: [&str; 3] = ["ring-facets", "\"Application\"", "\"Pod\""];

#[test]
fn a_fleet_that_stays_answers_the_commands_as_they_are_printed_until_ctrl_c() {
    let mut demo = Demo::begin(&["--keep", "--tenants", "3"]);
    let told = demo.told_until("/pods/atlas-1");
    assert!(told.contains("\nEverything went as told.\n"), "{told}");
    let commands = commands(told.split_once("In another terminal:\n").unwrap().1);
    let (export, commands) = commands.split_first().unwrap();
    let ask = |command: &str| demo.shell(&format!("{export}{command}"));

    // The pull request was opened a moment ago. Before a tenant is overridden for it, there is nothing to take back.
    let list = commands.iter().find(|command| command.contains(" override list")).unwrap();
    let is_there = (0..QUESTIONS).any(|_| ask(list).contains("ring-facets"));
    assert!(is_there, "nothing is written for the pull request that was opened");

    assert_eq!(commands.len(), PRINTED.len(), "{commands:#?}");
    for (command, (wanted, answer)) in commands.iter().zip(PRINTED) {
        assert!(command.contains(wanted), "{wanted:?} is not in {command}");
        let said = ask(command);
        assert!(said.contains(answer), "{command}says nothing of {answer:?}:\n{said}");
    }
    let requests: Vec<&str> = told.split("\n  curl ").skip(1).collect();
    assert_eq!(requests.len(), REQUESTED.len(), "{requests:#?}");
    for (request, part) in requests.into_iter().zip(REQUESTED) {
        let request: Vec<&str> = request.lines().take(2).collect();
        let said = curl(&request.join(" "));
        assert!(said.contains(part), "{part:?} is not in the answer to {request:?}:\n{said}");
    }
    let ended = demo.ended_by(Signal::INT);
    assert_eq!((ended.code, ended.story.as_str(), ended.error.as_str()), (Some(0), "", ""));
}

#[test]
fn a_story_that_is_cut_short_says_so_and_leaves_nothing_behind() {
    let mut demo = Demo::begin(&["--tenants", "2"]);
    demo.told_until("2. The build is done, and one tenant cannot pull the image");
    let ended = demo.ended_by(Signal::TERM);
    assert_eq!(ended.code, Some(130), "{}", ended.error);
    assert_eq!(ended.error, "the demo was interrupted: its fleet and all its files are gone\n");
    assert!(!ended.story.contains("Everything went as told."), "{}", ended.story);
}

#[test]
fn a_story_that_goes_otherwise_than_told_says_how_and_is_no_success() {
    let mut demo = Demo::begin(&["--tenants", "3"]);
    demo.told_until("1. A label before the build");
    // Of the first two the second cannot pull, and the third is reverted, so this one was to be proven.
    let found: Value = serde_json::from_str(&demo.administrator("GET", "applications")).unwrap();
    let names =
        found["items"].as_array().unwrap().iter().map(|item| item["metadata"]["name"].as_str().unwrap());
    let tenant = names.min().unwrap();
    demo.administrator("DELETE", &format!("applications/{tenant}"));
    let ended = demo.ended();
    assert_eq!(ended.code, Some(1), "{}", ended.error);
    let differs = format!("NOT AS TOLD: tenant {tenant} of release ");
    assert!(ended.story.contains(&differs), "{differs:?} is not in:\n{}", ended.story);
    assert!(ended.story.contains("\nNot everything went as told:\n"), "{}", ended.story);
    assert!(!ended.story.contains("Everything went as told."), "{}", ended.story);
}
