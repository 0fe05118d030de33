//! What the doctor finds out about GitHub: whether it answers, who we are there, what of it can be read, and whether it
//! tells us what happens. It only reads; what can be known of the right to write is in [`app`] and [`token`].

mod app;
mod needs;
#[cfg(test)]
mod tests;
mod token;

use super::{Checks, State};
use crate::{
    clock::SystemClock,
    config::{self, CohortSource, Config, Github},
    github::{Client, IdentityKind},
    intake::{self, Secrets},
    rings,
};
use std::sync::Arc;

/// A commit that no repository has: the runs of a workflow for it are none, if the workflow is there.
const NO_COMMIT: &str = "0000000000000000000000000000000000000000";

/// Looks at GitHub, if the configuration has it.
pub(super) async fn look(checks: &mut Checks, config: &Config) {
    let Some(github) = &config.github else { return };
    let what = format!("GitHub {}", github.api);
    match rings::client(config, Arc::new(SystemClock)) {
        Ok(Some(client)) => examine(checks, config, github, &client).await,
        Ok(None) => {
            let advice = "give a service `rings` if pull requests are to drive it";
            return checks.add(State::Notice, what, "not asked: no service has rings", Some(advice));
        }
        Err(error) => checks.error(what, error),
    }
    webhook(checks, config, github);
}

async fn examine(checks: &mut Checks, config: &Config, github: &Github, client: &Client) {
    let what = format!("GitHub {}", github.api);
    let identity = match client.identity().await {
        Ok(identity) => identity,
        // Nothing else would be answered.
        Err(error) => return checks.error(what, error),
    };
    let login = &identity.login;
    match identity.kind {
        IdentityKind::App { app_id } => {
            checks.add(State::Good, what, format!("answers; we are the App {app_id}, {login}"), None);
            app::permissions(checks, config, client).await;
        }
        IdentityKind::User { .. } => {
            checks.add(State::Good, what, format!("answers; we are the user {login}"), None);
            token::permissions(checks, config, client, login).await;
        }
    }
    for (service, rings) in &config.rings {
        repository(checks, client, service, rings).await;
    }
    for (name, source) in &config.cohorts {
        if let CohortSource::Github { repository, reference, .. } = source {
            cohorts(checks, client, name, repository, reference).await;
        }
    }
}

/// The repository of a service, and the workflow that builds its rings.
async fn repository(checks: &mut Checks, client: &Client, service: &str, rings: &config::Rings) {
    let name = &rings.repository;
    let what = format!("GitHub: repository {name}");
    match client.repository(name).await {
        Ok(found) if !found.name.eq_ignore_ascii_case(name) => {
            let advice = format!("write `{}` into services.{service}.rings.repository", found.name);
            checks.add(State::Notice, what, format!("is called {} now", found.name), Some(&advice));
        }
        Ok(found) => {
            checks.add(
                State::Good,
                what,
                format!("can be read; rings merge into {}", found.default_branch),
                None,
            );
        }
        Err(error) => return checks.error(what, error),
    }
    let Some(build) = &rings.rules.build else { return };
    let what = format!("GitHub: workflow {} of {name}", build.workflow);
    match client.workflow_runs(name, &build.workflow, NO_COMMIT).await {
        Ok(_) => checks.add(State::Good, what, "can be read", None),
        Err(error) => checks.error(what, error),
    }
}

/// A repository that has cohort files.
async fn cohorts(checks: &mut Checks, client: &Client, name: &str, repository: &str, reference: &str) {
    let what = format!("GitHub: cohorts {name} in {repository}");
    match client.commit_of(repository, reference).await {
        Ok(Some(commit)) => {
            checks.add(State::Good, what, format!("can be read; {reference} is at {commit}"), None);
        }
        Ok(None) => {
            let found = format!("has no branch, tag or commit {reference}");
            let advice = format!("write one that is there into cohorts.{name}.ref");
            checks.add(State::Problem, what, found, Some(&advice));
        }
        Err(error) => checks.error(what, error),
    }
}

/// Whether deliveries are taken. Whether GitHub gets through is seen in its list of deliveries.
fn webhook(checks: &mut Checks, config: &Config, github: &Github) {
    let what = "GitHub: webhook";
    match secrets(github) {
        Ok(Some(_)) => {
            let found = format!(
                "on: `ringway serve` takes signed deliveries on http://{}{}",
                config.server.listen,
                intake::PATH
            );
            checks.add(State::Good, what, found, None);
        }
        Ok(None) => {
            let seconds = github.sweep.as_secs();
            let found = format!("off: what has changed is found by the sweep alone, every {seconds} s");
            let advice = "fine if GitHub cannot reach Ringway; else set github.webhookSecrets";
            checks.add(State::Notice, what, found, Some(advice));
        }
        Err(error) => checks.error(what, error),
    }
}

/// The secrets as the server reads them; `None` if there are none.
fn secrets(github: &Github) -> anyhow::Result<Option<Secrets>> {
    if github.webhook_secrets.is_empty() {
        return Ok(None);
    }
    let read =
        github.webhook_secrets.iter().map(|source| source.read(|variable| std::env::var(variable).ok()));
    let read: Vec<String> = read.collect::<Result<_, _>>()?;
    Ok(Some(Secrets::new(read.iter().map(String::as_str))?))
}
