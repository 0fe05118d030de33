//! The story: what people do on GitHub and in the fleet, in which order, and what Ringway is to make of it.

mod ending;
mod labels;
mod others;

use super::{
    document::{About, GithubCalls},
    expected::Expected,
    following,
    github::BOT,
    hands::Hands,
    markdown::rendered,
    narrator::Narrator,
    pull_request::PullRequest,
    scene::Scene,
};
use crate::ledger::{Ledger, Run, RunFilter};
use release::{
    report::{RunKind, RunReport, pull_request::KEPT},
    step::Problem,
};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often it is seen whether something has come true.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How long something may take to come true, with as many tenants as there may be.
const PATIENCE: Duration = Duration::from_secs(120);

/// A run that has ended, with what asked for it.
pub(super) struct Ended {
    /// The number of the pull request.
    pub(super) pull_request: u64,
    /// The commit that was released.
    pub(super) commit: Option<String>,
    /// How it ended.
    pub(super) report: RunReport,
}

/// One step of the story.
pub(super) struct Step {
    /// What it is called in the table.
    pub(super) heading: String,
    /// What ran in it.
    pub(super) runs: Vec<Ended>,
}

/// What came out of the story.
#[derive(Default)]
pub(super) struct Told {
    /// The releases and cleanups, in order.
    pub(super) steps: Vec<Step>,
    /// What did not go as told.
    pub(super) differences: Vec<String>,
    /// The number of the pull request, and the commit that it ended with.
    pub(super) pull_request: (u64, String),
}

impl Told {
    /// What the story was about.
    pub(super) fn about(&self, scene: &Scene) -> About<'_> {
        let calls = scene.github(|github| github.calls);
        let github_calls = GithubCalls { content: calls.content, total: calls.total };
        About { pull_request: self.pull_request.0, commit: &self.pull_request.1, github_calls }
    }
}

/// Everything that the story needs.
pub(super) struct Story<'a> {
    /// The fleet and GitHub.
    pub(super) scene: &'a Scene,
    /// What Ringway has written down.
    pub(super) ledger: &'a Ledger,
    /// What people do by hand.
    pub(super) hands: &'a Hands,
    /// Who tells it.
    pub(super) narrator: &'a mut Narrator,
    /// What came out of it so far.
    pub(super) told: &'a mut Told,
}

/// What is to be run: for a pull request, these labels of its head commit, and how each is to end.
struct Releases<'s> {
    heading: &'s str,
    expected: Vec<(String, Expected)>,
}

impl<'a> Story<'a> {
    /// Tells all of it.
    pub(super) async fn tell(&mut self) -> anyhow::Result<()> {
        let pull = self.a_label_before_the_build().await?;
        self.the_build_is_done(&pull).await?;
        self.another_cohort(&pull).await?;
        self.a_fix(&pull).await?;
        self.another_ring().await?;
        self.somebody_reverts(&pull).await?;
        self.closed_without_merge(&pull).await?;
        self.as_before().await
    }

    /// Waits until a release of the head commit has begun for each label, follows them to their ends, and looks whether
    /// they ended as expected.
    async fn releases(
        &mut self,
        pull: &PullRequest<'_>,
        releases: Releases<'_>,
        meanwhile: impl AsyncFnOnce(&[String]) -> anyhow::Result<Option<Vec<String>>>,
    ) -> anyhow::Result<()> {
        let commit = pull.commit();
        let mut runs = Vec::new();
        for (label, _) in &releases.expected {
            let what = format!("a release of {commit} for {label} begins");
            let of_label = |run: &Run| {
                let origin = run.origin.as_ref();
                origin.is_some_and(|origin| {
                    (origin.commit.as_ref(), origin.label.as_ref()) == (Some(&commit), Some(label))
                })
            };
            runs.push(self.until(&what, || self.run(pull, RunKind::Release, of_label)).await?);
        }
        for run in &runs {
            let accepted = self.comment(pull, &format!("accepted-{run}")).await?;
            self.says(&accepted);
        }
        let reports = following::follow(self.ledger, &runs, self.narrator, meanwhile(&runs)).await?;
        for (report, (_, expected)) in reports.iter().zip(&releases.expected) {
            self.compare(report, expected);
        }
        let ended = |report| Ended { pull_request: pull.number, commit: Some(commit.clone()), report };
        let runs = reports.into_iter().map(ended).collect();
        self.told.steps.push(Step { heading: releases.heading.to_owned(), runs });
        Ok(())
    }

