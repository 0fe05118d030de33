//! Ringway on the testbed's fleet.

use crate::{
    Fleet,
    figures::{Program as Figures, Run},
    installation::{self, Installation},
    requests::Log,
    setting,
};

/// The repository of ring images on the testbed's registry.
pub(crate) const RING_IMAGE: &str = "atlas-metastore-ring-demo";

/// Ringway with a limit.
pub(crate) struct Program(Installation);

impl Program {
    /// Works on at most `limit` tenants at once.
    pub(crate) fn new(limit: usize) -> Self {
        Self(Installation::new(&configuration(limit)))
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
        let used = self.0.success(self.0.start(arguments)).await;
        let ready = fleet.observer.all_ready().await;
        let program = Figures {
            verdicts: self.0.verdicts(),
            cpu: used.cpu,
            peak_bytes: used.peak_bytes,
            requests: log.since(&fleet.tenants),
        };
        Run { wall: used.wall, ready, program: Some(program) }
    }
}

fn configuration(limit: usize) -> String {
    installation::configuration(
        &setting("RINGWAY_TESTBED_RINGWAY_KUBECONFIG"),
        &setting("RINGWAY_TESTBED_REGISTRY"),
        &format!("tenantsPerInstance: {limit}"),
    )
}
