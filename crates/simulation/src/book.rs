//! What the simulation itself knows, without asking Ringway: who is a tenant of what, what others changed, which cancel
//! was recorded when, and what every tag ever stood for. Invariants are judged by this and by the model.

use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use release::service::Service;
use ringway::config::Config;
use sandbox::{Key, Kind, Model, oci::Pulled};
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
    /// Writes that have begun since the audience looked.
    pub(crate) writes: Vec<Write>,
    /// What each reference ever stood for, with what a kubelet reports, and since when.
    images: BTreeMap<String, Vec<(Timestamp, Option<String>)>>,
    /// The digest that each reference was pushed with first.
    pub(crate) pushes: BTreeMap<String, String>,
    /// When each run was first known, in true time.
    pub(crate) began: BTreeMap<String, Timestamp>,
    /// Applications, by uid, that others made with values of ours in them: nobody but they owns those.
    pub(crate) copies: BTreeSet<String>,
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
    /// Whether an owner (ApplicationSet, parent Application) puts back what others change.
    pub(crate) owned: bool,
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
    /// The patch.
    pub(crate) patch: Value,
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
            self.writes.push(Write { number, at, application, patch });
        }
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
