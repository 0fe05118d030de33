//! What the Application CRD of Argo CD 3.5 knows of `spec`: unknown fields are dropped, wrong types refused.
//!
//! Only what somebody may write is here; `status`, `operation` and the hydrator's sources are taken as they are. Of
//! other kinds only the Applications' are checked at all: workloads are written by Argo CD from charts of this model.
//! Seen on the testbed: `a_guard_that_fails_is_told_from_a_change_that_is_not_allowed`, docs/measured.md, Patches.

use super::status::Cause;
use serde_json::{Map, Value};

/// What a field may hold.
enum Schema {
    Text,
    Flag,
    Number,
    /// An object, with any content.
    Anything,
    /// A number or a text.
    NumberOrText,
    List(&'static Schema),
    /// Any keys.
    Mapping(&'static Schema),
    /// These keys, of which the first ones must be there.
    Object(&'static [&'static str], &'static [(&'static str, Schema)]),
}

use Schema::{Anything, Flag, List, Mapping, Number, NumberOrText, Object, Text};

const TEXTS: Schema = List(&Text);
const TEXT_MAP: Schema = Mapping(&Text);
const NAMED_VALUE: Schema = Object(&["name", "value"], &[("name", Text), ("value", Text)]);
const JSONNET_VALUE: Schema = Object(&["name", "value"], &[("code", Flag), ("name", Text), ("value", Text)]);

const HELM: Schema = Object(
    &[],
    &[
        ("apiVersions", TEXTS),
        ("fileParameters", List(&Object(&[], &[("name", Text), ("path", Text)]))),
        ("ignoreMissingValueFiles", Flag),
        ("kubeVersion", Text),
        ("namespace", Text),
        ("parameters", List(&Object(&[], &[("forceString", Flag), ("name", Text), ("value", Text)]))),
        ("passCredentials", Flag),
        ("releaseName", Text),
        ("skipCrds", Flag),
        ("skipSchemaValidation", Flag),
        ("skipTests", Flag),
        ("valueFiles", TEXTS),
        ("values", Text),
        ("valuesObject", Anything),
        ("version", Text),
    ],
);

const DIRECTORY: Schema = Object(
    &[],
    &[
        ("exclude", Text),
        ("include", Text),
        (
            "jsonnet",
            Object(
                &[],
                &[("extVars", List(&JSONNET_VALUE)), ("libs", TEXTS), ("tlas", List(&JSONNET_VALUE))],
            ),
        ),
        ("recurse", Flag),
    ],
);

const PATCH_TARGET: Schema = Object(
    &[],
    &[
        ("annotationSelector", Text),
        ("group", Text),
        ("kind", Text),
        ("labelSelector", Text),
        ("name", Text),
        ("namespace", Text),
        ("version", Text),
    ],
);

const KUSTOMIZE: Schema = Object(
    &[],
    &[
        ("apiVersions", TEXTS),
        ("commonAnnotations", TEXT_MAP),
        ("commonAnnotationsEnvsubst", Flag),
        ("commonLabels", TEXT_MAP),
        ("components", TEXTS),
        ("forceCommonAnnotations", Flag),
        ("forceCommonLabels", Flag),
        ("ignoreMissingComponents", Flag),
        ("images", TEXTS),
        ("kubeVersion", Text),
        ("labelIncludeTemplates", Flag),
        ("labelWithoutSelector", Flag),
        ("namePrefix", Text),
        ("nameSuffix", Text),
        ("namespace", Text),
        (
            "patches",
            List(&Object(
                &[],
                &[("options", Mapping(&Flag)), ("patch", Text), ("path", Text), ("target", PATCH_TARGET)],
            )),
        ),
        ("replicas", List(&Object(&["count", "name"], &[("count", NumberOrText), ("name", Text)]))),
        ("version", Text),
    ],
);

const PLUGIN: Schema = Object(
    &[],
    &[
        ("env", List(&NAMED_VALUE)),
        ("name", Text),
        (
            "parameters",
            List(&Object(&[], &[("array", TEXTS), ("map", TEXT_MAP), ("name", Text), ("string", Text)])),
        ),
    ],
);

const SOURCE: Schema = Object(
    &["repoURL"],
    &[
        ("chart", Text),
        ("directory", DIRECTORY),
        ("helm", HELM),
        ("kustomize", KUSTOMIZE),
        ("name", Text),
        ("path", Text),
        ("plugin", PLUGIN),
        ("ref", Text),
        ("repoURL", Text),
        ("tagPrefix", Text),
        ("targetRevision", Text),
    ],
);

