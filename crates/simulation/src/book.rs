//! What the simulation itself knows, without asking Ringway: who is a tenant of what, what others changed, which cancel
//! was recorded when, and what every tag ever stood for. Invariants are judged by this and by the model.

mod copied;
mod deed;

pub(crate) use copied::{Copied, owners, ring_images};
pub(crate) use deed::Deed;

use crate::{freezes::Freezes, hub::history::History, truth::TOLERANCE};
use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use release::service::Service;
use ringway::config::Config;
use sandbox::{Key, Kind, Model, fleet::Owner, oci::Pulled};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What the simulation knows.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// The tenants by name.
    pub(crate) tenants: BTreeMap<String, Tenant>,
    /// The services by name, as configured.
    pub(crate) services: BTreeMap<String, Service>,
    /// Runs that were told to stop, and when that was recorded.
    pub(crate) stopped: BTreeMap<String, Timestamp>,
    /// Runs that somebody wanted to stop, whether or not they were told that it is so.
    pub(crate) asked_to_stop: BTreeSet<String>,
    /// Writes that have begun since the audience looked.
    pub(crate) writes: Vec<Write>,
    /// What each reference ever stood for, with what a kubelet reports, and since when.
    images: BTreeMap<String, Vec<(Timestamp, Option<String>)>>,
    /// The digest that each reference was pushed with first.
    pub(crate) pushes: BTreeMap<String, String>,
    /// When each run was first known, in true time.
    pub(crate) began: BTreeMap<String, Timestamp>,
    /// Applications, by uid, that others made with something of a ring in them: nobody but they owns that.
    pub(crate) copies: BTreeMap<String, Copied>,
    /// What was true on GitHub when, in the seeds that have one.
    pub(crate) github: Option<History>,
    /// What people froze.
    pub(crate) freezes: Freezes,
    /// The tenants of each cohort file, as it stands now.
    pub(crate) cohorts: BTreeMap<String, Vec<String>>,
    /// How many successes were demanded, and came.
    pub(crate) demanded: u64,
    /// How many things happened to pull requests.
    pub(crate) turns: u64,
    /// When somebody last did something to a tenant's Application that may undo what a ring has there.
    pub(crate) undone: BTreeMap<String, Timestamp>,
    /// Whether somebody set the clock that Ringway looks at.
    pub(crate) clock_was_set: bool,
    /// Watches of a tenant's objects that go on: when, and from which version of the model.
    retold: BTreeMap<String, Vec<(Timestamp, u64)>>,
}

/// One tenant.
#[derive(Debug, Clone)]
pub(crate) struct Tenant {
    /// Its Application.
    pub(crate) application: Key,
    /// The namespace that it deploys to.
    pub(crate) namespace: String,
    /// What its Application's spec has to be in the end: what it was, and what others made of it. `None`: others deleted it.
    pub(crate) expected: Option<Value>,
    /// Who keeps its Application as it is, and puts back what others change.
    pub(crate) owner: Option<Owner>,
}

/// A patch that Ringway has begun to send.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    /// The request's number.
    pub(crate) number: u64,
    /// When it began.
    pub(crate) at: Timestamp,
    /// What it is sent to.
    pub(crate) application: Key,
    /// What it does.
    pub(crate) deed: Deed,
}

impl Book {
    /// Takes over what is configured.
    pub(crate) fn configured(&mut self, config: &Config) {
        self.services = config.services.clone();
    }

    /// Notes that Ringway begins to write.
    pub(crate) fn write_begins(&mut self, number: u64, request: &Request<Bytes>, at: Timestamp) {
        let patch = serde_json::from_slice(request.body()).unwrap_or(Value::Null);
        let parts: Vec<&str> = request.uri().path().split('/').collect();
        if let ["", "apis", "argoproj.io", "v1alpha1", "namespaces", namespace, "applications", name] =
            parts.as_slice()
        {
            let application = Key::new(Kind::Application, *namespace, *name);
            self.writes.push(Write { number, at, application, deed: Deed::read(&patch) });
        }
    }

    /// Notes that a watch goes on from a version of the model: it is told all that happened since, as old as that is.
    pub(crate) fn watch_goes_on(&mut self, request: &Request<Bytes>, at: Timestamp) {
        let pairs =
            || request.uri().query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        let value = |of: &str| pairs().find(|(name, _)| *name == of).map(|(_, value)| value);
        // One that begins is told what there is.
        if value("sendInitialEvents").is_some() {
            return;
        }
        let Some(revision) = value("resourceVersion").and_then(|version| version.parse().ok()) else {
            return;
        };
        let namespace =
            request.uri().path().split("/namespaces/").nth(1).and_then(|rest| rest.split('/').next());
        let name = value("fieldSelector").and_then(|selector| selector.strip_prefix("metadata.name%3D"));
        let found = self.tenants.iter().find(|(_, tenant)| match name {
            Some(name) => tenant.application.name == name,
            None => namespace == Some(tenant.namespace.as_str()),
        });
        let Some((tenant, _)) = found else { return };
        self.retold.entry(tenant.clone()).or_default().push((at, revision));
    }

    /// The oldest version since which a watch of a tenant's objects is just being told what has happened.
    pub(crate) fn retold_since(&self, tenant: &str, now: Timestamp) -> Option<u64> {
        let all = self.retold.get(tenant)?;
        let recent = all.iter().rev().take_while(|(at, _)| now.duration_since(*at) <= TOLERANCE);
        recent.map(|(_, revision)| *revision).min()
    }

    /// Notes what a reference stands for from now on.
    pub(crate) fn pushed(&mut self, model: &Model, at: Timestamp, reference: &str) {
        let digest = match model.registries.pull(reference) {
            // Nodes that report this run something that nobody pushed.
            Pulled::Image(digest) if !reference.contains("wrongdigest") => Some(digest),
            Pulled::Image(_) | Pulled::Absent | Pulled::Denied | Pulled::Unreachable => None,
        };
        self.images.entry(reference.to_owned()).or_default().push((at, digest));
    }

    /// What a reference was pushed with first, whatever nodes report.
    pub(crate) fn first_digest(&self, reference: &str) -> Option<String> {
        self.pushes.get(reference).cloned()
    }

    /// Every digest that a reference stood for at some time between two moments.
    pub(crate) fn digests(&self, reference: &str, from: Timestamp, to: Timestamp) -> BTreeSet<String> {
        let Some(history) = self.images.get(reference) else { return BTreeSet::new() };
        let ends = history.iter().skip(1).map(|(since, _)| *since).chain([Timestamp::MAX]);
        let during = history.iter().zip(ends).filter(|((since, _), end)| *since <= to && from < *end);
        during.filter_map(|((_, digest), _)| digest.clone()).collect()
    }
}
