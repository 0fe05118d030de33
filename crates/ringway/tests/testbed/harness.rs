//! What the tests stand on: tenants of their own on the testbed, and the program as a user runs it.
//!
//! Every test makes its own tenants and its own state folder, so tests can run side by side. Nothing here waits for a
//! time; [`until`] waits for a condition, with a limit.

use crate::setting;
use serde_json::Value;
use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};
use tempfile::TempDir;

/// The repository of ring images that every service below allows.
pub(crate) const RING_IMAGE: &str = "atlas-metastore-ring-demo";

/// `127.0.0.1:PORT/atlas-metastore-ring-demo:TAG`.
pub(crate) fn image(tag: &str) -> String {
    format!("{}/{RING_IMAGE}:{tag}", setting("RINGWAY_TESTBED_REGISTRY"))
}

/// A tenant of the testbed that goes away with the test.
pub(crate) struct Tenant(String);

impl Tenant {
    /// Makes a tenant and waits until Argo CD calls it synced and healthy.
    pub(crate) fn new(name: &str, options: &[&str]) -> Self {
        let tenant = Self::unsettled(name, options);
        testbed("tenant", &["wait", name]);
        tenant
    }

    /// Makes a tenant that will not get synced and healthy, or need not.
    pub(crate) fn unsettled(name: &str, options: &[&str]) -> Self {
        testbed("tenant", &[&["create", name], options].concat());
        Self(name.to_owned())
    }

    /// Makes a tenant whose Application is what `edit` makes of it, and waits until Argo CD has compared it.
    pub(crate) fn compared(name: &str, options: &[&str], edit: impl FnOnce(&mut Value)) -> Self {
        let tenant = Self::edited(name, options, edit);
        until("Argo CD knows what renders it", || {
            let status = &tenant.application()["status"];
            status["sourceType"].is_string() || status["sourceTypes"].is_array()
        });
        tenant
    }

    /// Makes a tenant whose Application is what `edit` makes of it.
    pub(crate) fn edited(name: &str, options: &[&str], edit: impl FnOnce(&mut Value)) -> Self {
        let manifest = testbed("tenant", &[&["manifest", name], options].concat());
        let mut manifest = serde_json::from_str(&manifest).unwrap();
        edit(&mut manifest);
        // What an earlier run of the same test may have left.
        testbed("tenant", &["delete", name]);
        kubectl_create(&manifest);
        Self(name.to_owned())
    }

    /// Makes several at once, and waits for all: `(name, options)`.
    pub(crate) fn several(wanted: &[(&str, &[&str])]) -> Vec<Self> {
        let tenants = wanted.iter().map(|(name, options)| Self::unsettled(name, options)).collect();
        let names: Vec<&str> = wanted.iter().map(|(name, _)| *name).collect();
        testbed("tenant", &[&["wait"], names.as_slice()].concat());
        tenants
    }

    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    /// Its Application as it is now.
    pub(crate) fn application(&self) -> Value {
        kubectl_json(&["-n", "argocd", "get", "application", &self.0, "--show-managed-fields"])
    }

    /// Changes its Application as the administrator, by a JSON patch.
    #[track_caller]
    pub(crate) fn patch(&self, patch: &Value) {
        let patch = patch.to_string();
        kubectl(&["-n", "argocd", "patch", "application", &self.0, "--type", "json", "--patch", &patch]);
    }

    /// Lets Argo CD compare it again.
    #[track_caller]
    pub(crate) fn refresh(&self) {
        let refresh = "argocd.argoproj.io/refresh=normal";
        kubectl(&["-n", "argocd", "annotate", "application", &self.0, refresh, "--overwrite"]);
    }

    /// The part of its Application's spec that Ringway writes to.
    pub(crate) fn sources(&self) -> Value {
        let spec = &self.application()["spec"];
        serde_json::json!([spec["source"], spec["sources"]])
    }

