//! Driving releases: the one process that owns the state folder, its engine, and the socket on which it is asked.

mod asked;
mod reach;
mod settle;

pub use reach::{Reached, reach};

use crate::{
    activity,
    clock::{Clock, SystemClock},
    config::Config,
    error::{self, Outcome, RefusedError, UsageError},
    ledger::{Ledger, NewRun, RunFilter},
    request::{Answer, ErrorKind, Request},
    start, start_cleanup,
    state::{Ownership, StateFolder, socket},
    world::World,
};
use anyhow::Context as _;
use asked::Asked;
use durable_sqlite::{Handle, Options};
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
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{Mutex, MutexGuard, oneshot},
};

/// What drives releases while it lives. Cheap to clone.
#[derive(Clone)]
pub struct Owner {
    world: Arc<World>,
    engine: Handle,
    asked: Arc<Asked>,
    beginning: Arc<Mutex<()>>,
    say: Say,
}

/// What tells people what happens on the side, in one sentence at a time.
pub type Say = fn(&str);

/// As the owner of the state folder, goes on with what is unfinished in it, and does `work`. Runs that others asked for
/// meanwhile are driven to their end as well.
///
/// # Errors
/// If the state cannot be opened, and those of `work`.
pub async fn drive<Work, Fut>(
    config: Config,
    folder: &StateFolder,
    ownership: Ownership,
    work: Work,
) -> anyhow::Result<Outcome>
where
    Work: FnOnce(Owner) -> Fut,
    Fut: Future<Output = anyhow::Result<Outcome>>,
{
    // Held until the end: dropping it lets somebody else become the owner.
    let _ownership = ownership;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ledger = Ledger::open(&folder.ledger())?;
    ledger.drop_slots_of_ended_runs()?;
    let world = Arc::new(World::new(config, ledger, Arc::clone(&clock))?);
    let options = Options { clock, ..Options::default() };
    let engine = durable_sqlite::open(folder.journal(), activity::registry(&world), options)?;
    let owner = Owner::over(world, engine.handle(), |text| eprintln!("{text}"));
    let listener = socket::listen(&folder.socket())?;
    let (settled, ready) = oneshot::channel();
    let serving = async {
        // Requests wait until it is known what is under way.
        if ready.await.is_err() {
            std::future::pending().await
        }
        owner.serve(listener).await;
    };
    let working = async {
        owner.settle().await?;
        owner.forget_old_journals().await?;
        // Nobody waits for it only if this function has ended.
        let _ = settled.send(());
        let outcome = work(owner.clone()).await;
        owner.wait_for_those_asked_for().await;
        outcome
    };
    tokio::select! {
        biased;
        stopped = engine.run(std::future::pending()) => {
            stopped.context("the engine stopped; what was not recorded was not done")?;
            anyhow::bail!("the engine stopped without a reason")
        }
        outcome = working => {
            owner.say_what_is_left("");
            outcome
        }
        () = serving => anyhow::bail!("the socket of the state folder was closed"),
        interrupted = interrupted() => {
            interrupted?;
            owner.say_what_is_left("interrupted: ");
            Ok(Outcome::Interrupted)
        }
    }
}

/// Waits until a person (Ctrl-C) or the system (SIGTERM) wants the process to end.
///
/// # Errors
/// If signals cannot be waited for.
pub async fn interrupted() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("waiting for signals")?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result.context("waiting for signals"),
        _ = terminate.recv() => Ok(()),
    }
}

impl Owner {
    /// Drives runs over an engine that somebody else runs, which has the activities of the same `world`. Nothing goes on
    /// before [`Owner::settle`].
    pub fn over(world: Arc<World>, engine: Handle, say: Say) -> Self {
        Self { world, engine, asked: Arc::default(), beginning: Arc::default(), say }
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
    pub async fn beginning(&self) -> MutexGuard<'_, ()> {
        self.beginning.lock().await
    }

