//! Operations: waves, hooks, failures, termination, and requests that were taken out by hand.

use super::*;

fn umbrella(parameters: &[(&str, &str)]) -> Value {
    let mut umbrella = application("a", "umbrella");
    let parameters = parameters.iter().map(|(name, value)| json!({ "name": name, "value": value }));
    umbrella["spec"]["source"]["helm"] = json!({ "parameters": parameters.collect::<Vec<_>>() });
    umbrella
}

fn add(application: &mut Value, parameter: Value) {
    let helm = &mut application["spec"]["source"]["helm"];
    let mut parameters = helm["parameters"].as_array().cloned().unwrap_or_default();
    parameters.push(parameter);
    *helm = json!({ "parameters": parameters });
}

/// An umbrella whose cache has got sick, and whose operation waits for it.
fn hanging() -> Fleet {
    let mut fleet = Fleet::with(umbrella(&[("cache.enabled", "true")]));
    assert_eq!(fleet.phase(), "Succeeded");
    fleet.change("a", |application| add(application, parameter("cache.sick", "true")));
    fleet.pass(10);
    assert_eq!(fleet.phase(), "Running");
    fleet
}

#[test]
fn an_operation_waits_for_the_health_of_an_earlier_wave_and_says_so() {
    let fleet = Fleet::with(umbrella(&[("cache.enabled", "true"), ("cache.sick", "true")]));
    assert_eq!(fleet.phase(), "Running");
    assert_eq!(fleet.message(), "waiting for healthy state of apps/StatefulSet/cache");
    assert!(fleet.object(Kind::StatefulSet, "atlas").is_none());
    let fleet = Fleet::with(umbrella(&[("cache.enabled", "true")]));
    assert_eq!(fleet.phase(), "Succeeded");
    assert!(fleet.object(Kind::StatefulSet, "atlas").is_some());
}

#[test]
fn a_running_operation_keeps_its_source_while_the_new_one_is_compared() {
    let mut fleet = hanging();
    fleet.change("a", |application| add(application, parameter("atlas.atlas.image.tag", "1.1.0")));
    fleet.pass(10);
    let found = fleet.get("a").clone();
    assert_eq!(found["status"]["sync"]["comparedTo"]["source"], found["spec"]["source"]);
    assert_eq!(sync_of(&found), "OutOfSync");
    assert_eq!(fleet.phase(), "Running");
    assert!(!found["operation"].to_string().contains("atlas.atlas.image.tag"));
    assert!(fleet.image("atlas").ends_with(":1.0.0"));

    fleet.change("a", |application| application["status"]["operationState"]["phase"] = json!("Terminating"));
    fleet.pass(10);
    assert!(fleet.states.iter().any(|state| {
        state["status"]["operationState"]["message"] == "Operation terminated"
            && state["status"]["operationState"]["phase"] == "Failed"
            && state["operation"].is_null()
    }));
    let operation = fleet.get("a")["status"]["operationState"]["operation"].to_string();
    assert!(operation.contains("atlas.atlas.image.tag"), "{operation}");
}

#[test]
fn a_request_that_was_taken_out_leaves_a_state_that_says_running_until_the_source_changes() {
    let mut fleet = hanging();
    let began = fleet.get("a")["status"]["operationState"]["startedAt"].clone();
    fleet.change("a", |application| drop(application.as_object_mut().unwrap().remove("operation")));
    fleet.change("a", |application| resource::annotate(application, "argocd.argoproj.io/refresh", "normal"));
    fleet.pass(10);
    assert_eq!(
        (fleet.phase(), &fleet.get("a")["status"]["operationState"]["startedAt"]),
        ("Running", &began)
    );
    fleet.change("a", |application| add(application, parameter("heracles.image.tag", "1.1.0")));
    fleet.pass(10);
    assert_ne!(fleet.get("a")["status"]["operationState"]["startedAt"], began);
}

#[test]
fn the_same_source_counts_as_tried_after_its_request_was_taken_out() {
    let mut fleet = Fleet::with(umbrella(&[("cache.enabled", "true")]));
    let hang = [parameter("cache.sick", "true"), parameter("atlas.atlas.image.tag", "1.1.0")];
    fleet.change("a", |application| hang.into_iter().for_each(|parameter| add(application, parameter)));
    fleet.pass(5);
    assert!(fleet.message().contains("waiting for healthy state"), "{}", fleet.message());
    fleet.change("a", |application| drop(application.as_object_mut().unwrap().remove("operation")));
    fleet.change("a", |application| resource::annotate(application, "argocd.argoproj.io/refresh", "normal"));
    fleet.pass(5);
    assert!(fleet.conditions().contains("Failed last sync attempt"), "{}", fleet.conditions());
    assert_eq!(fleet.phase(), "Running");
}

