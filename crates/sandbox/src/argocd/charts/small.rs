//! The charts with one StatefulSet: `minimal`, `single`, `dotted`; and `plain`, a folder of manifests without Helm.

use super::{
    template::{Template, go_type},
    values::completed,
};
use serde_json::{Value, json};

/// One chart: what is in its values.yaml, and what it renders to.
pub(super) struct Chart {
    pub(super) defaults: fn(registry: &str) -> Value,
    template: &'static str,
    image: fn(&Template<'_>) -> Result<Value, String>,
}

pub(super) const MINIMAL: Chart = Chart {
    defaults: |registry| {
        json!({
            "replicas": 2.0,
            "image": { "repository": format!("{registry}/atlas-metastore"), "tag": "1.0.0" },
        })
    },
    template: "minimal/templates/statefulset.yaml",
    image: |template| template.reference("image"),
};

pub(super) const SINGLE: Chart = Chart {
    defaults: |registry| json!({ "replicas": 2.0, "image": format!("{registry}/atlas-metastore:1.0.0") }),
    template: "single/templates/statefulset.yaml",
    image: |template| template.scalar("image"),
};

pub(super) const DOTTED: Chart = Chart {
    defaults: |registry| {
        let image = json!({ "repository": format!("{registry}/atlas-metastore"), "tag": "1.0.0" });
        json!({ "replicas": 2.0, "images": { "example.com/atlas": image } })
    },
    template: "dotted/templates/statefulset.yaml",
    image: dotted_image,
};

/// `{{ with index .Values.images "example.com/atlas" }}{{ .repository }}:{{ .tag }}{{ end }}`
fn dotted_image(template: &Template<'_>) -> Result<Value, String> {
    let expression = "index .Values.images \"example.com/atlas\"";
    let failed = |problem: &str| template.failed(expression, &format!("error calling index: {problem}"));
    let image = match template.value("images")? {
        Value::Object(images) => images.get("example.com/atlas").unwrap_or(&Value::Null),
        Value::Null => return Err(failed("index of untyped nil")),
        _ => return Err(failed("cannot index slice/array with type string")),
    };
    match image {
        Value::Null => Ok(Value::Null),
        Value::Object(_) => template.seeing(&json!({ "image": image })).reference("image"),
        other => {
            let problem = format!("can't evaluate field repository in type {}", go_type(other));
            Err(template.failed(".repository", &problem))
        }
    }
}

impl Chart {
    pub(super) fn render(&self, user: Value, registry: &str) -> Result<Vec<Value>, String> {
        let values = completed(user, (self.defaults)(registry));
        let template = Template::new(self.template, &values);
        let mut set = stateful_set(template.scalar("replicas")?, &(self.image)(&template)?);
        set["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = json!(5);
        Ok(vec![service("atlas", &json!({ "clusterIP": "None" }), 21000), set])
    }
}

/// What lies in the folder `plain`.
pub(super) fn plain(registry: &str) -> Vec<Value> {
    vec![stateful_set(json!(1), &json!(format!("{registry}/atlas-metastore:1.0.0")))]
}

fn stateful_set(replicas: Value, image: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": { "name": "atlas" },
        "spec": {
            "serviceName": "atlas",
            "replicas": replicas,
            "selector": { "matchLabels": { "app": "atlas" } },
            "template": {
                "metadata": { "labels": { "app": "atlas" } },
                "spec": { "containers": [{ "name": "atlas", "image": image }] },
            },
        },
    })
}

/// A Service for the pods of `app`.
pub(super) fn service(app: &str, more: &Value, port: u16) -> Value {
    let mut service = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": { "name": app },
        "spec": { "selector": { "app": app }, "ports": [{ "port": port }] },
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        service["spec"][key] = value.clone();
    }
    service
}
