//! Deleting objects, one or many.

use super::Write;
use crate::{
    Model,
    kind::Kind,
    kubernetes::{Reply, list, selector::Selector, status::Refusal},
};
use http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;

impl Write<'_> {
    /// What a deletion is made conditional on.
    fn options(&self) -> Result<Value, Refusal> {
        if self.asked.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(self.asked.body).map_err(|error| {
            Refusal::bad_request(format!("couldn't get version/kind; json parse error: {error}"))
        })
    }

    fn is_dry_run(&self, options: &Value) -> bool {
        self.asked.is_dry_run() || options["dryRun"] == json!(["All"])
    }

    pub(super) fn delete(self, model: &mut Model) -> Result<Reply, Refusal> {
        let options = self.options()?;
        let old = self.old(model)?;
        for (field, word, reason) in [
            ("uid", "UID", "The object might have been deleted and then recreated"),
            ("resourceVersion", "ResourceVersion", "The object might have been modified"),
        ] {
            let (wanted, found) = (&options["preconditions"][field], &old["metadata"][field]);
            if !wanted.is_null() && wanted != found {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let why = format!(
                    "the {word} in the precondition ({}) does not match the {word} in record ({}). {reason}",
                    text(wanted),
                    text(found)
                );
                return Err(Refusal::precondition(self.kind(), &self.key.name, &why));
            }
        }
        if !self.is_dry_run(&options) {
            self.remove(model, &options);
        }
        if let Some(left) = model.get(&self.key).filter(|_| !self.is_dry_run(&options)) {
            return Ok(list::document(StatusCode::OK, left));
        }
        let mut details =
            json!({ "name": self.key.name, "kind": self.kind().plural(), "uid": old["metadata"]["uid"] });
        if !self.kind().group().is_empty() {
            details["group"] = json!(self.kind().group());
        }
        Ok(Reply::json(&json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details,
        })))
    }

    fn remove(&self, model: &mut Model, options: &Value) {
        let grace = options["gracePeriodSeconds"].as_u64();
        let grace = grace.or_else(|| self.asked.parameter("gracePeriodSeconds")?.parse().ok());
        model.delete(&self.key);
        let held = model.get(&self.key).is_some_and(|left| {
            left["metadata"]["finalizers"].as_array().is_some_and(|held| !held.is_empty())
        });
        // `kubectl delete pod --force` waits for no kubelet.
        if grace == Some(0) && self.kind() == Kind::Pod && !held {
            model.remove(&self.key);
        }
    }

    pub(super) fn delete_all(mut self, model: &mut Model) -> Result<Reply, Refusal> {
        let options = self.options()?;
        let selector = Selector::of(self.kind(), self.asked)?;
        let namespace = (!self.key.namespace.is_empty()).then_some(self.key.namespace.as_str());
        let meant = model.list(self.kind(), namespace).filter(|(key, object)| selector.matches(key, object));
        let meant: Vec<_> = meant.map(|(key, object)| (key.clone(), Arc::clone(object))).collect();
        for (key, _) in &meant {
            self.key = key.clone();
            if !self.is_dry_run(&options) {
                self.remove(model, &options);
            }
        }
        let page: Vec<_> = meant.iter().map(|(key, object)| (key, object)).collect();
        let metadata = json!({ "resourceVersion": model.store.revision().to_string() });
        Ok(Reply::Json(StatusCode::OK, list::collection(self.key.kind, &metadata, &page), Vec::new()))
    }
}
