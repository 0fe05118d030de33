//! The GitHub of the story: its repositories, its people, and who Ringway is there.

use super::{files, scene::SERVICE};
use sandbox::github::{Github, Limits, Right, Role};
use std::net::SocketAddr;

/// The repository of the service.
pub(super) const REPOSITORY: &str = "acme/atlas-metastore";
/// The repository that has the cohorts.
pub(super) const COHORTS: &str = "acme/releases";
/// The folder that they are in there.
pub(super) const FOLDER: &str = "cohorts";
/// What builds an image of each commit.
pub(super) const WORKFLOW: &str = "maven.yml";
/// The part of it that counts.
pub(super) const JOB: &str = "build";
/// Whose ring the story is about.
pub(super) const DEVELOPER: &str = "dana";
/// Whose ring wants the same tenants.
pub(super) const RIVAL_DEVELOPER: &str = "max";
/// Who Ringway is on GitHub.
pub(super) const BOT: &str = "ringway-bot";
/// The first cohort of the story, by the name of its file.
pub(super) const FIRST: &str = "internal-level-1";
/// The second one.
pub(super) const SECOND: &str = "early-adopters";

/// What deliveries are signed with.
pub(super) const WEBHOOK_SECRET: &str = "known to GitHub and to Ringway";

/// What the README tells a team to grant a token.
const PERMISSIONS: [(&str, Right); 5] = [
    ("actions", Right::Read),
    ("contents", Right::Read),
    ("issues", Right::Read),
    ("pull_requests", Right::Write),
    ("statuses", Right::Write),
];

/// What the README tells a team to have delivered.
const EVENTS: [&str; 5] = ["pull_request", "push", "workflow_run", "workflow_job", "repository"];

/// What was made.
pub(super) struct Settled {
    /// The id of the service's repository.
    pub(super) repository: u64,
    /// With which Ringway proves that it is [`BOT`].
    pub(super) token: String,
}

/// Makes repositories and people, and the cohorts with these tenants.
pub(super) fn settle(github: &mut Github, first: &[String], second: &[String]) -> anyhow::Result<Settled> {
    github.limits = unhurried();
    let repository = github.repository(REPOSITORY, "master");
    let cohorts = github.repository(COHORTS, "main");
    github.workflow(repository, WORKFLOW);
    for person in [DEVELOPER, RIVAL_DEVELOPER, BOT] {
        github.user(person);
        github.set_role(repository, person, Role::Write);
    }
    github.set_role(cohorts, BOT, Role::Read);
    for (name, tenants) in [(FIRST, first), (SECOND, second)] {
        let path = format!("{FOLDER}/{name}.json");
        github.push(cohorts, "main", &[(path.as_str(), files::cohort(tenants).as_str())], DEVELOPER)?;
    }
    let token = github.fine_grained_token(BOT, &[repository, cohorts], &PERMISSIONS);
    Ok(Settled { repository, token })
}

/// Lets GitHub tell Ringway what happens.
pub(super) fn tell(github: &mut Github, repository: u64, server: SocketAddr) {
    let url = format!("http://{server}{}", crate::intake::PATH);
    github.add_repository_hook(repository, &url, WEBHOOK_SECRET, &EVENTS);
}

/// The label that asks for a cohort.
pub(super) fn label(cohort: &str) -> String {
    format!("cohort:github:path:{cohort}")
}

/// A story of days is told within seconds, so what is allowed in a minute must be enough for days.
fn unhurried() -> Limits {
    const PLENTY: u64 = 1_000_000;
    Limits {
        points_in_a_minute: PLENTY,
        content_in_a_minute: 10_000,
        content_in_an_hour: 10_000,
        ..Limits::default()
    }
}

/// What a pull request of the ring is called.
pub(super) fn title(ring: &str) -> String {
    format!("{SERVICE}: {}", ring.trim_start_matches("ring-"))
}
