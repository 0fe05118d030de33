//! The testbed as a target: its scripts, and what it says in `run/env`.

use super::{
    administrator::{
        Administrator,
        kinds_of_the_testbed::{
            ADMISSION_POLICY, ADMISSION_POLICY_BINDING, ROLE, ROLE_BINDING, SERVICE_ACCOUNT,
        },
    },
    kubeconfig::{Copied, Identity},
    ran::Ran,
    target::Part,
};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

/// One for all tests: its connections are worth keeping.
static ADMINISTRATOR: LazyLock<Administrator> = LazyLock::new(|| Administrator::new(&setting("KUBECONFIG")));

/// What the testbed says in `run/env`. Without it there is nothing to test against, and that is a failure.
fn setting(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run the tests with testbed/run, or source run/env"))
}

fn script(name: &str) -> Command {
    Command::new(Path::new(&setting("RINGWAY_TESTBED_SOURCE")).join(name))
}

#[track_caller]
fn run(name: &str, arguments: &[&str]) -> String {
    let ran = Ran::from(script(name).args(arguments).output().unwrap());
    ran.expect(0).out.trim().to_owned()
}

/// The testbed, which all tests share.
pub(crate) struct Target;

impl Target {
    pub(crate) fn begin() -> Self {
        Self
    }

    pub(crate) fn administrator(&self) -> Administrator {
        ADMINISTRATOR.clone()
    }

    pub(crate) fn kubeconfig(&self, whose: Identity) -> String {
        setting(match whose {
            Identity::Administrator => "KUBECONFIG",
            Identity::Ringway => "RINGWAY_TESTBED_RINGWAY_KUBECONFIG",
            Identity::Stranger => "RINGWAY_TESTBED_NO_RIGHTS_KUBECONFIG",
            Identity::Expired => "RINGWAY_TESTBED_EXPIRED_KUBECONFIG",
        })
    }

    /// See [`super::patience`]. Argo CD is slow while many tests run.
    pub(crate) fn patience(&self) -> u64 {
        40
    }

    pub(crate) fn registry(&self) -> String {
        setting("RINGWAY_TESTBED_REGISTRY")
    }

    pub(crate) fn private_registry(&self) -> String {
        setting("RINGWAY_TESTBED_PRIVATE_REGISTRY")
    }

    /// The user and the password of the registry that wants an account.
    pub(crate) fn reader(&self) -> (String, String) {
        let part = |name: &str| setting(&format!("RINGWAY_TESTBED_PRIVATE_REGISTRY_{name}"));
        (part("USER"), part("PASSWORD"))
    }

    pub(crate) fn fleet_repository(&self) -> String {
        setting("RINGWAY_TESTBED_FLEET_REPOSITORY")
    }

    #[track_caller]
    pub(crate) fn push(&self, repository: &str, tag: &str, options: &[&str]) -> String {
        run("push", &[&[repository, tag], options].concat())
    }

