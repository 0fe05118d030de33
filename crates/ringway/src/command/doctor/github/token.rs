//! What can be known of our token without writing anything: the scopes of a classic one, and what its user may do.

use super::{
    super::{Checks, State},
    needs::{OF_COHORTS, OF_SERVICE, OF_TEAM, OF_USER, cohort_repositories, organisations},
};
use crate::{config::Config, github::Client};
use release::decide::facts::Permission;
use std::collections::BTreeSet;

/// Looks at the token, and at what its user may do in the repositories of services.
pub(super) async fn permissions(checks: &mut Checks, config: &Config, client: &Client, login: &str) {
    let what = "GitHub: token";
    match client.token_scopes().await {
        Ok(Some(scopes)) => classic(checks, config, &scopes),
        Ok(None) => {
            let found = "fine-grained: GitHub does not tell its permissions, and whether it may write shows only when it \
                         does";
            checks.add(State::Notice, what, found, Some(&wanted(config)));
        }
        Err(error) => checks.error(what, error),
    }
    for rings in config.rings.values() {
        access(checks, client, login, &rings.repository).await;
    }
}

/// The scopes of a classic token (<https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps>).
fn classic(checks: &mut Checks, config: &Config, scopes: &BTreeSet<String>) {
    let what = "GitHub: token";
    let has_one = |names: &[&str]| names.iter().any(|name| scopes.contains(*name));
    let mut missing = Vec::new();
    if !has_one(&["repo", "public_repo"]) {
        missing.push("repo");
    }
    if !organisations(config).is_empty() && !has_one(&["read:org", "write:org", "admin:org"]) {
        missing.push("read:org");
    }
    let all = scopes.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let all = if all.is_empty() { "no scope".to_owned() } else { all };
    if !missing.is_empty() {
        let found = format!("classic, with {all}; lacks {}", missing.join(", "));
        let advice = "give it these scopes, or use a fine-grained token, which can do with less";
        return checks.add(State::Problem, what, found, Some(advice));
    }
    if !has_one(&["repo"]) {
        let found = format!("classic, with {all}: public repositories only");
        let advice =
            "fine if the repositories of services and cohorts are public; else give it the scope repo";
        return checks.add(State::Notice, what, found, Some(advice));
    }
    checks.add(State::Good, what, format!("classic, with {all}"), None);
}

/// What a fine-grained token must have.
fn wanted(config: &Config) -> String {
    let needs: Vec<String> = OF_SERVICE.into_iter().chain([OF_USER]).map(|need| need.to_string()).collect();
    let services: Vec<&str> = config.rings.values().map(|rings| rings.repository.as_str()).collect();
    let mut parts = vec![format!("on {}: {}", services.join(", "), needs.join(", "))];
    for repository in cohort_repositories(config) {
        parts.push(format!("on {repository}: {OF_COHORTS}"));
    }
    for organisation in organisations(config) {
        parts.push(format!("of the organisation {organisation}: {OF_TEAM}"));
    }
    format!("make sure that it has, {}", parts.join("; "))
}

/// Statuses are written, and what people may do is read, only by somebody with write access.
async fn access(checks: &mut Checks, client: &Client, login: &str, repository: &str) {
    let what = format!("GitHub: user {login} in {repository}");
    match client.permission(repository, login).await {
        Ok(permission) if permission >= Permission::Write => {
            checks.add(State::Good, what, "has write access", None);
        }
        Ok(_) => {
            let advice = format!("give {login} write access to {repository}");
            let found = "has no write access, which commit statuses need";
            checks.add(State::Problem, what, found, Some(&advice));
        }
        Err(error) => checks.error(what, error),
    }
}
