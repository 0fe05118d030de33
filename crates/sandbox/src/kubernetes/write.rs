//! Writing: create, replace, patch and delete, with everything that is checked before a change is stored.

use super::{
    Account, Reply, has_status, list, patch,
    path::{Asked, Target},
    schema,
    selector::Selector,
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

    fn create(mut self, model: &mut Model) -> Result<Reply, Refusal> {
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
            object["metadata"]["creationTimestamp"] = json!(super::time(model.now()));
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

    fn replace(self, model: &mut Model) -> Result<Reply, Refusal> {
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

    fn patch(self, model: &mut Model) -> Result<Reply, Refusal> {
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
                if super::is_new_generation(self.kind(), old, &new) {
                    let generation = old["metadata"]["generation"].as_u64().unwrap_or(0) + 1;
                    new["metadata"]["generation"] = json!(generation);
                }
                super::record_manager(Some(old), &mut new, self.asked.manager(), model.now());
            }
            return Ok(answer(StatusCode::OK, &new, warnings));
        }
        let stored = new.clone();
        model.update(&self.key, self.asked.manager(), |object| *object = stored);
        // It is gone if this took the last finalizer of an object that was to be deleted.
        Ok(answer(StatusCode::OK, model.get(&self.key).map_or(&new, |stored| stored), warnings))
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

    fn delete(self, model: &mut Model) -> Result<Reply, Refusal> {
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

    fn delete_all(mut self, model: &mut Model) -> Result<Reply, Refusal> {
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

fn set(object: &mut Value, field: &str, value: Option<Value>) {
    let Some(object) = object.as_object_mut() else { return };
    match value {
        Some(value) => object.insert(field.to_owned(), value),
        None => object.remove(field),
    };
}

fn answer(code: StatusCode, object: &Value, warnings: Vec<String>) -> Reply {
    Reply::Json(code, object.to_string().into_bytes(), warnings)
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
