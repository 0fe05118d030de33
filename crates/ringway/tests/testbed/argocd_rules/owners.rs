//! Who takes a change of an Application back, and who keeps it.

use super::{parameter, send};
use crate::{
    harness::{Ran, Ringway, Tenant, kubectl, testbed, until},
    setting,
};
use serde_json::{Value, json};
use std::{path::PathBuf, process::Command};

fn exists(name: &str) -> bool {
    !kubectl(&["-n", "argocd", "get", "application", name, "--ignore-not-found", "-o", "name"]).is_empty()
}

/// Changes the child's manifest in the parent's git repository, and waits until the parent has applied it.
fn apply_history_limit(tenant: &Tenant, limit: u64) {
    let parent = format!("{}-parent", tenant.name());
    let work = PathBuf::from(setting("RINGWAY_TESTBED")).join("run/git").join(&parent);
    let file = work.join("application.json");
    let mut manifest: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    manifest["spec"]["revisionHistoryLimit"] = json!(limit);
    std::fs::write(&file, manifest.to_string()).unwrap();
    let repository = format!("{}.git", work.display());
    let commit = [
        "-c",
        "user.name=testbed",
        "-c",
        "user.email=testbed@localhost",
        "commit",
        "-qam",
        "Change the child",
    ];
    for arguments in [commit.as_slice(), &["push", "-q", &repository, "HEAD:main"]] {
        Ran::from(Command::new("git").arg("-C").arg(&work).args(arguments).output().unwrap()).expect(0);
    }
    kubectl(&[
        "-n",
        "argocd",
        "annotate",
        "application",
        &parent,
        "argocd.argoproj.io/refresh=normal",
        "--overwrite",
    ]);
    until("the parent has applied the change", || {
        tenant.application()["spec"]["revisionHistoryLimit"] == limit
    });
}

#[test]
fn a_parent_application_keeps_what_it_never_set_unless_it_replaces() {
    let tenant = Tenant::unsettled("rule-parent", &["--chart", "minimal", "--owner", "application"]);
    until("the parent has made it", || exists(tenant.name()));
    testbed("tenant", &["wait", tenant.name()]);
    let ringway = Ringway::new();
    let ran = ringway.release("ring-rule-parent", "minimal", "1.1.0", tenant.name()).expect(0);
    let notes = ran.tenant(tenant.name())["notes"].to_string();
    assert!(notes.contains("which keeps the override unless it syncs with Replace=true"), "{notes}");
    let written = tenant.application()["spec"]["source"]["helm"].clone();
    assert!(written.to_string().contains("1.1.0"), "{written}");

    apply_history_limit(&tenant, 5);
    assert_eq!(tenant.application()["spec"]["source"]["helm"], written);

    let replace = json!([{ "op": "add", "path": "/spec/syncPolicy/syncOptions", "value": ["Replace=true"] }]);
    send("rule-parent-parent", &replace, &[]).unwrap();
    apply_history_limit(&tenant, 6);
    assert!(tenant.application()["spec"]["source"]["helm"].is_null());
}

#[test]
fn an_application_set_takes_a_change_back_unless_it_ignores_the_field() {
    let tenant = Tenant::unsettled("rule-set", &["--chart", "minimal", "--owner", "applicationset"]);
    until("the ApplicationSet has made it", || exists(tenant.name()));
    testbed("tenant", &["wait", tenant.name()]);
    let helm = json!({ "parameters": [parameter("image.tag", "1.1.0")] });
    let patch = json!([{ "op": "add", "path": "/spec/source/helm", "value": helm }]);
    send(tenant.name(), &patch, &[]).unwrap();
    until("it is taken back", || tenant.application()["spec"]["source"]["helm"].is_null());

    let change = |patch: &Value| {
        let patch = patch.to_string();
        kubectl(&[
            "-n",
            "argocd",
            "patch",
            "applicationset",
            "rule-set-set",
            "--type",
            "merge",
            "--patch",
            &patch,
        ]);
    };
    change(
        &json!({ "spec": { "ignoreApplicationDifferences": [{ "jsonPointers": ["/spec/source/helm/parameters"] }] } }),
    );
    send(tenant.name(), &patch, &[]).unwrap();
    // Another change of the template is rolled to the Application; then our own must have been looked at as well.
    change(&json!({ "spec": { "template": { "metadata": { "labels": { "round": "two" } } } } }));
    until("the template is rolled out", || tenant.application()["metadata"]["labels"]["round"] == "two");
    assert_eq!(tenant.application()["spec"]["source"]["helm"], helm);
}
