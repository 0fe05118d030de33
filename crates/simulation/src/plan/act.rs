//! What can happen in a storm, and its doing.

use super::{
    Scene, configuration,
    github::{calm::freeze, turn::Turn},
    mischief::Mischief,
};
use crate::{
    kill::Kill,
    race::Race,
    stage::Inner,
    weather::{Gone, Weather},
};
use ringway::{
    ledger::RunFilter,
    request::{CleanupRequest, ReleaseRequest, Request, Selection},
};
use sandbox::{
    Key, Kind, Model, Random, argocd,
    github::{DeliveryFaults, Fault, FaultChances, Scope},
    workload::Behaviour,
};
use serde_json::Value;
use std::time::Duration;

/// One thing that happens.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// Somebody releases an image of a ring.
    Release {
        /// Which ring.
        ring: usize,
        /// Which of its images.
        image: usize,
        /// To so many of the tenants, from the first.
        tenants: usize,
        /// At most so many at once.
        parallel: Option<u16>,
    },
    /// Somebody takes a ring back.
    Cleanup {
        /// Which ring.
        ring: usize,
    },
    /// Somebody takes back whatever stands in one tenant.
    CleanupTenant(usize),
    /// Somebody cancels the newest run that has not ended.
    Cancel,
    /// Ringway is killed by what it does next, or a little later.
    Kill(Kill, u64),
    /// The way to the API server changes.
    Weather(Weather),
    /// Writes alone fail in their own way, or as everything else again.
    WriteWeather(Option<Weather>),
    /// The way to the registry changes.
    RegistryWeather(Weather),
    /// The API server is gone, or back.
    Api(Option<Gone>),
    /// The registry is gone, or back.
    Registry(Option<Gone>),
    /// All watches break.
    CutConnections,
    /// What watches could go on from is forgotten.
    Compact,
    /// Somebody sets the clock of the machine.
    Jump(i64),
    /// The pods of a tenant behave in a way, or again as their images say.
    Behave(usize, Option<Behaviour>),
    /// The nodes do nothing, or go on.
    Nodes(bool),
    /// The node of a pod of a tenant throws it out.
    Evict {
        /// Which tenant.
        tenant: usize,
        /// Which of its pods that run, counted round and round.
        pod: usize,
    },
    /// Argo CD's controllers stand still, or go on.
    ArgocdStalls(bool),
    /// Argo CD's controllers are started anew after so many seconds.
    ArgocdRestarts(u64),
    /// Everything takes Argo CD so many times as long; 1 is as usual.
    ArgocdIsSlow(u32),
    /// Argo CD overlooks the next change of a tenant's Application.
    ArgocdOverlooks(usize),
    /// Somebody does something to a tenant's Application.
    Mischief(usize, Mischief),
    /// Somebody does something to a tenant's Application right after Ringway has read it.
    Race {
        /// Which tenant.
        tenant: usize,
        /// What is done.
        mischief: Mischief,
        /// After so many reads more.
        passes: u32,
        /// How often, each time after the next read.
        times: u32,
    },
    /// A tag of a ring names another image.
    MoveTag {
        /// Which ring.
        ring: usize,
        /// Which of its images.
        image: usize,
        /// Which content.
        variant: u32,
    },
    /// Somebody lets nothing start any more, or again.
    Freeze {
        /// Whether nothing may start.
        on: bool,
        /// Whether that is about everything, and not only about the service that pull requests drive.
        all: bool,
    },
    /// Somebody takes back by hand what a pull request has.
    CleanupBranch(usize),
    /// Something happens on GitHub.
    Turn(Turn),
    /// Something happens on GitHub right after the next request of Ringway of a kind.
    AfterNext(Scope, Turn),
    /// Something goes wrong with the next request of a kind.
    NextFault(Scope, Fault),
    /// Something goes wrong with requests by chance.
    Chances(FaultChances),
    /// Something goes wrong with what GitHub tells.
    Deliveries(DeliveryFaults),
    /// No token that GitHub gave is good any more.
    RevokeTokens,
    /// The way to GitHub changes.
    GithubWeather(Weather),
    /// GitHub is gone, or back.
    Github(Option<Gone>),
}

