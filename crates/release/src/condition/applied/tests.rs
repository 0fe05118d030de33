//! When an Application counts as compared and applied.

use super::{Pending, SyncState, examine};
use crate::{
    application::Application,
    condition::testing,
    proof::Proof,
    step::{Expectation, PlannedApplication},
};
use crate::{
    application::ApplicationKey,
    overrides::{Wanted, WantedLeaf},
    service::{ExistingValue, SourceSelector, Strategy, WorkloadKind},
    step::ExpectedWorkload,
};
use insta::assert_snapshot;
use proptest::{
    prelude::{Just, prop_assert, prop_assert_eq, prop_oneof, proptest},
    strategy::Strategy as Any,
};
use serde_json::{Value, json};

const TAG: &str = "2.0.0";

fn planned() -> PlannedApplication {
    let leaf = WantedLeaf {
        strategy: Strategy::Parameters,
        path: "atlas.image.tag".parse().unwrap(),
        value: TAG.to_owned(),
        existing: ExistingValue::Refuse,
    };
    let source = SourceSelector { path: Some("charts/atlas".to_owned()), ..SourceSelector::default() };
    PlannedApplication {
        key: ApplicationKey { instance: "main".into(), namespace: "argocd".into(), name: "tenant-a".into() },
        uid: "uid-1".to_owned(),
        namespace: "tenant-a".to_owned(),
        wanted: Wanted { service: "atlas".to_owned(), source, leaves: vec![leaf] },
        workloads: vec![ExpectedWorkload {
            kind: WorkloadKind::StatefulSet,
            name: "atlas".to_owned(),
            container: "atlas".to_owned(),
            image: "registry.example.com/acme/atlas:2.0.0".to_owned(),
            digests: None,
        }],
    }
}

/// The source with our value, or as it was before.
fn source(tag: Option<&str>) -> Value {
    let mut source =
        json!({"repoURL": "https://git.example.com/fleet", "path": "charts/atlas", "targetRevision": "main"});
    if let Some(tag) = tag {
        source["helm"] =
            json!({"parameters": [{"name": "atlas.image.tag", "value": tag, "forceString": true}]});
    }
    source
}

fn operation(source: &Value) -> Value {
    json!({"initiatedBy": {"automated": true}, "retry": {"limit": 5}, "sync": {"source": source, "revision": "abc"}})
}

fn state(phase: &str, message: &str, source: &Value, results: Value) -> Value {
    json!({
        "phase": phase, "message": message, "startedAt": "2026-11-23T12:00:01Z", "finishedAt": "2026-11-23T12:00:02Z",
        "operation": operation(source), "syncResult": {"revision": "abc", "source": source, "resources": results}
    })
}

fn result(status: &str, message: &str) -> Value {
    json!([{"group": "apps", "version": "v1", "kind": "StatefulSet", "namespace": "tenant-a", "name": "atlas",
        "status": status, "message": message, "hookPhase": "Running", "syncPhase": "Sync"}])
}

/// An Application as an API server shows it a second after the patch, synced and done.
fn done() -> Value {
    let ours = source(Some(TAG));
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {"name": "tenant-a", "namespace": "argocd", "uid": "uid-1", "resourceVersion": "7"},
        "spec": {"project": "fleet", "source": ours, "syncPolicy": {"automated": {"selfHeal": true}},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "tenant-a"}},
        "status": {
            "sync": {"status": "Synced", "comparedTo": {"source": ours}, "revision": "abc"},
            "reconciledAt": "2026-11-23T12:00:02Z", "sourceType": "Helm", "health": {"status": "Progressing"},
            "resources": [
                {"version": "v1", "kind": "ConfigMap", "namespace": "tenant-a", "name": "atlas", "status": "Synced"},
                {"group": "apps", "version": "v1", "kind": "StatefulSet", "namespace": "tenant-a", "name": "atlas",
                    "status": "Synced"}],
            "operationState": state("Succeeded", "successfully synced (all tasks run)", &ours,
                result("Synced", "statefulset.apps/atlas configured")),
        }
    })
}

