//! What the configuration means for pull requests: who we are on GitHub, what labels mean, and what rings do.

use super::duration;
use crate::config::{CohortSource, Config, Github, GithubCredentials, Rings};
use release::decide::{
    facts::Permission,
    rules::{Authority, AuthorityRule, Mode, OnMerge},
};
use std::fmt::{self, Write};

/// GitHub and the sources of cohorts.
pub(super) fn write_sources(out: &mut String, config: &Config) -> fmt::Result {
    let Some(github) = &config.github else {
        writeln!(out, "\nPull requests drive nothing: there is no section github.")?;
        return write_cohorts(out, config);
    };
    writeln!(out, "\nGitHub")?;
    write_github(out, github)?;
    if config.rings.is_empty() {
        writeln!(out, "  no service has rings: pull requests drive nothing")?;
    }
    if config.mode == Mode::Observe {
        writeln!(
            out,
            "  mode observe: pull requests are told what would be done, and nothing is written to any tenant"
        )?;
    }
    write_cohorts(out, config)
}

fn write_github(out: &mut String, github: &Github) -> fmt::Result {
    match &github.credentials {
        GithubCredentials::App { id, installation, key } => {
            let installation = installation.map(|id| format!(", installation {id}")).unwrap_or_default();
            writeln!(out, "  {} as App {id}{installation}, private key in {key}", github.api)?;
        }
        GithubCredentials::Token(token) => {
            writeln!(
                out,
                "  {} as the user whose token is in {token}; commit statuses, no check runs",
                github.api
            )?;
        }
    }
    let sweep = duration(github.sweep);
    let secrets: Vec<String> = github.webhook_secrets.iter().map(ToString::to_string).collect();
    if secrets.is_empty() {
        return writeln!(
            out,
            "  no webhookSecrets: deliveries are not taken, and only the sweep, every {sweep}, finds what has changed"
        );
    }
    writeln!(out, "  deliveries to /webhooks/github, signed with the secret in {}", secrets.join(" or "))?;
    writeln!(out, "  a sweep every {sweep}")
}

fn write_cohorts(out: &mut String, config: &Config) -> fmt::Result {
    if config.cohorts.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nCohorts")?;
    for (name, source) in &config.cohorts {
        match source {
            CohortSource::Github { repository, reference, folder } => writeln!(
                out,
                "  cohort:{name}:path:<value> is {folder}/<value>.json of {repository} at {reference}"
            )?,
            CohortSource::File { folder } => {
                writeln!(out, "  cohort:{name}:path:<value> is the file {}/<value>.json", folder.display())?;
            }
            CohortSource::Argocd { selector, tenant_label } => {
                let selector = selector.replace("{key}", "<key>").replace("{value}", "<value>");
                writeln!(
                    out,
                    "  cohort:{name}:<key>:<value> is the tenants, by their label {tenant_label}, of Applications \
                     with {selector}"
                )?;
            }
        }
    }
    Ok(())
}

/// How pull requests drive one service.
pub(super) fn write_rings(out: &mut String, rings: &Rings) -> fmt::Result {
    let rules = &rings.rules;
    let effect = match rules.mode {
        Mode::Act => "drive it",
        Mode::Observe => "are told what would be done, and nothing is written (observe)",
    };
    writeln!(
        out,
        "    pull requests of {} from {} into its default branch {effect}",
        rings.repository, rules.branches
    )?;
    match &rules.build {
        None => writeln!(out, "      no build is waited for: only the images count")?,
        Some(build) => {
            let what =
                build.job.as_ref().map_or_else(|| "the run".to_owned(), |job| format!("the job {job:?}"));
            writeln!(out, "      {what} of {} must have succeeded for the head commit", build.workflow)?;
        }
    }
    for (name, template) in &rings.images {
        writeln!(out, "      image {name} is {}:{}", template.repository, template.tag)?;
    }
    let merged = match rules.on_merge {
        OnMerge::Keep => "keep the image until somebody takes it back",
        OnMerge::Cleanup => "go back at once, to the old default image until the new one is out",
    };
    writeln!(out, "      merged: tenants {merged}")?;
    writeln!(out, "      closed without merge: tenants go back at once")?;
    writeln!(out, "      label removed: its tenants go back after {}", duration(rules.grace))?;
    writeln!(out, "      at most {} tenants in a cohort", rules.cohort_limit)?;
    rules.authority.iter().try_for_each(|rule| write_authority(out, rule))?;
    let which = if rules.authority.is_empty() { "labels" } else { "all other labels" };
    writeln!(out, "      {which} may be set by whoever has write access")
}

fn write_authority(out: &mut String, rule: &AuthorityRule) -> fmt::Result {
    let who = match &rule.needs {
        Authority::Permission(permission) => format!("whoever has {} access", permission_text(*permission)),
        Authority::Team(team) => format!("members of {team} who have write access"),
    };
    writeln!(out, "      labels cohort:{} may be set by {who}", rule.cohorts)
}

fn permission_text(permission: Permission) -> &'static str {
    match permission {
        Permission::None => "no",
        Permission::Read => "read",
        Permission::Triage => "triage",
        Permission::Write => "write",
        Permission::Maintain => "maintain",
        Permission::Admin => "admin",
    }
}
