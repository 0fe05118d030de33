//! Owning the state folder until told to end: `ringway serve`.
//!
//! It differs from a command that owns the folder in what ends it, and in that it must look after every run itself,
//! because nobody waits for one.

use super::{
    Gate, Owner,
    drive::{Signals, open, run},
};
use crate::{
    clock::SystemClock,
    config::Config,
    error::Outcome,
    github,
    intake::Intake,
    rings::{self, Rings},
    server,
    state::{Ownership, StateFolder, socket},
};
use std::{sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    sync::{Notify, oneshot, watch},
    task::JoinSet,
    time::{Instant, interval_at, timeout},
};

/// How long an end on purpose waits for patches that are being sent. Kubernetes kills after 30 s by default, and one
/// request may take as long; a patch that is cut off is recognised by the next owner.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often journals of runs that ended long ago are forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(24 * 3600);

/// How long the engine may take to answer before it counts as stuck. It answers between two commits.
const ENGINE_PATIENCE: Duration = Duration::from_secs(5);

/// Where the life of a server stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It looks at what is unfinished.
    Starting,
    /// It answers.
    Ready,
    /// It was told to end.
    Stopping,
}

/// As the owner of the state folder, goes on with what is unfinished in it, answers, and stays until it is told to end.
/// The first signal ends it as soon as nothing is being written, the second at once.
///
/// # Errors
/// If a secret of GitHub cannot be read, the state cannot be opened, or the engine can no longer write.
pub async fn stay(
    config: Config,
    folder: &StateFolder,
    ownership: Ownership,
    http: TcpListener,
) -> anyhow::Result<Outcome> {
    let github = rings::client(&config, Arc::new(SystemClock))?;
    stay_with(config, github, folder, ownership, http).await
}

/// As [`stay`], with a client of GitHub that somebody else has made; without one nobody looks after pull requests.
///
/// # Errors
/// If the state cannot be opened, or the engine can no longer write.
pub async fn stay_with(
    config: Config,
    github: Option<github::Client>,
    folder: &StateFolder,
    ownership: Ownership,
    http: TcpListener,
) -> anyhow::Result<Outcome> {
    // Held until the end: dropping it lets somebody else become the owner.
    let _ownership = ownership;
    let mut signals = Signals::new()?;
    let gate = Gate::default();
    let (owner, engine) = open(config, folder, &gate, |text| tracing::info!("{text}"))?;
    let listener = socket::listen(&folder.socket())?;
    let (settled, ready) = oneshot::channel();
    let (phase, shown) = watch::channel(Phase::Starting);
    let wake = Arc::new(Notify::new());
    let rings = github.map(|github| Arc::new(Rings::new(owner.clone(), github, Arc::clone(&wake))));
    let intake = Intake::configured(owner.world(), Arc::clone(&wake))?;
    let server = server::Server::new(owner.clone(), shown, folder, intake, rings.clone());
    let working = async {
        let living = async {
            owner.settle().await?;
            owner.forget_old_journals().await?;
            phase.send_replace(Phase::Ready);
            tracing::info!("ready");
            // Nobody waits for it only if this function has ended.
            let _ = settled.send(());
            tokio::select! {
                biased;
                ended = owner.look_after_runs() => ended,
                () = attend(rings.as_deref()) => anyhow::bail!("nobody looks after pull requests any more"),
            }
        };
        tokio::select! {
            biased;
            () = signals.next() => {}
            failed = living => return failed,
        }
        phase.send_replace(Phase::Stopping);
        tokio::select! {
            biased;
            () = signals.next() => {
                tracing::warn!("told to end a second time: ending at once");
                Ok(Outcome::Interrupted)
            }
            () = owner.leave(&gate) => Ok(Outcome::Done),
        }
    };
    tokio::select! {
        biased;
        ended = run(engine) => ended,
        outcome = working => outcome,
        ended = owner.answer_once(ready, listener) => ended,
        ended = server.serve(http) => ended,
    }
}

/// Looks after pull requests, if there are any to look after. Does not come back.
async fn attend(rings: Option<&Rings>) {
    match rings {
        Some(rings) => match rings.attend().await {},
        None => std::future::pending().await,
    }
}

impl Owner {
    /// Waits for every run, so that one whose workflow fails gets a verdict; and forgets old journals. Comes back only
    /// with an error.
    ///
    /// # Errors
    /// If the engine does not answer, or cannot forget.
    pub async fn look_after_runs(&self) -> anyhow::Result<Outcome> {
        let mut runs = JoinSet::new();
        let wait = |run: String| {
            let owner = self.clone();
            async move { owner.wait(&run).await.map_err(|error| (run, error)) }
        };
        for run in self.left() {
            // What is parked was said when it was settled, and nobody can go on with it here.
            if self.engine.status(&run.id).await?.is_some_and(|status| status.outcome.is_none()) {
                runs.spawn(wait(run.id));
            }
        }
        let mut forget = interval_at(Instant::now() + FORGET_EVERY, FORGET_EVERY);
        loop {
            tokio::select! {
                biased;
                run = self.asked.taken() => {
                    runs.spawn(wait(run));
                }
                Some(ended) = runs.join_next() => match ended {
                    Ok(Ok(())) => {}
                    Ok(Err((run, error))) => tracing::error!(run, "{error:#}"),
                    Err(error) => tracing::error!(%error, "waiting for a run failed"),
                },
                _ = forget.tick() => self.forget_old_journals().await?,
            }
        }
    }

    /// Takes no more requests and lets nothing new be written, waits for what is being written, and says what is left.
    pub(super) async fn leave(&self, gate: &Gate) {
        self.asked.close();
        gate.close();
        tracing::info!(writing = gate.inside(), "told to end: nothing new begins");
        let done = async {
            gate.empty().await;
            self.asked.answered().await;
        };
        if timeout(PATIENCE, done).await.is_err() {
            tracing::warn!(writing = gate.inside(), "still writing after {PATIENCE:?}: ending all the same");
        }
        // Answered after what was reported before is recorded; what is not is found done by the next owner.
        if let Err(error) = self.engine_answers().await {
            tracing::warn!("{error:#}");
        }
        for run in self.left() {
            let (kind, id, ring) = (run.kind.as_str(), &run.id, &run.ring);
            tracing::info!(run = id, kind, ring, "left: the next `ringway serve` goes on with it");
        }
    }

    /// Whether the engine does its work.
    ///
    /// # Errors
    /// If it has ended or is stuck.
    pub(crate) async fn engine_answers(&self) -> anyhow::Result<()> {
        match timeout(ENGINE_PATIENCE, self.engine.status("")).await {
            Ok(answer) => Ok(answer.map(|_| ())?),
            Err(_) => anyhow::bail!("the engine has not answered for {} s", ENGINE_PATIENCE.as_secs()),
        }
    }
}
