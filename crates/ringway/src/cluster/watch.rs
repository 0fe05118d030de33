//! A watch of one collection of objects: first all that are there, then every change, over interruptions.

mod connection;

use super::{
    ClusterClient, backoff,
    error::{ClusterError, ClusterErrorKind},
    request::{Call, parse},
    wire::Page,
};
use connection::{Connection, End};
use futures_util::stream::{self, BoxStream, StreamExt};
use http::Method;
use kube::client::Body;
use serde::de::DeserializeOwned;
use std::{collections::BTreeMap, sync::atomic::Ordering, time::Duration};
use tokio::time::Instant;

/// How long the API server keeps a watch open, as text for its query, in seconds. It closes it and we go on.
const SERVER_TIMEOUT: &str = "290";

/// A connection that lasted as long as this was a good one: the next may come at once.
const STABLE: Duration = Duration::from_secs(5);

/// How long a refusal right after an outage is not believed: an API server that starts answers before it knows all
/// roles and accounts.
const SETTLING: Duration = Duration::from_secs(30);

/// How many objects a list gives at once.
const PAGE: &str = "500";

/// What a watch tells.
#[derive(Debug)]
pub(super) enum WatchItem<T> {
    /// These are all the objects there are, by name. What was known before is outdated.
    Present(BTreeMap<String, T>),
    /// An object is new or has changed.
    Changed(String, T),
    /// An object is gone.
    Deleted(String),
    /// The API server cannot be reached. The watch goes on trying.
    Interrupted {
        /// For how long already.
        lasting: Duration,
        /// Why.
        error: ClusterError,
    },
    /// It can be reached again after an interruption.
    Resumed,
}

/// What is watched.
pub(super) struct Target {
    /// The path of the collection, and how to talk about it.
    pub(super) call: Call,
    /// The only object to watch, if it is only one.
    pub(super) name: Option<String>,
    /// The kind of the objects in texts.
    pub(super) kind: &'static str,
    /// The version from which to go on. Without it, the watch begins with all that is there.
    pub(super) from: Option<String>,
}

/// The items of a watch. After the last of several interruptions comes `Resumed`. An error that waiting does not help
/// against is the last item.
pub(super) fn watch<T>(
    client: ClusterClient,
    target: Target,
) -> BoxStream<'static, Result<WatchItem<T>, ClusterError>>
where
    T: DeserializeOwned + Send + 'static,
{
    let watch = Watch {
        selector: target.name.as_ref().map(|name| format!("metadata.name={name}")),
        version: target.from.clone(),
        client,
        target,
        connection: None,
        queued: None,
        attempts: 0,
        asked: None,
        interrupted: None,
        unreachable: None,
        ended: false,
    };
    stream::unfold(watch, |mut watch| async move {
        let item = watch.next().await?;
        Some((item, watch))
    })
    .boxed()
}

struct Watch<T> {
    client: ClusterClient,
    target: Target,
    selector: Option<String>,
    /// The version up to which everything was told.
    version: Option<String>,
    connection: Option<Connection<T>>,
    /// What is told next, before anything else.
    queued: Option<WatchItem<T>>,
    /// Attempts to connect since the last connection that was a good one.
    attempts: u32,
    /// How long the API server asked us to wait.
    asked: Option<Duration>,
    /// Since when it cannot be reached.
    interrupted: Option<Instant>,
    /// When it last could not be reached.
    unreachable: Option<Instant>,
    ended: bool,
}

type Item<T> = Result<WatchItem<T>, ClusterError>;

