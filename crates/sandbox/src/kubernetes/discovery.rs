//! What the API server says about itself: its version, its health, and the resources that it has.
//!
//! Shown by `cluster::a_cluster_without_argo_cd_is_named` and `cluster::what_runs_there_is_told`.

use super::{
    Reply, has_status,
    path::{Asked, Path},
    status::Refusal,
};
use crate::Kind;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The version of Kubernetes on the testbed.
const VERSION: &str = "v1.36.1";

/// Answers a request that is not about objects.
pub(super) fn answer(asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let Path::Words(words) = &asked.path else { return Err(Refusal::no_page()) };
    if asked.verb != "get" {
        return Err(Refusal::method_not_allowed());
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["healthz" | "livez" | "readyz", ..] => Ok(Reply::Text("ok")),
        ["version"] => Ok(Reply::json(&json!({
            "major": "1", "minor": "36", "gitVersion": VERSION, "platform": "linux/amd64",
        }))),
        ["api"] => Ok(Reply::json(&json!({ "kind": "APIVersions", "versions": ["v1"] }))),
        ["apis"] => {
            let groups: Vec<Value> = groups().into_iter().map(group).collect();
            Ok(Reply::json(&json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups })))
        }
        ["api", "v1"] => resources("", "v1"),
        ["apis", name] => {
            let found = groups().into_iter().find(|(group, _)| group == name).ok_or_else(Refusal::no_page)?;
            let mut group = group(found);
            group["kind"] = json!("APIGroup");
            group["apiVersion"] = json!("v1");
            Ok(Reply::json(&group))
        }
        ["apis", group, version] => resources(group, version),
        _ => Err(Refusal::no_page()),
    }
}

/// The groups beside the core, with their version.
fn groups() -> BTreeMap<&'static str, &'static str> {
    let named = Kind::ALL.into_iter().filter(|kind| !kind.group().is_empty());
    let groups = named.map(|kind| (kind.group(), kind.version()));
    groups.chain([("authorization.k8s.io", "v1")]).collect()
}

fn group((name, version): (&str, &str)) -> Value {
    let version = json!({ "groupVersion": format!("{name}/{version}"), "version": version });
    json!({ "name": name, "versions": [version], "preferredVersion": version })
}

fn resources(group: &str, version: &str) -> Result<Reply, Refusal> {
    let mut resources = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|kind| kind.group() == group && kind.version() == version) {
        let entry = |name: String, verbs: Value| {
            json!({
                "name": name, "singularName": kind.name().to_lowercase(), "namespaced": kind.is_namespaced(),
                "kind": kind.name(), "verbs": verbs,
            })
        };
        let all = json!(["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]);
        resources.push(entry(kind.plural().to_owned(), all));
        if has_status(kind) {
            resources.push(entry(format!("{}/status", kind.plural()), json!(["get", "patch", "update"])));
        }
    }
    if (group, version) == ("authorization.k8s.io", "v1") {
        resources.push(json!({
            "name": "selfsubjectaccessreviews", "singularName": "selfsubjectaccessreview", "namespaced": false,
            "kind": "SelfSubjectAccessReview", "verbs": ["create"],
        }));
    }
    if resources.is_empty() {
        return Err(Refusal::no_page());
    }
    let version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    Ok(Reply::json(&json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources,
    })))
}
