//! As whom we ask: a token that was given, or one that GitHub gives the installation of our App for an hour.

use super::{
    address::{RepositoryName, encode},
    answer::Answer,
    budget::date,
    error::{GithubError, GithubSetupError},
    key::AppKey,
    sender::{Question, Sender},
    settings::Credentials,
};
use http::{HeaderValue, Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// How long before its end a token is no longer used: what is sent with it must arrive before.
const BEFORE_THE_END: SignedDuration = SignedDuration::from_secs(5 * 60);

/// From which difference on two clocks are called different.
pub(super) const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_secs(5);

/// What a request is about; an App has one installation per owner.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope<'a> {
    Repository(RepositoryName<'a>),
    Organisation(&'a str),
    /// About ourselves.
    Own,
}

/// Who we are, and what GitHub gave us for it.
#[derive(Debug)]
pub(super) enum Session {
    Token(HeaderValue),
    App(Box<App>),
}

#[derive(Debug)]
pub(super) struct App {
    id: u64,
    installation: Option<u64>,
    key: AppKey,
    /// How far GitHub's clock is before ours, as far as we had to ask.
    ahead: Mutex<SignedDuration>,
    passes: tokio::sync::Mutex<Passes>,
}

#[derive(Debug, Default)]
struct Passes {
    installations: BTreeMap<String, u64>,
    tokens: BTreeMap<u64, Pass>,
}

/// The token of an installation.
#[derive(Debug)]
struct Pass {
    header: HeaderValue,
    until: Timestamp,
}

#[derive(Deserialize)]
struct Installation {
    id: u64,
}

#[derive(Deserialize)]
struct InstallationToken {
    token: String,
    expires_at: Timestamp,
}

impl Session {
    pub(super) fn new(credentials: Credentials) -> Result<Self, GithubSetupError> {
        Ok(match credentials {
            Credentials::Token(token) => {
                let text = token.expose().trim();
                if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
                    return Err(GithubSetupError::Token);
                }
                Self::Token(bearer(text).ok_or(GithubSetupError::Token)?)
            }
            Credentials::App { id, installation, key } => Self::App(Box::new(App {
                id,
                installation,
                key,
                ahead: Mutex::default(),
                passes: tokio::sync::Mutex::default(),
            })),
        })
    }

    /// The id of our App, if we are one.
    pub(super) fn app(&self) -> Option<u64> {
        match self {
            Self::App(app) => Some(app.id),
            Self::Token(_) => None,
        }
    }

    /// Sends a request as who we are. A token that GitHub gave and no longer takes is replaced once.
    pub(super) async fn ask(
        &self,
        sender: &Sender,
        scope: Scope<'_>,
        question: &Question<'_>,
    ) -> Result<Answer, GithubError> {
        let app = match self {
            Self::Token(header) => return sender.send(question, header).await,
            Self::App(app) => app,
        };
        let Some(owner) = owner(scope) else { return app.ask(sender, question).await };
        let pass = app.pass(sender, scope, owner, None).await?;
        let answer = sender.send(question, &pass).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        tracing::info!(
            asked = question.asked,
            "GitHub no longer takes the token of the installation; a new one is asked for"
        );
        let fresh = app.pass(sender, scope, owner, Some(&pass)).await?;
        sender.send(question, &fresh).await
    }
}

impl App {
    /// The token for what belongs to an owner: the one that we have, unless it ends soon or is the one that was refused.
    async fn pass(
        &self,
        sender: &Sender,
        scope: Scope<'_>,
        owner: &str,
        refused: Option<&HeaderValue>,
    ) -> Result<HeaderValue, GithubError> {
        // Held while the token is fetched, so that requests at the same time fetch one.
        let mut passes = self.passes.lock().await;
        let owner = owner.to_ascii_lowercase();
        let installation = match self.installation.or_else(|| passes.installations.get(&owner).copied()) {
            Some(installation) => installation,
            None => self.find_installation(sender, scope, &owner).await?,
        };
        if self.installation.is_none() {
            passes.installations.insert(owner.clone(), installation);
        }
        let now = self.now(sender);
        if let Some(pass) = passes.tokens.get(&installation)
            && refused != Some(&pass.header)
            && now.checked_add(BEFORE_THE_END).is_ok_and(|soon| soon < pass.until)
        {
            return Ok(pass.header.clone());
        }
        passes.tokens.remove(&installation);
        let asked = format!("asking GitHub for a token of installation {installation} of App {}", self.id);
        let address = sender.api.address(&format!("/app/installations/{installation}/access_tokens"));
        let mut question = Question::write(Method::POST, address, &json!({}), &asked);
        question.is_content = false;
        let answer = self.ask(sender, &question).await?.judged(&asked).inspect_err(|_| {
            // It may have been installed anew under another number.
            passes.installations.remove(&owner);
        })?;
        let given: InstallationToken = answer.json(&asked)?;
        let header = bearer(&given.token)
            .ok_or_else(|| GithubError::malformed(&asked, "the token that was given cannot be sent"))?;
        passes.tokens.insert(installation, Pass { header: header.clone(), until: given.expires_at });
        Ok(header)
    }

    async fn find_installation(
        &self,
        sender: &Sender,
        scope: Scope<'_>,
        owner: &str,
    ) -> Result<u64, GithubError> {
        let path = match scope {
            Scope::Repository(name) => name.path("/installation"),
            Scope::Organisation(_) | Scope::Own => format!("/orgs/{}/installation", encode(owner)),
        };
        let asked = format!("asking GitHub where App {} is installed for {owner}", self.id);
        let question = Question::read(sender.api.address(&path), &asked);
        let found: Installation = self.ask(sender, &question).await?.judged(&asked)?.json(&asked)?;
        Ok(found.id)
    }

    /// Sends a request as the App itself. If that is refused and GitHub's clock shows another time than ours, GitHub's
    /// counts from now on, and it is sent again.
    async fn ask(&self, sender: &Sender, question: &Question<'_>) -> Result<Answer, GithubError> {
        let answer = sender.send(question, &self.proof(sender, question)?).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let ahead = self.ahead();
        let shown = date(&answer).map(|date| date.duration_since(sender.clock.now()));
        let differs = |shown: &SignedDuration| (*shown - ahead).abs() >= CLOCKS_DIFFER;
        let Some(shown) = shown.filter(differs) else {
            return Err(self.refused(question.asked, &answer));
        };
        tracing::warn!(
            ahead_seconds = shown.as_secs(),
            "GitHub's clock differs from the one of this machine, which makes GitHub refuse our App; GitHub's time is \
             used for it from now on, but set the clock of this machine"
        );
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = shown;
        let answer = sender.send(question, &self.proof(sender, question)?).await?;
        match answer.status {
            StatusCode::UNAUTHORIZED => Err(self.refused(question.asked, &answer)),
            _ => Ok(answer),
        }
    }

    fn refused(&self, asked: &str, answer: &Answer) -> GithubError {
        let clock = match self.ahead() {
            SignedDuration::ZERO => String::new(),
            ahead => format!(
                " (GitHub's clock is {} seconds ahead of the one of this machine, which was allowed for)",
                ahead.as_secs()
            ),
        };
        GithubError::Unauthorized {
            message: format!(
                "{asked}: GitHub does not believe that we are App {}: {}{clock}; check that github.app.id is the id of \
                 the App and that the private key is one of its keys and was not deleted",
                self.id,
                answer.complaint()
            ),
        }
    }

    fn proof(&self, sender: &Sender, question: &Question<'_>) -> Result<HeaderValue, GithubError> {
        let proof = self.key.proof(self.id, self.now(sender));
        proof.and_then(|proof| bearer(proof.expose())).ok_or_else(|| {
            GithubError::invalid(
                question.asked,
                "the private key of the App cannot sign; check the clock of this machine",
            )
        })
    }

    fn ahead(&self) -> SignedDuration {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// GitHub's time, as well as we know it.
    fn now(&self, sender: &Sender) -> Timestamp {
        let now = sender.clock.now();
        now.checked_add(self.ahead()).unwrap_or(now)
    }
}

fn owner<'a>(scope: Scope<'a>) -> Option<&'a str> {
    match scope {
        Scope::Repository(name) => Some(name.owner),
        Scope::Organisation(organisation) => Some(organisation),
        Scope::Own => None,
    }
}

fn bearer(token: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}
