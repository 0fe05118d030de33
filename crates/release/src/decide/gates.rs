//! What must be so before anything is released: the build, the images, and that nothing is frozen.

use super::{
    Gate, GateState, LATER, Observation, SOON,
    facts::{BuildJob, BuildRun, ImageFacts, Known},
    later,
    rules::BuildRule,
    text::{short, shown, word},
};
use crate::image::{Digest, ImageReference};
use jiff::Timestamp;
use std::{collections::BTreeMap, time::Duration};

/// All gates of a pull request.
#[derive(Default)]
pub(super) struct Gates {
    /// In the order in which they are looked at.
    pub(super) list: Vec<Gate>,
    /// When to look again at those whose change nobody tells us.
    pub(super) look_again: Option<Timestamp>,
}

impl Gates {
    /// Whether nothing stands in the way.
    pub(super) fn open(&self) -> bool {
        self.list.iter().all(|gate| gate.state == GateState::Open)
    }

    fn add(&mut self, gate: Gate, again: Option<Timestamp>) {
        self.list.push(gate);
        self.look_again = self.look_again.into_iter().chain(again).min();
    }
}

/// Looks at all gates.
pub(super) fn all(observation: &Observation) -> Gates {
    let again = |after: Duration| Some(later(observation.now, after));
    let mut gates = Gates::default();
    if let Some(rule) = &observation.rules.build {
        let gate = build(observation, rule);
        // That a build goes on or has ended, GitHub tells us; that it could not be asked, nobody does.
        let unread = !matches!(observation.build, Known::Yes(Some(_)));
        gates.add(gate, if unread { again(SOON) } else { None });
    }
    if gates.open() {
        images(observation, &mut gates);
    } else {
        let found = "they are looked at when the build has succeeded".to_owned();
        gates.add(gate("images", GateState::Waiting, found, None), None);
    }
    match &observation.frozen {
        None => {
            gates.add(gate("freeze", GateState::Open, "new releases may begin".to_owned(), None), None);
        }
        Some(why) => gates.add(gate("freeze", GateState::Closed, why.clone(), None), again(LATER)),
    }
    gates
}

/// The images to release; `None` unless all of them have a name and are there.
pub(super) fn images_to_release(observation: &Observation) -> Option<BTreeMap<String, ImageReference>> {
    let Known::Yes(images) = &observation.images else { return None };
    let ready = |image: &ImageFacts| match (&image.reference, &image.present) {
        (Ok(reference), Known::Yes(Ok(_))) => Some((image.name.clone(), reference.clone())),
        _ => None,
    };
    images.iter().map(ready).collect()
}

fn gate(name: &str, state: GateState, found: String, advice: Option<String>) -> Gate {
    Gate { name: name.to_owned(), state, found, advice }
}

/// The newest attempt for this commit, branch and repository must have succeeded; a run that goes on again closes it.
fn build(observation: &Observation, rule: &BuildRule) -> Gate {
    let waiting = |found: String, advice: Option<String>| gate("build", GateState::Waiting, found, advice);
    let commit = short(&observation.pull_request.head_commit);
    let workflow = word(&rule.workflow);
    match &observation.build {
        Known::NotYet(why) => waiting(why.clone(), None),
        Known::Yes(None) => waiting(format!("{workflow} was not looked at yet"), None),
        Known::Yes(Some(build)) => match &build.run {
            None => waiting(
                format!("no run yet for {commit}: {workflow} has not begun"),
                Some(format!(
                    "if it does not begin by itself, check that {workflow} runs on pushes to this branch"
                )),
            ),
            Some(run) => judge_run(rule, run, &format!("{workflow} for {commit}")),
        },
    }
}

