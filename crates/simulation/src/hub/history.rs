//! What was true on GitHub when, read from the model and never from an answer. Invariants about what Ringway may do are
//! judged by this.

use super::{Hub, JOB};
use jiff::Timestamp;
use sandbox::{
    Model,
    github::{Github, PullRequest, Role, Run},
    oci::Pulled,
};
use std::{collections::BTreeMap, sync::Arc};

/// What is true of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PullFacts {
    /// Its branch: the ring.
    pub(crate) branch: String,
    /// Whether it is open, ready, and goes to the default branch.
    pub(crate) is_ring: bool,
    /// The head commit.
    pub(crate) head: String,
    /// Its labels, with whether whoever set each last may push.
    pub(crate) labels: BTreeMap<String, bool>,
    /// Whether the newest build of the head commit has succeeded.
    pub(crate) is_built: bool,
    /// Whether the image of the head commit is there.
    pub(crate) has_image: bool,
}

/// What was true when.
#[derive(Debug)]
pub(crate) struct History {
    hub: Arc<Hub>,
    pulls: BTreeMap<u64, Vec<(Timestamp, PullFacts)>>,
    /// When each pull request was asked about last: the beginning of a look.
    looks: BTreeMap<u64, Timestamp>,
}

impl History {
    /// Nothing was seen yet.
    pub(crate) fn new(hub: Arc<Hub>) -> Self {
        Self { hub, pulls: BTreeMap::new(), looks: BTreeMap::new() }
    }

    /// Notes what has changed.
    pub(crate) fn observe(&mut self, model: &Model, now: Timestamp) {
        let Some(known) = model.github.repository_by_id(self.hub.repository) else { return };
        for pull in known.pull_requests() {
            let facts = facts(&self.hub, model, pull);
            let history = self.pulls.entry(pull.number).or_default();
            if history.last().is_none_or(|(_, last)| *last != facts) {
                history.push((now, facts));
            }
        }
    }

    /// Notes that a request is sent, which may begin a look.
    pub(crate) fn asked(&mut self, path: &str, now: Timestamp) {
        if let Some(number) = path.rsplit_once("/pulls/").and_then(|(_, number)| number.parse().ok()) {
            self.looks.insert(number, now);
        }
    }

    /// What was true of a pull request at some time since the last look at it began.
    pub(crate) fn since_look(&self, number: u64) -> Vec<&PullFacts> {
        let since = self.looks.get(&number).copied().unwrap_or(Timestamp::MIN);
        let all = self.pulls.get(&number).map(Vec::as_slice).unwrap_or_default();
        let first = all.iter().rposition(|(at, _)| *at <= since).unwrap_or(0);
        all.iter().skip(first).map(|(_, facts)| facts).collect()
    }

    /// The GitHub that this is of.
    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }
}

fn facts(hub: &Hub, model: &Model, pull: &PullRequest) -> PullFacts {
    let head = &pull.head_commit;
    let image = hub.image_of(&pull.head_branch, head);
    PullFacts {
        branch: pull.head_branch.clone(),
        is_ring: pull.open && !pull.draft && pull.base_branch == "master",
        head: head.clone(),
        labels: labels(hub, &model.github, pull),
        is_built: is_built(hub, &model.github, &pull.head_branch, head),
        has_image: image.is_some_and(|image| matches!(model.registries.pull(&image), Pulled::Image(_))),
    }
}

/// The labels by what happened, with whether whoever set each last may push now.
pub(crate) fn labels(hub: &Hub, github: &Github, pull: &PullRequest) -> BTreeMap<String, bool> {
    let known = github.repository_by_id(hub.repository);
    let may = |actor: u64| known.is_some_and(|known| known.role_of(actor) >= Role::Write);
    let mut labels = BTreeMap::new();
    for event in &pull.events {
        let Some(name) = event.more["label"]["name"].as_str() else { continue };
        match event.event.as_str() {
            "labeled" => drop(labels.insert(name.to_owned(), may(event.actor))),
            "unlabeled" => drop(labels.remove(name)),
            _ => {}
        }
    }
    labels
}

/// Whether the newest build of a commit has succeeded.
pub(crate) fn is_built(hub: &Hub, github: &Github, branch: &str, commit: &str) -> bool {
    let Some(known) = github.repository_by_id(hub.repository) else { return false };
    let of_commit =
        |run: &&Run| run.head_commit == commit && run.head_branch == branch && run.event == "push";
    let Some(run) = known.runs().filter(of_commit).max_by_key(|run| (run.run_number, run.attempt)) else {
        return false;
    };
    let success = |conclusion: &Option<String>| conclusion.as_deref() == Some("success");
    let mut jobs = run.jobs.iter().filter(|job| job.attempt == run.attempt && job.name == JOB);
    success(&run.conclusion) && jobs.all(|job| success(&job.conclusion))
}
