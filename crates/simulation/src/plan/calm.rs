//! The calm after the storm: every run ends, every ring is taken back, and nothing is left.

use super::{Scene, Stopped, act::cleanup, advice};
use crate::{
    invariant::{EVERYTHING_ENDS, RESTORED, compare},
    stage::Inner,
    view::is_of,
    weather::Weather,
};
use release::report::RunKind;
use ringway::{
    ledger::{Claim, ClaimFilter, Run, RunFilter},
    request::Selection,
};
use sandbox::{Kind, Random, argocd, workload};
use serde_json::Value;
use std::{collections::BTreeSet, time::Duration};
use tokio::time::Instant;

/// How often a ring is cleaned up, and people do what the verdicts say, before somebody gives up. With `OnDelete` each
/// pod takes one.
const ATTEMPTS: u32 = 16;

const MINUTE: Duration = Duration::from_secs(60);

/// How often somebody reads what a pull request says, and does it.
const READS_EVERY: Duration = Duration::from_secs(600);

impl Scene {
    /// Plays the calm.
    pub(super) async fn calm(&mut self) -> Result<(), Stopped> {
        let mut random = self.random.fork("calm");
        self.end_faults();
        self.calm_on_github(&mut random).await?;
        if random.chance(50) {
            self.everything_ends(&mut random).await?;
        }
        self.take_everything_back(&mut random).await?;
        // Whoever would put something back has done it by then.
        self.pass(Instant::now() + 4 * MINUTE, &mut random, false).await?;
        self.nothing_is_left()?;
        let mut random = self.random.fork("last release");
        if random.chance(60) {
            self.last_release(&mut random).await?;
            self.take_everything_back(&mut random).await?;
        }
        Ok(())
    }

    /// Cleans up every ring, and does what the verdicts advise, until nobody holds anything.
    async fn take_everything_back(&mut self, random: &mut Random) -> Result<(), Stopped> {
        for _ in 0..ATTEMPTS {
            let mut rings = self.rings_that_hold_something()?;
            if rings.is_empty() {
                // What is under way, or goes on after a restart, may still take something.
                self.everything_ends(random).await?;
                rings = self.rings_that_hold_something()?;
            }
            if rings.is_empty() {
                break;
            }
            for ring in rings {
                self.machine.ask(cleanup(Selection::Ring(ring)));
                if random.chance(70) {
                    self.everything_ends(random).await?;
                }
            }
            self.everything_ends(random).await?;
            self.obey()?;
            self.pass(Instant::now() + Duration::from_secs(20), random, false).await?;
        }
        self.everything_ends(random).await?;
        self.nothing_is_left()
    }

    fn end_faults(&mut self) {
        self.stage.note("calm");
        let namespaces: Vec<String> = self.setup.tenants.iter().map(super::fleet::Shape::namespace).collect();
        self.stage.with(|inner| {
            (inner.weather, inner.registry_weather) = (Weather::fair(), Weather::fair());
            (inner.gone, inner.registry_gone) = (None, None);
            inner.killer.spare();
            inner.races.clear();
            inner.write_weather = None;
            argocd::fault::slow_down(&mut inner.model, 1);
            argocd::fault::go_on(&mut inner.model);
            workload::start_nodes(&mut inner.model);
            for namespace in &namespaces {
                workload::behave(&mut inner.model, namespace, None);
            }
        });
    }

    /// Waits until a process runs that can be asked.
    pub(super) async fn process_runs(&mut self, random: &mut Random) -> Result<(), Stopped> {
        let until = Instant::now() + 5 * MINUTE;
        while !self.machine.is_running() && Instant::now() < until {
            self.pass(Instant::now() + Duration::from_secs(5), random, false).await?;
        }
        Ok(())
    }

    /// Waits until every run has ended and everybody has an answer.
    pub(super) async fn everything_ends(&mut self, random: &mut Random) -> Result<(), Stopped> {
        let until = Instant::now() + self.patience()?;
        let mut reads_at = Instant::now() + READS_EVERY;
        loop {
            self.pass(Instant::now() + Duration::from_secs(5), random, false).await?;
            // A pull request that is over tries again and again to give back, and ends when somebody does what it says.
            if self.setup.hub.is_some() && Instant::now() >= reads_at {
                self.obey()?;
                reads_at = Instant::now() + READS_EVERY;
            }
            let open = self.unfinished()?;
            if open.is_empty() && self.machine.is_idle() {
                return Ok(());
            }
            if Instant::now() > until {
                let open: Vec<String> = open.iter().map(|run| self.describe(run)).collect();
                let what =
                    format!("still not ended in the calm after {:?}: {}", self.patience()?, open.join("; "));
                return Err(self.fail(EVERYTHING_ENDS, what));
            }
        }
    }

