//! When an Application may be believed.

use super::{application, compared, parameter, planned, template_image};
use crate::harness::{Tenant, administrator, until};
use release::{
    condition::applied::{Pending, SyncState, examine},
    proof::Proof,
    step::Expectation,
};
use serde_json::{Value, json};

fn is_green(state: &Value) -> bool {
    let status = &state["status"];
    status["sync"]["status"] == "Synced"
        && status["health"]["status"] == "Healthy"
        && status["operationState"]["phase"] == "Succeeded"
}

#[test]
fn an_application_looks_green_for_the_old_source_right_after_a_patch_and_is_not_believed() {
    let tenant = Tenant::new("rule-green", &["--chart", "minimal"]);
    let recording = administrator().record(tenant.name());
    let helm = json!({ "parameters": [parameter("image.tag", "1.1.0")] });
    let patch = json!([{ "op": "add", "path": "/spec/source/helm", "value": helm }]);
    let after = tenant.patch(&patch);
    let planned = planned(&after, "1.1.0");
    until("all is over", || is_green(&compared(&tenant)) && template_image(&tenant).ends_with(":1.1.0"));

    let ask = |state: &Value| examine(&application(state), &planned, Expectation::Overridden, None);
    assert!(
        is_green(&after),
        "Argo CD cannot have seen it in the answer to the patch: {}",
        after["status"]["sync"]
    );
    assert!(matches!(ask(&after), SyncState::Waiting { proof: Proof::Patched, .. }), "{:?}", ask(&after));

    let mut states = recording.states_until(&tenant.application());
    states.retain(|state| state["spec"]["source"]["helm"] == helm);
    assert!(states.len() > 3, "{} states", states.len());
    let mut believed = false;
    for state in &states {
        match ask(state) {
            SyncState::Waiting { pending, awaiting, .. } => {
                assert!(
                    pending != Pending::Window,
                    "Argo CD asks for an operation before it shows the comparison: {awaiting:?}"
                );
                assert!(!believed, "it was applied before: {awaiting:?}");
            }
            SyncState::Applied { .. } => {
                believed = true;
                let frozen = &state["status"]["operationState"]["operation"]["sync"]["source"];
                assert_eq!(frozen["helm"], helm, "by an operation that carries our values");
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(believed);
}

#[test]
fn a_running_operation_keeps_the_source_that_it_began_with_and_holds_back_the_next() {
    let tenant = Tenant::new("rule-frozen", &["--set", "cache.enabled=true"]);
    let list = "/spec/source/helm/parameters/-";
    let sick = json!([{ "op": "add", "path": list, "value": parameter("cache.sick", "true") }]);
    // As text "true" is true to a template's `if` as well.
    tenant.patch(&sick);
    let hangs = |found: &Value| {
        found["status"]["operationState"]["message"].to_string().contains("waiting for healthy")
    };
    until("the operation hangs", || hangs(&tenant.application()));

    let tag = json!([{ "op": "add", "path": list, "value": parameter("atlas.atlas.image.tag", "1.1.0") }]);
    tenant.patch(&tag);
    let found = compared(&tenant);
    let state = &found["status"]["operationState"];
    assert_eq!(state["phase"], "Running");
    assert!(!state["operation"].to_string().contains("atlas.atlas.image.tag"), "{state}");
    assert_eq!(found["status"]["sync"]["status"], "OutOfSync");
    assert!(template_image(&tenant).ends_with(":1.0.0"));

    let terminate =
        json!([{ "op": "replace", "path": "/status/operationState/phase", "value": "Terminating" }]);
    tenant.patch(&terminate);
    until("the next operation carries the newest source", || {
        tenant.application()["status"]["operationState"]["operation"]
            .to_string()
            .contains("atlas.atlas.image.tag")
    });
}

#[test]
fn a_source_that_cannot_be_rendered_is_compared_all_the_same_with_an_error() {
    let tenant = Tenant::new("rule-broken", &["--chart", "minimal"]);
    // `image` becomes a text, so the chart's `.Values.image.tag` cannot be rendered.
    let helm = json!({ "parameters": [parameter("image.tag", "1.1.0"), parameter("image", "text")] });
    tenant.patch(&json!([{ "op": "add", "path": "/spec/source/helm", "value": helm }]));
    let found = compared(&tenant);
    assert_eq!(found["status"]["sync"]["status"], "Unknown");
    let state = examine(&application(&found), &planned(&found, "1.1.0"), Expectation::Overridden, None);
    let SyncState::Failed { proof: Proof::Patched, problem } = state else { panic!("{state:?}") };
    assert_eq!(problem.code, "comparison_error");
    assert!(
        problem.message.contains("Argo CD cannot compare Application argocd/rule-broken"),
        "{}",
        problem.message
    );
}

#[test]
fn an_operation_whose_request_was_taken_out_says_that_it_runs_until_the_source_changes() {
    let tenant = Tenant::new("rule-orphan", &["--set", "cache.enabled=true"]);
    let list = "/spec/source/helm/parameters/-";
    let hang = [parameter("cache.sick", "true"), parameter("atlas.atlas.image.tag", "1.1.0")]
        .map(|value| json!({ "op": "add", "path": list, "value": value }));
    tenant.patch(&json!(hang));
    let state = |field: &str| tenant.application()["status"]["operationState"][field].clone();
    until("the operation hangs", || state("message").to_string().contains("waiting for healthy state"));
    let began = state("startedAt");

    let left = tenant.patch(&json!([{ "op": "remove", "path": "/operation" }]));
    assert!(left["operation"].is_null());
    assert_eq!((state("phase"), state("startedAt")), (json!("Running"), began.clone()));
    tenant.refresh();
    until("Argo CD takes this source for tried", || {
        tenant.application()["status"]["conditions"].to_string().contains("Failed last sync attempt")
    });
    assert_eq!(state("startedAt"), began);
    let other = json!([{ "op": "add", "path": list, "value": parameter("heracles.image.tag", "1.1.0") }]);
    tenant.patch(&other);
    until("another source begins another operation", || state("startedAt") != began);
}

#[test]
fn a_source_that_failed_is_not_tried_again_and_a_condition_says_so() {
    let tenant = Tenant::new("rule-failed", &[]);
    let policy = json!([{ "op": "add", "path": "/spec/syncPolicy/retry", "value": { "limit": 0 } }]);
    tenant.patch(&policy);
    // No StatefulSet takes another podManagementPolicy.
    let helm = json!({ "parameters": [parameter("atlas.podManagementPolicy", "Parallel")] });
    tenant.patch(&json!([{ "op": "add", "path": "/spec/source/helm", "value": helm }]));
    until("Argo CD says that it gives up", || {
        let conditions = tenant.application()["status"]["conditions"].to_string();
        conditions.contains("SyncError") && conditions.contains("Failed last sync attempt")
    });
    let phase = tenant.application()["status"]["operationState"]["phase"].clone();
    assert_eq!(phase, "Failed");
}
