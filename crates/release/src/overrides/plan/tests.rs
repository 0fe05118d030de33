//! Patches, their guards and their inverses.

use super::*;
use crate::application::Source;
use crate::overrides::testing::{apply, document, key, owner, parameter, read, replacing, value, wanted};
use serde_json::{Value, json};

const TAG: &str = "atlas.atlas.image.tag";

fn plan_on(document: &Value, wanted: &Wanted) -> Result<OverridePlan, Refusal> {
    plan(&read(document), &key(), wanted, None, &owner())
}

fn entry(name: &str, value: &str) -> Value {
    json!({ "name": name, "value": value, "forceString": true })
}

/// The operations of a patch that write.
fn writes(patch: &[Value]) -> Vec<Value> {
    patch.iter().filter(|operation| operation["op"] != "test").cloned().collect()
}

#[test]
fn without_helm_the_whole_patch_is_as_expected() {
    let plan = plan_on(&document(Value::Null), &wanted([parameter(TAG, "0123456")])).unwrap();
    let annotation = json!({ "owner.ringway.dev/atlas": owner().to_value() });
    let expected = json!([
        { "op": "test", "path": "/metadata/uid", "value": "uid-1" },
        { "op": "test", "path": "/spec/sources", "value": null },
        { "op": "test", "path": "/spec/source/repoURL", "value": "https://charts.example.com" },
        { "op": "test", "path": "/spec/source/chart", "value": "umbrella" },
        { "op": "test", "path": "/spec/source/path", "value": null },
        { "op": "test", "path": "/spec/source/ref", "value": null },
        { "op": "test", "path": "/spec/source/helm", "value": null },
        { "op": "test", "path": "/metadata/annotations", "value": null },
        { "op": "add", "path": "/spec/source/helm", "value": { "parameters": [entry(TAG, "0123456")] } },
        { "op": "add", "path": "/metadata/annotations", "value": annotation },
    ]);
    assert_eq!(Value::from(plan.patch), expected);
    assert_eq!(plan.inverse.created_parents, ["/helm"]);
    assert_eq!(plan.changes.len(), 1);
}

#[test]
fn the_write_follows_the_shape_that_was_read() {
    let other = json!({ "name": "replicas", "value": "3" });
    let set = entry(TAG, "new");
    let object = |image: Value| json!({ "valuesObject": { "atlas": { "atlas": image } } });
    for (name, helm, leaf, write, parents) in [
        (
            "helm without parameters",
            json!({ "releaseName": "x" }),
            parameter(TAG, "new"),
            json!({ "op": "add", "path": "/spec/source/helm/parameters", "value": [set] }),
            vec![],
        ),
        (
            "other parameters stay, in order",
            json!({ "parameters": [other] }),
            parameter(TAG, "new"),
            json!({ "op": "replace", "path": "/spec/source/helm/parameters", "value": [other, set] }),
            vec![],
        ),
        (
            "a parameter that may be replaced, in its place",
            json!({ "parameters": [entry(TAG, "old"), other] }),
            replacing(parameter(TAG, "new")),
            json!({ "op": "replace", "path": "/spec/source/helm/parameters", "value": [set, other] }),
            vec![],
        ),
        (
            "no helm, nested value",
            Value::Null,
            value(TAG, "new"),
            json!({ "op": "add", "path": "/spec/source/helm", "value": object(json!({ "image": { "tag": "new" } })) }),
            vec![
                "/helm",
                "/helm/valuesObject",
                "/helm/valuesObject/atlas",
                "/helm/valuesObject/atlas/atlas",
                "/helm/valuesObject/atlas/atlas/image",
            ],
        ),
        (
            "the deepest missing subtree in one operation",
            object(json!({ "replicas": 2 })),
            value(TAG, "new"),
            json!({ "op": "add", "path": "/spec/source/helm/valuesObject/atlas/atlas/image", "value": { "tag": "new" } }),
            vec!["/helm/valuesObject/atlas/atlas/image"],
        ),
        (
            "only the leaf is missing",
            object(json!({ "image": { "pullPolicy": "Always" } })),
            value(TAG, "new"),
            json!({ "op": "add", "path": "/spec/source/helm/valuesObject/atlas/atlas/image/tag", "value": "new" }),
            vec![],
        ),
        (
            "a value that may be replaced",
            object(json!({ "image": { "tag": "old" } })),
            replacing(value(TAG, "new")),
            json!({ "op": "replace", "path": "/spec/source/helm/valuesObject/atlas/atlas/image/tag", "value": "new" }),
            vec![],
        ),
        (
            "keys with dots, slashes and tildes",
            json!({ "valuesObject": { "my.registry/x": { "~": {} } } }),
            value(r"my\.registry/x.~.tag", "new"),
            json!({ "op": "add", "path": "/spec/source/helm/valuesObject/my.registry~1x/~0/tag", "value": "new" }),
            vec![],
        ),
    ] {
        let document = document(helm);
        let plan = plan_on(&document, &wanted([leaf])).unwrap();
        assert_eq!(writes(&plan.patch).first(), Some(&write), "{name}");
        assert_eq!(plan.inverse.created_parents, parents, "{name}");
        apply(&document, &plan.patch).unwrap();
    }
}

