//! How a pull request ends and begins again, where it goes, and whether it is a draft.

use crate::github::{Github, Impossible};
use serde_json::{Value, json};
use std::sync::Arc;

impl Github {
    /// Closes a pull request without merging it. Closed already: nothing happens.
    ///
    /// # Errors
    ///
    /// When there is no such pull request.
    pub fn close(&mut self, repository: u64, number: u64, by: &str) -> Result<(), Impossible> {
        self.known_pull(repository, number)?;
        let sender = self.user(by);
        self.close_as(repository, number, sender);
        Ok(())
    }

    pub(in crate::github) fn close_as(&mut self, repository: u64, number: u64, sender: u64) {
        let now = self.now;
        let mut was_open = false;
        self.with_pull(repository, number, |pull| {
            was_open = std::mem::take(&mut pull.open);
            if was_open {
                pull.closed_at = Some(now);
            }
        });
        if was_open {
            self.note(repository, number, "closed", sender, Value::Null);
            self.announce_pull(repository, number, "closed", sender, json!({}));
        }
    }

    /// Merges an open pull request: its branch's files are on the base branch then. The answer is the merge commit.
    ///
    /// # Errors
    ///
    /// When there is no such pull request, or it is closed or a draft.
    pub fn merge(&mut self, repository: u64, number: u64, by: &str) -> Result<String, Impossible> {
        let pull = self.known_pull(repository, number)?;
        if !pull.open || pull.draft {
            return Err(Impossible(format!(
                "pull request {number} is closed or a draft and cannot be merged"
            )));
        }
        let (head, base_branch) = (pull.head_commit.clone(), pull.base_branch.clone());
        let message = format!("Merge pull request #{number} from {}", pull.head_branch);
        let base = self.known_head(repository, &base_branch)?;
        let files_of = |commit: &str| self.commits.get(commit).map(|commit| commit.files.clone());
        let mut files = files_of(&base).unwrap_or_default().as_ref().clone();
        files.extend(files_of(&head).unwrap_or_default().as_ref().clone());
        let sender = self.user(by);
        let commit = self.commit(repository, vec![base, head], Arc::new(files), &message, sender);
        let now = self.now;
        self.with_pull(repository, number, |pull| {
            pull.open = false;
            pull.closed_at = Some(now);
            pull.merged = Some((sender, now, commit.clone()));
        });
        self.move_branch(repository, &base_branch, Some(&commit), false, by);
        self.note(repository, number, "merged", sender, json!({"commit_id": commit}));
        self.note(repository, number, "closed", sender, Value::Null);
        self.announce_pull(repository, number, "closed", sender, json!({}));
        Ok(commit)
    }

    /// Opens a closed pull request again.
    ///
    /// # Errors
    ///
    /// When it is merged, or its branch was deleted
    /// (<https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/incorporating-changes-from-a-pull-request/closing-a-pull-request>).
    pub fn reopen(&mut self, repository: u64, number: u64, by: &str) -> Result<(), Impossible> {
        let pull = self.known_pull(repository, number)?;
        if pull.open {
            return Ok(());
        }
        let head =
            pull.head_repository.and_then(|head| self.repositories.get(&head)?.head(&pull.head_branch));
        let (None, Some(head)) = (&pull.merged, head.map(str::to_owned)) else {
            return Err(Impossible(format!(
                "pull request {number} is merged or has no branch; it stays closed"
            )));
        };
        let sender = self.user(by);
        self.with_pull(repository, number, |pull| {
            (pull.open, pull.closed_at, pull.head_commit) = (true, None, head);
        });
        self.note(repository, number, "reopened", sender, Value::Null);
        self.announce_pull(repository, number, "reopened", sender, json!({}));
        Ok(())
    }

    /// Lets a pull request go to another branch.
    ///
    /// # Errors
    ///
    /// When there is no such pull request or branch.
    pub fn change_base(
        &mut self,
        repository: u64,
        number: u64,
        base: &str,
        by: &str,
    ) -> Result<(), Impossible> {
        let commit = self.known_head(repository, base)?;
        let pull = self.known_pull(repository, number)?;
        let (old_branch, old_commit) = (pull.base_branch.clone(), pull.base_commit.clone());
        let sender = self.user(by);
        self.with_pull(repository, number, |pull| {
            base.clone_into(&mut pull.base_branch);
            pull.base_commit = commit;
        });
        self.note(repository, number, "base_ref_changed", sender, Value::Null);
        let changes = json!({"base": {"ref": {"from": old_branch}, "sha": {"from": old_commit}}});
        self.announce_pull(repository, number, "edited", sender, json!({"changes": changes}));
        Ok(())
    }

    /// Makes a pull request a draft, or ready for review. As it is already: nothing happens.
    ///
    /// # Errors
    ///
    /// When there is no such pull request.
    pub fn set_draft(
        &mut self,
        repository: u64,
        number: u64,
        draft: bool,
        by: &str,
    ) -> Result<(), Impossible> {
        if self.known_pull(repository, number)?.draft == draft {
            return Ok(());
        }
        let sender = self.user(by);
        self.with_pull(repository, number, |pull| pull.draft = draft);
        let (event, action) = match draft {
            true => ("convert_to_draft", "converted_to_draft"),
            false => ("ready_for_review", "ready_for_review"),
        };
        self.note(repository, number, event, sender, Value::Null);
        self.announce_pull(repository, number, action, sender, json!({}));
        Ok(())
    }
}
