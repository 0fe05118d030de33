//! Commits and pushes: what moves a branch, and what that does to pull requests.

use super::{
    Github, Impossible,
    repository::{Commit, Files},
};
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;

/// What stands for a commit where there is none.
const NO_COMMIT: &str = "0000000000000000000000000000000000000000";

impl Github {
    /// Makes a commit that no branch names yet.
    pub(super) fn commit(
        &mut self,
        repository: u64,
        parents: Vec<String>,
        files: Files,
        message: &str,
        author: u64,
    ) -> String {
        let (name, tree) = (self.digits(), self.digits());
        let network = self.repositories.get(&repository).map_or(repository, |repository| repository.network);
        let commit =
            Commit { network, parents, files, tree, message: message.to_owned(), author, at: self.now };
        self.commits.insert(name.clone(), commit);
        name
    }

    /// Pushes a commit that adds or changes files; the branch begins at the default branch if it is new. The answer is the
    /// commit.
    ///
    /// # Errors
    ///
    /// When there is no such repository.
    pub fn push(
        &mut self,
        repository: u64,
        branch: &str,
        files: &[(&str, &str)],
        by: &str,
    ) -> Result<String, Impossible> {
        let known = self.known_repository(repository)?;
        let parent = known.head(branch).or_else(|| known.head(&known.default_branch)).map(str::to_owned);
        let commit = self.commit_of(repository, parent, files, by);
        self.move_branch(repository, branch, Some(&commit), false, by);
        Ok(commit)
    }

    /// Replaces the last commit of a branch by another one. The answer is the commit.
    ///
    /// # Errors
    ///
    /// When there is no such branch.
    pub fn force_push(
        &mut self,
        repository: u64,
        branch: &str,
        files: &[(&str, &str)],
        by: &str,
    ) -> Result<String, Impossible> {
        let head = self.known_head(repository, branch)?;
        let parent = self.commits.get(&head).and_then(|commit| commit.parents.first()).cloned();
        let commit = self.commit_of(repository, parent, files, by);
        self.move_branch(repository, branch, Some(&commit), true, by);
        Ok(commit)
    }

    /// Lets a branch name a commit that exists: backwards, or one of another branch. New if there is no such branch.
    ///
    /// # Errors
    ///
    /// When there is no such repository or commit.
    pub fn reset_branch(
        &mut self,
        repository: u64,
        branch: &str,
        commit: &str,
        by: &str,
    ) -> Result<(), Impossible> {
        self.known_repository(repository)?;
        if !self.commits.contains_key(commit) {
            return Err(Impossible(format!(
                "branch {branch} cannot be at {commit}: there is no such commit"
            )));
        }
        let forced = self.known_head(repository, branch).is_ok();
        self.move_branch(repository, branch, Some(commit), forced, by);
        Ok(())
    }

    /// Deletes a branch. That closes the open pull requests that come from it
    /// (<https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/proposing-changes-to-your-work-with-pull-requests/creating-and-deleting-branches-within-your-repository>).
    ///
    /// # Errors
    ///
    /// When there is no such branch.
    pub fn delete_branch(&mut self, repository: u64, branch: &str, by: &str) -> Result<(), Impossible> {
        self.known_head(repository, branch)?;
        self.move_branch(repository, branch, None, false, by);
        let sender = self.user(by);
        for (base, number) in self.pulls_from(repository, branch) {
            self.close_as(base, number, sender);
            self.note(base, number, "head_ref_deleted", sender, Value::Null);
        }
        Ok(())
    }

    pub(super) fn known_head(&self, repository: u64, branch: &str) -> Result<String, Impossible> {
        let known = self.known_repository(repository)?;
        let head = known.head(branch).map(str::to_owned);
        head.ok_or_else(|| Impossible(format!("{} has no branch {branch:?}", self.full_name(known))))
    }

    fn commit_of(
        &mut self,
        repository: u64,
        parent: Option<String>,
        files: &[(&str, &str)],
        by: &str,
    ) -> String {
        let before = parent.as_ref().and_then(|parent| self.commits.get(parent));
        let mut all = before.map(|commit| commit.files.as_ref().clone()).unwrap_or_default();
        for (path, content) in files {
            all.insert((*path).to_owned(), Bytes::from((*content).to_owned()));
        }
        let message = match files {
            [] => "Change nothing".to_owned(),
            [(path, _)] => format!("Change {path}"),
            [(path, _), rest @ ..] => format!("Change {path} and {} more", rest.len()),
        };
        let author = self.user(by);
        self.commit(repository, parent.into_iter().collect(), Arc::new(all), &message, author)
    }

