//! Who takes a change of an Application back, and who keeps it.

use super::parameter;
use crate::harness::{APPLICATION, APPLICATION_SET, Change, Ringway, Tenant, administrator, target, until};
use serde_json::{Value, json};

/// Changes the child's manifest in the parent's git repository, and waits until the parent has applied it.
fn apply_history_limit(tenant: &Tenant, limit: u64) {
    target().change_in_git(tenant.name(), |manifest| manifest["spec"]["revisionHistoryLimit"] = json!(limit));
    administrator().refresh(&format!("{}-parent", tenant.name()));
    until("the parent has applied the change", || {
        tenant.application()["spec"]["revisionHistoryLimit"] == limit
    });
}

#[test]
fn a_parent_application_keeps_what_it_never_set_unless_it_replaces() {
    let tenant = Tenant::owned_by("application", "rule-parent", &["--chart", "minimal"]);
    let ringway = Ringway::new();
    let ran = ringway.release("ring-rule-parent", "minimal", "1.1.0", tenant.name()).expect(0);
    let notes = ran.tenant(tenant.name())["notes"].to_string();
    assert!(notes.contains("which keeps the override unless it syncs with Replace=true"), "{notes}");
    let written = tenant.application()["spec"]["source"]["helm"].clone();
    assert!(written.to_string().contains("1.1.0"), "{written}");

    apply_history_limit(&tenant, 5);
    assert_eq!(tenant.application()["spec"]["source"]["helm"], written);

    let replace = json!([{ "op": "add", "path": "/spec/syncPolicy/syncOptions", "value": ["Replace=true"] }]);
    let parent = (APPLICATION, "argocd", "rule-parent-parent");
    administrator().patch(parent, &replace, Change::default()).unwrap();
    apply_history_limit(&tenant, 6);
    assert!(tenant.application()["spec"]["source"]["helm"].is_null());
}

#[test]
fn an_application_set_takes_a_change_back_unless_it_ignores_the_field() {
    let tenant = Tenant::owned_by("applicationset", "rule-set", &["--chart", "minimal"]);
    let helm = json!({ "parameters": [parameter("image.tag", "1.1.0")] });
    let patch = json!([{ "op": "add", "path": "/spec/source/helm", "value": helm }]);
    tenant.patch(&patch);
    until("it is taken back", || tenant.application()["spec"]["source"]["helm"].is_null());

    let change = |patch: &Value| administrator().merge(APPLICATION_SET, "argocd", "rule-set-set", patch);
    change(
        &json!({ "spec": { "ignoreApplicationDifferences": [{ "jsonPointers": ["/spec/source/helm/parameters"] }] } }),
    );
    tenant.patch(&patch);
    // Another change of the template is rolled to the Application; then our own must have been looked at as well.
    change(&json!({ "spec": { "template": { "metadata": { "labels": { "round": "two" } } } } }));
    until("the template is rolled out", || tenant.application()["metadata"]["labels"]["round"] == "two");
    assert_eq!(tenant.application()["spec"]["source"]["helm"], helm);
}
