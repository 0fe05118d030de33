//! One look at one pull request: observe, decide, act, say.
//!
//! It may end in the middle at any moment and be taken again: what was done is found done, what was said is found said.

use super::{
    Rings,
    agenda::{Depth, Subject},
    observe::{Seen, ring_of},
    repositories::Repository,
};
use crate::{config, ledger::KnownPullRequest};
use jiff::{SignedDuration, Timestamp};
use release::decide::{
    Decision, Standing, decide,
    facts::{Observation, PullRequestState},
    rules::Mode,
};
use std::collections::{BTreeMap, BTreeSet};

/// When to try again what could not be done.
const AFTER_AN_OBSTACLE: SignedDuration = SignedDuration::from_secs(60);

/// What a look led to.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// When to look again at the latest.
    pub(super) next: Option<Timestamp>,
    /// Whether releases or cleanups of it go on, which is worth saying as they do.
    pub(super) goes_on: bool,
}

impl Rings {
    /// Looks at a pull request.
    ///
    /// # Errors
    /// If GitHub or the ledger cannot be read or written now. It is to be taken again.
    pub(super) async fn look(&self, subject: Subject, depth: Depth) -> anyhow::Result<Looked> {
        let Some(repository) = self.repository(subject.repository) else { return Ok(Looked::default()) };
        let Some(rings) = self.config().rings.get(&repository.service) else { return Ok(Looked::default()) };
        let known = self.world().ledger.pull_request(subject.repository, subject.number)?;
        let kept = match (depth, self.seen(subject)) {
            (Depth::Changes, Some(kept)) => {
                self.is_as_it_was(subject, &repository, rings, &kept).await.then_some(kept)
            }
            (Depth::Ledger, kept) => kept,
            _ => None,
        };
        let seen = match kept {
            Some(seen) if !self.asks_for_something(&repository, rings, &seen, known.as_ref())? => seen,
            _ => self.observe(subject, &repository, rings, known.as_ref()).await?,
        };
        if known.is_none() && seen.labels.is_empty() && !self.inherits(&repository, &seen)? {
            return Ok(Looked::default());
        }
        let known = known.unwrap_or_else(|| new(subject, &repository, &seen, self.world().clock.now()));
        let looked = self.go_on(&repository, rings, &seen, known).await?;
        self.remember(subject, seen);
        Ok(looked)
    }

    /// Whether there is something of the ring although nobody ever labelled this pull request: another one of the branch
    /// that is over had it, and this one goes on with it.
    fn inherits(&self, repository: &Repository, seen: &Seen) -> anyhow::Result<bool> {
        let pull = &seen.pull_request;
        let is_open = pull.state == PullRequestState::Open && pull.base_branch == pull.default_branch;
        let holds = || self.world().ledger.held_tenants(&ring_of(pull), &repository.service);
        Ok(is_open && !holds()?.is_empty())
    }

    /// Whether something would be done with what was read before. It must be read again then: a label may be gone.
    fn asks_for_something(
        &self,
        repository: &Repository,
        rings: &config::Rings,
        seen: &Seen,
        known: Option<&KnownPullRequest>,
    ) -> anyhow::Result<bool> {
        let Some(known) = known else { return Ok(true) };
        let (_, decision) = self.decide(&repository.service, rings, seen, &mut known.clone())?;
        Ok(!decision.actions.is_empty())
    }

    async fn go_on(
        &self,
        repository: &Repository,
        rings: &config::Rings,
        seen: &Seen,
        mut known: KnownPullRequest,
    ) -> anyhow::Result<Looked> {
        let before = known.clone();
        known.repository_name.clone_from(&repository.name);
        known.over = seen.pull_request.state != PullRequestState::Open;
        let (mut observation, mut decision) = self.decide(&repository.service, rings, seen, &mut known)?;
        // Before anything is done: whoever goes on after a crash must know since when a label is gone.
        self.record_change(&before, &known)?;
        let mut obstacles = Vec::new();
        if rings.rules.mode == Mode::Act && !decision.actions.is_empty() {
            obstacles = self.act(&known, &decision, &seen.labels).await;
            (observation, decision) = self.decide(&repository.service, rings, seen, &mut known)?;
        }
        let going_on = self.going_on(&known)?;
        self.say(&mut known, &observation, &decision, &obstacles).await?;
        let still_going_on = self.going_on(&known)?;
        let goes_on = !still_going_on.is_empty();
        // What ended while it was said to go on is said at once, and not by the next sweep.
        let ended = (going_on != still_going_on).then_some(observation.now);
        let blocked = (!obstacles.is_empty()).then(|| observation.now.saturating_add(AFTER_AN_OBSTACLE));
        self.settle(&mut known, &decision, goes_on)?;
        let next = [decision.look_again, blocked.transpose()?, ended].into_iter().flatten().min();
        Ok(Looked { next, goes_on })
    }

    /// The runs of the pull request that have not ended.
    fn going_on(&self, known: &KnownPullRequest) -> anyhow::Result<BTreeSet<String>> {
        let runs = self.runs_of(known)?;
        Ok(runs.into_iter().filter(|(_, run)| run.verdict.is_none()).map(|(id, _)| id).collect())
    }

    /// Writes down what is remembered, if it is anything new. A look that finds nothing new writes nothing.
    fn record_change(&self, before: &KnownPullRequest, now: &KnownPullRequest) -> anyhow::Result<()> {
        let ledger = &self.world().ledger;
        let unread = KnownPullRequest { updated_at: before.updated_at, ..now.clone() };
        if unread != *before || ledger.pull_request(now.repository, now.number)?.is_none() {
            ledger.record_pull_request(now)?;
        }
        Ok(())
    }

    fn decide(
        &self,
        service: &str,
        rings: &config::Rings,
        seen: &Seen,
        known: &mut KnownPullRequest,
    ) -> anyhow::Result<(Observation, Decision)> {
        let observation = self.observation(service, rings, seen, known)?;
        let decision = decide(&observation);
        known.noticed_gone.clone_from(&decision.noticed_gone);
        known.updated_at = observation.now;
        Ok((observation, decision))
    }

    /// Notes whether anything can still happen to a pull request, so that sweeps leave it alone when nothing can.
    fn settle(&self, known: &mut KnownPullRequest, decision: &Decision, goes_on: bool) -> anyhow::Result<()> {
        let is_over =
            matches!(decision.standing, Standing::Closed | Standing::Merged | Standing::Succeeded { .. });
        let settled = is_over && !goes_on && !self.has_something(known)?;
        if known.set_settled(settled) {
            self.world().ledger.record_pull_request(known)?;
        }
        Ok(())
    }
}

fn new(subject: Subject, repository: &Repository, seen: &Seen, now: Timestamp) -> KnownPullRequest {
    KnownPullRequest {
        repository: subject.repository,
        repository_name: repository.name.clone(),
        number: subject.number,
        service: repository.service.clone(),
        ring: ring_of(&seen.pull_request),
        over: false,
        comment: None,
        check_run: None,
        noticed_gone: BTreeMap::new(),
        told: BTreeMap::new(),
        history: Vec::new(),
        updated_at: now,
    }
}
