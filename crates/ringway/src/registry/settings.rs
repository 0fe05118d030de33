//! How a registry is reached, and how much patience we have with it.

use std::{fmt, net::SocketAddr, time::Duration};

/// A registry that needs more than an anonymous HTTPS connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrySettings {
    /// The host, with the port where it is not 443, as image references write it.
    pub host: String,
    /// Where it is reached instead of at its host.
    pub address: Option<SocketAddr>,
    /// Whether to speak HTTP without encryption; loopback addresses only.
    pub insecure_http: bool,
    /// Who we are; without it, anonymous.
    pub credentials: Option<Credentials>,
}

/// A user of a registry, or a token in the form that registries give it to users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub username: String,
    /// The password or access token.
    pub password: Secret,
}

/// A text that is never shown: its `Debug` says nothing about it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

/// How long we wait for a registry and how often we ask it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How often an unavailable registry is asked in all.
    pub attempts: u32,
    /// The pause before the second attempt; it doubles with each further one.
    pub first_pause: Duration,
    /// How long a connection may take to open.
    pub connect_timeout: Duration,
    /// How long one request may take, from opening the connection to the last byte of the answer.
    pub request_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempts: 3,
            first_pause: Duration::from_millis(500),
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(20),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show_itself() {
        let credentials = Credentials { username: "bot".into(), password: Secret::new("hunter2") };
        let shown = format!("{credentials:?} {credentials:#?}");
        assert!(shown.contains("bot") && !shown.contains("hunter2"), "{shown}");
    }
}
