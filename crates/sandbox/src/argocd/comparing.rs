//! Comparing Applications, one after the other: when, how long it takes, and what is written.
//!
//! A comparison is a look, the work, and two writes: first an operation is asked for, then the result is stored
//! (`an_application_looks_green_for_the_old_source_right_after_a_patch_and_is_not_believed`, docs/measured.md, Timing).

mod store;

use super::{
    automation,
    compare::{Seen, compare},
    memory::{Comparing, Found, Level},
    normalize, project,
    resource::{annotation, text},
    source::Sources,
};
use crate::{Key, Model, agenda::Controller};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// Who the controller writes as.
pub(super) const MANAGER: &str = "argocd-application-controller";

/// Asks for a look, and for a comparison even if the spec is the same.
pub(super) fn request(model: &mut Model, key: &Key, delay: Duration, level: Option<Level>) {
    let known = model.argocd.memory.applications.entry(key.clone()).or_default();
    known.requested = known.requested.max(level);
    if known.is_comparing {
        known.compare_again = true;
    } else {
        model.later(delay, Controller::ArgocdCompare, key.clone());
    }
}

/// Does what is due for an Application.
pub(super) fn reconcile(model: &mut Model, key: &Key) {
    let known = model.argocd.memory.applications.entry(key.clone()).or_default();
    match known.comparing.take() {
        // It was deleted, and perhaps made again under its name: nothing of the old one is written into it.
        Some(comparing) if uid(model, key) != Some(&comparing.seen["metadata"]["uid"]) => {
            finish(model, key, Level::Recent);
            request(model, key, Duration::ZERO, None);
        }
        Some(Comparing { found: Some(found), level, seen, began_at }) => {
            store::store(model, key, found, level, &seen, began_at);
            finish(model, key, level);
        }
        Some(comparing) => decide(model, key, comparing),
        None => look(model, key),
    }
}

/// Which object lies under a key.
pub(super) fn uid<'a>(model: &'a Model, key: &Key) -> Option<&'a Value> {
    Some(&model.get(key)?["metadata"]["uid"])
}

/// Whether an Application is left alone (`cluster.rs` of the testbed makes one that Argo CD must not touch).
pub(super) fn is_skipped(application: &Value) -> bool {
    annotation(application, "argocd.argoproj.io/skip-reconcile") == Some("true")
}

/// Begins a comparison if there is a reason.
fn look(model: &mut Model, key: &Key) {
    if model.argocd.memory.comparisons.is_queued(key) {
        return;
    }
    let stale = model.argocd.memory.applications.get(key).and_then(|known| known.stale.clone());
    let application =
        stale.or_else(|| model.get(key).cloned()).filter(|application| !is_skipped(application));
    let limit = model.timing.comparisons;
    match application {
        Some(application) => match reason(model, key, &application) {
            Some(level) if model.argocd.memory.comparisons.take(key, limit) => {
                begin(model, key, application, level);
            }
            Some(_) => return,
            None => plan(model, key),
        },
        None => forget(model, key),
    }
    pass_on(model);
}

/// Lets the next one that waits begin, if a processor is free.
fn pass_on(model: &mut Model) {
    let limit = model.timing.comparisons;
    if let Some(next) = model.argocd.memory.comparisons.next(limit) {
        model.later(Duration::ZERO, Controller::ArgocdCompare, next);
    }
}

fn begin(model: &mut Model, key: &Key, application: Arc<Value>, level: Level) {
    let sources = Sources::of(&application["spec"]);
    let began_at = model.now();
    let known = model.argocd.memory.applications.entry(key.clone()).or_default();
    known.is_comparing = true;
    known.requested = None;
    known.heal_at = known.heal_at.filter(|at| *at > began_at);
    known.late = known.late.filter(|(_, over)| *over > began_at);
    // Manifests that are in the cache cost a fraction: 0.03 s after an operation (docs/measured.md, Timing).
    let is_rendered = sources.is_some() && known.rendered == sources;
    known.comparing = Some(Comparing { level, seen: application, began_at, found: None });
    let around = if is_rendered { model.timing.compare / 4 } else { model.timing.compare };
    let delay = model.slowed(around);
    model.later(delay, Controller::ArgocdCompare, key.clone());
}

/// Why an Application is to be compared (`needRefreshAppStatus`).
fn reason(model: &Model, key: &Key, application: &Value) -> Option<Level> {
    let known = model.argocd.memory.applications.get(key);
    let compared = &application["status"]["sync"]["comparedTo"];
    let is_other = Sources::of(compared) != Sources::of(&application["spec"])
        || compared["destination"] != application["spec"]["destination"];
    let resync_at = known.and_then(|known| known.resync_at).or_else(|| last_resync(model, application));
    let has_come = |at: Option<Timestamp>| at.is_some_and(|at| at <= model.now());
    let heal_at = known.and_then(|known| known.heal_at);
    let is_due = resync_at.is_none() || has_come(resync_at) || has_come(heal_at);
    if is_other || is_due || annotation(application, REFRESH).is_some() {
        return Some(Level::Latest);
    }
    let known = known?;
    known.requested.or_else(|| has_come(known.late.map(|(_, over)| over)).then_some(Level::Recent))
}

