//! The story: what happens in which order, through the same code as the commands that it shows.

mod acts;

use super::{
    expected::Expected,
    following,
    hands::Hands,
    narrator::Narrator,
    scene::{SERVICE, Scene},
};
use crate::{
    config::cohort,
    owner::Owner,
    request::{Answer, CleanupRequest, ReleaseRequest, Selection},
    start, start_cleanup,
    state::StateFolder,
};
use release::report::RunReport;
use std::path::Path;

/// One release or cleanup of the story.
pub(super) struct Step {
    /// What it is called in the table.
    pub(super) heading: String,
    /// How it ended.
    pub(super) report: RunReport,
}

/// What came out of the story.
#[derive(Default)]
pub(super) struct Told {
    /// The releases and cleanups, in order.
    pub(super) steps: Vec<Step>,
    /// What did not go as told.
    pub(super) differences: Vec<String>,
}

/// Everything that the story needs.
pub(super) struct Story<'a> {
    /// The fleet.
    pub(super) scene: &'a Scene,
    /// What drives releases.
    pub(super) owner: &'a Owner,
    /// Where its state is.
    pub(super) folder: &'a StateFolder,
    /// What people do by hand.
    pub(super) hands: &'a Hands,
    /// Who tells it.
    pub(super) narrator: &'a mut Narrator,
    /// What came out of it so far.
    pub(super) told: &'a mut Told,
}

/// A release of the story.
struct Release<'a> {
    heading: &'a str,
    ring: &'a str,
    image: &'a str,
    cohort: &'a str,
}

impl Story<'_> {
    /// Begins a release as `ringway release start` does.
    async fn begin(&mut self, release: &Release<'_>) -> anyhow::Result<Answer> {
        let Release { ring, image, cohort: file, .. } = release;
        self.narrator
            .command(&words(&[
                "ringway release start --ring",
                ring,
                "--service",
                SERVICE,
                "--cohort",
                file,
                "--image",
                image,
            ]))
            .await;
        let limit = self.owner.world().config.limits.cohort_size;
        let cohort = cohort::load(&self.scene.path(Path::new(file)), limit)?;
        let request = ReleaseRequest {
            ring: (*ring).to_owned(),
            service: SERVICE.to_owned(),
            images: vec![(*image).to_owned()],
            tenants: cohort.tenants,
            cohort: Some(cohort.name),
            max_parallel: None,
            all_or_nothing: false,
            origin: None,
        };
        start::release(self.owner, request).await
    }

    /// Follows a release until it ends, and looks whether it ended as expected.
    async fn release(&mut self, release: &Release<'_>, expected: &Expected) -> anyhow::Result<()> {
        let answer = self.begin(release).await?;
        let report =
            following::follow(self.owner, self.folder, &answer, self.narrator, std::future::pending())
                .await?;
        self.ended(release.heading, report, expected);
        Ok(())
    }

    /// Takes everything of a ring back as `ringway cleanup` does.
    async fn cleanup(&mut self, heading: &str, ring: &str, expected: &Expected) -> anyhow::Result<()> {
        self.narrator.command(&words(&["ringway cleanup --ring", ring])).await;
        let selection = Selection::Ring(ring.to_owned());
        let request = CleanupRequest { selection, max_parallel: None, origin: None };
        let answer = start_cleanup::cleanup(self.owner, request).await?;
        let report =
            following::follow(self.owner, self.folder, &answer, self.narrator, std::future::pending())
                .await?;
        self.ended(heading, report, expected);
        Ok(())
    }

    fn ended(&mut self, heading: &str, report: RunReport, expected: &Expected) {
        for difference in expected.differences(&report) {
            self.differs(difference);
        }
        self.told.steps.push(Step { heading: heading.to_owned(), report });
    }

    /// Something did not go as told.
    pub(super) fn differs(&mut self, difference: String) {
        self.narrator.block(&format!("  NOT AS TOLD: {difference}"));
        self.told.differences.push(difference);
    }

    /// Notes a difference unless something holds.
    fn check(&mut self, holds: bool, difference: impl FnOnce() -> String) {
        if !holds {
            self.differs(difference());
        }
    }

    /// What was last said about a tenant that did not succeed.
    fn last_problem(&self, tenant: &str) -> Option<&release::step::Problem> {
        let report = &self.told.steps.last()?.report;
        report.tenants.iter().find(|report| report.tenant == tenant)?.problem.as_ref()
    }
}

/// The words of a command; what is given in one piece may have several.
fn words(parts: &[&str]) -> Vec<String> {
    parts.iter().flat_map(|part| part.split(' ')).map(str::to_owned).collect()
}
