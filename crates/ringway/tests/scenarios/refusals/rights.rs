//! What the API server does not let Ringway do.

use super::{MINIMAL, assert_refused, claims, plan, writable};
use crate::harness::{
    Copied, Identity, Ran, Ringway, Tenant, configuration, configuration_of, image, release_arguments,
    target, until,
};
use serde_json::json;

#[test]
fn a_missing_right_is_refused_with_verb_resource_and_place() {
    let tenant = Tenant::compared("refuse-rights", &MINIMAL, |_| {});
    assert_refused(
        &Ringway::with(&configuration_of(&target().kubeconfig(Identity::Stranger))),
        "minimal",
        &tenant,
        "missing_right",
        "Ringway may not get applications.argoproj.io in namespace argocd of cluster testbed; grant it (see deploy/)",
    );
    let reader = Account::new("refuse-reader", &["get", "list", "watch"], tenant.name());
    let missing = |cluster: &str| {
        ["list pods", "watch pods", "list statefulsets.apps", "watch statefulsets.apps"]
            .map(|right| {
                format!(
                    "Ringway may not {right} in namespace tenant-refuse-rights of cluster {cluster}; grant it (see \
                     deploy/)"
                )
            })
            .join("; ")
    };
    assert_refused(
        &Ringway::with(&configuration_of(&reader.kubeconfig.path())),
        "minimal",
        &tenant,
        "missing_right",
        &format!(
            "Ringway may not patch applications.argoproj.io in namespace argocd of cluster testbed; grant it (see \
             deploy/); {}",
            missing("testbed")
        ),
    );
    let tenants = format!(
        r#"tenantClusters: {{access: contexts, context: "{{tenant}}", kubeconfig: "{}"}}"#,
        reader.kubeconfig.path()
    );
    let configuration = configuration().replace("tenantClusters: {access: sameCluster}", &tenants);
    assert_refused(
        &Ringway::with(&configuration),
        "minimal",
        &tenant,
        "missing_right",
        &missing("refuse-rights"),
    );
    // Found by its name, the Application needs no list; but the watch after the patch may begin with one.
    let writer = Account::new("refuse-writer", &["get", "watch", "patch"], tenant.name());
    let configuration = configuration_of(&writer.kubeconfig.path())
        .replace("tenantClusters: {access: sameCluster}", "tenantClusters: {access: none}");
    assert_refused(
        &Ringway::with(&configuration),
        "minimal",
        &tenant,
        "missing_right",
        "Ringway may not list applications.argoproj.io in namespace argocd of cluster testbed; grant it (see deploy/)",
    );
}

/// An account that may do something to Applications and nothing else; gone when this is dropped.
pub(super) struct Account {
    name: &'static str,
    pub(super) kubeconfig: Copied,
}

impl Account {
    /// It may do `verbs`. Its kubeconfig has a context called `context`.
    pub(super) fn new(name: &'static str, verbs: &[&str], context: &str) -> Self {
        Self { name, kubeconfig: target().account_for_applications(name, verbs, context) }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        target().remove_account(self.name);
    }
}

/// Until this is dropped, the API server refuses every change of one Application by Ringway.
struct Frozen<'a>(&'a Tenant);

impl<'a> Frozen<'a> {
    fn freeze(tenant: &'a Tenant) -> Self {
        target().freeze(tenant.name());
        Self(tenant)
    }
}

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        target().thaw(self.0.name());
    }
}

#[test]
fn a_plan_asks_the_api_server_whether_it_would_accept_the_patch() {
    let tenant = Tenant::compared("refuse-denied", &MINIMAL, |_| {});
    let before = writable(&tenant);
    let ringway = Ringway::new();
    let image = image("e65a995abcd");
    let arguments = release_arguments("ring-refused", "minimal", &image, tenant.name());
    let check = |ran: Ran| ran.json()[0]["applications"][0]["server_check"].as_str().unwrap().to_owned();
    assert_eq!(check(plan(&ringway, &arguments, &["--server-check"]).expect(0)), "accepted");
    assert_eq!(writable(&tenant), before, "a dry run stores nothing");

    let _frozen = Frozen::freeze(&tenant);
    until("the API server has read the policy", || {
        check(plan(&ringway, &arguments, &["--server-check"])).contains("this Application is frozen")
    });
    let denial = "the API server rejects the override of Application argocd/refuse-denied: applications.argoproj.io \
                  \"refuse-denied\" is forbidden: ValidatingAdmissionPolicy 'deny-refuse-denied' with binding \
                  'deny-refuse-denied' denied request: this Application is frozen; change what rejects it, or leave \
                  the tenant out";
    let planned = plan(&ringway, &arguments, &["--server-check"]).expect(4).json();
    assert_eq!((&planned[0]["outcome"], &planned[0]["reasons"]), (&json!("refused"), &json!([denial])));
    let ran = ringway.run(&arguments).expect(4);
    assert_eq!(ran.verdicts(), "refuse-denied refused none patch_rejected");
    assert_eq!(ran.json()["tenants"][0]["problem"]["message"], denial);
    assert_eq!(writable(&tenant), before);
    assert_eq!(claims(&ringway), json!([]));
}