/// [`done`] with some fields changed, by JSON pointer; `null` removes.
fn with(changes: &[(&str, Value)]) -> Value {
    let mut application = done();
    for (pointer, value) in changes {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let parent = application.pointer_mut(parent).unwrap();
        match parent {
            Value::Array(items) => items[key.parse::<usize>().unwrap()] = value.clone(),
            parent => parent[key] = value.clone(),
        }
    }
    application
}

fn ask(application: &Value, expectation: Expectation) -> SyncState {
    let application: Application = serde_json::from_value(application.clone()).unwrap();
    examine(&application, &planned(), expectation, "2026-11-23T12:00:00Z".parse().ok())
}

/// The answer in one line.
fn say(application: &Value) -> String {
    line(ask(application, Expectation::Overridden))
}

fn line(state: SyncState) -> String {
    match state {
        SyncState::Reverted { problem, writer } => {
            format!("reverted {}: {} [{writer:?}]", problem.code, problem.message)
        }
        SyncState::Waiting { proof, awaiting, pending } => {
            let window = if pending == Pending::Window { ", window closed" } else { "" };
            assert_eq!(
                pending == Pending::Comparison,
                awaiting.what.contains("as it stands now"),
                "{awaiting:?}"
            );
            format!("{proof}{window}: {} [{}]", awaiting.what, awaiting.by_hand)
        }
        SyncState::Failed { proof, problem } => {
            format!("failed {} after {proof}: {}", problem.code, problem.message)
        }
        SyncState::Applied { notes } => format!("applied {notes:?}"),
    }
}

fn out_of_sync() -> (&'static str, Value) {
    ("/status/resources/1/status", json!("OutOfSync"))
}

fn condition(kind: &str, message: &str) -> (&'static str, Value) {
    let since = "2026-11-23T11:00:00Z";
    ("/status/conditions", json!([{"type": kind, "message": message, "lastTransitionTime": since}]))
}

#[test]
fn an_operation_with_our_value_that_ended_well_is_applied() {
    assert_snapshot!(say(&done()), @"applied []");
}

#[test]
fn green_for_the_old_source_does_not_count() {
    let stale = with(&[("/status/sync/comparedTo", json!({"source": source(None)}))]);
    assert_snapshot!(say(&stale), @"patched: Argo CD has not compared Application argocd/tenant-a as it stands now [kubectl -n argocd get application tenant-a -o yaml; kubectl get pods --all-namespaces --selector app.kubernetes.io/name=argocd-application-controller]");
    let other_tag = with(&[("/status/sync/comparedTo", json!({"source": source(Some("1.9.0"))}))]);
    assert_eq!(say(&other_tag), say(&stale));
    let never = with(&[("/status/sync", json!({"status": "Synced"}))]);
    assert_eq!(say(&never), say(&stale));
    let unknown = with(&[("/status/sync/status", json!("Unknown"))]);
    assert_snapshot!(say(&unknown), @"patched: Argo CD does not know yet whether Application argocd/tenant-a is in sync [kubectl -n argocd get application tenant-a -o yaml]");
}

#[test]
fn a_comparison_of_our_source_that_failed_is_final_unless_a_server_did_not_answer() {
    let message = "Failed to load target state: failed to generate manifest: helm template failed: image.tag is required";
    let unknown = ("/status/sync/status", json!("Unknown"));
    assert_snapshot!(say(&with(&[unknown.clone(), condition("ComparisonError", message)])), @"failed comparison_error after patched: Argo CD cannot compare Application argocd/tenant-a: Failed to load target state: failed to generate manifest: helm template failed: image.tag is required");
    let away = "rpc error: code = Unavailable desc = dial tcp 10.0.0.1:8081: connect: connection refused";
    assert_snapshot!(say(&with(&[unknown, condition("ComparisonError", away)])), @"patched: Argo CD cannot compare Application argocd/tenant-a: rpc error: code = Unavailable desc = dial tcp 10.0.0.1:8081: connect: connection refused [kubectl -n argocd get application tenant-a -o yaml]");
    let invalid =
        with(&[condition("InvalidSpecError", "application repo is not permitted in project 'fleet'")]);
    assert_snapshot!(say(&invalid), @"failed invalid_spec after patched: Argo CD cannot compare Application argocd/tenant-a: application repo is not permitted in project 'fleet'");
}

