//! What `testbed/tenant manifest` prints: a tenant's Application, or the owner that makes it.

use super::{NAMESPACE, Options, Owner, REPOSITORY};
use serde_json::{Map, Value, json};

const CASCADE: &str = "resources-finalizer.argocd.argoproj.io";
/// Argo CD takes it away when it has looked, so no owner may keep it.
const REFRESH: &str = "argocd.argoproj.io/refresh";

/// What is sent to the API server to make a tenant.
pub fn manifest(name: &str, options: &Options) -> Value {
    match options.owner {
        None => application(name, options),
        Some(Owner::ApplicationSet) => application_set(name, options),
        Some(Owner::Application) => parent(name),
    }
}

/// The URL of the repository that the parent Application of a tenant deploys from.
pub(super) fn parent_repository(name: &str) -> String {
    format!("https://git.example.com/{name}-parent.git")
}

/// What lies in the parent's repository.
pub(super) fn child_in_git(name: &str, options: &Options) -> Value {
    let mut child = application(name, options);
    child["metadata"]["annotations"] = json!({});
    child
}

fn map_of(pairs: &[(String, String)]) -> Map<String, Value> {
    pairs.iter().map(|(key, value)| (key.clone(), json!(value))).collect()
}

fn application(name: &str, options: &Options) -> Value {
    let mut annotations = Map::from_iter([(REFRESH.to_owned(), json!("normal"))]);
    annotations.extend(map_of(&options.annotations));
    let mut labels = Map::from_iter([("testbed/tenant".to_owned(), json!(name))]);
    labels.extend(map_of(&options.labels));
    let sync_options: Vec<_> =
        ["CreateNamespace=true"].into_iter().chain(options.sync_options.iter().map(String::as_str)).collect();
    let mut spec = sources(options);
    spec["project"] = json!(options.project);
    spec["destination"] =
        json!({ "server": "https://kubernetes.default.svc", "namespace": format!("tenant-{name}") });
    spec["syncPolicy"] = json!({ "syncOptions": sync_options });
    if !options.manual_sync {
        spec["syncPolicy"]["automated"] = json!({ "prune": true, "selfHeal": options.self_heal });
    }
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "labels": labels,
            "annotations": annotations,
            "finalizers": [CASCADE],
        },
        "spec": spec,
    })
}

/// The part of a spec that says what to deploy: `source`, or `sources`.
fn sources(options: &Options) -> Value {
    let source = |field: &str, value: String| {
        let mut source = json!({ "repoURL": REPOSITORY, "targetRevision": "main" });
        source[field] = json!(value);
        source
    };
    if options.chart == "plain" {
        return json!({ "source": source("path", "plain".to_owned()) });
    }
    let mut helm = Map::new();
    if let Some(object) = &options.values_object {
        helm.insert("valuesObject".to_owned(), object.clone());
    }
    if let Some(text) = options.values.as_ref().filter(|text| !text.is_empty()) {
        helm.insert("values".to_owned(), json!(text));
    }
    if !options.set.is_empty() {
        let parameter = |(name, value): &(String, String)| json!({ "name": name, "value": value });
        helm.insert("parameters".to_owned(), options.set.iter().map(parameter).collect());
    }
    let mut chart = source("path", format!("charts/{}", options.chart));
    if options.multi_source {
        helm.insert("valueFiles".to_owned(), json!(["$values/values/multi-source.yaml"]));
        chart["helm"] = helm.into();
        return json!({ "sources": [chart, source("ref", "values".to_owned())] });
    }
    if !helm.is_empty() {
        chart["helm"] = helm.into();
    }
    json!({ "source": chart })
}

fn application_set(name: &str, options: &Options) -> Value {
    let child = application(name, options);
    let mut metadata = child["metadata"].clone();
    if let Some(metadata) = metadata.as_object_mut() {
        metadata.remove("namespace");
        metadata.insert("name".to_owned(), json!("{{name}}"));
    }
    if let Some(annotations) = metadata["annotations"].as_object_mut() {
        annotations.remove(REFRESH);
    }
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": { "name": format!("{name}-set"), "namespace": NAMESPACE },
        "spec": {
            "generators": [{ "list": { "elements": [{ "name": name }] } }],
            "template": { "metadata": metadata, "spec": child["spec"] },
        },
    })
}

fn parent(name: &str) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": format!("{name}-parent"),
            "namespace": NAMESPACE,
            "annotations": { REFRESH: "normal" },
            "finalizers": [CASCADE],
        },
        "spec": {
            "project": "default",
            "source": { "repoURL": parent_repository(name), "targetRevision": "main", "path": "." },
            "destination": { "server": "https://kubernetes.default.svc", "namespace": NAMESPACE },
            "syncPolicy": { "automated": { "prune": true, "selfHeal": true } },
        },
    })
}
