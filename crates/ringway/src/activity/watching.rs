//! The loop that all waits share: look at every event, beat, notice a cancel, and wake up when a deadline may have passed.
//!
//! It decides nothing; what an event or a passed moment means is asked of the conditions in the `release` crate.

use crate::{cluster::ClusterError, world::World};
use durable::{ActivityContext, Failure, FailureKind};
use futures_util::{Stream, StreamExt};
use jiff::{SignedDuration, Timestamp};
use release::{
    condition::Awaiting,
    proof::Proof,
    report::{AwaitingReport, text::counted},
    step::{Part, RunContext},
};
use serde::Serialize;
use std::{pin::Pin, time::Duration};
use tokio::time::Instant;

/// How often a wait says that it is alive. Well below the heartbeat limit of the workflow's options.
pub(super) const BEAT_EVERY: Duration = Duration::from_secs(20);

/// What a wait sees next.
pub(super) enum Seen<T> {
    /// Something happened.
    Event(T),
    /// Nothing happened, but the moment that was asked for has come.
    Moment,
}

/// A wait of one tenant: its events, and what was last written down about it.
pub(super) struct Watching<'a, T> {
    world: &'a World,
    context: &'a ActivityContext,
    run: &'a RunContext,
    events: Pin<Box<dyn Stream<Item = T> + Send + 'a>>,
    beat: tokio::time::Interval,
    shown: Option<AwaitingReport>,
    /// What this is about.
    part: Part,
    /// How far it was written down as proven by this wait.
    proven: Proof,
    /// What the clock showed when the wait began, and when that was.
    began: (Timestamp, Instant),
}

impl<'a, T> Watching<'a, T> {
    pub(super) fn new(
        world: &'a World,
        context: &'a ActivityContext,
        run: &'a RunContext,
        events: impl Stream<Item = T> + Send + 'a,
    ) -> Self {
        let beat = tokio::time::interval(BEAT_EVERY);
        let began = (world.clock.now(), Instant::now());
        Self {
            world,
            context,
            run,
            events: Box::pin(events),
            beat,
            shown: None,
            part: Part::WHOLE,
            proven: Proof::None,
            began,
        }
    }

    /// The time for deadlines: what the clock showed when the wait began, and what has passed since. A clock that is set
    /// forward must not make a deadline pass, and one that is set back must not hold it off.
    pub(super) fn now(&self) -> Timestamp {
        let (shown, since) = self.began;
        let passed = SignedDuration::try_from(since.elapsed()).unwrap_or(SignedDuration::MAX);
        shown.saturating_add(passed).unwrap_or(Timestamp::MAX)
    }

    /// The next event, or the moment `at`. Meanwhile it beats with `state`, from which a next attempt goes on.
    ///
    /// # Errors
    /// When the workflow has given the wait up, and (retryable) when there will be no further events.
    pub(super) async fn next(
        &mut self,
        at: Option<Timestamp>,
        state: &impl Serialize,
    ) -> Result<Seen<T>, Failure> {
        let began = self.began;
        let moment = until(began, at);
        tokio::pin!(moment);
        loop {
            tokio::select! {
                biased;
                () = self.context.cancelled() => return Err(given_up()),
                event = self.events.next() => return match event {
                    Some(event) => Ok(Seen::Event(event)),
                    None => Err(Failure::retryable("watch_ended", "the watch ended; it is begun again")),
                },
                () = &mut moment => return Ok(Seen::Moment),
                _ = self.beat.tick() => self.context.heartbeat(state),
            }
        }
    }

    /// The same, about one of several Applications of the tenant.
    pub(super) fn of(self, part: Part) -> Self {
        Self { part, ..self }
    }

