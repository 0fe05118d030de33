//! Commit statuses (<https://docs.github.com/en/rest/commits/statuses>).

use super::{
    contents::no_commit,
    reply::{Problem, Reply},
    request::Call,
    route::Answered,
};
use crate::github::{Github, Right, Role, Status};
use serde_json::Value;

const READ: [(&str, Right); 1] = [("statuses", Right::Read)];
const WRITE: [(&str, Right); 1] = [("statuses", Right::Write)];

const STATES: [&str; 4] = ["error", "failure", "pending", "success"];

/// How many characters a description may have. GitHub's description of its API does not say so, and its answers do.
const LONGEST_DESCRIPTION: usize = 140;

/// "There is a limit of 1000 statuses per `sha` and `context` within a repository."
const MOST_OF_A_CONTEXT: usize = 1_000;

impl Github {
    pub(super) fn post_status(&mut self, call: &Call<'_>, repository: u64, commit: &str) -> Answered {
        let here = self.here(repository)?;
        self.allow(&call.identity, here, &WRITE, Role::Write)?;
        let known = self.commits.get(commit).is_some_and(|known| known.network == here.network);
        if !known {
            return Err(no_commit(commit));
        }
        let body = call.json()?;
        self.note_oddities(call, &body, &["state", "target_url", "description", "context"]);
        let text = |field: &str| body[field].as_str().map(str::to_owned);
        let Some(state) = text("state").filter(|state| STATES.contains(&state.as_str())) else {
            let message = format!("For 'properties/state', {} is not a member of {STATES:?}.", body["state"]);
            return Err(Problem::malformed(&message));
        };
        let (description, target_url) = (text("description"), text("target_url"));
        if description.as_ref().is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION) {
            let message = format!("description is too long (maximum is {LONGEST_DESCRIPTION} characters)");
            return Err(Problem::invalid("Status", "description", "custom", &message));
        }
        let is_web = |url: &String| url.starts_with("http://") || url.starts_with("https://");
        if target_url.as_ref().is_some_and(|url| !url.is_empty() && !is_web(url)) {
            let message = "target_url must use http(s) scheme";
            return Err(Problem::invalid("Status", "target_url", "custom", message));
        }
        let context = text("context").unwrap_or_else(|| "default".to_owned());
        let same = |status: &&Status| status.commit == commit && status.context == context;
        if self.here(repository)?.statuses.iter().filter(same).count() >= MOST_OF_A_CONTEXT {
            let message = "This SHA and context has reached the maximum number of statuses.";
            return Err(Problem::invalid("Status", "context", "custom", message));
        }
        let (creator, _) = self.author(&call.identity);
        let (commit, at) = (commit.to_owned(), self.now);
        let status = Status { id: 0, commit, context, state, description, target_url, creator, at };
        let id = self.add_status(repository, status);
        let here = self.here(repository)?;
        let status = here.statuses.iter().rfind(|status| status.id == id).ok_or_else(Problem::not_found)?;
        Ok(Reply::created(&self.status_shape(here, status)))
    }

    /// "In reverse chronological order. The first status in the list will be the latest one."
    pub(super) fn list_statuses(&self, call: &Call<'_>, repository: u64, reference: &str) -> Answered {
        let here = self.here(repository)?;
        self.allow(&call.identity, here, &READ, Role::Read)?;
        let (commit, _) = self.commit_at(here, reference).ok_or_else(|| no_commit(reference))?;
        let statuses = here.statuses.iter().rev().filter(|status| status.commit == commit).collect();
        let shapes = |statuses: Vec<&Status>| {
            statuses.into_iter().map(|status| self.status_shape(here, status)).collect::<Value>()
        };
        Ok(self.listed(call, repository, &format!("commits/{commit}/statuses"), statuses, shapes))
    }
}
