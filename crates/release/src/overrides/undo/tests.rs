//! Taking overrides back, leaf by leaf.

use super::*;
use crate::overrides::{
    OverridePlan, WantedLeaf,
    plan::{plan, source_carries_none},
    testing::{apply, document, key, owner, parameter, read, replacing, value, wanted},
};
use serde_json::json;

const TAG: &str = "atlas.image.tag";

fn planned(document: &Value, leaves: impl Into<Vec<WantedLeaf>>) -> (OverridePlan, Value) {
    let plan = plan(&read(document), &key(), &wanted(leaves), None, &owner()).unwrap();
    let patched = apply(document, &plan.patch).unwrap();
    (plan, patched)
}

fn undo_on(document: &Value, inverse: &Inverse) -> Undo {
    undo(&read(document), &key(), inverse, "atlas", "ledger-1")
}

fn patch_of(undo: Undo) -> (Vec<Value>, Vec<String>) {
    match undo {
        Undo::Patch { patch, left_alone } => (patch, left_alone),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_we_created_goes_in_one_guarded_operation() {
    let (plan, patched) = planned(&document(Value::Null), [parameter(TAG, "1"), value("a.b", "2")]);
    let (patch, left_alone) = patch_of(undo_on(&patched, &plan.inverse));
    let helm = patched["spec"]["source"]["helm"].clone();
    assert!(patch.contains(&json!({ "op": "test", "path": "/spec/source/helm", "value": helm })));
    assert!(patch.contains(&json!({ "op": "remove", "path": "/spec/source/helm" })));
    assert_eq!(left_alone, Vec::<String>::new());
    let undone = apply(&patched, &patch).unwrap();
    assert_eq!(undone["spec"], document(Value::Null)["spec"]);
    assert_eq!(undone["metadata"]["annotations"], json!({}));
    assert_eq!(
        undo_on(&undone, &plan.inverse),
        Undo::Nothing { left_alone: vec![] },
        "undone once is undone"
    );
}

#[test]
fn what_was_there_before_comes_back_in_its_place() {
    let tenant = json!({ "name": TAG, "value": "tenant" });
    let other = json!({ "name": "other", "value": "x" });
    let before =
        document(json!({ "parameters": [tenant, other], "valuesObject": { "a": { "b": "c", "d": 1 } } }));
    let (plan, patched) = planned(&before, [replacing(parameter(TAG, "1")), replacing(value("a.b", "2"))]);
    let (patch, _) = patch_of(undo_on(&patched, &plan.inverse));
    assert_eq!(apply(&patched, &patch).unwrap()["spec"], before["spec"]);
}

#[test]
fn no_empty_list_of_parameters_is_left() {
    let before = document(json!({ "releaseName": "x" }));
    let (plan, patched) = planned(&before, [parameter(TAG, "1")]);
    let (patch, _) = patch_of(undo_on(&patched, &plan.inverse));
    assert_eq!(apply(&patched, &patch).unwrap()["spec"]["source"]["helm"], json!({ "releaseName": "x" }));
}

#[test]
fn what_others_have_changed_is_left_alone_and_said() {
    let (plan, mut patched) =
        planned(&document(Value::Null), [parameter(TAG, "1"), value("a.b", "2"), value("a.c", "3")]);
    patched["spec"]["source"]["helm"]["parameters"][0]["value"] = json!("hotfix");
    patched["spec"]["source"]["helm"]["valuesObject"]["a"]["b"] = json!("changed");
    patched["metadata"]["managedFields"] = json!([{
        "manager": "kubectl-edit",
        "fieldsV1": { "f:spec": { "f:source": { "f:helm": { "f:parameters": {} } } } },
    }]);
    let (patch, left_alone) = patch_of(undo_on(&patched, &plan.inverse));
    assert_eq!(
        left_alone,
        [
            r#"parameter atlas.image.tag says "hotfix", not "1" as we wrote, last written by kubectl-edit"#,
            r#"value a.b says "changed", not "2" as we wrote"#,
        ]
    );
    let undone = apply(&patched, &patch).unwrap();
    assert_eq!(undone["spec"]["source"]["helm"]["valuesObject"], json!({ "a": { "b": "changed" } }));
    assert_eq!(undone["spec"]["source"]["helm"]["parameters"][0]["value"], "hotfix");
}

#[test]
fn what_others_have_removed_needs_nothing() {
    let before = document(Value::Null);
    let (plan, _) = planned(&before, [parameter(TAG, "1")]);
    assert_eq!(undo_on(&before, &plan.inverse), Undo::Nothing { left_alone: vec![] });
    let before = document(json!({ "parameters": [{ "name": TAG, "value": "tenant" }] }));
    let (plan, _) = planned(&before, [replacing(parameter(TAG, "1"))]);
    let Undo::Nothing { left_alone } = undo_on(&document(Value::Null), &plan.inverse) else { panic!() };
    assert_eq!(left_alone, ["parameter atlas.image.tag is not there any more"]);
}

#[test]
fn a_value_of_an_earlier_release_is_ours_if_the_later_patch_was_never_sent() {
    let before = document(Value::Null);
    let (first, patched) = planned(&before, [parameter(TAG, "1")]);
    let never_sent =
        plan(&read(&patched), &key(), &wanted([parameter(TAG, "2")]), Some(&first.inverse), &owner())
            .unwrap();
    let (patch, left_alone) = patch_of(undo_on(&patched, &never_sent.inverse));
    assert_eq!(left_alone, Vec::<String>::new());
    assert_eq!(apply(&patched, &patch).unwrap()["spec"], before["spec"]);
}

#[test]
fn another_object_of_the_same_name_is_not_touched() {
    let (plan, mut patched) = planned(&document(Value::Null), [parameter(TAG, "1")]);
    patched["metadata"]["uid"] = json!("uid-2");
    let expected = Undo::Gone { reason: "Application argocd/tenant-a was deleted and created again".into() };
    assert_eq!(undo_on(&patched, &plan.inverse), expected);
}

#[test]
fn a_source_that_moved_is_found_by_what_identifies_it() {
    let (plan, mut patched) = planned(&document(Value::Null), [parameter(TAG, "1")]);
    let source = patched["spec"]["source"].take();
    patched["spec"]["sources"] = json!([{ "repoURL": "https://git.example.com", "ref": "values" }, source]);
    let (patch, left_alone) = patch_of(undo_on(&patched, &plan.inverse));
    assert_eq!(left_alone, Vec::<String>::new());
    let undone = apply(&patched, &patch).unwrap();
    assert_eq!(undone["spec"]["sources"][1].get("helm"), None);
    patched["spec"]["sources"][1]["chart"] = json!("other");
    let (patch, left_alone) = patch_of(undo_on(&patched, &plan.inverse));
    assert_eq!(
        left_alone,
        [
            "the source chart umbrella of https://charts.example.com is no longer in Application argocd/tenant-a"
        ]
    );
    assert!(patch.iter().all(|operation| operation["path"].as_str().unwrap().starts_with("/metadata/")));
}

#[test]
fn a_source_that_argo_cd_now_ignores_is_cleaned_all_the_same() {
    let (plan, mut patched) = planned(&document(Value::Null), [parameter(TAG, "1")]);
    patched["spec"]["sources"] = json!([patched["spec"]["source"]]);
    let (patch, _) = patch_of(undo_on(&patched, &plan.inverse));
    assert_eq!(apply(&patched, &patch).unwrap()["spec"]["source"].get("helm"), None);
}

#[test]
fn the_annotation_of_another_ledger_stays() {
    let (plan, mut patched) = planned(&document(Value::Null), [parameter(TAG, "1")]);
    let other = OwnerAnnotation { ledger: "ledger-2".into(), ring: "ring-red".into(), ..owner() };
    patched["metadata"]["annotations"]["owner.ringway.dev/atlas"] = other.to_value().into();
    let (patch, left_alone) = patch_of(undo_on(&patched, &plan.inverse));
    assert_eq!(left_alone, ["annotation owner.ringway.dev/atlas names ring ring-red of another Ringway"]);
    assert!(!patch.iter().any(|operation| operation["path"].as_str().unwrap().contains("annotations")));
}

#[test]
fn a_value_that_was_there_before_in_the_same_words_stays() {
    let before = document(json!({ "valuesObject": { "repository": "acme/atlas", "tag": "tenant" } }));
    let leaves = [replacing(value("repository", "acme/atlas")), replacing(value("tag", "1"))];
    let (plan, patched) = planned(&before, leaves.clone());
    let (patch, _) = patch_of(undo_on(&patched, &plan.inverse));
    let undone = read(&apply(&patched, &patch).unwrap());
    let gone = gone_afterwards(&wanted(leaves), &plan.inverse);
    assert_eq!(gone.leaves, [replacing(value("tag", "1"))]);
    assert!(source_carries_none(undone.spec.source.as_ref().unwrap(), &gone));
    assert!(!source_carries_none(read(&patched).spec.source.as_ref().unwrap(), &gone));
}