    /// The images that the pods of a workload run, without pods that are on their way out.
    pub(crate) fn images(&self, label: &str) -> Vec<String> {
        let pods = kubectl_json(&[
            "-n",
            &format!("tenant-{}", self.0),
            "get",
            "pods",
            "-l",
            &format!("app={label}"),
        ]);
        let image =
            |pod: &Value| pod["spec"]["containers"][0]["image"].as_str().unwrap_or_default().to_owned();
        let stays = |pod: &&Value| pod["metadata"]["deletionTimestamp"].is_null();
        pods["items"].as_array().into_iter().flatten().filter(stays).map(image).collect()
    }
}

impl Drop for Tenant {
    fn drop(&mut self) {
        // A failing test must not hide its reason behind a failing removal.
        drop(script("tenant").args(["delete", &self.0, "--no-wait"]).output());
    }
}

/// Ringway with a configuration and a state folder of its own.
pub(crate) struct Ringway {
    folder: TempDir,
}

impl Ringway {
    /// With the configuration of [`configuration`] and exactly the rights of `deploy/`.
    pub(crate) fn new() -> Self {
        Self::with(&configuration(&setting("RINGWAY_TESTBED_RINGWAY_KUBECONFIG")))
    }

    /// As [`Self::new`], but with these deadlines, such as `applied: 10s, rolloutProgress: 5s`.
    pub(crate) fn with_deadlines(deadlines: &str) -> Self {
        let usual = configuration(&setting("RINGWAY_TESTBED_RINGWAY_KUBECONFIG"));
        let line = usual.lines().find(|line| line.starts_with("deadlines:")).unwrap();
        Self::with(&usual.replace(line, &format!("deadlines: {{{deadlines}}}")))
    }

    pub(crate) fn with(configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ringway.yaml"), configuration).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringway"));
        command
            .current_dir(self.folder.path())
            .args(arguments)
            .env_remove("RINGWAY_CONFIG")
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().unwrap())
    }

    /// Starts it, to be waited for, interrupted or killed.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// `release start` of service `service` with an image of [`image`].
    pub(crate) fn release(&self, ring: &str, service: &str, tag: &str, tenants: &str) -> Ran {
        self.run(&release_arguments(ring, service, &image(tag), tenants))
    }

    /// Starts what [`Self::release`] runs to its end.
    pub(crate) fn releasing(&self, ring: &str, service: &str, tag: &str, tenants: &str) -> Running {
        Running(Some(self.spawn(&release_arguments(ring, service, &image(tag), tenants))))
    }

    /// Starts a command that is killed with the test.
    pub(crate) fn starting(&self, arguments: &[&str]) -> Running {
        Running(Some(self.spawn(arguments)))
    }

    pub(crate) fn cleanup(&self, ring: &str) -> Ran {
        self.run(&["cleanup", "--ring", ring, "-o", "json"])
    }

    /// Waits until `explain` says all `parts` about a tenant, and returns what it says then.
    #[track_caller]
    pub(crate) fn explained(&self, tenant: &str, parts: &[&str]) -> String {
        let last = std::cell::RefCell::new(String::new());
        until_or(
            || format!("explain {tenant} says {parts:?}, but says:\n{}", last.borrow()),
            || {
                let ran = self.run(&["explain", tenant]);
                *last.borrow_mut() = format!("{}{}", ran.out, ran.err);
                parts.iter().all(|part| ran.out.contains(part))
            },
        );
        last.into_inner()
    }
}

/// A command under way. It is killed with the test, so that none outlives a test that fails.
pub(crate) struct Running(Option<Child>);

impl Running {
    /// Waits for its end.
    pub(crate) fn ended(mut self) -> Ran {
        ended(self.0.take().unwrap())
    }

    /// Sends a signal, such as `INT` or `KILL`, and waits for the end.
    pub(crate) fn ended_by(self, signal: &str) -> Ran {
        let process = self.0.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &process]).status().unwrap().success());
        self.ended()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// `release start … -o json`.
