//! Pull requests: what people do with them, and the events that stay on them.

mod change;

use super::{Comment, Github, Impossible, Review};
use jiff::Timestamp;
use serde_json::{Value, json};

/// A pull request.
#[derive(Debug, Clone)]
pub struct PullRequest {
    /// Its id.
    pub id: u64,
    /// Its number in the repository that it goes to.
    pub number: u64,
    /// What it is called.
    pub title: String,
    /// What it says.
    pub body: String,
    /// Who opened it.
    pub author: u64,
    /// Where it comes from. `None` if that repository was deleted.
    pub head_repository: Option<u64>,
    /// Whose repository it comes from, also after that was deleted.
    pub head_owner: u64,
    /// The branch that it comes from.
    pub head_branch: String,
    /// The last commit of that branch while it was open.
    pub head_commit: String,
    /// The branch that it goes to.
    pub base_branch: String,
    /// Where that branch was.
    pub base_commit: String,
    /// Whether it is open.
    pub open: bool,
    /// Who merged it when, and the commit that came of it.
    pub merged: Option<(u64, Timestamp, String)>,
    /// Whether it is a draft.
    pub draft: bool,
    /// The ids of its labels, in the order in which they were set.
    pub labels: Vec<u64>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// What happened to it.
    pub events: Vec<IssueEvent>,
    /// Its comments, oldest first.
    pub comments: Vec<Comment>,
    /// Its reviews, oldest first.
    pub reviews: Vec<Review>,
}

/// What happened to a pull request (<https://docs.github.com/en/rest/using-the-rest-api/issue-event-types>).
#[derive(Debug, Clone)]
pub struct IssueEvent {
    /// Its id.
    pub id: u64,
    /// Such as `labeled`.
    pub event: String,
    /// Who did it.
    pub actor: u64,
    /// When.
    pub at: Timestamp,
    /// What only events of this kind have.
    pub more: Value,
}

/// A pull request that is to be opened.
#[derive(Debug, Clone, Default)]
pub struct NewPullRequest<'a> {
    /// The branch that it comes from.
    pub head: &'a str,
    /// The repository that this branch is in; the same one if it is not said.
    pub head_repository: Option<u64>,
    /// The branch that it goes to; the default branch if it is not said.
    pub base: Option<&'a str>,
    /// What it is called.
    pub title: &'a str,
    /// Who opens it.
    pub by: &'a str,
    /// Whether it is a draft.
    pub draft: bool,
}

impl Github {
    /// Opens a pull request; the answer is its number.
    ///
    /// # Errors
    ///
    /// When there is no such branch, or a pull request from it to the same base is open already.
    pub fn open_pull_request(
        &mut self,
        repository: u64,
        new: &NewPullRequest<'_>,
    ) -> Result<u64, Impossible> {
        let base = self.known_repository(repository)?;
        let base_branch = new.base.unwrap_or(&base.default_branch).to_owned();
        let base_commit = self.known_head(repository, &base_branch)?;
        let from = new.head_repository.unwrap_or(repository);
        let head_commit = self.known_head(from, new.head)?;
        let head_owner = self.known_repository(from)?.owner;
        let same = |pull: &&PullRequest| {
            pull.open
                && pull.head_repository == Some(from)
                && (pull.head_branch.as_str(), pull.base_branch.as_str()) == (new.head, base_branch.as_str())
        };
        if let Some(pull) = base.pulls.values().find(same) {
            let what =
                format!("pull request {} goes from {} to {base_branch} already", pull.number, new.head);
            return Err(Impossible(what));
        }
        let number = base.pulls.keys().next_back().copied().unwrap_or(0) + 1;
        let author = self.user(new.by);
        let pull = PullRequest {
            id: self.id(),
            number,
            title: new.title.to_owned(),
            body: String::new(),
            author,
            head_repository: Some(from),
            head_owner,
            head_branch: new.head.to_owned(),
            head_commit,
            base_branch,
            base_commit,
            open: true,
            merged: None,
            draft: new.draft,
            labels: Vec::new(),
            created_at: self.now,
            updated_at: self.now,
            closed_at: None,
            events: Vec::new(),
            comments: Vec::new(),
            reviews: Vec::new(),
        };
        self.with_repository(repository, |repository| {
            repository.pulls.insert(number, pull);
        });
        self.announce_pull(repository, number, "opened", author, json!({}));
        Ok(number)
    }

