//! Workflows, runs and jobs as JSON.

use super::node;
use crate::github::{Github, Job, Repository, Run, build::Workflow, written};
use serde_json::{Value, json};

impl Github {
    pub(in crate::github) fn workflow_shape(&self, repository: &Repository, workflow: &Workflow) -> Value {
        let (api, page) = (self.address_of(repository), self.page_of(repository));
        let (path, branch) = (path_of(workflow), &repository.default_branch);
        json!({
            "id": workflow.id,
            "node_id": node("Workflow", workflow.id),
            "name": workflow.file,
            "path": path,
            "state": "active",
            "created_at": written(workflow.created_at),
            "updated_at": written(workflow.created_at),
            "url": format!("{api}/actions/workflows/{}", workflow.id),
            "html_url": format!("{page}/blob/{branch}/{path}"),
            "badge_url": format!("{page}/workflows/{}/badge.svg", workflow.file),
        })
    }

    pub(in crate::github) fn run_shape(&self, repository: &Repository, run: &Run) -> Value {
        let (api, page) = (self.address_of(repository), self.page_of(repository));
        let this = format!("{api}/actions/runs/{}", run.id);
        let workflow = repository.workflows.get(&run.workflow);
        let path = workflow.map(path_of).unwrap_or_default();
        let head = self.repositories.get(&run.head_repository).unwrap_or(repository);
        let title = self.commits.get(&run.head_commit).map(|commit| commit.message.clone());
        // Only pull requests of the repository itself: "empty for forks".
        let pulls = repository.pulls.values().filter(|pull| {
            pull.open
                && run.head_repository == repository.id
                && pull.head_repository == Some(repository.id)
                && (pull.head_branch == run.head_branch && pull.head_commit == run.head_commit)
        });
        let pulls: Vec<Value> = pulls.map(|pull| self.small_pull_shape(repository, pull)).collect();
        let previous = format!("{this}/attempts/{}", run.attempt - 1);
        json!({
            "id": run.id,
            "name": workflow.map(|workflow| workflow.file.clone()),
            "node_id": node("WorkflowRun", run.id),
            "check_suite_id": run.suite,
            "check_suite_node_id": node("CheckSuite", run.suite),
            "head_branch": run.head_branch,
            "head_sha": run.head_commit,
            "path": path,
            "run_number": run.run_number,
            "run_attempt": run.attempt,
            "display_title": title.unwrap_or_default(),
            "event": run.event,
            "status": run.status,
            "conclusion": run.conclusion,
            "workflow_id": run.workflow,
            "url": this,
            "html_url": format!("{page}/actions/runs/{}", run.id),
            "pull_requests": pulls,
            "created_at": written(run.created_at),
            "updated_at": written(run.updated_at),
            "run_started_at": written(run.started_at),
            "actor": self.account_shape(run.actor),
            "triggering_actor": self.account_shape(run.actor),
            "referenced_workflows": [],
            "jobs_url": format!("{this}/jobs"),
            "logs_url": format!("{this}/logs"),
            "check_suite_url": format!("{api}/check-suites/{}", run.suite),
            "artifacts_url": format!("{this}/artifacts"),
            "cancel_url": format!("{this}/cancel"),
            "rerun_url": format!("{this}/rerun"),
            "previous_attempt_url": (run.attempt > 1).then_some(previous),
            "workflow_url": format!("{api}/actions/workflows/{}", run.workflow),
            "head_commit": self.simple_commit_shape(&run.head_commit),
            "repository": self.small_repository_shape(repository),
            "head_repository": self.small_repository_shape(head),
        })
    }

    pub(in crate::github) fn job_shape(&self, repository: &Repository, run: &Run, job: &Job) -> Value {
        let (api, page) = (self.address_of(repository), self.page_of(repository));
        let workflow = repository.workflows.get(&run.workflow).map(|workflow| workflow.file.clone());
        json!({
            "id": job.id,
            "run_id": run.id,
            "run_url": format!("{api}/actions/runs/{}", run.id),
            "run_attempt": job.attempt,
            "node_id": node("CheckRun", job.id),
            "head_sha": run.head_commit,
            "head_branch": run.head_branch,
            "url": format!("{api}/actions/jobs/{}", job.id),
            "html_url": format!("{page}/actions/runs/{}/job/{}", run.id, job.id),
            "status": job.status,
            "conclusion": job.conclusion,
            "created_at": written(job.started_at),
            "started_at": written(job.started_at),
            "completed_at": job.completed_at.map(written),
            "name": job.name,
            "steps": [],
            "check_run_url": format!("{api}/check-runs/{}", job.id),
            "labels": ["ubuntu-latest"],
            "runner_id": null,
            "runner_name": null,
            "runner_group_id": null,
            "runner_group_name": null,
            "workflow_name": workflow,
        })
    }
}

fn path_of(workflow: &Workflow) -> String {
    format!(".github/workflows/{}", workflow.file)
}
