//! Ringway on a simulated fleet, to its end or killed on the way.

use crate::{
    apart::Fleet,
    figures::{Program as Figures, Run},
    installation::{self, Installation, Running},
    served::Question,
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// How often the API is asked how far a run has come.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Ringway with a limit, set up for a fleet.
pub(crate) struct Program<'a> {
    fleet: &'a Fleet,
    installation: Installation,
    limit: String,
}

/// A release or a cleanup, with what the sandbox took for it.
pub(crate) struct Measured {
    pub(crate) run: Run,
    pub(crate) sandbox_cpu: Duration,
    /// How much later than in the model its changes were there to be seen, in milliseconds: median, p99, most.
    pub(crate) late: [f64; 3],
}

/// What happened after a kill.
pub(crate) struct Restart {
    pub(crate) in_flight: usize,
    /// From the second start until every tenant was watched again.
    pub(crate) driven: Duration,
    /// From the moment that Argo CD went on to the end of the program, and the same until the last pod.
    pub(crate) ended: Duration,
    pub(crate) run: Run,
}

impl<'a> Program<'a> {
    /// Works on at most `limit` tenants at once.
    pub(crate) fn new(fleet: &'a Fleet, limit: usize) -> Self {
        let limits = format!("tenantsPerInstance: {limit}, cohortSize: {}", fleet.tenants().len());
        let kubeconfig = fleet.ringway();
        let configuration =
            installation::configuration(kubeconfig.to_str().unwrap(), &fleet.registry(), &limits);
        let installation = Installation::new(&configuration);
        let tenants: Vec<_> = fleet.tenants().iter().map(|name| json!({"name": name})).collect();
        let cohort = json!({"tenants": tenants}).to_string();
        std::fs::write(installation.file("fleet.json"), cohort).unwrap();
        Self { fleet, installation, limit: limit.to_string() }
    }

    pub(crate) async fn release(&self) -> Measured {
        let image = self.fleet.ring_image();
        self.measure(&image, &self.start(&image)).await
    }

    pub(crate) async fn cleanup(&self) -> Measured {
        let arguments = ["cleanup", "--ring", "bench", "--max-parallel", &self.limit];
        self.measure(&self.fleet.beginning.base, &arguments).await
    }

    fn start<'b>(&'b self, image: &'b str) -> [&'b str; 12] {
        let [what, how] = [["release", "start"], ["--max-parallel", &self.limit]];
        let [ring, service] = [["--ring", "bench"], ["--service", "minimal"]];
        let [image, cohort] = [["--image", image], ["--cohort", "fleet.json"]];
        let mut all = [what, ring, service, image, cohort, how].into_iter().flatten();
        std::array::from_fn(|_| all.next().unwrap())
    }

    async fn measure(&self, image: &str, arguments: &[&str]) -> Measured {
        self.fleet.expect(image);
        let before = self.fleet.cpu();
        let used = self.installation.success(self.installation.start(arguments)).await;
        let sandbox_cpu = self.fleet.cpu().saturating_sub(before);
        let report = self.fleet.ready();
        let program = Figures {
            verdicts: self.installation.verdicts(),
            cpu: used.cpu,
            peak_bytes: used.peak_bytes,
            requests: self.fleet.requests(),
        };
        let run = Run { wall: used.wall, ready: report.ready, program: Some(program) };
        Measured { run, sandbox_cpu, late: report.late }
    }

    /// Kills it when all tenants are patched and none can go on, and starts it again.
    pub(crate) async fn killed(&self) -> Restart {
        let image = self.fleet.ring_image();
        let in_flight = self.fleet.tenants().len();
        argocd_runs(self.fleet, false);
        self.fleet.expect(&image);
        let first = self.installation.start(&self.start(&image));
        self.until("watch applications.argoproj.io", in_flight).await;
        kill(first).await;
        self.fleet.expect(&image);
        let began = Instant::now();
        let second = self.installation.start(&self.start(&image));
        self.until("watch applications.argoproj.io", in_flight).await;
        let driven = began.elapsed();
        let began = Instant::now();
        argocd_runs(self.fleet, true);
        let used = self.installation.success(second).await;
        let ended = began.elapsed();
        let ready = self.fleet.ready().ready;
        let program = Figures {
            verdicts: self.installation.verdicts(),
            cpu: used.cpu,
            peak_bytes: used.peak_bytes,
            requests: self.fleet.requests(),
        };
        Restart { in_flight, driven, ended, run: Run { wall: used.wall, ready, program: Some(program) } }
    }

    /// Waits until Ringway has sent so many requests of a kind.
    async fn until(&self, kind: &str, count: usize) {
        while self.fleet.requests().get(kind).copied().unwrap_or(0) < count {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

fn argocd_runs(fleet: &Fleet, runs: bool) {
    fleet.ask(&Question::Argocd(runs))
}

/// Ends it as a machine that loses its power would.
async fn kill(running: Running) {
    let id = Pid::from_raw(i32::try_from(running.id).unwrap()).unwrap();
    kill_process(id, Signal::KILL).unwrap();
    running.end().await;
}
