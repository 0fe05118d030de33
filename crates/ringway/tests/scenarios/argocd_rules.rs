//! What the code takes for granted about Argo CD and the API server, asserted on the real ones; and on the sandbox, which imitates them.
//!
//! `docs/argocd-rules.md` lists the rules, who relies on them, and the names of these tests.

mod comparing;
mod owners;
mod values;
mod writing;

use crate::harness::{STATEFUL_SET, Tenant, administrator, until};
use release::{application::Application, step::PlannedApplication};
use serde_json::{Value, json};

/// One parameter of Helm as Ringway writes it.
fn parameter(name: &str, value: &str) -> Value {
    json!({ "name": name, "value": value, "forceString": true })
}

/// What a release of `minimal` plans for an Application: this tag, in the StatefulSet `atlas`.
fn planned(application: &Value, tag: &str) -> PlannedApplication {
    let name = &application["metadata"]["name"];
    let namespace = &application["spec"]["destination"]["namespace"];
    let image = format!("registry.example.com/atlas-metastore:{tag}");
    serde_json::from_value(json!({
        "key": { "instance": "testbed", "namespace": "argocd", "name": name },
        "uid": application["metadata"]["uid"],
        "namespace": namespace,
        "wanted": {
            "service": "minimal", "source": {},
            "leaves": [{ "strategy": "parameters", "path": "image.tag", "value": tag, "existing": "refuse" }],
        },
        "workloads": [
            { "kind": "StatefulSet", "name": "atlas", "container": "atlas", "image": image, "digests": null },
        ],
    }))
    .unwrap()
}

fn application(value: &Value) -> Application {
    serde_json::from_value(value.clone()).unwrap()
}

fn stateful_set(tenant: &Tenant) -> Value {
    administrator().get(STATEFUL_SET, &tenant.namespace(), "atlas")
}

/// The image in the template of the StatefulSet `atlas`.
fn template_image(tenant: &Tenant) -> String {
    let set = stateful_set(tenant);
    set["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap().to_owned()
}

/// Waits until Argo CD has compared an Application exactly as it stands.
fn compared(tenant: &Tenant) -> Value {
    until("Argo CD has compared it", || {
        let found = tenant.application();
        found["status"]["sync"]["comparedTo"]["source"] == found["spec"]["source"]
    });
    tenant.application()
}