pub(crate) fn release_arguments<'a>(
    ring: &'a str,
    service: &'a str,
    image: &'a str,
    tenants: &'a str,
) -> Vec<&'a str> {
    let mut arguments = vec!["release", "start", "--ring", ring, "--service", service];
    arguments.extend(["--image", image, "--tenants", tenants, "-o", "json"]);
    arguments
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Ran {
    /// Its document on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// `tenant verdict proof code`, line by line.
    #[track_caller]
    pub(crate) fn verdicts(&self) -> String {
        let mut text = String::new();
        for tenant in self.json()["tenants"].as_array().into_iter().flatten() {
            let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            let (name, verdict, proof) =
                (word(&tenant["tenant"]), word(&tenant["verdict"]), word(&tenant["proof"]));
            writeln!(text, "{name} {verdict} {proof} {}", word(&tenant["problem"]["code"])).unwrap();
        }
        text.trim_end().to_owned()
    }

    /// What it says about one tenant.
    #[track_caller]
    pub(crate) fn tenant(&self, name: &str) -> Value {
        let document = self.json();
        let tenants = document["tenants"].as_array().into_iter().flatten();
        tenants
            .into_iter()
            .find(|tenant| tenant["tenant"] == name)
            .unwrap_or_else(|| panic!("{self:#?}"))
            .clone()
    }

    /// The message of one tenant's problem.
    #[track_caller]
    pub(crate) fn message(&self, tenant: &str) -> String {
        self.tenant(tenant)["problem"]["message"].as_str().unwrap_or_else(|| panic!("{self:#?}")).to_owned()
    }

    /// What it advises against one tenant's problem.
    #[track_caller]
    pub(crate) fn advice(&self, tenant: &str) -> String {
        self.tenant(tenant)["problem"]["advice"].as_str().unwrap_or_else(|| panic!("{self:#?}")).to_owned()
    }

    /// Checks the exit code, and shows everything if it is another.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "exit code {}\n--- out\n{}\n--- err\n{}", self.code, self.out, self.err);
        self
    }
}

/// Waits for the end of a started command.
pub(crate) fn ended(child: Child) -> Ran {
    Ran::from(child.wait_with_output().unwrap())
}

/// The services of the testbed's charts, on its registry, with the identity of `kubeconfig`.
pub(crate) fn configuration(kubeconfig: &str) -> String {
    let registry = setting("RINGWAY_TESTBED_REGISTRY");
    format!(
        r#"
argocd:
  instances: [{{name: testbed, kubeconfig: "{kubeconfig}", namespaces: [argocd]}}]
tenantClusters: {{access: sameCluster}}
registries: [{{host: "{registry}", insecure: true}}]
deadlines: {{observed: 1m, applied: 3m, rolloutProgress: 1m, rolloutTotal: 3m}}
stateFolder: state
services:
"#
    ) + &services(&registry)
}