    /// Writes a release down and starts its workflow.
    ///
    /// # Errors
    /// If ledger or engine cannot record it.
    pub async fn begin_release(&self, input: ReleaseInput, cohort: Option<String>) -> anyhow::Result<()> {
        self.world.ledger.begin_run(&NewRun {
            id: input.run.clone(),
            kind: RunKind::Release,
            ring: input.ring.clone(),
            service: input.service.name.clone(),
            images: input.images.clone(),
            tenants: input.tenants.clone(),
            cohort,
            began_at: self.world.clock.now(),
        })?;
        self.engine.start::<Release>(&input.run, &input).await?;
        Ok(())
    }

    /// Writes a cleanup down and starts its workflow.
    ///
    /// # Errors
    /// If ledger or engine cannot record it.
    pub async fn begin_cleanup(&self, run: &NewRun, input: CleanupInput) -> anyhow::Result<()> {
        self.world.ledger.begin_run(run)?;
        self.engine.start::<Cleanup>(&input.run, &input).await?;
        Ok(())
    }

    /// Tells a run to stop. First in the ledger: no patch begins after that.
    ///
    /// # Errors
    /// If there is no such run, or it cannot be recorded.
    pub async fn stop(&self, run: &str, stop: &Stop) -> anyhow::Result<()> {
        self.world.ledger.record_stop(run, stop)?;
        self.engine.send(run, STOP_MAILBOX, stop).await?;
        Ok(())
    }

    /// Tells a run to stop and waits until it has ended. A run whose workflow cannot go on ends all the same.
    ///
    /// # Errors
    /// As [`Owner::stop`].
    pub async fn stop_and_wait(&self, run: &str, stop: &Stop) -> anyhow::Result<()> {
        use durable_sqlite::Outcome as Ended;
        self.stop(run, stop).await?;
        let reason = match self.engine.wait(run).await? {
            Ended::Completed(_) => return Ok(()),
            Ended::Failed(failure) => failure.to_string(),
            Ended::Parked(reason) => reason.to_string(),
        };
        let verdict = match stop {
            Stop::Cancel => ReleaseVerdict::Cancelled,
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

    /// Tells a run to stop, without waiting for one that goes on until its patches under way have ended.
    async fn cancel(&self, run: &str) -> anyhow::Result<Answer> {
        let goes_on = self.engine.status(run).await?.is_some_and(|status| status.outcome.is_none());
        if goes_on {
            self.stop(run, &Stop::Cancel).await?;
        } else {
            self.stop_and_wait(run, &Stop::Cancel).await?;
        }
        Ok(Answer::Stopping)
    }

    async fn serve(&self, listener: tokio::net::UnixListener) {
        let owner = self.clone();
        socket::serve(listener, move |request| {
            let owner = owner.clone();
            async move { owner.answer(request).await }
        })
        .await;
    }

    async fn answer(&self, request: Request) -> Answer {
        let Some(answering) = self.asked.begin() else { return Answer::Leaving };
        let result = match request {
            Request::StartRelease(request) => start::release(self, request).await,
            Request::StartCleanup(request) => start_cleanup::cleanup(self, request).await,
            Request::Cancel { run } => self.cancel(&run).await,
        };
        match result {
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
                self.say(&format!("{run}, which another command asked for, is still under way; waiting for it"));
            }
            if let Err(error) = self.wait(&run).await {
                error::print(&error);
            }
        }
    }

    fn say_what_is_left(&self, why: &str) {
        let filter = RunFilter { unfinished: true, ..RunFilter::default() };
        match self.world.ledger.runs(&filter) {
            Ok(left) => {
                for run in left {
                    let (kind, id, ring) = (run.kind.as_str(), run.id, run.ring);
                    self.say(&format!(
                        "{why}nothing drives {kind} {id} of ring {ring} now. Give its command again to go on, or end it with: ringway release cancel {id}"
                    ));
                }
            }
            Err(error) => error::print(&error.into()),
        }
    }
}
