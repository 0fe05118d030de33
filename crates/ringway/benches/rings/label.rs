//! From a label, or from the end of the build that it waited for, to the result in the pull request.

use crate::{
    apart::Fleet,
    figures::{Program, Run},
    hub::Hub,
    served::Size,
    server::Server,
    stage::Calls,
};
use jiff::Timestamp;
use std::time::Duration;

const BRANCH: &str = "ring-bench";

/// Longer than a measurement: what is measured is woken by GitHub.
const SWEEP: &str = "10m";

/// What comes last, and begins the release.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Last {
    Label,
    Build,
}

/// One release that a pull request asked for.
pub(crate) struct Labelled {
    /// From the beginning to the comment with the result.
    pub(crate) run: Run,
    /// From the beginning until it was said that the release is accepted.
    pub(crate) accepted: Duration,
    /// From the beginning to the last verdict in the ledger.
    pub(crate) decided: Duration,
    /// All that was asked of GitHub from before the pull request was opened until everything was said.
    pub(crate) calls: Calls,
    pub(crate) sandbox_cpu: Duration,
}

pub(crate) async fn measure(size: Size, parallel: usize, last: Last) -> Labelled {
    let fleet = Fleet::start(size);
    let hub = Hub(&fleet);
    hub.cohort(fleet.tenants());
    let server = Server::start(&hub, parallel, SWEEP).await;
    hub.tell(&server.webhook);
    hub.until_quiet().await;
    let before = hub.calls();
    let ring = [BRANCH.to_owned()];
    let tag = hub.open(&ring).remove(0);
    fleet.expect(&format!("{}/atlas-metastore-{BRANCH}:{tag}", fleet.registry()));
    let cpu = fleet.cpu();
    let began = begin(&hub, &ring, &tag, last).await;
    let result = hub.until_said(BRANCH, " what=ended-").await;
    let sandbox_cpu = fleet.cpu().saturating_sub(cpu);
    hub.until_quiet().await;
    let after = hub.calls();
    let accepted = hub.comment(BRANCH, " what=accepted-").unwrap();
    let (requests, ready) = (fleet.requests(), fleet.ready().ready);
    let (installation, used) = server.end().await;
    let verdicts = installation.verdicts();
    let decided = verdicts.values().map(|verdict| verdict.given).max().unwrap();
    let program = Program { verdicts, cpu: used.cpu, peak_bytes: used.peak_bytes, requests };
    Labelled {
        run: Run { wall: between(began, result.at), ready, program: Some(program) },
        accepted: between(began, accepted.at),
        decided: between(began, decided),
        calls: Calls {
            total: after.total - before.total,
            content: after.content - before.content,
            not_modified: after.not_modified - before.not_modified,
        },
        sandbox_cpu,
    }
}

/// Does what a developer does. The answer is when the last of it was done.
async fn begin(hub: &Hub<'_>, ring: &[String], tag: &str, last: Last) -> Timestamp {
    hub.start_builds(ring);
    match last {
        Last::Label => {
            hub.push_image(BRANCH, tag);
            hub.finish_builds(ring);
            hub.until_quiet().await;
            hub.label(ring)
        }
        Last::Build => {
            hub.label(ring);
            hub.until_quiet().await;
            hub.push_image(BRANCH, tag);
            hub.finish_builds(ring)
        }
    }
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap()
}
