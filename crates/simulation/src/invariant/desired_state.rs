//! In the calm the fleet is what the pull requests say: what an open, labelled, authorised and built one asks for runs the
//! image of its head commit, or the ledger names why not; and what nothing asks for any more is given back.

use crate::{
    book::Book,
    hub::{
        Hub,
        history::{is_built, labels},
    },
};
use anyhow::Context as _;
use release::{
    decide::facts::{PastRelease, TenantHistory},
    refusal::CLAIMED_FOR_ANOTHER_SERVICE,
    verdict::TenantVerdict,
};
use ringway::ledger::Ledger;
use sandbox::{Model, github::PullRequest, oci::Pulled};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const NAME: &str = "desired_state";

/// What is compared.
pub(crate) struct Comparison<'a> {
    pub(crate) model: &'a Model,
    pub(crate) book: &'a Book,
    pub(crate) ledger: &'a Ledger,
    pub(crate) hub: &'a Hub,
    /// What happens to tenants when a pull request is merged: whether they go back.
    pub(crate) merged_go_back: bool,
}

/// What a pull request asks for.
struct Asked {
    /// The tenants of labels that count, each with these labels.
    wanted: BTreeMap<String, BTreeSet<String>>,
    /// The tenants that any label names.
    named: BTreeSet<String>,
    /// The labels that are there.
    labels: BTreeSet<String>,
    /// The commit whose image they are to run, if it may be released.
    commit: Option<String>,
}

