//! Asks an API server what we may do there.

use super::{
    ClusterClient,
    error::ClusterError,
    request::{self, Call, Payload},
};
use http::Method;
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// How long an answer is believed.
const BELIEVED: Duration = Duration::from_secs(60);

/// Something that one may be allowed to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// Such as `patch`.
    pub verb: String,
    /// The API group, empty for the core group.
    pub group: String,
    /// The resource in its plural, such as `applications`.
    pub resource: String,
    /// The namespace.
    pub namespace: String,
}

impl Right {
    /// A right to do `verb` to the `resource` of `group` in `namespace`.
    pub fn new(verb: &str, group: &str, resource: &str, namespace: &str) -> Self {
        let [verb, group, resource, namespace] = [verb, group, resource, namespace].map(str::to_owned);
        Self { verb, group, resource, namespace }
    }

    /// The resource with its group, such as `applications.argoproj.io`.
    pub fn qualified_resource(&self) -> String {
        if self.group.is_empty() {
            self.resource.clone()
        } else {
            format!("{}.{}", self.resource, self.group)
        }
    }
}

#[derive(Deserialize)]
struct Review {
    status: ReviewStatus,
}

#[derive(Deserialize)]
struct ReviewStatus {
    #[serde(default)]
    allowed: bool,
}

impl ClusterClient {
    /// The rights among `wanted` that we do not have. An answer of the API server is believed for a minute, and who
    /// wants to know meanwhile waits for it instead of asking as well.
    ///
    /// # Errors
    ///
    /// When the API server does not answer, or does not let us ask.
    pub async fn check_rights(&self, wanted: &[Right]) -> Result<Vec<Right>, ClusterError> {
        let mut known = self.inner.rights.lock().await;
        let mut missing = Vec::new();
        for right in wanted {
            let allowed = match known.get(right) {
                Some((allowed, since)) if since.elapsed() < BELIEVED => *allowed,
                _ => {
                    let allowed = self.ask(right).await?;
                    known.insert(right.clone(), (allowed, Instant::now()));
                    allowed
                }
            };
            if !allowed {
                missing.push(right.clone());
            }
        }
        Ok(missing)
    }

    async fn ask(&self, right: &Right) -> Result<bool, ClusterError> {
        let call = Call {
            cluster: self.name().to_owned(),
            doing: format!(
                "ask whether Ringway may {} {} in namespace {}",
                right.verb,
                right.qualified_resource(),
                right.namespace
            ),
            verb: "create",
            resource: "selfsubjectaccessreviews.authorization.k8s.io",
            namespace: String::new(),
            path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews".to_owned(),
        };
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": { "resourceAttributes": {
                "verb": right.verb, "group": right.group, "resource": right.resource, "namespace": right.namespace,
            }},
        });
        let payload = Payload { content_type: "application/json", bytes: review.to_string().into_bytes() };
        let bytes = self.bytes(&call, Method::POST, &[], Some(payload)).await?;
        let review: Review = request::parse(&call, &bytes, "SelfSubjectAccessReview")?;
        Ok(review.status.allowed)
    }
}
