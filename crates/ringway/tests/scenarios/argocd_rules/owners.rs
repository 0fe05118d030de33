//! Who takes a change of an Application back, and who keeps it.

use super::parameter;
use crate::harness::{APPLICATION, APPLICATION_SET, Change, Ringway, Tenant, administrator, target, until};
use serde_json::{Value, json};

/// The Helm part of a tenant's source.
#[track_caller]
fn helm(tenant: &Tenant) -> Value {
    tenant.application()["spec"]["source"]["helm"].clone()
}

/// Changes the ApplicationSet of a tenant.
#[track_caller]
fn change_set(tenant: &Tenant, patch: &Value) {
    administrator().merge(APPLICATION_SET, "argocd", &format!("{}-set", tenant.name()), patch);
}

/// Changes the template of a tenant's ApplicationSet, and waits until it is rolled out.
#[track_caller]
fn roll_label(tenant: &Tenant, label: &str) {
    change_set(tenant, &json!({ "spec": { "template": { "metadata": { "labels": { "round": label } } } } }));
    until("the template is rolled out", || tenant.application()["metadata"]["labels"]["round"] == label);
}

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
fn a_parent_application_keeps_values_that_it_never_set() {
    let object = r#"{"atlas":{"replicas":1}}"#;
    let tenant = Tenant::owned_by("application", "rule-child", &["--values-object", object]);
    let ringway = Ringway::new();
    let ran = ringway.release("ring-rule-child", "atlas-values", "1.1.0", tenant.name()).expect(0);
    let notes = ran.tenant(tenant.name())["notes"].to_string();
    assert!(notes.contains("which keeps the override unless it syncs with Replace=true"), "{notes}");
    let written = helm(&tenant);
    assert_eq!(written["valuesObject"]["atlas"]["atlas"]["image"]["tag"], "1.1.0", "{written}");
    apply_history_limit(&tenant, 5);
    assert_eq!(helm(&tenant), written);
    ringway.cleanup("ring-rule-child").expect(0);
    assert_eq!(helm(&tenant)["valuesObject"], serde_json::from_str::<Value>(object).unwrap());
}

#[test]
fn a_parent_application_overlooks_what_is_added_to_one_of_several_sources_and_wipes_it_at_its_next_sync() {
    let tenant = Tenant::owned_by("application", "rule-several", &["--multi-source"]);
    let parent = || administrator().get(APPLICATION, "argocd", "rule-several-parent");
    let ringway = Ringway::new();
    let ran = ringway.release("ring-rule-several", "atlas", "1.1.0", tenant.name()).expect(0);
    let notes = ran.tenant(tenant.name())["notes"].to_string();
    assert!(notes.contains("may revert the override at its next sync"), "{notes}");
    assert!(notes.contains("where /spec/sources stands in its manifests"), "{notes}");
    let written = tenant.sources();
    assert!(written.to_string().contains("1.1.0"), "{written}");

    administrator().refresh("rule-several-parent");
    until("the parent has compared it", || {
        parent()["metadata"]["annotations"]["argocd.argoproj.io/refresh"].is_null()
    });
    assert_eq!(parent()["status"]["sync"]["status"], "Synced");
    assert_eq!(tenant.sources(), written, "although it heals itself");

    apply_history_limit(&tenant, 5);
    let found = tenant.application();
    assert!(found["spec"]["sources"][0]["helm"]["parameters"].is_null(), "{}", found["spec"]);
}

#[test]
fn an_application_set_takes_a_change_back_unless_it_ignores_the_field() {
    let tenant = Tenant::owned_by("applicationset", "rule-set", &["--chart", "minimal"]);
    let written = json!({ "parameters": [parameter("image.tag", "1.1.0")] });
    let patch = json!([{ "op": "add", "path": "/spec/source/helm", "value": written }]);
    tenant.patch(&patch);
    until("it is taken back", || helm(&tenant).is_null());

    let pointers = json!([{ "jsonPointers": ["/spec/source/helm/parameters"] }]);
    change_set(&tenant, &json!({ "spec": { "ignoreApplicationDifferences": pointers } }));
    tenant.patch(&patch);
    // Another change of the template is rolled to the Application; then our own must have been looked at as well.
    roll_label(&tenant, "two");
    assert_eq!(helm(&tenant), written);
}

#[test]
fn an_application_set_keeps_what_an_expression_of_jq_selects() {
    let tenant = Tenant::owned_by("applicationset", "rule-jq", &["--chart", "minimal"]);
    let by_name = |name: &str| format!(".spec.source.helm.parameters[] | select(.name == \"{name}\")");
    let forms =
        [json!([".spec.source.helm.parameters"]), json!([by_name("image.repository"), by_name("image.tag")])];
    let ringway = Ringway::new();
    for (round, expressions) in forms.iter().enumerate() {
        let ignored = json!([{ "jqPathExpressions": expressions }]);
        change_set(&tenant, &json!({ "spec": { "ignoreApplicationDifferences": ignored } }));
        let ran = ringway.release("ring-rule-jq", "minimal", "1.1.0", tenant.name()).expect(0);
        let notes = ran.tenant(tenant.name())["notes"].to_string();
        assert!(notes.contains("rule-jq-set removes the annotation owner.ringway.dev/minimal"), "{notes}");
        let written = helm(&tenant);
        assert_eq!(written["parameters"].as_array().unwrap().len(), 2, "{written}");
        roll_label(&tenant, &format!("after-{round}"));
        assert_eq!(helm(&tenant), written, "{expressions}");
        ringway.cleanup("ring-rule-jq").expect(0);
        assert!(helm(&tenant).is_null(), "{}", helm(&tenant));
    }
}

#[test]
fn an_application_set_that_only_creates_keeps_every_change_also_when_its_template_changes() {
    for (name, policy) in [("rule-create", "create-only"), ("rule-create-delete", "create-delete")] {
        let tenant = Tenant::owned_by("applicationset", name, &["--chart", "minimal"]);
        change_set(&tenant, &json!({ "spec": { "syncPolicy": { "applicationsSync": policy } } }));
        let ringway = Ringway::new();
        ringway.release("ring-rule-create", "minimal", "1.1.0", name).expect(0);
        let written = helm(&tenant);
        assert!(written.to_string().contains("1.1.0"), "{written}");

        // Of a set that only creates, one more Application is all that shows that it was looked at. It deploys nothing.
        let second = format!("{name}-second");
        change_set(
            &tenant,
            &json!({ "spec": {
                "generators": [{ "list": { "elements": [{ "name": name }, { "name": second }] } }],
                "template": {
                    "metadata": { "labels": { "round": "two" } },
                    "spec": { "syncPolicy": { "automated": null } },
                },
            } }),
        );
        let found = || administrator().find(APPLICATION, "argocd", &second);
        until("the second Application is made", || found().is_some());
        assert_eq!(found().unwrap()["metadata"]["labels"]["round"], "two", "of the new template");
        assert_eq!(helm(&tenant), written);
        assert!(tenant.application()["metadata"]["labels"]["round"].is_null(), "{policy}");
        let annotations = tenant.application()["metadata"]["annotations"].clone();
        assert!(annotations["owner.ringway.dev/minimal"].is_string(), "{annotations}");
        ringway.cleanup("ring-rule-create").expect(0);
        assert!(helm(&tenant).is_null());
    }
}
