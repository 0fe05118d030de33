//! In the calm each pull request says what the ledger says: the comment that is kept is there once and begins with what the
//! ledger calls its headline, and that each release was accepted and how it ended is said once.

use crate::hub::Hub;
use release::report::{
    RunKind,
    pull_request::{KEPT, marker},
};
use ringway::ledger::{KnownPullRequest, Ledger, RunFilter};
use sandbox::{Model, github::PullRequest};
use std::collections::BTreeMap;

pub(super) const NAME: &str = "said";

/// What is said otherwise than it should be.
///
/// # Errors
/// If the ledger cannot be read.
pub(crate) fn differences(model: &Model, ledger: &Ledger, hub: &Hub) -> anyhow::Result<Vec<String>> {
    let mut all = Vec::new();
    let repository = model.github.repository_by_id(hub.repository);
    for known in ledger.pull_requests()? {
        let Some(pull) = repository.and_then(|it| it.pull_request(known.number)) else { continue };
        let said = Said::of(hub, pull);
        let of = |what: String| format!("pull request {} ({}): {what}", known.number, known.ring);
        all.extend(said.doubled().map(of));
        all.extend(said.kept(&known).map(of));
        all.extend(said.runs(&known, ledger)?.map(of));
    }
    Ok(all)
}

/// The comments of Ringway, by the marker that each ends with.
struct Said<'a>(BTreeMap<&'a str, Vec<&'a str>>);

impl<'a> Said<'a> {
    fn of(hub: &Hub, pull: &'a PullRequest) -> Self {
        let mut said: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for comment in pull.comments.iter().filter(|comment| comment.author == hub.writer) {
            let marker = comment.body.trim_end().lines().last().unwrap_or_default();
            said.entry(marker).or_default().push(&comment.body);
        }
        Self(said)
    }

    fn count(&self, known: &KnownPullRequest, what: &str) -> usize {
        let marker = marker(known.repository, known.number, what);
        self.0.get(marker.as_str()).map_or(0, Vec::len)
    }

    fn doubled(&self) -> Option<String> {
        let doubled = self.0.iter().find(|(_, bodies)| bodies.len() > 1);
        doubled.map(|(marker, bodies)| format!("{marker} is there {} times", bodies.len()))
    }

    fn kept(&self, known: &KnownPullRequest) -> Option<String> {
        let marker = marker(known.repository, known.number, KEPT);
        let Some([body]) = self.0.get(marker.as_str()).map(Vec::as_slice) else {
            return Some("it has no comment that is kept up to date".to_owned());
        };
        let (says, headline) =
            (body.lines().next().unwrap_or_default(), known.headline().unwrap_or_default());
        (!says.contains(headline)).then(|| format!("it says {says:?}, and the ledger {headline:?}"))
    }

    fn runs(&self, known: &KnownPullRequest, ledger: &Ledger) -> anyhow::Result<Option<String>> {
        let filter = RunFilter { ring: Some(known.ring.clone()), ..RunFilter::default() };
        for run in ledger.runs(&filter)? {
            if run.origin.as_ref().is_none_or(|origin| origin.number != known.number) {
                continue;
            }
            let accepted = self.count(known, &format!("accepted-{}", run.id));
            if run.kind == RunKind::Release && accepted != 1 {
                return Ok(Some(format!("it says {accepted} times that {} was accepted", run.id)));
            }
            let ended = self.count(known, &format!("ended-{}", run.id));
            if run.verdict.is_some() && ended != 1 {
                return Ok(Some(format!("it says {ended} times how {} ended", run.id)));
            }
        }
        Ok(None)
    }
}