impl Act {
    /// Does it.
    pub(super) fn happen(self, scene: &mut Scene, number: u64) -> anyhow::Result<()> {
        scene.stage.note(&format!("act {number}: {self:?}"));
        match self {
            Self::Release { .. }
            | Self::Cleanup { .. }
            | Self::CleanupTenant(_)
            | Self::CleanupBranch(_)
            | Self::Freeze { .. }
            | Self::Cancel => {
                if let Some(request) = self.request(scene)? {
                    scene.machine.ask(request);
                }
            }
            Self::Jump(seconds) => {
                scene.clock.jump(seconds);
                scene.stage.with(|inner| inner.book.clock_was_set = true);
            }
            Self::CutConnections => scene.stage.cut_connections(),
            Self::Api(gone) => {
                scene.stage.with(|inner| inner.gone = gone);
                if gone.is_some() {
                    scene.stage.cut_connections();
                }
            }
            Self::Mischief(tenant, mischief) => {
                let Some(shape) = scene.setup.tenants.get(tenant) else { return Ok(()) };
                let now = scene.stage.time.now();
                scene.stage.with(|inner| mischief.happen(inner, shape, number, now))?;
            }
            Self::Race { tenant, mischief, passes, times } => {
                let Some(shape) = scene.setup.tenants.get(tenant).cloned() else { return Ok(()) };
                let application = shape.application();
                let (mut numbers, time) = (number * 1_000.., scene.stage.time);
                let change = Box::new(move |inner: &mut Inner| {
                    let number = numbers.next().unwrap_or_default();
                    // What cannot be done at that moment is not done.
                    let _ = mischief.happen(inner, &shape, number, time.now());
                });
                scene.stage.with(|inner| inner.races.push(Race { application, passes, left: times, change }));
            }
            Self::Turn(_)
            | Self::AfterNext(..)
            | Self::NextFault(..)
            | Self::Chances(_)
            | Self::Deliveries(_)
            | Self::RevokeTokens
            | Self::GithubWeather(_)
            | Self::Github(_) => self.happen_on_github(scene),
            other => other.change(scene),
        }
        Ok(())
    }

    /// What changes in the model or on the ways to it.
    fn change(self, scene: &Scene) {
        let namespace = |tenant: usize| scene.setup.tenants.get(tenant).map(super::fleet::Shape::namespace);
        let now = scene.stage.time.now();
        scene.stage.with(|inner| match self {
            Self::Kill(kill, count) => inner.killer.wait_for(kill, count),
            Self::Weather(weather) => inner.weather = weather,
            Self::WriteWeather(weather) => inner.write_weather = weather,
            Self::RegistryWeather(weather) => inner.registry_weather = weather,
            Self::Registry(gone) => inner.registry_gone = gone,
            Self::Compact => inner.model.compact(),
            Self::Behave(tenant, behaviour) => {
                if let Some(namespace) = namespace(tenant) {
                    sandbox::workload::behave(&mut inner.model, &namespace, behaviour);
                }
            }
            Self::ArgocdStalls(true) => argocd::fault::stall(&mut inner.model),
            Self::ArgocdStalls(false) => argocd::fault::go_on(&mut inner.model),
            Self::ArgocdRestarts(seconds) => {
                argocd::fault::restart(&mut inner.model, Duration::from_secs(seconds))
            }
            Self::ArgocdOverlooks(tenant) => {
                if let Some(shape) = scene.setup.tenants.get(tenant) {
                    argocd::fault::overlook(&mut inner.model, shape.application());
                }
            }
            Self::ArgocdIsSlow(times) => argocd::fault::slow_down(&mut inner.model, times),
            Self::Nodes(true) => sandbox::workload::start_nodes(&mut inner.model),
            Self::Nodes(false) => sandbox::workload::stop_nodes(&mut inner.model),
            Self::Evict { tenant, pod } => {
                if let Some(namespace) = namespace(tenant) {
                    evict(&mut inner.model, &namespace, pod);
                }
            }
            Self::MoveTag { ring, image, variant } => {
                let images = scene.setup.rings.get(ring).map(|ring| &ring.images);
                if let Some(reference) = images.and_then(|images| images.get(image)) {
                    configuration::push(inner, now, reference, variant);
                }
            }
            _ => {}
        });
    }

