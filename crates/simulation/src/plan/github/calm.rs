//! The calm on GitHub: it is healthy, builds are done, nothing is frozen; and in the end people close what is open.

use super::{
    super::{Scene, Stopped, act::Act},
    turn::{Build, Turn},
};
use crate::{hub::Hub, weather::Weather};
use ringway::request::{FreezeRequest, Request};
use sandbox::{
    Random,
    github::{DeliveryFaults, Faults},
};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

const MINUTE: Duration = Duration::from_secs(60);

impl Scene {
    /// Lets everything on GitHub come to an end that began in the storm.
    pub(in super::super) async fn calm_on_github(&mut self, random: &mut Random) -> Result<(), Stopped> {
        let Some(hub) = self.setup.hub.clone() else { return Ok(()) };
        self.end_faults_of_github(random);
        for branch in 0..hub.branches.len() {
            if random.chance(85) {
                self.finish_build(&hub, branch);
            }
        }
        self.unfreeze(random).await?;
        self.pass(Instant::now() + 20 * MINUTE, random, false).await?;
        self.everything_ends(random).await?;
        for branch in 0..hub.branches.len() {
            self.turn(Turn::Close(branch));
        }
        self.pass(Instant::now() + 20 * MINUTE, random, false).await
    }

    fn end_faults_of_github(&self, random: &mut Random) {
        // Whoever is not told finds out all the same, only later.
        let lost = if random.chance(30) { 100 } else { 0 };
        self.stage.with(|inner| {
            (inner.github_weather, inner.github_gone) = (Weather::fair(), None);
            inner.model.github.faults = Faults::default();
            inner.model.github.delivery_faults = DeliveryFaults { lost, ..DeliveryFaults::default() };
        });
    }

    async fn unfreeze(&mut self, random: &mut Random) -> Result<(), Stopped> {
        let until = Instant::now() + 5 * MINUTE;
        while !self.machine.is_running() && Instant::now() < until {
            self.pass(Instant::now() + Duration::from_secs(5), random, false).await?;
        }
        self.machine.ask(freeze(false));
        Ok(())
    }

    /// Builds what is not built yet, and pushes its image.
    fn finish_build(&self, hub: &Arc<Hub>, branch: usize) {
        let name = hub.branches.get(branch).cloned().unwrap_or_default();
        let newest = self.stage.with(|inner| {
            let github = &inner.model.github;
            let head = hub.head(github, &name)?.to_owned();
            let runs = github.repository_by_id(hub.repository)?.runs();
            let newest = runs.filter(|run| run.head_commit == head).last();
            newest.map(|run| run.conclusion.clone())
        });
        let step = |step: Build| self.turn(Turn::Build { branch, step });
        match newest {
            None => step(Build::Begins),
            Some(Some(conclusion)) if conclusion != "success" => step(Build::Again),
            Some(_) => {}
        }
        step(Build::Image);
        step(Build::Ends("success"));
    }

    fn turn(&self, turn: Turn) {
        let Some(hub) = self.setup.hub.clone() else { return };
        let now = self.stage.time.now();
        self.stage.note(&format!("turn: {turn:?}"));
        self.stage.with(|inner| turn.happen(&hub, inner, now));
    }
}

/// Lets nothing start any more, or again.
pub(in super::super) fn freeze(on: bool) -> Request {
    Request::Freeze(FreezeRequest { on, service: None, reason: on.then(|| "a holiday".to_owned()) })
}

impl Act {
    /// Something on GitHub, or on the way to it.
    pub(in super::super) fn happen_on_github(self, scene: &Scene) {
        let Some(hub) = scene.setup.hub.clone() else { return };
        let now = scene.stage.time.now();
        scene.stage.with(|inner| match self {
            Self::Turn(turn) => turn.happen(&hub, inner, now),
            Self::AfterNext(scope, turn) => inner.model.github.faults.after_next(scope, move |github| {
                // What cannot be done at that moment is not done.
                let _ = turn.change(&hub, github);
            }),
            Self::NextFault(scope, fault) => inner.model.github.faults.next(scope, fault),
            Self::Chances(chances) => inner.model.github.faults.chances = chances,
            Self::Deliveries(faults) => inner.model.github.delivery_faults = faults,
            Self::RevokeTokens => inner.model.github.revoke_tokens(),
            Self::GithubWeather(weather) => inner.github_weather = weather,
            Self::Github(gone) => inner.github_gone = gone,
            _ => {}
        });
    }
}
