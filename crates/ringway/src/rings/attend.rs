//! The loop that looks after pull requests: what came in, what is due, the sweep, and what changes in the ledger while
//! releases go on.

use super::{
    Rings,
    agenda::{Agenda, Depth, Look, Subject},
    look::Looked,
    repositories::Repository,
    sweep::Swept,
};
use crate::{
    github::GithubError,
    ledger::{Delivery, Hint},
};
use futures_util::{FutureExt, StreamExt, future::LocalBoxFuture, stream::FuturesUnordered};
use jiff::Timestamp;
use std::{collections::BTreeSet, sync::PoisonError, time::Duration};
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at, sleep_until};

/// How many pull requests are looked at at the same time. Most of a look is waiting for GitHub.
const AT_ONCE: usize = 16;

/// How often it is seen whether the ledger has changed while releases go on. Costs nothing when it has not.
const LEDGER_EVERY: Duration = Duration::from_secs(1);

/// Something that was done on the side.
enum Event {
    Looked(Look, anyhow::Result<Looked>),
    Swept(Swept),
    Branch(String, Result<Vec<Subject>, GithubError>),
}

/// What the loop holds.
struct Attention<'a> {
    rings: &'a Rings,
    agenda: Agenda,
    jobs: FuturesUnordered<LocalBoxFuture<'a, Event>>,
    looking: usize,
    sweeping: bool,
    /// Deliveries that something is done about, so that they are not taken twice.
    taken: BTreeSet<String>,
    /// Pull requests whose releases go on.
    going_on: BTreeSet<Subject>,
    /// The ledger's own count of writes when it was last looked at.
    writes: u64,
}

impl Rings {
    /// Looks after pull requests for ever.
    pub async fn attend(&self) -> std::convert::Infallible {
        let mut attention = Attention {
            rings: self,
            agenda: Agenda::default(),
            jobs: FuturesUnordered::new(),
            looking: 0,
            sweeping: false,
            taken: BTreeSet::new(),
            going_on: BTreeSet::new(),
            writes: 0,
        };
        let every = self.config().github.as_ref().map_or(Duration::from_secs(120), |github| github.sweep);
        let mut sweep = interval(every);
        let mut ledger = interval_at(Instant::now() + LEDGER_EVERY, LEDGER_EVERY);
        for ticks in [&mut sweep, &mut ledger] {
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        loop {
            attention.begin_looks();
            let due = attention.agenda.next();
            let has_room = attention.looking < AT_ONCE;
            tokio::select! {
                biased;
                Some(event) = attention.jobs.next(), if !attention.jobs.is_empty() => attention.take_in(event),
                () = self.wake.notified() => attention.open_inbox(),
                _ = sweep.tick() => attention.sweep(),
                _ = ledger.tick() => attention.watch_ledger(),
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() && has_room => {}
            }
        }
    }

    /// Deliveries that need no look any more.
    fn answered(&self, deliveries: &[String]) {
        if deliveries.is_empty() {
            return;
        }
        if let Err(error) = self.world().ledger.processed(deliveries, self.world().clock.now()) {
            // They are found in the inbox again at the next start, and lead to one more look.
            tracing::error!(%error, "deliveries that were processed cannot be marked so");
        }
    }
}

impl Attention<'_> {
    fn begin_looks(&mut self) {
        let now = Instant::now();
        while self.looking < AT_ONCE
            && let Some(look) = self.agenda.take(now)
        {
            let rings = self.rings;
            self.looking += 1;
            self.jobs.push(
                async move {
                    let result = rings.look(look.subject, look.depth).await;
                    Event::Looked(look, result)
                }
                .boxed_local(),
            );
        }
    }

    fn take_in(&mut self, event: Event) {
        match event {
            Event::Looked(look, result) => {
                self.looking -= 1;
                self.looked(look, result);
            }
            Event::Swept(swept) => self.swept(swept),
            Event::Branch(delivery, Ok(subjects)) => {
                for subject in &subjects {
                    self.agenda.deliver(*subject, delivery.clone(), Instant::now());
                }
                if subjects.is_empty() {
                    self.done_with(&[delivery]);
                }
            }
            Event::Branch(delivery, Err(error)) => {
                // It stays in the inbox; the sweep looks at the pull request all the same.
                tracing::warn!(delivery, "{error}");
                self.taken.remove(&delivery);
            }
        }
    }