impl<T: DeserializeOwned + Send + 'static> Watch<T> {
    async fn next(&mut self) -> Option<Item<T>> {
        if let Some(item) = self.queued.take() {
            return Some(Ok(item));
        }
        while !self.ended {
            let item = match self.connection.take() {
                None => self.connect().await,
                Some(connection) => self.listen(connection).await,
            };
            match item {
                Some(Err(error)) => {
                    self.ended = true;
                    return Some(Err(error));
                }
                Some(Ok(item)) => return Some(Ok(item)),
                None => {}
            }
        }
        None
    }

    /// Waits as long as it should, then connects. Tells only if there is something to tell.
    async fn connect(&mut self) -> Option<Item<T>> {
        let delay = backoff::delay(self.attempts, self.asked.take(), &self.key());
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        self.attempts = self.attempts.saturating_add(1);
        if self.version.is_none() && self.client.inner.lists_first.load(Ordering::Relaxed) {
            return match self.list().await {
                Ok((objects, version)) => {
                    self.version = Some(version);
                    // A list that succeeds is no reason to wait before the watch that follows it.
                    self.attempts = self.attempts.saturating_sub(1);
                    let present = WatchItem::Present(objects);
                    if self.interrupted.take().is_none() {
                        return Some(Ok(present));
                    }
                    self.queued = Some(present);
                    Some(Ok(WatchItem::Resumed))
                }
                Err(error) => self.failed(error),
            };
        }
        match self.open().await {
            Ok(body) => {
                self.connection = Some(Connection::new(body, self.version.clone()));
                self.interrupted.take().map(|_| Ok(WatchItem::Resumed))
            }
            Err(error) => self.failed(error),
        }
    }

    fn key(&self) -> String {
        format!("{}/{}", self.target.call.path, self.target.name.as_deref().unwrap_or_default())
    }

    async fn open(&mut self) -> Result<Body, ClusterError> {
        let mut query =
            vec![("watch", "true"), ("allowWatchBookmarks", "true"), ("timeoutSeconds", SERVER_TIMEOUT)];
        if let Some(selector) = &self.selector {
            query.push(("fieldSelector", selector));
        }
        match &self.version {
            Some(version) => query.push(("resourceVersion", version)),
            None => query.extend([("sendInitialEvents", "true"), ("resourceVersionMatch", "NotOlderThan")]),
        }
        let response = self.client.open(&self.target.call, Method::GET, &query, None).await?;
        Ok(response.into_body())
    }

    async fn list(&mut self) -> Result<(BTreeMap<String, T>, String), ClusterError> {
        let call = Call { verb: "list", ..self.target.call.clone() };
        let mut objects = BTreeMap::new();
        let mut next: Option<String> = None;
        loop {
            let mut query = vec![("limit", PAGE)];
            if let Some(selector) = &self.selector {
                query.push(("fieldSelector", selector));
            }
            if let Some(next) = &next {
                query.push(("continue", next));
            }
            let bytes = self.client.bytes(&call, Method::GET, &query, None).await?;
            let page: Page<'_> = parse(&call, &bytes, "list")?;
            for item in page.items {
                let (head, object) = connection::object(&self.target, item)?;
                objects.insert(head.name, object);
            }
            next = page.metadata.next();
            if next.is_none() {
                return Ok((objects, page.metadata.resource_version));
            }
        }
    }

    /// Waits for the next event that is worth telling, or for the end of the connection.
    async fn listen(&mut self, mut connection: Connection<T>) -> Option<Item<T>> {
        match connection.next(&self.target).await {
            Ok(item) => {
                self.connection = Some(connection);
                Some(Ok(item))
            }
            Err(end) => {
                if connection.age() >= STABLE {
                    self.attempts = 0;
                }
                self.version = connection.version;
                self.closed(end)
            }
        }
    }

    fn closed(&mut self, end: End) -> Option<Item<T>> {
        match end {
            End::NoInitialState => {
                self.client.inner.lists_first.store(true, Ordering::Relaxed);
                self.attempts = 0;
                None
            }
            End::Error(error) if !error.kind.is_interruption() => self.failed(error),
            End::Closed | End::Error(_) if self.attempts < 2 => None,
            End::Error(error) => self.failed(error),
            End::Closed => {
                let reason = "the API server closes every watch at once".to_owned();
                let error = self.target.call.error(ClusterErrorKind::Unreachable { reason }, None);
                self.failed(error)
            }
        }
    }

    /// Decides whether to go on after an error, and how.
    fn failed(&mut self, error: ClusterError) -> Option<Item<T>> {
        let begins = self.version.is_none() && !self.client.inner.lists_first.load(Ordering::Relaxed);
        match &error.kind {
            ClusterErrorKind::Gone => {
                self.version = None;
                None
            }
            // Older API servers do not begin a watch with what is there and refuse the parameter (KEP-3157).
            ClusterErrorKind::GuardFailed | ClusterErrorKind::Rejected { .. } if begins => {
                self.client.inner.lists_first.store(true, Ordering::Relaxed);
                self.attempts = 0;
                None
            }
            kind if kind.is_interruption() || self.is_settling(kind) => {
                if kind.is_interruption() {
                    self.unreachable = Some(Instant::now());
                }
                self.asked = kind.retry_after();
                let since = *self.interrupted.get_or_insert_with(Instant::now);
                Some(Ok(WatchItem::Interrupted { lasting: since.elapsed(), error }))
            }
            _ => Some(Err(error)),
        }
    }

    fn is_settling(&self, kind: &ClusterErrorKind) -> bool {
        use ClusterErrorKind::{CrdAbsent, Denied, Unauthorized};
        matches!(kind, Denied { .. } | Unauthorized | CrdAbsent { .. })
            && self.unreachable.is_some_and(|last| last.elapsed() < SETTLING)
    }
}
