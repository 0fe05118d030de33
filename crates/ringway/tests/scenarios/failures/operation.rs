//! Sync operations that hang, and sync windows that are closed.

use crate::harness::{APPLICATION, PROJECT, Ringway, Tenant, administrator, patience, until};
use serde_json::json;

#[test]
fn a_sick_resource_in_an_earlier_operation_is_named_while_it_is_waited_for_and_at_the_deadline() {
    let tenant = Tenant::new("hung-cache", &["--set", "cache.enabled=true"]);
    tenant.patch(&json!([{
        "op": "add", "path": "/spec/source/helm/parameters/-", "value": { "name": "cache.sick", "value": "true" },
    }]));
    until("the operation hangs", || {
        tenant.application()["status"]["operationState"]["message"]
            .to_string()
            .contains("waiting for healthy state")
    });

    let ringway = Ringway::with_deadlines(&format!("applied: {}s", patience()));
    let running = ringway.releasing("ring-hung", "atlas", "1.1.0", "hung-cache");
    let parts = [
        "waiting for healthy state of apps/StatefulSet/cache",
        "an earlier sync operation",
        "status.operationState.phase = Running",
        "argocd app terminate-op argocd/hung-cache",
    ];
    ringway.explained("hung-cache", &parts);

    let ran = running.ended().expect(1);
    assert_eq!(ran.verdicts(), "hung-cache failed observed deadline");
    let message = ran.message("hung-cache");
    assert!(message.starts_with(&format!("Argo CD did not apply it within {} s", patience())), "{message}");
    assert!(message.contains("apps/StatefulSet/cache"), "{message}");
}

#[test]
fn a_hook_that_hangs_in_our_operation_is_named() {
    let tenant = Tenant::new("hung-hook", &["--set", "hook.enabled=true"]);
    // A hook is not compared, so this alone starts no operation; the release does.
    tenant.patch(&json!([{
        "op": "add", "path": "/spec/source/helm/parameters/-", "value": { "name": "hook.hang", "value": "true" },
    }]));
    let ringway = Ringway::with_deadlines(&format!("applied: {}s", patience()));
    let running = ringway.releasing("ring-hook", "atlas", "1.1.0", "hung-hook");
    let text = ringway.explained("hung-hook", &["waiting for completion of hook batch/Job/migrate"]);
    assert!(!text.contains("an earlier sync operation"), "it is our own: {text}");
    let ran = running.ended().expect(1);
    assert_eq!(ran.verdicts(), "hung-hook failed observed deadline");
    assert!(ran.message("hung-hook").contains("hook batch/Job/migrate"), "{}", ran.message("hung-hook"));
}

#[test]
fn a_workload_that_the_api_server_refuses_is_named_at_once_although_argo_cd_tries_again() {
    let tenant = Tenant::new("immutable", &["--set", "hook.enabled=false"]);
    // No StatefulSet takes another podManagementPolicy.
    tenant.patch(&json!([{
        "op": "add", "path": "/spec/source/helm/parameters/-",
        "value": { "name": "atlas.podManagementPolicy", "value": "Parallel" },
    }]));
    until("the API server has refused it", || {
        tenant.application()["status"]["operationState"].to_string().contains("SyncFailed")
    });
    // The operation under way is about the source before; it is ended as a person would end it.
    let ringway = Ringway::with_deadlines("");
    let running = ringway.releasing("ring-immutable", "atlas", "1.1.0", "immutable");
    ringway.explained("immutable", &["an earlier sync operation", "Forbidden"]);
    tenant
        .patch(&json!([{ "op": "replace", "path": "/status/operationState/phase", "value": "Terminating" }]));
    let ran = running.ended().expect(1);
    assert_eq!(ran.verdicts(), "immutable failed observed sync_failed");
    let message = ran.message("immutable");
    assert!(message.starts_with("Argo CD could not apply StatefulSet tenant-immutable/atlas: "), "{message}");
    assert!(message.contains("Forbidden"), "{message}");
}

/// An AppProject that goes away with the test.
struct Project(&'static str);

impl Project {
    fn new(name: &'static str) -> Self {
        let project = Self(name);
        project.delete();
        administrator().create(&json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject",
            "metadata": { "name": name, "namespace": "argocd" },
            "spec": {
                "sourceRepos": ["*"], "destinations": [{ "server": "*", "namespace": "*" }],
                "clusterResourceWhitelist": [{ "group": "*", "kind": "*" }],
            },
        }));
        project
    }

    fn set_windows(&self, windows: &serde_json::Value) {
        let patch = json!({ "spec": { "syncWindows": windows } });
        administrator().merge(PROJECT, "argocd", self.0, &patch);
    }

    fn delete(&self) {
        administrator().remove(PROJECT, "argocd", self.0);
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        // Argo CD removes nothing of an Application whose project is gone, so its tenant, of which only the deletion was
        // asked for, must go first.
        until("the tenants of the project are gone", || {
            let applications = administrator().list(APPLICATION, "argocd", "");
            !applications.iter().any(|application| application["spec"]["project"] == self.0)
        });
        self.delete();
    }
}

#[test]
fn a_closed_sync_window_is_waited_for_and_does_not_use_up_the_deadline() {
    let project = Project::new("window-project");
    let tenant = Tenant::new("window", &["--chart", "minimal", "--project", "window-project"]);
    project.set_windows(&json!([
        { "kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["*"], "manualSync": true },
    ]));
    let ringway = Ringway::with_deadlines("applied: 5s, window: 10m");
    let running = ringway.releasing("ring-window", "minimal", "1.1.0", "window");
    let parts = [
        "a sync window of project window-project seems closed",
        "argocd proj windows list window-project",
        "status.sync.status = OutOfSync",
    ];
    ringway.explained("window", &parts);
    until("it has been waiting for longer than `applied` allows", || {
        let page = ringway.run(&["explain", "window"]).expect(0).out;
        assert!(page.contains("under way"), "{page}");
        (6..60).any(|seconds| page.contains(&format!("({seconds}s)")))
    });

    project.set_windows(&json!([]));
    // Argo CD would notice at its next comparison, minutes later.
    tenant.refresh();
    running.ended().expect(0);
    ringway.cleanup("ring-window").expect(0);
}

#[test]
fn a_sync_window_that_stays_closed_ends_at_a_deadline_of_its_own() {
    let project = Project::new("shut-project");
    let _tenant = Tenant::new("shut", &["--chart", "minimal", "--project", "shut-project"]);
    project.set_windows(&json!([
        { "kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["*"] },
    ]));
    let ran =
        Ringway::with_deadlines("window: 5s").release("ring-shut", "minimal", "1.1.0", "shut").expect(1);
    assert_eq!(ran.verdicts(), "shut failed observed deadline");
    let message = ran.message("shut");
    assert!(message.starts_with("the sync window did not open within 5 s"), "{message}");
    assert!(message.contains("project shut-project"), "{message}");
}
