//! What is said in a pull request: comments and reviews.

use super::{Github, Impossible};
use jiff::Timestamp;
use serde_json::json;

/// How many characters a comment may have at most; GitHub refuses more.
pub(super) const LONGEST_COMMENT: usize = 65_536;

/// A comment in a pull request's conversation.
#[derive(Debug, Clone)]
pub struct Comment {
    /// Its id.
    pub id: u64,
    /// Who wrote it.
    pub author: u64,
    /// The App by which it was written.
    pub app: Option<u64>,
    /// What it says, in Markdown.
    pub body: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was edited last.
    pub updated_at: Timestamp,
    /// How often it was edited.
    pub edits: u64,
}

/// A review.
#[derive(Debug, Clone)]
pub struct Review {
    /// Its id.
    pub id: u64,
    /// Who wrote it.
    pub author: u64,
    /// Such as `APPROVED`; webhooks write it in lower case.
    pub state: String,
    /// The commit that was looked at.
    pub commit: String,
    /// What it says.
    pub body: String,
    /// When it was submitted.
    pub at: Timestamp,
}

impl Github {
    /// Writes a comment; the answer is its id.
    ///
    /// # Errors
    ///
    /// When there is no such pull request.
    pub fn comment(&mut self, repository: u64, number: u64, body: &str, by: &str) -> Result<u64, Impossible> {
        let author = self.user(by);
        self.comment_as(repository, number, body, author, None)
    }

    pub(super) fn comment_as(
        &mut self,
        repository: u64,
        number: u64,
        body: &str,
        author: u64,
        app: Option<u64>,
    ) -> Result<u64, Impossible> {
        self.known_pull(repository, number)?;
        let (id, now) = (self.id(), self.now);
        let body = body.to_owned();
        let comment = Comment { id, author, app, body, created_at: now, updated_at: now, edits: 0 };
        self.with_pull(repository, number, |pull| pull.comments.push(comment));
        self.announce_comment(repository, number, id, "created", author, json!({}));
        Ok(id)
    }

    /// Changes what a comment says. Says whether there is such a comment.
    pub(super) fn edit_comment_as(&mut self, repository: u64, id: u64, body: &str, editor: u64) -> bool {
        let Some(number) = self.pull_of_comment(repository, id) else { return false };
        let (now, mut old) = (self.now, String::new());
        self.with_pull(repository, number, |pull| {
            for comment in pull.comments.iter_mut().filter(|comment| comment.id == id) {
                old = std::mem::replace(&mut comment.body, body.to_owned());
                (comment.updated_at, comment.edits) = (now, comment.edits + 1);
            }
        });
        let changes = json!({"changes": {"body": {"from": old}}});
        self.announce_comment(repository, number, id, "edited", editor, changes);
        true
    }

    /// Changes what a comment says, by hand.
    ///
    /// # Errors
    ///
    /// When there is no such comment.
    pub fn edit_comment(&mut self, repository: u64, id: u64, body: &str, by: &str) -> Result<(), Impossible> {
        let editor = self.user(by);
        let edited = self.edit_comment_as(repository, id, body, editor);
        if edited { Ok(()) } else { Err(Impossible(format!("there is no comment {id} to edit"))) }
    }

    /// Deletes a comment by hand.
    ///
    /// # Errors
    ///
    /// When there is no such comment.
    pub fn delete_comment(&mut self, repository: u64, id: u64, by: &str) -> Result<(), Impossible> {
        let sender = self.user(by);
        let found = self.pull_of_comment(repository, id);
        let number = found.ok_or_else(|| Impossible(format!("there is no comment {id} to delete")))?;
        self.announce_comment(repository, number, id, "deleted", sender, json!({}));
        self.with_pull(repository, number, |pull| pull.comments.retain(|comment| comment.id != id));
        Ok(())
    }

    pub(super) fn pull_of_comment(&self, repository: u64, id: u64) -> Option<u64> {
        let mut pulls = self.repositories.get(&repository)?.pulls.values();
        pulls.find(|pull| pull.comments.iter().any(|comment| comment.id == id)).map(|pull| pull.number)
    }

    fn announce_comment(
        &mut self,
        repository: u64,
        number: u64,
        id: u64,
        action: &str,
        sender: u64,
        mut more: serde_json::Value,
    ) {
        let Some(base) = self.repositories.get(&repository) else { return };
        let Some(pull) = base.pulls.get(&number) else { return };
        let Some(comment) = pull.comments.iter().find(|comment| comment.id == id) else { return };
        more["issue"] = self.issue_shape(base, pull);
        more["comment"] = self.comment_shape(base, pull, comment);
        self.announce(repository, "issue_comment", Some(action), sender, more);
    }

    /// Reviews a pull request: `APPROVED`, `CHANGES_REQUESTED` or `COMMENTED`, at its head.
    ///
    /// # Errors
    ///
    /// When there is no such pull request, or its author approves it
    /// (<https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/reviewing-changes-in-pull-requests/approving-a-pull-request-with-required-reviews>).
    pub fn review(&mut self, repository: u64, number: u64, state: &str, by: &str) -> Result<u64, Impossible> {
        let author = self.user(by);
        let pull = self.known_pull(repository, number)?;
        if pull.author == author && state != "COMMENTED" {
            return Err(Impossible(format!("{by} opened pull request {number} and cannot review it")));
        }
        let commit = pull.head_commit.clone();
        let (id, state) = (self.id(), state.to_owned());
        let review = Review { id, author, state, commit, body: String::new(), at: self.now };
        self.with_pull(repository, number, |pull| pull.reviews.push(review.clone()));
        let Some(base) = self.repositories.get(&repository) else { return Ok(id) };
        let Some(pull) = base.pulls.get(&number) else { return Ok(id) };
        let shapes = json!({
            "review": self.review_shape(base, pull, &review, true),
            "pull_request": self.pull_shape(base, pull, false),
        });
        self.announce(repository, "pull_request_review", Some("submitted"), author, shapes);
        Ok(id)
    }
}