const SYNC_POLICY: Schema = Object(
    &[],
    &[
        (
            "automated",
            Object(&[], &[("allowEmpty", Flag), ("enabled", Flag), ("prune", Flag), ("selfHeal", Flag)]),
        ),
        ("managedNamespaceMetadata", Object(&[], &[("annotations", TEXT_MAP), ("labels", TEXT_MAP)])),
        (
            "retry",
            Object(
                &[],
                &[
                    (
                        "backoff",
                        Object(&[], &[("duration", Text), ("factor", Number), ("maxDuration", Text)]),
                    ),
                    ("limit", Number),
                    ("refresh", Flag),
                ],
            ),
        ),
        ("syncOptions", TEXTS),
    ],
);

const IGNORED: Schema = Object(
    &["kind"],
    &[
        ("group", Text),
        ("jqPathExpressions", TEXTS),
        ("jsonPointers", TEXTS),
        ("kind", Text),
        ("managedFieldsManagers", TEXTS),
        ("name", Text),
        ("namespace", Text),
    ],
);

const SPEC: Schema = Object(
    &["destination", "project"],
    &[
        ("destination", Object(&[], &[("name", Text), ("namespace", Text), ("server", Text)])),
        ("ignoreDifferences", List(&IGNORED)),
        ("info", List(&NAMED_VALUE)),
        ("project", Text),
        ("revisionHistoryLimit", Number),
        ("source", SOURCE),
        ("sourceHydrator", Anything),
        ("sources", List(&SOURCE)),
        ("syncPolicy", SYNC_POLICY),
    ],
);

const APPLICATION: Schema = Object(
    &["metadata", "spec"],
    &[
        ("apiVersion", Text),
        ("kind", Text),
        ("metadata", Anything),
        ("operation", Anything),
        ("spec", SPEC),
        ("status", Anything),
    ],
);

/// What is wrong with an object.
#[derive(Default)]
pub(super) struct Findings {
    /// The paths of fields that the schema does not know.
    pub(super) unknown: Vec<String>,
    /// What makes it invalid.
    pub(super) causes: Vec<Cause>,
}

/// Checks an Application and drops what the schema does not know.
pub(super) fn prune_application(object: &mut Value) -> Findings {
    let mut findings = Findings::default();
    check(&APPLICATION, object, "", &mut findings);
    findings
}

fn check(schema: &Schema, value: &mut Value, path: &str, findings: &mut Findings) {
    match (schema, value) {
        (Text | NumberOrText, Value::String(_)) | (Flag, Value::Bool(_)) | (Anything, Value::Object(_)) => {}
        (Number | NumberOrText, Value::Number(number)) if number.is_i64() || number.is_u64() => {}
        (List(element), Value::Array(list)) => {
            for (index, value) in list.iter_mut().enumerate() {
                check(element, value, &format!("{path}[{index}]"), findings);
            }
        }
        (Mapping(element), Value::Object(map)) => {
            for (key, value) in map.iter_mut() {
                check(element, value, &below(path, key), findings);
            }
        }
        (Object(required, fields), Value::Object(map)) => object(required, fields, map, path, findings),
        (schema, value) => findings.causes.push(wrong_type(schema, value, path)),
    }
}

fn object(
    required: &[&str],
    fields: &[(&str, Schema)],
    map: &mut Map<String, Value>,
    path: &str,
    findings: &mut Findings,
) {
    map.retain(|key, value| match fields.iter().find(|(name, _)| name == key) {
        // A field without a value is none.
        Some(_) if value.is_null() => false,
        Some((_, schema)) => {
            check(schema, value, &below(path, key), findings);
            true
        }
        None => {
            findings.unknown.push(below(path, key));
            false
        }
    });
    for name in required.iter().filter(|name| !map.contains_key(**name)) {
        let message = "Required value".to_owned();
        findings.causes.push(Cause { field: below(path, name), reason: "FieldValueRequired", message });
    }
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn wrong_type(schema: &Schema, value: &Value, path: &str) -> Cause {
    let wanted = match schema {
        Text => "string",
        Flag => "boolean",
        Number | NumberOrText => "integer",
        List(_) => "array",
        Anything | Mapping(_) | Object(..) => "object",
    };
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let message = format!("Invalid value: {found:?}: {path} in body must be of type {wanted}: {found:?}");
    Cause { field: path.to_owned(), reason: "FieldValueTypeInvalid", message }
}
