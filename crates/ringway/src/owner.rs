//! Driving releases: the one process that owns the state folder, its engine, and the socket on which it is asked.

use crate::{
    activity,
    clock::{Clock, SystemClock},
    config::Config,
    error::{Outcome, RefusedError, UsageError},
    ledger::{Ledger, NewRun, RunFilter},
    request::{Answer, ErrorKind, Request},
    start, start_cleanup,
    state::{StateError, StateFolder, socket},
    world::World,
};
use anyhow::Context as _;
use durable_sqlite::{Handle, Options};
use release::{
    report::RunKind,
    verdict::Stop,
    workflow::{
        STOP_MAILBOX,
        cleanup::{Cleanup, CleanupInput},
        release::{Release, ReleaseInput},
    },
};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

/// What drives releases while it lives. Cheap to clone.
#[derive(Clone)]
pub struct Owner {
    world: Arc<World>,
    engine: Handle,
    /// Runs that somebody asked for over the socket and may be waiting for.
    asked_for: Arc<Mutex<BTreeSet<String>>>,
}

/// Becomes the owner of the state folder, goes on with what is unfinished in it, and does `work`. Runs that others
/// asked for meanwhile are driven to their end as well.
///
/// # Errors
/// If another process is the owner, if the state cannot be opened, and those of `work`.
pub async fn drive<Work, Fut>(config: Config, command: &str, work: Work) -> anyhow::Result<Outcome>
where
    Work: FnOnce(Owner) -> Fut,
    Fut: Future<Output = anyhow::Result<Outcome>>,
{
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let folder = StateFolder::open(&config.state_folder)?;
    // Held until the end: dropping it lets somebody else become the owner.
    let _ownership = folder.own(command, clock.now())?;
    let ledger = Ledger::open(&folder.ledger())?;
    ledger.drop_slots_of_ended_runs()?;
    let world = Arc::new(World::new(config, ledger, Arc::clone(&clock))?);
    let options = Options { clock, ..Options::default() };
    let engine = durable_sqlite::open(folder.journal(), activity::registry(&world), options)?;
    let owner = Owner { world, engine: engine.handle(), asked_for: Arc::default() };
    let listener = socket::listen(&folder.socket())?;
    let answering = owner.clone();
    let serving = socket::serve(listener, move |request| {
        let owner = answering.clone();
        async move { owner.answer(request).await }
    });
    let working = async {
        owner.settle_what_never_began().await?;
        let outcome = work(owner.clone()).await?;
        owner.wait_for_those_asked_for().await?;
        Ok(outcome)
    };
    tokio::select! {
        biased;
        stopped = engine.run(std::future::pending()) => {
            stopped.context("the engine stopped; what was not recorded was not done")?;
            anyhow::bail!("the engine stopped without a reason")
        }
        outcome = working => outcome,
        () = serving => anyhow::bail!("the socket of the state folder was closed"),
        interrupted = tokio::signal::ctrl_c() => {
            interrupted.context("waiting for signals")?;
            owner.say_what_is_left();
            Ok(Outcome::Interrupted)
        }
    }
}

/// Asks the owner of the state folder, if there is one.
///
/// # Errors
/// If there is an owner that does not answer, or that answers with an error.
pub async fn ask(folder: &StateFolder, request: &Request) -> anyhow::Result<Option<Answer>> {
    /// Resolving images and waiting for a superseded release can take this long.
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);
    match socket::ask::<_, Answer>(&folder.socket(), request, PATIENCE).await {
        Ok(Answer::Error { kind: ErrorKind::Usage, message }) => Err(UsageError(message).into()),
        Ok(Answer::Error { kind: ErrorKind::Refused, message }) => Err(RefusedError(message).into()),
        Ok(Answer::Error { kind: ErrorKind::Failed, message }) => anyhow::bail!(message),
        Ok(answer) => Ok(Some(answer)),
        Err(socket::SocketError::NobodyListens { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether a process drives what is in the folder.
pub fn is_owned(folder: &StateFolder) -> bool {
    matches!(folder.own("looking", SystemClock.now()), Err(StateError::OwnedBy { .. }))
}

impl Owner {
    /// The outside.
    pub fn world(&self) -> &World {
        &self.world
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

    /// Tells a run to stop and waits until it has ended.
    ///
    /// # Errors
    /// As [`Owner::stop`] and [`Owner::wait`].
    pub async fn stop_and_wait(&self, run: &str, stop: &Stop) -> anyhow::Result<()> {
        self.stop(run, stop).await?;
        self.wait(run).await
    }

    /// Waits until a run has ended.
    ///
    /// # Errors
    /// If its workflow failed or is parked, with the reason and what to do.
    pub async fn wait(&self, run: &str) -> anyhow::Result<()> {
        use durable_sqlite::Outcome as Ended;
        match self.engine.wait(run).await? {
            Ended::Completed(_) => Ok(()),
            Ended::Failed(failure) => anyhow::bail!("{run} ended without a verdict: {failure}"),
            Ended::Parked(reason) => anyhow::bail!(
                "{run} cannot go on with this version of ringway: {reason}; use the version that began it, or clean its ring up"
            ),
        }
    }

    async fn answer(&self, request: Request) -> Answer {
        let result = match request {
            Request::StartRelease(request) => start::release(self, request).await,
            Request::StartCleanup(request) => start_cleanup::cleanup(self, request).await,
            Request::Cancel { run } => self.stop(&run, &Stop::Cancel).await.map(|()| Answer::Stopping),
        };
        match result {
            Ok(answer) => {
                if let Answer::Begun { run, .. } = &answer {
                    self.asked_for.lock().unwrap_or_else(PoisonError::into_inner).insert(run.clone());
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

    /// A run that was written down and whose workflow was never started (a crash in between) did nothing: it ends as
    /// cancelled, so that the same command begins anew.
    async fn settle_what_never_began(&self) -> anyhow::Result<()> {
        let filter = RunFilter { unfinished: true, ..RunFilter::default() };
        for run in self.world.ledger.runs(&filter)? {
            if self.engine.status(&run.id).await?.is_none() {
                let verdict = release::verdict::ReleaseVerdict::Cancelled;
                self.world.ledger.record_verdict(&run.id, verdict, self.world.clock.now())?;
                tracing::warn!(run = run.id, "it was never started, so it is cancelled");
            } else {
                eprintln!("going on with {} {} of ring {}", run.kind.as_str(), run.id, run.ring);
            }
        }
        Ok(())
    }

    async fn wait_for_those_asked_for(&self) -> anyhow::Result<()> {
        loop {
            let next = self.asked_for.lock().unwrap_or_else(PoisonError::into_inner).pop_first();
            let Some(run) = next else { return Ok(()) };
            let ended = self.world.ledger.run(&run)?.is_some_and(|run| run.verdict.is_some());
            if !ended {
                eprintln!("{run}, which another command asked for, is still under way; waiting for it");
            }
            self.wait(&run).await?;
        }
    }

    fn say_what_is_left(&self) {
        let filter = RunFilter { unfinished: true, ..RunFilter::default() };
        for run in self.world.ledger.runs(&filter).unwrap_or_default() {
            let (kind, id) = (run.kind.as_str(), run.id);
            eprintln!(
                "interrupted: nothing drives {kind} {id} now. Give the same command again to go on, or end it with: ringway release cancel {id}"
            );
        }
    }
}
