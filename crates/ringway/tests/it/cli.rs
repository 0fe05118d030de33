//! The command line without any cluster: what is refused, with which words and exit code, and what is printed where.

use std::{
    path::Path,
    process::{Command, Stdio},
};
use tempfile::TempDir;

const CONFIGURATION: &str = r#"
argocd:
  instances: [{name: main, kubeconfig: no-such-kubeconfig}]
stateFolder: state
services:
  atlas:
    images: {atlas: {repositories: ["registry.example.com/atlas-ring-*"]}}
    applications:
      - name: "{tenant}"
        overrides:
          - image: atlas
            values: {repository: image.repository, tag: image.tag}
            workloads: [{kind: StatefulSet, name: atlas, container: atlas}]
  pair:
    images:
      front: {repositories: ["registry.example.com/front"]}
      back: {repositories: ["registry.example.com/back"]}
    applications:
      - name: "{tenant}"
        overrides:
          - image: front
            values: {reference: front}
            workloads: [{kind: Deployment, name: front, container: front}]
          - image: back
            values: {reference: back}
            workloads: [{kind: Deployment, name: back, container: back}]
"#;

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ringway.yaml"), CONFIGURATION).unwrap();
    folder
}

/// Exit code, standard output and standard error, with the folder's path left out.
fn ran(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_ringway"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("RINGWAY_CONFIG")
        .env_remove("RUST_LOG")
        .env("COLUMNS", "100")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let canonical = folder.canonicalize().unwrap();
        text.replace(canonical.to_str().unwrap(), "FOLDER").replace(folder.to_str().unwrap(), "FOLDER")
    };
    format!(
        "$ ringway {}\nexit code {}\n--- out\n{}--- err\n{}",
        arguments.join(" "),
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr)
    )
}

fn start<'a>(service: &'a str, images: &[&'a str], tenants: &'a str) -> Vec<&'a str> {
    let mut arguments = vec!["release", "start", "--ring", "ring-x", "--service", service];
    for image in images {
        arguments.extend(["--image", image]);
    }
    arguments.extend(["--tenants", tenants]);
    arguments
}

#[test]
fn what_is_wrong_with_a_request_is_said_before_anything_is_asked() {
    let folder = folder();
    let good = "registry.example.com/atlas-ring-x:1";
    let mut pages = Vec::new();
    for arguments in [
        start("nosuch", &[good], "alpha"),
        start("atlas", &["atlas"], "alpha"),
        start("atlas", &["other=registry.example.com/atlas-ring-x:1"], "alpha"),
        start("atlas", &["registry.example.com/evil:1"], "alpha"),
        start("atlas", &[good, good], "alpha"),
        start("pair", &["registry.example.com/front:1"], "alpha"),
        start("pair", &["registry.example.com/other:1"], "alpha"),
        start("atlas", &[good], "alpha,beta,alpha"),
        start("atlas", &[good], "alpha,,$(rm -rf)"),
        vec![
            "release",
            "start",
            "--ring",
            "a b",
            "--service",
            "atlas",
            "--image",
            good,
            "--tenants",
            "alpha",
        ],
        vec!["release", "start", "--ring", "x", "--service", "atlas", "--image", good],
        vec!["cleanup"],
        vec!["cleanup", "--ring", "a", "--tenants", "b"],
    ] {
        pages.push(ran(folder.path(), &arguments));
    }
    assert!(!folder.path().join("state").join("ledger.sqlite").exists(), "nothing was begun");
    insta::assert_snapshot!(pages.join("\n\n"));
}

#[test]
fn cohort_files_are_refused_with_everything_that_is_wrong() {
    let folder = folder();
    let mut pages = Vec::new();
    for (name, content) in [
        ("missing.json", None),
        ("no-json.json", Some("{\"tenants\": [")),
        ("shape.json", Some("{\"tenants\": \"alpha\"}")),
        ("empty.json", Some("{\"tenants\": []}")),
        (
            "twice.json",
            Some(r#"{"tenants":[{"name":"alpha","domain":"a"},{"name":"beta"},{"name":"alpha"}]}"#),
        ),
        ("hostile.json", Some(r#"{"tenants":[{"name":"../alpha"},{"name":"Alpha"}]}"#)),
    ] {
        if let Some(content) = content {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        let mut arguments = start("atlas", &["registry.example.com/atlas-ring-x:1"], "");
        arguments.truncate(arguments.len() - 2);
        arguments.extend(["--cohort", name]);
        pages.push(ran(folder.path(), &arguments));
    }
    insta::assert_snapshot!(pages.join("\n\n"));
}

#[test]
fn before_the_first_release_every_reading_command_says_so() {
    let folder = folder();
    let mut pages = Vec::new();
    for arguments in [
        vec!["release", "list"],
        vec!["release", "list", "-o", "json"],
        vec!["release", "list", "-o", "yaml"],
        vec!["release", "show", "r-20260101-001"],
        vec!["release", "watch", "r-20260101-001"],
        vec!["release", "cancel", "r-20260101-001"],
        vec!["explain", "alpha"],
        vec!["status"],
        vec!["status", "-o", "json"],
        vec!["audit"],
        vec!["audit", "-o", "json"],
        vec!["audit", "--since", "yesterday"],
        vec!["freeze", "on", "--service", "nosuch"],
        vec!["freeze", "on", "--reason", ""],
        vec!["freeze", "atlas"],
        vec!["override", "list"],
        vec!["cleanup", "--ring", "ring-x"],
        vec!["cleanup", "--ring", "ring-x", "--dry-run"],
        vec!["backup", "backup.tar"],
    ] {
        pages.push(ran(folder.path(), &arguments));
    }
    insta::assert_snapshot!(pages.join("\n\n"));
}

#[test]
fn the_configuration_is_explained_or_refused_as_a_whole() {
    let folder = folder();
    let good = ran(folder.path(), &["config", "check"]);
    let document = ran(folder.path(), &["config", "check", "--output", "json"]);
    std::fs::write(
        folder.path().join("ringway.yaml"),
        "argocd: {instances: []}\nservicse: {}\ndeadlines: {applied: soon}\n",
    )
    .unwrap();
    let bad = ran(folder.path(), &["release", "list"]);
    std::fs::remove_file(folder.path().join("ringway.yaml")).unwrap();
    let none = ran(folder.path(), &["doctor"]);
    insta::assert_snapshot!([good, document, bad, none].join("\n\n"));
}

#[test]
fn the_doctor_names_what_is_wrong_and_what_to_do() {
    let folder = folder();
    // Nobody listens on this port.
    let configuration = CONFIGURATION.replace("registry.example.com", "127.0.0.1:1");
    std::fs::write(folder.path().join("ringway.yaml"), configuration).unwrap();
    let page = ran(folder.path(), &["doctor"]);
    assert!(page.contains("exit code 1"), "{page}");
    assert!(page.contains("PROBLEM Argo CD main: "), "{page}");
    assert!(page.contains("there is no kubeconfig FOLDER/no-such-kubeconfig"), "{page}");
    assert!(page.contains("PROBLEM registry: 127.0.0.1:1/atlas-ring-doctor: "), "{page}");
}
