//! Who asks, and whether they may.

use super::reply::Problem;
use crate::github::{
    Github, Permissions, Repository, Right, Role,
    app::{Holder, Token},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode, header::AUTHORIZATION};
use serde_json::Value;
use std::collections::BTreeSet;

/// How long a web token of an App may be good for, in seconds
/// (<https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app>).
const LONGEST_WEB_TOKEN: i64 = 600;

/// Who asks.
#[derive(Debug, Clone)]
pub(super) enum Identity {
    /// An App as itself.
    App(u64),
    /// An App in an account.
    Installation { id: u64, app: u64, permissions: Permissions, repositories: Option<BTreeSet<u64>> },
    /// A person, with all of their rights or with some.
    Person { account: u64, permissions: Option<Permissions>, repositories: Option<BTreeSet<u64>> },
}

impl Identity {
    /// Whom the limits are counted for.
    pub(super) fn key(&self) -> String {
        match self {
            Self::App(id) => format!("app {id}"),
            Self::Installation { id, .. } => format!("installation {id}"),
            Self::Person { account, .. } => format!("user {account}"),
        }
    }

    /// As messages about limits name it.
    pub(super) fn described(&self) -> String {
        match self {
            Self::App(id) => format!("app ID {id}"),
            Self::Installation { id, .. } => format!("installation ID {id}"),
            Self::Person { account, .. } => format!("user ID {account}"),
        }
    }

    fn refusal(&self) -> &'static str {
        match self {
            Self::App(_) | Self::Installation { .. } => "Resource not accessible by integration",
            Self::Person { .. } => "Resource not accessible by personal access token",
        }
    }
}

impl Github {
    /// Who asks, by the header `Authorization`
    /// (<https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api>).
    pub(super) fn identify(&mut self, headers: &HeaderMap) -> Result<Identity, Problem> {
        let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some((scheme, text)) = given.and_then(|given| given.split_once(' ')) else {
            return Err(Problem::new(StatusCode::UNAUTHORIZED, "Requires authentication"));
        };
        if !scheme.eq_ignore_ascii_case("bearer") && !scheme.eq_ignore_ascii_case("token") {
            return Err(Problem::bad_credentials());
        }
        if text.matches('.').count() == 2 {
            return self.app_of(text).map(Identity::App);
        }
        let token = self.tokens.get(text).ok_or_else(Problem::bad_credentials)?;
        if token.expires_at.is_some_and(|end| end <= self.now) {
            return Err(Problem::bad_credentials());
        }
        self.holder(token.clone())
    }

    fn holder(&self, token: Token) -> Result<Identity, Problem> {
        let Token { holder, permissions, repositories, .. } = token;
        match holder {
            Holder::Person(account) => Ok(Identity::Person { account, permissions, repositories }),
            Holder::Installation(id) => {
                let known = self.installations.get(&id).ok_or_else(Problem::bad_credentials)?;
                if known.suspended {
                    let message = "This installation has been suspended";
                    return Err(Problem::new(StatusCode::FORBIDDEN, message));
                }
                // What was taken from the installation since is taken from the token too.
                let granted = |(name, right): (String, Right)| {
                    let still = known.permissions.get(&name).copied()?;
                    Some((name, right.min(still)))
                };
                let permissions = permissions.unwrap_or_default().into_iter().filter_map(granted).collect();
                let app = known.app;
                let repositories = repositories.or_else(|| known.repositories.clone());
                Ok(Identity::Installation { id, app, permissions, repositories })
            }
        }
    }

