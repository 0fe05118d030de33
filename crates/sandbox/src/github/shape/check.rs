//! Check runs and commit statuses as JSON.

use super::node;
use crate::github::{CheckRun, Github, Repository, Status, written};
use serde_json::{Value, json};

impl Github {
    pub(in crate::github) fn check_shape(&self, repository: &Repository, run: &CheckRun) -> Value {
        let (api, page) = (self.address_of(repository), self.page_of(repository));
        let this = format!("{api}/check-runs/{}", run.id);
        let here = repository.pulls.values().filter(|pull| {
            pull.open && pull.head_repository == Some(repository.id) && pull.head_commit == run.head_commit
        });
        let pulls: Vec<Value> = here.map(|pull| self.small_pull_shape(repository, pull)).collect();
        let html = format!("{page}/runs/{}", run.id);
        json!({
            "id": run.id,
            "name": run.name,
            "node_id": node("CheckRun", run.id),
            "head_sha": run.head_commit,
            "external_id": run.external_id,
            "url": this,
            "html_url": html,
            "details_url": run.details_url.as_ref().unwrap_or(&html),
            "status": run.status,
            "conclusion": run.conclusion,
            "started_at": written(run.started_at),
            "completed_at": run.completed_at.map(written),
            "output": {
                "title": run.title,
                "summary": run.summary,
                "text": run.text,
                "annotations_count": 0,
                "annotations_url": format!("{this}/annotations"),
            },
            "check_suite": {"id": run.suite},
            "app": self.app_shape(run.app),
            "pull_requests": pulls,
        })
    }

    /// What the webhook `check_run` carries: only there more is said about the suite
    /// (<https://docs.github.com/en/webhooks/webhook-events-and-payloads#check_run>).
    pub(in crate::github) fn check_payload(&self, repository: &Repository, run: &CheckRun) -> Value {
        let mut shape = self.check_shape(repository, run);
        shape["check_suite"] = json!({
            "id": run.suite,
            "node_id": node("CheckSuite", run.suite),
            "url": format!("{}/check-suites/{}", self.address_of(repository), run.suite),
            "head_sha": run.head_commit,
            "head_branch": null,
            "before": null,
            "after": null,
            "status": run.status,
            "conclusion": run.conclusion,
            "app": shape["app"],
            "repository": self.small_repository_shape(repository),
            "pull_requests": shape["pull_requests"],
            "created_at": written(run.started_at),
            "updated_at": written(run.started_at),
        });
        json!({"check_run": shape})
    }

    pub(in crate::github) fn status_shape(&self, repository: &Repository, status: &Status) -> Value {
        json!({
            "url": format!("{}/statuses/{}", self.address_of(repository), status.commit),
            "avatar_url": format!("https://avatars.githubusercontent.com/u/{}?v=4", status.creator),
            "id": status.id,
            "node_id": node("StatusContext", status.id),
            "state": status.state,
            "description": status.description,
            "target_url": status.target_url,
            "context": status.context,
            "created_at": written(status.at),
            "updated_at": written(status.at),
            "creator": self.account_shape(status.creator),
        })
    }

    /// What the webhook `status` carries (<https://docs.github.com/en/webhooks/webhook-events-and-payloads#status>).
    pub(in crate::github) fn status_payload(&self, repository: &Repository, status: &Status) -> Value {
        let api = self.address_of(repository);
        let commit = self.commits.get(&status.commit);
        let commit = commit.map(|commit| self.commit_shape(repository, &status.commit, commit));
        let here = repository.branches.iter().filter(|(_, head)| **head == status.commit);
        let branches = here.map(|(name, head)| {
            let commit = json!({"sha": head, "url": format!("{api}/commits/{head}")});
            json!({"name": name, "commit": commit, "protected": false})
        });
        json!({
            "id": status.id,
            "sha": status.commit,
            "name": self.full_name(repository),
            "avatar_url": null,
            "target_url": status.target_url,
            "context": status.context,
            "description": status.description,
            "state": status.state,
            "commit": commit,
            "branches": branches.collect::<Vec<_>>(),
            "created_at": written(status.at),
            "updated_at": written(status.at),
        })
    }
}
