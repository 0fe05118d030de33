//! Bad configurations, with everything that is said about each.

use super::{MINIMAL, parse};
use std::fmt::Write;

/// The complete answers to all of `cases`.
fn answers(cases: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, yaml) in cases {
        let errors = parse(yaml).expect_err(name);
        writeln!(text, "# {name}\n{errors}\n").unwrap();
    }
    text.replace("/etc/ringway/ringway.yaml", "ringway.yaml")
}

/// [`MINIMAL`] with one text of it replaced.
fn with(old: &str, new: &str) -> String {
    assert!(MINIMAL.contains(old), "{old}");
    MINIMAL.replace(old, new)
}

/// [`MINIMAL`] and more.
fn and(more: &str) -> String {
    format!("{}{more}\n", MINIMAL.trim_start())
}

fn refused(cases: &[(&str, String)]) -> String {
    answers(&cases.iter().map(|(name, yaml)| (*name, yaml.as_str())).collect::<Vec<_>>())
}

#[test]
fn files_that_are_no_configuration() {
    insta::assert_snapshot!(answers(&[
        ("empty", ""),
        ("only a comment", "# nothing\n"),
        ("a list", "- a\n- b\n"),
        ("a text", "hello"),
        ("not YAML", "argocd:\n  instances: [\n"),
        ("a tab", "argocd:\n\tinstances: []\n"),
        ("two documents", "argocd: {}\n---\nservices: {}\n"),
        ("no settings", "{}"),
        ("an alias", "argocd: &a {instances: []}\nservices: *a\n"),
        ("tags", "argocd: !!set {instances: []}\nservices: !secret x\n"),
        ("a key that is a list", "[a, b]: c\nargocd: {instances: []}\nservices: {}\n"),
    ]));
}

#[test]
fn many_errors_at_once() {
    insta::assert_snapshot!(answers(&[(
        "everything",
        "
argocd:
  instance:
    - name: local
services:
  Atlas_Metastore:
    images:
      atlas:
        repositorys: [ghcr.io/acme/atlas]
    applications: []
    verify: pods
limits:
  tenantsPerInstance: twenty
  cohortSize: 0
  cohortSize: 10
  allOrNothing: 'yes'
deadlines:
  observed: 5
  applied: -1h
  window: 1 fortnight
  rolloutTotal: [1h]
stateFolder: {path: /tmp}
logLevel: debug
"
    )]));
}

#[test]
fn argocd_instances_and_tenant_clusters() {
    insta::assert_snapshot!(refused(&[
        ("an empty list", with("[{name: local}]", "[]")),
        ("not a list", with("[{name: local}]", "{name: local}")),
        ("nothing at all", with("{instances: [{name: local}]}", "")),
        ("a bad name", with("name: local", "name: Local_1")),
        ("the same name", with("[{name: local}]", "[{name: local}, {name: local, context: b}]")),
        ("the same Applications", with("[{name: local}]", "[{name: a}, {name: b, namespaces: [x, argocd]}]")),
        ("bad namespaces", with("name: local", "name: local, namespaces: [argocd, argocd, '', {a: b}]")),
        ("no list of namespaces", with("name: local", "name: local, namespaces: argocd")),
        ("an unknown access", and("tenantClusters: {access: context}")),
        ("contexts without a template", and("tenantClusters: {access: contexts}")),
        ("a template without a tenant", and("tenantClusters: {access: contexts, context: production}")),
        (
            "a template with something else",
            and("tenantClusters: {access: contexts, context: '{cloud}-{tenant}'}")
        ),
        ("a context that is not used", and("tenantClusters: {context: 'a-{tenant}', kubeconfig: b}")),
        (
            "clusters that cannot be verified",
            with("images:", "verify: cluster\n    images:") + "tenantClusters: {access: none}"
        ),
    ]));
}

