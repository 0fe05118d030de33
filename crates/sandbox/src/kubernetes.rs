//! The Kubernetes API of the model: requests in, answers and watches out, in the API server's own dialect.
//!
//! [`handle`] takes one request through the same steps as an API server: who asks (`account`), what for (`path`), may
//! they (`account`), then reading (`list`), watching (`watch`) or writing (`write`, with `patch`, `schema`, `admission`
//! and `managed_fields`). It changes objects only through `Model::create`, `Model::update` and `Model::delete`.
//!
//! Left out, because neither Ringway nor the scenarios can notice: tables and metadata-only answers, protobuf and YAML,
//! `generateName`, strategic merge patches and server-side apply (415), impersonation, `scale` and `eviction`, defaulting
//! of built-in kinds, field selectors other than name and namespace, and `propagationPolicy`: what an object owns goes
//! after it. The texts of refusals are those of Kubernetes 1.36.

mod account;
mod admission;
mod audit;
mod discovery;
mod list;
mod managed_fields;
mod patch;
mod path;
mod schema;
mod selector;
mod status;
#[cfg(test)]
mod tests;
mod watch;
mod write;

pub use account::{Account, Rule};
pub use admission::Denial;
pub use audit::Audited;
pub(crate) use managed_fields::record_manager;

use crate::{Kind, Model, store::Change};
use bytes::Bytes;
use futures_channel::mpsc::UnboundedReceiver;
use http::{HeaderValue, Request, Response, StatusCode, header};
use jiff::Timestamp;
use path::{Asked, Path};
use serde_json::Value;
use status::Refusal;
use std::{collections::BTreeMap, sync::Arc};

/// The token of the administrator, who is there from the beginning and may do everything.
pub const ADMINISTRATOR: &str = "administrator";

/// What the API server itself keeps: accounts, watches, policies, and a log of what it was asked.
#[derive(Debug)]
pub struct Api {
    accounts: BTreeMap<String, Arc<Account>>,
    watches: watch::Watches,
    log: audit::Log,
    denials: Vec<Denial>,
}

impl Default for Api {
    fn default() -> Self {
        let administrator = Arc::new(Account::administrator());
        Self {
            accounts: BTreeMap::from([(ADMINISTRATOR.to_owned(), administrator)]),
            watches: watch::Watches::default(),
            log: audit::Log::default(),
            denials: Vec::new(),
        }
    }
}

/// The body of an answer.
#[derive(Debug)]
pub enum Answer {
    /// All of it.
    Whole(Bytes),
    /// The lines of a watch, as they come. It ends when the API server closes it.
    Watch(UnboundedReceiver<Bytes>),
}

impl Api {
    /// Lets whoever has a token in, with these rights from now on.
    pub fn grant(&mut self, token: impl Into<String>, account: Account) {
        self.accounts.insert(token.into(), Arc::new(account));
    }

    /// Lets whoever has a token in no more: 401, as for a token that has expired.
    pub fn revoke(&mut self, token: &str) {
        self.accounts.remove(token);
    }

    /// Cuts all connections on which somebody watches.
    pub fn close_watches(&mut self) {
        self.watches.close_all();
    }

    /// How many watches are open, as far as is known: one that nobody listens to any more is noticed when something is
    /// to be sent on it, or after a minute.
    pub fn open_watches(&self) -> usize {
        self.watches.count()
    }

    /// When the next watch is to get a bookmark or to be closed. No event of the model: a model at rest has none, but
    /// watches go on. Who drives the time should stop at this time as well.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.watches.next_due()
    }

    /// Refuses changes of Applications from now on, as an admission policy does.
    pub fn deny(&mut self, denial: Denial) {
        self.denials.retain(|known| known.policy != denial.policy);
        self.denials.push(denial);
    }

    /// Takes a policy of [`Self::deny`] back.
    pub fn permit(&mut self, policy: &str) {
        self.denials.retain(|known| known.policy != policy);
    }

    /// The newest requests in the order in which they were answered.
    pub fn audit(&self) -> impl DoubleEndedIterator<Item = &Audited> {
        self.log.entries()
    }

    /// How often each verb was asked for by each account since the beginning: `(account, verb)`.
    pub fn requests(&self) -> &BTreeMap<(String, String), u64> {
        self.log.counts()
    }

    /// Tells watches about a change.
    pub(crate) fn tell(&mut self, change: &Change) {
        self.watches.tell(change);
    }

    /// Sends a bookmark on every watch that wants them: everything up to `revision` was told.
    pub(crate) fn bookmark(&mut self, revision: u64) {
        self.watches.bookmark(revision);
    }

    /// Sends the bookmarks and closes the watches whose time has come.
    pub(crate) fn pass(&mut self, now: Timestamp, revision: u64) {
        self.watches.pass(now, revision);
    }
}

