//! The fleet of the story, and the files that a person would have who runs Ringway for it.

use super::{
    ending::TAGS,
    files,
    hands::Hands,
    names,
    tenants::{self, namespace},
};
use crate::{
    clock::{Clock, SystemClock},
    cluster,
    config::ClusterAddress,
};
use anyhow::Context as _;
use jiff::SignedDuration;
use sandbox::{
    Kind, Model, Random, Timing,
    kubernetes::{ADMINISTRATOR, Account},
    oci::Push,
    serve::{Listeners, Sandbox, kubeconfig},
    workload::{Behaviour, behave},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
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
/// The cohort file with all tenants.
pub(super) const EVERYONE: &str = "early-birds.json";
/// The cohort file without the tenant that cannot pull.
pub(super) const OTHERS: &str = "others.json";

/// The token of Ringway's account.
const TOKEN: &str = "ringway";

/// How long the fleet has been there when the story begins.
const AGE: SignedDuration = SignedDuration::from_mins(10);

/// The images of the story, as references.
pub(super) struct Images {
    /// What is released first.
    pub(super) first: String,
    /// What one tenant cannot pull.
    pub(super) fix: String,
    /// What is released when somebody reverts.
    pub(super) next: String,
    /// What the other ring wants to release.
    pub(super) rival: String,
}

/// The fleet and its files. Both are gone when it is dropped.
pub(super) struct Scene {
    folder: TempDir,
    sandbox: Sandbox,
    /// All tenants in the order of their names.
    pub(super) tenants: Vec<String>,
    /// The one that cannot pull the fix.
    pub(super) unlucky: String,
    /// The one whose override somebody reverts.
    pub(super) reverted: String,
    /// What is released.
    pub(super) images: Images,
    /// What was in the Applications before the first release.
    pub(super) before: BTreeMap<String, String>,
}

impl Scene {
    /// Makes a fleet at rest, lets its time pass, and writes the files.
    pub(super) async fn build(seed: u64, count: usize, is_paced: bool) -> anyhow::Result<Self> {
        let mut random = Random::new(seed).fork("demo");
        let tenants = names::tenants(&mut random, count);
        let images = Images {
            first: image(RING, &names::commit(&mut random)),
            fix: image(RING, &names::commit(&mut random)),
            next: image(RING, &names::commit(&mut random)),
            rival: image(RIVAL, &names::commit(&mut random)),
        };
        let at = |part: usize| tenants.get(tenants.len() * part / 3).cloned().unwrap_or_default();
        let (unlucky, reverted) = (at(1), at(2));
        let listeners = Listeners::bind(1).context("no port of this machine is free")?;
        let registry = listeners.registry(0).context("the registry has no port")?;
        let now = SystemClock.now();
        let mut model = Model::new(seed, now.saturating_sub(AGE)?);
        push(&mut model, &registry.to_string(), &images);
        model.api.grant(TOKEN, Account::ringway());
        model.argocd.repositories.publish_fleet(REGISTRY);
        tenants::create(&mut model, &tenants, &reverted)?;
        model.advance(now);
        if !is_paced {
            hurry(&mut model.timing);
        }
        let folder = tempfile::Builder::new().prefix("ringway-demo-").tempdir()?;
        let sandbox = Sandbox::start(listeners, model, 1.0);
        let mut scene = Self { folder, sandbox, tenants, unlucky, reverted, images, before: BTreeMap::new() };
        scene.before = scene.specs();
        scene.write(registry)?;
        Ok(scene)
    }

    fn write(&self, registry: std::net::SocketAddr) -> anyhow::Result<()> {
        let others: Vec<String> =
            self.tenants.iter().filter(|tenant| **tenant != self.unlucky).cloned().collect();
        for (name, text) in [
            ("ringway.yaml", files::configuration(registry)),
            ("kubeconfig", kubeconfig(self.sandbox.api(), TOKEN, &["ringway"])),
            ("admin.kubeconfig", kubeconfig(self.sandbox.api(), ADMINISTRATOR, &["admin"])),
            (EVERYONE, files::cohort(&self.tenants)),
            (OTHERS, files::cohort(&others)),
        ] {
            let path = self.path(Path::new(name));
            std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        }
        Ok(())
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

    /// What is in the Applications: their specs, and what Ringway has written beside them.
    pub(super) fn specs(&self) -> BTreeMap<String, String> {
        self.sandbox.with(|model| {
            let applications = model.list(Kind::Application, None);
            applications.map(|(key, application)| (key.name.clone(), spec(application))).collect()
        })
    }

    /// The images that the pods of the service run in these tenants, one for each pod.
    pub(super) fn pods_of(&self, tenants: &[String]) -> Vec<String> {
        self.sandbox.with(|model| {
            let pods = tenants.iter().flat_map(|tenant| {
                let namespace = namespace(tenant);
                let images: Vec<String> = model
                    .list(Kind::Pod, Some(&namespace))
                    .filter(|(key, _)| key.name.starts_with("atlas-"))
                    .map(|(_, pod)| text(pod, "/status/containerStatuses/0/image"))
                    .collect();
                images
            });
            pods.collect()
        })
    }

    /// The parameters of a tenant's Application before the first release.
    pub(super) fn parameters_before(&self, tenant: &str) -> Value {
        let before = self.before.get(tenant).and_then(|text| serde_json::from_str::<Value>(text).ok());
        before
            .and_then(|before| before.pointer("/spec/source/helm/parameters").cloned())
            .unwrap_or_else(|| json!([]))
    }

    /// From now on the pull secret of a tenant does not read the repositories of rings.
    pub(super) fn narrow_pull_secret(&self, tenant: &str) {
        let behaviour = Some(Behaviour::RingPullFails);
        self.sandbox.with(|model| behave(model, &namespace(tenant), behaviour));
    }

    /// Whether the pods of a tenant take their time to become ready.
    pub(super) fn slow_pods(&self, tenant: &str, is_slow: bool) {
        let behaviour = is_slow.then_some(Behaviour::NeverReady);
        self.sandbox.with(|model| behave(model, &namespace(tenant), behaviour));
    }

    /// What the fleet runs before and after the story.
    pub(super) fn base_image() -> String {
        format!("{BASE_REPOSITORY}:{BASE_TAG}")
    }
}

fn image(ring: &str, commit: &str) -> String {
    format!("{BASE_REPOSITORY}-{ring}:{commit}")
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

/// Pushes everything under both names of the registry: nodes pull by the one in image references, and requests come to
/// the port that was free.
fn push(model: &mut Model, address: &str, images: &Images) {
    let tags = TAGS.map(|(tag, _)| image(RING, tag));
    let base = Scene::base_image();
    // What the tenants run besides.
    let heracles = format!("{REGISTRY}/heracles:{BASE_TAG}");
    let all = [&base, &heracles, &images.first, &images.fix, &images.next, &images.rival];
    for reference in all.into_iter().chain(&tags) {
        let path = reference.strip_prefix(REGISTRY).and_then(|path| path.strip_prefix('/'));
        let Some((repository, tag)) = path.and_then(|path| path.rsplit_once(':')) else { continue };
        for host in [REGISTRY, address] {
            model.registries.push(host, repository, tag, &Push::default());
        }
    }
}

fn spec(application: &Value) -> String {
    let annotations = application.pointer("/metadata/annotations").and_then(Value::as_object);
    let ours: BTreeMap<&String, &Value> = annotations
        .into_iter()
        .flatten()
        .filter(|(name, _)| name.starts_with(release::overrides::owner::PREFIX))
        .collect();
    json!({"spec": application.get("spec"), "ours": ours}).to_string()
}

fn text(object: &Value, pointer: &str) -> String {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}
