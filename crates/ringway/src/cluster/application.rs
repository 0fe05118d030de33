//! Applications: read, found, patched and watched. Never written as a whole.

use super::{
    ClusterClient, FIELD_MANAGER, REFRESH_MANAGER,
    error::{ClusterError, ClusterErrorKind},
    request::{self, Call, Payload},
    watch::{self, Target, WatchItem},
    wire::Page,
};
use futures_util::stream::{BoxStream, StreamExt};
use http::Method;
use release::{
    application::{Application, ApplicationKey},
    service::ApplicationSelector,
};
use serde_json::Value;
use std::time::Duration;

pub(super) const GROUP: &str = "/apis/argoproj.io/v1alpha1";
pub(super) const APPLICATIONS: &str = "applications.argoproj.io";
const APPLICATION_SETS: &str = "applicationsets.argoproj.io";

/// How many Applications are read at once: each can have a megabyte.
const PAGE: &str = "10";

/// How often a list is begun again when its pages have become too old to go on.
const LISTS: u32 = 3;

/// An Application that was found.
#[derive(Debug)]
pub struct FoundApplication {
    /// The Application.
    pub application: Application,
    /// How many bytes of JSON it has.
    pub bytes: usize,
}

/// What happened to an Application that is watched.
#[derive(Debug)]
pub enum ApplicationEvent {
    /// This is how it looks now.
    Changed(Box<Application>),
    /// It does not exist (any more).
    Deleted,
    /// The API server cannot be reached; the watch goes on trying.
    Interrupted {
        /// For how long already.
        lasting: Duration,
        /// Why.
        error: ClusterError,
    },
    /// The API server can be reached again.
    Resumed,
}

/// The events of one Application. An error is the last item.
pub type ApplicationStream = BoxStream<'static, Result<ApplicationEvent, ClusterError>>;

impl ClusterClient {
    /// Reads an Application. `None` if there is none.
    ///
    /// # Errors
    ///
    /// When the API server does not answer, or refuses.
    pub async fn get_application(
        &self,
        key: &ApplicationKey,
    ) -> Result<Option<FoundApplication>, ClusterError> {
        let call = self.application_call("get", "read", &key.namespace, &key.name);
        match self.bytes_if_present(&call).await? {
            None => Ok(None),
            Some(bytes) => {
                let application = request::parse(&call, &bytes, "Application")?;
                Ok(Some(FoundApplication { application, bytes: bytes.len() }))
            }
        }
    }

    /// Reads the Applications that `selector` (for one tenant) means, in all `namespaces`.
    ///
    /// # Errors
    ///
    /// When the API server does not answer, or refuses.
    pub async fn find_applications(
        &self,
        namespaces: &[String],
        selector: &ApplicationSelector,
    ) -> Result<Vec<FoundApplication>, ClusterError> {
        let mut found = Vec::new();
        for namespace in namespaces {
            match selector {
                ApplicationSelector::Name(name) => {
                    let key = ApplicationKey {
                        instance: self.name().to_owned(),
                        namespace: namespace.clone(),
                        name: name.clone(),
                    };
                    found.extend(self.get_application(&key).await?);
                }
                ApplicationSelector::Labels(labels) => {
                    found.extend(self.list_applications(namespace, labels).await?)
                }
            }
        }
        Ok(found)
    }

