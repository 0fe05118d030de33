//! One step of an operation: what gitops-engine's `Sync` does each time it is called.
//!
//! A step looks after what earlier steps began, and runs the next wave if nothing of them is left to wait for. What was
//! done is in the results that stand in the Application, so an operation goes on after a restart.

use super::{
    apply, charts,
    health::{self, Health},
    resource::{self, text},
    source::Sources,
    task::{self, Task},
};
use crate::{Key, Kind, Model};
use serde_json::{Value, json};

/// What a step came to.
#[derive(Debug)]
pub(super) struct Step {
    /// `Running`, `Succeeded`, `Failed` or `Error`.
    pub(super) phase: &'static str,
    pub(super) message: String,
    pub(super) result: Value,
    /// Whether Argo CD pauses before it goes on: after each wave but the last.
    pub(super) pauses: bool,
}

impl Step {
    fn ended(phase: &'static str, message: impl Into<String>, result: Value) -> Self {
        Self { phase, message: message.into(), result, pauses: false }
    }
}

/// Makes one step of the operation whose `status.operationState` is `state`.
pub(super) fn step(model: &mut Model, key: &Key, application: &Value, state: &Value) -> Step {
    let sync = &state["operation"]["sync"];
    let Some(sources) = Sources::of(sync).or_else(|| Sources::of(&application["spec"])) else {
        return Step::ended("Error", "the Application has no source", state["syncResult"].clone());
    };
    let frozen = sources.put_into(application);
    let mut result = state["syncResult"].clone();
    if !result.is_object() {
        result = begun(model, &sources, sync);
    }
    // The commit is frozen as well.
    let manifests = match charts::render_at(model, &frozen, &revisions_of(&result)) {
        Ok(manifests) => manifests,
        Err(error) => return Step::ended("Error", format!("ComparisonError: {error}"), result),
    };
    let tasks = match task::of(model, key, &frozen, &manifests, sync) {
        Ok(tasks) => tasks,
        Err(invalid) => {
            result["resources"] = Value::Array(invalid);
            return Step::ended("Failed", "one or more synchronization tasks are not valid", result);
        }
    };
    let results = result["resources"].as_array().cloned().unwrap_or_default();
    let mut run = Run { model, application: &frozen, sync, tasks, results };
    let mut step = run.go_on();
    result["resources"] = Value::Array(run.results);
    step.result = result;
    step
}

/// The result of an operation that has done nothing yet.
fn begun(model: &Model, sources: &Sources, sync: &Value) -> Value {
    let mut result = json!({});
    sources.write_both(&mut result);
    let mut revisions = sources.revisions(model);
    if let Some(revision) = sync["revision"].as_str().filter(|revision| !revision.is_empty()) {
        revisions = vec![revision.to_owned()];
    } else if let Some(given) = sync["revisions"].as_array().filter(|given| given.len() == revisions.len()) {
        revisions = given.iter().map(|revision| revision.as_str().unwrap_or_default().to_owned()).collect();
    }
    sources.write_revisions(revisions, &mut result);
    result
}

/// The revisions that an operation began with.
fn revisions_of(result: &Value) -> Vec<String> {
    let several = result["revisions"].as_array().into_iter().flatten();
    let revisions = std::iter::once(&result["revision"]).chain(several);
    revisions.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Ends the hooks of an operation that is terminated.
pub(super) fn terminate(model: &mut Model, result: &mut Value) {
    let results = result.get_mut("resources").and_then(Value::as_array_mut).into_iter().flatten();
    for entry in results.filter(|entry| entry["hookType"].is_string() && entry["hookPhase"] == "Running") {
        let group = text(entry, "/group");
        let version = if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") };
        if let Some(kind) = Kind::of(&version, text(entry, "/kind")) {
            model.delete(&Key::new(kind, text(entry, "/namespace"), text(entry, "/name")));
        }
        entry["hookPhase"] = json!("Failed");
        entry["message"] = json!("Terminated");
    }
}

/// A step under way.
struct Run<'a> {
    model: &'a mut Model,
    application: &'a Value,
    sync: &'a Value,
    tasks: Vec<Task>,
    results: Vec<Value>,
}

