//! A world in memory, for tests: nothing in it reaches the outside.

use super::World;
use crate::{
    cluster::Clusters,
    config::{Config, EnvironmentPaths},
    ledger::{Ledger, NewRun},
    registry::Registry,
};
use durable_sqlite::TokioClock;
use futures_util::future::BoxFuture;
use release::{
    image::{Availability, Digest, ImageReference, Platform, ResolvedDigests},
    report::RunKind,
};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
};

/// One service with two images that are built from one commit.
const CONFIGURATION: &str = "
argocd: {instances: [{name: local}]}
services:
  web:
    images:
      front: {repositories: ['ghcr.io/acme/front', 'ghcr.io/acme/front-ring-*']}
      back: {repositories: [ghcr.io/acme/back]}
    applications:
      - name: '{tenant}'
        overrides:
          - image: front
            values: {reference: front.image}
            workloads: [{kind: Deployment, name: front, container: front}]
          - image: back
            values: {reference: back.image}
            workloads: [{kind: Deployment, name: back, container: back}]
";

/// A registry that answers what it was told to, and otherwise that the image does not exist.
#[derive(Default)]
pub(crate) struct ScriptedRegistry(Mutex<BTreeMap<String, Availability>>);

impl ScriptedRegistry {
    /// From now on `reference` stands for `digest`.
    pub(crate) fn push(&self, reference: &str, digest: &str) {
        let digests = ResolvedDigests { digest: Digest(digest.to_owned()), platforms: BTreeMap::new() };
        self.answer(reference, Availability::Present(digests));
    }

    /// From now on this is said about `reference`.
    pub(crate) fn answer(&self, reference: &str, answer: Availability) {
        self.0.lock().unwrap().insert(reference.to_owned(), answer);
    }
}

impl Registry for ScriptedRegistry {
    fn resolve<'a>(
        &'a self,
        reference: &'a ImageReference,
        _: &'a [Platform],
    ) -> BoxFuture<'a, Availability> {
        let answer = self.0.lock().unwrap().get(&reference.to_string()).cloned();
        Box::pin(async { answer.unwrap_or(Availability::Absent) })
    }
}

/// A world of the instance `local` and the service `web`, with `more` in its configuration, and with one release per
/// id and tenants in its ledger.
pub(crate) fn world(more: &str, releases: &[(&str, &[&str])]) -> World {
    with_registry(Arc::default(), more, releases)
}

/// The same with a registry that the test goes on to speak to.
pub(crate) fn with_registry(
    registry: Arc<ScriptedRegistry>,
    more: &str,
    releases: &[(&str, &[&str])],
) -> World {
    let home = EnvironmentPaths { home: Some("/home/someone".into()), ..EnvironmentPaths::default() };
    let text = format!("{CONFIGURATION}{more}\n");
    let config = Config::parse(Path::new("ringway.yaml"), text.as_bytes(), &home).unwrap();
    let ledger = Ledger::in_memory("test").unwrap();
    for (id, tenants) in releases {
        ledger.begin_run(&new_run(id, RunKind::Release, "ring-a", tenants)).unwrap();
    }
    let clusters = Clusters::new(config.argocd.clone(), config.tenant_clusters.clone());
    let clock = Arc::new(TokioClock::starting_at("2026-11-23T10:00:00Z".parse().unwrap()));
    World { config, clusters, registry, ledger, clock }
}

/// A run of the service `web` that began at the world's beginning.
pub(crate) fn new_run(id: &str, kind: RunKind, ring: &str, tenants: &[&str]) -> NewRun {
    NewRun {
        id: id.to_owned(),
        kind,
        ring: ring.to_owned(),
        service: "web".to_owned(),
        images: Vec::new(),
        tenants: tenants.iter().map(|tenant| (*tenant).to_owned()).collect(),
        cohort: None,
        origin: None,
        began_at: "2026-11-23T10:00:00Z".parse().unwrap(),
    }
}
