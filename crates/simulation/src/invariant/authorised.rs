//! No release for a pull request without authority and gates: since the look that led to it began, the label was there and
//! set by somebody who may push, the newest build of the commit had succeeded, and its image was in the registry. And none
//! while somebody has been told that its service, or everything, is frozen.
//!
//! A freeze is not judged by the look, but by the moment at which the release begins: Ringway asks for it last, and lets
//! nobody freeze anything until what is just beginning has begun. Whoever has an answer has nothing begin any more.

use super::Invariant;
use crate::{audience::Moment, hub::history::PullFacts};
use release::report::RunKind;
use ringway::ledger::{PullRequestOrigin, Run};
use std::collections::BTreeSet;

#[derive(Default)]
pub(super) struct Authorised {
    judged: BTreeSet<String>,
}

impl Invariant for Authorised {
    fn name(&self) -> &'static str {
        "authorised"
    }

    fn look(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        let Some(history) = &moment.book.github else { return Ok(()) };
        for (run, _) in moment.ledger.runs.values() {
            let Some(origin) = run.origin.as_ref().filter(|_| run.kind == RunKind::Release) else { continue };
            if self.judged.insert(run.id.clone()) {
                not_frozen(run, moment)?;
                let facts = history.since_look(origin.number);
                let image = |branch: &str, commit: &str| history.hub().image_of(branch, commit);
                judge(run, origin, &facts, image)?;
            }
        }
        Ok(())
    }
}

/// Whether nothing stood in the way when the release began. What a person began may become a pull request's later on.
fn not_frozen(run: &Run, moment: &Moment<'_>) -> Result<(), String> {
    let began = moment.book.began.get(&run.id).copied().unwrap_or(moment.now);
    match moment.book.freezes.since(&run.service).filter(|since| *since < began) {
        Some(since) => {
            let (id, service) = (&run.id, &run.service);
            Err(format!("release {id} of {service} began although that is frozen since {since}"))
        }
        None => Ok(()),
    }
}

fn judge(
    run: &Run,
    origin: &PullRequestOrigin,
    facts: &[&PullFacts],
    image: impl Fn(&str, &str) -> Option<String>,
) -> Result<(), String> {
    let label = origin.label.as_deref().unwrap_or_default();
    let commit = origin.commit.as_deref().unwrap_or_default();
    let broken = |what: &str| {
        let (id, number) = (&run.id, origin.number);
        Err(format!("release {id} of pull request {number} for {label} at {commit} began although {what}"))
    };
    let ever = |holds: &dyn Fn(&PullFacts) -> bool| facts.iter().any(|facts| holds(facts));
    if !ever(&|facts| facts.is_ring && facts.branch == run.ring) {
        return broken("it is no ring");
    }
    if !ever(&|facts| facts.labels.contains_key(label)) {
        return broken("it does not have the label");
    }
    if !ever(&|facts| facts.labels.get(label) == Some(&true)) {
        return broken("whoever set the label may not push");
    }
    if !ever(&|facts| facts.head == commit) {
        return broken("that is not its head");
    }
    if !ever(&|facts| facts.head == commit && facts.is_built) {
        return broken("the newest build of the commit has not succeeded");
    }
    if !ever(&|facts| facts.head == commit && facts.has_image) {
        return broken("the image of the commit is not there");
    }
    let wanted = image(&run.ring, commit);
    let released: Vec<String> = run.images.iter().map(|image| image.reference.to_string()).collect();
    if released.iter().any(|image| Some(image) != wanted.as_ref()) {
        return broken(&format!("{released:?} is not its image"));
    }
    Ok(())
}
