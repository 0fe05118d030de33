//! Reads the secrets that the configuration names. Nothing that is read here is ever part of a message.

use super::{CredentialSource, Registry, SecretSource};
use crate::registry::{Credentials, DockerConfigError, RegistrySettings, Secret};
use std::path::{Path, PathBuf};

/// Why credentials could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The file with the password cannot be read.
    #[error("cannot read the password of registry {host} from {file}; check the path and who may read it", file = file.display())]
    Unreadable {
        /// The registry.
        host: String,
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is empty.
    #[error("the password of registry {host} is empty in {file}; write the password or token into it", file = file.display())]
    EmptyFile {
        /// The registry.
        host: String,
        /// The file.
        file: PathBuf,
    },
    /// The environment variable is not set, empty, or not text.
    #[error(
        "the password of registry {host} should be in the environment variable {variable}, which is not set; set it"
    )]
    NoVariable {
        /// The registry.
        host: String,
        /// The variable.
        variable: String,
    },
    /// Docker's configuration file cannot be used.
    #[error("cannot take the credentials of registry {host} from Docker's configuration")]
    Docker {
        /// The registry.
        host: String,
        /// Why.
        #[source]
        source: DockerConfigError,
    },
    /// Docker's configuration file does not know the registry.
    #[error("{file} has no credentials of registry {host}; run docker login {host}, or correct dockerConfigFile", file = file.display())]
    UnknownToDocker {
        /// The registry.
        host: String,
        /// The file.
        file: PathBuf,
    },
    /// The file with a secret of GitHub cannot be read.
    #[error("cannot read the secret of GitHub from {file}; check the path and who may read it", file = file.display())]
    UnreadableSecret {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// There is no secret of GitHub where it should be.
    #[error(
        "the secret of GitHub in {place} is empty or missing; put the key, the token or the webhook's secret there"
    )]
    NoSecret {
        /// The file or the environment variable.
        place: String,
    },
}

impl SecretSource {
    /// The secret. `variable` looks into the environment.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, variable: impl Fn(&str) -> Option<String>) -> Result<String, CredentialError> {
        let text = match self {
            Self::Environment(name) => variable(name),
            Self::File(file) => Some(
                std::fs::read_to_string(file)
                    .map_err(|source| CredentialError::UnreadableSecret { file: file.clone(), source })?,
            ),
        };
        // Editors and `echo` end a file with a newline, which belongs to no secret.
        let text = text.map(|text| text.trim_end_matches(['\r', '\n']).to_owned());
        text.filter(|text| !text.is_empty())
            .ok_or_else(|| CredentialError::NoSecret { place: self.to_string() })
    }
}

impl Registry {
    /// How to reach this registry, with its secrets read. `variable` looks into the environment.
    ///
    /// # Errors
    /// When the secrets cannot be read.
    pub fn settings(
        &self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<RegistrySettings, CredentialError> {
        let host = || self.host.clone();
        let credentials = match &self.credentials {
            None => None,
            Some(CredentialSource::PasswordFile { username, file }) => {
                Some(Credentials { username: username.clone(), password: self.password_in(file)? })
            }
            Some(CredentialSource::PasswordEnvironment { username, variable: name }) => {
                let password = variable(name)
                    .filter(|password| !password.is_empty())
                    .ok_or_else(|| CredentialError::NoVariable { host: host(), variable: name.clone() })?;
                Some(Credentials { username: username.clone(), password: Secret::new(password) })
            }
            Some(CredentialSource::DockerConfigFile(file)) => {
                let found = Credentials::from_docker_config(file, &self.host)
                    .map_err(|source| CredentialError::Docker { host: host(), source })?;
                let unknown = || CredentialError::UnknownToDocker { host: host(), file: file.clone() };
                Some(found.ok_or_else(unknown)?)
            }
        };
        Ok(RegistrySettings {
            host: self.host.clone(),
            address: self.address,
            insecure_http: self.insecure,
            credentials,
        })
    }

    fn password_in(&self, file: &Path) -> Result<Secret, CredentialError> {
        let text = std::fs::read_to_string(file).map_err(|source| CredentialError::Unreadable {
            host: self.host.clone(),
            file: file.to_owned(),
            source,
        })?;
        // Editors and `echo` end a file with a newline, which belongs to no password.
        let password = text.trim_end_matches(['\r', '\n']);
        if password.is_empty() {
            return Err(CredentialError::EmptyFile { host: self.host.clone(), file: file.to_owned() });
        }
        Ok(Secret::new(password))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry(credentials: CredentialSource) -> Registry {
        Registry { host: "ghcr.io".into(), address: None, insecure: false, credentials: Some(credentials) }
    }

    fn password(settings: RegistrySettings) -> String {
        settings.credentials.unwrap().password.expose().to_owned()
    }

    #[test]
    fn a_password_is_read_from_a_file_without_its_newline() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let registry =
            registry(CredentialSource::PasswordFile { username: "bot".into(), file: file.clone() });
        assert!(matches!(registry.settings(|_| None), Err(CredentialError::Unreadable { .. })));
        std::fs::write(&file, "\n").unwrap();
        assert!(matches!(registry.settings(|_| None), Err(CredentialError::EmptyFile { .. })));
        std::fs::write(&file, " hunter2\r\n").unwrap();
        assert_eq!(password(registry.settings(|_| None).unwrap()), " hunter2");
    }

    #[test]
    fn a_password_is_read_from_the_environment() {
        let registry = registry(CredentialSource::PasswordEnvironment {
            username: "bot".into(),
            variable: "REGISTRY_TOKEN".into(),
        });
        let set = |name: &str| (name == "REGISTRY_TOKEN").then(|| "hunter2".to_owned());
        assert_eq!(password(registry.settings(set).unwrap()), "hunter2");
        let error = registry.settings(|_| Some(String::new())).unwrap_err().to_string();
        assert!(error.contains("ghcr.io") && error.contains("REGISTRY_TOKEN"), "{error}");
    }

    #[test]
    fn a_secret_of_github_is_read_from_its_place_and_never_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let source = SecretSource::File(file.clone());
        let error = source.read(|_| None).unwrap_err();
        assert!(error.to_string().contains("token; check the path"), "{error}");
        std::fs::write(&file, "\r\n").unwrap();
        assert!(matches!(source.read(|_| None), Err(CredentialError::NoSecret { .. })));
        std::fs::write(&file, "hunter2\n").unwrap();
        assert_eq!(source.read(|_| None).unwrap(), "hunter2");
        std::fs::write(&file, b"hunter2\xff").unwrap();
        let error = format!("{:?}", source.read(|_| None).unwrap_err());
        assert!(!error.contains("hunter2"), "{error}");

        let source = SecretSource::Environment("GITHUB_TOKEN".into());
        assert_eq!(
            source.read(|name| (name == "GITHUB_TOKEN").then(|| "hunter2".to_owned())).unwrap(),
            "hunter2"
        );
        let error = source.read(|_| Some(String::new())).unwrap_err().to_string();
        assert!(error.contains("the environment variable GITHUB_TOKEN is empty or missing"), "{error}");
    }

    #[test]
    fn a_docker_configuration_without_the_registry_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        std::fs::write(&file, r#"{"auths": {}}"#).unwrap();
        let error = registry(CredentialSource::DockerConfigFile(file)).settings(|_| None).unwrap_err();
        assert!(error.to_string().contains("docker login ghcr.io"), "{error}");
    }
}
