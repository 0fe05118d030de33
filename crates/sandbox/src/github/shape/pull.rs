//! Pull requests and what is on them as JSON.

use super::node;
use crate::github::{Comment, Github, IssueEvent, PullRequest, Repository, Review, Role, written};
use serde_json::{Value, json};

impl Github {
    /// A pull request: as lists have it, or whole.
    pub(in crate::github) fn pull_shape(&self, base: &Repository, pull: &PullRequest, whole: bool) -> Value {
        let (api, page) = (self.address_of(base), self.page_of(base));
        let number = pull.number;
        let (this, issue) = (format!("{api}/pulls/{number}"), format!("{api}/issues/{number}"));
        let html = format!("{page}/pull/{number}");
        let (commits, comments) = (format!("{this}/commits"), format!("{issue}/comments"));
        let reviews = format!("{this}/comments");
        let review = format!("{api}/pulls/comments{{/number}}");
        let statuses = format!("{api}/statuses/{}", pull.head_commit);
        let link = |address: &str| json!({"href": address});
        let head = pull.head_repository.and_then(|id| self.repositories.get(&id));
        let mut shape = json!({
            "url": this,
            "id": pull.id,
            "node_id": node("PullRequest", pull.id),
            "html_url": html,
            "diff_url": format!("{html}.diff"),
            "patch_url": format!("{html}.patch"),
            "issue_url": issue,
            "commits_url": commits,
            "review_comments_url": reviews,
            "review_comment_url": review,
            "comments_url": comments,
            "statuses_url": statuses,
            "number": number,
            "state": if pull.open { "open" } else { "closed" },
            "locked": false,
            "active_lock_reason": null,
            "title": pull.title,
            "user": self.account_shape(pull.author),
            "body": pull.body,
            "labels": self.labels_shape(base, pull),
            "milestone": null,
            "created_at": written(pull.created_at),
            "updated_at": written(pull.updated_at),
            "closed_at": pull.closed_at.map(written),
            "merged_at": pull.merged.as_ref().map(|(_, at, _)| written(*at)),
            "merge_commit_sha": pull.merged.as_ref().map(|(_, _, commit)| commit),
            "draft": pull.draft,
            "author_association": self.association(base, pull.author),
            "auto_merge": null,
        });
        for field in ["assignees", "requested_reviewers", "requested_teams"] {
            shape[field] = json!([]);
        }
        shape["assignee"] = Value::Null;
        shape["head"] = self.side_shape(head, pull.head_owner, &pull.head_branch, &pull.head_commit);
        shape["base"] = self.side_shape(Some(base), base.owner, &pull.base_branch, &pull.base_commit);
        shape["_links"] = json!({
            "self": link(&this),
            "html": link(&html),
            "issue": link(&issue),
            "comments": link(&comments),
            "review_comments": link(&reviews),
            "review_comment": link(&review),
            "commits": link(&commits),
            "statuses": link(&statuses),
        });
        if whole {
            shape["merged"] = json!(pull.merged.is_some());
            shape["mergeable"] = if pull.open { json!(true) } else { Value::Null };
            shape["rebaseable"] = shape["mergeable"].clone();
            shape["mergeable_state"] = json!(if pull.draft { "draft" } else { "clean" });
            shape["merged_by"] =
                pull.merged.as_ref().map(|(by, _, _)| self.account_shape(*by)).unwrap_or_default();
            shape["comments"] = json!(pull.comments.len());
            shape["maintainer_can_modify"] = json!(false);
            shape["commits"] = json!(1);
            shape["changed_files"] = json!(1);
            for field in ["review_comments", "additions", "deletions"] {
                shape[field] = json!(0);
            }
        }
        shape
    }

    fn labels_shape(&self, base: &Repository, pull: &PullRequest) -> Value {
        let labels = pull.labels.iter().filter_map(|id| base.labels.get(id));
        labels.map(|label| self.label_shape(base.id, label)).collect()
    }

    fn side_shape(&self, repository: Option<&Repository>, owner: u64, branch: &str, commit: &str) -> Value {
        let login = self.accounts.get(&owner).map_or("ghost", |owner| owner.login.as_str());
        json!({
            "label": format!("{login}:{branch}"),
            "ref": branch,
            "sha": commit,
            "user": self.account_shape(owner),
            "repo": repository.map(|repository| self.repository_shape(repository)),
        })
    }

    /// A pull request in a few words, as runs and check runs carry it.
    pub(in crate::github) fn small_pull_shape(&self, base: &Repository, pull: &PullRequest) -> Value {
        let small = |repository: Option<&Repository>| {
            repository.map(|it| json!({"id": it.id, "url": self.address_of(it), "name": it.name}))
        };
        let head = pull.head_repository.and_then(|id| self.repositories.get(&id));
        json!({
            "id": pull.id,
            "number": pull.number,
            "url": format!("{}/pulls/{}", self.address_of(base), pull.number),
            "head": {"ref": pull.head_branch, "sha": pull.head_commit, "repo": small(head)},
            "base": {"ref": pull.base_branch, "sha": pull.base_commit, "repo": small(Some(base))},
        })
    }