    /// The App of a web token, by its claims.
    fn app_of(&mut self, text: &str) -> Result<u64, Problem> {
        let refused = |message: &str| Problem::new(StatusCode::UNAUTHORIZED, message);
        let mut parts = text.split('.').map(|part| BASE64_URL_SAFE_NO_PAD.decode(part));
        let mut part = || parts.next().and_then(Result::ok);
        let read = |bytes: Option<Vec<u8>>| {
            bytes.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()).unwrap_or_default()
        };
        let (header, claims, signature) = (read(part()), read(part()), part().unwrap_or_default());
        if header["alg"] != "RS256" || !claims.is_object() || signature.is_empty() {
            return Err(refused("A JSON web token could not be decoded"));
        }
        let now = self.now.as_second();
        let issued = claims["iat"].as_i64().filter(|issued| *issued <= now);
        let Some(issued) = issued else {
            return Err(refused(
                "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
            ));
        };
        let Some(end) = claims["exp"].as_i64().filter(|end| *end > now) else {
            return Err(refused(
                "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the \
                 assertion expires",
            ));
        };
        if end - now > LONGEST_WEB_TOKEN || now - issued > LONGEST_WEB_TOKEN {
            return Err(refused("'Expiration time' claim ('exp') is too far in the future"));
        }
        let issuer = match &claims["iss"] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let app = self.apps.values().find(|app| app.id.to_string() == issuer || app.client_id == issuer);
        let app = app.map(|app| app.id).ok_or_else(|| refused("Integration not found"))?;
        self.calls.unverified_tokens += 1;
        Ok(app)
    }

    /// The role of somebody in a repository.
    pub(super) fn role(&self, repository: &Repository, account: u64) -> Role {
        let given = repository.roles.get(&account).copied().unwrap_or(Role::None);
        if repository.private { given } else { given.max(Role::Read) }
    }

    /// Whether a repository may be seen at all.
    pub(super) fn sees(&self, identity: &Identity, repository: &Repository) -> bool {
        match identity {
            Identity::App(_) => !repository.private,
            Identity::Installation { id, repositories, .. } => {
                !repository.private || self.reaches(*id, repositories.as_ref(), repository)
            }
            Identity::Person { account, repositories, .. } => {
                let chosen = repositories.as_ref().is_none_or(|chosen| chosen.contains(&repository.id));
                !repository.private || chosen && self.role(repository, *account) >= Role::Read
            }
        }
    }

    fn reaches(&self, installation: u64, chosen: Option<&BTreeSet<u64>>, repository: &Repository) -> bool {
        let known = self.installations.get(&installation);
        known.is_some_and(|known| known.account == repository.owner && known.reaches(repository.id))
            && chosen.is_none_or(|chosen| chosen.contains(&repository.id))
    }

    /// Whether somebody may do something that needs one of some permissions, and, of a person, a role. What may not be seen
    /// is not found; what may not be done is forbidden
    /// (<https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps>).
    pub(super) fn allow(
        &self,
        identity: &Identity,
        repository: &Repository,
        one_of: &[(&str, Right)],
        role: Role,
    ) -> Result<(), Problem> {
        if !self.sees(identity, repository) {
            return Err(Problem::not_found());
        }
        let reads = one_of.iter().all(|(_, right)| *right == Right::Read);
        let names = one_of.iter().map(|(name, right)| format!("{name}={}", right.name()));
        let needed = names.collect::<Vec<_>>().join("; ");
        let refused = || Problem::forbidden(identity.refusal(), Some(needed.clone()));
        let has = |permissions: &Permissions| {
            one_of.iter().any(|(name, right)| permissions.get(*name).is_some_and(|given| given >= right))
        };
        match identity {
            Identity::App(_) => Err(refused()),
            Identity::Installation { id, permissions, repositories, .. } => {
                let inside = self.reaches(*id, repositories.as_ref(), repository);
                if inside && has(permissions) || !inside && reads { Ok(()) } else { Err(refused()) }
            }
            Identity::Person { account, permissions, repositories } => {
                let inside = repositories.as_ref().is_none_or(|chosen| chosen.contains(&repository.id));
                let granted = permissions.as_ref().is_none_or(|given| has(given) && inside);
                // Everybody may read what is public.
                let granted = granted || reads && !repository.private;
                if !granted {
                    return Err(refused());
                }
                // A role that is too low is not explained.
                if self.role(repository, *account) >= role { Ok(()) } else { Err(Problem::not_found()) }
            }
        }
    }
}
