//! What can be wrong with Argo CD's application controller: for simulations and `failures::alone`.

use super::{notice, resource};
use crate::{Key, Kind, Model, agenda::Controller, store::Change};
use std::{collections::BTreeSet, time::Duration};

/// What is wrong.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    is_stalled: bool,
    /// How many times as long everything takes; 0 and 1 are as usual.
    pub(super) slowness: u32,
    /// Whose next change of the spec is overlooked.
    overlooked: BTreeSet<Key>,
}

/// Lets everything take so many times as long.
pub fn slow_down(model: &mut Model, times: u32) {
    model.argocd.faults.slowness = times;
}

/// The controller stands still: it keeps what it knows, and does nothing.
pub fn stall(model: &mut Model) {
    model.argocd.faults.is_stalled = true;
}

/// The controller goes on where it stood still.
pub fn go_on(model: &mut Model) {
    model.argocd.faults.is_stalled = false;
    for (controller, key) in std::mem::take(&mut model.argocd.memory.held) {
        model.later(Duration::ZERO, controller, key);
    }
}

/// The controller overlooks the next change of an Application's spec: it puts its own older copy back into its cache
/// after the event, and goes on with that until the next event (docs/measured.md, Overlooked).
pub fn overlook(model: &mut Model, application: Key) {
    model.argocd.faults.overlooked.insert(application);
}

/// Whether a change is overlooked.
pub(super) fn overlooks(model: &mut Model, change: &Change) -> bool {
    let (Some(old), Some(new)) = (&change.old, &change.new) else { return false };
    old["spec"] != new["spec"] && model.argocd.faults.overlooked.remove(&change.key)
}

/// The controller stops: what it knew and what it was about to do is lost. It does nothing until [`start`].
pub fn stop(model: &mut Model) {
    model.argocd.memory = super::memory::Memory::default();
    stall(model);
}

/// The controller starts, lists all Applications, and goes on with what stands in them: operations that run are resumed
/// (docs/measured.md, Operations).
pub fn start(model: &mut Model) {
    model.argocd.memory = super::memory::Memory::default();
    model.argocd.faults.is_stalled = false;
    let applications: Vec<Key> = model.list(Kind::Application, None).map(|(key, _)| key.clone()).collect();
    for key in applications {
        notice(model, &key);
    }
}

/// The controller stops now and starts again after some time.
pub fn restart(model: &mut Model, down: Duration) {
    stop(model);
    model.later(down, Controller::ArgocdCompare, controller());
}

/// Stands for the controller itself on the agenda.
fn controller() -> Key {
    Key::new(Kind::Namespace, "", resource::NAMESPACE)
}

/// Whether what is due is kept for later, or lost; the start after a restart is served here.
pub(super) fn holds_back(model: &mut Model, due: Controller, key: &Key) -> bool {
    if *key == controller() {
        start(model);
        return true;
    }
    if model.argocd.faults.is_stalled {
        model.argocd.memory.held.insert((due, key.clone()));
    }
    model.argocd.faults.is_stalled
}
