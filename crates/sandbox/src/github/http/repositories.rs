//! Repositories, people and their permissions, teams.

use super::{
    access::Identity,
    reply::{Problem, Reply},
    request::Call,
    route::Answered,
};
use crate::github::{AccountKind, Github, Repository, Right, Role};
use http::StatusCode;
use serde_json::{Value, json};

impl Github {
    /// The repository of an id that was resolved before.
    pub(super) fn here(&self, repository: u64) -> Result<&Repository, Problem> {
        self.repositories.get(&repository).ok_or_else(Problem::not_found)
    }

    /// <https://docs.github.com/en/rest/repos/repos#get-a-repository>
    pub(super) fn get_repository(&self, call: &Call<'_>, repository: u64) -> Answered {
        let repository = self.here(repository)?;
        self.allow(&call.identity, repository, &[("metadata", Right::Read)], Role::Read)?;
        let mut shape = self.repository_shape(repository);
        shape["network_count"] = shape["forks"].clone();
        shape["subscribers_count"] = json!(0);
        let parent = repository.parent.and_then(|parent| self.repositories.get(&parent));
        if let Some(parent) = parent {
            shape["parent"] = self.repository_shape(parent);
            shape["source"] =
                self.repository_shape(self.repositories.get(&repository.network).unwrap_or(parent));
        }
        Ok(Reply::found(&shape))
    }

    /// <https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user>
    pub(super) fn permission(&self, call: &Call<'_>, repository: u64, login: &str) -> Answered {
        let repository = self.here(repository)?;
        self.allow(&call.identity, repository, &[("metadata", Right::Read)], Role::Read)?;
        if let Identity::Person { account, .. } = &call.identity
            && self.role(repository, *account) < Role::Write
        {
            let message = "Must have push access to view collaborator permission.";
            return Err(Problem::new(StatusCode::FORBIDDEN, message));
        }
        let account = self.account_of(login).filter(|account| account.kind == AccountKind::User);
        let Some(account) = account else {
            return Err(Problem::new(StatusCode::NOT_FOUND, &format!("{login} is not a user")));
        };
        let role = self.role(repository, account.id);
        let mut user = self.account_shape(account.id);
        user["role_name"] = json!(role.name());
        user["permissions"] = json!({
            "admin": role >= Role::Admin,
            "maintain": role >= Role::Maintain,
            "push": role >= Role::Write,
            "triage": role >= Role::Triage,
            "pull": role >= Role::Read,
        });
        let shape = json!({"permission": role.permission(), "role_name": role.name(), "user": user});
        Ok(Reply::found(&shape))
    }

    /// Who is no member, and who has not accepted, is seen by those only who may see the members
    /// (<https://docs.github.com/en/rest/teams/members#get-team-membership-for-a-user>).
    pub(super) fn membership(
        &self,
        call: &Call<'_>,
        organization: &str,
        team: &str,
        login: &str,
    ) -> Answered {
        let known = self.account_of(organization).filter(|it| it.kind == AccountKind::Organization);
        let organization = known.ok_or_else(Problem::not_found)?;
        let may = |given: Option<&Right>| given.is_some_and(|right| *right >= Right::Read);
        let allowed = match &call.identity {
            Identity::App(_) => false,
            Identity::Installation { id, permissions, .. } => {
                let installed = self.installations.get(id).is_some_and(|it| it.account == organization.id);
                if !installed {
                    return Err(Problem::not_found());
                }
                may(permissions.get("members"))
            }
            Identity::Person { permissions, .. } => {
                permissions.as_ref().is_none_or(|given| may(given.get("members")))
            }
        };
        if !allowed {
            let needed = Some("members=read".to_owned());
            return Err(Problem::forbidden("Resource not accessible by integration", needed));
        }
        let teams = self.teams.iter().filter(|it| it.organization == organization.id && it.slug == team);
        let account = self.account_of(login).map(|account| account.id);
        let mut found = teams.filter_map(|team| team.members.get(&account?));
        let accepted = found.next().ok_or_else(Problem::not_found)?;
        let address = format!("{}/orgs/{}/teams/{team}/memberships/{login}", self.api, organization.login);
        let state = if *accepted { "active" } else { "pending" };
        Ok(Reply::found(&json!({"url": address, "role": "member", "state": state})))
    }

    /// <https://docs.github.com/en/rest/users/users#get-the-authenticated-user>
    pub(super) fn current_user(&self, call: &Call<'_>) -> Answered {
        let Identity::Person { account, .. } = &call.identity else {
            return Err(Problem::forbidden("Resource not accessible by integration", None));
        };
        let account = self.accounts.get(account).ok_or_else(Problem::bad_credentials)?;
        let mut shape = self.profile_shape(account);
        let counts =
            ["private_gists", "total_private_repos", "owned_private_repos", "disk_usage", "collaborators"];
        for field in counts {
            shape[field] = json!(0);
        }
        shape["two_factor_authentication"] = json!(true);
        shape["notification_email"] = Value::Null;
        Ok(Reply::found(&shape))
    }

    /// <https://docs.github.com/en/rest/users/users#get-a-user>
    pub(super) fn get_user(&self, login: &str) -> Answered {
        let account = self.account_of(login).ok_or_else(Problem::not_found)?;
        Ok(Reply::found(&self.profile_shape(account)))
    }
}
