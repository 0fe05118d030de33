//! Running operations: from the request in an Application to its end, step by step, and again if it failed.

use super::{
    automation::is_set,
    comparing::{self, MANAGER, is_skipped},
    deletion, history,
    memory::{Level, Operating},
    project,
    resource::text,
    retry, sync,
};
use crate::{Key, Model, agenda::Controller, kubernetes};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use std::time::Duration;

/// Asks for a look at the operation of an Application.
pub(super) fn request(model: &mut Model, key: &Key, delay: Duration) {
    let known = model.argocd.memory.applications.entry(key.clone()).or_default();
    if known.is_operating {
        known.operate_again = true;
    } else {
        model.later(delay, Controller::ArgocdOperation, key.clone());
    }
}

/// Does what is due for the operation of an Application.
pub(super) fn reconcile(model: &mut Model, key: &Key) {
    let known = model.argocd.memory.applications.entry(key.clone()).or_default();
    match known.operating.take() {
        // As in a comparison: the Application is gone, or another one of its name is there.
        Some(operating) if comparing::uid(model, key) != Some(&operating.uid) => {
            finish(model, key);
            request(model, key, Duration::ZERO);
        }
        Some(operating) if operating.is_done => record(model, key, operating),
        Some(operating) => work(model, key, operating),
        None => look(model, key),
    }
}

/// Takes an operation up if there is one and a processor is free.
fn look(model: &mut Model, key: &Key) {
    if model.argocd.memory.operations.is_queued(key) {
        return;
    }
    let application = model.get(key).cloned().filter(|application| !is_skipped(application));
    let limit = model.timing.operations;
    match application {
        Some(application) if is_set(&application["operation"]) => {
            if let Some(at) = retry_at(model, &application).filter(|at| *at > model.now()) {
                let delay = at.duration_since(model.now()).unsigned_abs();
                model.later(delay, Controller::ArgocdOperation, key.clone());
            } else if model.argocd.memory.operations.take(key, limit) {
                begin(model, key, &application);
                return;
            } else {
                return;
            }
        }
        // A deletion is served only when no operation is left (`testbed/tenant`, function `delete`).
        Some(application) => deletion::serve(model, key, &application),
        None => comparing::forget(model, key),
    }
    if let Some(next) = model.argocd.memory.operations.next(limit) {
        model.later(Duration::ZERO, Controller::ArgocdOperation, next);
    }
}

/// When an operation that failed is tried again.
fn retry_at(model: &Model, application: &Value) -> Option<Timestamp> {
    let state = &application["status"]["operationState"];
    if state["phase"] != "Running" {
        return None;
    }
    let ended = text(state, "/finishedAt").parse().ok()?;
    Some(retry::next(&state["operation"], retries(state), ended, model.timing.retry))
}

fn retries(state: &Value) -> i64 {
    state["retryCount"].as_i64().unwrap_or(0)
}

/// Shows that the operation runs. One that ran already goes on, also after a restart.
fn begin(model: &mut Model, key: &Key, application: &Value) {
    model.argocd.memory.applications.entry(key.clone()).or_default().is_operating = true;
    let mut state = application["status"]["operationState"].clone();
    if !matches!(text(&state, "/phase"), "Running" | "Terminating") {
        let now = kubernetes::time(model.now());
        state = json!({ "phase": "Running", "operation": application["operation"], "startedAt": now });
        store(model, key, &state);
    } else if state["phase"] == "Running" && is_set(&state["finishedAt"]) {
        state["retryCount"] = json!(retries(&state) + 1);
        if let Some(state) = state.as_object_mut() {
            state.remove("finishedAt");
            state.remove("syncResult");
        }
        store(model, key, &state);
    }
    let is_first = !is_set(&state["syncResult"]);
    let known = model.argocd.memory.applications.entry(key.clone()).or_default();
    let uid = application["metadata"]["uid"].clone();
    known.operating = Some(Operating { uid, state, is_done: false, is_terminated: false });
    let around = if is_first { model.timing.apply } else { model.timing.apply / 2 };
    let delay = model.slowed(around);
    model.later(delay, Controller::ArgocdOperation, key.clone());
}

