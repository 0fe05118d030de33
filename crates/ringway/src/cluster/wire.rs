//! The frames that objects come in: lists and events of watches. The objects themselves stay unparsed text here.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::BTreeMap};

/// An event of a watch.
#[derive(Deserialize)]
pub(super) struct Event<'a> {
    /// `ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK` or `ERROR`.
    #[serde(rename = "type", borrow)]
    pub(super) kind: Cow<'a, str>,
    /// The object, or a `Status`.
    #[serde(borrow)]
    pub(super) object: &'a RawValue,
}

/// Any object, as far as a watch needs to know it.
#[derive(Deserialize)]
pub(super) struct Head {
    /// Who it is.
    pub(super) metadata: HeadMetadata,
}

/// Who an object is.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct HeadMetadata {
    /// Its name.
    pub(super) name: String,
    /// Which version of it this is.
    pub(super) resource_version: String,
}

/// The object of a `BOOKMARK`.
#[derive(Deserialize)]
pub(super) struct Bookmark {
    /// Up to which version everything was sent.
    pub(super) metadata: BookmarkMetadata,
}

/// Up to which version everything was sent.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct BookmarkMetadata {
    /// The version.
    pub(super) resource_version: String,
    /// `k8s.io/initial-events-end` says that all that was there has been sent (KEP-3157).
    pub(super) annotations: BTreeMap<String, String>,
}

impl BookmarkMetadata {
    /// Whether this is the mark after all that was there when the watch began.
    pub(super) fn ends_initial_events(&self) -> bool {
        self.annotations.get("k8s.io/initial-events-end").is_some_and(|value| value == "true")
    }
}

/// A page of a list.
#[derive(Deserialize)]
pub(super) struct Page<'a> {
    /// Where the list stands.
    #[serde(default)]
    pub(super) metadata: PageMetadata,
    /// The objects.
    #[serde(borrow)]
    pub(super) items: Vec<&'a RawValue>,
}

/// Where a list stands.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PageMetadata {
    /// The version of the whole list.
    pub(super) resource_version: String,
    /// What to ask for the next page with; absent or empty on the last one.
    #[serde(rename = "continue")]
    next: Option<String>,
}

impl PageMetadata {
    /// What to ask for the next page with, if there is one.
    pub(super) fn next(&self) -> Option<String> {
        self.next.clone().filter(|next| !next.is_empty())
    }
}
