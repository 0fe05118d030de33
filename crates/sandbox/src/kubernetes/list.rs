//! Reading: one object, or a collection in pages. Nothing is copied but the text that goes out.
//!
//! Shown by `cluster::a_watch_tells_the_state_every_change_and_the_end` and `cluster::what_runs_there_is_told`.

use super::{
    Reply,
    path::{Asked, Target},
    selector::Selector,
    status::Refusal,
};
use crate::{
    Model,
    kind::{Key, Kind},
    store::Store,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};

/// Answers with one object.
pub(super) fn get(model: &Model, kind: Kind, target: &Target) -> Result<Reply, Refusal> {
    let has_it = target.subresource.is_empty() || target.subresource == "status" && super::has_status(kind);
    if !has_it {
        return Err(Refusal::not_found(kind, &target.name));
    }
    let key = Key::new(kind, target.namespace.as_str(), target.name.as_str());
    let object = model.get(&key).ok_or_else(|| Refusal::not_found(kind, &target.name))?;
    Ok(document(StatusCode::OK, object))
}

/// An answer that is one object.
pub(super) fn document(code: StatusCode, object: &Value) -> Reply {
    Reply::Json(code, object.to_string().into_bytes(), Vec::new())
}

/// Where a list goes on, as the API server writes it into its token.
#[derive(Serialize, Deserialize)]
struct Next {
    v: String,
    rv: u64,
    start: String,
}

impl Next {
    fn token(&self) -> String {
        URL_SAFE_NO_PAD.encode(json!(self).to_string())
    }

    fn read(token: &str) -> Option<Self> {
        let next: Self = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        (next.v == "meta.k8s.io/v1").then_some(next)
    }
}

/// A version as a parameter has it; `None` for "any" and "the newest".
pub(super) fn version(asked: &Asked<'_>) -> Result<Option<u64>, Refusal> {
    let Some(text) = asked.parameter("resourceVersion").filter(|text| *text != "0") else { return Ok(None) };
    let version = text.parse();
    version.map(Some).map_err(|_| Refusal::bad_request(format!("invalid resource version: {text:?}")))
}

/// Answers with the objects of a collection.
pub(super) fn list(model: &Model, kind: Kind, target: &Target, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let selector = Selector::of(kind, asked)?;
    let newest = model.store.revision();
    let limit = asked.parameter("limit").and_then(|limit| limit.parse().ok()).filter(|limit| *limit > 0);
    let next = match asked.parameter("continue") {
        Some(token) => {
            let invalid = || {
                Refusal::bad_request(format!("invalid continue token: continue key is not valid: {token}"))
            };
            Some(Next::read(token).ok_or_else(invalid)?)
        }
        None => None,
    };
    let wanted = version(asked)?;
    if let Some(wanted) = wanted.filter(|wanted| *wanted > newest) {
        return Err(Refusal::future_version(wanted, newest));
    }
    // Zero stands for "as it is now": how a list goes on when its own version is forgotten.
    let revision = match &next {
        Some(next) if next.rv > 0 => next.rv,
        None if asked.parameter("resourceVersionMatch") == Some("Exact") => wanted.unwrap_or(newest),
        _ => newest,
    };
    let start = next.map_or_else(String::new, |next| next.start);
    let Some(past) = past(&model.store, kind, target.namespace(), revision) else {
        if start.is_empty() {
            return Err(Refusal::expired("The resourceVersion for the provided list is too old."));
        }
        return Err(Refusal::expired_page(Next { v: "meta.k8s.io/v1".to_owned(), rv: 0, start }.token()));
    };
    let objects: Objects<'_> = match past {
        Some(past) => Box::new(past.into_iter()),
        None => current(model, kind, target.namespace(), &selector),
    };
    let mut objects = objects
        .skip_while(|(key, _)| !start.is_empty() && place(key) <= start)
        .filter(|(key, object)| selector.matches(key, object));
    let page: Vec<_> = objects.by_ref().take(limit.unwrap_or(usize::MAX)).collect();
    let remaining = objects.count();
    let mut metadata = json!({ "resourceVersion": revision.to_string() });
    if remaining > 0
        && let Some((last, _)) = page.last()
    {
        metadata["continue"] =
            json!(Next { v: "meta.k8s.io/v1".to_owned(), rv: revision, start: place(last) }.token());
        if selector.is_empty() {
            metadata["remainingItemCount"] = json!(remaining);
        }
    }
    Ok(Reply::Json(StatusCode::OK, collection(kind, &metadata, &page), Vec::new()))
}

/// Objects with their keys, in the order of namespaces and names.
pub(super) type Objects<'a> = Box<dyn Iterator<Item = (&'a Key, &'a Arc<Value>)> + 'a>;

/// The objects as they are that a selector may select; only one is looked at if it names one.
pub(super) fn current<'a>(
    model: &'a Model,
    kind: Kind,
    namespace: Option<&'a str>,
    selector: &Selector,
) -> Objects<'a> {
    match selector.name().zip(namespace) {
        Some((name, namespace)) => {
            Box::new(model.store.get_key_value(&Key::new(kind, namespace, name)).into_iter())
        }
        None => Box::new(model.list(kind, namespace)),
    }
}

fn place(key: &Key) -> String {
    format!("{}/{}", key.namespace, key.name)
}

/// The objects of a collection at a version. `Some(None)` if that is now, `None` if it is forgotten.
fn past<'a>(
    store: &'a Store,
    kind: Kind,
    namespace: Option<&'a str>,
    revision: u64,
) -> Option<Option<BTreeMap<&'a Key, &'a Arc<Value>>>> {
    if revision >= store.revision() {
        return Some(None);
    }
    let mut objects: BTreeMap<_, _> = store.list(kind, namespace).collect();
    let mut undone = BTreeMap::new();
    let is_meant =
        |key: &Key| key.kind == kind && namespace.is_none_or(|namespace| key.namespace == namespace);
    for change in store.changes_after(revision)?.filter(|change| is_meant(&change.key)) {
        undone.entry(&change.key).or_insert(change.old.as_ref());
    }
    for (key, old) in undone {
        match old {
            Some(old) => objects.insert(key, old),
            None => objects.remove(key),
        };
    }
    Some(Some(objects))
}

/// An object as it stands in a list: of the kinds that are built in, without what the list says already.
struct Item<'a>(Kind, &'a Value);

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.1 {
            Value::Object(object) if self.0.group() != "argoproj.io" => {
                let mut map = serializer.serialize_map(None)?;
                for (key, value) in object.iter().filter(|(key, _)| *key != "apiVersion" && *key != "kind") {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
            object => object.serialize(serializer),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Collection<'a> {
    kind: String,
    api_version: String,
    metadata: &'a Value,
    items: Vec<Item<'a>>,
}

/// The text of a list.
pub(super) fn collection(kind: Kind, metadata: &Value, page: &[(&Key, &Arc<Value>)]) -> Vec<u8> {
    let items = page.iter().map(|(_, object)| Item(kind, object)).collect();
    let name = format!("{}List", kind.name());
    let collection = Collection { kind: name, api_version: kind.api_version(), metadata, items };
    // Maps with text keys can always be written.
    serde_json::to_vec(&collection).unwrap_or_default()
}
