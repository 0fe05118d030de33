//! What is true of each tenant, read from the objects of the model alone, and what was true a moment ago.
//!
//! Nothing here is shared with the conditions of the `release` crate, which it is to judge.

mod facts;

pub(crate) use facts::{Claimed, Expectation, Facts, Known};

use crate::book::Book;
use jiff::{SignedDuration, Timestamp};
use sandbox::{Kind, Model};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How long a fact that is over still counts: what an event on its way says was true when it began its way.
const TOLERANCE: SignedDuration = SignedDuration::from_millis(2_500);

/// The tenants by name: their facts, each with the time since when they are so.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    revision: u64,
    tenants: BTreeMap<String, VecDeque<(Timestamp, Facts)>>,
}

impl Truth {
    /// Reads what has changed. Says whether something of a tenant has.
    pub(crate) fn observe(&mut self, now: Timestamp, model: &Model, book: &Book) -> bool {
        let revision = model.revision();
        if revision == self.revision {
            return false;
        }
        let changed: BTreeSet<&String> = match model.changed_since(self.revision) {
            Some(changes) => changes.filter_map(|key| tenant_of(key, book)).collect(),
            None => book.tenants.keys().collect(),
        };
        self.revision = revision;
        let mut any = false;
        for name in changed {
            let Some(tenant) = book.tenants.get(name) else { continue };
            let facts = Facts::read(model, tenant);
            let history = self.tenants.entry(name.clone()).or_default();
            if history.back().is_some_and(|(_, known)| *known == facts) {
                continue;
            }
            any = true;
            history.push_back((now, facts));
            // The newest that is older than the tolerance stays: it is what the tolerance began with.
            while history.get(1).is_some_and(|(since, _)| now.duration_since(*since) > TOLERANCE) {
                history.pop_front();
            }
        }
        any
    }

    /// What is true of a tenant now.
    pub(crate) fn of(&self, tenant: &str) -> Option<&Facts> {
        self.tenants.get(tenant)?.back().map(|(_, facts)| facts)
    }

    /// Whether what is claimed of a tenant is true, or was within the tolerance.
    ///
    /// # Errors
    /// Why it is not, as things are now.
    pub(crate) fn holds(&self, now: Timestamp, tenant: &str, claimed: &Claimed<'_>) -> Result<(), String> {
        let history = self.tenants.get(tenant).ok_or("there is no such tenant")?;
        let ends = history.iter().skip(1).map(|(since, _)| *since).chain([Timestamp::MAX]);
        let recent = history
            .iter()
            .zip(ends)
            .filter(|(_, end)| *end == Timestamp::MAX || now.duration_since(*end) <= TOLERANCE);
        let mut why = "nothing is known of it".to_owned();
        for ((_, facts), _) in recent {
            match facts.show(claimed) {
                Ok(()) => return Ok(()),
                Err(lack) => why = lack,
            }
        }
        Err(why)
    }
}

/// The tenant that an object belongs to.
fn tenant_of<'a>(key: &sandbox::Key, book: &'a Book) -> Option<&'a String> {
    let found = book.tenants.iter().find(|(_, tenant)| match key.kind {
        Kind::Application => tenant.application == *key,
        _ => tenant.namespace == key.namespace,
    });
    found.map(|(name, _)| name)
}
