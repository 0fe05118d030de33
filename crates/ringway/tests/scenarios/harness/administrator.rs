//! What an administrator does to the cluster: requests to the API server itself, the same on both targets.

use super::{
    kubeconfig,
    recording::Recording,
    requests::{RUNTIME, wait_for},
    wait::until,
};
use futures_util::StreamExt as _;
use http::{Method, Request};
use kube::{Client, Config, config::KubeConfigOptions, core::WatchEvent};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// Who the API server notes as the writer, unless a test says another.
const MANAGER: &str = "administrator";

/// A kind of object: its API version and its name.
#[derive(Clone, Copy)]
pub(crate) struct Kind(&'static str, &'static str);

pub(crate) const APPLICATION: Kind = Kind("argoproj.io/v1alpha1", "Application");
pub(crate) const APPLICATION_SET: Kind = Kind("argoproj.io/v1alpha1", "ApplicationSet");
pub(crate) const DEPLOYMENT: Kind = Kind("apps/v1", "Deployment");
pub(crate) const POD: Kind = Kind("v1", "Pod");
pub(crate) const PROJECT: Kind = Kind("argoproj.io/v1alpha1", "AppProject");
pub(crate) const STATEFUL_SET: Kind = Kind("apps/v1", "StatefulSet");

/// Kinds of which the sandbox knows nothing: what they are for is done there in another way.
#[cfg(feature = "testbed")]
pub(crate) mod kinds_of_the_testbed {
    use super::Kind;

    pub(crate) const ADMISSION_POLICY: Kind =
        Kind("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy");
    pub(crate) const ADMISSION_POLICY_BINDING: Kind =
        Kind("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding");
    pub(crate) const ROLE: Kind = Kind("rbac.authorization.k8s.io/v1", "Role");
    pub(crate) const ROLE_BINDING: Kind = Kind("rbac.authorization.k8s.io/v1", "RoleBinding");
    pub(crate) const SERVICE_ACCOUNT: Kind = Kind("v1", "ServiceAccount");
}

impl Kind {
    fn collection(self, namespace: &str) -> String {
        collection(self.0, self.1, namespace)
    }
}

/// The path of the objects of a kind; a kind without namespaces has `""`.
fn collection(api_version: &str, kind: &str, namespace: &str) -> String {
    let root = if api_version.contains('/') { "apis" } else { "api" };
    let place = if namespace.is_empty() { String::new() } else { format!("/namespaces/{namespace}") };
    let singular = kind.to_lowercase();
    let plural = singular.strip_suffix('y').map_or(format!("{singular}s"), |stem| format!("{stem}ies"));
    format!("/{root}/{api_version}{place}/{plural}")
}

/// How a JSON patch is sent.
#[derive(Clone, Copy, Default)]
pub(crate) struct Change<'a> {
    /// Who the API server notes as the writer.
    pub(crate) manager: Option<&'a str>,
    /// Whether the API server only says what would become of it.
    pub(crate) dry_run: bool,
}

/// An administrator of the cluster. Clones talk to the same one, from any thread.
#[derive(Clone)]
pub(crate) struct Administrator(Client);

impl Administrator {
    pub(crate) fn new(kubeconfig: &str) -> Self {
        let kubeconfig = kubeconfig::read(kubeconfig);
        Self(wait_for(async move {
            let options = KubeConfigOptions::default();
            let mut config = Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
            // What a test sends, it sends once.
            config.default_retry = false;
            Client::try_from(config).unwrap()
        }))
    }

    /// Sends a request; `Err` is what the API server answers instead.
    fn send(&self, method: Method, path: &str, media: &str, body: Option<&Value>) -> Result<Value, String> {
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let request =
            Request::builder().method(method).uri(path).header("content-type", media).body(body).unwrap();
        let client = self.0.clone();
        wait_for(async move { client.request(request).await }).map_err(|error| match error {
            kube::Error::Api(status) => format!("{} {}: {}", status.code, status.reason, status.message),
            other => panic!("the API server gave no answer: {other}"),
        })
    }

    /// An object as it is now, if there is one.
    #[track_caller]
    pub(crate) fn find(&self, kind: Kind, namespace: &str, name: &str) -> Option<Value> {
        let path = format!("{}/{name}", kind.collection(namespace));
        match self.send(Method::GET, &path, "", None) {
            Ok(object) => Some(object),
            Err(answer) if answer.starts_with("404 ") => None,
            Err(answer) => panic!("{path}: {answer}"),
        }
    }

    /// An object as it is now.
    #[track_caller]
    pub(crate) fn get(&self, kind: Kind, namespace: &str, name: &str) -> Value {
        self.find(kind, namespace, name)
            .unwrap_or_else(|| panic!("there is no {} {namespace}/{name}", kind.1))
    }

