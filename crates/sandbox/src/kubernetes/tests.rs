//! The rules of the API, asked for as clients do: through [`handle`].

mod managers;
mod patches;
mod reading;
mod rights;
mod watching;
mod writing;

use super::{ADMINISTRATOR, Account, Answer, handle};
use crate::Model;
use bytes::Bytes;
use futures_channel::mpsc::UnboundedReceiver;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

pub(super) const RINGWAY: &str = "ringway";
pub(super) const APPLICATIONS: &str = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications";
pub(super) const JSON_PATCH: &str = "application/json-patch+json";
pub(super) const MERGE_PATCH: &str = "application/merge-patch+json";

/// A model with the namespaces `argocd` and `tenant-a`, and Ringway's account.
pub(super) struct World(pub(super) Model);

impl World {
    pub(super) fn new() -> Self {
        let mut model = Model::new(1, "2026-11-20T10:00:00Z".parse::<Timestamp>().unwrap());
        for name in ["argocd", "tenant-a"] {
            model
                .create(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } }), "");
        }
        model.api.grant(RINGWAY, Account::ringway());
        Self(model)
    }

    /// The same with the Application `alpha`, without helm.
    pub(super) fn with_application() -> Self {
        let mut world = Self::new();
        world.post(APPLICATIONS, &application("alpha")).expect(201);
        world
    }

    pub(super) fn send(&mut self, token: &str, method: &str, path: &str, kind: &str, body: String) -> Got {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", kind)
            .header("user-agent", "kubectl/v1.36.1 (linux/amd64)")
            .body(Bytes::from(body))
            .unwrap();
        let (head, body) = handle(&mut self.0, &request).into_parts();
        let warnings = head.headers.get_all("warning").iter();
        let warnings = warnings.map(|value| value.to_str().unwrap().to_owned()).collect();
        match body {
            Answer::Whole(text) => Got { code: head.status.as_u16(), text, warnings, watch: None },
            Answer::Watch(lines) => {
                let watch = Some(Lines(lines));
                Got { code: head.status.as_u16(), text: Bytes::new(), warnings, watch }
            }
        }
    }

    pub(super) fn get(&mut self, path: &str) -> Got {
        self.send(ADMINISTRATOR, "GET", path, "", String::new())
    }

    pub(super) fn post(&mut self, path: &str, body: &Value) -> Got {
        self.send(ADMINISTRATOR, "POST", path, "application/json", body.to_string())
    }

    pub(super) fn put(&mut self, path: &str, body: &Value) -> Got {
        self.send(ADMINISTRATOR, "PUT", path, "application/json", body.to_string())
    }

    pub(super) fn patch(&mut self, path: &str, kind: &str, body: &Value) -> Got {
        self.send(ADMINISTRATOR, "PATCH", path, kind, body.to_string())
    }

    pub(super) fn delete(&mut self, path: &str) -> Got {
        self.send(ADMINISTRATOR, "DELETE", path, "", String::new())
    }

    pub(super) fn watch(&mut self, path: &str) -> Lines {
        let got = self.get(path);
        assert_eq!(got.code, 200, "{got:?}");
        got.watch.expect("no watch")
    }

    pub(super) fn pass(&mut self, seconds: i64) {
        let to = self.0.now() + SignedDuration::from_secs(seconds);
        self.0.advance(to);
    }
}

/// An answer.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) code: u16,
    text: Bytes,
    pub(super) warnings: Vec<String>,
    watch: Option<Lines>,
}

impl Got {
    #[track_caller]
    pub(super) fn expect(self, code: u16) -> Value {
        assert_eq!(self.code, code, "{self:?}");
        serde_json::from_slice(&self.text).unwrap_or(Value::Null)
    }

    /// `CODE REASON: MESSAGE` of a refusal.
    #[track_caller]
    pub(super) fn refusal(self) -> String {
        let code = self.code;
        let status = self.expect(code);
        assert_eq!((&status["kind"], &status["code"]), (&json!("Status"), &json!(code)));
        let text = |name: &str| status[name].as_str().unwrap_or("-").to_owned();
        format!("{code} {}: {}", text("reason"), text("message"))
    }

    pub(super) fn page(&self) -> (u16, String) {
        (self.code, String::from_utf8(self.text.to_vec()).unwrap())
    }
}

/// The lines of a watch.
#[derive(Debug)]
pub(super) struct Lines(UnboundedReceiver<Bytes>);

impl Lines {
    /// What has come until now.
    pub(super) fn events(&mut self) -> Vec<Value> {
        let mut events = Vec::new();
        while let Ok(line) = self.0.try_recv() {
            assert!(line.ends_with(b"\n"));
            events.push(serde_json::from_slice(&line).unwrap());
        }
        events
    }

    /// `TYPE NAME`, or `BOOKMARK VERSION`, of what has come until now.
    pub(super) fn words(&mut self) -> Vec<String> {
        let word = |event: &Value| {
            let metadata = &event["object"]["metadata"];
            let what = metadata["name"].as_str().or(metadata["resourceVersion"].as_str());
            format!("{} {}", event["type"].as_str().unwrap(), what.unwrap_or_default())
        };
        self.events().iter().map(word).collect()
    }

    pub(super) fn is_closed(&mut self) -> bool {
        matches!(self.0.try_recv(), Err(futures_channel::mpsc::TryRecvError::Closed))
    }
}

pub(super) fn application(name: &str) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": { "name": name, "labels": { "tenant": name } },
        "spec": {
            "project": "default",
            "source": { "repoURL": "https://example.com/fleet", "path": "charts/atlas" },
            "destination": { "server": "https://kubernetes.default.svc", "namespace": "tenant-a" },
        },
    })
}

pub(super) fn pod(name: &str, app: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "labels": { "app": app } },
        "spec": { "containers": [{ "name": "atlas", "image": "atlas:1" }] },
    })
}