#[test]
fn a_dot_in_a_key_is_escaped_in_the_parameters_name() {
    let plan = plan_on(&document(Value::Null), &wanted([parameter(r"a\.b.tag", "1")])).unwrap();
    let helm = &writes(&plan.patch)[0]["value"];
    assert_eq!(helm["parameters"][0]["name"], r"a\.b.tag");
}

#[test]
fn all_values_of_an_application_go_into_one_write() {
    let leaves = [parameter("a.tag", "1"), parameter("b.tag", "2"), value("c.x", "3"), value("c.y", "4")];
    let plan = plan_on(&document(Value::Null), &wanted(leaves)).unwrap();
    let writes = writes(&plan.patch);
    assert_eq!(writes.len(), 2, "helm and the annotation: {writes:#?}");
    assert_eq!(writes[0]["value"]["valuesObject"], json!({ "c": { "x": "3", "y": "4" } }));
    assert_eq!(writes[0]["value"]["parameters"], json!([entry("a.tag", "1"), entry("b.tag", "2")]));
}

#[test]
fn a_source_among_several_is_guarded_by_what_identifies_it() {
    let mut document = document(Value::Null);
    document["spec"]["sources"] = json!([
        { "repoURL": "https://git.example.com/values", "ref": "values" },
        { "repoURL": "oci://charts.example.com", "chart": "umbrella" },
    ]);
    let plan = plan_on(&document, &wanted([parameter(TAG, "1")])).unwrap();
    assert_eq!(plan.inverse.source.index, Some(1), "the source that only lends its files is not meant");
    assert_eq!(writes(&plan.patch)[0]["path"], "/spec/sources/1/helm");
    let patched = apply(&document, &plan.patch).unwrap();
    assert!(is_overridden(&read(&patched), &wanted([parameter(TAG, "1")])));
    document["spec"]["sources"].as_array_mut().unwrap().swap(0, 1);
    assert!(apply(&document, &plan.patch).is_err(), "the list has moved");
}

#[test]
fn a_lost_race_is_refused_by_the_api_server() {
    let before = document(json!({ "parameters": [], "valuesObject": { "x": { "y": "1" } } }));
    let leaves = [parameter(TAG, "1"), replacing(value("x.y", "2"))];
    let patch = plan_on(&before, &wanted(leaves)).unwrap().patch;
    apply(&before, &patch).unwrap();
    for (pointer, changed) in [
        ("/metadata/uid", json!("uid-2")),
        ("/spec/sources", json!([{ "repoURL": "https://charts.example.com", "chart": "umbrella" }])),
        ("/spec/source/repoURL", json!("https://other.example.com")),
        ("/spec/source/chart", json!("other")),
        ("/spec/source/path", json!("charts")),
        ("/spec/source/helm/parameters", json!([entry("other", "1")])),
        ("/spec/source/helm/valuesObject/x/y", json!("3")),
        ("/metadata/annotations", json!({ "owner.ringway.dev/atlas": "{}" })),
    ] {
        let change = json!({ "op": "add", "path": pointer, "value": changed });
        let document = apply(&before, &[change]).unwrap();
        assert!(apply(&document, &patch).is_err(), "{pointer}");
    }
}

#[test]
fn what_already_stands_there_as_wanted_is_not_written_again() {
    let before = document(json!({ "parameters": [{ "name": "other", "value": "x" }] }));
    let wanted = wanted([parameter(TAG, "1")]);
    let first = plan_on(&before, &wanted).unwrap();
    let patched = read(&apply(&before, &first.patch).unwrap());
    let again = plan(&patched, &key(), &wanted, Some(&first.inverse), &owner()).unwrap();
    assert_eq!((again.patch.len(), again.changes.len()), (0, 0));
    assert_eq!(again.inverse, first.inverse);
    let next = OwnerAnnotation { release: "release-2".into(), ..owner() };
    let next = plan(&patched, &key(), &wanted, Some(&first.inverse), &next).unwrap();
    let paths: Vec<_> = writes(&next.patch).iter().map(|write| write["path"].clone()).collect();
    assert_eq!(paths, ["/metadata/annotations/owner.ringway.dev~1atlas"], "another release says so");
}