#[test]
fn services() {
    let images = "images: {web: {repositories: [ghcr.io/acme/web]}}";
    let place = "values: {reference: image}";
    let workloads = "[{kind: Deployment, name: web, container: web}]";
    let second = "\n          - {image: web, values: {reference: image.tag}, workloads: [{kind: Deployment, name: web, container: web}]}";
    insta::assert_snapshot!(refused(&[
        ("no images", with(images, "images: {}")),
        (
            "an image that nobody sets",
            with(images, "images: {web: {repositories: [a.b/c]}, api: {repositories: [a.b/d]}}")
        ),
        (
            "bad repositories",
            with("[ghcr.io/acme/web]", "[web, ghcr.io/acme/web:1, '*/web', ghcr.io/a, ghcr.io/a]")
        ),
        (
            "bad platforms",
            with("[ghcr.io/acme/web]", "[ghcr.io/acme/web], platforms: [amd64, linux/amd64, linux/amd64]")
        ),
        ("an unknown image", with("- image: web", "- image: wbe")),
        ("the same name for all tenants", with("'{tenant}'", "web")),
        ("a bad name", with("'{tenant}'", "'Web/{tenant}'")),
        ("name and selector", with("'{tenant}'", "'{tenant}'\n        selector: tenant={tenant}")),
        ("neither name nor selector", with("name: '{tenant}'", "source: {chart: web}")),
        ("a bad selector", with("name: '{tenant}'", "selector: tenant={tenant} and tier=free")),
        ("a selector for all tenants", with("name: '{tenant}'", "selector: tier=free")),
        (
            "chart and path",
            with("name: '{tenant}'", "name: '{tenant}'\n        source: {chart: web, path: charts/web}")
        ),
        (
            "a password in a URL",
            with("name: '{tenant}'", "name: '{tenant}'\n        source: {repoURL: 'https://a:hunter2@b/c'}")
        ),
        (
            "unknown words",
            with(
                place,
                "strategy: valuesobject\n            existing: overwrite\n            values: {reference: image}"
            )
        ),
        ("no values", with(place, "values: {}")),
        ("all values", with(place, "values: {repository: a, tag: b, reference: c}")),
        ("half of the values", with(place, "values: {repository: image.repository}")),
        ("bad paths", with(place, "values: {repository: 'image[0].repository', tag: image..tag}")),
        ("twice the same path", with(place, "values: {repository: image, tag: image}")),
        ("paths in each other, a workload twice", with(workloads, &format!("{workloads}{second}"))),
        (
            "bad workloads",
            with(workloads, "[{kind: statefulset, name: 'w_{tenant}', container: w.x}, {kind: DaemonSet}]")
        ),
        ("no workloads", with(workloads, "[]")),
        ("null workloads", with(workloads, "")),
    ]));
}

#[test]
fn registries_and_secrets() {
    let answers = refused(&[
        ("HTTP to another machine", and("registries: [{host: registry.example.com, insecure: true}]")),
        (
            "another machine",
            and("registries: [{host: a.example.com, address: '10.0.0.1:80', insecure: true}]"),
        ),
        ("an address without HTTP", and("registries: [{host: a.example.com, address: '127.0.0.1:80'}]")),
        ("no address", and("registries: [{host: a.example.com, address: 'localhost', insecure: true}]")),
        ("the same host", and("registries: [{host: ghcr.io}, {host: ghcr.io}]")),
        ("a URL", and("registries: [{host: 'https://ghcr.io/acme'}]")),
        ("a password in the host", and("registries: [{host: 'bot:hunter2@ghcr.io'}]")),
        ("a password", and("registries: [{host: ghcr.io, credentials: {username: bot, password: hunter2}}]")),
        ("a token", and("registries: [{host: ghcr.io, token: hunter2}]")),
        (
            "a password for a variable",
            and(
                "registries: [{host: ghcr.io, credentials: {username: bot, passwordEnvironment: 'hunter2!'}}]",
            ),
        ),
        ("no user", and("registries: [{host: ghcr.io, credentials: {passwordFile: /run/token}}]")),
        (
            "two passwords",
            and(
                "registries: [{host: ghcr.io, credentials: {username: b, passwordFile: a, dockerConfigFile: b}}]",
            ),
        ),
        (
            "a user too many",
            and("registries: [{host: ghcr.io, credentials: {username: b, dockerConfigFile: b}}]"),
        ),
        ("deadlines in each other", and("deadlines: {rolloutProgress: 3h}")),
    ]);
    assert!(!answers.contains("hunter2"), "a secret is shown:\n{answers}");
    insta::assert_snapshot!(answers);
}

#[test]
fn without_a_home_the_state_needs_a_folder() {
    let file = std::path::Path::new("/etc/ringway.yaml");
    let none = super::EnvironmentPaths::default();
    let error = super::Config::parse(file, MINIMAL.as_bytes(), &none).unwrap_err().to_string();
    assert!(error.contains("stateFolder is missing, and neither XDG_STATE_HOME nor HOME"), "{error}");
    let text = and("stateFolder: state");
    let config = super::Config::parse(file, text.as_bytes(), &none).unwrap();
    assert_eq!(config.state_folder, std::path::Path::new("/etc/state"));
}
