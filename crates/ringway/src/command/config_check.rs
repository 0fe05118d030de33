//! `ringway config check`: what the configuration means. What is wrong with it was said when it was read.

use super::OutputFormat;
use crate::{
    config::{CohortSource, Config, GithubCredentials, Rings},
    error::Outcome,
    output,
};
use release::decide::rules::Mode;
use serde::Serialize;
use std::path::Path;

/// What scripts want to know: which file was read, and the names that it gives. No secret, and not where one is.
#[derive(Serialize)]
struct Checked<'a> {
    file: &'a Path,
    instances: Vec<&'a str>,
    services: Vec<&'a str>,
    /// `None`: pull requests drive nothing.
    github: Option<CheckedGithub<'a>>,
    cohorts: Vec<CheckedCohorts<'a>>,
    rings: Vec<CheckedRings<'a>>,
    state_folder: &'a Path,
}

#[derive(Serialize)]
struct CheckedGithub<'a> {
    api: &'a str,
    /// `None`: a user with a token.
    app: Option<u64>,
    installation: Option<u64>,
    /// Whether there is a secret for deliveries.
    webhook: bool,
    sweep_seconds: u64,
}

#[derive(Serialize)]
struct CheckedCohorts<'a> {
    source: &'a str,
    #[serde(flatten)]
    kept: Kept<'a>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Kept<'a> {
    Github { repository: &'a str, reference: &'a str, folder: &'a str },
    File { folder: &'a Path },
    Argocd { selector: &'a str, tenant_label: &'a str },
}

#[derive(Serialize)]
struct CheckedRings<'a> {
    service: &'a str,
    repository: &'a str,
    branches: String,
    mode: Mode,
}

pub(super) fn check(config: &Config, format: OutputFormat) -> anyhow::Result<Outcome> {
    output::print(format, &checked(config), || config.report())?;
    Ok(Outcome::Done)
}

fn checked(config: &Config) -> Checked<'_> {
    Checked {
        file: &config.file,
        instances: config.argocd.iter().map(|instance| instance.name.as_str()).collect(),
        services: config.services.keys().map(String::as_str).collect(),
        github: github(config),
        cohorts: config.cohorts.iter().map(cohorts).collect(),
        rings: config.rings.iter().map(rings).collect(),
        state_folder: &config.state_folder,
    }
}

fn github(config: &Config) -> Option<CheckedGithub<'_>> {
    let github = config.github.as_ref()?;
    let (app, installation) = match github.credentials {
        GithubCredentials::App { id, installation, .. } => (Some(id), installation),
        GithubCredentials::Token(_) => (None, None),
    };
    Some(CheckedGithub {
        api: &github.api,
        app,
        installation,
        webhook: !github.webhook_secrets.is_empty(),
        sweep_seconds: github.sweep.as_secs(),
    })
}

fn cohorts<'a>((source, kept): (&'a String, &'a CohortSource)) -> CheckedCohorts<'a> {
    let kept = match kept {
        CohortSource::Github { repository, reference, folder } => {
            Kept::Github { repository, reference, folder }
        }
        CohortSource::File { folder } => Kept::File { folder },
        CohortSource::Argocd { selector, tenant_label } => Kept::Argocd { selector, tenant_label },
    };
    CheckedCohorts { source, kept }
}

fn rings<'a>((service, rings): (&'a String, &'a Rings)) -> CheckedRings<'a> {
    CheckedRings {
        service,
        repository: &rings.repository,
        branches: rings.rules.branches.to_string(),
        mode: rings.rules.mode,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::EnvironmentPaths;

    #[test]
    fn scripts_read_what_pull_requests_drive_and_no_secret() {
        let example = include_bytes!("../../../../ringway.example.yaml");
        let environment =
            EnvironmentPaths { home: Some("/home/someone".into()), ..EnvironmentPaths::default() };
        let config = Config::parse(Path::new("/etc/ringway/ringway.yaml"), example, &environment).unwrap();
        let document = serde_json::to_value(checked(&config)).unwrap();
        let expected = serde_json::json!({
            "file": "/etc/ringway/ringway.yaml",
            "instances": ["europe", "america"],
            "services": ["atlas-metastore", "heracles"],
            "github": {
                "api": "https://api.github.com",
                "app": 123_456,
                "installation": 7_654_321,
                "webhook": true,
                "sweep_seconds": 120,
            },
            "cohorts": [
                {
                    "source": "argocd",
                    "kind": "argocd",
                    "selector": "acme.example.com/{key}={value}",
                    "tenant_label": "acme.example.com/tenant",
                },
                {
                    "source": "github",
                    "kind": "github",
                    "repository": "acme/releases",
                    "reference": "main",
                    "folder": "cohorts",
                },
                { "source": "local", "kind": "file", "folder": "/etc/ringway/cohorts" },
            ],
            "rings": [{
                "service": "atlas-metastore",
                "repository": "acme/atlas-metastore",
                "branches": "ring-*",
                "mode": "observe",
            }],
            "state_folder": "/var/lib/ringway",
        });
        assert_eq!(document, expected);
    }
}
