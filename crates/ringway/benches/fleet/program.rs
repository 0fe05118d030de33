//! Ringway as a user runs it, with a state folder of its own, and what it took.

use crate::{
    Fleet,
    figures::{Program as Figures, Run, Verdict},
    requests::Log,
    setting,
};
use release::proof::Proof;
use ringway::ledger::{Ledger, RunFilter};
use std::{
    collections::BTreeMap,
    fs::File,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use tokio::time::Instant;
use wait4::{ResUse, Wait4};

/// The repository of ring images on the testbed's registry.
pub(crate) const RING_IMAGE: &str = "atlas-metastore-ring-demo";

/// A configuration and a state folder.
pub(crate) struct Program {
    folder: TempDir,
}

impl Program {
    /// Works on at most `limit` tenants at once.
    pub(crate) fn new(limit: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ringway.yaml"), configuration(limit)).unwrap();
        Self { folder }
    }

    pub(crate) async fn release(&self, fleet: &Fleet, image: &str) -> Run {
        let tenants = fleet.tenants.join(",");
        let what = ["release", "start", "--ring", "bench", "--service", "minimal"];
        let which = ["--image", image, "--tenants", &tenants];
        self.measure(fleet, image, &[what.as_slice(), &which].concat()).await
    }

    pub(crate) async fn cleanup(&self, fleet: &Fleet) -> Run {
        self.measure(fleet, &fleet.base, &["cleanup", "--ring", "bench"]).await
    }

    async fn measure(&self, fleet: &Fleet, image: &str, arguments: &[&str]) -> Run {
        fleet.observer.expect(image);
        let log = Log::here();
        let began = Instant::now();
        let (used, peak_bytes) = self.run(arguments).await;
        let wall = began.elapsed();
        let said = std::fs::read_to_string(self.folder.path().join("said")).unwrap();
        assert!(used.status.success(), "{arguments:?}: {}: {said}", used.status);
        let ready = fleet.observer.all_ready().await;
        let program = Figures {
            verdicts: self.verdicts(),
            cpu: used.rusage.utime + used.rusage.stime,
            peak_bytes,
            requests: log.since(&fleet.tenants),
        };
        Run { wall, ready, program: Some(program) }
    }

    /// Runs it to its end; says what it used and the most memory that it had.
    async fn run(&self, arguments: &[&str]) -> (ResUse, u64) {
        let said = File::create(self.folder.path().join("said")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_ringway"))
            .current_dir(self.folder.path())
            .args(arguments)
            .env_remove("RINGWAY_CONFIG")
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn()
            .unwrap();
        let status = format!("/proc/{}/status", child.id());
        let ended = tokio::task::spawn_blocking(move || child.wait4().unwrap());
        tokio::pin!(ended);
        // What the kernel adds up at the end also counts the memory of this program, from before the child was another.
        let mut peak = 0;
        let mut look = tokio::time::interval(Duration::from_millis(50));
        loop {
            tokio::select! {
                used = &mut ended => return (used.unwrap(), peak),
                _ = look.tick() => peak = peak.max(peak_bytes(Path::new(&status)).unwrap_or(0)),
            }
        }
    }

    /// What the newest run wrote down about each tenant.
    fn verdicts(&self) -> BTreeMap<String, Verdict> {
        let ledger = Ledger::open_read_only(&self.folder.path().join("state/ledger.sqlite")).unwrap();
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

/// The peak of a living process's memory.
fn peak_bytes(status: &Path) -> Option<u64> {
    let status = std::fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}

fn configuration(limit: usize) -> String {
    let registry = setting("RINGWAY_TESTBED_REGISTRY");
    let kubeconfig = setting("RINGWAY_TESTBED_RINGWAY_KUBECONFIG");
    format!(
        r#"
argocd:
  instances: [{{name: testbed, kubeconfig: "{kubeconfig}", namespaces: [argocd]}}]
tenantClusters: {{access: sameCluster}}
registries: [{{host: "{registry}", insecure: true}}]
limits: {{tenantsPerInstance: {limit}}}
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
