//! What speaks against an Application as an object.

use super::{MINIMAL, assert_refused, plan};
use crate::harness::{
    APPLICATION, Copied, Identity, Ringway, Tenant, administrator, configuration, image, release_arguments,
    target,
};
use serde_json::json;

#[test]
fn an_application_that_two_instances_have_is_refused_with_both() {
    let tenant = Tenant::compared("refuse-twice", &MINIMAL, |_| {});
    let contexts = Copied::with_context(&target().kubeconfig(Identity::Ringway), "argocd");
    let second = format!(
        r#", {{name: again, kubeconfig: "{}", context: argocd, namespaces: [argocd]}}]"#,
        contexts.path()
    );
    let ringway = Ringway::with(&configuration().replacen("[argocd]}]", &format!("[argocd]}}{second}"), 1));
    assert_refused(
        &ringway,
        "minimal",
        &tenant,
        "application_ambiguous",
        "Application refuse-twice exists in argocd/refuse-twice (testbed), argocd/refuse-twice (again); make the name \
         unique, or select by labels in the service's `applications`",
    );
}

#[test]
fn an_application_close_to_the_size_limit_is_refused_with_both_sizes() {
    let tenant = Tenant::compared("refuse-large", &MINIMAL, |application| {
        application["spec"]["source"]["helm"] = json!({"valuesObject": {"padding": "x".repeat(110_000)}});
    });
    tenant.settle();
    let ringway = Ringway::with(&format!("limits: {{applicationSizeBytes: 100000}}\n{}", configuration()));
    let planned =
        plan(&ringway, &release_arguments("r", "minimal", &image("e65a995abcd"), tenant.name()), &[]);
    let bytes = planned.json()[0]["refusals"][0]["bytes"].as_u64().unwrap();
    // Argo CD repeats the source in its status: compared with, applied, history.
    assert!(bytes > 3 * 110_000, "{bytes}");
    assert_refused(
        &ringway,
        "minimal",
        &tenant,
        "too_large",
        &format!(
            "Application argocd/refuse-large takes {bytes} bytes and would take more than the limit of 100000 with the \
             override: Argo CD might no longer be able to store it; lower its `revisionHistoryLimit` or split it"
        ),
    );
}

/// Holds a tenant's Application back from being gone, and lets it go when dropped.
struct Held<'a>(&'a Tenant);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let patch = json!({ "metadata": { "finalizers": [] } });
        administrator().merge(APPLICATION, "argocd", self.0.name(), &patch);
    }
}

#[test]
fn an_application_that_is_being_deleted_is_refused_with_since_when() {
    let tenant = Tenant::compared("refuse-deleted", &MINIMAL, |application| {
        application["metadata"]["finalizers"] = json!(["testbed.example.com/held"]);
    });
    let held = Held(&tenant);
    administrator().delete(APPLICATION, "argocd", tenant.name());
    assert_refused(
        &Ringway::new(),
        "minimal",
        &tenant,
        "application_being_deleted",
        "Application argocd/refuse-deleted is being deleted (since TIME); leave the tenant out, or start again when it \
         is back",
    );
    drop(held);
}

#[test]
fn an_application_that_was_created_again_is_refused_until_it_is_cleaned_up() {
    let tenant = Tenant::new("refuse-again", &MINIMAL);
    let ringway = Ringway::new();
    ringway.release("ring-refused", "minimal", "1.1.0", tenant.name()).expect(0);
    tenant.delete();
    let tenant = Tenant::new("refuse-again", &MINIMAL);
    assert_refused(
        &ringway,
        "minimal",
        &tenant,
        "recreated",
        "Application argocd/refuse-again was deleted and created again since it was overridden; clean the \
         tenant up first with ringway cleanup --tenants",
    );
    ringway.cleanup("ring-refused").expect(0);
    ringway.release("ring-refused", "minimal", "1.1.0", tenant.name()).expect(0);
    ringway.cleanup("ring-refused").expect(0);
}

#[test]
fn without_a_namespace_pods_cannot_be_found() {
    let tenant = Tenant::compared("refuse-nowhere", &MINIMAL, |application| {
        application["spec"]["destination"].as_object_mut().unwrap().remove("namespace");
    });
    assert_refused(
        &Ringway::new(),
        "minimal",
        &tenant,
        "no_namespace",
        "Application argocd/refuse-nowhere has no `destination.namespace`, so its pods cannot be found; set it, or \
         release the service with `verify: argocd`",
    );
}
