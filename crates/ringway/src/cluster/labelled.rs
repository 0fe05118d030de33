//! The labels of Applications, without the Applications: hundreds of them may be asked for at once.

use super::{
    ClusterClient,
    application::{APPLICATIONS, GROUP},
    error::ClusterError,
    request::{self, Call},
    wire::Page,
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// How many are read at once; each is a few kilobytes, of which most are `managedFields`.
const PAGE: &str = "250";

/// At most so many pages: whoever has more means something else.
const PAGES: usize = 100;

#[derive(Deserialize)]
struct Labelled {
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

impl ClusterClient {
    /// The labels of all Applications in `namespaces` that `selector` matches.
    ///
    /// # Errors
    ///
    /// When the API server does not answer, or refuses; also when there is no end to the Applications.
    pub async fn labels_of_applications(
        &self,
        namespaces: &[String],
        selector: &str,
    ) -> Result<Vec<BTreeMap<String, String>>, ClusterError> {
        let mut found = Vec::new();
        for namespace in namespaces {
            let call = Call {
                cluster: self.name().to_owned(),
                doing: format!("list the labels of Applications {selector} in namespace {namespace}"),
                verb: "list",
                resource: APPLICATIONS,
                namespace: namespace.to_owned(),
                path: request::path(GROUP, &["namespaces", namespace, "applications"]),
            };
            self.pages_of_labels(&call, selector, &mut found).await?;
        }
        Ok(found)
    }

    async fn pages_of_labels(
        &self,
        call: &Call,
        selector: &str,
        found: &mut Vec<BTreeMap<String, String>>,
    ) -> Result<(), ClusterError> {
        let mut next: Option<String> = None;
        for _ in 0..PAGES {
            let mut query = vec![("labelSelector", selector), ("limit", PAGE)];
            if let Some(next) = &next {
                query.push(("continue", next));
            }
            let bytes = self.metadata_bytes(call, &query).await?;
            let page: Page<'_> = request::parse(call, &bytes, "PartialObjectMetadataList")?;
            for item in page.items {
                let labelled: Labelled =
                    request::parse(call, item.get().as_bytes(), "PartialObjectMetadata")?;
                found.push(labelled.metadata.labels);
            }
            next = page.metadata.next();
            if next.is_none() {
                return Ok(());
            }
        }
        Err(request::endless(call))
    }
}