    /// The issue that a pull request is, as webhooks about comments carry it.
    pub(in crate::github) fn issue_shape(&self, base: &Repository, pull: &PullRequest) -> Value {
        let (api, page) = (self.address_of(base), self.page_of(base));
        let issue = format!("{api}/issues/{}", pull.number);
        let html = format!("{page}/pull/{}", pull.number);
        json!({
            "url": issue,
            "repository_url": api,
            "labels_url": format!("{issue}/labels{{/name}}"),
            "comments_url": format!("{issue}/comments"),
            "events_url": format!("{issue}/events"),
            "html_url": html,
            "id": pull.id + 1_000_000_000,
            "node_id": node("Issue", pull.id),
            "number": pull.number,
            "title": pull.title,
            "user": self.account_shape(pull.author),
            "labels": self.labels_shape(base, pull),
            "state": if pull.open { "open" } else { "closed" },
            "locked": false,
            "assignee": null,
            "assignees": [],
            "milestone": null,
            "comments": pull.comments.len(),
            "created_at": written(pull.created_at),
            "updated_at": written(pull.updated_at),
            "closed_at": pull.closed_at.map(written),
            "author_association": self.association(base, pull.author),
            "active_lock_reason": null,
            "draft": pull.draft,
            "pull_request": {
                "url": format!("{api}/pulls/{}", pull.number),
                "html_url": html,
                "diff_url": format!("{html}.diff"),
                "patch_url": format!("{html}.patch"),
                "merged_at": pull.merged.as_ref().map(|(_, at, _)| written(*at)),
            },
            "body": pull.body,
            "reactions": reactions(&issue),
            "timeline_url": format!("{issue}/timeline"),
            "performed_via_github_app": null,
            "state_reason": null,
        })
    }

    pub(in crate::github) fn comment_shape(
        &self,
        base: &Repository,
        pull: &PullRequest,
        comment: &Comment,
    ) -> Value {
        let this = format!("{}/issues/comments/{}", self.address_of(base), comment.id);
        json!({
            "url": this,
            "html_url": format!("{}/pull/{}#issuecomment-{}", self.page_of(base), pull.number, comment.id),
            "issue_url": format!("{}/issues/{}", self.address_of(base), pull.number),
            "id": comment.id,
            "node_id": node("IssueComment", comment.id),
            "user": self.account_shape(comment.author),
            "created_at": written(comment.created_at),
            "updated_at": written(comment.updated_at),
            "author_association": self.association(base, comment.author),
            "body": comment.body,
            "reactions": reactions(&this),
            "performed_via_github_app": comment.app.map(|app| self.app_shape(app)),
        })
    }

    pub(in crate::github) fn event_shape(&self, base: &Repository, event: &IssueEvent) -> Value {
        let mut shape = json!({
            "id": event.id,
            "node_id": node("IssueEvent", event.id),
            "url": format!("{}/issues/events/{}", self.address_of(base), event.id),
            "actor": self.account_shape(event.actor),
            "event": event.event,
            "commit_id": null,
            "commit_url": null,
            "created_at": written(event.at),
            "performed_via_github_app": null,
        });
        if let (Value::Object(shape), Value::Object(more)) = (&mut shape, &event.more) {
            shape.extend(more.clone());
        }
        if let Some(commit) = event.more["commit_id"].as_str() {
            shape["commit_url"] = json!(format!("{}/commits/{commit}", self.address_of(base)));
        }
        shape
    }

    /// A review; webhooks write its state in lower case.
    pub(in crate::github) fn review_shape(
        &self,
        base: &Repository,
        pull: &PullRequest,
        review: &Review,
        in_webhook: bool,
    ) -> Value {
        let html = format!("{}/pull/{}#pullrequestreview-{}", self.page_of(base), pull.number, review.id);
        let address = format!("{}/pulls/{}", self.address_of(base), pull.number);
        let state = if in_webhook { review.state.to_lowercase() } else { review.state.clone() };
        json!({
            "id": review.id,
            "node_id": node("PullRequestReview", review.id),
            "user": self.account_shape(review.author),
            "body": review.body,
            "state": state,
            "html_url": html,
            "pull_request_url": address,
            "author_association": self.association(base, review.author),
            "_links": {"html": {"href": html}, "pull_request": {"href": address}},
            "submitted_at": written(review.at),
            "commit_id": review.commit,
        })
    }

    /// What somebody is to a repository. Nobody should decide anything by it.
    fn association(&self, repository: &Repository, account: u64) -> &'static str {
        match repository.roles.get(&account) {
            _ if repository.owner == account => "OWNER",
            Some(role) if *role > Role::None => "COLLABORATOR",
            _ => "NONE",
        }
    }
}

fn reactions(of: &str) -> Value {
    json!({
        "url": format!("{of}/reactions"),
        "total_count": 0, "+1": 0, "-1": 0, "laugh": 0, "hooray": 0, "confused": 0, "heart": 0, "rocket": 0, "eyes": 0,
    })
}
