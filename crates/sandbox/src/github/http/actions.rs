//! Runs of workflows and their jobs.

use super::{
    reply::{Problem, Reply},
    request::Call,
    route::Answered,
};
use crate::github::{Github, Job, Right, Role, Run};
use serde_json::{Value, json};

const READ: [(&str, Right); 1] = [("actions", Right::Read)];

impl Github {
    /// Newest first (<https://docs.github.com/en/rest/actions/workflow-runs#list-workflow-runs-for-a-workflow>).
    pub(super) fn list_runs(&self, call: &Call<'_>, repository: u64, workflow: &str) -> Answered {
        let here = self.here(repository)?;
        self.allow(&call.identity, here, &READ, Role::Read)?;
        let id = here.workflow(workflow).ok_or_else(Problem::not_found)?.id;
        let is = |name: &str, value: &str| call.query(name).is_none_or(|wanted| wanted == value);
        let wanted = |run: &&Run| {
            // "Can be one of" the statuses and the conclusions.
            let status = call
                .query("status")
                .is_none_or(|wanted| wanted == run.status || Some(wanted) == run.conclusion.as_deref());
            let of_workflow = run.workflow == id && status && is("head_sha", &run.head_commit);
            of_workflow && is("branch", &run.head_branch) && is("event", &run.event)
        };
        let runs: Vec<&Run> = here.runs.values().rev().filter(wanted).collect();
        let total = runs.len();
        let shapes = |runs: Vec<&Run>| {
            let runs: Vec<Value> = runs.into_iter().map(|run| self.run_shape(here, run)).collect();
            json!({"total_count": total, "workflow_runs": runs})
        };
        Ok(self.listed(call, repository, &format!("actions/workflows/{id}/runs"), runs, shapes))
    }

    fn run_here(&self, repository: u64, run: &str) -> Result<&Run, Problem> {
        let run = run.parse().map_err(|_| Problem::not_found())?;
        self.here(repository)?.runs.get(&run).ok_or_else(Problem::not_found)
    }

    /// <https://docs.github.com/en/rest/actions/workflow-runs#get-a-workflow-run>
    pub(super) fn get_run(&self, call: &Call<'_>, repository: u64, run: &str) -> Answered {
        let here = self.here(repository)?;
        self.allow(&call.identity, here, &READ, Role::Read)?;
        Ok(Reply::found(&self.run_shape(here, self.run_here(repository, run)?)))
    }

    /// The jobs of the last attempt, or of all (<https://docs.github.com/en/rest/actions/workflow-jobs>).
    pub(super) fn list_jobs(&self, call: &Call<'_>, repository: u64, run: &str) -> Answered {
        let here = self.here(repository)?;
        self.allow(&call.identity, here, &READ, Role::Read)?;
        let run = self.run_here(repository, run)?;
        let all = call.query("filter") == Some("all");
        let jobs: Vec<&Job> = run.jobs.iter().filter(|job| all || job.attempt == run.attempt).collect();
        let total = jobs.len();
        let shapes = |jobs: Vec<&Job>| {
            let jobs: Vec<Value> = jobs.into_iter().map(|job| self.job_shape(here, run, job)).collect();
            json!({"total_count": total, "jobs": jobs})
        };
        Ok(self.listed(call, repository, &format!("actions/runs/{}/jobs", run.id), jobs, shapes))
    }
}
