//! The nodes: what happens to a pod from its creation to its end.
//!
//! It follows the stages of `testbed/config/kwok.yaml`, with two additions that a simulation needs: what is not the
//! image's own fault is tried again as a real kubelet does it, with pauses that double up to five minutes, and an
//! evicted pod fails. The first container decides; the others do the same.
//!
//! Shown by `a_container_that_crashes_is_named_with_its_exit_code_and_how_to_read_its_last_words`,
//! `slow_pods_are_waited_for_and_explained_with_evidence` and `a_pod_that_no_node_takes_is_told_while_it_is_waited_for_and_at_the_deadline`;
//! the two additions and the forms of imageID: docs/measured.md, Workloads.

pub(super) mod status;
#[cfg(test)]
mod tests;

use super::{
    behaviour::{self, Again, Fate},
    object::{self, is_deleted, text},
    pod, scheduler,
};
use crate::{Key, Model, agenda::Controller, store::Change};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// Who a node writes as.
pub(super) const NODE: &str = "kubelet";

/// From `ErrImagePull` to `ImagePullBackOff` (kwok.yaml, `pod-image-pull-backoff`).
const BACK_OFF: Duration = Duration::from_millis(1500);
/// How long a container that crashes runs (kwok.yaml, `pod-crash`).
const CRASH: Duration = Duration::from_millis(700);
/// How long a container that crashed is not started again (kwok.yaml, `pod-crash-restart`).
const RESTART: Duration = Duration::from_secs(3);
/// After so many crashes the testbed's kubelet lets it be.
const CRASHES: u32 = 3;
/// How long the container of a Job runs (kwok.yaml, `pod-complete`).
const WORK: Duration = Duration::from_millis(300);
/// How long a pod that flaps stays ready, and then not ready.
const FLAP: Duration = Duration::from_secs(2);
/// The kubelet's first pause before it tries something again, and its longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(300));

/// What a node is going to do with a pod.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    uid: String,
    step: Step,
    due: Timestamp,
    /// How often something failed.
    failures: u32,
}

/// What comes next for a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The scheduler chooses a node.
    Schedule,
    /// The container is pulled and started, for the first time or again.
    Start,
    /// A failed pull is called a back-off.
    BackOff,
    /// A container exits with 1.
    Crash,
    /// A container that is not ready goes on so until its namespace behaves otherwise.
    Wait,
    /// The container of a Job is done.
    Complete,
    /// A ready container becomes unready.
    Fall,
    /// An unready container becomes ready.
    Rise,
    /// Nothing more happens.
    Rest,
    /// The pod goes away.
    End,
}

/// A pod that is new or to end.
pub(super) fn wake(model: &mut Model, change: &Change) {
    let key = &change.key;
    let was_deleted = change.old.as_ref().is_some_and(|pod| is_deleted(pod));
    match (&change.old, &change.new) {
        (_, None) => forget(model, key),
        (None, Some(pod)) => {
            let delay = model.about(model.timing.schedule);
            plan(model, key, pod, Step::Schedule, delay, 0);
        }
        (Some(_), Some(pod)) if is_deleted(pod) && !was_deleted => {
            // The API server waits for nobody where no node runs it (`CheckGracefulDelete` of pods).
            if text(pod, "/spec/nodeName").is_empty() || pod::has_ended(pod) {
                model.remove(key);
            } else {
                let delay = model.about(model.timing.terminate);
                plan(model, key, pod, Step::End, delay, 0);
            }
        }
        _ => {}
    }
}

/// Leaves a pod alone.
pub(super) fn forget(model: &mut Model, key: &Key) {
    model.workloads.plans.remove(key);
}

fn plan(model: &mut Model, key: &Key, pod: &Value, step: Step, delay: Duration, failures: u32) {
    let uid = text(pod, "/metadata/uid").to_owned();
    let due = model.now().saturating_add(delay).unwrap_or(Timestamp::MAX);
    model.workloads.plans.insert(key.clone(), Plan { uid, step, due, failures });
    if !matches!(step, Step::Rest | Step::Wait) {
        model.later(delay, Controller::Kubelet, key.clone());
    }
}

/// Does what is due for a pod.
pub(super) fn reconcile(model: &mut Model, key: &Key) {
    let Some(pod) = model.get(key).cloned() else { return };
    let Some(plan) = model.workloads.plans.get(key).cloned() else { return };
    if plan.uid != text(&pod, "/metadata/uid") {
        return;
    }
    if let Ok(rest) = Duration::try_from(plan.due.duration_since(model.now()))
        && !rest.is_zero()
    {
        model.later(rest, Controller::Kubelet, key.clone());
        return;
    }
    if plan.step == Step::Schedule {
        accept(model, key, &pod);
        return;
    }
    let fate = behaviour::fate(model, key, &pod);
    if !model.workloads.stopped && fate != Fate::Hangs {
        Node { key, pod: &pod, failures: plan.failures }.go_on(model, plan.step, &fate);
    }
}

/// The scheduler has found a node, and the node begins (kwok.yaml, `pod-created`).
fn accept(model: &mut Model, key: &Key, pod: &Value) {
    if !scheduler::schedule(model, key, pod) {
        plan(model, key, pod, Step::Rest, Duration::ZERO, 0);
        return;
    }
    let delay = behaviour::ready_delay(pod);
    let delay = delay.unwrap_or_else(|| model.about(model.timing.ready));
    plan(model, key, pod, Step::Start, delay, 0);
    if !model.workloads.stopped {
        let now = object::now(model);
        model.update(key, NODE, |pod| status::created(pod, &now));
    }
}

