//! What the API server does not let Ringway do.

use super::{MINIMAL, assert_refused, claims, kubeconfig, plan, writable};
use crate::{
    harness::{
        Ran, Ringway, Tenant, configuration, image, kubectl, kubectl_create, release_arguments, until,
    },
    setting,
};
use serde_json::json;

#[test]
fn a_missing_right_is_refused_with_verb_resource_and_place() {
    let tenant = Tenant::compared("refuse-rights", &MINIMAL, |_| {});
    assert_refused(
        &Ringway::with(&configuration(&setting("RINGWAY_TESTBED_NO_RIGHTS_KUBECONFIG"))),
        "minimal",
        &tenant,
        "missing_right",
        "Ringway may not get applications.argoproj.io in namespace argocd of cluster testbed; grant it (see deploy/)",
    );
    let reader = Reader::new("refuse-reader");
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
        &Ringway::with(&configuration(&reader.kubeconfig(tenant.name()))),
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
        reader.kubeconfig(tenant.name())
    );
    let configuration =
        configuration(&kubeconfig()).replace("tenantClusters: {access: sameCluster}", &tenants);
    assert_refused(
        &Ringway::with(&configuration),
        "minimal",
        &tenant,
        "missing_right",
        &missing("refuse-rights"),
    );
}

/// An account that may read Applications and nothing else.
struct Reader {
    name: String,
    folder: tempfile::TempDir,
}

impl Reader {
    fn new(name: &str) -> Self {
        let role = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {"name": name, "namespace": "argocd"},
            "rules": [{"apiGroups": ["argoproj.io"], "resources": ["applications"], "verbs": ["get", "list", "watch"]}],
        });
        let reader = Self { name: name.to_owned(), folder: tempfile::tempdir().unwrap() };
        reader.remove();
        kubectl_create(&role);
        kubectl(&["-n", "argocd", "create", "serviceaccount", name]);
        kubectl(&[
            "-n",
            "argocd",
            "create",
            "rolebinding",
            name,
            "--role",
            name,
            "--serviceaccount",
            &format!("argocd:{name}"),
        ]);
        reader
    }

    /// Its kubeconfig, whose current context is called `context`.
    fn kubeconfig(&self, context: &str) -> String {
        let token = kubectl(&["-n", "argocd", "create", "token", &self.name]);
        let file = self.folder.path().join("kubeconfig").to_str().unwrap().to_owned();
        std::fs::copy(setting("RINGWAY_TESTBED_NO_RIGHTS_KUBECONFIG"), &file).unwrap();
        let config = |arguments: &[&str]| kubectl(&[&["--kubeconfig", &file, "config"], arguments].concat());
        config(&["set-credentials", "testbed", "--token", token.trim()]);
        config(&["set-context", context, "--cluster", "testbed", "--user", "testbed"]);
        config(&["use-context", context]);
        file
    }

    fn remove(&self) {
        let objects = ["role", "rolebinding", "serviceaccount"].map(|kind| format!("{kind}/{}", self.name));
        let objects: Vec<&str> = objects.iter().map(String::as_str).collect();
        kubectl(&[&["-n", "argocd", "delete", "--ignore-not-found"], &objects[..]].concat());
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.remove();
    }
}

/// An admission policy that refuses every change of one Application by Ringway.
struct Denial(String);

impl Denial {
    fn of(tenant: &Tenant) -> Self {
        let name = format!("deny-{}", tenant.name());
        let denial = Self(name.clone());
        denial.remove();
        let metadata = json!({"name": name});
        kubectl_create(&json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": metadata,
            "spec": {
                "matchConstraints": {"resourceRules": [{
                    "apiGroups": ["argoproj.io"], "apiVersions": ["v1alpha1"],
                    "operations": ["UPDATE"], "resources": ["applications"],
                }]},
                "matchConditions": [{
                    "name": "one-application-by-ringway",
                    "expression": format!(
                        "object.metadata.name == '{}' \
                         && request.userInfo.username == 'system:serviceaccount:ringway:ringway'",
                        tenant.name()
                    ),
                }],
                "validations": [{"expression": "false", "message": "this Application is frozen"}],
            },
        }));
        kubectl_create(&json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": metadata,
            "spec": {"policyName": name, "validationActions": ["Deny"]},
        }));
        denial
    }

    fn remove(&self) {
        for kind in ["validatingadmissionpolicybinding", "validatingadmissionpolicy"] {
            kubectl(&["delete", kind, &self.0, "--ignore-not-found"]);
        }
    }
}

impl Drop for Denial {
    fn drop(&mut self) {
        self.remove();
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

    let _denial = Denial::of(&tenant);
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
