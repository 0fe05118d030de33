//! Doing what was decided: the same requests that a person gives on the command line, asked for by a pull request.

use super::Rings;
use crate::{
    asker::Asker,
    ledger::{KnownPullRequest, PullRequestOrigin},
    request::{Answer, CleanupRequest, ReleaseRequest, Request, Selection},
};
use release::decide::{
    Action, Decision,
    facts::{Known, LabelFacts},
};

impl Rings {
    /// Does what was decided, in order, and gives back what could not be done: one sentence each.
    pub(super) async fn act(
        &self,
        known: &KnownPullRequest,
        decision: &Decision,
        labels: &[LabelFacts],
    ) -> Vec<String> {
        let mut obstacles = Vec::new();
        for action in &decision.actions {
            let (asker, request) = request(known, action, labels);
            match self.owner.asked_by(asker).answer(request).await {
                Answer::Error { message, .. } => {
                    tracing::warn!(
                        pull_request = known.number,
                        repository = known.repository_name,
                        "{message}"
                    );
                    obstacles.push(message);
                    // What follows may depend on it: a release on the end of a cleanup.
                    break;
                }
                Answer::Leaving => break,
                Answer::Begun { .. }
                | Answer::Nothing { .. }
                | Answer::Stopping
                | Answer::FreezeSet { .. } => {}
            }
        }
        obstacles
    }
}

fn request(known: &KnownPullRequest, action: &Action, labels: &[LabelFacts]) -> (Asker, Request) {
    let origin =
        |commit: Option<&String>, label: Option<&String>, revision: Option<&String>| PullRequestOrigin {
            repository: known.repository,
            number: known.number,
            commit: commit.cloned(),
            label: label.cloned(),
            revision: revision.cloned(),
        };
    match action {
        Action::Cancel { run, .. } => (Asker::program(), Request::Cancel { run: run.clone() }),
        Action::Cleanup { tenants, .. } => {
            let selection = Selection::RingTenants {
                ring: known.ring.clone(),
                service: known.service.clone(),
                tenants: tenants.clone(),
            };
            let origin = Some(origin(None, None, None));
            let request = CleanupRequest { selection, max_parallel: None, origin };
            (Asker::program(), Request::StartCleanup(request))
        }
        Action::Release { label, commit, images, tenants, revision } => {
            let images = images.iter().map(|(name, reference)| format!("{name}={reference}"));
            let request = ReleaseRequest {
                ring: known.ring.clone(),
                service: known.service.clone(),
                images: images.collect(),
                tenants: tenants.clone(),
                cohort: Some(label.clone()),
                max_parallel: None,
                all_or_nothing: false,
                origin: Some(origin(Some(commit), Some(label), revision.as_ref())),
            };
            (who_set(label, labels), Request::StartRelease(request))
        }
    }
}

/// Whoever set a label asks for what it leads to.
fn who_set(label: &str, labels: &[LabelFacts]) -> Asker {
    let facts = labels.iter().find(|facts| facts.name == label);
    match facts.map(|facts| &facts.set_by) {
        Some(Known::Yes(person)) => Asker::github(&person.login),
        _ => Asker::program(),
    }
}
