//! What people do by hand in the story, through the same API server: they are somebody else than Ringway.

use anyhow::Context as _;
use http::{Request, request::Builder};
use kube::Client;
use serde_json::Value;

/// An administrator of the demo's cluster.
pub(super) struct Hands(Client);

impl Hands {
    /// With the administrator's credentials.
    pub(super) fn new(client: Client) -> Self {
        Self(client)
    }

    /// Patches an Application, as somebody.
    pub(super) async fn patch_application(
        &self,
        name: &str,
        patch: &Value,
        field_manager: &str,
    ) -> anyhow::Result<()> {
        let path = format!("{}?fieldManager={field_manager}", application_path(name));
        let request = Request::patch(path).header("content-type", "application/json-patch+json");
        self.send(request, patch.to_string()).await
    }

    /// Deletes a pod.
    pub(super) async fn delete_pod(&self, namespace: &str, name: &str) -> anyhow::Result<()> {
        let path = format!("/api/v1/namespaces/{namespace}/pods/{name}");
        self.send(Request::delete(path), String::new()).await
    }

    async fn send(&self, request: Builder, body: String) -> anyhow::Result<()> {
        let request = request.body(body.into_bytes())?;
        let doing = format!("{} {}", request.method(), request.uri());
        self.0.request::<Value>(request).await.context(doing).map(drop)
    }
}

fn application_path(name: &str) -> String {
    format!("/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/{name}")
}
