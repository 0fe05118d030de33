//! What runs in a cluster: the versions of Kubernetes and Argo CD, as far as they can be seen with few rights.

use super::{
    ClusterClient,
    error::{ClusterError, ClusterErrorKind},
    request::{self, Call},
};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    git_version: String,
}

#[derive(Deserialize)]
struct Resources {
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    name: String,
}

#[derive(Deserialize)]
struct Labelled {
    metadata: Labels,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Labels {
    labels: BTreeMap<String, String>,
}

impl ClusterClient {
    /// The version of the API server, such as `v1.36.1`. Nearly every account may read it, so it also tells whether the
    /// API server can be reached.
    ///
    /// # Errors
    ///
    /// When the API server does not answer, or refuses.
    pub async fn server_version(&self) -> Result<String, ClusterError> {
        let call = self.plain_call(
            "read the version of the API server",
            "get",
            "version",
            "",
            "/version".to_owned(),
        );
        let version: Version = self.json(&call, &[], "its version").await?;
        Ok(version.git_version)
    }

    /// Whether the cluster knows Argo CD's Applications.
    ///
    /// # Errors
    ///
    /// When the API server does not answer, or refuses.
    pub async fn has_applications(&self) -> Result<bool, ClusterError> {
        let path = "/apis/argoproj.io/v1alpha1".to_owned();
        let call = self.plain_call("look for Argo CD's resources", "get", "argoproj.io/v1alpha1", "", path);
        match self.json::<Resources>(&call, &[], "APIResourceList").await {
            Ok(list) => Ok(list.resources.iter().any(|resource| resource.name == "applications")),
            Err(error)
                if matches!(error.kind, ClusterErrorKind::CrdAbsent { .. } | ClusterErrorKind::NotFound) =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// The version of Argo CD in `namespace`, if the label that its Helm chart puts on `argocd-cm` says so and we may
    /// read it. Its plain manifests say no version anywhere.
    ///
    /// # Errors
    ///
    /// When the API server does not answer.
    pub async fn argocd_version(&self, namespace: &str) -> Result<Option<String>, ClusterError> {
        let path = request::path("/api/v1", &["namespaces", namespace, "configmaps", "argocd-cm"]);
        let call = self.plain_call("read the version of Argo CD", "get", "configmaps", namespace, path);
        match self.json::<Labelled>(&call, &[], "ConfigMap").await {
            Ok(mut map) => Ok(map.metadata.labels.remove("app.kubernetes.io/version")),
            Err(error)
                if matches!(error.kind, ClusterErrorKind::NotFound | ClusterErrorKind::Denied { .. }) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn plain_call(
        &self,
        doing: &str,
        verb: &'static str,
        resource: &'static str,
        namespace: &str,
        path: String,
    ) -> Call {
        let [doing, namespace] = [doing, namespace].map(str::to_owned);
        Call { cluster: self.name().to_owned(), doing, verb, resource, namespace, path }
    }
}