impl Comparison<'_> {
    /// What is not as the pull requests say.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub(crate) fn differences(&self) -> anyhow::Result<Vec<String>> {
        let mut all = Vec::new();
        for branch in &self.hub.branches {
            let histories = self.histories(branch)?;
            let Some(pull) = self.counts(branch) else { continue };
            let found = match (pull.open, &pull.merged) {
                (true, _) if pull.base_branch != "master" => {
                    self.given_back(&histories, |_, past| past.label.is_some())
                }
                (true, _) if pull.draft => continue,
                (true, _) => self.ring(pull, &histories)?,
                (false, Some(_)) if !self.merged_go_back => continue,
                (false, _) => self.given_back(&histories, |_, _| true),
            };
            let of = |what: String| format!("pull request {} of {branch}: {what}", pull.number);
            all.extend(found.into_iter().map(of));
        }
        Ok(all)
    }

    fn histories(&self, ring: &str) -> anyhow::Result<BTreeMap<String, TenantHistory>> {
        let tenants: BTreeSet<String> = self.book.tenants.keys().cloned().collect();
        Ok(self.ledger.tenant_histories(ring, &self.hub.service, &tenants)?)
    }

    /// The pull request of a branch that says what its ring is: the open one, or the newest. One that never had a label
    /// asks for nothing and takes nothing back.
    fn counts(&self, branch: &str) -> Option<&PullRequest> {
        let pulls = self.model.github.repository_by_id(self.hub.repository)?.pull_requests();
        let was_labelled = |pull: &PullRequest| pull.events.iter().any(|event| event.event == "labeled");
        let of_branch = pulls.filter(|pull| pull.head_branch == branch && was_labelled(pull));
        of_branch.max_by_key(|pull| (pull.open && pull.base_branch == "master", pull.open, pull.number))
    }

    /// What is still held although `goes` says that it goes back, unless that was tried and could not be done.
    fn given_back(
        &self,
        histories: &BTreeMap<String, TenantHistory>,
        goes: impl Fn(&str, &PastRelease) -> bool,
    ) -> Vec<String> {
        let still = |(tenant, history): (&String, &TenantHistory)| {
            let past = history.released.as_ref().filter(|_| history.held)?;
            let failed = history.cleaned.as_ref().is_some_and(|cleaned| {
                !cleaned.unfinished
                    && cleaned.place > past.place
                    && cleaned.verdict != Some(TenantVerdict::Success)
            });
            let is_left = goes(tenant, past) && !failed;
            is_left.then(|| format!("{tenant} is still held, since {}", past.run))
        };
        histories.iter().filter_map(still).collect()
    }

    fn ring(
        &self,
        pull: &PullRequest,
        histories: &BTreeMap<String, TenantHistory>,
    ) -> anyhow::Result<Vec<String>> {
        let asked = self.asked(pull);
        let is_gone = |tenant: &str, past: &PastRelease| {
            let label = past.label.as_ref();
            label.is_some_and(|label| !asked.labels.contains(label)) && !asked.named.contains(tenant)
        };
        let mut all = self.given_back(histories, is_gone);
        let Some(commit) = &asked.commit else { return Ok(all) };
        for (tenant, labels) in &asked.wanted {
            let history = histories.get(tenant).cloned().unwrap_or_default();
            if let Err(why) = self.released(pull, tenant, labels, commit, &history)? {
                all.push(format!("{tenant} {why}"));
            }
        }
        Ok(all)
    }

    fn asked(&self, pull: &PullRequest) -> Asked {
        let github = &self.model.github;
        let (head, branch) = (&pull.head_commit, &pull.head_branch);
        let image = self.hub.image_of(branch, head);
        let is_there =
            image.is_some_and(|image| matches!(self.model.registries.pull(&image), Pulled::Image(_)));
        let may_begin = is_there && is_built(self.hub, github, branch, head);
        let mut asked = Asked {
            wanted: BTreeMap::new(),
            named: BTreeSet::new(),
            labels: BTreeSet::new(),
            commit: may_begin.then(|| head.clone()),
        };
        for (label, may) in labels(self.hub, github, pull) {
            asked.labels.insert(label.clone());
            let Some(file) = label.strip_prefix("cohort:github:path:") else { continue };
            for tenant in self.book.cohorts.get(file).into_iter().flatten() {
                asked.named.insert(tenant.clone());
                if may {
                    asked.wanted.entry(tenant.clone()).or_default().insert(label.clone());
                }
            }
        }
        asked
    }

    /// Whether a tenant has what is asked for, or the ledger says why not.
    fn released(
        &self,
        pull: &PullRequest,
        tenant: &str,
        labels: &BTreeSet<String>,
        commit: &str,
        history: &TenantHistory,
    ) -> anyhow::Result<Result<(), String>> {
        let Some(past) = &history.released else { return Ok(Err("was never released".to_owned())) };
        let cleaned = history.cleaned.as_ref().filter(|cleaned| cleaned.place > past.place);
        let run = &past.run;
        let why = match past.verdict {
            _ if past.unfinished => format!("is still being released by {run}"),
            _ if past.commit.as_deref() != Some(commit) => format!("has {:?} and not {commit}", past.commit),
            // Whoever takes a tenant out by hand has it out until the label is set again.
            _ if cleaned.is_some_and(|cleaned| cleaned.by_hand) => return Ok(Ok(())),
            // Whoever has it now is named; when it is free, it is tried again.
            _ if history.held_by.is_some() => return Ok(Ok(())),
            _ if cleaned.is_some() => "was given back and is asked for again".to_owned(),
            _ if past.label.as_ref().is_none_or(|label| !labels.contains(label)) => {
                format!("was released for {:?}, which does not ask for it", past.label)
            }
            Some(TenantVerdict::Success) => return self.runs(pull, tenant, commit, history, run),
            Some(TenantVerdict::Cancelled) if !self.may_be_cancelled(run) => {
                format!("was cancelled in {run}, and nobody asked for that")
            }
            Some(TenantVerdict::Failed | TenantVerdict::Refused)
                if past.problem.as_deref().is_some_and(is_held) && history.held_by.is_none() =>
            {
                format!("was refused by {run} because another ring had it, and none has it now")
            }
            Some(_) => return Ok(Ok(())),
            None => format!("has no verdict in {run}"),
        };
        Ok(Err(why))
    }

    /// Whether the Application of a tenant that is called a success says the image. What others did to it since that release
    /// began is theirs.
    fn runs(
        &self,
        pull: &PullRequest,
        tenant: &str,
        commit: &str,
        history: &TenantHistory,
        run: &str,
    ) -> anyhow::Result<Result<(), String>> {
        let known = self.book.tenants.get(tenant);
        let began = self.book.began.get(run);
        let undone = self.book.undone.get(tenant).is_some_and(|at| began.is_none_or(|began| at >= began));
        if undone {
            return Ok(Ok(()));
        }
        if !history.held {
            return Ok(Err("is called released, and the ring does not hold it".to_owned()));
        }
        let image = self.hub.image.render(&pull.head_branch, commit).map_err(anyhow::Error::msg)?.to_string();
        let (repository, tag) = image.rsplit_once(':').context("an image without a tag")?;
        let application = known.and_then(|known| self.model.get(&known.application));
        let spec = application.map(|object| object["spec"].to_string()).unwrap_or_default();
        if spec.contains(repository) && spec.contains(tag) {
            return Ok(Ok(()));
        }
        Ok(Err(format!("should say {image}, but says {spec}")))
    }

    /// Whether somebody asked a run to stop, or the clock was set so that nobody knows what was asked for afterwards.
    fn may_be_cancelled(&self, run: &str) -> bool {
        self.book.clock_was_set || self.book.asked_to_stop.contains(run)
    }
}

/// Whether a release ended so because something else had the tenant, which is known when it has it no more.
fn is_held(code: &str) -> bool {
    code == "claimed" || code == CLAIMED_FOR_ANOTHER_SERVICE
}