/// A node with one of its pods.
struct Node<'a> {
    key: &'a Key,
    pod: &'a Value,
    failures: u32,
}

impl Node<'_> {
    fn go_on(&self, model: &mut Model, step: Step, fate: &Fate) {
        match step {
            Step::Start => self.start(model, fate),
            Step::Wait if matches!(fate, Fate::Ready | Fate::Flaps) => self.start(model, fate),
            Step::BackOff => self.back_off(model, fate),
            Step::Crash => self.crash(model, fate),
            Step::Complete => self.write(model, status::completed, Step::Rest, Duration::ZERO),
            Step::Fall => self.write(model, status::unready, Step::Rise, FLAP),
            Step::Rise => {
                self.run(model, true);
                self.next(model, Step::Rest, Duration::ZERO);
            }
            Step::End => model.remove(self.key),
            Step::Schedule | Step::Wait | Step::Rest => {}
        }
    }

    fn start(&self, model: &mut Model, fate: &Fate) {
        if text(self.pod, "/status/startTime").is_empty() {
            // The nodes stood still when it came.
            let now = object::now(model);
            model.update(self.key, NODE, |pod| status::created(pod, &now));
        }
        match fate {
            Fate::Ready | Fate::Flaps => {
                self.run(model, true);
                match fate {
                    Fate::Flaps => self.next(model, Step::Fall, FLAP),
                    _ if behaviour::completes(self.pod) => self.next(model, Step::Complete, WORK),
                    _ => self.next(model, Step::Rest, Duration::ZERO),
                }
            }
            Fate::NeverReady => {
                self.run(model, false);
                self.next(model, Step::Wait, Duration::ZERO);
            }
            Fate::Crashes(_) => {
                self.run(model, false);
                self.next(model, Step::Crash, CRASH);
            }
            Fate::Unpulled(why, _) => {
                let wait =
                    |pod: &mut Value, now: &str| status::waiting(pod, now, "ErrImagePull", |_| why.clone());
                self.write(model, wait, Step::BackOff, BACK_OFF);
            }
            Fate::Unconfigured => {
                let message = |container: &Value| {
                    format!("secret {:?} not found", format!("{}-credentials", text(container, "/name")))
                };
                let wait = |pod: &mut Value, now: &str| {
                    status::waiting(pod, now, "CreateContainerConfigError", message);
                };
                self.write(model, wait, Step::Rest, Duration::ZERO);
            }
            Fate::Hangs => {}
        }
    }

    fn back_off(&self, model: &mut Model, fate: &Fate) {
        let message = |container: &Value| format!("Back-off pulling image {:?}", text(container, "/image"));
        let wait = |pod: &mut Value, now: &str| status::waiting(pod, now, "ImagePullBackOff", message);
        match fate {
            Fate::Unpulled(_, Again::NotForLong) => self.write(model, wait, Step::Rest, Duration::ZERO),
            _ => self.fail(model, wait, pause(self.failures)),
        }
    }

    fn crash(&self, model: &mut Model, fate: &Fate) {
        let crashes = self.failures + 1;
        match fate {
            Fate::Crashes(Again::NotForLong) if crashes >= CRASHES => {
                self.write(model, status::crashed, Step::Rest, Duration::ZERO);
            }
            _ if crashes < CRASHES => self.fail(model, status::crashed, RESTART),
            _ => self.fail(model, status::crashed, pause(crashes - CRASHES)),
        }
    }

    fn run(&self, model: &mut Model, is_ready: bool) {
        let containers = self.pod.pointer("/spec/containers").and_then(Value::as_array);
        let images = containers.into_iter().flatten().map(|container| text(container, "/image"));
        let ids: Vec<String> = images.map(|image| behaviour::image_id(model, image)).collect();
        let now = object::now(model);
        model.update(self.key, NODE, |pod| status::running(pod, &now, &ids, is_ready));
    }

    /// Says that something failed, and tries again after a pause.
    fn fail(&self, model: &mut Model, change: impl FnOnce(&mut Value, &str), pause: Duration) {
        let now = object::now(model);
        model.update(self.key, NODE, |pod| change(pod, &now));
        plan(model, self.key, self.pod, Step::Start, pause, self.failures + 1);
    }

    fn write(&self, model: &mut Model, change: impl FnOnce(&mut Value, &str), step: Step, delay: Duration) {
        let now = object::now(model);
        model.update(self.key, NODE, |pod| change(pod, &now));
        self.next(model, step, delay);
    }

    fn next(&self, model: &mut Model, step: Step, delay: Duration) {
        plan(model, self.key, self.pod, step, delay, self.failures);
    }
}

fn pause(failures: u32) -> Duration {
    let (first, longest) = PAUSES;
    first.saturating_mul(2_u32.saturating_pow(failures)).min(longest)
}

/// The digest of an image that no registry of the model has, which follows from its name as on the testbed.
pub(super) fn digest_of_name(image: &str) -> String {
    let digest = Sha256::digest(image.as_bytes());
    digest.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}
