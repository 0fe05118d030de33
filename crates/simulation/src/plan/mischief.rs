//! What others do to the fleet behind Ringway's back. Each deed is also done to what a spec is expected to be in the end.

use super::fleet::{Shape, create, send};
use crate::{
    book::{Copied, Tenant},
    stage::Inner,
};
use jiff::Timestamp;
use sandbox::{Model, Random};
use serde_json::{Value, json};

/// What somebody does to a tenant's Application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mischief {
    /// Puts the sources back as they were before Ringway wrote.
    Revert,
    /// Adds a parameter that has nothing to do with anything.
    AddParameter,
    /// Writes a value of their own where Ringway writes.
    TakeOver,
    /// Changes an annotation of its own. A patch is made for our annotation, so it is not in the way of one.
    Annotate,
    /// Adds a value to `valuesObject` that has nothing to do with anything.
    AddValue,
    /// Sets a parameter where Ringway writes, whether it has written by then or not.
    Occupy,
    /// Changes a part of the spec that no patch is made for.
    Describe,
    /// Deletes the Application.
    Delete,
    /// Deletes the Application and makes it again as its owner wants it.
    Recreate,
    /// Deletes the Application and makes it again from a copy with everything that stands in it.
    Restore,
    /// Strips the annotation that says whose the override is.
    Strip,
    /// Lets Argo CD look again.
    Refresh,
}

impl Mischief {
    /// One of them; the rough ones less often.
    pub(super) fn any(random: &mut Random) -> Self {
        match random.below(24) {
            0..4 => Self::Revert,
            4..8 => Self::AddParameter,
            8..11 => Self::TakeOver,
            11..15 => Self::Annotate,
            15 => Self::Delete,
            16 | 17 => Self::Recreate,
            18 => Self::Restore,
            19 | 20 => Self::Strip,
            _ => Self::Refresh,
        }
    }

    /// What somebody does who is faster: mostly something that a patch is made for.
    pub(super) fn rival(random: &mut Random) -> Self {
        match random.below(20) {
            0..7 => Self::AddParameter,
            7..11 => Self::AddValue,
            11..14 => Self::Occupy,
            14 | 15 => Self::Describe,
            16 | 17 => Self::Revert,
            18 => Self::Annotate,
            _ => Self::Recreate,
        }
    }

    /// Whether what a ring has in the Application may be gone afterwards, or have no effect any more.
    fn may_undo(self) -> bool {
        match self {
            Self::Revert | Self::TakeOver | Self::Occupy | Self::Delete | Self::Recreate | Self::Restore => {
                true
            }
            Self::AddParameter
            | Self::AddValue
            | Self::Annotate
            | Self::Describe
            | Self::Strip
            | Self::Refresh => false,
        }
    }

    /// Does it. What cannot be done now is not done.
    pub(super) fn happen(
        self,
        inner: &mut Inner,
        shape: &Shape,
        number: u64,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let Some(tenant) = inner.book.tenants.get(&shape.name).cloned() else { return Ok(()) };
        let Some(found) = inner.model.get(&tenant.application).cloned() else { return Ok(()) };
        if !found["metadata"]["deletionTimestamp"].is_null() {
            return Ok(());
        }
        if self.may_undo() {
            inner.book.undone.insert(shape.name.clone(), now);
        }
        let path = path(&tenant);
        match self {
            // Whoever keeps an Application as it is undoes what people do to its spec.
            Self::AddParameter
            | Self::AddValue
            | Self::Occupy
            | Self::Describe
            | Self::TakeOver
            | Self::Delete
            | Self::Recreate
            | Self::Restore
                if tenant.owner.is_some() => {}
            Self::Revert => {
                let Some(expected) = &tenant.expected else { return Ok(()) };
                let mut spec = found["spec"].clone();
                for field in ["source", "sources"] {
                    set_or_remove(&mut spec, field, &expected[field]);
                }
                replace_spec(&mut inner.model, &path, &spec)?;
            }
            Self::AddParameter => {
                let name = format!("unrelated-{number}");
                both(inner, shape, &path, &found["spec"], |spec| set_parameter(spec, &name, "1"))?;
            }
            Self::AddValue => {
                // With `valuesObject`, Argo CD would ignore the values that are there as a text.
                if !source(&mut found["spec"].clone())["helm"]["values"].is_null() {
                    return Ok(());
                }
                let name = format!("unrelated-{number}");
                both(inner, shape, &path, &found["spec"], |spec| {
                    source(spec)["helm"]["valuesObject"][name.as_str()] = json!("1");
                })?;
            }
            Self::Occupy => {
                let Some(name) = shape.tag_parameter() else { return Ok(()) };
                both(inner, shape, &path, &found["spec"], |spec| set_parameter(spec, name, "1.1.0"))?;
            }
            Self::Describe => {
                both(inner, shape, &path, &found["spec"], |spec| {
                    spec["info"] = json!([{ "name": "note", "value": number.to_string() }]);
                })?;
            }
            Self::TakeOver => {
                let Some(name) = overridden_parameter(&found["spec"]) else { return Ok(()) };
                both(inner, shape, &path, &found["spec"], |spec| set_parameter(spec, &name, "9.9.9"))?;
            }
            Self::Annotate => {
                annotate(&mut inner.model, &path, "example.com/note", &json!(number.to_string()))?
            }
            Self::Refresh => {
                annotate(&mut inner.model, &path, "argocd.argoproj.io/refresh", &json!("normal"))?
            }
            Self::Strip => strip(&mut inner.model, &path, &found)?,
            Self::Delete => {
                delete(&mut inner.model, &path)?;
                expect(inner, shape, None);
            }
            Self::Recreate | Self::Restore => {
                let mut object = shape.manifest();
                if self == Self::Restore {
                    object["spec"] = found["spec"].clone();
                    object["metadata"]["annotations"] = found["metadata"]["annotations"].clone();
                }
                recreate(inner, shape, &path, &object, self == Self::Restore)?;
            }
        }
        Ok(())
    }
}

