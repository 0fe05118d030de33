//! What happens in one simulation: a fleet, a storm and a calm, all of it from the seed.
//!
//! In the storm people release, cancel and clean up at bad moments, and everything goes wrong that a seed can make go
//! wrong. In the calm all faults have ended; every run must end, every ring is cleaned up, people do what a verdict
//! advises, and in the end nothing of Ringway may be left.

mod act;
mod advice;
mod calm;
mod configuration;
mod fleet;
mod github;
mod last_release;
mod mischief;
mod storm;

use crate::{
    Options, Report,
    book::Tenant,
    broken::Broken,
    driver::drive,
    hub::{Hub, history::History},
    machine::Machine,
    stage::Stage,
    time::{ShownClock, Time},
    verdicts::Verdicts,
};
use jiff::{SignedDuration, Timestamp};
use ringway::config::Config;
use sandbox::{Model, Random};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// What a seed decides before anything happens.
pub(crate) struct Setup {
    config: Config,
    /// The rings, the service of each, and its images.
    rings: Vec<Ring>,
    /// The tenants by name, with the namespace of each.
    tenants: Vec<fleet::Shape>,
    /// The GitHub whose pull requests drive a service, in the seeds that have one.
    hub: Option<Arc<Hub>>,
}

/// A ring and what it releases.
#[derive(Debug, Clone)]
pub(crate) struct Ring {
    name: String,
    service: String,
    /// Its images, in the order in which people try them.
    images: Vec<String>,
}

/// Everything that is there while a simulation runs.
struct Scene {
    stage: Arc<Stage>,
    machine: Machine,
    clock: ShownClock,
    setup: Setup,
    random: Random,
    /// When the next process is started, if none runs.
    restart_at: Option<Instant>,
}

/// Plays one seed. Must be called on a current-thread runtime with paused time, inside a local set.
///
/// # Errors
/// If the simulation itself does not work.
pub(crate) async fn play(seed: u64, options: &Options) -> anyhow::Result<Report> {
    let time = Time::begin();
    let random = Random::new(seed);
    let (setup, model) = prepare(seed, time.now(), &random)?;
    let (ledger, _folder) = options.bug.ledger()?;
    let stage = Stage::new(seed, time, model, ledger.clone(), options);
    introduce(&stage, &setup);
    let clock = ShownClock::new(time);
    let machine = Machine::new(
        Arc::clone(&stage),
        setup.config.clone(),
        setup.hub.clone(),
        clock.clone(),
        ledger,
        options.bug,
    );
    let driver = tokio::task::spawn_local(drive(Arc::clone(&stage)));
    let mut scene = Scene { stage, machine, clock, setup, random, restart_at: None };
    let outcome = scene.play().await;
    scene.machine.kill().await;
    driver.abort();
    let broken = match outcome {
        Ok(()) => scene.stage.broken(),
        Err(Stopped::Broken) => scene.stage.broken(),
        Err(Stopped::Failed(error)) => return Err(error.context(format!("seed {seed}"))),
    };
    let (requests, steps) = scene.stage.counts();
    let runs = scene.machine.ledger().runs(&ringway::ledger::RunFilter::default())?;
    let verdicts = Verdicts::of(&runs, scene.machine.ledger())?;
    let took = scene.stage.time.elapsed();
    Ok(scene.stage.with(|inner| Report {
        seed,
        broken,
        hash: inner.trace.hash(),
        lines: inner.trace.count(),
        trace: inner.trace.take(),
        requests,
        steps,
        runs: runs.len(),
        verdicts,
        demanded: inner.book.demanded,
        took,
    }))
}

/// Why a simulation ends early.
enum Stopped {
    /// An invariant does not hold.
    Broken,
    /// The simulation itself does not work.
    Failed(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Scene {
    async fn play(&mut self) -> Result<(), Stopped> {
        self.storm().await?;
        self.calm().await
    }

    /// Ends the simulation if something is broken.
    fn check(&self) -> Result<(), Stopped> {
        if self.stage.broken().is_some() { Err(Stopped::Broken) } else { Ok(()) }
    }

    /// Something is broken, as the plan itself sees it.
    fn fail(&self, invariant: &'static str, what: impl Into<String>) -> Stopped {
        self.stage.report(Broken::new(invariant, self.stage.time.now(), what));
        Stopped::Broken
    }
}

/// The fleet at rest, before Ringway has ever run.
fn prepare(seed: u64, now: Timestamp, random: &Random) -> anyhow::Result<(Setup, Model)> {
    let long_ago = now.saturating_sub(SignedDuration::from_mins(3))?;
    let mut model = Model::new(seed, long_ago);
    let mut choices = random.fork("fleet");
    // That Argo CD compares now and then although nothing changed is most of the work, and seldom matters.
    model.timing.resync = Duration::from_secs(if choices.chance(20) { 150 } else { 1_200 });
    let family = configuration::Family::of(&mut choices);
    let mut rings = configuration::rings(family, &mut choices);
    let tenants = fleet::shapes(family, &mut choices);
    // A stream of its own, so that seeds without pull requests stay what they are.
    let mut github_choices = random.fork("github");
    let names: Vec<String> = tenants.iter().map(|shape| shape.name.clone()).collect();
    let service = rings.first().map(|ring| ring.service.clone()).unwrap_or_default();
    let hub = github::hub(family, &service, &mut model, &names, &mut github_choices)?;
    if hub.is_some() {
        // Whoever types commands is one more who wants the tenants.
        rings.truncate(1);
    }
    let of_hub = hub.as_ref().map(|hub| (hub, github::configuration(hub, &mut github_choices)));
    let of_hub = of_hub.map(|(hub, texts)| (hub.service.as_str(), texts));
    let config = configuration::config(of_hub, &mut choices)?;
    model.workloads.image_id = fleet::image_id(&mut random.fork("nodes"));
    fleet::build(&mut model, &tenants)?;
    model.advance(now);
    Ok((Setup { config, rings, tenants, hub: hub.map(Arc::new) }, model))
}

/// Notes what everything is before anybody touches it.
fn introduce(stage: &Stage, setup: &Setup) {
    stage.with_github(|inner| {
        let now = stage.time.now();
        inner.book.configured(&setup.config);
        for shape in &setup.tenants {
            let application = shape.application();
            let expected = inner.model.get(&application).map(|object| object["spec"].clone());
            let tenant = Tenant { application, namespace: shape.namespace(), expected, owner: shape.owner() };
            inner.book.tenants.insert(shape.name.clone(), tenant);
        }
        if let Some(hub) = &setup.hub {
            inner.book.github = Some(History::new(Arc::clone(hub)));
            let all: Vec<String> = setup.tenants.iter().map(|shape| shape.name.clone()).collect();
            let some = all.get(..all.len() / 2).unwrap_or_default().to_vec();
            inner.book.cohorts = [("all".to_owned(), all), ("some".to_owned(), some)].into();
        }
        for reference in configuration::references(&setup.rings) {
            configuration::push(inner, now, &reference, 1);
        }
        inner.trace.note(now, &format!("fleet: {:?}", setup.tenants));
        inner.trace.note(now, &format!("rings: {:?}", setup.rings));
        if let Some(hub) = &setup.hub {
            inner.trace.note(now, &format!("pull requests: {:?} of {}", hub.branches, hub.service));
        }
        inner.trace.note(now, &format!("limits: {:?} {:?}", setup.config.limits, setup.config.deadlines));
    });
}
