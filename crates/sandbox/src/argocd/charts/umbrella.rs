//! The chart `umbrella`: what its own templates make; its subcharts are in `subchart`.

mod subchart;

use super::{
    small::service,
    template::Template,
    values::{completed, completed_subcharts},
};
use serde_json::{Value, json};

/// What is in its values.yaml.
pub(super) fn defaults(registry: &str) -> Value {
    let image = |name: &str| json!({ "repository": format!("{registry}/{name}"), "tag": "1.0.0" });
    json!({
        "atlas": { "replicas": 2.0, "atlas": { "image": image("atlas-metastore") } },
        "atlas-read": { "replicas": 1.0, "atlas": { "image": image("atlas-metastore") } },
        "heracles": { "enabled": true, "replicas": 2.0, "image": image("heracles") },
        "cache": { "enabled": false, "sick": false },
        "lateWave": false,
        "hook": { "enabled": false, "hang": false },
        "ballast": 0.0,
    })
}

/// Its manifests in Helm's order: by kind, then by file.
pub(super) fn render(user: Value, registry: &str) -> Result<Vec<Value>, String> {
    let subcharts = [
        ("atlas", subchart::atlas_defaults()),
        ("atlas-read", subchart::atlas_defaults()),
        ("heracles", subchart::heracles_defaults()),
    ];
    let values = completed_subcharts(completed(user, defaults(registry)), &subcharts)?;
    let mut manifests = Vec::with_capacity(16);
    manifests.extend(subchart::atlas(subchart::ATLAS_READ, &values["atlas-read"])?);
    manifests.extend(subchart::atlas(subchart::ATLAS, &values["atlas"])?);
    // The condition `heracles.enabled`: what is no truth value leaves the chart in.
    if values["heracles"]["enabled"] != false {
        manifests.extend(subchart::heracles(&values["heracles"])?);
    }
    manifests.extend(cache(&values)?);
    manifests.extend(hook(&values)?);
    manifests.extend(late(&values)?);
    manifests.extend(settings(&values)?);
    manifests.sort_by_key(|manifest| install_order(manifest["kind"].as_str().unwrap_or_default()));
    Ok(manifests)
}

/// The place of a kind in Helm's `InstallOrder`, of those that occur here.
fn install_order(kind: &str) -> usize {
    const ORDER: [&str; 7] =
        ["PodDisruptionBudget", "ServiceAccount", "ConfigMap", "Service", "Deployment", "StatefulSet", "Job"];
    ORDER.iter().position(|known| *known == kind).unwrap_or(ORDER.len())
}

fn cache(values: &Value) -> Result<Vec<Value>, String> {
    let template = Template::new("umbrella/templates/cache.yaml", values);
    if !template.is_true("cache.enabled")? {
        return Ok(Vec::new());
    }
    let tag = if template.is_true("cache.sick")? { "never-ready" } else { "7.2" };
    let wave = json!({ "argocd.argoproj.io/sync-wave": "-1" });
    let set = json!({
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": { "name": "cache", "annotations": wave },
        "spec": {
            "serviceName": "cache",
            "replicas": 1,
            "selector": { "matchLabels": { "app": "cache" } },
            "template": {
                "metadata": { "labels": { "app": "cache" } },
                "spec": {
                    "terminationGracePeriodSeconds": 5,
                    "containers": [{ "name": "cache", "image": format!("cache.example.com/cache:{tag}") }],
                },
            },
        },
    });
    let mut service = service("cache", &json!({ "clusterIP": "None" }), 6379);
    service["metadata"]["annotations"] = wave;
    Ok(vec![set, service])
}

fn hook(values: &Value) -> Result<Option<Value>, String> {
    let template = Template::new("umbrella/templates/hook.yaml", values);
    if !template.is_true("hook.enabled")? {
        return Ok(None);
    }
    let metadata = if template.is_true("hook.hang")? {
        json!({ "annotations": { "testbed/hang": "true" } })
    } else {
        Value::Null
    };
    Ok(Some(json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": "migrate",
            "annotations": {
                "argocd.argoproj.io/hook": "PreSync",
                "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation",
            },
        },
        "spec": {
            "backoffLimit": 0,
            "template": {
                "metadata": metadata,
                "spec": {
                    "restartPolicy": "Never",
                    "containers": [{ "name": "migrate", "image": "migrate.example.com/migrate:1" }],
                },
            },
        },
    })))
}

fn late(values: &Value) -> Result<Option<Value>, String> {
    let template = Template::new("umbrella/templates/late.yaml", values);
    if !template.is_true("lateWave")? {
        return Ok(None);
    }
    Ok(Some(json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": { "name": "late", "annotations": { "argocd.argoproj.io/sync-wave": "5" } },
        "data": { "atlas-version": template.quoted("atlas.atlas.image.tag")? },
    })))
}

fn settings(values: &Value) -> Result<[Value; 2], String> {
    let template = Template::new("umbrella/templates/settings.yaml", values);
    let mut data = json!({ "atlas-version": template.quoted("atlas.atlas.image.tag")? });
    if template.is_true("ballast")? {
        data["ballast"] = template.repeated("ballast", "x")?;
    }
    let map =
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "settings" }, "data": data });
    let account = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "atlas" } });
    Ok([map, account])
}