fn path(tenant: &Tenant) -> String {
    let key = &tenant.application;
    format!("/apis/argoproj.io/v1alpha1/namespaces/{}/applications/{}", key.namespace, key.name)
}

fn set_or_remove(spec: &mut Value, field: &str, value: &Value) {
    match (spec.as_object_mut(), value) {
        (Some(spec), Value::Null) => drop(spec.remove(field)),
        (Some(spec), value) => drop(spec.insert(field.to_owned(), value.clone())),
        (None, _) => {}
    }
}

fn replace_spec(model: &mut Model, path: &str, spec: &Value) -> anyhow::Result<()> {
    let patch = json!([{ "op": "replace", "path": "/spec", "value": spec }]);
    send(model, "PATCH", path, "application/json-patch+json", &patch).map(drop)
}

fn annotate(model: &mut Model, path: &str, key: &str, value: &Value) -> anyhow::Result<()> {
    let patch = json!({ "metadata": { "annotations": { key: value } } });
    send(model, "PATCH", path, "application/merge-patch+json", &patch).map(drop)
}

fn strip(model: &mut Model, path: &str, found: &Value) -> anyhow::Result<()> {
    let annotations = found["metadata"]["annotations"].as_object();
    let ours = annotations.into_iter().flatten().map(|(key, _)| key);
    for key in ours.filter(|key| key.starts_with("owner.ringway.dev/")) {
        annotate(model, path, key, &Value::Null)?;
    }
    Ok(())
}

fn delete(model: &mut Model, path: &str) -> anyhow::Result<()> {
    send(model, "DELETE", path, "application/json", &Value::Null).map(drop)
}

/// At once, without waiting for what was deployed: the finalizer goes first, as somebody in a hurry does it.
fn recreate(
    inner: &mut Inner,
    shape: &Shape,
    path: &str,
    object: &Value,
    copied: bool,
) -> anyhow::Result<()> {
    let patch = json!({ "metadata": { "finalizers": null } });
    send(&mut inner.model, "PATCH", path, "application/merge-patch+json", &patch)?;
    delete(&mut inner.model, path)?;
    create(&mut inner.model, object)?;
    expect(inner, shape, Some(object["spec"].clone()));
    let found = inner.model.get(&shape.application()).map(|found| found["metadata"]["uid"].clone());
    let copied = Copied::read(object).filter(|_| copied);
    if let (Some(uid), Some(copied)) = (found.as_ref().and_then(Value::as_str), copied) {
        inner.book.copies.insert(uid.to_owned(), copied);
    }
    Ok(())
}

fn expect(inner: &mut Inner, shape: &Shape, expected: Option<Value>) {
    if let Some(tenant) = inner.book.tenants.get_mut(&shape.name) {
        tenant.expected = expected;
    }
}

/// Changes the spec, and what it is expected to be.
fn both(
    inner: &mut Inner,
    shape: &Shape,
    path: &str,
    found: &Value,
    edit: impl Fn(&mut Value),
) -> anyhow::Result<()> {
    let mut spec = found.clone();
    edit(&mut spec);
    replace_spec(&mut inner.model, path, &spec)?;
    let tenant = inner.book.tenants.get_mut(&shape.name);
    if let Some(expected) = tenant.and_then(|tenant| tenant.expected.as_mut()) {
        edit(expected);
    }
    Ok(())
}

/// The source with the chart.
fn source(spec: &mut Value) -> &mut Value {
    if spec["sources"].is_array() { &mut spec["sources"][0] } else { &mut spec["source"] }
}

fn set_parameter(spec: &mut Value, name: &str, value: &str) {
    let parameters = &mut source(spec)["helm"]["parameters"];
    let mut list = parameters.as_array().cloned().unwrap_or_default();
    list.retain(|entry| entry["name"] != name);
    list.push(json!({ "name": name, "value": value }));
    *parameters = Value::Array(list);
}

/// A parameter that Ringway wrote.
fn overridden_parameter(spec: &Value) -> Option<String> {
    let mut spec = spec.clone();
    let list = source(&mut spec)["helm"]["parameters"].as_array().cloned()?;
    let ours = list.iter().rfind(|entry| entry["forceString"] == true)?;
    ours["name"].as_str().map(str::to_owned)
}
