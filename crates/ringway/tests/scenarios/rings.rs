//! Pull requests drive releases: the server with GitHub and a fleet around it.

mod crash;
mod doctor;
mod gates;
mod guide;
mod labels;
mod rivals;
mod story;
mod writing;

use crate::harness::{Github, PullRequest, Ran, Ringway, Running, Tenant, until};
use rustix::process::Signal;
use serde_json::Value;
use std::process::Command;

/// The server as it is started for pull requests.
const SERVE: [&str; 5] = ["serve", "--listen", "127.0.0.1:0", "--log-format", "json"];

/// The label of a cohort file.
fn label(cohort: &str) -> String {
    format!("cohort:github:path:{cohort}")
}

/// Whether all pods of some tenants run this image.
fn run(tenants: &[Tenant], image: &str) -> bool {
    tenants.iter().all(|tenant| {
        let images = tenant.images("atlas");
        !images.is_empty() && images.iter().all(|running| running == image)
    })
}

/// GitHub, and a server that looks after its pull requests.
struct Scene {
    // First, so that it ends before GitHub does.
    server: Option<Running>,
    ringway: Ringway,
    github: Github,
    told: bool,
}

impl Scene {
    /// With `more` in the service's `rings`, and these cohorts: name, and tenants separated by commas.
    fn new(more: &str, cohorts: &[(&str, &str)]) -> Self {
        Self::begin(cohorts, true, |github| github.configuration(more))
    }

    /// With a server that is a user with a token, and no App.
    fn of_a_user(cohorts: &[(&str, &str)]) -> Self {
        Self::on(Github::with_a_user(), cohorts, true, |github| github.configuration(""))
    }

    /// With a configuration that is changed.
    fn with(cohorts: &[(&str, &str)], change: impl FnOnce(String) -> String) -> Self {
        Self::begin(cohorts, true, |github| change(github.configuration("")))
    }

    /// With a server that GitHub tells nothing.
    fn untold(cohorts: &[(&str, &str)]) -> Self {
        Self::begin(cohorts, false, |github| github.configuration(""))
    }

    fn begin(cohorts: &[(&str, &str)], told: bool, configuration: impl FnOnce(&Github) -> String) -> Self {
        Self::on(Github::begin(), cohorts, told, configuration)
    }

    fn on(
        github: Github,
        cohorts: &[(&str, &str)],
        told: bool,
        configuration: impl FnOnce(&Github) -> String,
    ) -> Self {
        for (name, tenants) in cohorts {
            github.cohort(name, &tenants.split(',').collect::<Vec<_>>());
        }
        let ringway = Ringway::with(&configuration(&github));
        let mut scene = Self { server: None, ringway, github, told };
        scene.start();
        scene
    }

    /// Starts the server.
    fn start(&mut self) {
        self.start_as(self.ringway.command(&SERVE));
    }

    /// Starts the server by a command that differs in something.
    fn start_as(&mut self, command: Command) {
        let server = Running::of(command);
        server.address();
        if self.told {
            self.github.tells(&server);
        }
        self.server = Some(server);
    }

    /// Ends the server.
    fn stop(&mut self, signal: Signal) -> Ran {
        self.server.take().unwrap().ended_by(signal)
    }

    /// A pull request of a new ring whose image all tenants of a cohort run.
    #[track_caller]
    fn released(&self, branch: &str, cohort: &str, tenants: &[Tenant]) -> PullRequest<'_> {
        let pull = self.github.ring(branch);
        pull.label(&label(cohort));
        pull.build();
        let done = format!("{count} of {count}", count = tenants.len());
        pull.says(&["Ring release accepted", &done]);
        until("the tenants run the image", || run(tenants, &pull.image()));
        until("the release has ended", || self.status()["under_way"].as_array().unwrap().is_empty());
        pull
    }

    /// A pull request that is there already.
    fn pull(&self, number: u64, branch: &str) -> PullRequest<'_> {
        self.github.known(number, branch)
    }

    fn status(&self) -> Value {
        self.ringway.run(&["status", "-o", "json"]).expect(0).json()
    }

    /// How many labels of a pull request are gone and still hold tenants.
    fn noticed_gone(&self, number: u64) -> usize {
        crate::observe::noticed_gone(&self.ringway, number)
    }
}
