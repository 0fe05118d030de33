//! Watches: who wants to hear of which changes, and what they are told.
//!
//! They are found by kind, namespace and name, so that a change costs the same however many watch other objects, and
//! each form of an event is written once for all who get it. Seen on the testbed: `cluster::a_watch_tells_the_state_…`,
//! `cluster::a_version_that_the_api_server_has_forgotten_is_read_anew`; bookmarks once a minute and right before the end
//! are the API server's own (`k8s.io/apiserver/pkg/storage/cacher`).

use super::{
    Reply, list,
    path::{Asked, Target},
    selector::Selector,
    status::{Cause, Refusal},
};
use crate::{
    Model,
    kind::{Key, Kind},
    store::Change,
};
use bytes::Bytes;
use futures_channel::mpsc::{self, UnboundedSender};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// How often bookmarks are sent.
const BOOKMARKS: SignedDuration = SignedDuration::from_secs(60);

/// How long before its end a watch gets its last bookmark.
const LAST_BOOKMARK: SignedDuration = SignedDuration::from_secs(2);

/// How long a watch stays open that asks for nothing else: the API server takes half an hour to an hour.
const UNASKED: i64 = 2_700;

/// What one may watch: a kind, everywhere or in a namespace, all or one name.
type Place = (Kind, Option<String>, Option<String>);

#[derive(Debug)]
struct Watch {
    selector: Selector,
    sender: UnboundedSender<Bytes>,
    /// What came up to this version is known to the watcher.
    after: u64,
    bookmarks: bool,
    closes: Timestamp,
}

/// All that are open.
#[derive(Debug, Default)]
pub(super) struct Watches {
    places: BTreeMap<Place, BTreeMap<u64, Watch>>,
    due: BTreeSet<(Timestamp, u64, Place)>,
    opened: u64,
}

/// The forms of one change, each written when it is first needed.
struct Lines<'a> {
    change: &'a Change,
    added: Option<Bytes>,
    modified: Option<Bytes>,
    deleted: Option<Bytes>,
}

fn line(kind: &str, object: &Value) -> Bytes {
    Bytes::from(format!("{{\"type\":\"{kind}\",\"object\":{object}}}\n"))
}

impl Lines<'_> {
    /// What a watcher gets who saw the object before and sees it now, or not.
    fn form(&mut self, before: bool, now: bool) -> Option<Bytes> {
        let change = self.change;
        let new = change.new.as_deref().unwrap_or(&Value::Null);
        let line = match (before, now) {
            (false, false) => return None,
            (false, true) => self.added.get_or_insert_with(|| line("ADDED", new)),
            (true, true) => self.modified.get_or_insert_with(|| line("MODIFIED", new)),
            // The last state that was selected, with the version of the change.
            (true, false) => self.deleted.get_or_insert_with(|| {
                let mut last = change.old.as_deref().cloned().unwrap_or_default();
                last["metadata"]["resourceVersion"] = json!(change.revision.to_string());
                line("DELETED", &last)
            }),
        };
        Some(line.clone())
    }

    fn of(change: &Change) -> Lines<'_> {
        Lines { change, added: None, modified: None, deleted: None }
    }

    fn for_selector(&mut self, selector: &Selector) -> Option<Bytes> {
        let key = &self.change.key;
        let selects = |object: &Option<_>| {
            object.as_ref().is_some_and(|object: &std::sync::Arc<Value>| selector.matches(key, object))
        };
        let (before, now) = (selects(&self.change.old), selects(&self.change.new));
        self.form(before, now)
    }
}

fn bookmark(kind: Kind, revision: u64, ends_initial_events: bool) -> Bytes {
    let mut metadata = json!({ "resourceVersion": revision.to_string() });
    if ends_initial_events {
        metadata["annotations"] = json!({ "k8s.io/initial-events-end": "true" });
    }
    line("BOOKMARK", &json!({ "kind": kind.name(), "apiVersion": kind.api_version(), "metadata": metadata }))
}

impl Watches {
    pub(super) fn tell(&mut self, change: &Change) {
        let Key { kind, namespace, name } = &change.key;
        let mut lines = Lines::of(change);
        for place in [
            (*kind, None, None),
            (*kind, None, Some(name.clone())),
            (*kind, Some(namespace.clone()), None),
            (*kind, Some(namespace.clone()), Some(name.clone())),
        ] {
            let Some(watches) = self.places.get_mut(&place) else { continue };
            watches.retain(|_, watch| {
                if change.revision <= watch.after {
                    return true;
                }
                let line = lines.for_selector(&watch.selector);
                line.is_none_or(|line| watch.sender.unbounded_send(line).is_ok())
            });
            if watches.is_empty() {
                self.places.remove(&place);
            }
        }
    }

    fn open(&mut self, now: Timestamp, place: Place, watch: Watch) {
        self.opened += 1;
        self.due.insert((next_due(now, &watch), self.opened, place.clone()));
        self.places.entry(place).or_default().insert(self.opened, watch);
    }

    pub(super) fn close_all(&mut self) {
        self.places.clear();
        self.due.clear();
    }