    /// Sets a label, which is made if the repository has none of this name. Set already: nothing happens.
    ///
    /// # Errors
    ///
    /// When there is no such pull request.
    pub fn set_label(
        &mut self,
        repository: u64,
        number: u64,
        label: &str,
        by: &str,
    ) -> Result<(), Impossible> {
        self.known_pull(repository, number)?;
        let (id, sender) = (self.label(repository, label), self.user(by));
        if !self.known_pull(repository, number)?.labels.contains(&id) {
            self.with_pull(repository, number, |pull| pull.labels.push(id));
            self.label_changed(repository, number, id, "labeled", sender);
        }
        Ok(())
    }

    /// Takes a label off.
    ///
    /// # Errors
    ///
    /// When the pull request does not have it.
    pub fn remove_label(
        &mut self,
        repository: u64,
        number: u64,
        label: &str,
        by: &str,
    ) -> Result<(), Impossible> {
        let sender = self.user(by);
        let pull = self.known_pull(repository, number)?;
        let known = self.known_repository(repository)?.label(label).map(|label| label.id);
        let Some(id) = known.filter(|id| pull.labels.contains(id)) else {
            return Err(Impossible(format!("pull request {number} has no label {label:?}")));
        };
        self.with_pull(repository, number, |pull| pull.labels.retain(|set| *set != id));
        self.label_changed(repository, number, id, "unlabeled", sender);
        Ok(())
    }

    fn label_changed(&mut self, repository: u64, number: u64, label: u64, event: &str, sender: u64) {
        let found = self.repositories.get(&repository).and_then(|it| it.labels.get(&label)).cloned();
        // The event keeps the name of its time; the label of the webhook is the whole label.
        let name = found.as_ref().map(|label| label.name.clone());
        self.note(repository, number, event, sender, json!({"label": {"name": name, "color": "ededed"}}));
        let label = found.map(|label| self.label_shape(repository, &label)).unwrap_or_default();
        self.announce_pull(repository, number, event, sender, json!({"label": label}));
    }

    pub(super) fn known_pull(&self, repository: u64, number: u64) -> Result<&PullRequest, Impossible> {
        let known = self.known_repository(repository)?;
        let missing = || Impossible(format!("{} has no pull request {number}", self.full_name(known)));
        known.pulls.get(&number).ok_or_else(missing)
    }

    /// Changes a pull request, if it is there, and when it changed last.
    pub(super) fn with_pull(&mut self, repository: u64, number: u64, change: impl FnOnce(&mut PullRequest)) {
        let now = self.now;
        self.with_repository(repository, |repository| {
            if let Some(pull) = repository.pulls.get_mut(&number) {
                pull.updated_at = now;
                change(pull);
            }
        });
    }

    /// Writes down what happened to a pull request.
    pub(super) fn note(&mut self, repository: u64, number: u64, event: &str, actor: u64, more: Value) {
        let event = IssueEvent { id: self.id(), event: event.to_owned(), actor, at: self.now, more };
        self.with_pull(repository, number, |pull| pull.events.push(event));
    }

    /// Tells of what happened to a pull request (<https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request>).
    pub(super) fn announce_pull(
        &mut self,
        repository: u64,
        number: u64,
        action: &str,
        sender: u64,
        mut more: Value,
    ) {
        let Ok(pull) = self.known_pull(repository, number) else { return };
        let Some(base) = self.repositories.get(&repository) else { return };
        more["number"] = json!(number);
        more["pull_request"] = self.pull_shape(base, pull, true);
        self.announce(repository, "pull_request", Some(action), sender, more);
    }
}