impl Run<'_> {
    fn go_on(&mut self) -> Step {
        self.look_after_begun();
        let places: Vec<_> = self.tasks.iter().map(Task::place).collect();
        let last = places.iter().max().copied();
        let has_steps = places.iter().min().copied() != last;
        let phase =
            |run: &Self, task: &Task| run.result(task).map(|result| text(result, "/hookPhase").to_owned());
        let of_phase = |run: &Self, wanted: &str| -> Vec<usize> {
            let is = |task: &Task| phase(run, task).as_deref() == Some(wanted);
            run.tasks.iter().enumerate().filter(|(_, task)| is(task)).map(|(index, _)| index).collect()
        };
        let running = of_phase(self, "Running");
        let awaited: Vec<&Task> = running
            .iter()
            .filter_map(|index| self.tasks.get(*index))
            .filter(|task| has_steps || task.is_hook)
            .collect();
        if !awaited.is_empty() {
            return Step::ended("Running", waiting(&awaited), Value::Null);
        }
        if !of_phase(self, "Failed").is_empty() {
            let message = self.reason("one or more synchronization tasks completed unsuccessfully");
            return Step::ended("Failed", message, Value::Null);
        }
        let pending: Vec<usize> = (0..self.tasks.len())
            .filter(|index| self.tasks.get(*index).is_some_and(|task| self.result(task).is_none()))
            .collect();
        let place = pending.first().and_then(|index| self.tasks.get(*index)).map(Task::place);
        let is_now = |run: &Self, index: &usize| run.tasks.get(*index).map(Task::place) == place;
        let (now, later): (Vec<usize>, Vec<usize>) =
            pending.into_iter().partition(|index| is_now(self, index));
        if !self.run(&now) {
            let message = self.reason("one or more objects failed to apply");
            return Step::ended("Failed", message, Value::Null);
        }
        // What is applied last need not get healthy (docs/measured.md, Operations), but hooks must end.
        let hooks = now.into_iter().filter(|index| self.tasks.get(*index).is_some_and(|task| task.is_hook));
        let remaining: Vec<&Task> = hooks.chain(later).filter_map(|index| self.tasks.get(index)).collect();
        if remaining.is_empty() {
            return Step::ended("Succeeded", "successfully synced (all tasks run)", Value::Null);
        }
        let mut step = Step::ended("Running", waiting(&remaining), Value::Null);
        step.pauses = place != last;
        step
    }

    fn result(&self, task: &Task) -> Option<&Value> {
        self.results.iter().find(|result| task.is_of(result))
    }

    /// What became of what earlier steps began.
    fn look_after_begun(&mut self) {
        for task in &self.tasks {
            let Some(result) = self.results.iter_mut().find(|result| task.is_of(result)) else { continue };
            if result["hookPhase"] != "Running" {
                continue;
            }
            let Some(live) = self.model.get(&task.key) else { continue };
            match health::of(task.key.kind, live).unwrap_or(Health::Healthy) {
                Health::Healthy => result["hookPhase"] = json!("Succeeded"),
                Health::Degraded => {
                    result["hookPhase"] = json!("Failed");
                    if let Some(message) = failure(live) {
                        result["message"] = json!(message);
                    }
                }
                _ => {}
            }
        }
    }

    /// Runs tasks; says whether all went well.
    fn run(&mut self, tasks: &[usize]) -> bool {
        let mut is_well = true;
        for task in tasks.iter().filter_map(|index| self.tasks.get(*index)) {
            let mut result = resource::entry(&task.key);
            result["syncPhase"] = json!(task.phase.name());
            let (status, phase, message) = match &task.wanted {
                None if self.sync["prune"] == json!(true) => {
                    self.model.delete(&task.key);
                    ("Pruned", "Succeeded", "pruned".to_owned())
                }
                None => ("PruneSkipped", "Succeeded", "ignored (requires pruning)".to_owned()),
                Some(wanted) => match put(self.model, self.application, self.sync, task, wanted) {
                    Ok(message) => ("Synced", "Running", message),
                    Err(message) => ("SyncFailed", "Failed", message),
                },
            };
            is_well &= phase != "Failed";
            result["hookPhase"] = json!(phase);
            result["message"] = json!(message);
            if task.is_hook {
                result["hookType"] = json!(task.phase.name());
            } else {
                result["status"] = json!(status);
            }
            let images = task.wanted.as_ref().map(images).unwrap_or_default();
            if !images.is_empty() {
                result["images"] = json!(images);
            }
            self.results.push(result);
        }
        is_well
    }

    /// A message with what failed.
    fn reason(&self, what: &str) -> String {
        let failed = self.results.iter().filter(|result| result["hookPhase"] == "Failed");
        let reasons: Vec<&str> = failed.map(|result| text(result, "/message")).collect();
        format!("{what}, reason: {}", reasons.join(", "))
    }
}

/// Puts an object where it is wanted.
fn put(
    model: &mut Model,
    application: &Value,
    sync: &Value,
    task: &Task,
    wanted: &Value,
) -> Result<String, String> {
    let mut wanted = wanted.clone();
    if task.is_hook {
        // `BeforeHookCreation`, which is also what holds if the hook says nothing.
        model.remove(&task.key);
    } else if task::has_option(sync, "RespectIgnoreDifferences=true")
        && let Some(live) = model.get(&task.key)
    {
        apply::respect_ignored(application, &task.key, &mut wanted, live);
    }
    apply::apply(model, &wanted, task::has_option(sync, "Replace=true"))
}

/// What an operation waits for, in Argo CD's words (`failures::operation`).
fn waiting(tasks: &[&Task]) -> String {
    let Some(first) = tasks.first() else { return String::new() };
    let (what, more) =
        if first.is_hook { ("completion of hook", "hooks") } else { ("healthy state of", "resources") };
    let message = format!("waiting for {what} {}", first.spoken());
    match tasks.len() {
        1 => message,
        several => format!("{message} and {} more {more}", several - 1),
    }
}

/// Why a Job has failed.
fn failure(job: &Value) -> Option<String> {
    let conditions = job.pointer("/status/conditions")?.as_array()?;
    let failed = conditions.iter().find(|condition| text(condition, "/type") == "Failed")?;
    Some(text(failed, "/message").to_owned())
}

fn images(manifest: &Value) -> Vec<&str> {
    let containers = manifest.pointer("/spec/template/spec/containers").and_then(Value::as_array);
    containers.into_iter().flatten().map(|container| text(container, "/image")).collect()
}
