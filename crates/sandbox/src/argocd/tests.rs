//! Argo CD's rules, shown on Applications of the fleet's charts.

mod faults;
mod operations;
mod owners;

use super::*;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// A model with the states that one Application went through.
struct Fleet {
    model: Model,
    states: Vec<Arc<Value>>,
}

fn parameter(name: &str, value: &str) -> Value {
    json!({ "name": name, "value": value, "forceString": true })
}

fn application(name: &str, chart: &str) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {
            "name": name, "namespace": "argocd",
            "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        },
        "spec": {
            "project": "default",
            "source": { "repoURL": crate::fleet::REPOSITORY, "targetRevision": "main", "path": format!("charts/{chart}") },
            "destination": { "server": "https://kubernetes.default.svc", "namespace": format!("tenant-{name}") },
            "syncPolicy": { "syncOptions": ["CreateNamespace=true"], "automated": { "prune": true, "selfHeal": false } },
        },
    })
}

fn key(name: &str) -> Key {
    Key::new(Kind::Application, "argocd", name)
}

impl Fleet {
    /// A model with one Application, Synced and applied.
    fn with(application: Value) -> Self {
        let mut fleet = Self::empty(1);
        fleet.create(application);
        fleet.pass(20);
        fleet
    }

    fn empty(seed: u64) -> Self {
        let start: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        Self { model: Model::new(seed, start), states: Vec::new() }
    }

    fn create(&mut self, object: Value) {
        self.model.create(object, "kubectl-create").unwrap();
    }

    /// Lets seconds pass, and records each state of the Application `a`.
    fn pass(&mut self, seconds: i64) {
        let end = self.model.now() + SignedDuration::from_secs(seconds);
        self.pass_until(end);
    }

    fn pass_until(&mut self, end: Timestamp) {
        while let Some(next) = self.model.next_event().filter(|next| *next <= end) {
            self.model.advance(next);
            self.record();
        }
        self.model.advance(end);
    }

    fn record(&mut self) {
        if let Some(now) = self.model.get(&key("a"))
            && self.states.last().is_none_or(|last| last != now)
        {
            self.states.push(Arc::clone(now));
        }
    }

    fn change(&mut self, name: &str, change: impl FnOnce(&mut Value)) {
        assert!(self.model.update(&key(name), "somebody", change), "nothing changed");
        self.record();
    }

    /// Sets `helm.parameters` of the Application `a`.
    fn set(&mut self, parameters: &[Value]) {
        let parameters = json!({ "parameters": parameters });
        self.change("a", |application| application["spec"]["source"]["helm"] = parameters);
    }

    fn get(&self, name: &str) -> &Value {
        self.model.get(&key(name)).unwrap()
    }

    fn object(&self, kind: Kind, name: &str) -> Option<&Value> {
        self.model.get(&Key::new(kind, "tenant-a", name)).map(|object| &**object)
    }

