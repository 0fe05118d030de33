//! What an App asks as itself: who it is, where it is installed, tokens, and its webhook's deliveries
//! (<https://docs.github.com/en/rest/apps/apps>, <https://docs.github.com/en/rest/apps/webhooks>).

use super::{
    access::Identity,
    reply::{Problem, Reply},
    request::Call,
    route::Answered,
};
use crate::github::{Delivery, Github, Installation, Permissions, Right, shape::permissions_shape, written};
use http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeSet;

impl Github {
    pub(super) fn as_app(&mut self, call: &Call<'_>, method: &str, rest: &[&str]) -> Answered {
        let app = the_app(call)?;
        match (method, rest) {
            ("GET", []) => {
                let mut shape = self.app_shape(app);
                let installed = self.installations.values().filter(|it| it.app == app).count();
                shape["installations_count"] = json!(installed);
                Ok(Reply::found(&shape))
            }
            ("GET", ["installations"]) => {
                let all = self.installations.values().filter(|it| it.app == app).collect();
                let (some, link) = call.page(all, &format!("{}/app/installations", self.api));
                let shapes: Value = some.into_iter().map(|it| self.installation_shape(it)).collect();
                let mut reply = Reply::found(&shapes);
                reply.link = link;
                Ok(reply)
            }
            ("GET", ["installations", id]) => {
                Ok(Reply::found(&self.installation_shape(self.installation_of(app, id)?)))
            }
            ("POST", ["installations", id, "access_tokens"]) => self.post_token(call, app, id),
            ("GET", ["hook", "deliveries"]) => self.list_deliveries(call, app),
            ("GET", ["hook", "deliveries", id]) => {
                let delivery = self.delivery_of(app, id)?;
                let mut shape = Self::delivery_shape(delivery);
                let headers: Value =
                    delivery.headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
                let payload: Value = serde_json::from_slice(&delivery.body).unwrap_or_default();
                shape["url"] = json!(delivery.url);
                shape["request"] = json!({"headers": headers, "payload": payload});
                shape["response"] = json!({"headers": {}, "payload": ""});
                Ok(Reply::found(&shape))
            }
            ("POST", ["hook", "deliveries", id, "attempts"]) => {
                let id = self.delivery_of(app, id)?.id;
                self.redeliver(id).map_err(|_| Problem::not_found())?;
                Ok(Reply::new(StatusCode::ACCEPTED, &json!({})))
            }
            _ => Err(Problem::not_found()),
        }
    }

    pub(super) fn repository_installation(&self, call: &Call<'_>, repository: u64) -> Answered {
        let found = self.installation_for(the_app(call)?, repository).ok_or_else(Problem::not_found)?;
        Ok(Reply::found(&self.installation_shape(found)))
    }

    /// <https://docs.github.com/en/rest/apps/apps#get-an-organization-installation-for-the-authenticated-app>
    pub(super) fn organization_installation(&self, call: &Call<'_>, organization: &str) -> Answered {
        let app = the_app(call)?;
        let account = self.account_of(organization).map(|account| account.id);
        let found = self.installations.values().find(|it| it.app == app && Some(it.account) == account);
        Ok(Reply::found(&self.installation_shape(found.ok_or_else(Problem::not_found)?)))
    }

    fn installation_of(&self, app: u64, id: &str) -> Result<&Installation, Problem> {
        let id: u64 = id.parse().map_err(|_| Problem::not_found())?;
        self.installations.get(&id).filter(|it| it.app == app).ok_or_else(Problem::not_found)
    }

    /// A token for all that the installation may, or for less; never for more.
    fn post_token(&mut self, call: &Call<'_>, app: u64, id: &str) -> Answered {
        let installation = self.installation_of(app, id)?.clone();
        if installation.suspended {
            let message = "This installation has been suspended";
            return Err(Problem::new(StatusCode::FORBIDDEN, message));
        }
        let body = call.json()?;
        self.note_oddities(call, &body, &["repositories", "repository_ids", "permissions"]);
        let permissions = match &body["permissions"] {
            Value::Null => installation.permissions.clone(),
            asked => asked_permissions(asked, &installation)?,
        };
        let chosen = self.asked_repositories(&body, &installation)?;
        let repositories = chosen.clone().or(installation.repositories);
        let selection = if repositories.is_some() { "selected" } else { "all" };
        let (token, expires_at) = self.give_token(installation.id, permissions.clone(), repositories);
        let mut shape = json!({
            "token": token,
            "expires_at": written(expires_at),
            "permissions": permissions_shape(&permissions),
            "repository_selection": selection,
        });
        if let Some(chosen) = chosen {
            let known = chosen.iter().filter_map(|id| self.repositories.get(id));
            shape["repositories"] = known.map(|repository| self.repository_shape(repository)).collect();
        }
        Ok(Reply::new(StatusCode::CREATED, &shape))
    }

