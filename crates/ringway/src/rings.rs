//! Pull requests drive releases: each is the desired state of the tenants that its labels name.
//!
//! Webhooks and the sweep only say which pull request to look at. A look reads it again, lets
//! [`release::decide::decide`] say what is to be done, asks the owner for it as a person would on the command line, and
//! says in the pull request what became of it. Nothing is decided here, and nothing is believed that was not read.

mod act;
mod again;
mod agenda;
mod attend;
mod build;
mod cohorts;
mod connect;
mod figures;
mod look;
mod observe;
mod past;
mod people;
mod repositories;
mod say;
mod sweep;

pub use connect::client;
pub use figures::Figures;

use crate::{config::Config, github::Client, owner::Owner, world::World};
use again::Listed;
use agenda::Subject;
use jiff::Timestamp;
use observe::Seen;
use repositories::{Repositories, Repository};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Notify;

/// What looks after pull requests.
pub struct Rings {
    owner: Owner,
    github: Client,
    /// Told when a delivery is in the inbox.
    wake: Arc<Notify>,
    repositories: Mutex<Repositories>,
    /// What was read last of each pull request.
    seen: Mutex<BTreeMap<Subject, Seen>>,
    /// What the newest sweep found.
    listed: Mutex<Listed>,
    /// When the last sweep ended that could read everything.
    swept: Mutex<Option<Timestamp>>,
}

impl Rings {
    /// Looks after the pull requests of the services that the owner's configuration has rings for. `wake` is told when a
    /// delivery was stored.
    pub fn new(owner: Owner, github: Client, wake: Arc<Notify>) -> Self {
        let (repositories, seen) = (Mutex::default(), Mutex::default());
        let (listed, swept) = (Mutex::default(), Mutex::default());
        Self { owner, github, wake, repositories, seen, listed, swept }
    }

    fn world(&self) -> &World {
        self.owner.world()
    }

    fn config(&self) -> &Config {
        &self.world().config
    }

    fn github(&self) -> &Client {
        &self.github
    }

    fn repository(&self, id: u64) -> Option<Repository> {
        self.repositories.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn seen(&self, subject: Subject) -> Option<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(&subject).cloned()
    }

    fn remember(&self, subject: Subject, seen: Seen) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(subject, seen);
    }
}
