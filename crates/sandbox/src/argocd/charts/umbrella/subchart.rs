//! The subcharts of the umbrella: `atlas` and `atlas-read`, which differ in their name only, and `heracles`.

use crate::argocd::charts::{
    small::service,
    template::{Template, go_type},
};
use serde_json::{Value, json};

/// The name of a subchart that makes a StatefulSet, and of its template.
pub(super) type Name = (&'static str, &'static str);

pub(super) const ATLAS: Name = ("atlas", "umbrella/charts/atlas/templates/statefulset.yaml");
pub(super) const ATLAS_READ: Name = ("atlas-read", "umbrella/charts/atlas-read/templates/statefulset.yaml");
const HERACLES: &str = "umbrella/charts/heracles/templates/deployment.yaml";

/// What is in values.yaml of `atlas` and of `atlas-read`.
pub(in crate::argocd::charts) fn atlas_defaults() -> Value {
    json!({
        "replicas": 2.0,
        "podManagementPolicy": "OrderedReady",
        "updateStrategy": "RollingUpdate",
        "partition": 0.0,
        "minReadySeconds": 0.0,
        "readyDelay": "",
        "cpu": "100m",
        "atlas": { "image": { "repository": "", "tag": "" } },
    })
}

/// What is in values.yaml of `heracles`.
pub(in crate::argocd::charts) fn heracles_defaults() -> Value {
    json!({
        "replicas": 1.0,
        "readyDelay": "",
        "cpu": "100m",
        "progressDeadlineSeconds": 600.0,
        "image": { "repository": "", "tag": "" },
    })
}

/// A headless Service and its StatefulSet.
pub(super) fn atlas((name, file): Name, values: &Value) -> Result<[Value; 2], String> {
    let template = Template::new(file, values);
    let set = json!({
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": { "name": name, "labels": { "app": name } },
        "spec": {
            "serviceName": name,
            "replicas": template.scalar("replicas")?,
            "podManagementPolicy": template.scalar("podManagementPolicy")?,
            "minReadySeconds": template.scalar("minReadySeconds")?,
            "selector": { "matchLabels": { "app": name } },
            "updateStrategy": update_strategy(&template)?,
            "template": pods(&template, name, "atlas.image")?,
        },
    });
    Ok([service(name, &json!({ "clusterIP": "None" }), 21000), set])
}

fn update_strategy(template: &Template<'_>) -> Result<Value, String> {
    let kind = template.scalar("updateStrategy")?;
    match template.value("updateStrategy")? {
        Value::String(text) if text == "RollingUpdate" => {
            Ok(json!({ "type": kind, "rollingUpdate": { "partition": template.scalar("partition")? } }))
        }
        Value::String(_) => Ok(json!({ "type": kind })),
        other => {
            let found = go_type(other);
            let problem = format!("error calling eq: incompatible types for comparison: {found} and string");
            Err(template.failed("eq .Values.updateStrategy \"RollingUpdate\"", &problem))
        }
    }
}

/// A Service, a PodDisruptionBudget and a Deployment.
pub(super) fn heracles(values: &Value) -> Result<[Value; 3], String> {
    let template = Template::new(HERACLES, values);
    let selector = json!({ "matchLabels": { "app": "heracles" } });
    let budget = json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": { "name": "heracles" },
        "spec": { "maxUnavailable": 1, "selector": selector },
    });
    let deployment = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": "heracles", "labels": { "app": "heracles" } },
        "spec": {
            "replicas": template.scalar("replicas")?,
            "progressDeadlineSeconds": template.scalar("progressDeadlineSeconds")?,
            "selector": selector,
            "template": pods(&template, "heracles", "image")?,
        },
    });
    Ok([service("heracles", &json!({}), 5008), budget, deployment])
}

/// A template of pods with one container, whose image lies at `image`.
fn pods(template: &Template<'_>, name: &str, image: &str) -> Result<Value, String> {
    let mut metadata = json!({ "labels": { "app": name } });
    if template.is_true("readyDelay")? {
        metadata["annotations"] = json!({ "testbed/ready-delay": template.quoted("readyDelay")? });
    }
    let container = json!({
        "name": name,
        "image": template.reference(image)?,
        "resources": { "requests": { "cpu": template.quoted("cpu")? } },
    });
    Ok(json!({
        "metadata": metadata,
        "spec": { "terminationGracePeriodSeconds": 5, "containers": [container] },
    }))
}
