//! Files and commits.

use super::{
    reply::{Problem, Reply},
    request::Call,
    route::Answered,
};
use crate::github::{Github, Repository, Right, Role, repository::Commit};
use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use std::collections::BTreeMap;

const READ: [(&str, Right); 1] = [("contents", Right::Read)];

impl Github {
    /// The commit that a branch, a full name of one, or digits of a commit stand for.
    pub(super) fn commit_at(&self, repository: &Repository, reference: &str) -> Option<(&str, &Commit)> {
        let short = reference.strip_prefix("refs/").unwrap_or(reference);
        let branch = short.strip_prefix("heads/").unwrap_or(short);
        let is_digits = reference.len() >= 7 && reference.bytes().all(|byte| byte.is_ascii_hexdigit());
        let name = match repository.head(branch) {
            Some(head) => head,
            None if is_digits => reference,
            None => return None,
        };
        let mut found = self.commits.range(name.to_lowercase()..);
        let (full, commit) = found.next()?;
        let matches = full.starts_with(&name.to_lowercase()) && commit.network == repository.network;
        matches.then_some((full.as_str(), commit))
    }

    /// <https://docs.github.com/en/rest/commits/commits#get-a-commit>
    pub(super) fn get_commit(&self, call: &Call<'_>, repository: u64, reference: &str) -> Answered {
        let here = self.here(repository)?;
        self.allow(&call.identity, here, &READ, Role::Read)?;
        let found = self.commit_at(here, reference);
        let (name, commit) = found.ok_or_else(|| no_commit(reference))?;
        if call.wants("sha") {
            let content_type = "application/vnd.github.sha; charset=utf-8";
            let mut reply = Reply::raw(StatusCode::OK, content_type, Bytes::from(name.to_owned()));
            // The tag of this answer is the commit itself.
            reply.tag = Some(format!("\"{name}\""));
            return Ok(reply);
        }
        let mut shape = self.commit_shape(here, name, commit);
        shape["stats"] = serde_json::json!({"additions": 0, "deletions": 0, "total": 0});
        shape["files"] = serde_json::json!([]);
        Ok(Reply::found(&shape))
    }

    /// A file, or what is in a folder (<https://docs.github.com/en/rest/repos/contents#get-repository-content>).
    pub(super) fn get_contents(&self, call: &Call<'_>, repository: u64, path: &str) -> Answered {
        let here = self.here(repository)?;
        self.allow(&call.identity, here, &READ, Role::Read)?;
        let reference = call.query("ref").unwrap_or(&here.default_branch);
        let Some((_, commit)) = self.commit_at(here, reference) else {
            let message = format!("No commit found for the ref {reference}");
            return Err(Problem::new(StatusCode::NOT_FOUND, &message));
        };
        let path = path.trim_matches('/');
        if let Some(content) = commit.files.get(path) {
            if call.wants("raw") {
                let content_type = "application/vnd.github.raw+json; charset=utf-8";
                return Ok(Reply::raw(StatusCode::OK, content_type, content.clone()));
            }
            return Ok(Reply::found(&self.file_shape(here, reference, path, content)));
        }
        let entries = entries_of(commit, path);
        if entries.is_empty() {
            return Err(Problem::not_found());
        }
        let shapes = entries.into_iter().map(|(path, file)| self.entry_shape(here, reference, &path, file));
        Ok(Reply::found(&shapes.collect::<Value>()))
    }
}

/// The files and folders in a folder.
fn entries_of<'a>(commit: &'a Commit, folder: &str) -> BTreeMap<String, Option<&'a Bytes>> {
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let below =
        commit.files.iter().filter_map(|(path, content)| Some((path.strip_prefix(&prefix)?, content)));
    let entries = below.map(|(rest, content)| match rest.split_once('/') {
        Some((inner, _)) => (format!("{prefix}{inner}"), None),
        None => (format!("{prefix}{rest}"), Some(content)),
    });
    entries.collect()
}

/// What GitHub says of a commit that does not exist: no 404.
pub(super) fn no_commit(reference: &str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, &format!("No commit found for SHA: {reference}"))
}
