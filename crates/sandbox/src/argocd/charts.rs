//! What Argo CD's repository server makes of an Application's sources: manifests, or the message of an error.
//!
//! The charts of the testbed's fleet (`testbed/fleet`) are functions from values to manifests here; Helm's rules for
//! values and templates are around them, as far as a scenario can show them. What real Helm rendered from the charts is
//! in `charts/fixture.json`, and the tests compare with it.
//!
//! Left out: other charts, Helm repositories and OCI charts, Kustomize and plugins, `.argocd-source.yaml`, lists and
//! variables in parameters.

mod parameter;
mod small;
mod template;
mod umbrella;
mod values;
mod yaml;

#[cfg(test)]
mod tests;

use super::repositories::{Content, Repositories};
use crate::{Kind, Model};
use serde_json::Value;
use std::{collections::BTreeMap, fmt::Write as _};

/// Values for an Application with several sources, in the fleet's repository.
const VALUES_FILE: (&str, &str) =
    ("values/multi-source.yaml", "atlas: {replicas: 2}\natlas-read: {replicas: 2}\n");

/// The manifests that an Application's sources render to, in the namespace of its destination.
///
/// # Errors
/// What Argo CD says in the condition `ComparisonError` when a source cannot be rendered.
pub(crate) fn render(model: &Model, application: &Value) -> Result<Vec<Value>, String> {
    render_at(model, application, &[])
}

/// The same, of the commits `revisions` instead of the newest ones; an empty one is looked up.
///
/// # Errors
/// As [`render`].
pub(crate) fn render_at(
    model: &Model,
    application: &Value,
    revisions: &[String],
) -> Result<Vec<Value>, String> {
    let sources = sources(application);
    let mut rendered = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        let generation = Generation { application, source, sources: &sources };
        let revision = revisions.get(index).map_or("", String::as_str);
        let manifests = generation.manifests(&model.argocd.repositories, revision).map_err(|problem| {
            let (place, count) = (index + 1, sources.len());
            format!(
                "Failed to load target state: failed to generate manifest for source {place} of {count}: rpc error: \
                 code = Unknown desc = {problem}"
            )
        })?;
        rendered.extend(manifests);
    }
    let namespace = application["spec"]["destination"]["namespace"].as_str().unwrap_or_default();
    for manifest in &mut rendered {
        drop_nulls(manifest);
        put_into(manifest, namespace);
    }
    Ok(without_repetitions(rendered))
}

/// The commits that an Application's sources name now, one for each; empty where there is none.
pub(crate) fn revisions(model: &Model, application: &Value) -> Vec<String> {
    let repositories = &model.argocd.repositories;
    let revision = |source: &Value| {
        let (url, target) = (text(source, "repoURL"), text(source, "targetRevision"));
        repositories.find(url, target).map(|(revision, _)| revision.to_owned()).unwrap_or_default()
    };
    sources(application).iter().map(revision).collect()
}

/// What renders each of an Application's sources, in the words of `status.sourceType`; empty for one that only holds
/// values.
pub(crate) fn source_types(application: &Value) -> Vec<&'static str> {
    let kind = |source: &Value| match text(source, "path") {
        "" => "",
        path if path.starts_with("charts/") => "Helm",
        _ => "Directory",
    };
    sources(application).iter().map(kind).collect()
}