    /// Lets a branch name another commit, or none, and tells of it.
    pub(super) fn move_branch(
        &mut self,
        repository: u64,
        branch: &str,
        to: Option<&str>,
        forced: bool,
        by: &str,
    ) {
        let (now, sender) = (self.now, self.user(by));
        let mut before = None;
        self.with_repository(repository, |repository| {
            before = match to {
                Some(commit) => repository.branches.insert(branch.to_owned(), commit.to_owned()),
                None => repository.branches.remove(branch),
            };
            repository.pushed_at = now;
        });
        let push = self.push_payload(repository, branch, before.as_deref(), to, forced, sender);
        self.announce(repository, "push", None, sender, push);
        if before.is_none() || to.is_none() {
            self.announce_branch(repository, branch, to.is_some(), sender);
        }
        if let (Some(before), Some(after)) = (before, to) {
            for (base, number) in self.pulls_from(repository, branch) {
                self.follow_head(base, number, &before, after, forced, sender);
            }
        }
        if let Some(after) = to {
            self.with_repository(repository, |repository| {
                for pull in
                    repository.pulls.values_mut().filter(|pull| pull.open && pull.base_branch == branch)
                {
                    after.clone_into(&mut pull.base_commit);
                }
            });
        }
    }

    /// The open pull requests that come from a branch, with the repositories that they are in.
    fn pulls_from(&self, head: u64, branch: &str) -> Vec<(u64, u64)> {
        let all = self.repositories.values().flat_map(|it| it.pulls.values().map(move |pull| (it.id, pull)));
        let from = all.filter(|(_, pull)| {
            pull.open && pull.head_repository == Some(head) && pull.head_branch == branch
        });
        from.map(|(repository, pull)| (repository, pull.number)).collect()
    }

    fn follow_head(&mut self, base: u64, number: u64, before: &str, after: &str, forced: bool, sender: u64) {
        self.with_pull(base, number, |pull| after.clone_into(&mut pull.head_commit));
        if forced {
            self.note(base, number, "head_ref_force_pushed", sender, Value::Null);
        }
        self.announce_pull(base, number, "synchronize", sender, json!({"before": before, "after": after}));
    }

    /// A branch came or went (<https://docs.github.com/en/webhooks/webhook-events-and-payloads#create>).
    fn announce_branch(&mut self, repository: u64, branch: &str, created: bool, sender: u64) {
        let mut payload = json!({"ref": branch, "ref_type": "branch", "pusher_type": "user"});
        if created {
            let default_branch = self.repositories.get(&repository).map(|it| it.default_branch.clone());
            payload["master_branch"] = json!(default_branch);
            payload["description"] = Value::Null;
        }
        self.announce(repository, if created { "create" } else { "delete" }, None, sender, payload);
    }

    fn push_payload(
        &self,
        repository: u64,
        branch: &str,
        before: Option<&str>,
        after: Option<&str>,
        forced: bool,
        sender: u64,
    ) -> Value {
        let head = after.map(|commit| self.pushed_commit_shape(repository, commit)).unwrap_or_default();
        let commits = if head.is_null() { json!([]) } else { json!([head]) };
        let pusher = self.accounts.get(&sender).map(|account| account.login.clone());
        let (from, to) = (before.unwrap_or(NO_COMMIT), after.unwrap_or(NO_COMMIT));
        let address = self.repositories.get(&repository).map(|it| self.page_of(it)).unwrap_or_default();
        json!({
            "ref": format!("refs/heads/{branch}"),
            "before": from,
            "after": to,
            "created": before.is_none(),
            "deleted": after.is_none(),
            "forced": forced,
            "base_ref": null,
            "compare": format!("{address}/compare/{}...{}", short(from), short(to)),
            "commits": commits,
            "head_commit": head,
            "pusher": {"name": pusher, "email": null},
        })
    }
}

fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}