    fn looked(&mut self, look: Look, result: anyhow::Result<Looked>) {
        let subject = look.subject;
        match result {
            Ok(looked) => {
                self.done_with(&look.deliveries);
                let ended = !looked.goes_on && self.going_on.remove(&subject);
                if looked.goes_on {
                    self.going_on.insert(subject);
                }
                self.agenda.succeeded(subject, looked.next.map(|next| self.instant(next)));
                if ended {
                    // Tenants may be free now that others wait for, and this one reads anew what it asks for.
                    self.look_at_all_of(subject.repository);
                }
            }
            Err(error) => {
                let limit = error.downcast_ref::<GithubError>().and_then(|error| match error {
                    GithubError::RateLimited { until, .. } => Some(*until),
                    _ => None,
                });
                let (repository, pull_request) = (subject.repository, subject.number);
                tracing::warn!(repository, pull_request, "cannot look at the pull request now: {error:#}");
                self.agenda.failed(look, Instant::now(), limit.map(|until| self.instant(until)));
            }
        }
    }

    fn look_at_all_of(&mut self, repository: u64) {
        let seen: Vec<Subject> = {
            let seen = self.rings.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.keys().filter(|subject| subject.repository == repository).copied().collect()
        };
        for subject in seen {
            self.agenda.ask(subject, Instant::now(), Depth::Ledger);
        }
    }

    /// Takes what is in the inbox.
    fn open_inbox(&mut self) {
        let deliveries = match self.rings.world().ledger.unprocessed() {
            Ok(deliveries) => deliveries,
            Err(error) => return tracing::error!(%error, "the inbox cannot be read; the sweep goes on"),
        };
        let complete = {
            let known = self.rings.repositories.lock().unwrap_or_else(PoisonError::into_inner);
            known.are_complete(&self.rings.config().rings)
        };
        for delivery in deliveries {
            if !self.taken.contains(&delivery.id) {
                self.take_delivery(delivery, complete);
            }
        }
    }

    fn take_delivery(&mut self, delivery: Delivery, complete: bool) {
        let repository = match &delivery.hint {
            Hint::PullRequest { repository, .. }
            | Hint::Branch { repository, .. }
            | Hint::Repository { repository } => self.rings.repository(*repository),
            Hint::Nothing => None,
        };
        let Some(repository) = repository else {
            // Of a repository that we have nothing to do with; or that we do not know yet, then it waits for the sweep.
            if complete || delivery.hint == Hint::Nothing {
                self.rings.answered(&[delivery.id]);
            }
            return;
        };
        self.taken.insert(delivery.id.clone());
        match delivery.hint {
            Hint::PullRequest { number, .. } => {
                let subject = Subject { repository: repository.id, number };
                self.agenda.deliver(subject, delivery.id, Instant::now());
            }
            Hint::Branch { branch, .. } => self.look_up(repository, branch, delivery.id),
            Hint::Repository { .. } | Hint::Nothing => {
                self.sweep();
                self.done_with(&[delivery.id]);
            }
        }
    }

    fn look_up(&mut self, repository: Repository, branch: String, delivery: String) {
        let rings = self.rings;
        let look_up = async move {
            let found = rings.of_branch(&repository, &branch).await;
            Event::Branch(delivery, found)
        };
        self.jobs.push(look_up.boxed_local());
    }

    fn sweep(&mut self) {
        if !std::mem::replace(&mut self.sweeping, true) {
            let rings = self.rings;
            self.jobs.push(async move { Event::Swept(rings.sweep().await) }.boxed_local());
        }
    }

    fn swept(&mut self, swept: Swept) {
        self.sweeping = false;
        {
            let mut known = self.rings.repositories.lock().unwrap_or_else(PoisonError::into_inner);
            for repository in swept.repositories {
                known.learn(repository);
            }
        }
        for subject in swept.subjects {
            self.agenda.ask(subject, Instant::now(), Depth::Changes);
        }
        // What came before the repositories were known.
        self.open_inbox();
    }

    /// Whoever has releases under way is looked at again when the ledger has changed.
    fn watch_ledger(&mut self) {
        let writes = self.rings.world().ledger.writes();
        if std::mem::replace(&mut self.writes, writes) == writes {
            return;
        }
        for subject in &self.going_on {
            self.agenda.ask(*subject, Instant::now(), Depth::Ledger);
        }
    }

    fn done_with(&mut self, deliveries: &[String]) {
        self.rings.answered(deliveries);
        for delivery in deliveries {
            self.taken.remove(delivery);
        }
    }

    fn instant(&self, at: Timestamp) -> Instant {
        let from_now = at.duration_since(self.rings.world().clock.now());
        Instant::now() + Duration::try_from(from_now).unwrap_or_default()
    }
}
