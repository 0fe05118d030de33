//! Saying in the pull request what was decided and what became of it.
//!
//! What the texts say is in `release::report::pull_request`; here is only when they are written, and that each is written
//! once. The comment that is edited in place and the check change when their milestones do, so the number of calls does
//! not depend on the number of tenants.

use super::Rings;
use crate::{
    github::{CheckRun, CheckStatus, Conclusion, Edited, GithubError, IdentityKind, StatusState},
    ledger::KnownPullRequest,
};
use release::{
    decide::{CohortState, Decision, facts::Observation},
    report::{
        RunKind, RunReport,
        pull_request::{self as text, CheckState, PullRequestReport},
    },
};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The comment that is edited in place: the milestone that it shows.
const COMMENT: &str = "comment";

/// The check: the milestone that it shows.
const CHECK: &str = "check";

/// The name of our check run or commit status.
const CHECK_NAME: &str = "ringway/ring";

/// What is in the place of a text between the moment when it is about to be written and when it is known to be there.
const ABOUT_TO: &str = "about to be written";

/// How much of the history is kept. The comment shows less.
const HISTORY: usize = 100;

/// One new comment.
struct Saying {
    /// What it is about, so that it is said once.
    kind: String,
    body: String,
}

impl Rings {
    /// Says what there is to say. Writes down first what happened, so that the history is complete even where GitHub
    /// cannot be written to.
    ///
    /// # Errors
    /// If GitHub or the ledger cannot be written now.
    pub(super) async fn say(
        &self,
        known: &mut KnownPullRequest,
        observation: &Observation,
        decision: &Decision,
        obstacles: &[String],
    ) -> anyhow::Result<()> {
        let runs = self.runs_of(known)?;
        self.record_history(known, observation, &runs, obstacles)?;
        let history = known.history.clone();
        let report = PullRequestReport {
            service: &known.service.clone(),
            mode: observation.rules.mode,
            on_merge: observation.rules.on_merge,
            pull_request: &observation.pull_request,
            decision,
            runs: &runs,
            history: &history,
            now: observation.now,
        };
        for saying in sayings(&report, observation) {
            self.say_once(known, saying).await?;
        }
        self.check(known, &report).await?;
        self.comment(known, &report).await
    }

    fn record_history(
        &self,
        known: &mut KnownPullRequest,
        observation: &Observation,
        runs: &BTreeMap<String, RunReport>,
        obstacles: &[String],
    ) -> anyhow::Result<()> {
        let before = known.history.len();
        for run in runs.values() {
            let mut note = |kind: &str, at, sentence: String| {
                if known.told.insert(format!("{kind}:{}", run.id), "yes".to_owned()).is_none() {
                    known.history.push((at, sentence));
                }
            };
            let (kind, id) = (run.kind.as_str(), &run.id);
            let of = run.cohort.as_ref().map(|cohort| format!(" for {cohort}")).unwrap_or_default();
            note(
                "noted-begun",
                run.began_at,
                format!("{kind} {id}{of} began: {} tenants", run.tenants.len()),
            );
            if let (Some(verdict), Some(at)) = (run.verdict, run.ended_at) {
                note("noted-ended", at, format!("{kind} {id}{of} ended: {verdict}"));
            }
        }
        for obstacle in obstacles {
            if known.history.last().is_none_or(|(_, last)| last != obstacle) {
                known.history.push((observation.now, obstacle.clone()));
            }
        }
        if known.history.len() == before {
            return Ok(());
        }
        known.history.sort_by_key(|(at, _)| *at);
        let surplus = known.history.len().saturating_sub(HISTORY);
        known.history.drain(..surplus);
        Ok(self.world().ledger.record_pull_request(known)?)
    }

    /// Writes a new comment, unless it was written before: also by a process that died before it could note that.
    async fn say_once(&self, known: &mut KnownPullRequest, saying: Saying) -> anyhow::Result<()> {
        let marker = text::marker(known.repository, known.number, &saying.kind);
        let noted = known.told.get(&saying.kind).map(String::as_str);
        match noted {
            Some(ABOUT_TO) => {
                if self.find_comment(known, &marker).await?.is_some() {
                    return self.told(known, &saying.kind, "yes");
                }
            }
            Some(_) => return Ok(()),
            None => self.told(known, &saying.kind, ABOUT_TO)?,
        }
        let body = format!("{}\n\n{marker}", saying.body);
        self.github().create_comment(&known.repository_name, known.number, &body, &marker).await?;
        self.told(known, &saying.kind, "yes")
    }

