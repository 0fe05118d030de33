//! What is said about a commit: check runs of Apps, and commit statuses of everybody who may push.

use super::{Github, Impossible};
use jiff::Timestamp;
use serde_json::Value;

/// A check run.
#[derive(Debug, Clone)]
pub struct CheckRun {
    /// Its id.
    pub id: u64,
    /// The App that made it, and that alone may change it.
    pub app: u64,
    /// What it is called.
    pub name: String,
    /// The commit.
    pub head_commit: String,
    /// What the App calls it.
    pub external_id: String,
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    /// How it ended, such as `action_required`.
    pub conclusion: Option<String>,
    /// Where there is more about it.
    pub details_url: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// What it says, in Markdown.
    pub summary: Option<String>,
    /// What more it says.
    pub text: Option<String>,
    /// How often it was changed.
    pub updates: u64,
    pub(super) suite: u64,
    pub(super) started_at: Timestamp,
    pub(super) completed_at: Option<Timestamp>,
}

/// What a check run is to be, or what is to change about it.
#[derive(Debug, Clone, Default)]
pub struct NewCheckRun<'a> {
    /// What it is called.
    pub name: Option<&'a str>,
    /// What the App calls it.
    pub external_id: Option<&'a str>,
    /// `queued`, `in_progress` or `completed`.
    pub status: Option<&'a str>,
    /// How it ended.
    pub conclusion: Option<&'a str>,
    /// Where there is more about it.
    pub details_url: Option<&'a str>,
    /// Title, summary and text.
    pub output: Option<(Option<&'a str>, &'a str, Option<&'a str>)>,
}

/// A commit status.
#[derive(Debug, Clone)]
pub struct Status {
    /// Its id.
    pub id: u64,
    /// The commit.
    pub commit: String,
    /// What it is about; the newest of a context counts.
    pub context: String,
    /// `error`, `failure`, `pending` or `success`.
    pub state: String,
    /// What it says.
    pub description: Option<String>,
    /// Where there is more about it.
    pub target_url: Option<String>,
    /// Who set it.
    pub creator: u64,
    /// When.
    pub at: Timestamp,
}

impl Github {
    /// Makes a check run as an App; the answer is its id.
    ///
    /// # Errors
    ///
    /// When there is no such repository.
    pub fn add_check_run(
        &mut self,
        repository: u64,
        app: u64,
        commit: &str,
        new: &NewCheckRun<'_>,
    ) -> Result<u64, Impossible> {
        let suites = &self.known_repository(repository)?.suites;
        let suite = suites.get(&(app, commit.to_owned())).copied().unwrap_or_else(|| self.id());
        let id = self.id();
        let mut run = CheckRun {
            id,
            app,
            name: new.name.unwrap_or_default().to_owned(),
            head_commit: commit.to_owned(),
            external_id: String::new(),
            status: "queued".to_owned(),
            conclusion: None,
            details_url: None,
            title: None,
            summary: None,
            text: None,
            updates: 0,
            suite,
            started_at: self.now,
            completed_at: None,
        };
        run.set(new, self.now);
        let completed = run.conclusion.is_some();
        self.with_repository(repository, |repository| {
            repository.suites.insert((app, commit.to_owned()), suite);
            repository.checks.insert(id, run);
        });
        self.announce_check(repository, id, if completed { "completed" } else { "created" });
        Ok(id)
    }

    /// Changes a check run; nothing happens if there is none.
    pub(super) fn change_check_run(&mut self, repository: u64, id: u64, new: &NewCheckRun<'_>) {
        let now = self.now;
        let (mut before, mut after) = (false, false);
        self.with_repository(repository, |repository| {
            if let Some(run) = repository.checks.get_mut(&id) {
                before = run.conclusion.is_some();
                run.set(new, now);
                run.updates += 1;
                after = run.conclusion.is_some();
            }
        });
        if after && !before {
            self.announce_check(repository, id, "completed");
        }
    }

    /// Tells of a check run (<https://docs.github.com/en/webhooks/webhook-events-and-payloads#check_run>).
    fn announce_check(&mut self, repository: u64, id: u64, action: &str) {
        let Some(known) = self.repositories.get(&repository) else { return };
        let Some(run) = known.checks.get(&id) else { return };
        let bot = self.apps.get(&run.app).map_or(0, |app| app.bot);
        let payload = self.check_payload(known, run);
        self.announce(repository, "check_run", Some(action), bot, payload);
    }

    /// Sets a commit status; the answer is its id.
    pub(super) fn add_status(&mut self, repository: u64, mut status: Status) -> u64 {
        status.id = self.id();
        status.at = self.now;
        let id = status.id;
        let payload = match self.repositories.get(&repository) {
            Some(known) => self.status_payload(known, &status),
            None => Value::Null,
        };
        let creator = status.creator;
        self.with_repository(repository, |repository| repository.statuses.push(status));
        self.announce(repository, "status", None, creator, payload);
        id
    }
}

impl CheckRun {
    /// Takes over what is said. With a conclusion it is completed, says the page
    /// (<https://docs.github.com/en/rest/checks/runs>).
    fn set(&mut self, new: &NewCheckRun<'_>, now: Timestamp) {
        let take = |place: &mut String, value: Option<&str>| {
            if let Some(value) = value {
                value.clone_into(place);
            }
        };
        take(&mut self.name, new.name);
        take(&mut self.external_id, new.external_id);
        take(&mut self.status, new.status);
        if let Some(url) = new.details_url {
            self.details_url = Some(url.to_owned());
        }
        if let Some((title, summary, text)) = new.output {
            self.title = title.map(str::to_owned).or_else(|| self.title.take());
            self.summary = Some(summary.to_owned());
            self.text = text.map(str::to_owned).or_else(|| self.text.take());
        }
        if let Some(conclusion) = new.conclusion {
            "completed".clone_into(&mut self.status);
            self.conclusion = Some(conclusion.to_owned());
            self.completed_at = Some(now);
        }
    }
}