    /// The objects of a kind with a label, such as `app=atlas`; `""` is all.
    #[track_caller]
    pub(crate) fn list(&self, kind: Kind, namespace: &str, label: &str) -> Vec<Value> {
        let path = format!("{}?labelSelector={label}", kind.collection(namespace));
        let found =
            self.send(Method::GET, &path, "", None).unwrap_or_else(|answer| panic!("{path}: {answer}"));
        found["items"].as_array().unwrap_or_else(|| panic!("{path}: {found}")).clone()
    }

    /// Makes an object.
    #[track_caller]
    pub(crate) fn create(&self, object: &Value) -> Value {
        let text = |field: &Value| field.as_str().unwrap_or_default().to_owned();
        let namespace = text(&object["metadata"]["namespace"]);
        let path = collection(&text(&object["apiVersion"]), &text(&object["kind"]), &namespace);
        let path = format!("{path}?fieldManager={MANAGER}");
        self.send(Method::POST, &path, "application/json", Some(object))
            .unwrap_or_else(|answer| panic!("{path}: {answer}"))
    }

    /// Changes an object by a JSON patch; `Err` is what the API server answers instead.
    pub(crate) fn patch(
        &self,
        (kind, namespace, name): (Kind, &str, &str),
        patch: &Value,
        change: Change<'_>,
    ) -> Result<Value, String> {
        let dry = if change.dry_run { "&dryRun=All" } else { "" };
        let manager = change.manager.unwrap_or(MANAGER);
        let path = format!("{}/{name}?fieldManager={manager}{dry}", kind.collection(namespace));
        self.send(Method::PATCH, &path, "application/json-patch+json", Some(patch))
    }

    /// Changes an object by a merge patch.
    #[track_caller]
    pub(crate) fn merge(&self, kind: Kind, namespace: &str, name: &str, patch: &Value) {
        let path = format!("{}/{name}?fieldManager={MANAGER}", kind.collection(namespace));
        self.send(Method::PATCH, &path, "application/merge-patch+json", Some(patch))
            .unwrap_or_else(|answer| panic!("{path}: {answer}"));
    }

    /// Lets Argo CD compare an Application again.
    #[track_caller]
    pub(crate) fn refresh(&self, application: &str) {
        let annotations = json!({ "argocd.argoproj.io/refresh": "normal" });
        let patch = json!({ "metadata": { "annotations": annotations } });
        self.merge(APPLICATION, "argocd", application, &patch);
    }

    /// Asks for the deletion of an object, if there is one.
    #[track_caller]
    pub(crate) fn delete(&self, kind: Kind, namespace: &str, name: &str) {
        let path = format!("{}/{name}", kind.collection(namespace));
        if let Err(answer) = self.send(Method::DELETE, &path, "", None)
            && !answer.starts_with("404 ")
        {
            panic!("{path}: {answer}");
        }
    }

    /// Deletes an object, if there is one, and waits until it is gone. Another one of its name may be there then.
    #[track_caller]
    pub(crate) fn remove(&self, kind: Kind, namespace: &str, name: &str) {
        let identity = |object: Option<Value>| object.map(|object| object["metadata"]["uid"].clone());
        let Some(uid) = identity(self.find(kind, namespace, name)) else { return };
        self.delete(kind, namespace, name);
        until("what was deleted is gone", || {
            identity(self.find(kind, namespace, name)).as_ref() != Some(&uid)
        });
    }

    /// A token of a ServiceAccount.
    #[cfg(feature = "testbed")]
    pub(crate) fn token(&self, namespace: &str, account: &str) -> String {
        let path = format!("{}/{account}/token", collection("v1", "ServiceAccount", namespace));
        let request = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {} });
        let answer = self.send(Method::POST, &path, "application/json", Some(&request)).unwrap();
        answer["status"]["token"].as_str().unwrap().to_owned()
    }

    /// Writes down every state of an Application that the API server reports from now on, beginning with the present.
    pub(crate) fn record(&self, application: &str) -> Recording {
        let present = self.get(APPLICATION, "argocd", application);
        let version = present["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
        let path = format!(
            "{}?watch=true&fieldSelector=metadata.name%3D{application}&resourceVersion={version}",
            APPLICATION.collection("argocd")
        );
        let states = Arc::new(Mutex::new(vec![present]));
        let (client, seen) = (self.0.clone(), Arc::clone(&states));
        let task = RUNTIME.spawn(async move {
            let events = client.request_events::<Value>(Request::get(path).body(Vec::new()).unwrap()).await;
            let mut events = Box::pin(events.unwrap());
            while let Some(Ok(event)) = events.next().await {
                if let WatchEvent::Added(state) | WatchEvent::Modified(state) = event {
                    seen.lock().unwrap().push(state);
                }
            }
        });
        Recording::new(states, task.abort_handle())
    }
}
