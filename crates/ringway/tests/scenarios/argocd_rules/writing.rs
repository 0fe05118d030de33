//! How the API server takes JSON patches, and what Argo CD rewrites itself.

use super::{application, parameter};
use crate::harness::{APPLICATION, Change, Tenant, administrator, until};
use release::overrides::plan::writer_of;
use serde_json::{Value, json};

#[test]
fn a_test_of_null_passes_for_an_absent_key_below_a_parent_that_is_there() {
    let tenant = Tenant::new("rule-null", &["--chart", "minimal"]);
    let dry = |patch: Value| tenant.patch_with(&patch, Change { dry_run: true, manager: None });
    let test = |path: &str, value: Value| json!({ "op": "test", "path": path, "value": value });
    let helm =
        json!({ "op": "add", "path": "/spec/source/helm", "value": { "parameters": [parameter("a", "b")] } });
    let list = "/spec/source/helm/parameters";

    // Without helm.
    dry(json!([test("/spec/source/helm", Value::Null), helm])).unwrap();
    dry(json!([test("/spec/sources", Value::Null), test("/operation", Value::Null)])).unwrap();
    dry(json!([test(list, Value::Null)])).unwrap_err();
    dry(json!([{ "op": "add", "path": list, "value": [] }])).unwrap_err();
    dry(json!([{ "op": "remove", "path": "/spec/source/helm" }])).unwrap_err();
    dry(json!([test("/metadata/uid", json!("another"))])).unwrap_err();

    // With helm, without parameters.
    tenant.patch(&json!([{ "op": "add", "path": "/spec/source/helm", "value": { "releaseName": "x" } }]));
    dry(json!([test(list, Value::Null), { "op": "add", "path": list, "value": [parameter("a", "b")] }]))
        .unwrap();
    dry(json!([test("/spec/source/helm", Value::Null)])).unwrap_err();

    // With parameters: the whole list is guarded.
    tenant.patch(&json!([{ "op": "add", "path": list, "value": [parameter("a", "b")] }]));
    dry(json!([test(list, json!([parameter("a", "b")]))])).unwrap();
    dry(json!([test(list, Value::Null)])).unwrap_err();
    let refused = dry(json!([test(list, json!([parameter("a", "c")]))])).unwrap_err();
    assert!(refused.contains("the server rejected our request"), "names no operation: {refused}");
}

/// Waits until Argo CD has removed an empty `directory` from the first source and compared what remains.
fn tidied(tenant: &Tenant) -> Value {
    until("Argo CD has tidied up and compared", || {
        let found = tenant.application();
        found["spec"]["sources"][0]["directory"].is_null()
            && found["status"]["sync"]["comparedTo"]["sources"] == found["spec"]["sources"]
    });
    tenant.application()
}

#[test]
fn what_argo_cd_tidies_up_takes_out_only_an_override_that_came_at_the_same_moment() {
    let tenant = Tenant::new("rule-tidy", &["--multi-source"]);
    let list = "/spec/sources/0/helm/parameters";
    let untidy = json!([{ "op": "add", "path": "/spec/sources/0/directory", "value": {} }]);
    let write = |tag: &str| json!([{ "op": "add", "path": list, "value": [parameter("image.tag", tag)] }]);

    // One that Argo CD has compared stays.
    tenant.patch(&write("1.0.0"));
    tidied(&tenant);
    tenant.patch(&untidy);
    assert!(tidied(&tenant).pointer(list).is_some());

    // One that comes while Argo CD computes its patch of the whole list can be lost. It is then known who did it.
    for round in 0..5 {
        let tag = format!("1.0.{round}");
        let (administrator, application_of) = (administrator(), (APPLICATION, "argocd", tenant.name()));
        let send = |patch: &Value| administrator.patch(application_of, patch, Change::default()).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| send(&untidy));
            scope.spawn(|| send(&write(&tag)));
        });
        // Where Argo CD saw the second write while it compared the first, nothing seems to have changed since, and it
        // would tidy up at its next regular comparison only, minutes later.
        tenant.refresh();
        let found = tidied(&tenant);
        if found.pointer(list) != Some(&json!([parameter("image.tag", &tag)])) {
            let writer = writer_of(&application(&found), "/spec/sources").unwrap();
            assert_eq!(writer.manager, "argocd-application-controller", "round {round}");
        }
    }
}

#[test]
fn the_api_server_says_who_wrote_a_field_last() {
    let tenant = Tenant::new("rule-writer", &["--chart", "minimal"]);
    let helm = json!([{ "op": "add", "path": "/spec/source/helm", "value": { "parameters": [parameter("a", "b")] } }]);
    tenant.patch_with(&helm, Change { manager: Some("somebody"), dry_run: false }).unwrap();
    let managed = tenant.application()["metadata"]["managedFields"].clone();
    let somebody = managed.as_array().unwrap().iter().find(|entry| entry["manager"] == "somebody").unwrap();
    assert!(somebody["fieldsV1"].to_string().contains("f:parameters"), "{somebody}");
    assert!(somebody["time"].is_string(), "{somebody}");
}
