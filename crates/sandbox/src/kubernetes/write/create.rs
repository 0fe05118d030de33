//! Making objects.

use super::{OWN, Write, answer};
use crate::{
    Model,
    kind::{Key, Kind},
    kubernetes::{self, Reply, has_status, status::Refusal},
};
use http::StatusCode;
use serde_json::{Value, json};

impl Write<'_> {
    pub(super) fn create(mut self, model: &mut Model) -> Result<Reply, Refusal> {
        let mut object = self.object()?;
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        if name.is_empty() {
            return Err(self.invalid("metadata.name", "Required value: name or generateName is required"));
        }
        if !is_name(&name) {
            let message = format!(
                "Invalid value: {name:?}: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
            );
            return Err(self.invalid("metadata.name", &message));
        }
        self.key.name = name;
        self.place(model, &mut object)?;
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.retain(|field, _| !OWN.contains(&field.as_str()));
        }
        if let Some(object) = object.as_object_mut().filter(|_| has_status(self.kind())) {
            object.remove("status");
        }
        if self.kind() == Kind::Namespace {
            object["metadata"]["labels"]["kubernetes.io/metadata.name"] = json!(self.key.name);
            object["spec"] = json!({ "finalizers": ["kubernetes"] });
            object["status"] = json!({ "phase": "Active" });
        }
        let warnings = self.check(&mut object, Vec::new(), false)?;
        if model.get(&self.key).is_some() {
            return Err(Refusal::already_exists(self.kind(), &self.key.name));
        }
        if self.asked.is_dry_run() {
            object["metadata"]["uid"] = json!("00000000-0000-4000-a000-000000000000");
            object["metadata"]["creationTimestamp"] = json!(kubernetes::time(model.now()));
            return Ok(answer(StatusCode::CREATED, &object, warnings));
        }
        let created = model.create(object, self.asked.manager()).and_then(|key| model.get(&key));
        let created = created.ok_or_else(|| Refusal::already_exists(self.kind(), &self.key.name))?;
        Ok(answer(StatusCode::CREATED, created, warnings))
    }

    /// Puts a new object into the namespace of the path, if there is one that takes objects.
    fn place(&self, model: &Model, object: &mut Value) -> Result<(), Refusal> {
        let namespace = &self.key.namespace;
        let metadata = &mut object["metadata"];
        if metadata["namespace"].as_str().is_some_and(|given| !given.is_empty() && given != namespace) {
            let message =
                "the namespace of the provided object does not match the namespace sent on the request";
            return Err(Refusal::bad_request(message));
        }
        if !self.kind().is_namespaced() {
            return Ok(());
        }
        metadata["namespace"] = json!(namespace);
        let place = Key::new(Kind::Namespace, "", namespace.as_str());
        let Some(place) = model.get(&place) else {
            return Err(Refusal::not_found(Kind::Namespace, namespace));
        };
        if place["metadata"]["deletionTimestamp"].is_null() {
            Ok(())
        } else {
            Err(Refusal::terminating(self.kind(), &self.key.name, namespace))
        }
    }
}

/// Whether a name is one that objects may have.
fn is_name(name: &str) -> bool {
    let is_end =
        |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let is_inner = |byte: u8| is_end(Some(byte)) || byte == b'-' || byte == b'.';
    name.len() <= 253
        && is_end(name.bytes().next())
        && is_end(name.bytes().last())
        && name.bytes().all(is_inner)
}
