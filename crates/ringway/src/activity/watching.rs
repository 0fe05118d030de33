//! The loop that all waits share: look at every event, beat, notice a cancel, and wake up when a deadline may have passed.
//!
//! It decides nothing; what an event or a passed moment means is asked of the conditions in the `release` crate.

use crate::{cluster::ClusterError, world::World};
use durable::{ActivityContext, Failure, FailureKind};
use futures_util::{Stream, StreamExt};
use jiff::Timestamp;
use release::{
    condition::Awaiting,
    proof::Proof,
    report::{AwaitingReport, text::counted},
    step::RunContext,
};
use serde::Serialize;
use std::{pin::Pin, time::Duration};

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
}

impl<'a, T> Watching<'a, T> {
    pub(super) fn new(
        world: &'a World,
        context: &'a ActivityContext,
        run: &'a RunContext,
        events: impl Stream<Item = T> + Send + 'a,
    ) -> Self {
        let beat = tokio::time::interval(BEAT_EVERY);
        Self { world, context, run, events: Box::pin(events), beat, shown: None }
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
        let moment = self.world.until(at);
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

    /// Writes down how far the tenant is proven.
    pub(super) fn proven(&self, proof: Proof) -> Result<(), Failure> {
        let now = self.world.clock.now();
        self.world
            .ledger
            .record_proof(&self.run.run, &self.run.tenant, proof, now)
            .map_err(super::ledger_failure)
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
