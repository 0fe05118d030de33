//! Parent Applications: who takes a change back, and who keeps it (`argocd_rules::owners`, docs/measured.md, Parents).

use super::*;

const URL: &str = "https://git.example.com/parent.git";

fn child(helm: &Value) -> Value {
    let mut child = application("child", "minimal");
    if helm.is_object() {
        child["spec"]["source"]["helm"] = helm.clone();
    }
    child
}

fn parent() -> Value {
    let mut parent = application("a", "");
    parent["spec"]["source"] = json!({ "repoURL": URL, "targetRevision": "main", "path": "." });
    parent["spec"]["destination"]["namespace"] = json!("argocd");
    parent["spec"]["syncPolicy"] = json!({ "automated": { "prune": true, "selfHeal": true } });
    parent
}

fn with_child(helm: &Value) -> Fleet {
    let mut fleet = Fleet::empty(5);
    fleet.model.argocd.repositories.commit(URL, vec![child(helm)]);
    fleet.create(parent());
    fleet.pass(20);
    assert_eq!(sync_of(fleet.get("a")), "Synced");
    assert_eq!(sync_of(fleet.get("child")), "Synced");
    assert_eq!(fleet.get("a")["status"]["sourceType"], "Directory");
    fleet
}

/// Commits another history limit, and lets the parent look.
fn apply_history_limit(fleet: &mut Fleet, helm: &Value, limit: u64) {
    let mut changed = child(helm);
    changed["spec"]["revisionHistoryLimit"] = json!(limit);
    fleet.model.argocd.repositories.commit(URL, vec![changed]);
    fleet.change("a", |parent| resource::annotate(parent, "argocd.argoproj.io/refresh", "normal"));
    fleet.pass(10);
    assert_eq!(fleet.get("child")["spec"]["revisionHistoryLimit"], limit);
}

#[test]
fn a_parent_keeps_what_it_never_set_unless_it_replaces() {
    let mut fleet = with_child(&Value::Null);
    let helm = json!({ "parameters": [parameter("image.tag", "1.1.0")] });
    fleet.change("child", |child| child["spec"]["source"]["helm"] = helm.clone());
    fleet.pass(10);
    assert_eq!(fleet.get("child")["spec"]["source"]["helm"], helm);
    assert_eq!(sync_of(fleet.get("a")), "Synced");
    apply_history_limit(&mut fleet, &Value::Null, 5);
    assert_eq!(fleet.get("child")["spec"]["source"]["helm"], helm);

    fleet.change("a", |parent| parent["spec"]["syncPolicy"]["syncOptions"] = json!(["Replace=true"]));
    apply_history_limit(&mut fleet, &Value::Null, 6);
    assert!(fleet.get("child")["spec"]["source"]["helm"].is_null());
}

#[test]
fn a_parent_with_the_list_in_git_puts_it_back_within_seconds() {
    let helm = json!({ "parameters": [{ "name": "replicas", "value": "2" }] });
    let mut fleet = with_child(&helm);
    fleet.change("child", |child| {
        child["spec"]["source"]["helm"]["parameters"]
            .as_array_mut()
            .unwrap()
            .push(parameter("image.tag", "1.1.0"));
    });
    fleet.pass(5);
    assert_eq!(fleet.get("child")["spec"]["source"]["helm"], helm);
    assert_eq!(sync_of(fleet.get("a")), "Synced");
}

#[test]
fn what_is_added_to_one_of_several_sources_is_overlooked_until_the_parent_syncs() {
    let mut in_git = child(&Value::Null);
    let source = in_git["spec"]["source"].take();
    in_git["spec"] = json!({ "project": "default", "destination": in_git["spec"]["destination"],
        "sources": [source, { "repoURL": source["repoURL"], "targetRevision": "main", "ref": "values" }] });
    let mut fleet = Fleet::empty(5);
    fleet.model.argocd.repositories.commit(URL, vec![in_git.clone()]);
    fleet.create(parent());
    fleet.pass(20);
    let helm = json!({ "parameters": [parameter("image.tag", "1.1.0")] });
    fleet.change("child", |child| child["spec"]["sources"][0]["helm"] = helm.clone());
    fleet.pass(20);
    assert_eq!(
        (sync_of(fleet.get("a")), &fleet.get("child")["spec"]["sources"][0]["helm"]),
        ("Synced", &helm)
    );
    in_git["spec"]["revisionHistoryLimit"] = json!(5);
    fleet.model.argocd.repositories.commit(URL, vec![in_git]);
    fleet.change("a", |parent| resource::annotate(parent, "argocd.argoproj.io/refresh", "normal"));
    fleet.pass(10);
    assert_eq!(fleet.get("child")["spec"]["revisionHistoryLimit"], 5);
    assert!(fleet.get("child")["spec"]["sources"][0]["helm"].is_null());
}

#[test]
fn what_a_parent_ignores_is_wiped_by_its_next_sync_unless_it_respects_that() {
    for (respects, kept) in [(false, false), (true, true)] {
        let helm = json!({ "parameters": [{ "name": "replicas", "value": "2" }] });
        let mut fleet = with_child(&helm);
        fleet.change("a", |parent| {
            parent["spec"]["ignoreDifferences"] = json!([{ "group": "argoproj.io", "kind": "Application",
                "jsonPointers": ["/spec/source/helm/parameters"] }]);
            if respects {
                parent["spec"]["syncPolicy"]["syncOptions"] = json!(["RespectIgnoreDifferences=true"]);
            }
        });
        fleet.pass(5);
        fleet.change("child", |child| {
            child["spec"]["source"]["helm"]["parameters"] = json!([parameter("image.tag", "1.1.0")]);
        });
        fleet.pass(20);
        assert_eq!(sync_of(fleet.get("a")), "Synced");
        assert!(fleet.get("child")["spec"].to_string().contains("1.1.0"));
        apply_history_limit(&mut fleet, &helm, 5);
        assert_eq!(fleet.get("child")["spec"].to_string().contains("1.1.0"), kept, "respects: {respects}");
    }
}

#[test]
fn a_parent_that_is_deleted_waits_for_its_children_and_what_they_deployed() {
    let mut fleet = with_child(&Value::Null);
    fleet.model.delete(&key("a"));
    fleet.pass(10);
    assert!(fleet.model.get(&key("a")).is_none());
    assert!(fleet.model.get(&key("child")).is_none());
    assert_eq!(fleet.model.list(Kind::StatefulSet, Some("tenant-child")).count(), 0);
}
