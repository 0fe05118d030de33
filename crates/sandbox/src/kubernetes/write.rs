//! Writing: what is asked for, and what is checked before anything is stored.
//!
//! Shown by `cluster::a_guard_that_fails_is_told_from_a_change_that_is_not_allowed` and
//! `cluster::a_dry_run_shows_the_result_and_stores_nothing`.

mod create;
mod delete;
mod update;

use super::{
    Account, Reply, has_status,
    path::{Asked, Target},
    schema,
    status::{Cause, Refusal},
};
use crate::{
    Model,
    kind::{Key, Kind},
};
use http::StatusCode;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// etcd takes no larger object.
const LARGEST: usize = 1_572_864;

/// What of the metadata only the API server writes.
const OWN: [&str; 7] = [
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "generation",
    "deletionTimestamp",
    "managedFields",
    "selfLink",
];

/// Changes something.
pub(super) fn write(
    model: &mut Model,
    account: &Account,
    kind: Kind,
    target: &Target,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let of_status = match target.subresource.as_str() {
        "" => false,
        "status" if has_status(kind) && matches!(asked.verb, "update" | "patch") => true,
        _ => return Err(Refusal::not_found(kind, &target.name)),
    };
    let key = Key::new(kind, target.namespace.as_str(), target.name.as_str());
    let write = Write { account, key, of_status, asked };
    match asked.verb {
        "create" if target.name.is_empty() => write.create(model),
        "update" => write.replace(model),
        "patch" => write.patch(model),
        "delete" => write.delete(model),
        "deletecollection" => write.delete_all(model),
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// A write and who asked for it.
struct Write<'a> {
    account: &'a Account,
    key: Key,
    of_status: bool,
    asked: &'a Asked<'a>,
}

impl Write<'_> {
    fn kind(&self) -> Kind {
        self.key.kind
    }

    fn invalid(&self, field: &str, message: &str) -> Refusal {
        let reason = if message.starts_with("Required") { "FieldValueRequired" } else { "FieldValueInvalid" };
        let cause = Cause { field: field.to_owned(), reason, message: message.to_owned() };
        Refusal::invalid_object(self.kind(), &self.key.name, &[cause])
    }

    /// The object of the body, as its kind.
    fn object(&self) -> Result<Value, Refusal> {
        if !matches!(self.asked.content_type, "" | "application/json") {
            return Err(Refusal::unsupported_media_type("application/json"));
        }
        let object: Map<String, Value> = serde_json::from_slice(self.asked.body).map_err(|error| {
            let kind = self.kind().name();
            Refusal::bad_request(format!(
                "the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json parse error: {error}"
            ))
        })?;
        let mut object = Value::Object(object);
        let (version, name) = (self.kind().api_version(), self.kind().name());
        let given = object["apiVersion"].as_str().unwrap_or(&version);
        if given != version {
            return Err(Refusal::bad_request(format!(
                "the API version in the data ({given}) does not match the expected API version ({version})"
            )));
        }
        let given = object["kind"].as_str().unwrap_or(name);
        if given != name {
            return Err(Refusal::bad_request(format!(
                "{given} in version {version:?} cannot be handled as a {name}"
            )));
        }
        object["apiVersion"] = json!(version);
        object["kind"] = json!(name);
        if !object["metadata"].is_object() {
            object["metadata"] = json!({});
        }
        Ok(object)
    }

    /// Checks an object against what its kind knows. Gives what is to be warned of.
    fn check(
        &self,
        object: &mut Value,
        mut unknown: Vec<String>,
        patched: bool,
    ) -> Result<Vec<String>, Refusal> {
        let kind = self.kind();
        if kind != Kind::Application {
            return Ok(Vec::new());
        }
        let validation = self.asked.parameter("fieldValidation").unwrap_or("Warn");
        // Quoted in what is said about a patch, as it was before anything is dropped.
        let text = (validation == "Strict" && patched).then(|| object.to_string());
        let findings = schema::prune_application(object);
        unknown.extend(findings.unknown.iter().map(|field| format!("unknown field {field:?}")));
        if validation == "Strict" && !unknown.is_empty() {
            let all = format!("strict decoding error: {}", unknown.join(", "));
            return Err(match text {
                Some(text) => {
                    let message = format!("Invalid value: {text:?}: {all}");
                    let cause = Cause { field: "patch".to_owned(), reason: "FieldValueInvalid", message };
                    Refusal::invalid(" \"\"", json!({}), &[cause])
                }
                None => Refusal::bad_request(format!(
                    "{} in version {:?} cannot be handled as a {}: {all}",
                    kind.name(),
                    kind.version(),
                    kind.name()
                )),
            });
        }
        if !findings.causes.is_empty() {
            return Err(Refusal::invalid_object(kind, &self.key.name, &findings.causes));
        }
        if object.to_string().len() > LARGEST {
            return Err(Refusal::too_large());
        }
        Ok(if validation == "Warn" { unknown } else { Vec::new() })
    }

    fn old(&self, model: &Model) -> Result<Arc<Value>, Refusal> {
        model.get(&self.key).cloned().ok_or_else(|| Refusal::not_found(self.kind(), &self.key.name))
    }
}

fn answer(code: StatusCode, object: &Value, warnings: Vec<String>) -> Reply {
    Reply::Json(code, object.to_string().into_bytes(), warnings)
}
