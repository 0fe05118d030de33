//! GitHub Apps, where they are installed, and the tokens of Apps and of people.

use super::{Github, Hook, Impossible};
use jiff::{Timestamp, ToSpan};
use std::collections::{BTreeMap, BTreeSet};

/// How far a permission goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Look.
    Read,
    /// Change.
    Write,
}

impl Right {
    /// As the API writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "read" => Some(Self::Read),
            "write" => Some(Self::Write),
            _ => None,
        }
    }
}

/// What an App or a token may do, by the name of the permission, such as `pull_requests`.
pub type Permissions = BTreeMap<String, Right>;

/// A GitHub App.
#[derive(Debug, Clone)]
pub struct App {
    /// Its id.
    pub id: u64,
    /// Its name in addresses.
    pub slug: String,
    /// Its other id, which its web tokens may name as the issuer too.
    pub client_id: String,
    /// Whose it is.
    pub owner: u64,
    /// The account under which it writes.
    pub bot: u64,
    /// What it asks for.
    pub permissions: Permissions,
    /// The events that its webhook is told of.
    pub events: BTreeSet<String>,
    pub(super) created_at: Timestamp,
}

/// An App in an account.
#[derive(Debug, Clone)]
pub struct Installation {
    /// Its id.
    pub id: u64,
    /// The App.
    pub app: u64,
    /// The account.
    pub account: u64,
    /// The repositories of the account that it may see; all if it is not said.
    pub repositories: Option<BTreeSet<u64>>,
    /// What it was granted.
    pub permissions: Permissions,
    /// Whether somebody suspended it.
    pub suspended: bool,
    pub(super) created_at: Timestamp,
}

/// A token that is no web token.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) holder: Holder,
    /// What it was limited to when it was made; `None` for a classic token, which may do what its person may.
    pub(super) permissions: Option<Permissions>,
    pub(super) repositories: Option<BTreeSet<u64>>,
    pub(super) expires_at: Option<Timestamp>,
}

/// Whose token it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    Installation(u64),
    Person(u64),
}

/// Permissions as they are written: `contents` may be read, `checks` written, `metadata` always read.
fn permissions(given: &[(&str, Right)]) -> Permissions {
    let given = given.iter().map(|(name, right)| ((*name).to_owned(), *right));
    given.chain([("metadata".to_owned(), Right::Read)]).collect()
}

impl Github {
    /// Registers an App with what it asks for; the answer is its id.
    pub fn register_app(&mut self, slug: &str, owner: &str, asks_for: &[(&str, Right)]) -> u64 {
        let owner = match self.account_of(owner) {
            Some(account) => account.id,
            None => self.organization(owner),
        };
        let bot = self.user(&format!("{slug}[bot]"));
        // Ids of Apps are small, and nobody may take one for the id of its bot or of an installation.
        let id = 1_000_001 + u64::try_from(self.apps.len()).unwrap_or(0);
        let client_id = format!("Iv23li{:.14}", self.digits());
        let app = App {
            id,
            slug: slug.to_owned(),
            client_id,
            owner,
            bot,
            permissions: permissions(asks_for),
            events: BTreeSet::new(),
            created_at: self.now,
        };
        self.apps.insert(id, app);
        id
    }

    /// Installs an App in an account, for all of its repositories, with all that it asks for; the answer is the
    /// installation's id.
    ///
    /// # Errors
    ///
    /// When there is no such App.
    pub fn install_app(&mut self, app: u64, account: &str) -> Result<u64, Impossible> {
        let account = match self.account_of(account) {
            Some(account) => account.id,
            None => self.organization(account),
        };
        let known =
            self.apps.get(&app).ok_or_else(|| Impossible(format!("there is no App {app} to install")))?;
        let permissions = known.permissions.clone();
        let id = self.id();
        let created_at = self.now;
        let installation =
            Installation { id, app, account, repositories: None, permissions, suspended: false, created_at };
        self.installations.insert(id, installation);
        Ok(id)
    }

    /// An App.
    pub fn app(&self, id: u64) -> Option<&App> {
        self.apps.get(&id)
    }

