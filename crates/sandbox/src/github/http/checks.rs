//! Check runs. Only Apps write them (<https://docs.github.com/en/rest/checks/runs>).

use super::{
    access::Identity,
    contents::no_commit,
    reply::{Problem, Reply},
    request::Call,
    route::Answered,
};
use crate::github::{CheckRun, Github, Impossible, NewCheckRun, Right, Role};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const READ: [(&str, Right); 1] = [("checks", Right::Read)];
const WRITE: [(&str, Right); 1] = [("checks", Right::Write)];

const STATUSES: [&str; 3] = ["queued", "in_progress", "completed"];
/// `stale` is GitHub's own.
const CONCLUSIONS: [&str; 7] =
    ["action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"];
/// The fields that may be changed, and those that are given once.
const CHANGED: [&str; 9] = [
    "name",
    "details_url",
    "external_id",
    "status",
    "started_at",
    "conclusion",
    "completed_at",
    "output",
    "actions",
];
const GIVEN: [&str; 10] = [
    "name",
    "details_url",
    "external_id",
    "status",
    "started_at",
    "conclusion",
    "completed_at",
    "output",
    "actions",
    "head_sha",
];

/// How many characters a summary or a text may have, and how many annotations and buttons a check run.
const LONGEST_TEXT: usize = 65_535;
const MOST_ANNOTATIONS: usize = 50;
const MOST_ACTIONS: usize = 3;

impl Github {
    fn writing_app(&self, call: &Call<'_>, repository: u64) -> Result<u64, Problem> {
        let here = self.here(repository)?;
        if let Identity::Person { .. } = &call.identity {
            self.allow(&call.identity, here, &[("metadata", Right::Read)], Role::Read)?;
            return Err(Problem::forbidden("You must authenticate via a GitHub App.", None));
        }
        self.allow(&call.identity, here, &WRITE, Role::Write)?;
        let (_, app) = self.author(&call.identity);
        app.ok_or_else(Problem::not_found)
    }

    pub(super) fn post_check_run(&mut self, call: &Call<'_>, repository: u64) -> Answered {
        let app = self.writing_app(call, repository)?;
        let body = call.json()?;
        self.note_oddities(call, &body, &GIVEN);
        for field in ["name", "head_sha"] {
            if !body[field].is_string() {
                return Err(Problem::malformed(&format!("\"{field}\" wasn't supplied.")));
            }
        }
        let new = read(&body)?;
        let commit = body["head_sha"].as_str().unwrap_or_default();
        let here = self.here(repository)?;
        let known = self.commits.get(commit).is_some_and(|commit| commit.network == here.network);
        if !known {
            return Err(no_commit(commit));
        }
        let made = self.add_check_run(repository, app, commit, &new);
        let id = made.map_err(|Impossible(_)| Problem::not_found())?;
        let shape = self.shape_of_check(repository, id)?;
        Ok(Reply::created(&shape))
    }

    pub(super) fn patch_check_run(&mut self, call: &Call<'_>, repository: u64, id: &str) -> Answered {
        let app = self.writing_app(call, repository)?;
        let id = id.parse().map_err(|_| Problem::not_found())?;
        let run = self.here(repository)?.checks.get(&id).ok_or_else(Problem::not_found)?;
        if run.app != app {
            let message = format!(
                "Invalid app_id `{app}` - check run can only be modified by the GitHub App that created it."
            );
            return Err(Problem::forbidden(&message, None));
        }
        let completed = run.conclusion.is_some();
        let body = call.json()?;
        self.note_oddities(call, &body, &CHANGED);
        let new = read(&body)?;
        // A completed run does not begin again; a new one of the same name takes its place.
        if completed && new.status.is_some_and(|status| status != "completed") {
            let message = "a completed check run cannot go back to another status";
            return Err(Problem::invalid("CheckRun", "status", "invalid", message));
        }
        self.change_check_run(repository, id, &new);
        Ok(Reply::found(&self.shape_of_check(repository, id)?))
    }

    pub(super) fn get_check_run(&self, call: &Call<'_>, repository: u64, id: &str) -> Answered {
        self.allow(&call.identity, self.here(repository)?, &READ, Role::Read)?;
        let id = id.parse().map_err(|_| Problem::not_found())?;
        Ok(Reply::found(&self.shape_of_check(repository, id)?))
    }