    /// The tenant of the testbed's own fleet that tests only look at.
    pub(crate) fn resident(&self) -> &'static str {
        "alpha"
    }

    #[track_caller]
    pub(crate) fn create(&self, name: &str, options: &[&str]) {
        run("tenant", &[&["create", name], options].concat());
    }

    #[track_caller]
    pub(crate) fn manifest(&self, name: &str, options: &[&str]) -> Value {
        serde_json::from_str(&run("tenant", &[&["manifest", name], options].concat())).unwrap()
    }

    #[track_caller]
    pub(crate) fn settle(&self, names: &[&str]) {
        run("tenant", &[&["wait"], names].concat());
    }

    #[track_caller]
    pub(crate) fn delete(&self, name: &str) {
        run("tenant", &["delete", name]);
    }

    /// Asks for the deletion of a tenant at the end of a test.
    pub(crate) fn forget(&self, name: &str) {
        // A failing test must not hide its reason behind a failing removal.
        drop(script("tenant").args(["delete", name, "--no-wait"]).output());
    }

    /// The HTTP status of each patch of an Application that Ringway sent under a name, from the API server's audit log.
    pub(crate) fn answers_to_patches(&self, application: &str, manager: &str) -> Vec<u64> {
        let log = std::fs::read_to_string(setting("RINGWAY_TESTBED_AUDIT_LOG")).unwrap();
        let quoted = format!("\"name\":\"{application}\"");
        let manager = format!("fieldManager={manager}");
        let is_by = |uri: &str| uri.split(['?', '&']).any(|part| part == manager);
        let lines = log.lines().filter(|line| line.contains(&quoted) && line.contains("\"verb\":\"patch\""));
        // The last line may be half written.
        let events = lines.map_while(|line| serde_json::from_str::<Value>(line).ok());
        let is_meant = |event: &Value| {
            event["objectRef"]["resource"] == "applications"
                && event["objectRef"]["name"] == application
                && event["stage"] == "ResponseComplete"
                && event["requestURI"].as_str().is_some_and(is_by)
        };
        events.filter(is_meant).filter_map(|event| event["responseStatus"]["code"].as_u64()).collect()
    }

    /// How often Ringway has asked for something in a namespace, from the API server's audit log, which has the requests of
    /// nobody else.
    pub(crate) fn requests_in(&self, namespace: &str) -> usize {
        let log = std::fs::read_to_string(setting("RINGWAY_TESTBED_AUDIT_LOG")).unwrap();
        let quoted = format!("\"namespace\":\"{namespace}\"");
        log.lines().filter(|line| line.contains(&quoted)).count()
    }

    pub(crate) fn take_away(&self, part: Part) {
        run("process", &["stop", process(part)]);
    }

    pub(crate) fn bring_back(&self, part: Part) {
        run("process", &["start", process(part)]);
    }

    /// Changes the manifest of a tenant in the git repository of its parent Application.
    pub(crate) fn change_in_git(&self, tenant: &str, change: impl FnOnce(&mut Value)) {
        let work = PathBuf::from(setting("RINGWAY_TESTBED")).join(format!("run/git/{tenant}-parent"));
        let file = work.join("application.json");
        let mut manifest: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        change(&mut manifest);
        std::fs::write(&file, manifest.to_string()).unwrap();
        let identity = ["-c", "user.name=testbed", "-c", "user.email=testbed@localhost"];
        let commit = [identity.as_slice(), &["commit", "-qam", "Change the child"]].concat();
        let repository = format!("{}.git", work.display());
        for arguments in [commit.as_slice(), &["push", "-q", &repository, "HEAD:main"]] {
            Ran::from(Command::new("git").arg("-C").arg(&work).args(arguments).output().unwrap()).expect(0);
        }
    }

    /// Makes an account that may do this to the Applications and nothing else; the answer is its kubeconfig, whose
    /// current context is called `context`.
    pub(crate) fn account_for_applications(&self, name: &str, verbs: &[&str], context: &str) -> Copied {
        self.remove_account(name);
        let metadata = json!({ "name": name, "namespace": "argocd" });
        let rbac = "rbac.authorization.k8s.io/v1";
        let rule = json!({ "apiGroups": ["argoproj.io"], "resources": ["applications"], "verbs": verbs });
        let administrator = self.administrator();
        administrator.create(&json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata }));
        administrator
            .create(&json!({ "apiVersion": rbac, "kind": "Role", "metadata": metadata, "rules": [rule] }));
        administrator.create(&json!({
            "apiVersion": rbac, "kind": "RoleBinding", "metadata": metadata,
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name },
            "subjects": [{ "kind": "ServiceAccount", "name": name, "namespace": "argocd" }],
        }));
        let token = administrator.token("argocd", name);
        Copied::of(&self.kubeconfig(Identity::Stranger), |content| {
            content["users"][0]["user"] = json!({ "token": token });
            content["contexts"][0]["name"] = json!(context);
            content["current-context"] = json!(context);
        })
    }

    pub(crate) fn remove_account(&self, name: &str) {
        for kind in [ROLE_BINDING, ROLE, SERVICE_ACCOUNT] {
            self.administrator().delete(kind, "argocd", name);
        }
    }

    /// Lets the API server refuse every change of one Application by Ringway.
    pub(crate) fn freeze(&self, application: &str) {
        let name = format!("deny-{application}");
        self.thaw(application);
        let (api, metadata) = ("admissionregistration.k8s.io/v1", json!({ "name": name }));
        let meant = format!(
            "object.metadata.name == '{application}' \
             && request.userInfo.username == 'system:serviceaccount:ringway:ringway'"
        );
        self.administrator().create(&json!({
            "apiVersion": api, "kind": "ValidatingAdmissionPolicy", "metadata": metadata,
            "spec": {
                "matchConstraints": { "resourceRules": [{
                    "apiGroups": ["argoproj.io"], "apiVersions": ["v1alpha1"],
                    "operations": ["UPDATE"], "resources": ["applications"],
                }] },
                "matchConditions": [{ "name": "one-application-by-ringway", "expression": meant }],
                "validations": [{ "expression": "false", "message": "this Application is frozen" }],
            },
        }));
        self.administrator().create(&json!({
            "apiVersion": api, "kind": "ValidatingAdmissionPolicyBinding", "metadata": metadata,
            "spec": { "policyName": name, "validationActions": ["Deny"] },
        }));
    }

    pub(crate) fn thaw(&self, application: &str) {
        for kind in [ADMISSION_POLICY_BINDING, ADMISSION_POLICY] {
            self.administrator().delete(kind, "", &format!("deny-{application}"));
        }
    }
}

fn process(part: Part) -> &'static str {
    match part {
        Part::ApiServer => "kube-apiserver",
        Part::ApplicationController => "argocd-application-controller",
    }
}
