//! What we were given on GitHub: the permissions of an installation of our App, and the scopes of our token. Read only to
//! tell people what is missing; nothing is decided by it.

use super::{
    Client, address::RepositoryName, error::GithubError, model::Installation, reads::segment,
    sender::Question, session::Scope, wire::WireInstallation,
};
use std::collections::BTreeSet;

impl Client {
    /// The installation of our App that has a repository, whichever one was configured.
    ///
    /// # Errors
    /// If there is none, if we are no App, or if GitHub does not say.
    pub async fn installation_of_repository(&self, name: &str) -> Result<Installation, GithubError> {
        let path = RepositoryName::read(name)?.path("/installation");
        self.installation(&path, name).await
    }

    /// The installation of our App in an organisation.
    ///
    /// # Errors
    /// As [`Self::installation_of_repository`].
    pub async fn installation_of_organisation(&self, name: &str) -> Result<Installation, GithubError> {
        let path = format!("/orgs/{}/installation", segment(name, "asking GitHub about an organisation")?);
        self.installation(&path, name).await
    }

    async fn installation(&self, path: &str, place: &str) -> Result<Installation, GithubError> {
        let asked = format!("asking GitHub what our App may do in {place}");
        let found: WireInstallation = self.read(Scope::Own, path, &asked).await?;
        Ok(found.into())
    }

    /// The scopes of our token; `None` of a fine-grained one, which has permissions that GitHub does not tell
    /// (<https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps>).
    ///
    /// # Errors
    /// If GitHub does not take the token, or does not answer.
    pub async fn token_scopes(&self) -> Result<Option<BTreeSet<String>>, GithubError> {
        let question =
            Question::read(self.0.sender.api.address("/user"), "asking GitHub what our token may do");
        let answer = self.patiently(|| self.ask(Scope::Own, &question)).await?;
        let scopes = answer.header("x-oauth-scopes").map(|text| {
            let named = text.split(',').map(str::trim).filter(|scope| !scope.is_empty());
            named.map(str::to_owned).collect()
        });
        Ok(scopes)
    }
}