#[test]
fn an_error_about_the_old_source_does_not_fail_the_new_one() {
    let old = ("/status/sync", json!({"status": "Unknown", "comparedTo": {"source": source(None)}}));
    let state =
        ask(&with(&[old, condition("ComparisonError", "helm template failed")]), Expectation::Overridden);
    let SyncState::Waiting { proof: Proof::Patched, awaiting, .. } = state else { panic!("{state:?}") };
    let shown = awaiting.evidence.iter().map(|field| field.value.as_str()).collect::<Vec<_>>();
    assert_eq!(shown, ["another source", "helm template failed"]);
}

#[test]
fn an_earlier_operation_must_end_first_and_its_blocker_is_named() {
    let (old, waits) = (source(None), "waiting for completion of hook batch/Job/migrate");
    let running = state("Running", waits, &old, result("Synced", "configured"));
    let behind =
        with(&[("/operation", operation(&old)), ("/status/operationState", running.clone()), out_of_sync()]);
    assert_snapshot!(say(&behind), @"observed: an earlier sync operation of Application argocd/tenant-a, which does not carry what stands there now, must end first: it is in phase Running: waiting for completion of hook batch/Job/migrate [argocd app get argocd/tenant-a --show-operation; to end it: argocd app terminate-op argocd/tenant-a]");
    // Even when the comparison is green: this operation can still write the old value.
    let green = with(&[("/operation", operation(&old)), ("/status/operationState", running)]);
    assert_eq!(say(&green), say(&behind));
}

#[test]
fn an_operation_that_does_not_name_its_source_is_taken_for_an_earlier_one() {
    let unnamed = json!({"phase": "Running", "message": "", "operation": {"sync": {}}});
    let running = with(&[("/operation", json!({"sync": {}})), ("/status/operationState", unnamed)]);
    assert!(say(&running).starts_with("observed: an earlier sync operation"), "{}", say(&running));
}

