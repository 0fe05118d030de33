//! GitHub: repositories, pull requests, builds, checks, who may do what, and the webhooks about all of it.
//!
//! [`Github`] is plain data with a clock that the model moves. Tests and simulations change it as people would
//! ([`Github::push`], [`Github::set_label`], …); programs talk to it through [`Github::handle`], which answers as
//! `api.github.com` does in the version of 2022-11-28 of its REST API, and is told of changes through
//! [`Github::take_due_deliveries`]. Everything is kept under its numeric id: names change.
//!
//! There is no GitHub on the testbed. So a rule names the page of <https://docs.github.com> that states it, and the answers
//! have the fields that GitHub's own OpenAPI description asks for (<https://github.com/github/rest-api-description>).
//! Where GitHub says nothing, the stricter reading is taken.
//!
//! Left out: the signature of an App's JSON web token is not checked (its claims are, and
//! [`Calls::unverified_tokens`] counts them), anonymous access, git itself, and GraphQL.

mod account;
mod app;
mod branch;
mod build;
mod check;
mod comment;
mod conversation;
mod fault;
mod hook;
mod http;
mod limit;
mod pull;
mod repository;
mod shape;
mod signature;

pub use account::{Account, AccountKind, Role};
pub use app::{App, Installation, Permissions, Right};
pub use build::{Job, NewRun, Run};
pub use check::{CheckRun, NewCheckRun, Status};
pub use comment::{Comment, Review};
pub use fault::{DeliveryFaults, Fault, FaultChances, Faults, Scope};
pub use hook::{Delivery, Hook};
pub use http::{Answer, Exchange};
pub use limit::{Calls, Limits};
pub use pull::{IssueEvent, NewPullRequest, PullRequest};
pub use repository::{Label, Repository};
pub use signature::signature;

use crate::Random;
use account::Team;
use app::Token;
use hook::Post;
use jiff::Timestamp;
use limit::Usage;
use repository::Commit;
use std::collections::BTreeMap;

/// What somebody wanted of the model that GitHub would not let them do: who asked what of whom, and why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Impossible(String);

/// GitHub at one moment of simulated time.
#[derive(Debug)]
pub struct Github {
    /// Where the API is, as its own addresses say it: in `url` fields and in the links to other pages.
    pub api: String,
    /// What a client may ask how often.
    pub limits: Limits,
    /// What goes wrong on the way.
    pub faults: Faults,
    /// What goes wrong with the webhooks.
    pub delivery_faults: DeliveryFaults,
    /// Fields of requests that GitHub does not know: it ignores them, and so would a misspelt one be.
    pub oddities: Vec<String>,
    /// How often it was called.
    pub calls: Calls,
    now: Timestamp,
    random: Random,
    last_id: u64,
    accounts: BTreeMap<u64, Account>,
    teams: Vec<Team>,
    repositories: BTreeMap<u64, Repository>,
    /// By their 40 hexadecimal digits.
    commits: BTreeMap<String, Commit>,
    apps: BTreeMap<u64, App>,
    installations: BTreeMap<u64, Installation>,
    tokens: BTreeMap<String, Token>,
    usage: Usage,
    post: Post,
    exchanges: Option<Vec<Exchange>>,
}

impl Github {
    /// A GitHub without anything in it.
    pub(crate) fn new(random: Random, now: Timestamp) -> Self {
        Self {
            api: "https://api.github.com".to_owned(),
            limits: Limits::default(),
            faults: Faults::default(),
            delivery_faults: DeliveryFaults::default(),
            oddities: Vec::new(),
            calls: Calls::default(),
            now,
            random,
            // Beyond 32 bits, as GitHub's own are.
            last_id: 5_000_000_000,
            accounts: BTreeMap::new(),
            teams: Vec::new(),
            repositories: BTreeMap::new(),
            commits: BTreeMap::new(),
            apps: BTreeMap::new(),
            installations: BTreeMap::new(),
            tokens: BTreeMap::new(),
            usage: Usage::default(),
            post: Post::default(),
            exchanges: None,
        }
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, now: Timestamp) {
        self.now = now;
    }

    fn id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Digits that nobody can guess, 40 of them: the name of a commit, or the secret part of a token.
    fn digits(&mut self) -> String {
        let (first, second, third) = (self.random.next(), self.random.next(), self.random.next());
        format!("{first:016x}{second:016x}{:08x}", third >> 32)
    }

    /// Chance.
    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// Keeps every exchange from now on, for those who compare them with GitHub's description of its API.
    pub fn record_exchanges(&mut self) {
        self.exchanges.get_or_insert_default();
    }

    /// The exchanges since [`Github::record_exchanges`].
    pub fn exchanges(&self) -> &[Exchange] {
        self.exchanges.as_deref().unwrap_or_default()
    }
}

/// A time as GitHub writes it.
fn written(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests;