    /// What is asked of Ringway.
    fn request(&self, scene: &Scene) -> anyhow::Result<Option<Request>> {
        let ring = |ring: &usize| scene.setup.rings.get(*ring);
        Ok(match self {
            Self::Release { ring: number, image, tenants, parallel } => ring(number).and_then(|ring| {
                let names = scene.setup.tenants.iter().map(|shape| shape.name.clone());
                Some(Request::StartRelease(ReleaseRequest {
                    ring: ring.name.clone(),
                    service: ring.service.clone(),
                    images: vec![ring.images.get(*image)?.clone()],
                    tenants: names.take(*tenants).collect(),
                    cohort: None,
                    max_parallel: *parallel,
                    all_or_nothing: false,
                    origin: None,
                }))
            }),
            Self::Cleanup { ring: number } => {
                ring(number).map(|ring| cleanup(Selection::Ring(ring.name.clone())))
            }
            Self::CleanupTenant(tenant) => {
                let shape = scene.setup.tenants.get(*tenant);
                shape.map(|shape| cleanup(Selection::Tenants(vec![shape.name.clone()])))
            }
            Self::CleanupBranch(branch) => {
                let ring = scene.setup.hub.as_ref().and_then(|hub| hub.branches.get(*branch));
                ring.map(|ring| cleanup(Selection::Ring(ring.clone())))
            }
            Self::Freeze { on, all: true } => Some(freeze(*on, None)),
            Self::Freeze { on, all: false } => {
                scene.setup.hub.as_ref().map(|hub| freeze(*on, Some(&hub.service)))
            }
            Self::Cancel => {
                let filter = RunFilter { unfinished: true, limit: Some(1), ..RunFilter::default() };
                let newest = scene.machine.ledger().runs(&filter)?.into_iter().next();
                newest.map(|run| Request::Cancel { run: run.id })
            }
            _ => None,
        })
    }
}

/// Evicts one of the pods of a namespace that run and are to go on running.
fn evict(model: &mut Model, namespace: &str, number: usize) {
    let runs = |pod: &Value| {
        let kind = pod.pointer("/metadata/ownerReferences/0/kind").and_then(Value::as_str);
        pod["status"]["phase"] == "Running"
            && pod["metadata"]["deletionTimestamp"].is_null()
            && matches!(kind, Some("StatefulSet" | "ReplicaSet"))
    };
    let all = model.list(Kind::Pod, Some(namespace));
    let running: Vec<Key> = all.filter(|(_, pod)| runs(pod)).map(|(key, _)| key.clone()).collect();
    if let Some(key) = number.checked_rem(running.len()).and_then(|place| running.get(place)) {
        sandbox::workload::evict(model, key);
    }
}

pub(super) fn cleanup(selection: Selection) -> Request {
    Request::StartCleanup(CleanupRequest { selection, max_parallel: None, origin: None })
}

/// How the pods of a tenant misbehave.
pub(super) fn misbehaviour(random: &mut Random) -> Behaviour {
    let all =
        [Behaviour::PullFails, Behaviour::Crashes, Behaviour::NeverReady, Behaviour::Hangs, Behaviour::Flaps];
    random.pick(&all).copied().unwrap_or(Behaviour::Hangs)
}