#[test]
fn our_operation_counts_as_soon_as_it_has_applied_the_workload() {
    let ours = source(Some(TAG));
    let waits = "waiting for healthy state of apps/Deployment/redis and 1 more resources";
    let before = state("Running", waits, &ours, json!(null));
    let running =
        with(&[("/operation", operation(&ours)), ("/status/operationState", before), out_of_sync()]);
    assert_snapshot!(say(&running), @"observed: the sync operation of Application argocd/tenant-a is in phase Running: waiting for healthy state of apps/Deployment/redis and 1 more resources [argocd app get argocd/tenant-a --show-operation]");
    let after = state("Running", waits, &ours, result("Synced", "configured"));
    let running = with(&[("/operation", operation(&ours)), ("/status/operationState", after)]);
    assert_snapshot!(say(&running), @r#"applied ["the sync operation of Application argocd/tenant-a still runs: waiting for healthy state of apps/Deployment/redis and 1 more resources"]"#);
}

#[test]
fn an_operation_that_was_only_asked_for_is_awaited() {
    let asked = with(&[("/operation", operation(&source(Some(TAG)))), out_of_sync()]);
    assert_snapshot!(say(&asked), @"observed: the sync operation of Application argocd/tenant-a was asked for and has not begun [argocd app get argocd/tenant-a --show-operation]");
}

#[test]
fn an_operation_that_was_taken_out_by_hand_is_named() {
    let left =
        state("Running", "waiting for healthy state of apps/StatefulSet/atlas", &source(None), json!([]));
    assert_snapshot!(say(&with(&[("/status/operationState", left), out_of_sync()])), @"observed: an earlier sync operation of Application argocd/tenant-a, which does not carry what stands there now, must end first: it was taken out of the Application by hand in phase Running, and nobody works on it [kubectl -n argocd annotate application tenant-a argocd.argoproj.io/refresh=normal]");
}

#[test]
fn a_workload_that_the_api_server_refuses_fails_at_once() {
    let ours = source(Some(TAG));
    let invalid = "StatefulSet.apps \"atlas\" is invalid: spec: Forbidden: updates to statefulset spec";
    let refused = state(
        "Running",
        "one or more objects failed to apply. Retrying attempt #1",
        &ours,
        result("SyncFailed", invalid),
    );
    let running =
        with(&[("/operation", operation(&ours)), ("/status/operationState", refused), out_of_sync()]);
    assert_snapshot!(say(&running), @r#"failed sync_failed after observed: Argo CD could not apply StatefulSet tenant-a/atlas: StatefulSet.apps "atlas" is invalid: spec: Forbidden: updates to statefulset spec"#);

    let conflict = "Operation cannot be fulfilled on statefulsets.apps: the object has been modified";
    let refused =
        |phase| state(phase, "one or more objects failed to apply", &ours, result("SyncFailed", conflict));
    let again = with(&[
        ("/operation", operation(&ours)),
        ("/status/operationState", refused("Running")),
        out_of_sync(),
    ]);
    assert!(say(&again).starts_with("observed: "), "tried again: {}", say(&again));
    let ended = with(&[("/status/operationState", refused("Failed")), out_of_sync()]);
    assert!(say(&ended).starts_with("failed sync_failed"), "{}", say(&ended));
}

#[test]
fn an_operation_of_ours_that_failed_for_good_fails_the_tenant() {
    let failed = state(
        "Failed",
        "one or more synchronization tasks completed unsuccessfully (retried 5 times).",
        &source(Some(TAG)),
        json!([]),
    );
    let sync_error = condition("SyncError", "Failed last sync attempt to [abc]: one or more tasks failed");
    let failed = with(&[("/status/operationState", failed), out_of_sync(), sync_error]);
    assert_snapshot!(say(&failed), @"failed sync_failed after observed: the sync operation of Application argocd/tenant-a ended as Failed: one or more synchronization tasks completed unsuccessfully (retried 5 times).");
}

#[test]
fn an_operation_that_failed_on_another_resource_is_a_note() {
    let failed = state("Failed", "Job/migrate failed", &source(Some(TAG)), result("Synced", "configured"));
    assert_snapshot!(say(&with(&[("/status/operationState", failed)])), @r#"applied ["the sync operation of Application argocd/tenant-a ended as Failed: Job/migrate failed"]"#);
}

#[test]
fn an_operation_of_another_source_that_failed_is_not_ours() {
    // Our value stood there already when another service's value was changed.
    let mut earlier = source(Some(TAG));
    let other = json!({"name": "other.image.tag", "value": "1"});
    earlier["helm"]["parameters"].as_array_mut().unwrap().push(other);
    let failed = state("Failed", "tasks failed", &earlier, json!([]));
    let next = with(&[("/status/operationState", failed), out_of_sync()]);
    assert!(say(&next).starts_with("observed: "), "{}", say(&next));
}

#[test]
fn a_closed_window_is_seen_with_and_without_an_operation() {
    let ours = source(Some(TAG));
    let blocked = state("Running", "Sync operation blocked by sync window", &ours, json!([]));
    let blocked =
        with(&[("/operation", operation(&ours)), ("/status/operationState", blocked), out_of_sync()]);
    assert_snapshot!(say(&blocked), @"observed, window closed: the sync operation of Application argocd/tenant-a is in phase Running: Sync operation blocked by sync window [argocd proj windows list fleet]");
    let old = state("Succeeded", "successfully synced", &source(None), result("Synced", "configured"));
    let silent =
        with(&[("/status/operationState", old), ("/status/sync/status", json!("OutOfSync")), out_of_sync()]);
    assert_snapshot!(say(&silent), @"observed, window closed: Argo CD has compared Application argocd/tenant-a and started no sync operation: a sync window of project fleet seems closed [argocd proj windows list fleet]");
}

#[test]
fn what_keeps_argo_cd_from_syncing_is_said() {
    let old = ("/status/operationState", state("Succeeded", "", &source(None), json!([])));
    let wipe = condition("SyncError", "Skipping sync attempt to abc: auto-sync will wipe out all resources");
    assert_snapshot!(say(&with(&[old.clone(), out_of_sync(), wipe])), @"observed: Argo CD does not sync Application argocd/tenant-a: Skipping sync attempt to abc: auto-sync will wipe out all resources [argocd app get argocd/tenant-a --show-operation]");
    let failed = "Failed last sync attempt to [abc]: one or more tasks failed (retried 5 times).";
    let failed = |since: &str| {
        let error = json!([{"type": "SyncError", "message": failed, "lastTransitionTime": since}]);
        say(&with(&[old.clone(), out_of_sync(), ("/status/conditions", error)]))
    };
    assert!(failed("2026-11-23T11:59:59Z").starts_with("observed: "), "about the source before");
    assert_snapshot!(failed("2026-11-23T12:00:01Z"), @"failed sync_failed after observed: Argo CD does not sync Application argocd/tenant-a again: Failed last sync attempt to [abc]: one or more tasks failed (retried 5 times).");
    let off = ("/spec/syncPolicy", json!({"automated": {"enabled": false}}));
    assert_snapshot!(say(&with(&[old, out_of_sync(), off])), @"observed: automated sync of Application argocd/tenant-a was switched off: somebody must sync it [argocd app get argocd/tenant-a --show-operation]");
    assert_snapshot!(say(&with(&[("/status/operationState", Value::Null), out_of_sync()])), @"observed: StatefulSet tenant-a/atlas is not in sync, and Argo CD has started no sync operation [kubectl -n argocd get application tenant-a -o yaml; kubectl get pods --all-namespaces --selector app.kubernetes.io/name=argocd-application-controller]");
    assert_snapshot!(say(&with(&[out_of_sync()])), @"observed: StatefulSet tenant-a/atlas is not in sync although its sync operation succeeded [argocd app get argocd/tenant-a --show-operation]");
}

#[test]
fn a_workload_that_was_already_equal_needs_no_operation() {
    let old = state("Succeeded", "", &source(None), result("Synced", "configured"));
    let equal =
        with(&[("/status/operationState", old), ("/status/reconciledAt", json!("2026-11-23T12:00:30Z"))]);
    assert_snapshot!(say(&equal), @r#"applied ["no sync operation was needed: Application argocd/tenant-a already was as wanted"]"#);
    assert_eq!(say(&with(&[("/status/operationState", Value::Null)])), say(&equal));
    // Already in sync, so an operation with ApplyOutOfSyncOnly left it out.
    let left_out = state("Succeeded", "", &source(Some(TAG)), Value::Null);
    assert_eq!(say(&with(&[("/status/operationState", left_out)])), "applied []");
}

#[test]
fn a_comparison_from_before_the_last_operation_ended_does_not_count() {
    let old = state("Succeeded", "", &source(None), result("Synced", "configured"));
    let mut early =
        with(&[("/status/operationState", old), ("/status/reconciledAt", json!("2026-11-23T12:00:01Z"))]);
    assert_snapshot!(say(&early), @"observed: Argo CD has not compared Application argocd/tenant-a since its last operation ended [kubectl -n argocd get application tenant-a -o yaml; kubectl get pods --all-namespaces --selector app.kubernetes.io/name=argocd-application-controller]");
    // In the same second, and in the next: the cache may lag behind what the operation changed.
    for at in [json!("2026-11-23T12:00:02Z"), json!("2026-11-23T12:00:03Z"), Value::Null] {
        early["status"]["reconciledAt"] = at;
        assert!(say(&early).starts_with("observed: "), "{}", say(&early));
    }
}

#[test]
fn a_value_over_which_somebody_wrote_a_parameter_is_not_applied() {
    let mut planned = planned();
    planned.wanted.leaves[0].strategy = Strategy::ValuesObject;
    let mut shadowed = source(Some("1.9.0"));
    shadowed["helm"]["valuesObject"] = json!({"atlas": {"image": {"tag": TAG}}});
    let mut application = with(&[
        ("/spec/source", shadowed.clone()),
        ("/status/sync/comparedTo/source", shadowed.clone()),
        ("/status/operationState", state("Succeeded", "", &shadowed, result("Synced", ""))),
    ]);
    let examined = |application: &Value| {
        let application: Application = serde_json::from_value(application.clone()).unwrap();
        examine(&application, &planned, Expectation::Overridden, None)
    };
    let SyncState::Reverted { problem, .. } = examined(&application) else { panic!("{application:#}") };
    assert!(
        problem.message.ends_with(r#"helm.parameters[atlas.image.tag] is "1.9.0""#),
        "{}",
        problem.message
    );
    shadowed["helm"]["parameters"] = json!([]);
    application["spec"]["source"] = shadowed;
    assert!(!matches!(examined(&application), SyncState::Reverted { .. }));
}

#[test]
fn a_value_that_was_taken_out_is_reverted_by_somebody() {
    let fields = json!({"f:spec": {"f:source": {"f:helm": {"f:parameters": {}}}}});
    let managed = json!([{"manager": "argocd-server", "operation": "Update", "time": "2026-11-23T12:00:05Z",
        "fieldsType": "FieldsV1", "fieldsV1": fields}]);
    let other = with(&[("/spec/source", source(Some("1.9.0"))), ("/metadata/managedFields", managed)]);
    assert_snapshot!(say(&other), @r#"reverted reverted: somebody took our values out of Application argocd/tenant-a (last written by argocd-server at 2026-11-23T12:00:05Z): helm.parameters[atlas.image.tag] is "1.9.0" [Some(Writer { manager: "argocd-server", at: Some(2026-11-23T12:00:05Z) })]"#);
    assert_snapshot!(say(&with(&[("/spec/source", source(None))])), @"reverted reverted: somebody took our values out of Application argocd/tenant-a (the API server does not say by whom; its audit log does): helm.parameters[atlas.image.tag] is absent [None]");
    assert_snapshot!(say(&with(&[("/spec/source/path", json!("charts/other"))])), @"reverted reverted: somebody took our values out of Application argocd/tenant-a (the API server does not say by whom; its audit log does): the source that was overridden is not there [None]");
}

#[test]
fn nobody_is_blamed_for_a_value_that_is_gone() {
    // Who made the Application still owns its source, and did not take anything out.
    let creator = json!([{"manager": "kubectl-create", "time": "2026-11-01T00:00:00Z",
        "fieldsV1": {"f:spec": {"f:source": {".": {}, "f:path": {}, "f:repoURL": {}}}}}]);
    let bare = source(None);
    let removed = with(&[("/spec/source", bare), ("/metadata/managedFields", creator)]);
    assert!(say(&removed).ends_with("[None]"), "{}", say(&removed));
    let SyncState::Reverted { problem, .. } = ask(&removed, Expectation::Overridden) else {
        panic!("{}", say(&removed))
    };
    let noticed = super::noticed(problem, "2026-11-23T12:00:05Z".parse().unwrap());
    assert!(noticed.message.ends_with("is absent; noticed at 2026-11-23T12:00:05Z"), "{}", noticed.message);
    assert!(noticed.evidence.iter().all(|shown| shown.since.is_some()));
}

#[test]
fn another_object_of_the_same_name_is_not_waited_for() {
    assert_snapshot!(say(&with(&[("/metadata/uid", json!("uid-2"))])), @"failed application_replaced after none: Application argocd/tenant-a was deleted and made again since the release began");
    assert_snapshot!(say(&with(&[("/metadata/deletionTimestamp", json!("2026-11-23T12:00:05Z"))])), @"failed application_deleted after none: Application argocd/tenant-a is being deleted since 2026-11-23T12:00:05Z");
}

#[test]
fn a_workload_that_the_application_does_not_have_is_named_with_those_it_has() {
    assert_snapshot!(say(&with(&[("/status/resources/1/name", json!("atlas-tenant-a"))])), @"failed workload_missing after observed: Application argocd/tenant-a has no StatefulSet tenant-a/atlas; it has tenant-a/atlas-tenant-a");
    assert_snapshot!(say(&with(&[("/status/resources", Value::Null)])), @"failed workload_missing after observed: Application argocd/tenant-a has no StatefulSet tenant-a/atlas; it has no StatefulSet at all");
}

#[test]
fn one_of_several_sources_is_looked_at() {
    let sources = json!([{"repoURL": "https://git.example.com/values", "ref": "values"}, source(Some(TAG))]);
    let mut application = with(&[("/spec/sources", sources.clone()), ("/spec/source", Value::Null)]);
    assert!(say(&application).starts_with("patched: "));
    application["status"]["sync"]["comparedTo"] = json!({"source": {}, "sources": sources});
    application["status"]["reconciledAt"] = json!("2026-11-23T12:00:30Z");
    assert!(say(&application).starts_with("applied [\"no sync operation"), "{}", say(&application));
    application["status"]["operationState"]["operation"] = json!({"sync": {"sources": sources}});
    assert_eq!(say(&application), "applied []");
    application["spec"]["sources"][0]["targetRevision"] = json!("next");
    assert!(say(&application).starts_with("patched: "));
}

#[test]
fn a_cleanup_is_applied_by_the_same_rules() {
    let ask = |application: &Value| line(ask(application, Expectation::Removed));
    let before = source(None);
    assert_snapshot!(ask(&done()), @r#"reverted override_returned: somebody put our values back into Application argocd/tenant-a (the API server does not say by whom; its audit log does): helm.parameters[atlas.image.tag] is "2.0.0" [None]"#);
    let written = with(&[("/spec/source", before.clone())]);
    assert!(ask(&written).starts_with("patched: "), "{}", ask(&written));
    let compared = with(&[
        ("/spec/source", before.clone()),
        ("/status/sync/comparedTo/source", before.clone()),
        out_of_sync(),
    ]);
    assert!(ask(&compared).starts_with("observed"), "{}", ask(&compared));
    let synced = state("Succeeded", "", &before, result("Synced", "configured"));
    let applied = with(&[
        ("/spec/source", before.clone()),
        ("/status/sync/comparedTo/source", before),
        ("/status/operationState", synced),
    ]);
    assert_eq!(ask(&applied), "applied []");
}

fn any_source() -> impl Any<Value = Value> {
    prop_oneof![Just(source(None)), Just(source(Some(TAG))), Just(source(Some("1.9.0"))), Just(Value::Null)]
}

/// A field of an Application, and something that might stand in it.
fn any_change() -> impl Any<Value = (&'static str, Value)> {
    let word = |words: &'static [&'static str]| proptest::sample::select(words).prop_map(|word| json!(word));
    let phases = &["Running", "Terminating", "Succeeded", "Failed", "Error", ""];
    let operations = (word(phases), any_source(), any_source(), word(&["Synced", "SyncFailed", "Pruned"]))
        .prop_map(|(phase, frozen, applied, status)| {
            json!({"phase": phase, "message": "waiting", "finishedAt": "2026-11-23T12:00:02Z",
                "operation": {"sync": {"source": frozen}},
                "syncResult": {"source": applied, "resources": result(status.as_str().unwrap(), "")}})
        });
    prop_oneof![
        any_source().prop_map(|source| ("/spec/source", source)),
        any_source().prop_map(|source| ("/status/sync/comparedTo", json!({"source": source}))),
        word(&["Synced", "OutOfSync", "Unknown", ""]).prop_map(|word| ("/status/sync/status", word)),
        word(&["Synced", "OutOfSync"]).prop_map(|word| ("/status/resources/1/status", word)),
        operations.prop_map(|operation| ("/status/operationState", operation)),
        any_source().prop_map(|source| ("/operation", json!({"sync": {"source": source}}))),
        word(&["ComparisonError", "SyncError", "SharedResourceWarning"])
            .prop_map(|kind| ("/status/conditions", json!([{"type": kind}]))),
        Just(("/status/reconciledAt", Value::Null)),
    ]
}

proptest! {
    #[test]
    fn applied_always_means_compared_synced_and_nothing_in_the_way(
        changes in proptest::collection::vec(any_change(), 0..6)
    ) {
        let application = with(&changes);
        if let SyncState::Applied { .. } = ask(&application, Expectation::Overridden) {
            prop_assert_eq!(&application["spec"]["source"], &source(Some(TAG)));
            prop_assert_eq!(&application["status"]["sync"]["comparedTo"]["source"], &source(Some(TAG)));
            prop_assert_eq!(&application["status"]["resources"][1]["status"], "Synced");
            let last = &application["status"]["operationState"];
            if matches!(last["phase"].as_str(), Some("Running" | "Terminating")) {
                let frozen = &last["operation"]["sync"]["source"];
                let named = if frozen.is_null() { &last["syncResult"]["source"] } else { frozen };
                prop_assert_eq!(named, &source(Some(TAG)));
            } else {
                prop_assert!(!application["operation"].is_object(), "one was asked for and has not begun");
            }
        }
    }

    #[test]
    fn no_subset_of_fields_upsets_it(missing in proptest::collection::vec(0_usize..64, 0..24)) {
        let mut application = done();
        for index in missing {
            testing::nullify(&mut application, index);
        }
        if let Ok(application) = serde_json::from_value::<Application>(application) {
            for expectation in [Expectation::Overridden, Expectation::Removed] {
                examine(&application, &planned(), expectation, None);
            }
        }
    }
}
