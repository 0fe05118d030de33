//! Events and comments of pull requests, which are issues to this part of the API.

use super::{
    access::Identity,
    reply::{Problem, Reply},
    request::Call,
    route::Answered,
};
use crate::github::{Github, Impossible, Right, Role, comment::LONGEST_COMMENT};
use serde_json::Value;

const READ: [(&str, Right); 2] = [("issues", Right::Read), ("pull_requests", Right::Read)];
const WRITE: [(&str, Right); 2] = [("issues", Right::Write), ("pull_requests", Right::Write)];

impl Github {
    /// Oldest first (<https://docs.github.com/en/rest/issues/events#list-issue-events>).
    pub(super) fn list_events(&self, call: &Call<'_>, repository: u64, number: &str) -> Answered {
        let here = self.here(repository)?;
        self.allow(&call.identity, here, &[("issues", Right::Read)], Role::Read)?;
        let pull = self.pull_here(repository, number)?;
        let shapes =
            |events: Vec<_>| events.into_iter().map(|event| self.event_shape(here, event)).collect::<Value>();
        let rest = format!("issues/{number}/events");
        Ok(self.listed(call, repository, &rest, pull.events.iter().collect(), shapes))
    }

    /// By their ids (<https://docs.github.com/en/rest/issues/comments#list-issue-comments>).
    pub(super) fn list_comments(&self, call: &Call<'_>, repository: u64, number: &str) -> Answered {
        let here = self.here(repository)?;
        self.allow(&call.identity, here, &READ, Role::Read)?;
        let pull = self.pull_here(repository, number)?;
        let shapes = |comments: Vec<_>| {
            let shapes = comments.into_iter().map(|comment| self.comment_shape(here, pull, comment));
            shapes.collect::<Value>()
        };
        let rest = format!("issues/{number}/comments");
        Ok(self.listed(call, repository, &rest, pull.comments.iter().collect(), shapes))
    }

    /// <https://docs.github.com/en/rest/issues/comments#get-an-issue-comment>
    pub(super) fn get_comment(&self, call: &Call<'_>, repository: u64, id: &str) -> Answered {
        self.allow(&call.identity, self.here(repository)?, &READ, Role::Read)?;
        let id = id.parse().map_err(|_| Problem::not_found())?;
        Ok(Reply::found(&self.shape_of_comment(repository, id)?))
    }

    /// <https://docs.github.com/en/rest/issues/comments#create-an-issue-comment>
    pub(super) fn post_comment(&mut self, call: &Call<'_>, repository: u64, number: &str) -> Answered {
        self.allow(&call.identity, self.here(repository)?, &WRITE, Role::Read)?;
        let number = self.pull_here(repository, number)?.number;
        let body = self.comment_body(call)?;
        let (author, app) = self.author(&call.identity);
        let made = self.comment_as(repository, number, &body, author, app);
        let id = made.map_err(|Impossible(_)| Problem::not_found())?;
        Ok(Reply::created(&self.shape_of_comment(repository, id)?))
    }

    /// Of others one may edit what they say with the permission of an App, or a role that may push
    /// (<https://docs.github.com/en/rest/issues/comments#update-an-issue-comment>).
    pub(super) fn patch_comment(&mut self, call: &Call<'_>, repository: u64, id: &str) -> Answered {
        let here = self.here(repository)?;
        self.allow(&call.identity, here, &WRITE, Role::Read)?;
        let id = id.parse().map_err(|_| Problem::not_found())?;
        let number = self.pull_of_comment(repository, id).ok_or_else(Problem::not_found)?;
        let (editor, _) = self.author(&call.identity);
        let pull = here.pulls.get(&number);
        let comment = pull.and_then(|pull| pull.comments.iter().find(|comment| comment.id == id));
        let own = comment.is_some_and(|comment| comment.author == editor);
        if let Identity::Person { account, .. } = &call.identity
            && !own
            && self.role(here, *account) < Role::Write
        {
            return Err(Problem::forbidden("Must have admin rights to Repository.", None));
        }
        let body = self.comment_body(call)?;
        self.edit_comment_as(repository, id, &body, editor);
        Ok(Reply::found(&self.shape_of_comment(repository, id)?))
    }

    fn shape_of_comment(&self, repository: u64, id: u64) -> Result<Value, Problem> {
        let here = self.here(repository)?;
        let number = self.pull_of_comment(repository, id).ok_or_else(Problem::not_found)?;
        let pull = here.pulls.get(&number).ok_or_else(Problem::not_found)?;
        let comment = pull.comments.iter().find(|comment| comment.id == id).ok_or_else(Problem::not_found)?;
        Ok(self.comment_shape(here, pull, comment))
    }

    fn comment_body(&mut self, call: &Call<'_>) -> Result<String, Problem> {
        let json = call.json()?;
        self.note_oddities(call, &json, &["body"]);
        let body = match &json["body"] {
            Value::String(body) => body,
            Value::Null => return Err(Problem::malformed("\"body\" wasn't supplied.")),
            other => {
                return Err(Problem::malformed(&format!("For 'properties/body', {other} is not a string.")));
            }
        };
        if body.trim().is_empty() {
            return Err(Problem::invalid("IssueComment", "data", "unprocessable", "Body cannot be blank"));
        }
        if body.chars().count() > LONGEST_COMMENT {
            let message = format!("Body is too long (maximum is {LONGEST_COMMENT} characters)");
            return Err(Problem::invalid("IssueComment", "data", "unprocessable", &message));
        }
        Ok(body.clone())
    }

    /// Under which account somebody writes, and by which App.
    pub(super) fn author(&self, identity: &Identity) -> (u64, Option<u64>) {
        match identity {
            Identity::App(app) | Identity::Installation { app, .. } => {
                (self.apps.get(app).map_or(0, |app| app.bot), Some(*app))
            }
            Identity::Person { account, .. } => (*account, None),
        }
    }
}