    pub(super) fn count(&self) -> usize {
        self.places.values().map(BTreeMap::len).sum()
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, ..)| *at)
    }

    pub(super) fn bookmark(&mut self, revision: u64) {
        self.places.retain(|place, watches| {
            let line = bookmark(place.0, revision, false);
            watches.retain(|_, watch| !watch.bookmarks || watch.sender.unbounded_send(line.clone()).is_ok());
            !watches.is_empty()
        });
    }

    pub(super) fn pass(&mut self, now: Timestamp, revision: u64) {
        while self.due.first().is_some_and(|(at, ..)| *at <= now) {
            let Some((at, id, place)) = self.due.pop_first() else { return };
            let Some(watches) = self.places.get_mut(&place) else { continue };
            let Some(watch) = watches.get(&id) else { continue };
            let open = at < watch.closes && !watch.sender.is_closed();
            if open {
                if watch.bookmarks {
                    // Whoever does not listen any more is removed at the next look.
                    drop(watch.sender.unbounded_send(bookmark(place.0, revision.max(watch.after), false)));
                }
                self.due.insert((next_due(at, watch), id, place));
                continue;
            }
            watches.remove(&id);
            if watches.is_empty() {
                self.places.remove(&place);
            }
        }
    }
}

/// When a watch has to be looked at next: for a bookmark, the last bookmark, or its end.
fn next_due(now: Timestamp, watch: &Watch) -> Timestamp {
    let regular = now.saturating_add(BOOKMARKS).unwrap_or(watch.closes);
    let last = watch.closes.saturating_sub(LAST_BOOKMARK).unwrap_or(watch.closes);
    let next = [regular, last].into_iter().filter(|at| *at > now).min();
    next.unwrap_or(watch.closes).min(watch.closes)
}

/// How a watch begins.
enum Beginning {
    /// With all that is there, and a mark at its end if `true`.
    Everything(bool),
    /// After a version.
    After(u64),
}

fn beginning(asked: &Asked<'_>) -> Result<Beginning, Refusal> {
    let not_older = asked.parameter("resourceVersionMatch") == Some("NotOlderThan");
    let forbidden = |message: &str| {
        let message = format!("Forbidden: {message}");
        let cause =
            Cause { field: "resourceVersionMatch".to_owned(), reason: "FieldValueForbidden", message };
        let details = json!({ "group": "meta.k8s.io", "kind": "ListOptions" });
        Refusal::invalid("ListOptions.meta.k8s.io \"\"", details, &[cause])
    };
    let version = list::version(asked)?;
    match (asked.parameter("sendInitialEvents"), version) {
        (Some(_), _) if !not_older => {
            Err(forbidden("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
        }
        (None, _) if asked.parameter("resourceVersionMatch").is_some() => {
            Err(forbidden("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"))
        }
        (Some(_), _) if asked.is("sendInitialEvents") => Ok(Beginning::Everything(true)),
        (_, Some(version)) => Ok(Beginning::After(version)),
        (_, None) => Ok(Beginning::Everything(false)),
    }
}

/// Opens a watch.
pub(super) fn open(
    model: &mut Model,
    kind: Kind,
    target: &Target,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let selector = Selector::of(kind, asked)?;
    let beginning = beginning(asked)?;
    let (sender, receiver) = mpsc::unbounded();
    let send = |line| drop(sender.unbounded_send(line));
    let revision = model.store.revision();
    let mut after = revision;
    match beginning {
        Beginning::Everything(marked) => {
            for (key, object) in list::current(model, kind, target.namespace(), &selector) {
                if selector.matches(key, object) {
                    send(line("ADDED", object));
                }
            }
            if marked && asked.is("allowWatchBookmarks") {
                send(bookmark(kind, revision, true));
            }
        }
        Beginning::After(version) => {
            after = version.max(revision);
            let Some(changes) = model.store.changes_after(version) else {
                // The API server answers 200 and says it in an event, once it has understood the request.
                let oldest = model.store.compacted();
                let refusal = Refusal::expired(format!("too old resource version: {version} ({oldest})"));
                send(line("ERROR", &refusal.status()));
                return Ok(Reply::Watch(receiver));
            };
            let is_meant = |key: &Key| {
                key.kind == kind && target.namespace().is_none_or(|namespace| key.namespace == namespace)
            };
            for change in changes.filter(|change| is_meant(&change.key)) {
                Lines::of(change).for_selector(&selector).into_iter().for_each(send);
            }
        }
    }
    let timeout = asked.parameter("timeoutSeconds").and_then(|seconds| seconds.parse().ok());
    let timeout = SignedDuration::from_secs(timeout.filter(|seconds| *seconds > 0).unwrap_or(UNASKED));
    let now = model.now();
    let place = (kind, target.namespace().map(str::to_owned), selector.name().map(str::to_owned));
    let watch = Watch {
        selector,
        sender,
        after,
        bookmarks: asked.is("allowWatchBookmarks"),
        closes: now.saturating_add(timeout).unwrap_or(Timestamp::MAX),
    };
    model.api.watches.open(now, place, watch);
    Ok(Reply::Watch(receiver))
}
