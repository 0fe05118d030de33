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
pub(crate) const TOLERANCE: SignedDuration = SignedDuration::from_millis(2_500);

/// How long facts that are over are kept: the API server tells nobody of what is older, see `LOG_AGE` of the sandbox.
const KEPT: SignedDuration = SignedDuration::from_mins(6);

/// The tenants by name: what was and is true of each, the newest last.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    revision: u64,
    tenants: BTreeMap<String, VecDeque<Period>>,
}

/// What was true of a tenant from some moment on, until that of the next.
#[derive(Debug)]
struct Period {
    since: Timestamp,
    /// The version of the model with which it began.
    revision: u64,
    facts: Facts,
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
            if history.back().is_some_and(|known| known.facts == facts) {
                continue;
            }
            any = true;
            history.push_back(Period { since: now, revision, facts });
            // The newest that is too old stays: it is what was true when the time that is kept began.
            while history.get(1).is_some_and(|second| now.duration_since(second.since) > KEPT) {
                history.pop_front();
            }
        }
        any
    }

    /// What is true of a tenant now.
    pub(crate) fn of(&self, tenant: &str) -> Option<&Facts> {
        self.tenants.get(tenant)?.back().map(|known| &known.facts)
    }

    /// Whether what is claimed of a tenant is true, or was within the tolerance. If a watch of it is just being told what
    /// has happened since some version of the model, what was true after that counts as well.
    ///
    /// # Errors
    /// Why it is not, as things are now.
    pub(crate) fn holds(
        &self,
        now: Timestamp,
        tenant: &str,
        retold_since: Option<u64>,
        claimed: &Claimed<'_>,
    ) -> Result<(), String> {
        let history = self.tenants.get(tenant).ok_or("there is no such tenant")?;
        let ends = history.iter().skip(1).map(Some).chain([None]);
        let counts = |end: Option<&Period>| {
            end.is_none_or(|end| {
                now.duration_since(end.since) <= TOLERANCE
                    || retold_since.is_some_and(|revision| end.revision > revision)
            })
        };
        let recent = history.iter().zip(ends).filter(|(_, end)| counts(*end));
        let mut why = "nothing is known of it".to_owned();
        for (Period { facts, .. }, _) in recent {
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
