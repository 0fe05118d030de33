//! The fleet of the story, and the files that a person would have who runs Ringway for it.

mod fleet;

use super::{
    ending::TAGS,
    files::{self, Places},
    github::{self, Settled},
    hands::Hands,
    names, tenants,
};
use crate::{
    clock::{Clock, SystemClock},
    cluster,
    config::ClusterAddress,
};
use anyhow::Context as _;
use jiff::SignedDuration;
use sandbox::{
    Model, Random, Timing,
    github::Github,
    kubernetes::{ADMINISTRATOR, Account},
    oci::Push,
    serve::{Listeners, Sandbox, kubeconfig},
};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// The Argo CD instance.
pub(super) const INSTANCE: &str = "demo";
/// The service that is released.
pub(super) const SERVICE: &str = "atlas-metastore";
/// The registry, as image references name it: the same in every run, whatever ports are free.
pub(super) const REGISTRY: &str = "registry.example.com";
/// Where released versions of the service are.
pub(super) const BASE_REPOSITORY: &str = "registry.example.com/atlas-metastore";
/// What the fleet runs before and after the story.
pub(super) const BASE_TAG: &str = "1.0.0";
/// The ring of the story.
pub(super) const RING: &str = "ring-search";
/// The other one.
pub(super) const RIVAL: &str = "ring-billing";

/// The token of Ringway's account.
const TOKEN: &str = "ringway";

/// How long the fleet has been there when the story begins.
const AGE: SignedDuration = SignedDuration::from_mins(10);

/// The fleet, GitHub, and the files. All are gone when it is dropped.
pub(super) struct Scene {
    folder: TempDir,
    sandbox: Sandbox,
    random: Random,
    /// Where the registry is.
    registry: SocketAddr,
    /// The id of the service's repository on GitHub.
    pub(super) repository: u64,
    /// With which Ringway proves who it is there.
    pub(super) token: String,
    /// All tenants in the order of their names.
    pub(super) tenants: Vec<String>,
    /// How many of them are in the first cohort; the others are in the second.
    in_first: usize,
    /// The one of the first cohort that cannot pull.
    pub(super) unlucky: String,
    /// The one of the second cohort whose override somebody reverts.
    pub(super) reverted: String,
    /// What was in the Applications before the first release.
    pub(super) before: BTreeMap<String, String>,
}

impl Scene {
    /// Makes a fleet at rest, lets its time pass, and writes the files.
    pub(super) async fn build(seed: u64, count: usize, is_paced: bool) -> anyhow::Result<Self> {
        let mut random = Random::new(seed).fork("demo");
        let tenants = names::tenants(&mut random, count);
        let in_first = (count * 2 / 3).max(1);
        let (first, second) = tenants.split_at(in_first);
        let middle = |some: &[String]| some.get(some.len() / 2).cloned().unwrap_or_default();
        let (unlucky, reverted) = (middle(first), middle(second));
        let mut listeners = Listeners::bind(1).context("no port of this machine is free")?;
        let api = listeners.bind_github().context("no port of this machine is free")?;
        let registry = listeners.registry(0).context("the registry has no port")?;
        let now = SystemClock.now();
        let mut model = Model::new(seed, now.saturating_sub(AGE)?);
        push(&mut model, registry, &Self::base_image());
        // What the tenants run besides.
        push(&mut model, registry, &format!("{REGISTRY}/heracles:{BASE_TAG}"));
        for (tag, _) in TAGS {
            push(&mut model, registry, &format!("{BASE_REPOSITORY}-{RING}:{tag}"));
        }
        model.api.grant(TOKEN, Account::ringway());
        model.argocd.repositories.publish_fleet(REGISTRY);
        tenants::create(&mut model, &tenants, &reverted)?;
        let Settled { repository, token } = github::settle(&mut model.github, first, second)?;
        model.advance(now);
        if !is_paced {
            hurry(&mut model.timing);
        }
        let folder = tempfile::Builder::new().prefix("ringway-demo-").tempdir()?;
        let sandbox = Sandbox::start(listeners, model, 1.0);
        let mut scene = Self {
            folder,
            sandbox,
            random,
            registry,
            repository,
            token,
            tenants,
            in_first,
            unlucky,
            reverted,
            before: BTreeMap::new(),
        };
        scene.before = scene.specs();
        scene.write(&Places { registry, github: api })?;
        Ok(scene)
    }

