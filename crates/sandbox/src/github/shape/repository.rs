//! Repositories and their labels as JSON.

use super::{account::WEB, node};
use crate::github::{Github, Label, Repository, written};
use serde_json::{Value, json};

/// The addresses below a repository's own, by the field that has them.
const PARTS: [(&str, &str); 37] = [
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
    ("url", ""),
];

impl Github {
    /// Where the API has a repository.
    pub(in crate::github) fn address_of(&self, repository: &Repository) -> String {
        format!("{}/repos/{}", self.api, self.full_name(repository))
    }

    /// Where people look at a repository.
    pub(in crate::github) fn page_of(&self, repository: &Repository) -> String {
        format!("{WEB}/{}", self.full_name(repository))
    }

    /// A repository as runs carry it.
    pub(in crate::github) fn small_repository_shape(&self, repository: &Repository) -> Value {
        let api = self.address_of(repository);
        let mut shape = json!({
            "id": repository.id,
            "node_id": node("Repository", repository.id),
            "name": repository.name,
            "full_name": self.full_name(repository),
            "owner": self.account_shape(repository.owner),
            "private": repository.private,
            "html_url": self.page_of(repository),
            "description": null,
            "fork": repository.parent.is_some(),
        });
        for (field, part) in PARTS {
            shape[field] = json!(format!("{api}{part}"));
        }
        shape
    }

    /// A repository as repositories and pull requests carry it.
    pub(in crate::github) fn repository_shape(&self, repository: &Repository) -> Value {
        let page = self.page_of(repository);
        let open = repository.pulls.values().filter(|pull| pull.open).count();
        let forks = self.repositories.values().filter(|it| it.parent == Some(repository.id)).count();
        let mut shape = self.small_repository_shape(repository);
        let more = json!({
            "visibility": if repository.private { "private" } else { "public" },
            "git_url": page.replace("https:", "git:") + ".git",
            "ssh_url": format!("git@github.com:{}.git", self.full_name(repository)),
            "clone_url": format!("{page}.git"),
            "svn_url": page,
            "mirror_url": null,
            "homepage": null,
            "language": null,
            "license": null,
            "topics": [],
            "default_branch": repository.default_branch,
            "created_at": written(repository.created_at),
            "updated_at": written(repository.pushed_at),
            "pushed_at": written(repository.pushed_at),
            "open_issues": open,
            "open_issues_count": open,
            "forks": forks,
            "forks_count": forks,
            "archived": false,
            "disabled": false,
            "is_template": false,
            "allow_forking": true,
            "web_commit_signoff_required": false,
        });
        if let (Value::Object(shape), Value::Object(more)) = (&mut shape, more) {
            shape.extend(more);
        }
        for field in ["size", "stargazers_count", "watchers_count", "watchers"] {
            shape[field] = json!(0);
        }
        for field in ["has_issues", "has_projects", "has_wiki", "has_downloads"] {
            shape[field] = json!(true);
        }
        for field in ["has_pages", "has_discussions"] {
            shape[field] = json!(false);
        }
        shape
    }

    pub(in crate::github) fn label_shape(&self, repository: u64, label: &Label) -> Value {
        let address = self.repositories.get(&repository).map(|it| self.address_of(it)).unwrap_or_default();
        json!({
            "id": label.id,
            "node_id": node("Label", label.id),
            "url": format!("{address}/labels/{}", encoded(&label.name)),
            "name": label.name,
            "color": "ededed",
            "default": false,
            "description": "",
        })
    }
}

/// A text as a part of a path.
pub(in crate::github) fn encoded(text: &str) -> String {
    let mut path = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                path.push(char::from(byte))
            }
            other => path.push_str(&format!("%{other:02X}")),
        }
    }
    path
}
