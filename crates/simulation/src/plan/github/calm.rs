//! The calm on GitHub: it is healthy, builds are done, nothing is frozen. Everything has to become what the pull requests
//! say, and again when people have closed them.

use super::{
    super::{Scene, Stopped, act::Act},
    LABELS,
    turn::{Build, Turn},
};
use crate::{
    hub::Hub,
    invariant::{CONTENT_BUDGET, DESIRED_STATE, SAID, desired_state::Comparison, excess, said},
    weather::Weather,
};
use release::decide::rules::OnMerge;
use ringway::request::{FreezeRequest, Request};
use sandbox::{
    Random,
    github::{DeliveryFaults, Faults},
};
use std::time::Duration;
use tokio::time::Instant;

/// How long everything may take beside the releases themselves: a limit of GitHub ends after an hour, and what could not
/// be given back is tried again after half of one.
const PATIENCE: Duration = Duration::from_secs(3 * 60 * 60);

/// How long it must stay as it is: a sweep, and whatever was to be looked at again.
const STABLE: Duration = Duration::from_secs(3 * 60);

impl Scene {
    /// Lets everything on GitHub come to an end that began in the storm.
    pub(in super::super) async fn calm_on_github(&mut self, random: &mut Random) -> Result<(), Stopped> {
        let Some(hub) = self.setup.hub.clone() else { return Ok(()) };
        self.end_faults_of_github(random);
        for branch in 0..hub.branches.len() {
            self.come_to_rest(&hub, branch, random);
        }
        self.unfreeze(&hub, random).await?;
        self.is_as_asked_for(&hub, random).await?;
        for branch in 0..hub.branches.len() {
            let end = if random.chance(70) { Turn::Close(branch) } else { Turn::Merge(branch) };
            self.turn(end);
            self.turn(Turn::Close(branch));
        }
        self.is_as_asked_for(&hub, random).await
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

    /// Mostly somebody goes on with a branch, and its build is done.
    fn come_to_rest(&self, hub: &Hub, branch: usize, random: &mut Random) {
        if random.chance(70) {
            let name = hub.branches.get(branch).map_or("", String::as_str);
            let (is_there, is_open) = self.stage.with(|inner| {
                let github = &inner.model.github;
                let is_open = hub.newest(github, name).is_some_and(|pull| pull.open);
                (hub.head(github, name).is_some(), is_open)
            });
            if !is_there {
                self.turn(Turn::Push { branch, forced: false, number: random.next() });
            }
            if !is_open {
                self.turn(if random.chance(50) { Turn::Reopen(branch) } else { Turn::Another(branch) });
            }
            self.turn(Turn::MayPush(true));
            self.turn(Turn::Base(branch, true));
            self.turn(Turn::Draft(branch, false));
            let label = LABELS.get(usize::from(random.chance(30))).copied().unwrap_or(LABELS[0]);
            self.turn(Turn::Label { branch, label, may: true });
        }
        if random.chance(85) {
            self.finish_build(hub, branch);
        }
    }

    async fn unfreeze(&mut self, hub: &Hub, random: &mut Random) -> Result<(), Stopped> {
        self.process_runs(random).await?;
        self.machine.ask(freeze(false, None));
        self.machine.ask(freeze(false, Some(&hub.service)));
        Ok(())
    }

    /// Builds what is not built yet, and pushes its image.
    fn finish_build(&self, hub: &Hub, branch: usize) {
        let name = hub.branches.get(branch).cloned().unwrap_or_default();
        let newest = self.stage.with(|inner| {
            let github = &inner.model.github;
            let head = hub.head(github, &name)?.to_owned();
            let runs = github.repository_by_id(hub.repository)?.runs();
            let newest = runs.rev().find(|run| run.head_commit == head);
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
        self.stage.with_github(|inner| turn.happen(&hub, inner, now));
    }

    /// Waits until the fleet is what the pull requests say and they say what the ledger says, and for some time more.
    async fn is_as_asked_for(&mut self, hub: &Hub, random: &mut Random) -> Result<(), Stopped> {
        let until = Instant::now() + PATIENCE + self.patience()?;
        let mut since = None;
        loop {
            self.pass(Instant::now() + Duration::from_secs(20), random, false).await?;
            self.is_in_budget(hub)?;
            let differs = self.differs(hub)?;
            let is_open = !self.unfinished()?.is_empty();
            since = since.filter(|_| differs.is_none() && !is_open);
            match differs {
                None if !is_open => {
                    let since: Instant = *since.get_or_insert_with(Instant::now);
                    if since.elapsed() >= STABLE {
                        break;
                    }
                }
                _ if Instant::now() <= until => {}
                // A run that does not end is why nothing else does.
                _ if is_open => self.everything_ends(random).await?,
                Some((invariant, what)) => return Err(self.fail(invariant, what)),
                None => {}
            }
        }
        Ok(())
    }

    fn is_in_budget(&self, hub: &Hub) -> Result<(), Stopped> {
        let ledger = self.machine.ledger().clone();
        let excess = self.stage.with(|inner| excess(&inner.model, &inner.book, &ledger, hub))?;
        excess.map_or(Ok(()), |what| Err(self.fail(CONTENT_BUDGET, what)))
    }

    fn differs(&self, hub: &Hub) -> Result<Option<(&'static str, String)>, Stopped> {
        let ledger = self.machine.ledger().clone();
        let rings = self.setup.config.rings.get(&hub.service);
        let merged_go_back = rings.is_some_and(|rings| rings.rules.on_merge == OnMerge::Cleanup);
        let differences = self.stage.with(|inner| {
            let comparison =
                Comparison { model: &inner.model, book: &inner.book, ledger: &ledger, hub, merged_go_back };
            let differences = comparison.differences()?;
            if !differences.is_empty() {
                return anyhow::Ok(Some((DESIRED_STATE, differences)));
            }
            let said = said::differences(&inner.model, &ledger, hub)?;
            if !said.is_empty() {
                return Ok(Some((SAID, said)));
            }
            let waiting = ledger.unprocessed()?.len();
            let what = || vec![format!("{waiting} deliveries are not processed")];
            Ok((waiting > 0).then(|| (DESIRED_STATE, what())))
        })?;
        Ok(differences.map(|(invariant, differences)| (invariant, differences.join("; "))))
    }
}

/// Lets nothing start any more of a service, or of all; or lets it start again.
pub(in super::super) fn freeze(on: bool, service: Option<&str>) -> Request {
    let (service, reason) = (service.map(str::to_owned), on.then(|| "a holiday".to_owned()));
    Request::Freeze(FreezeRequest { on, service, reason })
}

impl Act {
    /// Something on GitHub, or on the way to it.
    pub(in super::super) fn happen_on_github(self, scene: &Scene) {
        let Some(hub) = scene.setup.hub.clone() else { return };
        let now = scene.stage.time.now();
        scene.stage.with_github(|inner| match self {
            Self::Turn(turn) => turn.happen(&hub, inner, now),
            Self::AfterNext(scope, turn) => {
                inner.book.turns += 1;
                inner.model.github.faults.after_next(scope, move |github| {
                    // What cannot be done at that moment is not done.
                    let _ = turn.change(&hub, github);
                });
            }
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
