//! Credentials as `docker login` and Kubernetes' `kubernetes.io/dockerconfigjson` Secrets keep them.

use super::{Credentials, Secret};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Why credentials could not be taken from Docker's configuration file.
#[derive(Debug, thiserror::Error)]
pub enum DockerConfigError {
    /// It cannot be read.
    #[error("cannot read Docker's configuration {path}; check the path and who may read it")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is not what Docker writes. The parser's message is left out where it could repeat a password.
    #[error(
        "{path} is not a Docker configuration (line {line}, column {column}); write it with `docker login`"
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line of the first error, from 1.
        line: usize,
        /// The column of the first error, from 1.
        column: usize,
    },
    /// The entry for the host is not a user with a password.
    #[error("{path}: the entry of {host} holds no user and password in `auth` (base64 of user:password)")]
    NoPassword {
        /// The file.
        path: PathBuf,
        /// The registry's host.
        host: String,
    },
    /// A credential helper keeps the password, and we run no other programs.
    #[error(
        "{path}: the password of {host} is kept by a credential helper, which is not run; give user and password"
    )]
    Helper {
        /// The file.
        path: PathBuf,
        /// The registry's host.
        host: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
    creds_store: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
}

impl Credentials {
    /// The credentials that the Docker configuration at `path` has for `host`, or nothing when it does not know the host.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or understood, or keeps the password elsewhere.
    pub fn from_docker_config(path: &Path, host: &str) -> Result<Option<Self>, DockerConfigError> {
        let text = std::fs::read(path)
            .map_err(|source| DockerConfigError::Unreadable { path: path.to_owned(), source })?;
        let file: File = serde_json::from_slice(&text).map_err(|error| DockerConfigError::Malformed {
            path: path.to_owned(),
            line: error.line(),
            column: error.column(),
        })?;
        let helper = || DockerConfigError::Helper { path: path.to_owned(), host: host.to_owned() };
        if file.cred_helpers.contains_key(host) {
            return Err(helper());
        }
        let Some((_, entry)) = file.auths.into_iter().find(|(key, _)| host_of(key) == host) else {
            return Ok(None);
        };
        match entry.pair() {
            Some((username, password)) => Ok(Some(Self { username, password: Secret::new(password) })),
            None if file.creds_store.is_some() => Err(helper()),
            None => Err(DockerConfigError::NoPassword { path: path.to_owned(), host: host.to_owned() }),
        }
    }
}

impl Entry {
    fn pair(self) -> Option<(String, String)> {
        let plain = self.username.zip(self.password);
        let encoded = self.auth.filter(|auth| !auth.is_empty());
        let decoded =
            encoded.and_then(|auth| String::from_utf8(BASE64_STANDARD.decode(auth.trim()).ok()?).ok());
        let pair = decoded.and_then(|pair| {
            pair.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
        });
        pair.or(plain).filter(|(user, password)| !user.is_empty() && !password.is_empty())
    }
}

/// Docker writes a host, or an address such as `https://index.docker.io/v1/`.
fn host_of(key: &str) -> &str {
    let rest = key.split_once("://").map_or(key, |(_, rest)| rest);
    match rest.split_once('/').map_or(rest, |(host, _)| host) {
        "index.docker.io" => "docker.io",
        host => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, host: &str) -> Result<Option<(String, String)>, DockerConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        std::fs::write(&path, text).unwrap();
        let found = Credentials::from_docker_config(&path, host)?;
        Ok(found.map(|credentials| (credentials.username, credentials.password.expose().to_owned())))
    }

    #[test]
    fn a_password_with_colons_is_read_for_its_host_only() {
        let auth = BASE64_STANDARD.encode("bot:a:b");
        let text = format!(
            r#"{{"auths": {{"ghcr.io": {{"auth": "{auth}"}}, "https://index.docker.io/v1/": {{"username": "u", "password": "p"}}}}}}"#
        );
        assert_eq!(read(&text, "ghcr.io").unwrap(), Some(("bot".into(), "a:b".into())));
        assert_eq!(read(&text, "docker.io").unwrap(), Some(("u".into(), "p".into())));
        assert_eq!(read(&text, "io").unwrap(), None);
        assert_eq!(read("{}", "ghcr.io").unwrap(), None);
    }

    #[test]
    fn what_cannot_be_used_is_named_without_its_content() {
        for (text, expected) in [
            (r#"{"auths": {"ghcr.io": {"auth": "c2VjcmV0"}}}"#, "no user and password"),
            (r#"{"auths": {"ghcr.io": {}}, "credsStore": "pass"}"#, "credential helper"),
            (r#"{"credHelpers": {"ghcr.io": "gcloud"}}"#, "credential helper"),
            (r#"{"auths": {"ghcr.io": "hunter2"}}"#, "line 1, column 31"),
        ] {
            let error = format!("{:#}", anyhow::Error::from(read(text, "ghcr.io").unwrap_err()));
            assert!(error.contains(expected) && !error.contains("hunter2"), "{error}");
        }
        let missing = Credentials::from_docker_config(Path::new("/nonexistent/config.json"), "ghcr.io");
        assert!(matches!(missing, Err(DockerConfigError::Unreadable { .. })));
    }
}