/// What is answered when nothing is wrong.
enum Reply {
    /// A document, with what there is to warn of.
    Json(StatusCode, Vec<u8>, Vec<String>),
    /// A word, such as `ok`.
    Text(&'static str),
    /// A watch.
    Watch(UnboundedReceiver<Bytes>),
}

impl Reply {
    fn json(value: &Value) -> Self {
        Self::Json(StatusCode::OK, value.to_string().into_bytes(), Vec::new())
    }
}

/// Answers a request. The account is that of the header `authorization: Bearer TOKEN`.
pub fn handle(model: &mut Model, request: &Request<Bytes>) -> Response<Answer> {
    let asked = Asked::read(request);
    let account = model.api.account(request);
    let name = account.as_ref().map_or_else(|_| String::new(), |account| account.name.clone());
    let answered = account.and_then(|account| serve(model, &account, &asked));
    let code = match &answered {
        Ok(Reply::Json(code, ..)) => code.as_u16(),
        Ok(_) => 200,
        Err(refusal) => refusal.code,
    };
    let now = model.now();
    model.api.log.add(Audited::new(now, name, &asked, code));
    match answered {
        Ok(reply) => render(reply),
        Err(refusal) => refusal.render(),
    }
}

fn serve(model: &mut Model, account: &Account, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    account.check(asked)?;
    match &asked.path {
        Path::Words(_) => discovery::answer(asked),
        Path::Review => account.review(asked),
        Path::Resource(target) => {
            let Some(kind) = target.kind() else {
                let built_in = matches!(target.group.as_str(), "" | "apps" | "batch" | "policy");
                return Err(if built_in { Refusal::no_resource() } else { Refusal::no_page() });
            };
            match asked.verb {
                "get" => list::get(model, kind, target),
                "list" => list::list(model, kind, target, asked),
                "watch" => watch::open(model, kind, target, asked),
                _ => write::write(model, account, kind, target, asked),
            }
        }
    }
}

fn render(reply: Reply) -> Response<Answer> {
    let (code, kind, warnings, body) = match reply {
        Reply::Json(code, body, warnings) => {
            (code, "application/json", warnings, Answer::Whole(Bytes::from(body)))
        }
        Reply::Text(text) => {
            (StatusCode::OK, "text/plain; charset=utf-8", Vec::new(), Answer::Whole(Bytes::from(text)))
        }
        Reply::Watch(lines) => (StatusCode::OK, "application/json", Vec::new(), Answer::Watch(lines)),
    };
    let mut response = Response::new(body);
    *response.status_mut() = code;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    for warning in warnings {
        let text = format!("299 - \"{}\"", warning.replace('\\', "\\\\").replace('"', "\\\""));
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().append(header::WARNING, value);
        }
    }
    response
}

/// Whether objects of a kind count their generations.
pub(crate) fn has_generation(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Namespace
            | Kind::ConfigMap
            | Kind::Secret
            | Kind::Service
            | Kind::ServiceAccount
            | Kind::Event
            | Kind::ControllerRevision
    )
}

/// Whether a kind has its status behind a path of its own. Of Argo CD's kinds only ApplicationSets have: an
/// Application's status is written with the rest of it (facts: `PATCH …/status` is answered with 404).
fn has_status(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Namespace
            | Kind::Service
            | Kind::Pod
            | Kind::StatefulSet
            | Kind::ReplicaSet
            | Kind::Deployment
            | Kind::Job
            | Kind::PodDisruptionBudget
            | Kind::ApplicationSet
    )
}

/// Whether a change of an object of this kind makes a new `metadata.generation`. Of a custom resource without a status
/// of its own every change outside the metadata does, so with each of Argo CD's status writes an Application's
/// generation moves; of all others a change outside status and metadata.
pub(crate) fn is_new_generation(kind: Kind, old: &Value, new: &Value) -> bool {
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else { return false };
    let counts = |name: &str| name != "metadata" && !(has_status(kind) && name == "status");
    let differs = |name: &String| counts(name) && old.get(name) != new.get(name);
    has_generation(kind) && old.keys().chain(new.keys()).any(differs)
}

/// Leaves out what is empty in an object's metadata, as `omitempty` of `ObjectMeta` does: without annotations there is no
/// map of them. The tenants of the testbed have one that Argo CD takes away, and every release on it (`release.rs`) then
/// writes the map together with its own.
pub(crate) fn omit_empty(object: &mut Value) {
    let Some(metadata) = object.pointer_mut("/metadata").and_then(Value::as_object_mut) else { return };
    metadata.retain(|_, value| match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => true,
    });
}

/// A time as Kubernetes writes it: whole seconds.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