    /// Reads the ApplicationSet as it stands in the API. `None` if there is none.
    ///
    /// # Errors
    ///
    /// When the API server does not answer, or refuses.
    pub async fn get_application_set(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Value>, ClusterError> {
        let call = Call {
            cluster: self.name().to_owned(),
            doing: format!("read ApplicationSet {namespace}/{name}"),
            verb: "get",
            resource: APPLICATION_SETS,
            namespace: namespace.to_owned(),
            path: request::path(GROUP, &["namespaces", namespace, "applicationsets", name]),
        };
        match self.bytes_if_present(&call).await? {
            None => Ok(None),
            Some(bytes) => request::parse(&call, &bytes, "ApplicationSet").map(Some),
        }
    }

    /// Applies a JSON patch to an Application and gives what it is then. With `dry_run`, nothing is stored.
    ///
    /// # Errors
    ///
    /// [`ClusterErrorKind::GuardFailed`] when a `test` of the patch does not hold, [`ClusterErrorKind::Rejected`] when
    /// the result would not be valid. After [`ClusterErrorKind::TimedOut`] and [`ClusterErrorKind::Unreachable`],
    /// whether it was stored is not known.
    pub async fn patch_application(
        &self,
        key: &ApplicationKey,
        patch: &[Value],
        dry_run: bool,
    ) -> Result<Application, ClusterError> {
        let call = self.application_call("patch", "patch", &key.namespace, &key.name);
        let dry_run = dry_run.then_some(("dryRun", "All"));
        let bytes = self.send_patch(&call, patch, FIELD_MANAGER, dry_run).await?;
        request::parse(&call, &bytes, "Application")
    }

    /// Applies the JSON patch that asks Argo CD to compare an Application. Under a name of its own, so that an audit log
    /// tells it from an override.
    ///
    /// # Errors
    ///
    /// As [`Self::patch_application`].
    pub async fn refresh_application(
        &self,
        key: &ApplicationKey,
        patch: &[Value],
    ) -> Result<(), ClusterError> {
        let call = self.application_call("patch", "ask Argo CD to compare", &key.namespace, &key.name);
        self.send_patch(&call, patch, REFRESH_MANAGER, None).await.map(|_| ())
    }

    async fn send_patch(
        &self,
        call: &Call,
        patch: &[Value],
        manager: &str,
        dry_run: Option<(&'static str, &'static str)>,
    ) -> Result<Vec<u8>, ClusterError> {
        let bytes =
            serde_json::to_vec(patch).map_err(|error| request::malformed(call, "a JSON patch", error))?;
        let payload = Payload { content_type: "application/json-patch+json", bytes };
        let mut query = vec![("fieldManager", manager), ("fieldValidation", "Strict")];
        query.extend(dry_run);
        self.bytes(call, Method::PATCH, &query, Some(payload)).await
    }

    /// Watches one Application. Without `from`, the first item says how it looks now (or that it does not exist); with
    /// the resource version of what the caller knows, the first item is the first change after it.
    pub fn watch_application(&self, key: &ApplicationKey, from: Option<String>) -> ApplicationStream {
        let call = Call {
            cluster: self.name().to_owned(),
            doing: format!("watch Application {}/{}", key.namespace, key.name),
            verb: "watch",
            resource: APPLICATIONS,
            namespace: key.namespace.clone(),
            path: request::path(GROUP, &["namespaces", &key.namespace, "applications"]),
        };
        let target = Target { call, name: Some(key.name.clone()), kind: "Application", from };
        let name = key.name.clone();
        watch::watch::<Application>(self.clone(), target)
            .map(move |item| item.map(|item| event(item, &name)))
            .boxed()
    }

    async fn list_applications(
        &self,
        namespace: &str,
        labels: &str,
    ) -> Result<Vec<FoundApplication>, ClusterError> {
        let call = Call {
            cluster: self.name().to_owned(),
            doing: format!("list Applications {labels} in namespace {namespace}"),
            verb: "list",
            resource: APPLICATIONS,
            namespace: namespace.to_owned(),
            path: request::path(GROUP, &["namespaces", namespace, "applications"]),
        };
        let mut lists = 1;
        loop {
            match self.pages(&call, labels).await {
                Err(error) if matches!(error.kind, ClusterErrorKind::Gone) && lists < LISTS => lists += 1,
                result => return result,
            }
        }
    }

    async fn pages(&self, call: &Call, labels: &str) -> Result<Vec<FoundApplication>, ClusterError> {
        let mut found = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let mut query = vec![("labelSelector", labels), ("limit", PAGE)];
            if let Some(next) = &next {
                query.push(("continue", next));
            }
            let bytes = self.bytes(call, Method::GET, &query, None).await?;
            let page: Page<'_> = request::parse(call, &bytes, "ApplicationList")?;
            for item in page.items {
                let json = item.get();
                let application = request::parse(call, json.as_bytes(), "Application")?;
                found.push(FoundApplication { application, bytes: json.len() });
            }
            next = page.metadata.next();
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    async fn bytes_if_present(&self, call: &Call) -> Result<Option<Vec<u8>>, ClusterError> {
        match self.bytes(call, Method::GET, &[], None).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if matches!(error.kind, ClusterErrorKind::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn application_call(&self, verb: &'static str, doing: &str, namespace: &str, name: &str) -> Call {
        Call {
            cluster: self.name().to_owned(),
            doing: format!("{doing} Application {namespace}/{name}"),
            verb,
            resource: APPLICATIONS,
            namespace: namespace.to_owned(),
            path: request::path(GROUP, &["namespaces", namespace, "applications", name]),
        }
    }
}

fn event(item: WatchItem<Application>, name: &str) -> ApplicationEvent {
    match item {
        WatchItem::Present(mut objects) => match objects.remove(name) {
            Some(application) => ApplicationEvent::Changed(Box::new(application)),
            None => ApplicationEvent::Deleted,
        },
        WatchItem::Changed(_, application) => ApplicationEvent::Changed(Box::new(application)),
        WatchItem::Deleted(_) => ApplicationEvent::Deleted,
        WatchItem::Interrupted { lasting, error } => ApplicationEvent::Interrupted { lasting, error },
        WatchItem::Resumed => ApplicationEvent::Resumed,
    }
}