    /// Of each App and name the newest, or all of them.
    pub(super) fn list_check_runs(&self, call: &Call<'_>, repository: u64, reference: &str) -> Answered {
        let here = self.here(repository)?;
        self.allow(&call.identity, here, &READ, Role::Read)?;
        let (commit, _) = self.commit_at(here, reference).ok_or_else(|| no_commit(reference))?;
        let all = call.query("filter") == Some("all");
        let app: Option<u64> = call.query("app_id").and_then(|app| app.parse().ok());
        let wanted = |run: &&CheckRun| {
            run.head_commit == commit
                && call.query("check_name").is_none_or(|name| run.name == name)
                && call.query("status").is_none_or(|status| run.status == status)
                && app.is_none_or(|app| run.app == app)
        };
        let runs = here.checks.values().filter(wanted);
        let newest: BTreeMap<(u64, &str), u64> =
            runs.clone().map(|it| ((it.app, &*it.name), it.id)).collect();
        let runs = runs.rev().filter(|run| all || newest.get(&(run.app, &*run.name)) == Some(&run.id));
        let runs: Vec<&CheckRun> = runs.collect();
        let total = runs.len();
        let shapes = |runs: Vec<&CheckRun>| {
            let runs: Vec<Value> = runs.into_iter().map(|run| self.check_shape(here, run)).collect();
            json!({"total_count": total, "check_runs": runs})
        };
        Ok(self.listed(call, repository, &format!("commits/{commit}/check-runs"), runs, shapes))
    }

    fn shape_of_check(&self, repository: u64, id: u64) -> Result<Value, Problem> {
        let here = self.here(repository)?;
        let run = here.checks.get(&id).ok_or_else(Problem::not_found)?;
        Ok(self.check_shape(here, run))
    }
}

/// What a body says of a check run, if GitHub would take it.
fn read(body: &Value) -> Result<NewCheckRun<'_>, Problem> {
    let text = |field: &str| match &body[field] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.as_str())),
        other => Err(Problem::malformed(&format!("For 'properties/{field}', {other} is not a string."))),
    };
    let one_of = |field: &str, known: &[&str]| match text(field)? {
        Some(given) if !known.contains(&given) => Err(Problem::malformed(&format!(
            "For 'properties/{field}', {given} is not a member of {known:?}."
        ))),
        given => Ok(given),
    };
    let (status, conclusion) = (one_of("status", &STATUSES)?, one_of("conclusion", &CONCLUSIONS)?);
    if status == Some("completed") && conclusion.is_none() {
        return Err(Problem::malformed("\"conclusion\" wasn't supplied."));
    }
    if let Some(status) = status.filter(|status| conclusion.is_some() && *status != "completed") {
        let message = format!("For 'allOf/1', {status} is not completed, but there is a conclusion.");
        return Err(Problem::malformed(&message));
    }
    let details_url = text("details_url")?;
    if details_url.is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
        let message = "details_url must use http(s) scheme";
        return Err(Problem::invalid("CheckRun", "details_url", "custom", message));
    }
    if body["actions"].as_array().is_some_and(|actions| actions.len() > MOST_ACTIONS) {
        return Err(Problem::malformed("No more than 3 items are allowed in actions."));
    }
    let output = match &body["output"] {
        Value::Null => None,
        output => Some(read_output(output)?),
    };
    Ok(NewCheckRun {
        name: text("name")?,
        external_id: text("external_id")?,
        status,
        conclusion,
        details_url,
        output,
    })
}

fn read_output(output: &Value) -> Result<(Option<&str>, &str, Option<&str>), Problem> {
    let (title, summary, text) =
        (output["title"].as_str(), output["summary"].as_str(), output["text"].as_str());
    let Some(summary) = summary else { return Err(Problem::malformed("\"summary\" wasn't supplied.")) };
    for given in [title, Some(summary), text].into_iter().flatten() {
        let length = given.chars().count();
        if length > LONGEST_TEXT {
            let message = format!("Only {LONGEST_TEXT} characters are allowed; {length} were supplied.");
            return Err(Problem::malformed(&message));
        }
    }
    if output["annotations"].as_array().is_some_and(|annotations| annotations.len() > MOST_ANNOTATIONS) {
        return Err(Problem::malformed("No more than 50 items are allowed in annotations."));
    }
    Ok((title, summary, text))
}
