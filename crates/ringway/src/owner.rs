//! Driving releases: the one process that owns the state folder, its engine, and the socket on which it is asked.

mod asked;
mod carry_out;
mod drive;
mod files;
mod gate;
mod reach;
mod settle;
mod stay;
mod turns;

pub use drive::{drive, interrupted};
pub use gate::{Gate, Inside};
pub use reach::{Reached, reach};
pub use stay::{Phase, stay, stay_with};

use crate::{
    asker::Asker,
    error::{self, RefusedError, UsageError},
    ledger::{NewRun, PullRequestOrigin},
    request::{Answer, ErrorKind, Request},
    state::socket,
    world::World,
};
use asked::Asked;
use durable_sqlite::Handle;
use release::{
    report::RunKind,
    verdict::{ReleaseVerdict, Stop},
    workflow::{
        STOP_MAILBOX,
        cleanup::{Cleanup, CleanupInput},
        release::{Release, ReleaseInput},
    },
};
use std::sync::Arc;
use tokio::sync::{Mutex, MutexGuard, OwnedMutexGuard};
use turns::Turns;

/// What drives releases while it lives. Cheap to clone.
#[derive(Clone)]
pub struct Owner {
    world: Arc<World>,
    engine: Handle,
    asked: Arc<Asked>,
    beginning: Arc<Mutex<()>>,
    turns: Arc<Turns>,
    /// Who asks for what is done through this clone.
    asker: Asker,
    say: Say,
}

/// What tells people what happens on the side, in one sentence at a time.
pub type Say = fn(&str);

impl Owner {
    /// Drives runs over an engine that somebody else runs, which has the activities of the same `world`. Nothing goes on
    /// before [`Owner::settle`].
    pub fn over(world: Arc<World>, engine: Handle, say: Say) -> Self {
        let asker = Asker::program();
        let (asked, beginning, turns) = (Arc::default(), Arc::default(), Arc::default());
        Self { world, engine, asked, beginning, turns, asker, say }
    }

    /// The same owner, for what `asker` asks for.
    #[must_use]
    pub fn asked_by(&self, asker: Asker) -> Self {
        Self { asker, ..self.clone() }
    }

    /// Tells people something.
    pub(crate) fn say(&self, text: &str) {
        (self.say)(text);
    }