/// The sources that count: with `sources`, `source` does not (`sources_take_the_place_of_source`); the hydrator's branch
/// takes the place of both.
pub(crate) fn sources(application: &Value) -> Vec<Value> {
    let spec = &application["spec"];
    if let Value::Object(hydrator) = &spec["sourceHydrator"] {
        let hydrator = Value::Object(hydrator.clone());
        return vec![serde_json::json!({
            "repoURL": hydrator["drySource"]["repoURL"],
            "path": hydrator["syncSource"]["path"],
            "targetRevision": hydrator["syncSource"]["targetBranch"],
        })];
    }
    match spec["sources"].as_array() {
        Some(sources) if !sources.is_empty() => sources.clone(),
        _ => spec.get("source").cloned().into_iter().collect(),
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// A source whose manifests are wanted, and all that goes with it.
struct Generation<'a> {
    application: &'a Value,
    source: &'a Value,
    sources: &'a [Value],
}

impl Generation<'_> {
    fn manifests(&self, repositories: &Repositories, revision: &str) -> Result<Vec<Value>, String> {
        let url = text(self.source, "repoURL");
        if !repositories.has(url) {
            return Err("failed to list refs: repository not found".to_owned());
        }
        let target = if revision.is_empty() { text(self.source, "targetRevision") } else { revision };
        let Some((_, content)) = repositories.find(url, target) else {
            return Err(format!("unable to resolve '{target}' to a commit SHA"));
        };
        let path = text(self.source, "path");
        match content {
            _ if path.is_empty() && self.source["ref"].is_string() => Ok(Vec::new()),
            Content::Fleet { registry } => self.render_fleet(path, registry),
            Content::Manifests(manifests) if path == "." => Ok(manifests.clone()),
            Content::Manifests(_) => Err(no_such_path(path)),
        }
    }

    fn render_fleet(&self, path: &str, registry: &str) -> Result<Vec<Value>, String> {
        let chart = match path {
            "plain" => return Ok(small::plain(registry)),
            "charts/umbrella" => umbrella::render,
            "charts/minimal" => |user, registry: &str| small::MINIMAL.render(user, registry),
            "charts/single" => |user, registry: &str| small::SINGLE.render(user, registry),
            "charts/dotted" => |user, registry: &str| small::DOTTED.render(user, registry),
            _ => return Err(no_such_path(path)),
        };
        let helm = &self.source["helm"];
        self.value_files(path)
            .and_then(|files| values::set_by_user(&files, helm))
            .and_then(|user| chart(user, registry))
            .map_err(|problem| self.helm_failed(&problem))
    }

    /// The texts of `helm.valueFiles`.
    fn value_files(&self, path: &str) -> Result<Vec<&'static str>, String> {
        let helm = &self.source["helm"];
        let mut texts = Vec::new();
        for file in helm["valueFiles"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            match self.value_file(path, file) {
                Some(text) => texts.push(text),
                None if helm["ignoreMissingValueFiles"] == true => {}
                None => return Err(format!("Error: open {file}: no such file or directory")),
            }
        }
        Ok(texts)
    }

    fn value_file(&self, path: &str, file: &str) -> Option<&'static str> {
        if let Some((reference, file)) = file.strip_prefix('$').and_then(|file| file.split_once('/')) {
            let is_known = self.sources.iter().any(|source| source["ref"] == reference);
            return (is_known && file == VALUES_FILE.0).then_some(VALUES_FILE.1);
        }
        // A chart's own values are there anyway. The path of a file begins in the chart's folder.
        let levels = path.split('/').count();
        let outside = "../".repeat(levels);
        match file.strip_prefix(&outside) {
            Some(file) => (file == VALUES_FILE.0).then_some(VALUES_FILE.1),
            None => (file == "values.yaml").then_some(""),
        }
    }

    /// What Argo CD says around Helm's own message.
    fn helm_failed(&self, problem: &str) -> String {
        let name = text(&self.application["metadata"], "name");
        let namespace = text(&self.application["spec"]["destination"], "namespace");
        let mut options = String::new();
        for parameter in self.source["helm"]["parameters"].as_array().into_iter().flatten() {
            let option = if parameter["forceString"] == true { "--set-string" } else { "--set" };
            // Writing to a text cannot fail.
            let _ = write!(options, " {option} {}={}", text(parameter, "name"), text(parameter, "value"));
        }
        format!(
            "failed to execute helm template command: failed running helm: `helm template . --name-template {name} \
             --namespace {namespace} --kube-version 1.36.1{options} <api versions removed> --include-crds` failed exit \
             status 1: {problem}"
        )
    }
}

fn no_such_path(path: &str) -> String {
    format!("{path}: app path does not exist")
}

/// What a template leaves empty does not reach the API server.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Value::Array(list) => list.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

fn put_into(manifest: &mut Value, namespace: &str) {
    let is_namespaced =
        Kind::of(text(manifest, "apiVersion"), text(manifest, "kind")).is_none_or(Kind::is_namespaced);
    let metadata = &mut manifest["metadata"];
    if is_namespaced && metadata["namespace"].is_null() && !namespace.is_empty() {
        metadata["namespace"] = namespace.into();
    }
}

/// Of manifests for one object, Argo CD takes the last.
fn without_repetitions(manifests: Vec<Value>) -> Vec<Value> {
    let identity = |manifest: &Value| {
        let metadata = &manifest["metadata"];
        ["apiVersion", "kind"]
            .map(|field| text(manifest, field).to_owned())
            .into_iter()
            .chain(["namespace", "name"].map(|field| text(metadata, field).to_owned()))
            .collect::<Vec<_>>()
    };
    let last: BTreeMap<_, _> =
        manifests.iter().enumerate().map(|(index, manifest)| (identity(manifest), index)).collect();
    if last.len() == manifests.len() {
        return manifests;
    }
    let kept: std::collections::BTreeSet<_> = last.into_values().collect();
    let numbered = manifests.into_iter().enumerate();
    numbered.filter(|(index, _)| kept.contains(index)).map(|(_, manifest)| manifest).collect()
}