    fn image(&self, name: &str) -> &str {
        let set = self.object(Kind::StatefulSet, name).unwrap();
        set["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap()
    }

    fn phase(&self) -> &str {
        resource::text(self.get("a"), "/status/operationState/phase")
    }

    fn message(&self) -> &str {
        resource::text(self.get("a"), "/status/operationState/message")
    }

    /// What conditions the Application `a` has.
    fn conditions(&self) -> String {
        self.get("a")["status"]["conditions"].to_string()
    }
}

fn sync_of(state: &Value) -> &str {
    resource::text(state, "/status/sync/status")
}

#[test]
fn an_application_is_deployed_with_its_namespace_and_gets_healthy_with_its_workloads() {
    let fleet = Fleet::with(application("a", "minimal"));
    let status = &fleet.get("a")["status"];
    assert_eq!(sync_of(fleet.get("a")), "Synced");
    assert_eq!(status["sourceType"], "Helm");
    assert_eq!(status["sync"]["comparedTo"]["source"], fleet.get("a")["spec"]["source"]);
    assert_eq!(status["sync"]["revision"].as_str().unwrap().len(), 40);
    assert_eq!(status["history"][0]["id"], 0);
    assert_eq!(status["operationState"]["phase"], "Succeeded");
    assert_eq!(status["operationState"]["syncResult"]["resources"].as_array().unwrap().len(), 3);
    assert!(fleet.get("a")["operation"].is_null());
    assert!(fleet.model.get(&Key::new(Kind::Namespace, "", "tenant-a")).is_some());
    assert!(fleet.image("atlas").ends_with(":1.0.0"));
    assert_eq!(fleet.get("a")["status"]["health"]["status"], "Healthy");
}

#[test]
fn a_patch_looks_green_for_the_old_source_and_no_operation_is_missing_when_it_is_compared() {
    for seed in 0..30 {
        let mut fleet = Fleet::empty(seed);
        fleet.create(application("a", "minimal"));
        fleet.pass(20);
        fleet.states.clear();
        fleet.set(&[parameter("image.tag", "1.1.0")]);
        fleet.pass(20);
        let green = &fleet.states[0];
        assert_eq!(sync_of(green), "Synced");
        assert_eq!(green["status"]["health"]["status"], "Healthy");
        assert_ne!(green["status"]["sync"]["comparedTo"]["source"], green["spec"]["source"]);
        for state in &fleet.states {
            if state["status"]["sync"]["comparedTo"]["source"] == state["spec"]["source"] {
                let is_carried = state["operation"]["sync"]["source"] == state["spec"]["source"]
                    || state["status"]["operationState"]["operation"]["sync"]["source"]
                        == state["spec"]["source"];
                assert!(is_carried, "seed {seed}: {state:#}");
            }
        }
        assert!(fleet.image("atlas").ends_with(":1.1.0"), "seed {seed}");
        assert_eq!(sync_of(fleet.get("a")), "Synced", "seed {seed}");
        assert!(fleet.states.len() > 5, "{}", fleet.states.len());
    }
}

#[test]
fn a_source_that_cannot_be_rendered_is_compared_all_the_same_with_an_error() {
    let mut fleet = Fleet::with(application("a", "minimal"));
    fleet.set(&[parameter("image.tag", "1.1.0"), parameter("image", "text")]);
    fleet.pass(5);
    let found = fleet.get("a");
    assert_eq!(sync_of(found), "Unknown");
    assert_eq!(found["status"]["sync"]["comparedTo"]["source"], found["spec"]["source"]);
    assert!(fleet.conditions().contains("ComparisonError"), "{}", fleet.conditions());
    fleet.set(&[parameter("image.tag", "1.1.0")]);
    fleet.pass(5);
    assert_eq!(sync_of(fleet.get("a")), "Synced");
    assert!(fleet.get("a")["status"]["conditions"].is_null());
}

#[test]
fn an_application_without_its_project_is_not_compared() {
    let mut lost = application("a", "minimal");
    lost["spec"]["project"] = json!("nowhere");
    let fleet = Fleet::with(lost);
    assert_eq!(sync_of(fleet.get("a")), "Unknown");
    assert!(fleet.conditions().contains("InvalidSpecError"), "{}", fleet.conditions());
    assert!(fleet.get("a")["status"]["sync"]["comparedTo"].is_null());
}

#[test]
fn a_request_to_compare_is_answered_and_taken_out() {
    let mut fleet = Fleet::with(application("a", "minimal"));
    let before = fleet.get("a")["status"]["reconciledAt"].clone();
    fleet.change("a", |application| resource::annotate(application, "argocd.argoproj.io/refresh", "normal"));
    fleet.pass(2);
    assert!(resource::annotation(fleet.get("a"), "argocd.argoproj.io/refresh").is_none());
    assert_ne!(fleet.get("a")["status"]["reconciledAt"], before);
}

#[test]
fn a_closed_window_is_told_nowhere_and_noticed_open_at_the_next_comparison() {
    let mut fleet = Fleet::with(application("a", "minimal"));
    let project = Key::new(Kind::AppProject, "argocd", "default");
    let windows =
        json!([{ "kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["*"] }]);
    fleet.model.update(&project, "somebody", |project| project["spec"]["syncWindows"] = windows);
    fleet.set(&[parameter("image.tag", "1.1.0")]);
    fleet.pass(30);
    assert_eq!(sync_of(fleet.get("a")), "OutOfSync");
    assert!(fleet.get("a")["operation"].is_null());
    assert_eq!(fleet.phase(), "Succeeded");
    fleet.model.update(&project, "somebody", |project| project["spec"]["syncWindows"] = json!([]));
    fleet.pass(5);
    assert_eq!(sync_of(fleet.get("a")), "OutOfSync", "nothing tells Argo CD that it opened");
    fleet.pass(240);
    assert_eq!(sync_of(fleet.get("a")), "Synced");
}

#[test]
fn without_automated_sync_nothing_is_applied() {
    let mut manual = application("a", "minimal");
    manual["spec"]["syncPolicy"]["automated"] = Value::Null;
    let fleet = Fleet::with(manual);
    assert_eq!(sync_of(fleet.get("a")), "OutOfSync");
    assert_eq!(fleet.get("a")["status"]["health"]["status"], "Missing");
    assert!(fleet.object(Kind::StatefulSet, "atlas").is_none());
}

#[test]
fn tidying_up_takes_out_only_an_override_that_came_at_the_same_moment() {
    let mut several = application("a", "minimal");
    let source = several["spec"]["source"].take();
    several["spec"]["sources"] = json!([source]);
    let mut fleet = Fleet::with(several);
    let untidy = |application: &mut Value| application["spec"]["sources"][0]["directory"] = json!({});
    let write = |application: &mut Value| {
        application["spec"]["sources"][0]["helm"] =
            json!({ "parameters": [parameter("image.tag", "1.1.0")] });
    };
    fleet.change("a", write);
    fleet.pass(5);
    fleet.change("a", untidy);
    fleet.pass(5);
    assert_eq!(fleet.get("a")["spec"]["sources"][0]["helm"]["parameters"][0]["value"], "1.1.0");
    assert!(fleet.get("a")["spec"]["sources"][0]["directory"].is_null());

    fleet.change("a", |application| application["spec"]["sources"][0]["helm"] = Value::Null);
    fleet.pass(5);
    fleet.change("a", untidy);
    let soon = fleet.model.now() + SignedDuration::from_millis(40);
    fleet.pass_until(soon);
    fleet.change("a", write);
    fleet.pass(5);
    assert!(fleet.get("a")["spec"]["sources"][0]["helm"].is_null(), "{}", fleet.get("a")["spec"]);
}

#[test]
fn a_comparison_right_after_an_operation_may_look_at_the_past() {
    // The patch is taken back as soon as its operation ended: with some luck, Argo CD calls the old state Synced.
    let wrong = |seed: u64| {
        let mut fleet = Fleet::empty(seed);
        fleet.create(application("a", "minimal"));
        fleet.pass(20);
        fleet.set(&[parameter("image.tag", "1.1.0")]);
        while fleet.phase() != "Succeeded" || !fleet.image("atlas").ends_with(":1.1.0") {
            let next = fleet.model.next_event().unwrap();
            fleet.pass_until(next);
        }
        fleet.states.clear();
        fleet.change("a", |application| application["spec"]["source"]["helm"] = Value::Null);
        fleet.pass(20);
        assert!(fleet.image("atlas").ends_with(":1.0.0"), "seed {seed}: the event comes in the end");
        fleet.states.iter().any(|state| {
            sync_of(state) == "Synced"
                && state["status"]["sync"]["comparedTo"]["source"]["helm"].is_null()
                && state["status"]["operationState"]["operation"]["sync"]["source"]["helm"].is_object()
                && state["operation"].is_null()
        })
    };
    let wrong = (0..200).filter(|seed| wrong(*seed)).count();
    assert!((1..40).contains(&wrong), "{wrong} of 200");
}

#[test]
fn a_resource_that_the_chart_has_no_more_is_pruned_and_one_that_went_is_put_back_by_self_heal() {
    let mut healing = application("a", "umbrella");
    healing["spec"]["syncPolicy"]["automated"]["selfHeal"] = json!(true);
    let mut fleet = Fleet::with(healing);
    assert!(fleet.object(Kind::Deployment, "heracles").is_some());
    fleet.set(&[json!({ "name": "heracles.enabled", "value": "false" })]);
    fleet.pass(5);
    assert!(fleet.object(Kind::Deployment, "heracles").is_none());
    let result = fleet.get("a")["status"]["operationState"]["syncResult"]["resources"].to_string();
    assert!(result.contains("Pruned"), "{result}");

    fleet.model.delete(&Key::new(Kind::ConfigMap, "tenant-a", "settings"));
    fleet.pass(5);
    assert!(fleet.object(Kind::ConfigMap, "settings").is_some());
}

#[test]
fn a_deleted_application_takes_along_what_it_deployed() {
    let mut fleet = Fleet::with(application("a", "umbrella"));
    fleet.model.delete(&key("a"));
    fleet.pass(5);
    assert!(fleet.model.get(&key("a")).is_none());
    for kind in resource::DEPLOYED {
        assert_eq!(fleet.model.list(kind, Some("tenant-a")).count(), 0, "{}", kind.name());
    }
    assert!(fleet.model.argocd.memory.applications.is_empty());
}

#[test]
fn nothing_of_an_application_is_written_into_the_next_one_of_its_name() {
    for steps in 0..25 {
        let mut bare = application("a", "minimal");
        bare["metadata"]["finalizers"] = json!([]);
        let mut fleet = Fleet::with(bare.clone());
        fleet.set(&[parameter("image.tag", "1.1.0")]);
        for _ in 0..steps {
            let next = fleet.model.next_event().unwrap();
            fleet.pass_until(next);
        }
        fleet.model.delete(&key("a"));
        fleet.states.clear();
        fleet.create(bare);
        fleet.pass(30);
        for state in &fleet.states {
            let status = &state["status"];
            let written =
                json!([state["operation"], status["operationState"], status["sync"], status["history"]]);
            // Its pods may still run the other image, and the summary may say so.
            assert!(!written.to_string().contains("1.1.0"), "after {steps} steps: {written:#}");
        }
        assert!(fleet.image("atlas").ends_with(":1.0.0"), "after {steps} steps");
        assert_eq!(sync_of(fleet.get("a")), "Synced", "after {steps} steps");
    }
}