    /// The longest that everything under way can take: every tenant after the other, each with all its deadlines.
    pub(super) fn patience(&self) -> Result<Duration, Stopped> {
        let deadlines = &self.setup.config.deadlines;
        let tenant = deadlines.observed + deadlines.applied + deadlines.rollout_total + 40 * MINUTE;
        let tenants: usize = self.unfinished()?.iter().map(|run| run.tenants.len()).sum();
        Ok(tenant * u32::try_from(tenants + 1).unwrap_or(u32::MAX))
    }

    pub(super) fn unfinished(&self) -> Result<Vec<Run>, Stopped> {
        let filter = RunFilter { unfinished: true, ..RunFilter::default() };
        Ok(self.machine.ledger().runs(&filter)?)
    }

    fn describe(&self, run: &Run) -> String {
        let tenants = self.machine.ledger().tenants(&run.id).unwrap_or_default();
        let open = tenants.iter().filter(|tenant| tenant.verdict.is_none());
        let open: Vec<String> = open
            .map(|tenant| {
                let awaiting = tenant.awaiting.as_ref().map_or("nothing", |awaiting| awaiting.what.as_str());
                format!("{} awaits {awaiting}", tenant.tenant)
            })
            .collect();
        format!("{} {} ({})", run.kind.as_str(), run.id, open.join(", "))
    }

    fn rings_that_hold_something(&self) -> Result<BTreeSet<String>, Stopped> {
        let claims = self.machine.ledger().claims(&ClaimFilter::default())?;
        Ok(claims.into_iter().map(|claim| claim.ring).collect())
    }

    /// Does what the newest verdicts advise.
    fn obey(&self) -> Result<(), Stopped> {
        for (name, tenant) in self.setup.tenants.iter().map(|shape| (&shape.name, shape)) {
            let latest = self.machine.ledger().latest_of_tenant(name)?;
            for (_, state) in latest {
                let Some(problem) = state.problem else { continue };
                let text = format!("{} {}", problem.message, problem.advice.unwrap_or_default());
                self.stage.note(&format!("advice for {}: {text}", tenant.name));
                self.stage.with(|inner| advice::obey(&mut inner.model, &text))?;
            }
        }
        Ok(())
    }

    /// Whether nobody can prove a cleanup of the claim, because somebody has put a copy of its Application there that says
    /// an image of a ring which crashes: what others wrote is not Ringway's to take out.
    fn is_broken_by_somebody(&self, claim: &Claim) -> Result<bool, Stopped> {
        let latest = self.machine.ledger().latest_of_tenant(&claim.tenant)?;
        let newest = latest.iter().find(|(run, _)| run.kind == RunKind::Cleanup && is_of(run, claim));
        let problem = newest.and_then(|(_, state)| state.problem.as_ref());
        let crashes = problem.is_some_and(|problem| problem.code == "crash_loop");
        let is_theirs = |inner: &mut Inner| {
            let tenant = inner.book.tenants.get(&claim.tenant)?;
            let uid = inner.model.get(&tenant.application)?["metadata"]["uid"].as_str()?;
            let mut images =
                inner.model.list(Kind::Pod, Some(&tenant.namespace)).flat_map(|(_, pod)| images(pod));
            Some(images.any(|image| {
                // As the nodes have it: what becomes of a pod follows from any part of its image's name.
                image.contains("crash") && inner.book.is_copied_image(uid, &claim.tenant, image)
            }))
        };
        Ok(crashes && self.stage.with(is_theirs).unwrap_or_default())
    }

    fn nothing_is_left(&self) -> Result<(), Stopped> {
        let claims = self.machine.ledger().claims(&ClaimFilter::default())?;
        let mut left = None;
        for claim in claims {
            if !self.is_broken_by_somebody(&claim)? {
                left = Some(claim);
            }
        }
        if let Some(claim) = left {
            let latest = self.machine.ledger().latest_of_tenant(&claim.tenant)?;
            let last: Vec<_> =
                latest.into_iter().map(|(run, state)| (run.id, state.verdict, state.problem)).collect();
            let what = format!(
                "ring {} still holds {} of {} after {ATTEMPTS} cleanups; the last results: {last:?}",
                claim.ring, claim.service, claim.application
            );
            return Err(self.fail(RESTORED, what));
        }
        let difference = self.stage.with(|inner| compare(&inner.model, &inner.book));
        difference.map_err(|what| self.fail(RESTORED, what))
    }
}

/// What the containers of a pod run.
fn images(pod: &Value) -> impl Iterator<Item = &str> {
    let containers = pod.pointer("/spec/containers").and_then(Value::as_array);
    containers.into_iter().flatten().filter_map(|container| container["image"].as_str())
}