    /// The outside.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Held while it is decided what a request begins, so that two requests at once do not begin the same thing twice.
    /// Everybody waits for it, those who freeze as well: never held while a run ends, which takes as long as a cluster
    /// takes to answer.
    pub async fn beginning(&self) -> MutexGuard<'_, ()> {
        self.beginning.lock().await
    }

    /// Held by a request for a release of a ring and service until it has begun: the newest takes over from the others.
    pub(crate) async fn turn(&self, ring: &str, service: &str) -> OwnedMutexGuard<()> {
        self.turns.take(ring, service).await
    }

    /// Writes a release down and starts its workflow.
    ///
    /// # Errors
    /// If ledger or engine cannot record it.
    pub async fn begin_release(
        &self,
        input: ReleaseInput,
        cohort: Option<String>,
        origin: Option<PullRequestOrigin>,
    ) -> anyhow::Result<()> {
        let run = NewRun {
            id: input.run.clone(),
            kind: RunKind::Release,
            ring: input.ring.clone(),
            service: input.service.name.clone(),
            images: input.images.clone(),
            tenants: input.tenants.clone(),
            cohort,
            origin,
            began_at: self.world.clock.now(),
        };
        self.write_down(&run)?;
        self.engine.start::<Release>(&input.run, &input).await?;
        Ok(())
    }

    /// Writes a cleanup down and starts its workflow.
    ///
    /// # Errors
    /// If ledger or engine cannot record it.
    pub async fn begin_cleanup(&self, run: &NewRun, input: CleanupInput) -> anyhow::Result<()> {
        self.write_down(run)?;
        self.engine.start::<Cleanup>(&input.run, &input).await?;
        Ok(())
    }

    fn write_down(&self, run: &NewRun) -> anyhow::Result<()> {
        self.world.ledger.begin_run_asked(run, &self.asked_now())?;
        let (id, kind, ring, service) = (&run.id, run.kind.as_str(), &run.ring, &run.service);
        tracing::info!(run = id, kind, ring, service, tenants = run.tenants.len(), by = %self.asker, "begun");
        Ok(())
    }

    /// Tells a run to stop. First in the ledger: no patch begins after that.
    ///
    /// # Errors
    /// If there is no such run, or it cannot be recorded.
    pub async fn stop(&self, run: &str, stop: &Stop) -> anyhow::Result<()> {
        self.world.ledger.record_stop_asked(run, stop, &self.asked_now())?;
        tracing::info!(run, ?stop, by = %self.asker, "told to stop");
        self.engine.send(run, STOP_MAILBOX, stop).await?;
        Ok(())
    }

    /// Tells a run to stop and waits until it has ended. A run whose workflow cannot go on ends all the same.
    ///
    /// # Errors
    /// As [`Owner::stop`].
    pub async fn stop_and_wait(&self, run: &str, stop: &Stop) -> anyhow::Result<()> {
        self.stop(run, stop).await?;
        self.wait_for_stopped(run, stop).await
    }

    /// Tells runs to stop and waits until they have ended. Others may begin, freeze and clean up meanwhile, so `beginning` is
    /// given back for that time, and whatever stands in the way is to be looked for again afterwards.
    ///
    /// # Errors
    /// As [`Owner::stop`].
    pub(crate) async fn make_way<'a>(
        &'a self,
        beginning: MutexGuard<'a, ()>,
        runs: &[String],
        stop: &Stop,
    ) -> anyhow::Result<MutexGuard<'a, ()>> {
        for run in runs {
            self.stop(run, stop).await?;
        }
        drop(beginning);
        for run in runs {
            self.wait_for_stopped(run, stop).await?;
        }
        Ok(self.beginning().await)
    }

    /// Waits until a run that was told to stop has ended. One whose workflow cannot go on ends all the same.
    async fn wait_for_stopped(&self, run: &str, stop: &Stop) -> anyhow::Result<()> {
        use durable_sqlite::Outcome as Ended;
        let reason = match self.engine.wait(run).await? {
            Ended::Completed(_) => {
                let ended = self.world.ledger.has_ended(run)?;
                anyhow::ensure!(
                    ended,
                    "{run} ended and left no verdict; start Ringway anew, which records it"
                );
                return Ok(());
            }
            Ended::Failed(failure) => failure.to_string(),
            Ended::Parked(reason) => reason.to_string(),
        };
        let verdict = match stop {
            Stop::Cancel | Stop::Cleanup => ReleaseVerdict::Cancelled,
            Stop::Supersede { .. } => ReleaseVerdict::Superseded,
        };
        self.abandon(run, verdict, &reason).await
    }

    /// Waits until a run has ended.
    ///
    /// # Errors
    /// If its workflow failed or is parked, with the reason and what to do.
    pub async fn wait(&self, run: &str) -> anyhow::Result<()> {
        use durable_sqlite::Outcome as Ended;
        match self.engine.wait(run).await? {
            Ended::Completed(_) => Ok(()),
            Ended::Failed(failure) => {
                self.abandon(run, ReleaseVerdict::Failed, &failure.to_string()).await?;
                anyhow::bail!("{run} ended without a verdict: {failure}")
            }
            Ended::Parked(reason) => anyhow::bail!(settle::parked("run", run, &reason.to_string())),
        }
    }

    async fn serve(&self, listener: tokio::net::UnixListener) {
        let owner = self.clone();
        socket::serve(listener, move |request, peer| {
            let owner = owner.asked_by(Asker::peer(peer));
            async move { owner.answer(request).await }
        })
        .await;
    }

    /// Does what was asked for, as somebody who stays must: it is not left while it is done, and a run that began is looked
    /// after.
    pub(crate) async fn answer(&self, request: Request) -> Answer {
        let Some(answering) = self.asked.begin() else { return Answer::Leaving };
        match self.carry_out(request).await {
            Ok(answer) => {
                if let Answer::Begun { run, .. } = &answer {
                    answering.promise(run);
                }
                answer
            }
            Err(error) => {
                let kind = match () {
                    () if error.is::<UsageError>() => ErrorKind::Usage,
                    () if error.is::<RefusedError>() => ErrorKind::Refused,
                    () => ErrorKind::Failed,
                };
                Answer::Error { kind, message: format!("{error:#}") }
            }
        }
    }

    async fn wait_for_those_asked_for(&self) {
        while let Some(run) = self.asked.next().await {
            let known = self.world.ledger.run(&run);
            if known.is_ok_and(|known| known.is_some_and(|known| known.verdict.is_none())) {
                self.say(&format!(
                    "{run}, which another command asked for, is still under way; waiting for it"
                ));
            }
            if let Err(error) = self.wait(&run).await {
                error::print(&error);
            }
        }
    }
}

#[cfg(test)]
mod tests;
