//! One open connection of a watch: reads its events until it ends.

use super::{Target, WatchItem};
use crate::cluster::{
    error::{self, ClusterError, ClusterErrorKind},
    lines::Lines,
    request::{malformed, parse},
    wire::{Bookmark, BookmarkMetadata, Event, Head, HeadMetadata},
};
use http_body_util::BodyExt;
use kube::{client::Body, core::Status};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;

/// How long a watch may be silent. API servers send a bookmark about every minute; without one, the connection may be
/// half dead, and to connect again from where we are costs one request.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// How long the API server may take for all that is there, before we ask with a list instead.
const INITIAL_TIMEOUT: Duration = Duration::from_secs(30);

/// The largest event: more than twice the largest object that etcd holds.
const LARGEST_EVENT: usize = 4 * 1024 * 1024;

pub(super) struct Connection<T> {
    body: Body,
    lines: Lines,
    since: Instant,
    /// What has come of all that is there, until the API server says that it is all.
    initial: Option<BTreeMap<String, T>>,
    /// The version up to which everything was told.
    pub(super) version: Option<String>,
}

/// How an open watch came to its end.
pub(super) enum End {
    /// The API server closed it, or it was silent for too long.
    Closed,
    /// It broke, or the API server sent an error.
    Error(ClusterError),
    /// The API server did not send all that is there.
    NoInitialState,
}

impl<T: DeserializeOwned> Connection<T> {
    /// A watch that was opened at `version`, or that begins with all that is there.
    pub(super) fn new(body: Body, version: Option<String>) -> Self {
        let initial = version.is_none().then(BTreeMap::new);
        Self { body, lines: Lines::new(LARGEST_EVENT), since: Instant::now(), initial, version }
    }

    /// How long it has been open.
    pub(super) fn age(&self) -> Duration {
        self.since.elapsed()
    }

    /// Waits for the next event that is worth telling.
    pub(super) async fn next(&mut self, target: &Target) -> Result<WatchItem<T>, End> {
        loop {
            while let Some(line) = self.lines.next() {
                if let Some(item) = self.event(target, &line).map_err(End::Error)? {
                    return Ok(item);
                }
            }
            self.receive(target).await?;
        }
    }

    async fn receive(&mut self, target: &Target) -> Result<(), End> {
        let begins = self.initial.is_some();
        let patience = if begins { INITIAL_TIMEOUT } else { IDLE_TIMEOUT };
        let frame = tokio::time::timeout(patience, self.body.frame()).await;
        let frame = frame.map_err(|_| if begins { End::NoInitialState } else { End::Closed })?;
        let frame = frame.ok_or(End::Closed)?;
        let frame = frame.map_err(|error| End::Error(error::from_transport(&target.call, error)))?;
        let Ok(data) = frame.into_data() else { return Ok(()) };
        self.lines.push(&data).map_err(|error| {
            let kind = ClusterErrorKind::Malformed { expected: target.kind.to_owned() };
            End::Error(target.call.error(kind, Some(Box::new(error))))
        })
    }

    fn event(&mut self, target: &Target, line: &[u8]) -> Result<Option<WatchItem<T>>, ClusterError> {
        let event: Event<'_> = parse(&target.call, line, "an event of a watch")?;
        match event.kind.as_ref() {
            "ADDED" | "MODIFIED" => {
                let (head, object) = object(target, event.object)?;
                Ok(self.changed(head, object))
            }
            "DELETED" => {
                let head: Head = part(target, event.object)?;
                Ok(self.deleted(head.metadata))
            }
            "BOOKMARK" => {
                let bookmark: Bookmark = part(target, event.object)?;
                Ok(self.bookmark(bookmark.metadata))
            }
            "ERROR" => {
                let status: Status = part(target, event.object)?;
                Err(error::from_body(&target.call, &status))
            }
            // A kind of event that does not exist yet cannot matter to us.
            _ => Ok(None),
        }
    }

    fn changed(&mut self, head: HeadMetadata, object: T) -> Option<WatchItem<T>> {
        if let Some(initial) = &mut self.initial {
            initial.insert(head.name, object);
            return None;
        }
        self.version = Some(head.resource_version);
        Some(WatchItem::Changed(head.name, object))
    }

    fn deleted(&mut self, head: HeadMetadata) -> Option<WatchItem<T>> {
        if let Some(initial) = &mut self.initial {
            initial.remove(&head.name);
            return None;
        }
        self.version = Some(head.resource_version);
        Some(WatchItem::Deleted(head.name))
    }

    fn bookmark(&mut self, bookmark: BookmarkMetadata) -> Option<WatchItem<T>> {
        if self.initial.is_some() && !bookmark.ends_initial_events() {
            return None;
        }
        self.version = Some(bookmark.resource_version);
        self.initial.take().map(WatchItem::Present)
    }
}

/// Parses an object and who it is.
pub(super) fn object<T: DeserializeOwned>(
    target: &Target,
    json: &RawValue,
) -> Result<(HeadMetadata, T), ClusterError> {
    let head: Head = part(target, json)?;
    Ok((head.metadata, part(target, json)?))
}

fn part<P: DeserializeOwned>(target: &Target, json: &RawValue) -> Result<P, ClusterError> {
    serde_json::from_str(json.get()).map_err(|error| malformed(&target.call, target.kind, error))
}
