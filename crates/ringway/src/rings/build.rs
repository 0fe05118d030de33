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
                worst(jobs.into_iter().filter(|job| job.name == *name))
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

/// The job that counts, of all that have its name, which GitHub lets several have: one that has not succeeded.
fn worst(jobs: impl Iterator<Item = Job>) -> Option<BuildJob> {
    let rank = |job: &Job| (job.status == COMPLETED, job.conclusion.as_deref() == Some(SUCCESS));
    let Job { status, conclusion, .. } = jobs.min_by_key(rank)?;
    Some(BuildJob { status, conclusion })
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

#[cfg(test)]
mod tests {
    use super::worst;
    use crate::github::Job;

    #[test]
    fn of_jobs_of_one_name_the_one_that_has_not_succeeded_counts() {
        let job = |status: &str, conclusion: Option<&str>| Job {
            name: "build".into(),
            status: status.into(),
            conclusion: conclusion.map(str::to_owned),
        };
        let success = || job("completed", Some("success"));
        let counts = |jobs: Vec<Job>| worst(jobs.into_iter()).map(|job| (job.status, job.conclusion));
        let completed = |conclusion: &str| Some(("completed".to_owned(), Some(conclusion.to_owned())));
        assert_eq!(counts(vec![success(), success()]), completed("success"));
        assert_eq!(counts(vec![success(), job("completed", Some("skipped"))]), completed("skipped"));
        let goes_on = counts(vec![success(), job("completed", Some("failure")), job("in_progress", None)]);
        assert_eq!(goes_on, Some(("in_progress".to_owned(), None)));
        assert_eq!(counts(Vec::new()), None);
    }
}
