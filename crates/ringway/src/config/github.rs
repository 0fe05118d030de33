//! Reads how GitHub is reached, and as whom. No secret is read here: a [`SecretSource`] says where one is.

use super::{
    load::Paths,
    names,
    reader::{Map, Value},
    text,
    unique::Unique,
};
use std::{path::PathBuf, time::Duration};

/// How GitHub is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Github {
    /// The address of its API, without a slash at its end.
    pub api: String,
    /// Who we are there.
    pub credentials: GithubCredentials,
    /// What deliveries of webhooks are signed with, at most two so that they can be changed without a gap. None:
    /// deliveries are not taken, and only the sweep finds what has changed.
    pub webhook_secrets: Vec<SecretSource>,
    /// How often everything is looked at without being told.
    pub sweep: Duration,
}

/// Who we are on GitHub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GithubCredentials {
    /// A GitHub App.
    App {
        /// Its id.
        id: u64,
        /// Which installation of it; `None`: the one that has the repository.
        installation: Option<u64>,
        /// Its private key, as PEM.
        key: SecretSource,
    },
    /// The token of a user.
    Token(SecretSource),
}

/// Where a secret is. Never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretSource {
    /// It is the content of a file.
    File(PathBuf),
    /// It is the value of an environment variable.
    Environment(String),
}

/// How often everything is looked at when nothing is configured.
const SWEEP: Duration = Duration::from_secs(2 * 60);

/// Reads the section `github`.
pub(super) fn read(value: &Value<'_>, paths: &Paths<'_>) -> Option<Github> {
    let map = value.map()?;
    let api = match map.optional("api") {
        Some(value) => value.parsed(names::api),
        None => Some("https://api.github.com".to_owned()),
    };
    let credentials = match (map.optional("app"), map.optional("token")) {
        (Some(app), None) => app_credentials(&app, paths),
        (None, Some(token)) => token
            .map()
            .and_then(|map| secret(&map, "file", "environment", paths))
            .map(GithubCredentials::Token),
        _ => {
            value.error("must have exactly one of app and token: as a GitHub App, or as a user with a token");
            None
        }
    };
    let webhook_secrets =
        map.optional("webhookSecrets").map_or_else(Vec::new, |list| webhook_secrets(&list, paths));
    let (shortest, longest) = (Duration::from_secs(10), Duration::from_secs(60 * 60));
    let sweep = match map.optional("sweep") {
        Some(value) => value.duration_within(shortest..=longest, "a duration from 10s to 1h, such as 2m"),
        None => Some(SWEEP),
    };
    Some(Github { api: api?, credentials: credentials?, webhook_secrets, sweep: sweep? })
}

fn app_credentials(value: &Value<'_>, paths: &Paths<'_>) -> Option<GithubCredentials> {
    let map = value.map()?;
    let id = map.required("id").and_then(|value| value.id());
    let installation = map.optional("installation").map(|value| value.id());
    let key = secret(&map, "privateKeyFile", "privateKeyEnvironment", paths);
    let installation = match installation {
        Some(given) => Some(given?),
        None => None,
    };
    Some(GithubCredentials::App { id: id?, installation, key: key? })
}

fn webhook_secrets(list: &Value<'_>, paths: &Paths<'_>) -> Vec<SecretSource> {
    let items = list.list_or_empty();
    if items.len() > 2 {
        list.error(format!(
            "has {} secrets; allowed: at most two, the new one and the old one while they are changed",
            items.len()
        ));
    }
    let mut seen = Unique::default();
    let read = |value: Value<'_>| {
        let source = secret(&value.map()?, "file", "environment", paths)?;
        seen.check(&value, source.to_string())?;
        Some(source)
    };
    items.into_iter().filter_map(read).collect()
}

/// Reads where a secret is: exactly one of two settings.
fn secret(map: &Map<'_>, file: &str, environment: &str, paths: &Paths<'_>) -> Option<SecretSource> {
    match (map.optional(file), map.optional(environment)) {
        (Some(value), None) => {
            value.parsed(not_the_secret)?;
            paths.read(map, file).map(SecretSource::File)
        }
        (None, Some(value)) => {
            value.parsed(not_the_secret)?;
            value.parsed(text::variable).map(SecretSource::Environment)
        }
        _ => {
            map.value().error(format!(
                "must have exactly one of {file} and {environment}, which say where the secret is"
            ));
            None
        }
    }
}

fn not_the_secret(text: &str) -> Result<(), &'static str> {
    if names::is_secret(text) {
        return Err(
            "seems to be the secret itself, which must not stand in this file; write where it is, and replace it on \
                    GitHub if others could read this file",
        );
    }
    Ok(())
}

impl std::fmt::Display for SecretSource {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(file) => write!(formatter, "{}", file.display()),
            Self::Environment(variable) => write!(formatter, "the environment variable {variable}"),
        }
    }
}
