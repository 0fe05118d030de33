//! People, organisations, Apps and installations as JSON.

use super::{encoded, node};
use crate::github::{Account, AccountKind, App, Github, Installation, Permissions, written};
use serde_json::{Value, json};

/// Where people look at GitHub.
pub(in crate::github) const WEB: &str = "https://github.com";

impl Github {
    /// An account of an id as most answers carry it, or nothing if there is none.
    pub(in crate::github) fn account_shape(&self, id: u64) -> Value {
        let Some(account) = self.accounts.get(&id) else { return Value::Null };
        let api = format!("{}/users/{}", self.api, encoded(&account.login));
        json!({
            "login": account.login,
            "id": account.id,
            "node_id": node("User", account.id),
            "avatar_url": format!("https://avatars.githubusercontent.com/u/{}?v=4", account.id),
            "gravatar_id": "",
            "url": api,
            "html_url": account_page(account),
            "followers_url": format!("{api}/followers"),
            "following_url": format!("{api}/following{{/other_user}}"),
            "gists_url": format!("{api}/gists{{/gist_id}}"),
            "starred_url": format!("{api}/starred{{/owner}}{{/repo}}"),
            "subscriptions_url": format!("{api}/subscriptions"),
            "organizations_url": format!("{api}/orgs"),
            "repos_url": format!("{api}/repos"),
            "events_url": format!("{api}/events{{/privacy}}"),
            "received_events_url": format!("{api}/received_events"),
            "type": account.kind.name(),
            "site_admin": false,
        })
    }

    /// An account as `GET /user` and `GET /users/{login}` show it.
    pub(in crate::github) fn profile_shape(&self, account: &Account) -> Value {
        let mut shape = self.account_shape(account.id);
        for field in ["name", "company", "location", "email", "hireable", "bio", "twitter_username"] {
            shape[field] = Value::Null;
        }
        for field in ["public_repos", "public_gists", "followers", "following"] {
            shape[field] = json!(0);
        }
        shape["blog"] = json!("");
        shape["created_at"] = json!(written(account.created_at));
        shape["updated_at"] = json!(written(account.created_at));
        shape
    }

    /// The account of an organisation as webhooks carry it; `None` if it is a person's.
    pub(in crate::github) fn organization_shape(&self, id: u64) -> Option<Value> {
        let account = self.accounts.get(&id).filter(|account| account.kind == AccountKind::Organization)?;
        let api = format!("{}/orgs/{}", self.api, account.login);
        Some(json!({
            "login": account.login,
            "id": account.id,
            "node_id": node("Organization", account.id),
            "url": api,
            "repos_url": format!("{api}/repos"),
            "events_url": format!("{api}/events"),
            "hooks_url": format!("{api}/hooks"),
            "issues_url": format!("{api}/issues"),
            "members_url": format!("{api}/members{{/member}}"),
            "public_members_url": format!("{api}/public_members{{/member}}"),
            "avatar_url": format!("https://avatars.githubusercontent.com/u/{}?v=4", account.id),
            "description": null,
        }))
    }

    /// An App; nothing if there is none of this id.
    pub(in crate::github) fn app_shape(&self, id: u64) -> Value {
        let Some(app) = self.apps.get(&id) else { return Value::Null };
        json!({
            "id": app.id,
            "client_id": app.client_id,
            "slug": app.slug,
            "node_id": node("Integration", app.id),
            "owner": self.account_shape(app.owner),
            "name": app.slug,
            "description": "",
            "external_url": "https://example.com",
            "html_url": app_page(app),
            "created_at": written(app.created_at),
            "updated_at": written(app.created_at),
            "permissions": permissions_shape(&app.permissions),
            "events": app.events,
        })
    }

    pub(in crate::github) fn installation_shape(&self, installation: &Installation) -> Value {
        let app = self.apps.get(&installation.app);
        let account = self.accounts.get(&installation.account);
        let selection = if installation.repositories.is_some() { "selected" } else { "all" };
        let suspended = installation.suspended.then(|| written(self.now));
        json!({
            "id": installation.id,
            "account": self.account_shape(installation.account),
            "repository_selection": selection,
            "access_tokens_url": format!("{}/app/installations/{}/access_tokens", self.api, installation.id),
            "repositories_url": format!("{}/installation/repositories", self.api),
            "html_url": format!("{WEB}/settings/installations/{}", installation.id),
            "app_id": installation.app,
            "app_slug": app.map(|app| app.slug.clone()),
            "client_id": app.map(|app| app.client_id.clone()),
            "target_id": installation.account,
            "target_type": account.map(|account| account.kind.name()),
            "permissions": permissions_shape(&installation.permissions),
            "events": app.map(|app| app.events.clone()),
            "created_at": written(installation.created_at),
            "updated_at": written(installation.created_at),
            "single_file_name": null,
            "has_multiple_single_files": false,
            "single_file_paths": [],
            "suspended_by": null,
            "suspended_at": suspended,
        })
    }
}

pub(in crate::github) fn permissions_shape(permissions: &Permissions) -> Value {
    permissions.iter().map(|(name, right)| (name.clone(), json!(right.name()))).collect()
}

fn account_page(account: &Account) -> String {
    match account.login.strip_suffix("[bot]") {
        Some(app) => format!("{WEB}/apps/{app}"),
        None => format!("{WEB}/{}", account.login),
    }
}

fn app_page(app: &App) -> String {
    format!("{WEB}/apps/{}", app.slug)
}
