//! Whether a workload exists.

use super::{
    ClusterClient,
    error::ClusterError,
    request::{self, Call},
    wire::Page,
};
use release::service::WorkloadKind;

impl ClusterClient {
    /// Whether there is such a workload. Asked as a list: the right to `get` one is not needed otherwise.
    ///
    /// # Errors
    ///
    /// When the API server does not answer, or refuses.
    pub async fn has_workload(
        &self,
        kind: WorkloadKind,
        namespace: &str,
        name: &str,
    ) -> Result<bool, ClusterError> {
        let (plural, resource) = match kind {
            WorkloadKind::StatefulSet => ("statefulsets", "statefulsets.apps"),
            WorkloadKind::Deployment => ("deployments", "deployments.apps"),
        };
        let call = Call {
            cluster: self.name().to_owned(),
            doing: format!("look for {} {namespace}/{name}", kind.as_str()),
            verb: "list",
            resource,
            namespace: namespace.to_owned(),
            path: request::path("/apis/apps/v1", &["namespaces", namespace, plural]),
        };
        let selector = format!("metadata.name={name}");
        let bytes = self.bytes(&call, http::Method::GET, &[("fieldSelector", &selector)], None).await?;
        let page: Page<'_> = request::parse(&call, &bytes, "list")?;
        Ok(!page.items.is_empty())
    }
}
