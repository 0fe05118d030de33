//! The client of GitHub that the configuration describes, with its secrets read.

use crate::{
    clock::Clock,
    config::{Config, Github, GithubCredentials, SecretSource},
    error::UsageError,
    github::{AppKey, Client, Credentials, Limits, Settings},
    registry::Secret,
};
use std::sync::Arc;

/// The client for the pull requests of all services; `None` if no service has rings. Asks nothing yet.
///
/// # Errors
/// [`UsageError`] if a secret cannot be read or is none; others if no encrypted connection could be made.
pub fn client(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<Option<Client>> {
    let Some(github) = config.github.as_ref().filter(|_| !config.rings.is_empty()) else {
        return Ok(None);
    };
    let settings =
        Settings { api: github.api.clone(), credentials: credentials(github)?, limits: Limits::default() };
    let client = Client::over_network(settings, clock).map_err(|error| UsageError(error.to_string()))?;
    Ok(Some(client))
}

fn credentials(github: &Github) -> anyhow::Result<Credentials> {
    Ok(match &github.credentials {
        GithubCredentials::App { id, installation, key } => Credentials::App {
            id: *id,
            installation: *installation,
            key: AppKey::from_pem(&read(key)?, "github.app.privateKey")
                .map_err(|error| UsageError(error.to_string()))?,
        },
        GithubCredentials::Token(token) => Credentials::Token(Secret::new(read(token)?)),
    })
}

fn read(source: &SecretSource) -> anyhow::Result<String> {
    let read = source.read(|variable| std::env::var(variable).ok());
    Ok(read.map_err(|error| UsageError(format!("{:#}", anyhow::Error::from(error))))?)
}