    fn write(&self, places: &Places) -> anyhow::Result<()> {
        for (name, text) in [
            ("ringway.yaml", files::configuration(places)),
            ("kubeconfig", kubeconfig(self.sandbox.api(), TOKEN, &["ringway"])),
            ("admin.kubeconfig", kubeconfig(self.sandbox.api(), ADMINISTRATOR, &["admin"])),
            (files::TOKEN, self.token.clone()),
            (files::SECRET, github::WEBHOOK_SECRET.to_owned()),
        ] {
            let path = self.path(Path::new(name));
            std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        }
        Ok(())
    }

    /// Looks at GitHub, or changes it.
    pub(super) fn github<T>(&self, change: impl FnOnce(&mut Github) -> T) -> T {
        self.sandbox.with(|model| change(&mut model.github))
    }

    /// Where the API of GitHub is.
    pub(super) fn github_api(&self) -> String {
        self.github(|github| github.api.clone())
    }

    /// Chance for one purpose, from the seed.
    pub(super) fn chance(&self, purpose: &str) -> Random {
        self.random.fork(purpose)
    }

    /// The tenants of the first cohort.
    pub(super) fn first(&self) -> &[String] {
        self.tenants.get(..self.in_first).unwrap_or_default()
    }

    /// The tenants of the second cohort.
    pub(super) fn second(&self) -> &[String] {
        self.tenants.get(self.in_first..).unwrap_or_default()
    }

    /// Pushes an image to the registry.
    pub(super) fn push_image(&self, reference: &str) {
        self.sandbox.with(|model| push(model, self.registry, reference));
    }

    /// Where everything is.
    pub(super) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Where the Kubernetes API is.
    pub(super) fn api(&self) -> String {
        format!("http://{}", self.sandbox.api())
    }

    /// A file of the folder.
    pub(super) fn path(&self, name: &Path) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The configuration file.
    pub(super) fn configuration(&self) -> PathBuf {
        self.path(Path::new("ringway.yaml"))
    }

    /// Somebody else than Ringway, who may do everything.
    pub(super) async fn hands(&self) -> anyhow::Result<Hands> {
        let kubeconfig = Some(self.path(Path::new("admin.kubeconfig")));
        let client = cluster::connect(&ClusterAddress { kubeconfig, context: None }, INSTANCE).await?;
        Ok(Hands::new(client))
    }

    /// What the fleet runs before and after the story.
    pub(super) fn base_image() -> String {
        format!("{BASE_REPOSITORY}:{BASE_TAG}")
    }
}

/// Nobody reads along: everything takes a fraction of what it takes on a machine at rest.
fn hurry(timing: &mut Timing) {
    const TIMES: u32 = 4;
    for duration in [
        &mut timing.informer,
        &mut timing.compare,
        &mut timing.apply,
        &mut timing.controller,
        &mut timing.schedule,
        &mut timing.ready,
        &mut timing.terminate,
    ] {
        *duration /= TIMES;
    }
}

/// Pushes an image under both names of the registry: nodes pull by the one in image references, and requests come to
/// the port that was free.
fn push(model: &mut Model, address: SocketAddr, reference: &str) {
    let path = reference.strip_prefix(REGISTRY).and_then(|path| path.strip_prefix('/'));
    let Some((repository, tag)) = path.and_then(|path| path.rsplit_once(':')) else { return };
    for host in [REGISTRY, address.to_string().as_str()] {
        model.registries.push(host, repository, tag, &Push::default());
    }
}
