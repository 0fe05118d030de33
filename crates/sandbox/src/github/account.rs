//! Who there is: people, bots, organisations and their teams, and what they may do in a repository.

use super::Github;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountKind {
    /// A person, or a machine that has a person's account.
    User,
    /// The account under which an App writes.
    Bot,
    /// An organisation.
    Organization,
}

impl AccountKind {
    /// As the field `type` says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Bot => "Bot",
            Self::Organization => "Organization",
        }
    }
}

/// An account.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its id, which stays when the name changes.
    pub id: u64,
    /// Its name.
    pub login: String,
    /// What it is.
    pub kind: AccountKind,
    pub(super) created_at: Timestamp,
}

/// What somebody may do in a repository
/// (<https://docs.github.com/en/organizations/managing-user-access-to-your-organizations-repositories/managing-repository-roles/repository-roles-for-an-organization>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Nothing.
    None,
    /// See and comment.
    Read,
    /// Also set labels, and close.
    Triage,
    /// Also push and merge.
    Write,
    /// Also settings that harm nothing.
    Maintain,
    /// Everything.
    Admin,
}

impl Role {
    /// As the field `role_name` says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Triage => "triage",
            Self::Write => "write",
            Self::Maintain => "maintain",
            Self::Admin => "admin",
        }
    }

    /// As the older field `permission` says it, which knows four words only: "the `maintain` role is mapped to `write` and
    /// the `triage` role is mapped to `read`" (<https://docs.github.com/en/rest/collaborators/collaborators>).
    pub fn permission(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read | Self::Triage => "read",
            Self::Write | Self::Maintain => "write",
            Self::Admin => "admin",
        }
    }
}

/// Some people of an organisation.
#[derive(Debug)]
pub(super) struct Team {
    pub(super) organization: u64,
    pub(super) slug: String,
    /// By account, whether the invitation was accepted.
    pub(super) members: BTreeMap<u64, bool>,
}

impl Github {
    /// The account of a name, made if there is none: a person, or a bot if the name ends with `[bot]`.
    pub fn user(&mut self, login: &str) -> u64 {
        let kind = if login.ends_with("[bot]") { AccountKind::Bot } else { AccountKind::User };
        self.account(login, kind)
    }

    /// The organisation of a name, made if there is none.
    pub fn organization(&mut self, login: &str) -> u64 {
        self.account(login, AccountKind::Organization)
    }

    fn account(&mut self, login: &str, kind: AccountKind) -> u64 {
        if let Some(known) = self.account_of(login) {
            return known.id;
        }
        let account = Account { id: self.id(), login: login.to_owned(), kind, created_at: self.now };
        let id = account.id;
        self.accounts.insert(id, account);
        id
    }

    /// The account of a name; upper and lower case are the same.
    pub fn account_of(&self, login: &str) -> Option<&Account> {
        self.accounts.values().find(|account| account.login.eq_ignore_ascii_case(login))
    }

    /// Takes somebody into a team of an organisation, which is made if there is none. Who is `pending` has not accepted.
    pub fn set_team_member(&mut self, organization: &str, slug: &str, login: &str, pending: bool) {
        let (organization, member) = (self.organization(organization), self.user(login));
        let found = self.teams.iter_mut().find(|team| team.organization == organization && team.slug == slug);
        match found {
            Some(team) => {
                team.members.insert(member, !pending);
            }
            None => self.teams.push(Team {
                organization,
                slug: slug.to_owned(),
                members: BTreeMap::from([(member, !pending)]),
            }),
        }
    }

    /// Gives somebody a role in a repository; nothing happens if there is no such repository.
    pub fn set_role(&mut self, repository: u64, login: &str, role: Role) {
        let account = self.user(login);
        if let Some(repository) = self.repositories.get_mut(&repository) {
            repository.roles.insert(account, role);
        }
    }
}