#[test]
fn a_later_release_keeps_what_was_before_the_first() {
    let before = document(json!({ "parameters": [entry(TAG, "tenant")] }));
    let first = plan_on(&before, &wanted([replacing(parameter(TAG, "1"))])).unwrap();
    let patched = apply(&before, &first.patch).unwrap();
    // `replace` is not needed any more: what stands there is ours.
    let leaves = [parameter(TAG, "2"), parameter("more.tag", "2")];
    let second = plan(&read(&patched), &key(), &wanted(leaves), Some(&first.inverse), &owner()).unwrap();
    let [tag, more] = second.inverse.leaves.as_slice() else { panic!("{:?}", second.inverse) };
    assert_eq!(tag.before, Some(entry(TAG, "tenant")));
    assert_eq!((tag.written.as_str(), more.before.as_ref()), ("2", None));
    assert_eq!(second.changes[0].before.as_deref(), Some("1"));
}

#[test]
fn a_patch_that_was_recorded_and_never_sent_leaves_the_older_value_ours() {
    let before = document(Value::Null);
    let first = plan_on(&before, &wanted([parameter(TAG, "1")])).unwrap();
    let patched = read(&apply(&before, &first.patch).unwrap());
    let again = |recorded: &Inverse, value| {
        plan(&patched, &key(), &wanted([parameter(TAG, value)]), Some(recorded), &owner()).unwrap()
    };
    let never_sent = again(&first.inverse, "2");
    let third = again(&never_sent.inverse, "3");
    assert_eq!(third.changes[0].before.as_deref(), Some("1"));
    assert_eq!(third.inverse.leaves[0].earlier, ["1", "2"]);
}

