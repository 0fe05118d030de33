//! Owning the state folder for the time of one command.

use super::{Gate, Owner, Say, files};
use crate::{
    activity,
    asker::Asker,
    clock::{Clock, SystemClock},
    config::Config,
    error::{self, Outcome},
    ledger::{Ledger, Run, RunFilter},
    state::{Ownership, StateFolder, socket},
    world::World,
};
use anyhow::Context as _;
use durable_sqlite::{Engine, Options};
use std::sync::Arc;
use tokio::{
    net::UnixListener,
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
};

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
    let (owner, engine) = open(config, folder, &Gate::default(), |text| eprintln!("{text}"))?;
    let listener = socket::listen(&folder.socket())?;
    let (settled, ready) = oneshot::channel();
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
        ended = run(engine) => ended,
        outcome = working => {
            owner.say_what_is_left("");
            outcome
        }
        ended = owner.answer_once(ready, listener) => ended,
        interrupted = interrupted() => {
            interrupted?;
            owner.say_what_is_left("interrupted: ");
            Ok(Outcome::Interrupted)
        }
    }
}

/// Opens what is in the state folder. Whoever calls it owns the folder.
pub(super) fn open(
    config: Config,
    folder: &StateFolder,
    gate: &Gate,
    say: Say,
) -> anyhow::Result<(Owner, Engine)> {
    files::allow_many(&config);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ledger = Ledger::open(&folder.ledger())?;
    ledger.drop_slots_of_ended_runs()?;
    let world = Arc::new(World::new(config, ledger, Arc::clone(&clock))?);
    let options = Options { clock, ..Options::default() };
    let engine = durable_sqlite::open(folder.journal(), activity::registry_behind(&world, gate), options)?;
    let owner = Owner::over(world, engine.handle(), say).asked_by(Asker::process());
    Ok((owner, engine))
}

/// Runs the engine; comes back only with an error.
pub(super) async fn run(engine: Engine) -> anyhow::Result<Outcome> {
    engine
        .run(std::future::pending())
        .await
        .context("the engine stopped; what was not recorded was not done")?;
    anyhow::bail!("the engine stopped without a reason")
}

/// Waits until a person (Ctrl-C) or the system (SIGTERM) wants the process to end.
///
/// # Errors
/// If signals cannot be waited for.
pub async fn interrupted() -> anyhow::Result<()> {
    Signals::new()?.next().await;
    Ok(())
}

/// The wishes of a person (Ctrl-C) or the system (SIGTERM) that the process ends, one by one.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(super) fn new() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("waiting for signals");
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

impl Owner {
    /// Answers on the socket once it is known what is under way; until then requests wait. Comes back only with an error.
    pub(super) async fn answer_once(
        &self,
        ready: oneshot::Receiver<()>,
        listener: UnixListener,
    ) -> anyhow::Result<Outcome> {
        if ready.await.is_err() {
            std::future::pending().await
        }
        self.serve(listener).await;
        anyhow::bail!("the socket of the state folder was closed")
    }

    /// Everything that has not ended.
    pub(super) fn left(&self) -> Vec<Run> {
        let filter = RunFilter { unfinished: true, ..RunFilter::default() };
        self.world.ledger.runs(&filter).unwrap_or_else(|error| {
            error::print(&error.into());
            Vec::new()
        })
    }

    fn say_what_is_left(&self, why: &str) {
        for run in self.left() {
            let (kind, id, ring) = (run.kind.as_str(), run.id, run.ring);
            self.say(&format!(
                "{why}nothing drives {kind} {id} of ring {ring} now. Give its command again to go on, or end it with: ringway release cancel {id}"
            ));
        }
    }
}
