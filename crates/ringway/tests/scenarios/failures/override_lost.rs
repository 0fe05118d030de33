//! Somebody takes our values out while we watch.

use crate::harness::{Change, Ringway, Tenant};
use serde_json::{Value, json};

#[test]
fn an_administrator_who_takes_our_values_out_during_the_rollout_is_named_with_the_time() {
    let tenant = Tenant::new("lost", &["--chart", "minimal"]);
    let ringway = Ringway::new();
    let running = ringway.releasing("ring-lost", "minimal", "slow5s-1", "lost");
    ringway.explained("lost", &["proof so far applied", "0 of 2 pods"]);
    let other = json!([{ "name": "replicas", "value": "2" }]);
    night_shift_patches(
        &tenant,
        &json!([{ "op": "replace", "path": "/spec/source/helm/parameters", "value": other }]),
    );
    let ran = running.ended().expect(1);
    assert_eq!(ran.verdicts(), "lost failed applied reverted");
    let message = ran.message("lost");
    assert!(message.starts_with("somebody took our values out of Application argocd/lost"), "{message}");
    assert!(message.contains("last written by night-shift at 20"), "{message}");
    assert!(message.contains("helm.parameters[image.tag] is absent"), "{message}");
    let text = ringway.run(&["explain", "lost"]).expect(0).out;
    assert!(text.contains("what to do: find out who writes this field"), "{text}");
    ringway.cleanup("ring-lost").expect(0);
    let annotations = tenant.application()["metadata"]["annotations"].to_string();
    assert!(!annotations.contains("ringway"), "{annotations}");
}

#[test]
fn nobody_is_accused_of_a_value_that_is_gone_with_all_around_it() {
    let tenant = Tenant::new("vanished", &["--chart", "minimal"]);
    let ringway = Ringway::new();
    let running = ringway.releasing("ring-vanished", "minimal", "slow5s-1", "vanished");
    ringway.explained("vanished", &["proof so far applied", "0 of 2 pods"]);
    night_shift_patches(&tenant, &json!([{ "op": "remove", "path": "/spec/source/helm" }]));
    let ran = running.ended().expect(1);
    assert_eq!(ran.verdicts(), "vanished failed applied reverted");
    let message = ran.message("vanished");
    assert!(message.contains("the API server does not say by whom; its audit log does"), "{message}");
    assert!(message.contains("noticed at 20"), "{message}");
    ringway.cleanup("ring-vanished").expect(0);
}

fn night_shift_patches(tenant: &Tenant, patch: &Value) {
    tenant.patch_with(patch, Change { manager: Some("night-shift"), dry_run: false }).unwrap();
}

#[test]
fn a_parent_application_with_the_list_in_git_takes_it_back_and_was_warned_of() {
    let _tenant = Tenant::owned_by("application", "parented", &["--chart", "minimal", "--set", "replicas=2"]);
    let ringway = Ringway::new();
    let ran = ringway.release("ring-parent", "minimal", "slow5s-1", "parented").expect(1);
    assert!(ran.verdicts().contains(" reverted"), "{}", ran.verdicts());
    let notes = ran.tenant("parented")["notes"].to_string();
    assert!(
        notes.contains("is deployed by Application parented-parent, which may revert the override"),
        "{notes}"
    );
    assert!(notes.contains("RespectIgnoreDifferences=true"), "{notes}");
    let message = ran.message("parented");
    assert!(message.contains("last written by argocd-"), "{message}");
}

#[test]
fn a_parent_application_with_the_value_in_git_takes_it_back_and_was_warned_of() {
    let object = r#"{"atlas":{"atlas":{"image":{"repository":"registry.example.com/atlas-metastore","tag":"1.0.0"}}}}"#;
    let tenant = Tenant::owned_by("application", "parented-value", &["--values-object", object]);
    let before = tenant.sources();
    let ringway = Ringway::new();
    let ran = ringway.release("ring-value", "atlas-values", "slow5s-1", "parented-value").expect(1);
    assert!(ran.verdicts().contains(" reverted"), "{}", ran.verdicts());
    let notes = ran.tenant("parented-value")["notes"].to_string();
    let where_it_stands = "where /spec/source/helm/valuesObject/atlas/atlas/image/repository and \
                           /spec/source/helm/valuesObject/atlas/atlas/image/tag stands in its manifests";
    assert!(notes.contains(where_it_stands), "{notes}");
    let message = ran.message("parented-value");
    assert!(message.contains("last written by argocd-"), "{message}");
    assert!(message.contains(r#"helm.valuesObject.atlas.atlas.image.tag is "1.0.0""#), "{message}");
    let left = tenant.application()["spec"]["source"]["helm"]["valuesObject"]["atlas-read"].clone();
    assert_eq!(left["atlas"]["image"]["tag"], "slow5s-1", "what git does not say stays: {left}");
    ringway.cleanup("ring-value").expect(0);
    assert_eq!(tenant.sources(), before);
}