    /// An installation, to be changed: suspended, limited to some repositories, granted something else.
    pub fn installation_mut(&mut self, id: u64) -> Option<&mut Installation> {
        self.installations.get_mut(&id)
    }

    /// Gives an App its webhook; the answer is the hook's id.
    ///
    /// # Errors
    ///
    /// When there is no such App.
    pub fn set_app_hook(
        &mut self,
        app: u64,
        url: &str,
        secret: &str,
        events: &[&str],
    ) -> Result<u64, Impossible> {
        let events: BTreeSet<String> = events.iter().map(|event| (*event).to_owned()).collect();
        let known = self
            .apps
            .get_mut(&app)
            .ok_or_else(|| Impossible(format!("there is no App {app} to have a hook")))?;
        known.events.clone_from(&events);
        let id = self.id();
        self.post.hooks.retain(|hook| hook.app != Some(app));
        let (url, secret) = (url.to_owned(), secret.to_owned());
        self.post.hooks.push(Hook {
            id,
            app: Some(app),
            repository: None,
            url,
            secret,
            events,
            active: true,
        });
        Ok(id)
    }

    /// A token of a person that may do all that the person may, and never expires: a classic personal access token.
    pub fn personal_token(&mut self, login: &str) -> String {
        let text = format!("ghp_{:.36}", self.digits());
        self.personal(text, login, None, None)
    }

    /// A token of a person for some repositories of one owner, with permissions: a fine-grained personal access token
    /// (<https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens>).
    pub fn fine_grained_token(
        &mut self,
        login: &str,
        repositories: &[u64],
        given: &[(&str, Right)],
    ) -> String {
        let text = format!("github_pat_{}", self.digits());
        self.personal(text, login, Some(permissions(given)), Some(repositories.iter().copied().collect()))
    }

    fn personal(
        &mut self,
        text: String,
        login: &str,
        permissions: Option<Permissions>,
        repositories: Option<BTreeSet<u64>>,
    ) -> String {
        let holder = Holder::Person(self.user(login));
        self.tokens.insert(text.clone(), Token { holder, permissions, repositories, expires_at: None });
        text
    }

    /// A token of an installation, as `POST /app/installations/{id}/access_tokens` gives it.
    ///
    /// # Errors
    ///
    /// When there is no such installation.
    pub fn installation_token(&mut self, installation: u64) -> Result<String, Impossible> {
        let known = self.installations.get(&installation);
        let known = known.ok_or_else(|| Impossible(format!("there is no installation {installation}")))?;
        let (permissions, repositories) = (known.permissions.clone(), known.repositories.clone());
        Ok(self.give_token(installation, permissions, repositories).0)
    }

    /// Makes a token that expires after one hour
    /// (<https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-an-installation-access-token-for-a-github-app>).
    pub(super) fn give_token(
        &mut self,
        installation: u64,
        permissions: Permissions,
        repositories: Option<BTreeSet<u64>>,
    ) -> (String, Timestamp) {
        let text = format!("ghs_{:.36}", self.digits());
        let expires_at = self.now.saturating_add(1.hour()).unwrap_or(Timestamp::MAX);
        let (holder, permissions) = (Holder::Installation(installation), Some(permissions));
        self.tokens
            .insert(text.clone(), Token { holder, permissions, repositories, expires_at: Some(expires_at) });
        (text, expires_at)
    }

    /// Lets no token that was given so far be good for anything.
    pub fn revoke_tokens(&mut self) {
        self.tokens.clear();
    }

    /// The installation of an App that reaches a repository.
    pub(super) fn installation_for(&self, app: u64, repository: u64) -> Option<&Installation> {
        let owner = self.repositories.get(&repository)?.owner;
        let of_owner = |it: &&Installation| it.app == app && it.account == owner && !it.suspended;
        self.installations.values().find(|it| of_owner(it) && it.reaches(repository))
    }
}

impl Installation {
    pub(super) fn reaches(&self, repository: u64) -> bool {
        self.repositories.as_ref().is_none_or(|chosen| chosen.contains(&repository))
    }
}
