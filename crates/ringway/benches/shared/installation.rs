//! Ringway as a user runs it, with a state folder of its own, and what it used.

use crate::figures::Verdict;
use release::proof::Proof;
use ringway::ledger::{Ledger, RunFilter};
use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{task::JoinHandle, time::Instant};
use wait4::{ResUse, Wait4};

/// A configuration and a state folder.
pub(crate) struct Installation {
    folder: TempDir,
}

/// Ringway while it runs.
pub(crate) struct Running {
    pub(crate) id: u32,
    began: Instant,
    ended: JoinHandle<ResUse>,
}

/// What a finished process used.
pub(crate) struct Used {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    /// The most memory that it had.
    pub(crate) peak_bytes: u64,
    succeeded: bool,
}

impl Installation {
    /// `configuration` names `state` as its state folder.
    pub(crate) fn new(configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ringway.yaml"), configuration).unwrap();
        Self { folder }
    }

    /// A file next to the configuration.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts it.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let said = File::create(self.file("said")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_ringway"))
            .current_dir(self.folder.path())
            .args(arguments)
            .env_remove("RINGWAY_CONFIG")
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn()
            .unwrap();
        let (id, began) = (child.id(), Instant::now());
        Running { id, began, ended: tokio::task::spawn_blocking(move || child.wait4().unwrap()) }
    }

    /// Waits for a success.
    pub(crate) async fn success(&self, running: Running) -> Used {
        let used = running.end().await;
        assert!(used.succeeded, "{}", std::fs::read_to_string(self.file("said")).unwrap());
        used
    }

    /// What the newest run wrote down about each tenant.
    pub(crate) fn verdicts(&self) -> BTreeMap<String, Verdict> {
        let ledger = Ledger::open_read_only(&self.file("state/ledger.sqlite")).unwrap();
        let run = ledger.runs(&RunFilter::default()).unwrap().remove(0);
        let tenants = ledger.tenants(&run.id).unwrap();
        let verdict = |tenant: ringway::ledger::TenantState| {
            assert!(tenant.verdict.is_some(), "{tenant:?}");
            let reached = |wanted| tenant.timeline.iter().find(|(_, proof)| *proof == wanted).unwrap().0;
            let (proven, proof) = *tenant.timeline.last().unwrap();
            let given = tenant.updated_at.unwrap();
            (tenant.tenant.clone(), Verdict { proof, applied: reached(Proof::Applied), proven, given })
        };
        tenants.into_iter().map(verdict).collect()
    }
}

impl Running {
    /// Waits for its end.
    pub(crate) async fn end(mut self) -> Used {
        let status = format!("/proc/{}/status", self.id);
        // What the kernel adds up at the end also counts the memory of this program, from before the child was another.
        let mut peak = peak_bytes(Path::new(&status)).unwrap_or(0);
        let mut look = tokio::time::interval(Duration::from_millis(50));
        let used = loop {
            tokio::select! {
                used = &mut self.ended => break used.unwrap(),
                _ = look.tick() => peak = peak.max(peak_bytes(Path::new(&status)).unwrap_or(0)),
            }
        };
        Used {
            wall: self.began.elapsed(),
            cpu: used.rusage.utime + used.rusage.stime,
            peak_bytes: peak,
            succeeded: used.status.success(),
        }
    }
}

/// The peak of a living process's memory.
fn peak_bytes(status: &Path) -> Option<u64> {
    let status = std::fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}

/// The service of the smallest chart.
pub(crate) fn configuration(kubeconfig: &str, registry: &str, limits: &str) -> String {
    format!(
        r#"
argocd:
  instances: [{{name: fleet, kubeconfig: "{kubeconfig}", namespaces: [argocd]}}]
tenantClusters: {{access: sameCluster}}
registries: [{{host: "{registry}", insecure: true}}]
limits: {{{limits}}}
stateFolder: state
services:
  minimal:
    images: {{atlas: {{repositories: ["{registry}/*"], platforms: [linux/amd64, linux/arm64]}}}}
    applications:
      - name: "{{tenant}}"
        overrides:
          - image: atlas
            values: {{repository: image.repository, tag: image.tag}}
            workloads: [{{kind: StatefulSet, name: atlas, container: atlas}}]
"#
    )
}
