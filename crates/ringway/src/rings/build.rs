//! The build of a commit, as GitHub has it: the newest run of one workflow, and one job of it.

use super::Rings;
use crate::github::{GithubError, Job, WorkflowRun};
use release::decide::{
    facts::{Build, BuildJob, BuildRun, Known, PullRequest},
    rules::BuildRule,
};

/// The event that starts a build of a branch. Runs of other events may be about other things: those of `pull_request`
/// build a merge, those of `workflow_run` belong to the default branch.
const PUSH: &str = "push";

impl Rings {
    /// The build that counts for a pull request.
    pub(super) async fn build(&self, rule: Option<&BuildRule>, pull: &PullRequest) -> Known<Option<Build>> {
        let Some(rule) = rule else { return Known::Yes(None) };
        match self.newest_run(rule, pull).await {
            Ok(run) => Known::Yes(Some(Build { workflow: rule.workflow.clone(), run })),
            Err(error) => Known::NotYet(error.to_string()),
        }
    }

    async fn newest_run(
        &self,
        rule: &BuildRule,
        pull: &PullRequest,
    ) -> Result<Option<BuildRun>, GithubError> {
        let runs = self.github().workflow_runs(&pull.repository, &rule.workflow, &pull.head_commit).await?;
        let Some(run) = newest(runs, pull) else { return Ok(None) };
        let job = match &rule.job {
            None => None,
            Some(name) => {
                let jobs = self.github().jobs(&pull.repository, run.id).await?;
                jobs.into_iter().find(|job| job.name == *name)
            }
        };
        Ok(Some(BuildRun {
            attempt: run.attempt,
            url: run.url,
            status: run.status,
            conclusion: run.conclusion,
            job: job.map(|Job { status, conclusion, .. }| BuildJob { status, conclusion }),
        }))
    }
}

/// The newest run for exactly this commit, branch and repository. GitHub promises no order, and a branch of the same name
/// may be in a fork.
fn newest(runs: Vec<WorkflowRun>, pull: &PullRequest) -> Option<WorkflowRun> {
    let is_ours = |run: &WorkflowRun| {
        run.head_commit == pull.head_commit
            && run.head_branch.as_deref() == Some(&pull.head_branch)
            && run.head_repository == Some(pull.base_repository)
            && run.event == PUSH
    };
    runs.into_iter().filter(is_ours).max_by_key(|run| (run.run_number, run.attempt))
}
