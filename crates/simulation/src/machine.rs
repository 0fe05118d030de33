//! The machine that Ringway runs on: what survives its process (journal and ledger), and the process, which can be killed
//! at any await and started again.
//!
//! What is asked of it is asked as the commands ask it: over the owner of the state folder, with everything that
//! `ringway::owner::drive` does at a start.

use crate::{
    bug::Bug,
    hub::{Hub, SECRET},
    kill::{AfterPolls, Counted, Polls, Task, at_commit},
    stage::Stage,
    time::ShownClock,
    transport::{GithubWay, RegistryWay, connect},
};
use durable_sqlite::{EngineError, MemoryJournal, Options};
use release::verdict::Stop;
use ringway::{
    activity,
    clock::Clock,
    cluster::Clusters,
    config::Config,
    intake::{Intake, Secrets},
    ledger::Ledger,
    owner::Owner,
    registry::{Limits, OciRegistry},
    request::{Answer, FreezeRequest, Request},
    rings::Rings,
    world::World,
};
use std::{rc::Rc, sync::Arc, time::Duration};
use tokio::{
    sync::Notify,
    task::{JoinHandle, JoinSet},
};

/// How the next process ends, beside what requests do to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fatal {
    /// Not by itself.
    Nothing,
    /// With this commit of the journal, before or after it is durable.
    Commit(u64, bool),
    /// With this poll of one of its tasks.
    Poll(Task, u64),
    /// After this time, whatever it is doing then.
    After(Duration),
}

/// What survives a process.
pub(crate) struct Machine {
    stage: Arc<Stage>,
    config: Config,
    hub: Option<Arc<Hub>>,
    clock: ShownClock,
    journal: MemoryJournal,
    ledger: Ledger,
    bug: Bug,
    running: Option<Process>,
}

struct Process {
    owner: Owner,
    /// Ends only when it is killed, or by an error.
    engine: JoinHandle<Option<EngineError>>,
    /// Looks after pull requests, if there are any.
    server: Option<JoinHandle<()>>,
    /// What people asked for, each as the command that waits for it.
    errands: JoinSet<()>,
    /// How often those may be polled.
    polls: Rc<Polls>,
    /// What kills it at its time.
    timer: Option<JoinHandle<()>>,
}

impl Machine {
    /// A machine on which Ringway has never run.
    pub(crate) fn new(
        stage: Arc<Stage>,
        config: Config,
        hub: Option<Arc<Hub>>,
        clock: ShownClock,
        ledger: Ledger,
        bug: Bug,
    ) -> Self {
        Self { stage, config, hub, clock, journal: MemoryJournal::default(), ledger, bug, running: None }
    }

    /// The ledger.
    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Starts a process, which goes on with what is unfinished.
    ///
    /// # Errors
    /// If it cannot start.
    pub(crate) fn start(&mut self, fatal: Fatal) -> anyhow::Result<()> {
        self.ledger.drop_slots_of_ended_runs()?;
        let world = Arc::new(self.world()?);
        let mut registry = activity::registry(&world);
        self.bug.alter(&mut registry, &world);
        let faults = match fatal {
            Fatal::Commit(count, durable) => Some(at_commit(count, durable)),
            Fatal::Nothing | Fatal::Poll(..) | Fatal::After(_) => None,
        };
        let options = Options { clock: Arc::new(self.clock.clone()), faults, ..Options::default() };
        let engine = durable_sqlite::open_in_memory(&self.journal, registry, options)?;
        let owner = Owner::over(world, engine.handle(), |text| tracing::debug!(text));
        let polls = |task| match fatal {
            Fatal::Poll(fatal, count) if fatal == task => count,
            Fatal::Nothing | Fatal::Commit(..) | Fatal::Poll(..) | Fatal::After(_) => u64::MAX,
        };
        let stage = Arc::clone(&self.stage);
        let engine = AfterPolls::new(engine.run(std::future::pending()), polls(Task::Engine));
        let engine = tokio::task::spawn_local(async move {
            let end = engine.await.ok().and_then(Result::err);
            stage.note(&format!("the engine ended: {end:?}"));
            stage.alarm.notify_one();
            end
        });
        let served = Polls::new(&self.stage, polls(Task::Server));
        let server = self.hub.as_ref().map(|hub| self.serve(hub, owner.clone(), &served)).transpose()?;
        let polls = Polls::new(&self.stage, polls(Task::Errand));
        let timer = match fatal {
            Fatal::After(time) => Some(self.kill_after(time)),
            Fatal::Nothing | Fatal::Commit(..) | Fatal::Poll(..) => None,
        };
        self.running = Some(Process { owner, engine, server, errands: JoinSet::new(), polls, timer });
        if self.hub.is_none() {
            self.errand("settle", |owner| async move { settle(&owner).await });
        }
        Ok(())
    }

    fn kill_after(&self, time: Duration) -> JoinHandle<()> {
        let stage = Arc::clone(&self.stage);
        tokio::task::spawn_local(async move {
            tokio::time::sleep(time).await;
            stage.kill_now("its time");
        })
    }