#[test]
fn a_hook_runs_first_is_waited_for_and_is_not_compared() {
    let mut fleet = Fleet::with(umbrella(&[("hook.enabled", "true")]));
    assert_eq!(fleet.phase(), "Succeeded");
    let is_awaited = |state: &Arc<Value>| {
        let message = resource::text(state, "/status/operationState/message");
        message.starts_with("waiting for completion of hook batch/Job/migrate")
    };
    assert!(fleet.states.iter().any(is_awaited));
    let hook = &fleet.get("a")["status"]["operationState"]["syncResult"]["resources"][1];
    assert_eq!((&hook["hookType"], &hook["hookPhase"]), (&json!("PreSync"), &json!("Succeeded")));
    assert!(hook["status"].is_null());
    let first = fleet.object(Kind::Job, "migrate").unwrap()["metadata"]["uid"].clone();

    fleet.change("a", |application| add(application, parameter("hook.hang", "true")));
    fleet.pass(10);
    assert_eq!(sync_of(fleet.get("a")), "Synced", "a change of a hook alone is none");
    fleet.change("a", |application| add(application, parameter("atlas.atlas.image.tag", "1.1.0")));
    fleet.pass(10);
    assert_eq!(fleet.message(), "waiting for completion of hook batch/Job/migrate");
    assert_ne!(fleet.object(Kind::Job, "migrate").unwrap()["metadata"]["uid"], first);
    assert!(fleet.image("atlas").ends_with(":1.0.0"));
}

#[test]
fn what_the_api_server_refuses_is_told_at_once_and_tried_again() {
    let mut fleet = Fleet::with(umbrella(&[]));
    fleet.change("a", |application| add(application, parameter("atlas.podManagementPolicy", "Parallel")));
    fleet.pass(2);
    let state = fleet.get("a")["status"]["operationState"].clone();
    assert_eq!(state["phase"], "Running");
    assert!(state["message"].to_string().contains("Retrying attempt #1 at"), "{}", state["message"]);
    assert!(state["finishedAt"].is_string());
    let results = state["syncResult"]["resources"].as_array().unwrap();
    let refused: Vec<_> = results.iter().filter(|result| result["status"] == "SyncFailed").collect();
    assert_eq!(refused.len(), 1);
    assert!(refused[0]["message"].to_string().contains("Forbidden"), "{}", refused[0]);
    // 5 s, 10 s, 20 s, 40 s and 80 s.
    fleet.pass(170);
    assert_eq!(fleet.phase(), "Failed");
    assert_eq!(fleet.get("a")["status"]["operationState"]["retryCount"], 5);
    assert!(fleet.message().ends_with("(retried 5 times)."), "{}", fleet.message());
    fleet.pass(5);
    assert!(fleet.conditions().contains("Failed last sync attempt"), "{}", fleet.conditions());
}

#[test]
fn a_source_that_failed_is_not_tried_again_and_another_one_is() {
    let mut never = umbrella(&[]);
    never["spec"]["syncPolicy"]["retry"] = json!({ "limit": 0 });
    let mut fleet = Fleet::with(never);
    fleet.change("a", |application| add(application, parameter("atlas.podManagementPolicy", "Parallel")));
    fleet.pass(5);
    assert_eq!(fleet.phase(), "Failed");
    let began = fleet.get("a")["status"]["operationState"]["startedAt"].clone();
    assert!(fleet.conditions().contains("SyncError"), "{}", fleet.conditions());
    fleet.pass(400);
    assert_eq!(fleet.get("a")["status"]["operationState"]["startedAt"], began);
    fleet.change("a", |application| application["spec"]["source"]["helm"]["parameters"] = json!([]));
    fleet.pass(5);
    assert!(fleet.get("a")["status"]["conditions"].is_null(), "{}", fleet.conditions());
}

#[test]
fn operations_queue_for_a_processor() {
    let mut fleet = Fleet::empty(3);
    fleet.model.timing.operations = 1;
    fleet.model.timing.comparisons = 1;
    for name in ["a", "b", "c", "d"] {
        fleet.create(application(name, "minimal"));
    }
    fleet.pass(60);
    for name in ["a", "b", "c", "d"] {
        assert_eq!(fleet.get(name)["status"]["operationState"]["phase"], "Succeeded", "{name}");
        assert_eq!(sync_of(fleet.get(name)), "Synced", "{name}");
    }
}
