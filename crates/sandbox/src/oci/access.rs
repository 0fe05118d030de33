//! Whom a registry lets in, and how it asks who somebody is.

use super::hex_of;
use base64::{Engine, prelude::BASE64_STANDARD};
use http::HeaderMap;

/// Whom a registry lets in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Access {
    /// Everyone.
    #[default]
    Open,
    /// An account, by its password with every request: `registry.rs` on the testbed, the private registry.
    Password(Account),
    /// Whoever brings a token of the registry's own token service, at `/token`. It gives tokens to an account, or to
    /// everyone who asks if there is none, as public registries do
    /// (<https://distribution.github.io/distribution/spec/auth/token/>).
    Token(Option<Account>),
}

/// Somebody who may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The user's name.
    pub user: String,
    /// The user's password.
    pub password: String,
}

impl Account {
    /// Whether the headers carry this account's password.
    pub(super) fn is_in(&self, headers: &HeaderMap) -> bool {
        let pair = BASE64_STANDARD.encode(format!("{}:{}", self.user, self.password));
        authorization(headers, "basic") == Some(pair.as_str())
    }
}

impl Access {
    /// The challenge for a request about a repository that may not pass; `None` if it may.
    pub(super) fn challenge(
        &self,
        headers: &HeaderMap,
        scheme: &str,
        host: &str,
        repository: Option<&str>,
    ) -> Option<String> {
        match self {
            Self::Open => None,
            Self::Password(account) if account.is_in(headers) => None,
            // The realm of `testbed/processes`.
            Self::Password(_) => Some("Basic realm=\"testbed\"".to_owned()),
            Self::Token(_) => {
                let given = authorization(headers, "bearer");
                let scope = repository.map(scope_of);
                if given.is_some_and(|given| given == token(host, scope.as_deref())) {
                    return None;
                }
                let scope = scope.map(|scope| format!(",scope=\"{scope}\"")).unwrap_or_default();
                Some(format!("Bearer realm=\"{scheme}://{host}/token\",service=\"{host}\"{scope}"))
            }
        }
    }
}

/// The scope that reading a repository needs.
fn scope_of(repository: &str) -> String {
    format!("repository:{repository}:pull")
}

/// The token for a scope: nobody else can make it, and the same one every time.
pub(super) fn token(host: &str, scope: Option<&str>) -> String {
    hex_of(format!("token of {host} for {}", scope.unwrap_or_default()).as_bytes())
}

fn authorization<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let text = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let (given, value) = text.split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then_some(value)
}
