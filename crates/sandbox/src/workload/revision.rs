//! The ControllerRevisions of a StatefulSet: every template that it had, by number.

use super::object::{self, number, text};
use crate::{Key, Kind, Model};
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc};

/// A template that a StatefulSet has or had.
#[derive(Debug, Clone)]
pub(super) struct Revision {
    key: Key,
    number: i64,
    object: Arc<Value>,
}

impl Revision {
    /// Its name, which is the label `controller-revision-hash` of its pods.
    pub(super) fn name(&self) -> &str {
        &self.key.name
    }

    fn data(&self) -> &Value {
        &self.object["data"]
    }

    /// The template of its pods.
    pub(super) fn template(&self) -> &Value {
        &self.data()["spec"]["template"]
    }
}

/// The revision that a StatefulSet leaves behind and the one that it is to have, which may be the same. A new template
/// makes a revision; one that was there before gets the highest number again (`getStatefulSetRevisions`): a cleanup
/// that returns to the old image returns to the old revision (`failures::repair_trap`: "of the older revision").
pub(super) fn current_and_update(model: &mut Model, key: &Key, set: &Value) -> Option<(Revision, Revision)> {
    let all = all(model, key, set);
    let next = all.last().map_or(1, |revision| revision.number + 1);
    let data = data(set);
    let update = match all.iter().rfind(|revision| *revision.data() == data) {
        Some(revision) if revision.number + 1 == next => revision.clone(),
        Some(revision) => {
            model.update(&revision.key, object::CONTROLLERS, |object| object["revision"] = json!(next));
            Revision { number: next, ..revision.clone() }
        }
        None => create(model, key, set, data, next)?,
    };
    let current = text(set, "/status/currentRevision");
    let current = all.into_iter().find(|revision| revision.name() == current);
    Some((current.unwrap_or_else(|| update.clone()), update))
}

/// Forgets the oldest revisions that no pod has, beyond `revisionHistoryLimit` (`truncateHistory`).
pub(super) fn forget(model: &mut Model, key: &Key, set: &Value, live: &BTreeSet<String>) {
    let limit = number(set, "/spec/revisionHistoryLimit").unwrap_or(10);
    let mut past = all(model, key, set);
    past.retain(|revision| !live.contains(revision.name()));
    let Ok(limit) = usize::try_from(limit) else { return };
    for revision in past.iter().take(past.len().saturating_sub(limit)) {
        model.delete(&revision.key);
    }
}

/// In the order of their numbers.
fn all(model: &Model, key: &Key, set: &Value) -> Vec<Revision> {
    let owned = object::owned(model, key, set, Kind::ControllerRevision);
    let read = |(key, object): (Key, Arc<Value>)| Revision {
        key,
        number: number(&object, "/revision").unwrap_or(0),
        object,
    };
    let mut revisions: Vec<Revision> = owned.into_iter().map(read).collect();
    revisions.sort_by(|one, other| (one.number, &one.key).cmp(&(other.number, &other.key)));
    revisions
}

/// What a revision keeps of a StatefulSet.
fn data(set: &Value) -> Value {
    let mut template = set["spec"]["template"].clone();
    template["$patch"] = json!("replace");
    json!({ "spec": { "template": template } })
}

fn create(model: &mut Model, key: &Key, set: &Value, data: Value, number: i64) -> Option<Revision> {
    let hash = object::hash(&data);
    let mut labels = set["spec"]["template"]["metadata"]["labels"].clone();
    labels["controller.kubernetes.io/hash"] = json!(hash);
    let made = object::create(
        model,
        json!({
            "apiVersion": "apps/v1", "kind": "ControllerRevision",
            "metadata": {
                "name": format!("{}-{hash}", key.name), "namespace": key.namespace, "labels": labels,
                "ownerReferences": object::owner_references(key, set),
            },
            "data": data, "revision": number,
        }),
    )?;
    let object = model.get(&made)?.clone();
    Some(Revision { key: made, number, object })
}