fn services(registry: &str) -> String {
    let images = format!(
        r#"    images: {{atlas: {{repositories: ["{registry}/*"], platforms: [linux/amd64, linux/arm64]}}}}"#
    );
    format!(
        r#"  # Both StatefulSets of the umbrella chart, by parameters.
  atlas:
{images}
    applications:
      - name: "{{tenant}}"
        overrides:
          - image: atlas
            values: {{repository: atlas.atlas.image.repository, tag: atlas.atlas.image.tag}}
            workloads: [{{kind: StatefulSet, name: atlas, container: atlas}}]
          - image: atlas
            values: {{repository: atlas-read.atlas.image.repository, tag: atlas-read.atlas.image.tag}}
            workloads: [{{kind: StatefulSet, name: atlas-read, container: atlas-read}}]
  # The same at nested paths of valuesObject.
  atlas-values:
{images}
    applications:
      - name: "{{tenant}}"
        overrides:
          - image: atlas
            strategy: valuesObject
            existing: replace
            values: {{repository: atlas.atlas.image.repository, tag: atlas.atlas.image.tag}}
            workloads: [{{kind: StatefulSet, name: atlas, container: atlas}}]
          - image: atlas
            strategy: valuesObject
            existing: replace
            values: {{repository: atlas-read.atlas.image.repository, tag: atlas-read.atlas.image.tag}}
            workloads: [{{kind: StatefulSet, name: atlas-read, container: atlas-read}}]
  # As atlas-values, but a value that is there is refused.
  atlas-careful:
{images}
    applications:
      - name: "{{tenant}}"
        overrides:
          - image: atlas
            strategy: valuesObject
            values: {{repository: atlas.atlas.image.repository, tag: atlas.atlas.image.tag}}
            workloads: [{{kind: StatefulSet, name: atlas, container: atlas}}]
  # A Deployment, flat.
  heracles:
{images}
    applications:
      - name: "{{tenant}}"
        overrides:
          - image: atlas
            values: {{repository: heracles.image.repository, tag: heracles.image.tag}}
            workloads: [{{kind: Deployment, name: heracles, container: heracles}}]
  # One value holds the whole reference; found by label.
  single:
{images}
    applications:
      - selector: "testbed/tenant={{tenant}}"
        overrides:
          - image: atlas
            values: {{reference: image}}
            workloads: [{{kind: StatefulSet, name: atlas, container: atlas}}]
  # Dots and a slash in a key.
  dotted:
{images}
    applications:
      - name: "{{tenant}}"
        overrides:
          - image: atlas
            values: {{repository: 'images.example\.com/atlas.repository', tag: 'images.example\.com/atlas.tag'}}
            workloads: [{{kind: StatefulSet, name: atlas, container: atlas}}]
  # The smallest chart.
  minimal:
{images}
    applications:
      - name: "{{tenant}}"
        overrides:
          - image: atlas
            values: {{repository: image.repository, tag: image.tag}}
            workloads: [{{kind: StatefulSet, name: atlas, container: atlas}}]
"#
    )
}

fn script(name: &str) -> Command {
    Command::new(Path::new(&setting("RINGWAY_TESTBED_SOURCE")).join(name))
}

/// Runs a script of the testbed: `tenant`, `push`, `process`.
#[track_caller]
pub(crate) fn testbed(name: &str, arguments: &[&str]) -> String {
    let ran = Ran::from(script(name).args(arguments).output().unwrap());
    ran.expect(0).out.trim().to_owned()
}

/// kubectl as the administrator.
#[track_caller]
pub(crate) fn kubectl(arguments: &[&str]) -> String {
    Ran::from(Command::new("kubectl").args(arguments).output().unwrap()).expect(0).out
}

/// Makes an object as the administrator.
#[track_caller]
pub(crate) fn kubectl_create(object: &Value) {
    let mut child = Command::new("kubectl")
        .args(["create", "--filename", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Dropped at the end of the statement, so kubectl sees the end of its input.
    child.stdin.take().unwrap().write_all(object.to_string().as_bytes()).unwrap();
    ended(child).expect(0);
}

#[track_caller]
pub(crate) fn kubectl_json(arguments: &[&str]) -> Value {
    serde_json::from_str(&kubectl(&[arguments, &["-o", "json"]].concat())).unwrap()
}

/// Waits until `condition` is true; panics with `what` after two minutes.
#[track_caller]
pub(crate) fn until(what: &str, condition: impl Fn() -> bool) {
    until_or(|| what.to_owned(), condition);
}

/// As [`until`], with a text that is made when it is needed.
#[track_caller]
#[allow(
    clippy::disallowed_methods,
    reason = "the pause between two looks; what is waited for is the condition"
)]
fn until_or(what: impl Fn() -> String, condition: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(120), "still not true: {}", what());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// How often Ringway's identity has sent requests of this verb for an object of this name, by the API server's own log.
pub(crate) fn audited(verb: &str, resource: &str, name: &str) -> usize {
    let mut log = String::new();
    std::fs::File::open(setting("RINGWAY_TESTBED_AUDIT_LOG")).unwrap().read_to_string(&mut log).unwrap();
    let is_meant = |line: &&str| {
        let Ok(event) = serde_json::from_str::<Value>(line) else { return false };
        let object = &event["objectRef"];
        event["stage"] == "ResponseComplete"
            && event["verb"] == verb
            && object["resource"] == resource
            && object["name"] == name
            && event["responseStatus"]["code"] == 200
    };
    log.lines().filter(is_meant).count()
}
