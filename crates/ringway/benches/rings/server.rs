//! `ringway serve` with GitHub around it.

use crate::{
    hub::Hub,
    installation::{self, Installation, Running, Used},
    stage::{COHORTS, JOB, REPOSITORY, SECRET, WORKFLOW},
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::sleep;

const SERVE: [&str; 5] = ["serve", "--listen", "127.0.0.1:0", "--log-format", "json"];

/// The key of the App. The sandbox checks the claims of web tokens, not their signatures.
const KEY: &str = include_str!("../../tests/scenarios/harness/app-key.pem");

const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A server that looks after pull requests.
pub(crate) struct Server {
    installation: Installation,
    running: Running,
    /// The secrets; kept as long as it runs.
    _secrets: TempDir,
    /// Where GitHub delivers to.
    pub(crate) webhook: String,
}

impl Server {
    /// Starts it, and waits until it listens. Works on at most `parallel` tenants at once.
    pub(crate) async fn start(hub: &Hub<'_>, parallel: usize, sweep: &str) -> Self {
        let secrets = tempfile::tempdir().unwrap();
        std::fs::write(secrets.path().join("key.pem"), KEY).unwrap();
        std::fs::write(secrets.path().join("webhook-secret"), SECRET).unwrap();
        let folder = secrets.path().to_str().unwrap();
        let installation = Installation::new(&configuration(hub, folder, parallel, sweep));
        let running = installation.start(&SERVE);
        let webhook = loop {
            if let Some(address) = address(&installation) {
                break format!("http://{address}/webhooks/github");
            }
            sleep(LOOK_EVERY).await;
        };
        Self { installation, running, _secrets: secrets, webhook }
    }

    /// Tells it to end.
    pub(crate) async fn end(self) -> (Installation, Used) {
        send(self.running.id, Signal::TERM);
        let used = self.installation.success(self.running).await;
        (self.installation, used)
    }

    /// Ends it as a machine that loses its power would.
    pub(crate) async fn kill(self) -> (Installation, Used) {
        let id = self.running.id;
        // Its memory is looked at first; afterwards there is none.
        let (used, ()) = tokio::join!(self.running.end(), async { send(id, Signal::KILL) });
        (self.installation, used)
    }
}

fn send(id: u32, signal: Signal) {
    let id = Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
    kill_process(id, signal).unwrap();
}

/// Where it listens, once it says so.
fn address(installation: &Installation) -> Option<String> {
    let said = std::fs::read_to_string(installation.file("said")).unwrap();
    let mut entries = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let entry = entries.find(|entry| entry["message"] == "serving")?;
    Some(entry["address"].as_str()?.to_owned())
}

fn configuration(hub: &Hub<'_>, folder: &str, parallel: usize, sweep: &str) -> String {
    let fleet = hub.0;
    let most = fleet.tenants().len().max(1);
    let limits = format!("tenantsPerInstance: {parallel}, cohortSize: {most}");
    let (kubeconfig, registry) = (fleet.ringway(), fleet.registry());
    let usual = installation::configuration(kubeconfig.to_str().unwrap(), &registry, &limits);
    let (api, app) = hub.address();
    format!(
        r#"{usual}    rings:
      repository: {REPOSITORY}
      branches: ring-*
      build: {{workflow: {WORKFLOW}, job: {JOB}}}
      images: {{atlas: {{repository: "{registry}/atlas-metastore-{{branch}}", tag: "{{sha7}}abcd"}}}}
      cohortLimit: {most}
github:
  api: http://{api}
  app: {{id: {app}, privateKeyFile: {folder}/key.pem}}
  webhookSecrets: [{{file: {folder}/webhook-secret}}]
  sweep: {sweep}
cohorts:
  github: {{kind: github, repository: {COHORTS}, ref: main, folder: cohorts}}
"#
    )
}