    /// Looks after pull requests, as `ringway serve` does.
    fn serve(&self, hub: &Hub, owner: Owner, polls: &Rc<Polls>) -> anyhow::Result<JoinHandle<()>> {
        let (wake, clock) = (Arc::new(Notify::new()), Arc::new(self.clock.clone()));
        let way = Arc::new(GithubWay::new(&self.stage));
        let client = hub.client(way, Arc::clone(&clock) as Arc<dyn Clock>)?;
        let rings = Rings::new(owner.clone(), client, Arc::clone(&wake));
        self.stage.set_door(Some(Intake::new(self.ledger.clone(), clock, Secrets::new([SECRET])?, wake)));
        let stage = Arc::clone(&self.stage);
        let serving = async move {
            let living = async {
                settle(&owner).await?;
                tokio::select! {
                    biased;
                    ended = owner.look_after_runs() => ended,
                    never = rings.attend() => match never {},
                }
            };
            let end = living.await.map(drop);
            stage.note(&format!("nobody looks after pull requests any more: {end:?}"));
            stage.alarm.notify_one();
        };
        Ok(tokio::task::spawn_local(Counted::new(serving, polls)))
    }

    fn world(&self) -> anyhow::Result<World> {
        let settings = self.config.registries.iter().map(|registry| registry.settings(|_| None));
        let settings = settings.collect::<Result<Vec<_>, _>>()?;
        let way = Arc::new(RegistryWay::new(&self.stage));
        let connect = connect(&self.stage);
        Ok(World {
            clusters: Clusters::over(
                self.config.argocd.clone(),
                self.config.tenant_clusters.clone(),
                connect,
            ),
            registry: Arc::new(OciRegistry::over(settings, Limits::default(), way)?),
            config: self.config.clone(),
            ledger: self.ledger.clone(),
            clock: Arc::new(self.clock.clone()),
        })
    }

    /// Kills the process, wherever it is. Nothing of it is polled again.
    pub(crate) async fn kill(&mut self) -> Option<EngineError> {
        self.stage.with(|inner| inner.killer.spare());
        let mut process = self.running.take()?;
        self.stage.set_door(None);
        if let Some(timer) = process.timer.take() {
            timer.abort();
        }
        // First those who ask, so that none of them hears of the end.
        process.errands.shutdown().await;
        if let Some(server) = process.server {
            server.abort();
            // It was told to end; how it does is of no interest.
            let _ = server.await;
        }
        process.engine.abort();
        process.engine.await.ok().flatten()
    }

    /// Whether a process runs.
    pub(crate) fn is_running(&self) -> bool {
        let serves = |process: &Process| process.server.as_ref().is_none_or(|server| !server.is_finished());
        self.running.as_ref().is_some_and(|process| !process.engine.is_finished() && serves(process))
    }

    /// Asks for something, as a command does that then waits for it.
    pub(crate) fn ask(&mut self, request: Request) {
        let stage = Arc::clone(&self.stage);
        let text = format!("{request:?}");
        self.errand(text, move |owner| async move {
            let answer = match request {
                Request::Cancel { run } => {
                    cancel(&stage, &owner, &run).await?;
                    return Ok(());
                }
                Request::Freeze(request) => {
                    freeze(&stage, &owner, request).await?;
                    return Ok(());
                }
                start @ (Request::StartRelease(_) | Request::StartCleanup(_)) => {
                    owner.carry_out(start).await?
                }
            };
            stage.note(&format!("answer: {answer:?}"));
            if let Answer::Begun { run, .. } = answer {
                owner.wait(&run).await?;
            }
            Ok(())
        });
    }

    fn errand<Fut>(&mut self, text: impl Into<String>, work: impl FnOnce(Owner) -> Fut)
    where
        Fut: Future<Output = anyhow::Result<()>> + 'static,
    {
        let Some(process) = &mut self.running else { return };
        let (stage, text) = (Arc::clone(&self.stage), text.into());
        stage.note(&format!("ask: {text}"));
        let work = work(process.owner.clone());
        let errand = async move {
            if let Err(error) = work.await {
                stage.note(&format!("refused: {text}: {error:#}"));
            }
            stage.alarm.notify_one();
        };
        process.errands.spawn_local(Counted::new(errand, &process.polls));
    }

    /// Whether everything that was asked for is answered.
    pub(crate) fn is_idle(&mut self) -> bool {
        let Some(process) = &mut self.running else { return true };
        while process.errands.try_join_next().is_some() {}
        process.errands.is_empty()
    }
}

/// Held so that nobody begins anything before it is known what is under way.
async fn settle(owner: &Owner) -> anyhow::Result<()> {
    let _beginning = owner.beginning().await;
    owner.settle().await?;
    owner.forget_old_journals().await
}

/// As the command: it is recorded first, and only then is it true that somebody cancelled.
async fn cancel(stage: &Stage, owner: &Owner, run: &str) -> anyhow::Result<()> {
    // It may be recorded although nobody is told: who asks may be killed, or have an error for an answer.
    stage.with(|inner| inner.book.asked_to_stop.insert(run.to_owned()));
    owner.stop(run, &Stop::Cancel).await?;
    let now = stage.time.now();
    stage.with(|inner| {
        inner.trace.note(now, &format!("cancelled: {run}"));
        inner.book.stopped.entry(run.to_owned()).or_insert(now);
    });
    Ok(())
}

/// As the command: only who has an answer knows that something is frozen, and it may be over as soon as somebody ends it.
async fn freeze(stage: &Stage, owner: &Owner, request: FreezeRequest) -> anyhow::Result<()> {
    let (on, service) = (request.on, request.service.clone());
    let freezing = stage.with(|inner| {
        let freezes = &mut inner.book.freezes;
        if !on {
            freezes.end(service.as_deref());
        }
        freezes.begin()
    });
    owner.carry_out(Request::Freeze(request)).await?;
    if on {
        let now = stage.time.now();
        // Whatever began before is looked at first, so what is new in the ledger afterwards began afterwards.
        stage.with(|inner| {
            inner.trace.note(now, &format!("frozen: {service:?}"));
            inner.book.freezes.stands(freezing, service.as_deref(), now);
        });
    }
    Ok(())
}
