//! The log of requests, as the testbed's API server writes it (`testbed/config/audit.yaml`): scenarios count with it.
//!
//! Shown by every scenario that counts patches, such as
//! `a_ring_that_fixes_forward_is_taken_back_to_what_was_before_the_first_release`.

use super::{
    path::{Asked, Path},
    status::qualified,
};
use jiff::Timestamp;
use std::collections::{BTreeMap, VecDeque};

/// How many requests are remembered one by one.
const ENTRIES: usize = 100_000;

/// A request and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// When it was answered; for a watch, when it was opened.
    pub at: Timestamp,
    /// Who asked; empty if the API server did not know.
    pub account: String,
    /// The verb that RBAC knows it by.
    pub verb: &'static str,
    /// Such as `applications.argoproj.io`, or a path that is no resource.
    pub resource: String,
    /// The namespace; empty for the whole cluster.
    pub namespace: String,
    /// The object, if it was about one; also for lists and watches that a field selector narrows to it.
    pub name: String,
    /// Under which name a change is recorded; empty for what changes nothing.
    pub manager: String,
    /// Nothing was to be stored.
    pub dry_run: bool,
    /// The HTTP status.
    pub code: u16,
}

impl Audited {
    pub(super) fn new(at: Timestamp, account: String, asked: &Asked<'_>, code: u16) -> Self {
        let (resource, namespace) = match &asked.path {
            Path::Resource(target) => (qualified(&target.group, &target.plural), target.namespace.clone()),
            Path::Review => ("selfsubjectaccessreviews.authorization.k8s.io".to_owned(), String::new()),
            Path::Words(words) => (format!("/{}", words.join("/")), String::new()),
        };
        let (name, dry_run) = (asked.name(), asked.is_dry_run());
        let writes = matches!(asked.verb, "create" | "update" | "patch");
        let manager = if writes { asked.manager().to_owned() } else { String::new() };
        Self { at, account, verb: asked.verb, resource, namespace, name, manager, dry_run, code }
    }
}

/// What the API server was asked.
#[derive(Debug, Default)]
pub(super) struct Log {
    entries: VecDeque<Audited>,
    counts: BTreeMap<(String, String), u64>,
}

impl Log {
    pub(super) fn add(&mut self, entry: Audited) {
        *self.counts.entry((entry.account.clone(), entry.verb.to_owned())).or_default() += 1;
        if self.entries.len() == ENTRIES {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    pub(super) fn entries(&self) -> impl DoubleEndedIterator<Item = &Audited> {
        self.entries.iter()
    }

    pub(super) fn counts(&self) -> &BTreeMap<(String, String), u64> {
        &self.counts
    }
}
