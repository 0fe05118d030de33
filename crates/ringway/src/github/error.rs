//! Why GitHub gave no answer that could be used. No message ever has a token, a key or a whole answer in it.

use jiff::Timestamp;

/// Why something asked of GitHub could not be had or done. Each message says what was asked of which repository, why it
/// failed, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GithubError {
    /// GitHub does not take our word for who we are.
    #[error("{message}")]
    Unauthorized {
        /// The message.
        message: String,
    },
    /// We may not do this.
    #[error("{message}")]
    Forbidden {
        /// The message.
        message: String,
        /// The permissions that would do, as GitHub names them.
        needs: Option<String>,
    },
    /// It is not there, or we may not see it.
    #[error("{message}")]
    NotFound {
        /// The message.
        message: String,
    },
    /// It was there and is no more.
    #[error("{message}")]
    Gone {
        /// The message.
        message: String,
    },
    /// GitHub does not accept what we asked for.
    #[error("{message}")]
    Invalid {
        /// The message.
        message: String,
    },
    /// We asked too much. Until then every request fails at once.
    #[error("{message}")]
    RateLimited {
        /// The message.
        message: String,
        /// From when on we may ask again.
        until: Timestamp,
    },
    /// GitHub could not be reached, or could not answer. After a write it is not known whether it happened.
    #[error("{message}")]
    Unavailable {
        /// The message.
        message: String,
    },
    /// The answer is not one of GitHub's, or leads somewhere else.
    #[error("{message}")]
    Malformed {
        /// The message.
        message: String,
    },
    /// The answer, or the number of its pages, is beyond what we read.
    #[error("{message}")]
    TooLarge {
        /// The message.
        message: String,
    },
}

impl GithubError {
    /// Whether the same request may succeed later without anybody doing anything.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::Unavailable { .. })
    }

    pub(super) fn unavailable(asked: &str, why: impl std::fmt::Display) -> Self {
        Self::Unavailable { message: format!("{asked}: {why}; it is tried again by itself") }
    }

    pub(super) fn malformed(asked: &str, why: impl std::fmt::Display) -> Self {
        Self::Malformed {
            message: format!("{asked}: {why}; check that `github.api` is the address of GitHub's REST API"),
        }
    }

    pub(super) fn invalid(asked: &str, why: impl std::fmt::Display) -> Self {
        Self::Invalid { message: format!("{asked}: {why}") }
    }
}

/// Why a client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum GithubSetupError {
    /// The address is no address of an API.
    #[error(
        "github.api {api:?} is no address of GitHub's API; use https://api.github.com, or https://HOST/api/v3 for an \
         own server (plain http is for loopback addresses only)"
    )]
    Address {
        /// The address as configured.
        api: String,
    },
    /// The key is not one that can sign.
    #[error(
        "{setting} is no usable private key of a GitHub App: {why}; generate a key in the settings of the App and give \
         its PEM file unchanged"
    )]
    Key {
        /// The setting that named the key.
        setting: String,
        /// What is wrong with it, without any of its text.
        why: String,
    },
    /// The token cannot be sent.
    #[error("github.token has characters that no token of GitHub has; give the token alone, on one line")]
    Token,
    /// The system's certificates or its resolver cannot be used.
    #[error("cannot set up HTTPS for GitHub; check that the system's CA certificates are installed")]
    Network(#[source] reqwest::Error),
}