    fn asked_repositories(
        &self,
        body: &Value,
        installation: &Installation,
    ) -> Result<Option<BTreeSet<u64>>, Problem> {
        let list = |field: &str| body[field].as_array().map(Vec::as_slice).unwrap_or_default();
        if list("repositories").is_empty() && list("repository_ids").is_empty() {
            return Ok(None);
        }
        let of_account = |id: &u64| {
            let known = self.repositories.get(id);
            known.is_some_and(|known| known.owner == installation.account) && installation.reaches(*id)
        };
        let by_name = |name: &Value| {
            let mut all = self.repositories.values();
            let found = all.find(|it| it.owner == installation.account && Some(&*it.name) == name.as_str());
            found.map(|repository| repository.id)
        };
        let named = list("repositories").iter().map(by_name);
        let numbered = list("repository_ids").iter().map(Value::as_u64);
        let all: Option<BTreeSet<u64>> = named.chain(numbered).map(|id| id.filter(of_account)).collect();
        all.map(Some).ok_or_else(|| {
            let message =
                "There is at least one repository that does not exist or is not accessible to the parent installation.";
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, message)
        })
    }

    fn delivery_of(&self, app: u64, id: &str) -> Result<&Delivery, Problem> {
        let hook = self.app_hook(app).map(|hook| hook.id);
        let id = id.parse().ok();
        let mut mine = self.deliveries().filter(|delivery| Some(delivery.hook) == hook);
        mine.find(|delivery| Some(delivery.id) == id).ok_or_else(Problem::not_found)
    }

    /// Newest first; the next page begins after a cursor, which the link has.
    fn list_deliveries(&self, call: &Call<'_>, app: u64) -> Answered {
        let hook = self.app_hook(app).map(|hook| hook.id).ok_or_else(Problem::not_found)?;
        let size: usize = call.query("per_page").and_then(|size| size.parse().ok()).unwrap_or(30);
        let size = size.clamp(1, 100);
        let cursor: Option<u64> = call.query("cursor").and_then(|cursor| cursor.parse().ok());
        let failed = call.query("status").map(|status| status == "failure");
        let wanted = |delivery: &&Delivery| {
            let Some(status) = delivery.status else { return false };
            let is_failed = !(200..400).contains(&status);
            delivery.hook == hook
                && cursor.is_none_or(|cursor| delivery.id < cursor)
                && failed.is_none_or(|failed| failed == is_failed)
        };
        let mut all = self.deliveries().rev().filter(wanted);
        let some: Vec<&Delivery> = all.by_ref().take(size).collect();
        let mut reply = Reply::found(&some.iter().map(|it| Self::delivery_shape(it)).collect::<Value>());
        if let (Some(last), true) = (some.last(), all.next().is_some()) {
            let status = call.query("status").map(|status| format!("&status={status}")).unwrap_or_default();
            let query = format!("per_page={size}&cursor={}{status}", last.id);
            reply.link = Some(format!("<{}/app/hook/deliveries?{query}>; rel=\"next\"", self.api));
        }
        Ok(reply)
    }
}

/// Nobody but an App by its web token may ask these.
fn the_app(call: &Call<'_>) -> Result<u64, Problem> {
    match &call.identity {
        Identity::App(app) => Ok(*app),
        _ => {
            let message = "A JSON web token could not be decoded";
            Err(Problem::new(StatusCode::UNAUTHORIZED, message))
        }
    }
}

fn asked_permissions(asked: &Value, installation: &Installation) -> Result<Permissions, Problem> {
    let asked = asked.as_object().into_iter().flatten();
    let granted = asked.map(|(name, right)| {
        let right = right.as_str().and_then(Right::of)?;
        let given = installation.permissions.get(name)?;
        (right <= *given).then(|| (name.clone(), right))
    });
    let granted: Option<Permissions> = granted.collect();
    let Some(mut granted) = granted else {
        let message = "The permissions requested are not granted to this installation.";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, message));
    };
    granted.insert("metadata".to_owned(), Right::Read);
    Ok(granted)
}
