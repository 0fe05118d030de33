//! What Ringway writes into GitHub is in its budget: so much for each release and cleanup of a pull request, and a little
//! for each thing that happens to one and may have to be answered.

use crate::{book::Book, hub::Hub};
use ringway::ledger::{Ledger, RunFilter};
use sandbox::Model;

pub(super) const NAME: &str = "content_budget";

/// For each release and each cleanup.
const FOR_A_RUN: u64 = 20;
/// For each pull request: labels that are refused or removed, and its end.
const FOR_A_PULL_REQUEST: u64 = 6;
/// For each thing that happens to a pull request, which may close a gate or open one: a check, the comment that is kept,
/// and an answer.
const FOR_A_TURN: u64 = 3;

/// What is over the budget.
///
/// # Errors
/// If the ledger cannot be read.
pub(crate) fn excess(
    model: &Model,
    book: &Book,
    ledger: &Ledger,
    hub: &Hub,
) -> anyhow::Result<Option<String>> {
    let Some(known) = model.github.repository_by_id(hub.repository) else { return Ok(None) };
    let ours = known.pull_requests().flat_map(|pull| &pull.comments);
    let ours = ours.filter(|comment| comment.author == hub.writer);
    let comments: u64 = ours.map(|comment| 1 + comment.edits).sum();
    let checks: u64 = known.check_runs().map(|check| 1 + check.updates).sum();
    let written = comments + checks + known.statuses().len() as u64;
    let runs = ledger.runs(&RunFilter::default())?;
    let runs = runs.iter().filter(|run| run.origin.is_some()).count() as u64;
    let pulls = ledger.pull_requests()?.len() as u64;
    let budget = FOR_A_RUN * runs + FOR_A_PULL_REQUEST * pulls + FOR_A_TURN * book.turns;
    let what = || {
        format!(
            "{written} times something was written ({comments} comments and edits), and {budget} is the budget of \
             {runs} releases and cleanups of {pulls} pull requests to which {} things happened",
            book.turns
        )
    };
    Ok((written > budget).then(what))
}