/// Makes a step. What it comes to is stored a moment later.
fn work(model: &mut Model, key: &Key, mut operating: Operating) {
    let Some(application) = model.get(key).cloned() else { return finish(model, key) };
    let state = &mut operating.state;
    let mut pauses = false;
    let is_manual = state["operation"]["initiatedBy"]["automated"] != json!(true);
    match project::of(model, &application) {
        Err(message) => set(state, "Error", message),
        Ok(project) if !project.lets_sync(&application, is_manual, model.now()) => {
            // Not even its termination is served (docs/measured.md, Operations).
            if state["phase"] == "Running" {
                state["message"] = json!("Sync operation blocked by sync window");
            }
        }
        Ok(_) if state["phase"] == "Terminating" => {
            sync::terminate(model, &mut state["syncResult"]);
            set(state, "Failed", "Operation terminated".to_owned());
            operating.is_terminated = true;
        }
        Ok(_) => {
            let step = sync::step(model, key, &application, state);
            set(state, step.phase, step.message);
            state["syncResult"] = step.result;
            pauses = step.pauses;
        }
    }
    operating.is_done = true;
    let known = model.argocd.memory.applications.entry(key.clone()).or_default();
    known.operating = Some(operating);
    let delay = model.slowed(model.timing.informer);
    let delay = if pauses { delay.saturating_add(model.timing.wave) } else { delay };
    model.later(delay, Controller::ArgocdOperation, key.clone());
}

fn set(state: &mut Value, phase: &str, message: String) {
    state["phase"] = json!(phase);
    state["message"] = json!(message);
}

/// Stores what a step came to.
fn record(model: &mut Model, key: &Key, mut operating: Operating) {
    let Some(application) = model.get(key).cloned() else { return finish(model, key) };
    let now = model.now();
    let state = &mut operating.state;
    if state["syncResult"].is_null()
        && let Some(state) = state.as_object_mut()
    {
        state.remove("syncResult");
    }
    if state["phase"] == "Running" && application["status"]["operationState"]["phase"] == "Terminating" {
        set(state, "Terminating", "operation is terminating".to_owned());
    }
    if matches!(text(state, "/phase"), "Failed" | "Error") && !operating.is_terminated {
        try_again(model, state);
    }
    let is_over = !matches!(text(state, "/phase"), "Running" | "Terminating");
    if is_over {
        state["finishedAt"] = json!(kubernetes::time(now));
        history::add(model, key, state);
        store_end(model, key, state);
    } else {
        store(model, key, state);
    }
    finish(model, key);
    if is_over {
        let delay = model.about(model.timing.informer);
        comparing::request(model, key, delay, Some(Level::Latest));
    }
}

/// An operation that failed runs on until it has been tried as often as it may. What the API server said of each resource
/// stays readable meanwhile
/// (`a_workload_that_the_api_server_refuses_is_named_at_once_although_argo_cd_tries_again`).
fn try_again(model: &Model, state: &mut Value) {
    let count = retries(state);
    let message = text(state, "/message").to_owned();
    if retry::is_left(&state["operation"], count) {
        let at = retry::next(&state["operation"], count, model.now(), model.timing.retry);
        let at = at.to_zoned(TimeZone::UTC).strftime("%-I:%M%p");
        set(state, "Running", format!("{message}. Retrying attempt #{} at {at}.", count + 1));
        state["finishedAt"] = json!(kubernetes::time(model.now()));
    } else if count > 0 {
        state["message"] = json!(format!("{message} (retried {count} times)."));
    }
}

fn store(model: &mut Model, key: &Key, state: &Value) {
    model.update(key, MANAGER, |application| put(application, state));
}

/// With the phase in which it ended, its request is cleared.
fn store_end(model: &mut Model, key: &Key, state: &Value) {
    model.update(key, MANAGER, |application| {
        put(application, state);
        if let Some(fields) = application.as_object_mut() {
            fields.remove("operation");
        }
    });
}

fn put(application: &mut Value, state: &Value) {
    if !application["status"].is_object() {
        application["status"] = json!({});
    }
    application["status"]["operationState"] = state.clone();
}

/// Lets the next one begin, and looks again at what changed meanwhile.
fn finish(model: &mut Model, key: &Key) {
    let limit = model.timing.operations;
    model.argocd.memory.operations.give_back();
    if let Some(next) = model.argocd.memory.operations.next(limit) {
        model.later(Duration::ZERO, Controller::ArgocdOperation, next);
    }
    let Some(known) = model.argocd.memory.applications.get_mut(key) else { return };
    known.is_operating = false;
    if std::mem::take(&mut known.operate_again) {
        let delay = model.about(model.timing.informer);
        model.later(delay, Controller::ArgocdOperation, key.clone());
    }
}
