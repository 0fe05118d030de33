//! Commits and files as JSON.

use super::{account::WEB, node};
use crate::github::{Github, Repository, repository::Commit, written};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// From this size on the JSON of a file has no content (<https://docs.github.com/en/rest/repos/contents>).
const LARGE_FILE: usize = 1 << 20;

impl Github {
    fn person(&self, account: u64, commit: &Commit) -> Value {
        let login = self.accounts.get(&account).map_or("ghost", |account| account.login.as_str());
        json!({
            "name": login,
            "email": format!("{account}+{login}@users.noreply.github.com"),
            "date": written(commit.at),
        })
    }

    /// A commit as webhooks carry it.
    pub(in crate::github) fn pushed_commit_shape(&self, repository: u64, name: &str) -> Value {
        let Some(commit) = self.commits.get(name) else { return Value::Null };
        let page = self.repositories.get(&repository).map(|it| self.page_of(it)).unwrap_or_default();
        let mut person = self.person(commit.author, commit);
        person["username"] = person["name"].clone();
        json!({
            "id": name,
            "tree_id": commit.tree,
            "distinct": true,
            "message": commit.message,
            "timestamp": written(commit.at),
            "url": format!("{page}/commit/{name}"),
            "author": person,
            "committer": person,
            "added": [],
            "removed": [],
            "modified": [],
        })
    }

    /// A commit in a few words, as runs carry it; nothing if it is gone.
    pub(in crate::github) fn simple_commit_shape(&self, name: &str) -> Value {
        let Some(commit) = self.commits.get(name) else { return Value::Null };
        let person = self.person(commit.author, commit);
        json!({
            "id": name,
            "tree_id": commit.tree,
            "message": commit.message,
            "timestamp": written(commit.at),
            "author": {"name": person["name"], "email": person["email"]},
            "committer": {"name": person["name"], "email": person["email"]},
        })
    }

    /// A commit.
    pub(in crate::github) fn commit_shape(
        &self,
        repository: &Repository,
        name: &str,
        commit: &Commit,
    ) -> Value {
        let (api, page) = (self.address_of(repository), self.page_of(repository));
        let parents = commit.parents.iter().map(|parent| {
            json!({
                "sha": parent,
                "url": format!("{api}/commits/{parent}"),
                "html_url": format!("{page}/commit/{parent}"),
            })
        });
        let verification = json!({
            "verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null,
        });
        json!({
            "sha": name,
            "node_id": node("Commit", u64::from_str_radix(name.get(..15).unwrap_or_default(), 16).unwrap_or(0)),
            "commit": {
                "author": self.person(commit.author, commit),
                "committer": self.person(commit.author, commit),
                "message": commit.message,
                "tree": {"sha": commit.tree, "url": format!("{api}/git/trees/{}", commit.tree)},
                "url": format!("{api}/git/commits/{name}"),
                "comment_count": 0,
                "verification": verification,
            },
            "url": format!("{api}/commits/{name}"),
            "html_url": format!("{page}/commit/{name}"),
            "comments_url": format!("{api}/commits/{name}/comments"),
            "author": self.account_shape(commit.author),
            "committer": self.account_shape(commit.author),
            "parents": parents.collect::<Vec<_>>(),
        })
    }

    /// A file or, without content, a folder.
    pub(in crate::github) fn entry_shape(
        &self,
        repository: &Repository,
        reference: &str,
        path: &str,
        content: Option<&Bytes>,
    ) -> Value {
        let (api, page) = (self.address_of(repository), self.page_of(repository));
        let kind = if content.is_some() { "file" } else { "dir" };
        let (object, view) = if content.is_some() { ("blobs", "blob") } else { ("trees", "tree") };
        let name = object_name(path, content);
        let this = format!("{api}/contents/{path}?ref={reference}");
        let git = format!("{api}/git/{object}/{name}");
        let html = format!("{page}/{view}/{reference}/{path}");
        let raw = WEB.replace("github.com", "raw.githubusercontent.com");
        let download = content.map(|_| format!("{raw}/{}/{reference}/{path}", self.full_name(repository)));
        json!({
            "type": kind,
            "size": content.map_or(0, Bytes::len),
            "name": path.rsplit('/').next(),
            "path": path,
            "sha": name,
            "url": this,
            "git_url": git,
            "html_url": html,
            "download_url": download,
            "_links": {"self": this, "git": git, "html": html},
        })
    }

    /// A file with its content, 60 letters of base64 a line.
    pub(in crate::github) fn file_shape(
        &self,
        repository: &Repository,
        reference: &str,
        path: &str,
        content: &Bytes,
    ) -> Value {
        let mut shape = self.entry_shape(repository, reference, path, Some(content));
        let large = content.len() > LARGE_FILE;
        let text = if large { String::new() } else { BASE64_STANDARD.encode(content) };
        let mut lines = String::with_capacity(text.len() + text.len() / 60 + 1);
        for (place, letter) in text.chars().enumerate() {
            lines.push(letter);
            if place % 60 == 59 {
                lines.push('\n');
            }
        }
        if !lines.is_empty() && !lines.ends_with('\n') {
            lines.push('\n');
        }
        shape["encoding"] = json!(if large { "none" } else { "base64" });
        shape["content"] = json!(lines);
        shape
    }
}

/// 40 digits that name a content, as git's own do; made in another way.
fn object_name(path: &str, content: Option<&Bytes>) -> String {
    let digest = Sha256::digest(content.map_or(path.as_bytes(), Bytes::as_ref));
    digest.iter().take(20).map(|byte| format!("{byte:02x}")).collect()
}
