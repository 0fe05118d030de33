//! What people do by hand in the story, through the same API server: they are somebody else than Ringway.

use anyhow::Context as _;
use http::{Method, Request};
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
        self.send(Method::PATCH, &path, Some(patch)).await.map(|_| ())
    }

    /// Deletes a pod.
    pub(super) async fn delete_pod(&self, namespace: &str, name: &str) -> anyhow::Result<()> {
        let path = format!("/api/v1/namespaces/{namespace}/pods/{name}");
        self.send(Method::DELETE, &path, None).await.map(|_| ())
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let doing = format!("{method} {path}");
        let mut request = Request::builder().method(method).uri(path);
        if body.is_some() {
            request = request.header("content-type", "application/json-patch+json");
        }
        let body = body.map(ToString::to_string).unwrap_or_default();
        let request = request.body(body.into_bytes()).with_context(|| doing.clone())?;
        self.0.request(request).await.context(doing)
    }
}

fn application_path(name: &str) -> String {
    format!("/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/{name}")
}

/// A command of the form `kubectl -n NAMESPACE delete pod NAME…`, as Ringway advises it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DeletePods {
    /// The command itself.
    pub(super) words: Vec<String>,
    /// Where.
    pub(super) namespace: String,
    /// Which ones.
    pub(super) pods: Vec<String>,
}

/// The commands in an advice that delete pods. They stand between backticks.
pub(super) fn advised_deletions(advice: &str) -> Vec<DeletePods> {
    let quoted = advice.split('`').skip(1).step_by(2);
    let commands = quoted.filter_map(|command| {
        let words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
        let (namespace, pods) = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["kubectl", "-n", namespace, "delete", "pod", pods @ ..] if !pods.is_empty() => {
                ((*namespace).to_owned(), pods.iter().map(|pod| (*pod).to_owned()).collect())
            }
            _ => return None,
        };
        Some(DeletePods { words, namespace, pods })
    });
    commands.collect()
}

#[cfg(test)]
mod tests {
    use super::advised_deletions;

    #[test]
    fn the_advice_is_followed_to_the_letter() {
        let advice =
            "`kubectl -n tenant-a delete pod atlas-1 atlas-read-0`, then give the same command again";
        let found = advised_deletions(advice);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].namespace.as_str(), found[0].words.len()), ("tenant-a", 7));
        assert_eq!(found[0].pods, ["atlas-1", "atlas-read-0"]);
    }

    #[test]
    fn other_advice_deletes_nothing() {
        for advice in [
            "",
            "look at `kubectl -n tenant-a describe pod atlas-1`",
            "`kubectl -n tenant-a delete pod`",
            "`",
        ] {
            assert_eq!(advised_deletions(advice), [], "{advice}");
        }
    }
}