    /// Writes down how far the Application is proven, unless that is known: most events prove nothing new, and each entry
    /// waits for the disk.
    pub(super) fn proven(&mut self, proof: Proof) -> Result<(), Failure> {
        if proof <= self.proven {
            return Ok(());
        }
        let now = self.world.clock.now();
        let RunContext { run, tenant, .. } = self.run;
        tracing::debug!(run, tenant, proof = proof.as_str(), "proven");
        let recorded = self.world.ledger.record_proof(run, tenant, self.part, proof, now);
        recorded.map_err(super::ledger_failure)?;
        self.proven = proof;
        Ok(())
    }

    /// Writes down what is awaited and until when, if that has changed.
    pub(super) fn awaits(&mut self, awaiting: &Awaiting, until: Timestamp) -> Result<(), Failure> {
        let Awaiting { what, evidence, by_hand } = awaiting.clone();
        let since = self.world.clock.now();
        let awaiting = AwaitingReport { what, since, until: Some(until), evidence, by_hand };
        let changed = self.shown.as_ref().is_none_or(|shown| {
            (&shown.what, &shown.until, &shown.evidence)
                != (&awaiting.what, &awaiting.until, &awaiting.evidence)
        });
        if !changed {
            return Ok(());
        }
        // The sentence may stay while its evidence changes: it has then been awaited since the first time.
        let awaiting = match self.shown.take() {
            Some(shown) if shown.what == awaiting.what => AwaitingReport { since: shown.since, ..awaiting },
            _ => awaiting,
        };
        self.world
            .ledger
            .record_awaiting(&self.run.run, &self.run.tenant, Some(&awaiting), since)
            .map_err(super::ledger_failure)?;
        self.shown = Some(awaiting);
        Ok(())
    }
}