    /// Brings the comment that is edited in place up to date.
    async fn comment(
        &self,
        known: &mut KnownPullRequest,
        report: &PullRequestReport<'_>,
    ) -> anyhow::Result<()> {
        let milestone = text::milestone(report);
        if known.told.get(COMMENT) == Some(&milestone) {
            return Ok(());
        }
        let body = text::comment(report);
        let marker = text::marker(known.repository, known.number, COMMENT);
        let id = match known.comment {
            Some(id) => Some(id),
            None => self.find_comment(known, &marker).await?,
        };
        let edited = match id {
            Some(id) => self.github().edit_comment(&known.repository_name, id, &body).await?,
            None => Edited::Gone,
        };
        known.comment = match (edited, id) {
            (Edited::Done, Some(id)) => Some(id),
            // Somebody deleted it, or it is the first.
            _ => {
                let name = &known.repository_name;
                Some(self.github().create_comment(name, known.number, &body, &marker).await?)
            }
        };
        known.set_headline(text::headline(report), report.now);
        self.told(known, COMMENT, &milestone)
    }

    /// Brings the check run (of an App) or the commit status (of a token) up to date.
    async fn check(
        &self,
        known: &mut KnownPullRequest,
        report: &PullRequestReport<'_>,
    ) -> anyhow::Result<()> {
        let commit = report.pull_request.head_commit.clone();
        let milestone = text::check_milestone(report);
        if commit.is_empty() || known.told.get(CHECK) == Some(&milestone) {
            return Ok(());
        }
        let check = text::check(report);
        let name = known.repository_name.clone();
        match self.github().identity().await?.kind {
            IdentityKind::App { .. } => {
                let id = known.check_run.as_ref().filter(|(of, _)| *of == commit).map(|(_, id)| *id);
                let run = CheckRun {
                    name: CHECK_NAME.to_owned(),
                    head_commit: commit.clone(),
                    external_id: format!("{}/{}", known.repository, known.number),
                    status: check_status(check.state),
                    title: check.title,
                    summary: check.summary,
                    url: None,
                };
                let id = self.github().set_check_run(&name, &run, id).await?;
                known.check_run = Some((commit, id));
            }
            IdentityKind::User { .. } => {
                let description = text::status_description(report);
                let state = status_state(check.state);
                self.github().set_status(&name, &commit, CHECK_NAME, state, &description, None).await?;
            }
        }
        self.told(known, CHECK, &milestone)
    }

    /// A comment of ours with this marker.
    async fn find_comment(&self, known: &KnownPullRequest, marker: &str) -> Result<Option<u64>, GithubError> {
        let identity = self.github().identity().await?;
        let comments = self.github().comments(&known.repository_name, known.number).await?;
        let ours = comments.iter().find(|comment| comment.body.contains(marker) && identity.wrote(comment));
        Ok(ours.map(|comment| comment.id))
    }

    fn told(&self, known: &mut KnownPullRequest, kind: &str, what: &str) -> anyhow::Result<()> {
        known.told.insert(kind.to_owned(), what.to_owned());
        Ok(self.world().ledger.record_pull_request(known)?)
    }
}

/// The new comments that there should be, in the order of what happened.
fn sayings(report: &PullRequestReport<'_>, observation: &Observation) -> Vec<Saying> {
    let mut sayings = Vec::new();
    let mut say = |kind: String, body: String| sayings.push(Saying { kind, body });
    for cohort in &report.decision.cohorts {
        if let CohortState::Refused(why) = &cohort.state {
            let what = short_hash(&[&cohort.name, why]);
            say(format!("refused-{what}"), text::refused_label(report, cohort));
        }
    }
    for run in report.runs.values() {
        if run.kind == RunKind::Release {
            say(format!("accepted-{}", run.id), text::accepted(report, run));
        }
        if run.verdict.is_some() {
            say(format!("ended-{}", run.id), text::ended(report, run));
        }
    }
    for departure in &report.decision.departures {
        // Once for each time that it goes; when it is due moves on while it is being given back.
        let since = report.decision.noticed_gone.get(&departure.name).map(ToString::to_string);
        let what = short_hash(&[&departure.name, &since.unwrap_or_default()]);
        say(format!("departing-{what}"), text::departing(report, departure));
    }
    if let Some(body) = text::over(report) {
        let state = format!("{:?}", observation.pull_request.state).to_lowercase();
        let what = short_hash(&[&observation.pull_request.head_commit, &state]);
        say(format!("over-{what}"), body);
    }
    sayings
}

/// A short name for texts that may be long and hostile.
fn short_hash(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn check_status(state: CheckState) -> CheckStatus {
    match state {
        CheckState::InProgress => CheckStatus::InProgress,
        CheckState::Success => CheckStatus::Completed(Conclusion::Success),
        CheckState::Failure => CheckStatus::Completed(Conclusion::Failure),
        CheckState::ActionRequired => CheckStatus::Completed(Conclusion::ActionRequired),
        CheckState::Neutral => CheckStatus::Completed(Conclusion::Neutral),
    }
}

fn status_state(state: CheckState) -> StatusState {
    match state {
        CheckState::InProgress => StatusState::Pending,
        CheckState::Success | CheckState::Neutral => StatusState::Success,
        CheckState::Failure | CheckState::ActionRequired => StatusState::Failure,
    }
}