#[test]
fn values_of_others_are_refused_with_their_writer() {
    for (helm, leaf, expected) in [
        (json!({ "parameters": [entry(TAG, "hotfix")] }), parameter(TAG, "1"), "hotfix"),
        (json!({ "parameters": [entry(TAG, "1")] }), parameter(TAG, "1"), "1"),
        (json!({ "valuesObject": { "a": { "b": "mine" } } }), value("a.b", "1"), "mine"),
    ] {
        let mut document = document(helm);
        document["metadata"]["managedFields"] = json!([{
            "manager": "argocd-server",
            "time": "2026-11-20T10:00:00Z",
            "fieldsV1": { "f:spec": { "f:source": { "f:helm": {
                "f:parameters": {},
                "f:valuesObject": { "f:a": { "f:b": {} } },
            } } } },
        }]);
        match plan_on(&document, &wanted([leaf])).unwrap_err() {
            Refusal::ForeignValue { value, writer, .. } => {
                assert_eq!(value, expected);
                assert_eq!(writer.unwrap().manager, "argocd-server");
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn unrelated_values_are_not_foreign_and_those_below_are_listed() {
    let document = document(json!({
        "parameters": [{ "name": "replicas", "value": "3" }],
        "valuesObject": { "atlas": { "atlas": { "image": { "tag": 7 } } } },
    }));
    let plan = plan_on(&document, &wanted([parameter(TAG, "1")])).unwrap();
    let [shadowed] = plan.shadowed.as_slice() else { panic!("{:?}", plan.shadowed) };
    assert_eq!((shadowed.place.as_str(), shadowed.value.as_str()), ("valuesObject", "7"));
}

#[test]
fn what_is_not_as_a_chart_expects_is_refused() {
    for (helm, leaf, expected) in [
        (
            json!({ "valuesObject": { "a": { "b": 7 } } }),
            replacing(value("a.b", "1")),
            "is a number, text is needed",
        ),
        (json!({ "valuesObject": { "a": { "b": null } } }), replacing(value("a.b", "1")), "is null, text"),
        (json!({ "valuesObject": { "a": "x:1" } }), value("a.b", "1"), "is below text, a map on the way"),
        (
            json!({ "parameters": [{ "name": "a.b", "value": "2" }] }),
            replacing(value("a.b", "1")),
            "is set by a parameter, a value that nothing wins over is needed",
        ),
        (json!({ "valuesObject": { "a": null } }), value("a.b", "1"), "is below null, a map on the way"),
        (json!({ "valuesObject": { "a": "x:1" } }), parameter("a.b", "1"), "is below text, a map on the way"),
        (json!({ "valuesObject": { "a": { "b": {} } } }), parameter("a.b", "1"), "is a map, text is needed"),
        (
            json!({ "parameters": [entry("a.b", "1"), entry("a.b", "2")] }),
            replacing(parameter("a.b", "1")),
            "is set by several parameters, at most one is needed",
        ),
        (
            json!({ "fileParameters": [{ "name": "a.b", "path": "x" }] }),
            parameter("a.b", "1"),
            "set by `fileParameters`",
        ),
        (json!({ "values": "a: {b: c}" }), value("a.b", "1"), "would make Argo CD drop the former"),
    ] {
        let refusal = plan_on(&document(helm), &wanted([leaf])).unwrap_err().to_string();
        assert!(refusal.contains(expected), "{refusal}");
    }
}

#[test]
fn empty_text_values_are_no_reason_to_refuse() {
    plan_on(&document(json!({ "values": "" })), &wanted([value("a.b", "1")])).unwrap();
}

#[test]
fn the_annotation_of_another_ledger_is_respected() {
    let mut document = document(Value::Null);
    let mut annotate = |text: String| {
        document["metadata"]["annotations"] = json!({ "owner.ringway.dev/atlas": text, "kept": "yes" });
        plan_on(&document, &wanted([parameter(TAG, "1")]))
    };
    let elsewhere = OwnerAnnotation { ledger: "ledger-2".into(), ring: "ring-red".into(), ..owner() };
    let refusal = annotate(elsewhere.to_value()).unwrap_err();
    assert!(matches!(refusal, Refusal::ClaimedElsewhere { .. }), "{refusal}");
    assert_eq!(annotate("{}".to_owned()).unwrap_err().code(), "unreadable_owner");
    // Another ring of our own ledger: the ledger has decided before.
    let ring = OwnerAnnotation { ring: "ring-red".into(), ..owner() };
    let patch = annotate(ring.to_value()).unwrap().patch;
    let pointer = "/metadata/annotations/owner.ringway.dev~1atlas";
    assert!(patch.contains(&json!({ "op": "test", "path": pointer, "value": ring.to_value() })));
    assert!(patch.contains(&json!({ "op": "replace", "path": pointer, "value": owner().to_value() })));
}

#[test]
fn what_was_recorded_for_something_else_is_cleaned_up_first() {
    let before = document(Value::Null);
    let inverse = plan_on(&before, &wanted([parameter(TAG, "1")])).unwrap().inverse;
    let code = |recorded: Inverse| {
        let wanted = wanted([parameter(TAG, "2")]);
        plan(&read(&before), &key(), &wanted, Some(&recorded), &owner()).map_err(|refusal| refusal.code())
    };
    assert_eq!(code(Inverse { uid: "uid-0".into(), ..inverse.clone() }).unwrap_err(), "recreated");
    let source = SourceIdentity { chart: Some("other".into()), ..inverse.source.clone() };
    assert_eq!(code(Inverse { source, ..inverse.clone() }).unwrap_err(), "source_changed");
    let source = SourceIdentity { index: Some(3), ..inverse.source.clone() };
    let moved = code(Inverse { source, ..inverse.clone() }).unwrap();
    assert_eq!(moved.inverse.source, inverse.source, "only the position has changed");
}

#[test]
fn exactly_one_source_may_match() {
    let mut document = document(Value::Null);
    let find = |document: &Value, selector| {
        find_source(&read(document), &key(), &selector).map_err(|refusal| refusal.to_string())
    };
    let chart =
        |chart: &str| crate::service::SourceSelector { chart: Some(chart.into()), ..Default::default() };
    let missing = find(&document, chart("other")).unwrap_err();
    assert!(
        missing.contains("matches chart other; it has chart umbrella of https://charts.example.com;"),
        "{missing}"
    );
    document["spec"]["sources"] = json!([
        { "repoURL": "https://a.example.com", "chart": "umbrella" },
        { "repoURL": "https://b.example.com", "chart": "umbrella" },
        { "repoURL": "https://b.example.com", "path": "extras" },
    ]);
    let several = find(&document, chart("umbrella")).unwrap_err();
    assert!(
        several.contains("chart umbrella of https://a.example.com, chart umbrella of https://b"),
        "{several}"
    );
    let path = crate::service::SourceSelector { path: Some("extras".into()), ..Default::default() };
    assert_eq!(find(&document, path).unwrap().index, Some(2));
}

#[test]
fn a_source_carries_a_value_only_as_text_and_where_it_takes_effect() {
    let carries = |helm: Value| {
        let source = Source(json!({ "helm": helm }));
        let wanted = wanted([parameter(TAG, "1")]);
        (source_carries(&source, &wanted), source_carries_none(&source, &wanted))
    };
    assert_eq!(carries(json!({ "parameters": [entry(TAG, "1")] })), (true, false));
    assert_eq!(carries(json!({ "parameters": [entry(TAG, "2")] })), (false, true));
    assert_eq!(carries(json!({ "parameters": [{ "name": TAG, "value": "1" }] })), (false, true));
    assert_eq!(carries(json!({ "parameters": [entry(TAG, "1"), entry(TAG, "2")] })), (false, true));
    assert_eq!(
        carries(json!({ "parameters": [entry(TAG, "1"), { "name": TAG, "value": "2" }] })),
        (true, false)
    );
    assert_eq!(carries(Value::Null), (false, true));
}
