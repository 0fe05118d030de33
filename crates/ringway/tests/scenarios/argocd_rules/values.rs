//! Which value a chart gets to see.

use super::{stateful_set, template_image};
use crate::harness::{Tenant, until};
use serde_json::json;

fn set_tag(tenant: &Tenant, tag: &str, force_string: bool) -> String {
    let parameter = json!({ "name": "image.tag", "value": tag, "forceString": force_string });
    let helm = json!({ "parameters": [parameter] });
    let before = template_image(tenant);
    tenant.patch(&json!([{ "op": "add", "path": "/spec/source/helm", "value": helm }]));
    until("the template has another image", || template_image(tenant) != before);
    template_image(tenant)
}

#[test]
fn digits_stay_text_in_a_parameter_and_become_a_number_in_values_object() {
    let tenant = Tenant::new("rule-digits", &["--chart", "minimal"]);
    for force_string in [true, false] {
        for tag in ["0123456", "12e4567", "1234567"] {
            let arrived = set_tag(&tenant, tag, force_string);
            assert!(arrived.ends_with(&format!(":{tag}")), "forceString: {force_string}: {arrived}");
        }
    }
    // A text is quoted on its way to Helm, a number is not: whoever writes tags into values must write texts.
    for (tag, arrives) in [(json!("7654321"), ":7654321"), (json!(7654321), ":7.654321e+06")] {
        let object = json!({ "valuesObject": { "image": { "tag": tag } } });
        tenant.patch(&json!([{ "op": "add", "path": "/spec/source/helm", "value": object }]));
        until(arrives, || template_image(&tenant).ends_with(arrives));
    }
}

#[test]
fn values_object_takes_the_place_of_values_as_a_whole() {
    let tenant = Tenant::new("rule-values", &["--chart", "minimal", "--values", "replicas: 3"]);
    let replicas = || stateful_set(&tenant)["spec"]["replicas"].clone();
    assert_eq!(replicas(), 3);
    let object = json!([{ "op": "add", "path": "/spec/source/helm/valuesObject", "value": { "image": { "tag": "1.1.0" } } }]);
    tenant.patch(&object);
    until("the image is applied", || template_image(&tenant).ends_with(":1.1.0"));
    assert_eq!(replicas(), 2, "the chart's own default: the tenant's values are gone");
}

#[test]
fn parameters_win_over_values_object_which_wins_over_the_chart() {
    let object = r#"{"image": {"tag": "1.1.0"}}"#;
    let tenant = Tenant::new("rule-order", &["--chart", "minimal", "--values-object", object]);
    assert!(template_image(&tenant).ends_with(":1.1.0"));
    let parameter = json!({ "name": "image.tag", "value": "2.0.0", "forceString": true });
    let patch = json!([{ "op": "add", "path": "/spec/source/helm/parameters", "value": [parameter] }]);
    tenant.patch(&patch);
    until("the parameter is applied", || template_image(&tenant).ends_with(":2.0.0"));
}

#[test]
fn sources_take_the_place_of_source() {
    let tenant = Tenant::new("rule-sources", &["--chart", "minimal"]);
    let source = tenant.application()["spec"]["source"].clone();
    let mut other = source.clone();
    other["helm"] = json!({ "parameters": [{ "name": "image.tag", "value": "1.1.0" }] });
    tenant.patch(&json!([{ "op": "add", "path": "/spec/sources", "value": [other] }]));
    until("the image of `sources` is applied", || template_image(&tenant).ends_with(":1.1.0"));
    let found = tenant.application();
    assert_eq!(found["status"]["sync"]["comparedTo"]["sources"], json!([other]));
    let ignored = json!([{ "op": "add", "path": "/spec/source/helm", "value": { "parameters": [{ "name": "image.tag", "value": "2.0.0" }] } }]);
    tenant.patch(&ignored);
    tenant.refresh();
    until("Argo CD has looked again", || {
        tenant.application()["metadata"]["annotations"]["argocd.argoproj.io/refresh"].is_null()
    });
    assert!(template_image(&tenant).ends_with(":1.1.0"), "what `source` says does not count");
}