/// When an Application is due that was compared before the controller began to remember.
fn last_resync(model: &Model, application: &Value) -> Option<Timestamp> {
    let last: Timestamp = text(application, "/status/reconciledAt").parse().ok()?;
    last.checked_add(SignedDuration::try_from(model.timing.resync).ok()?).ok()
}

/// The annotation that asks for a comparison, and is removed when it is done.
const REFRESH: &str = "argocd.argoproj.io/refresh";

/// The work is done: finds out, and asks for an operation if one is needed.
fn decide(model: &mut Model, key: &Key, comparing: Comparing) {
    let Comparing { level, seen, began_at, .. } = comparing;
    let sources = Sources::of(&seen["spec"]);
    let (Some(sources), Ok(project)) = (sources, project::of(model, &seen)) else {
        store::store_invalid(model, key, &seen);
        finish(model, key, level);
        return;
    };
    let until = late_until(model, key);
    let comparison = compare(Seen { model, until }, key, &sources.put_into(&seen));
    let revisions = sources.revisions(model);
    tidy(model, key, &seen);
    let sync_error = if project.lets_sync(&seen, false, model.now()) {
        Some(automation::begin(model, key, &seen, &sources, &comparison, &revisions))
    } else {
        // A closed window is told nowhere in the Application (`docs/argocd-rules.md`).
        None
    };
    let known = model.argocd.memory.applications.entry(key.clone()).or_default();
    known.rendered = comparison.error.is_none().then(|| sources.clone());
    let found = Found { comparison, sources, revisions, sync_error };
    known.comparing = Some(Comparing { level, seen, began_at, found: Some(found) });
    let delay = model.slowed(model.timing.informer / 2);
    model.later(delay, Controller::ArgocdCompare, key.clone());
}

/// Up to when the cluster's watches have brought changes, if they are late.
fn late_until(model: &Model, key: &Key) -> Option<Timestamp> {
    let (until, over) = model.argocd.memory.applications.get(key)?.late?;
    (over > model.now()).then_some(until)
}

fn tidy(model: &mut Model, key: &Key, seen: &Arc<Value>) {
    let changes = normalize::changes(&seen["spec"]);
    if !changes.is_empty() {
        model.update(key, MANAGER, |application| normalize::write(&changes, &mut application["spec"]));
    }
}

/// Lets the next one begin, and looks again at what changed meanwhile.
fn finish(model: &mut Model, key: &Key, level: Level) {
    let resync = model.about(model.timing.resync);
    let at = model.now().saturating_add(resync).unwrap_or(Timestamp::MAX);
    if let Some(known) = model.argocd.memory.applications.get_mut(key) {
        known.is_comparing = false;
        if level == Level::Latest || known.resync_at.is_none() {
            known.resync_at = Some(at);
        }
    }
    model.argocd.memory.comparisons.give_back();
    pass_on(model);
    plan(model, key);
}

/// Plans the next look: soon if something changed meanwhile, else when something is due.
fn plan(model: &mut Model, key: &Key) {
    if model.get(key).is_none() {
        forget(model, key);
        return;
    }
    let soon = model.about(model.timing.informer);
    let (now, resync) = (model.now(), model.timing.resync);
    let Some(known) = model.argocd.memory.applications.get_mut(key) else { return };
    let delay = if std::mem::take(&mut known.compare_again) {
        soon
    } else {
        let due = [known.resync_at, known.heal_at, known.late.map(|(_, over)| over)];
        let next = due.into_iter().flatten().min();
        next.map_or(resync, |at| at.duration_since(now).max(SignedDuration::ZERO).unsigned_abs())
    };
    model.later(delay, Controller::ArgocdCompare, key.clone());
}

/// Forgets an Application that is gone, when nobody works on it any more.
pub(super) fn forget(model: &mut Model, key: &Key) {
    let known = model.argocd.memory.applications.get(key);
    if known.is_some_and(|known| !known.is_comparing && !known.is_operating) {
        model.argocd.memory.applications.remove(key);
    }
}

/// The watches of the cluster bring a change of something that an Application has deployed.
pub(super) fn deployed_changed(model: &mut Model, key: &Key) {
    if model.get(key).is_none() {
        return;
    }
    let now = model.now();
    let mut delay = model.about(model.timing.informer);
    let late = model.argocd.memory.applications.get(key).and_then(|known| known.late);
    if let Some((_, over)) = late.filter(|(_, over)| *over > now) {
        delay = over.duration_since(now).unsigned_abs();
    } else if model.random().chance(LATE_PERCENT) {
        // Now and then the watch is late by up to a second
        // (`crash::interrupted::an_interrupted_release_is_cancelled_without_an_owner_and_keeps_what_was_done`).
        delay = Duration::from_millis(100 + model.random().below(800));
        let before = now.checked_sub(SignedDuration::from_micros(1)).unwrap_or(now);
        let over = now.saturating_add(delay).unwrap_or(Timestamp::MAX);
        model.argocd.memory.applications.entry(key.clone()).or_default().late = Some((before, over));
    }
    request(model, key, delay, Some(Level::Recent));
}

/// How often a watch of a cluster is late.
const LATE_PERCENT: u64 = 5;