/// Waits until what the clock showed at the beginning and what has passed since make `at`; for ever without such a time.
async fn until((shown, since): (Timestamp, Instant), at: Option<Timestamp>) {
    let wait = at.map(|at| Duration::try_from(at.duration_since(shown)).unwrap_or_default());
    match wait.and_then(|wait| since.checked_add(wait)) {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

/// The answer of a wait that nobody wants any more.
pub(super) fn given_up() -> Failure {
    Failure::new(FailureKind::Cancelled, "given_up", "nobody waits for this any more")
}

/// What is awaited while an API server cannot be reached.
pub(super) fn interrupted(cluster: &str, lasting: Duration, error: &ClusterError) -> Awaiting {
    // In whole minutes, so that not every further attempt is news.
    let minutes = usize::try_from(lasting.as_secs() / 60).unwrap_or(usize::MAX);
    let lasting = if minutes == 0 {
        "for less than a minute".to_owned()
    } else {
        format!("for {}", counted(minutes, "minute"))
    };
    Awaiting {
        what: format!("the API server of {cluster} has been gone {lasting}: {}", error.kind),
        evidence: Vec::new(),
        by_hand: "kubectl get --raw /readyz".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Clock,
        cluster::Clusters,
        config::{Config, EnvironmentPaths},
        ledger::{Ledger, NewRun},
        registry::{Limits, OciRegistry},
    };
    use futures_util::stream;
    use jiff::ToSpan;
    use release::{report::RunKind, step::Evidence};
    use std::{
        path::Path,
        sync::{Arc, Mutex},
    };

    /// A clock that a test sets.
    #[derive(Clone)]
    struct Hand(Arc<Mutex<Timestamp>>);

    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            *self.0.lock().unwrap()
        }
    }

    const CONFIGURATION: &str = r#"
argocd: {instances: [{name: main}]}
services:
  atlas:
    images: {atlas: {repositories: ["registry.example.com/atlas"]}}
    applications:
      - name: "{tenant}"
        overrides:
          - image: atlas
            values: {reference: image}
            workloads: [{kind: StatefulSet, name: atlas, container: atlas}]
"#;

    fn world(clock: &Hand) -> World {
        let environment = EnvironmentPaths { home: Some("/home/a".into()), ..EnvironmentPaths::default() };
        let config =
            Config::parse(Path::new("/etc/ringway.yaml"), CONFIGURATION.as_bytes(), &environment).unwrap();
        let ledger = Ledger::in_memory("ledger").unwrap();
        ledger
            .begin_run(&NewRun {
                id: "r-1".into(),
                kind: RunKind::Release,
                ring: "ring-x".into(),
                service: "atlas".into(),
                images: Vec::new(),
                tenants: vec!["alpha".into()],
                cohort: None,
                origin: None,
                began_at: clock.now(),
            })
            .unwrap();
        World {
            clusters: Clusters::new(config.argocd.clone(), config.tenant_clusters.clone()),
            registry: Arc::new(OciRegistry::new(Vec::new(), Limits::default()).unwrap()),
            config,
            ledger,
            clock: Arc::new(clock.clone()),
        }
    }

    fn run() -> RunContext {
        RunContext { run: "r-1".into(), ring: "ring-x".into(), tenant: "alpha".into() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_jumps_moves_no_deadline() {
        for jump in [(-5).hours(), 5.hours()] {
            let clock = Hand(Arc::new(Mutex::new(Timestamp::UNIX_EPOCH)));
            let (world, context, run) = (world(&clock), ActivityContext::detached("w"), run());
            let mut watching = Watching::new(&world, &context, &run, stream::pending::<()>());
            let began = Instant::now();
            let deadline = watching.now() + 10.minutes();
            *clock.0.lock().unwrap() += jump;
            assert!(matches!(watching.next(Some(deadline), &()).await, Ok(Seen::Moment)));
            assert_eq!((began.elapsed().as_secs(), watching.now()), (600, deadline));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_awaited_keeps_since_when_while_its_evidence_changes() {
        let clock = Hand(Arc::new(Mutex::new(Timestamp::UNIX_EPOCH)));
        let (world, context, run) = (world(&clock), ActivityContext::detached("w"), run());
        let mut watching = Watching::new(&world, &context, &run, stream::pending::<()>());
        let until = watching.now() + 1.hour();
        let evidence = |value: &str| Evidence {
            object: "Pod tenant-a/atlas-1".into(),
            field: "status.conditions[Ready]".into(),
            value: value.into(),
            since: None,
        };
        let awaiting = |what: &str, ready: &str| Awaiting {
            what: what.into(),
            evidence: vec![evidence(ready)],
            by_hand: "look".into(),
        };
        let shown = || world.ledger.tenant("r-1", "alpha").unwrap().unwrap().awaiting.unwrap();
        watching.awaits(&awaiting("a", "absent"), until).unwrap();
        *clock.0.lock().unwrap() += 1.minute();
        watching.awaits(&awaiting("a", "False: ContainersNotReady"), until).unwrap();
        assert_eq!(shown().evidence, [evidence("False: ContainersNotReady")]);
        let written = world.ledger.writes();
        watching.awaits(&awaiting("a", "False: ContainersNotReady"), until).unwrap();
        assert_eq!(world.ledger.writes(), written, "an event that changes nothing costs nothing");
        watching.awaits(&awaiting("a", "False: ContainersNotReady"), until + 1.hour()).unwrap();
        assert_eq!((shown().since, shown().until), (Timestamp::UNIX_EPOCH, Some(until + 1.hour())));
        watching.awaits(&awaiting("b", "False: ContainersNotReady"), until).unwrap();
        assert_eq!(shown().since, Timestamp::UNIX_EPOCH + 1.minute());
    }

    #[tokio::test]
    async fn a_watch_that_ends_is_begun_again() {
        let clock = Hand(Arc::new(Mutex::new(Timestamp::UNIX_EPOCH)));
        let (world, context, run) = (world(&clock), ActivityContext::detached("w"), run());
        let mut watching = Watching::new(&world, &context, &run, stream::iter([1]));
        assert!(matches!(watching.next(None, &()).await, Ok(Seen::Event(1))));
        let failure = watching.next(None, &()).await.map(|_| ()).unwrap_err();
        assert_eq!((failure.kind, failure.code.as_str()), (durable::FailureKind::Retryable, "watch_ended"));
    }
}