/// Judges the run; `what` names it.
fn judge_run(rule: &BuildRule, run: &BuildRun, what: &str) -> Gate {
    let attempt = run.attempt;
    if run.status != COMPLETED {
        let found = format!("{what} is {} (attempt {attempt})", word(&run.status));
        return gate("build", GateState::Waiting, found, Some(format!("follow it at {}", run.url)));
    }
    if run.conclusion.as_deref() != Some(SUCCESS) {
        let found = format!("{what} {} (attempt {attempt})", ended(run.conclusion.as_deref()));
        return gate("build", GateState::Closed, found, Some(mend(&run.url)));
    }
    match &rule.job {
        None => {
            let found = format!("{what} has succeeded (attempt {attempt})");
            gate("build", GateState::Open, found, None)
        }
        Some(name) => judge_job(name, run, what),
    }
}

/// Judges the job that counts in a run that has succeeded.
fn judge_job(name: &str, run: &BuildRun, what: &str) -> Gate {
    let (job, attempt) = (shown(name), run.attempt);
    let (state, found, advice) = match &run.job {
        None => (
            GateState::Closed,
            format!("{what} has succeeded without a job {job} (attempt {attempt})"),
            Some(format!(
                "look at {}; correct the name of the job in `build` of the service, or let it run",
                run.url
            )),
        ),
        Some(BuildJob { status, .. }) if status != COMPLETED => {
            let found = format!("job {job} of {what} is {} (attempt {attempt})", word(status));
            (GateState::Waiting, found, Some(format!("follow it at {}", run.url)))
        }
        Some(BuildJob { conclusion, .. }) if conclusion.as_deref() == Some(SUCCESS) => {
            (GateState::Open, format!("job {job} of {what} has succeeded (attempt {attempt})"), None)
        }
        Some(BuildJob { conclusion, .. }) => {
            let found = format!("job {job} of {what} {} (attempt {attempt})", ended(conclusion.as_deref()));
            (GateState::Closed, found, Some(mend(&run.url)))
        }
    };
    gate("build", state, found, advice)
}

const COMPLETED: &str = "completed";
const SUCCESS: &str = "success";

fn ended(conclusion: Option<&str>) -> String {
    match conclusion {
        Some("skipped") => "was skipped, which is not a success".to_owned(),
        Some("cancelled") => "was cancelled".to_owned(),
        Some("failure") => "has failed".to_owned(),
        Some("timed_out") => "took too long".to_owned(),
        Some(other) => format!("has ended with {}, which is not a success", word(other)),
        None => "has ended and does not say how".to_owned(),
    }
}

fn mend(url: &str) -> String {
    format!("look at {url}; run it again, or push a commit that builds")
}

/// Each image must have a name and be there for all platforms.
fn images(observation: &Observation, gates: &mut Gates) {
    let again = |after: Duration| Some(later(observation.now, after));
    let images = match &observation.images {
        Known::NotYet(why) => {
            gates.add(gate("images", GateState::Waiting, why.clone(), None), again(SOON));
            return;
        }
        Known::Yes(images) => images,
    };
    if images.is_empty() {
        let found = "the service names no image that a commit is built into".to_owned();
        let advice = "add `images` to `rings` of the service".to_owned();
        gates.add(gate("images", GateState::Closed, found, Some(advice)), None);
    }
    for image in images {
        let name = format!("image {}", word(&image.name));
        let closed = |found: &str, advice: &str| {
            gate(&name, GateState::Closed, found.to_owned(), Some(advice.to_owned()))
        };
        match (&image.reference, &image.present) {
            (Err(why), _) => {
                let advice =
                    "correct `images` in `rings` of the service, or push the branch under another name";
                gates.add(closed(why, advice), None);
            }
            (Ok(reference), Known::NotYet(why)) => {
                let found = format!("whether {reference} is there is not known yet: {why}");
                gates.add(gate(&name, GateState::Waiting, found, None), again(SOON));
            }
            (Ok(_), Known::Yes(Err(why))) => {
                let advice = "look at what the build has pushed; it is looked for again every ten minutes";
                gates.add(closed(why, advice), again(LATER));
            }
            (Ok(reference), Known::Yes(Ok(digest))) => {
                let found = format!(
                    "{reference} is there for all platforms ({})",
                    word(Digest(digest.clone()).short())
                );
                gates.add(gate(&name, GateState::Open, found, None), None);
            }
        }
    }
}