    /// The newest run of a pull request that is meant.
    fn run(
        &self,
        pull: &PullRequest<'_>,
        kind: RunKind,
        is_meant: impl Fn(&Run) -> bool,
    ) -> anyhow::Result<Option<String>> {
        let filter = RunFilter { kind: Some(kind), ring: Some(pull.ring.to_owned()), ..RunFilter::default() };
        let runs = self.ledger.runs(&filter)?;
        Ok(runs.into_iter().find(is_meant).map(|run| run.id))
    }

    fn compare(&mut self, report: &RunReport, expected: &Expected) {
        for difference in expected.differences(report) {
            self.differs(difference);
        }
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

    /// Waits for a comment of Ringway that is about this.
    async fn comment(&self, pull: &PullRequest<'_>, what: &str) -> anyhow::Result<String> {
        let awaited = format!("{} has the comment {what}", pull.name());
        self.until(&awaited, || Ok(pull.comment(what))).await
    }

    /// Waits until the comment that is kept up to date says this in its first line.
    async fn headline(&self, pull: &PullRequest<'_>, text: &str) -> anyhow::Result<String> {
        let awaited = format!("the comment in {} says: {text}", pull.name());
        let says = |body: &String| body.lines().next().is_some_and(|line| line.contains(text));
        self.until(&awaited, || Ok(pull.comment(KEPT).filter(says))).await
    }

    /// Tells the first line of a comment.
    fn says(&self, comment: &str) {
        if let Some(line) = rendered(comment, usize::MAX).first() {
            self.narrator.event(&format!("{BOT}: {line}"));
        }
    }

    /// Tells how the last runs ended, as it is said in the pull request, and what its commit says.
    async fn results(&mut self, pull: &PullRequest<'_>) -> anyhow::Result<()> {
        for run in self.last_runs() {
            let result = self.comment(pull, &format!("ended-{run}")).await?;
            self.says(&result);
        }
        self.status(pull).await
    }

    /// Tells what the commit says when nothing goes on any more.
    async fn status(&self, pull: &PullRequest<'_>) -> anyhow::Result<()> {
        let awaited = format!("commit {} says how it ended", pull.short());
        let ended = || Ok(pull.status().filter(|status| status.state != "pending"));
        let status = self.until(&awaited, ended).await?;
        let says = status.description.unwrap_or_default();
        self.narrator.event(&format!(
            "status of {}: {} {}: {says}",
            pull.short(),
            status.context,
            status.state
        ));
        Ok(())
    }

    fn last_runs(&self) -> Vec<String> {
        self.told
            .steps
            .last()
            .map(|step| step.runs.iter().map(|run| run.report.id.clone()).collect())
            .unwrap_or_default()
    }

    /// What was last said about a tenant that did not succeed.
    fn last_problem(&self, tenant: &str) -> Option<&Problem> {
        let mut tenants = self.told.steps.last()?.runs.iter().flat_map(|run| &run.report.tenants);
        tenants.find(|report| report.tenant == tenant)?.problem.as_ref()
    }

    fn last_message(&self, tenant: &str) -> String {
        self.last_problem(tenant).map(|problem| problem.message.clone()).unwrap_or_default()
    }

    /// Waits until something is there.
    async fn until<T>(
        &self,
        what: &str,
        mut found: impl FnMut() -> anyhow::Result<Option<T>>,
    ) -> anyhow::Result<T> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = found()? {
                return Ok(found);
            }
            anyhow::ensure!(Instant::now() < end, "waited {} s in vain until {what}", PATIENCE.as_secs());
            sleep(LOOK_EVERY).await;
        }
    }
}

/// Nobody does anything while runs go on.
async fn nobody(_: &[String]) -> anyhow::Result<Option<Vec<String>>> {
    std::future::pending().await
}

/// The words of a command; what is given in one piece may have several.
fn words(parts: &[&str]) -> Vec<String> {
    parts.iter().flat_map(|part| part.split(' ')).map(str::to_owned).collect()
}
