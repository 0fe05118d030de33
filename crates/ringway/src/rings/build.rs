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

/// How a run has ended that has succeeded.
const SUCCESS: &str = "success";

/// Where a job stands that has ended.
const COMPLETED: &str = "completed";

impl Rings {
    /// The build that counts for a pull request. `before` is what was known of it; a run that has ended is not asked for
    /// its jobs again.
    pub(super) async fn build(
        &self,
        rule: Option<&BuildRule>,
        pull: &PullRequest,
        before: Option<&Known<Option<Build>>>,
    ) -> Known<Option<Build>> {
        let Some(rule) = rule else { return Known::Yes(None) };
        let before = match before {
            Some(Known::Yes(Some(build))) => build.run.as_ref(),
            _ => None,
        };
        match self.newest_run(rule, pull, before).await {
            Ok(run) => Known::Yes(Some(Build { workflow: rule.workflow.clone(), run })),
            Err(error) => Known::NotYet(error.to_string()),
        }
    }

    async fn newest_run(
        &self,
        rule: &BuildRule,
        pull: &PullRequest,
        before: Option<&BuildRun>,
    ) -> Result<Option<BuildRun>, GithubError> {
        let runs = self.github().workflow_runs(&pull.repository, &rule.workflow, &pull.head_commit).await?;
        let Some(run) = newest(runs, pull) else { return Ok(None) };
        let job = match (&rule.job, before.and_then(|before| job_of(before, &run))) {
            (Some(_), Some(known)) => Some(known),
            // Until the run has succeeded, no job of it matters.
            (Some(name), None) if run.conclusion.as_deref() == Some(SUCCESS) => {
                let jobs = self.github().jobs(&pull.repository, run.id).await?;
                let job = jobs.into_iter().find(|job| job.name == *name);
                job.map(|Job { status, conclusion, .. }| BuildJob { status, conclusion })
            }
            _ => None,
        };
        Ok(Some(BuildRun {
            attempt: run.attempt,
            url: run.url,
            status: run.status,
            conclusion: run.conclusion,
            job,
        }))
    }
}

/// The job that was read of this attempt of the run before, if it had ended: then it stays as it is.
fn job_of(before: &BuildRun, run: &WorkflowRun) -> Option<BuildJob> {
    let is_same =
        (before.attempt, &before.url, &before.conclusion) == (run.attempt, &run.url, &run.conclusion);
    before.job.clone().filter(|job| is_same && job.status == COMPLETED)
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
