//! Changing objects: replacing and patching, which end in the same checks.

use super::{OWN, Write, answer};
use crate::{
    Model,
    kubernetes::{self, Reply, has_status, patch, status::Refusal},
};
use http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;

impl Write<'_> {
    pub(super) fn replace(self, model: &mut Model) -> Result<Reply, Refusal> {
        let mut object = self.object()?;
        let metadata = &object["metadata"];
        let namespace = metadata["namespace"].as_str();
        if namespace.is_some_and(|namespace| !namespace.is_empty() && namespace != self.key.namespace) {
            return Err(Refusal::bad_request(format!(
                "the namespace of the object ({}) does not match the namespace on the request ({})",
                namespace.unwrap_or_default(),
                self.key.namespace
            )));
        }
        let old = self.old(model)?;
        let uid = metadata["uid"].as_str().filter(|uid| !uid.is_empty() && old["metadata"]["uid"] != **uid);
        if let Some(uid) = uid {
            let why = format!(
                "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
                old["metadata"]["uid"].as_str().unwrap_or_default()
            );
            return Err(Refusal::conflict(self.kind(), &self.key.name, &why));
        }
        // Without a version, the kinds that are built in are replaced as they are; custom resources never are.
        let unconditional = metadata["resourceVersion"].as_str().is_none_or(str::is_empty);
        if unconditional && self.kind().group() != "argoproj.io" {
            object["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"].clone();
        }
        self.store(model, &old, object, Vec::new(), false)
    }

    pub(super) fn patch(self, model: &mut Model) -> Result<Reply, Refusal> {
        let old = self.old(model)?;
        let mut object = Value::clone(&old);
        let unknown = match self.asked.content_type {
            "application/json-patch+json" => patch::apply_json(&mut object, self.asked.body)?,
            "application/merge-patch+json" => {
                patch::apply_merge(&mut object, self.asked.body)?;
                Vec::new()
            }
            _ => {
                let accepted =
                    "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";
                return Err(Refusal::unsupported_media_type(accepted));
            }
        };
        let (version, name) = (self.kind().api_version(), self.kind().name());
        if object["apiVersion"] != *version || object["kind"] != *name || !object["metadata"].is_object() {
            return Err(Refusal::bad_request("the kind of an object cannot be changed".to_owned()));
        }
        self.store(model, &old, object, unknown, true)
    }

    /// What both replacing and patching end in.
    fn store(
        self,
        model: &mut Model,
        old: &Arc<Value>,
        mut new: Value,
        unknown: Vec<String>,
        patched: bool,
    ) -> Result<Reply, Refusal> {
        self.keep(old, &mut new)?;
        let warnings = self.check(&mut new, unknown, patched)?;
        model.api.admit(self.account, &self.key, old, &new)?;
        if self.asked.is_dry_run() {
            if new != **old {
                if kubernetes::is_new_generation(self.kind(), old, &new) {
                    let generation = old["metadata"]["generation"].as_u64().unwrap_or(0) + 1;
                    new["metadata"]["generation"] = json!(generation);
                }
                kubernetes::record_manager(Some(old), &mut new, self.asked.manager(), model.now());
            }
            return Ok(answer(StatusCode::OK, &new, warnings));
        }
        // It is gone if this takes the last finalizer of an object that is to be deleted.
        let may_go = !old["metadata"]["deletionTimestamp"].is_null();
        let last = if may_go { new.clone() } else { Value::Null };
        model.update(&self.key, self.asked.manager(), |object| *object = new);
        Ok(answer(StatusCode::OK, model.get(&self.key).map_or(&last, |stored| stored), warnings))
    }

    /// Puts back what a writer may not change, or refuses.
    fn keep(&self, old: &Value, new: &mut Value) -> Result<(), Refusal> {
        let (was, now) = (&old["metadata"], &new["metadata"]);
        match now["resourceVersion"].as_str() {
            Some(version) if was["resourceVersion"] == *version => {}
            None | Some("") => {
                return Err(Refusal::unversioned(self.kind(), &self.key.name));
            }
            Some(_) => return Err(Refusal::modified(self.kind(), &self.key.name)),
        }
        if now["name"] != was["name"] {
            return Err(Refusal::bad_request(format!(
                "the name of the object ({}) does not match the name on the URL ({})",
                now["name"].as_str().unwrap_or_default(),
                self.key.name
            )));
        }
        for field in ["namespace", "uid", "creationTimestamp"] {
            let given = &now[field];
            if !given.is_null() && *given != was[field] {
                let message = format!("Invalid value: {given}: field is immutable");
                return Err(self.invalid(&format!("metadata.{field}"), &message));
            }
        }
        if self.of_status {
            let status = new.get("status").cloned();
            *new = old.clone();
            set(new, "status", status);
            return Ok(());
        }
        if has_status(self.kind()) {
            set(new, "status", old.get("status").cloned());
        }
        let kept = ["name", "namespace", "deletionGracePeriodSeconds"].into_iter().chain(OWN);
        for field in kept {
            set(&mut new["metadata"], field, was.get(field).cloned());
        }
        Ok(())
    }
}

fn set(object: &mut Value, field: &str, value: Option<Value>) {
    let Some(object) = object.as_object_mut() else { return };
    match value {
        Some(value) => object.insert(field.to_owned(), value),
        None => object.remove(field),
    };
}
