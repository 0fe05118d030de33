use crate::{Key, Kind, Model, fleet};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;

/// A model with the tenant `alpha` of an ApplicationSet.
fn world() -> Model {
    let mut model = Model::new(1, Timestamp::UNIX_EPOCH);
    let options = fleet::Options::parse(&["--chart", "minimal", "--owner", "applicationset"]).unwrap();
    assert!(fleet::create(&mut model, "alpha", &options));
    pass(&mut model, 1000);
    model
}

fn pass(model: &mut Model, milliseconds: i64) {
    let to = model.now() + SignedDuration::from_millis(milliseconds);
    model.advance(to);
}

fn alpha() -> Key {
    Key::new(Kind::Application, "argocd", "alpha")
}

fn set() -> Key {
    Key::new(Kind::ApplicationSet, "argocd", "alpha-set")
}

fn found(model: &Model) -> Arc<Value> {
    Arc::clone(model.get(&alpha()).unwrap())
}

fn helm() -> Value {
    json!({ "parameters": [{ "name": "image.tag", "value": "1.1.0", "forceString": true }] })
}

fn write_override(model: &mut Model) {
    model.update(&alpha(), "ringway", |application| {
        application["spec"]["source"]["helm"] = helm();
        application["metadata"]["annotations"]["owner.ringway.dev/minimal"] = json!("someone");
    });
}

fn has_override(model: &Model) -> bool {
    found(model)["spec"]["source"].get("helm") == Some(&helm())
}

#[test]
fn a_set_makes_its_applications_and_owns_them() {
    let model = world();
    let found = found(&model);
    assert_eq!(found["metadata"]["ownerReferences"][0]["name"], "alpha-set");
    assert_eq!(found["metadata"]["ownerReferences"][0]["controller"], true);
    assert_eq!(found["metadata"]["labels"], json!({ "testbed/tenant": "alpha" }));
    assert_eq!(found["spec"]["destination"]["namespace"], "tenant-alpha");
}

/// `an_application_set_takes_a_change_back_unless_it_ignores_the_field`, docs/measured.md, ApplicationSets
#[test]
fn a_change_is_taken_back_at_once() {
    let mut model = world();
    write_override(&mut model);
    assert!(has_override(&model));
    pass(&mut model, 31);
    assert!(!has_override(&model));
    assert_eq!(found(&model)["metadata"]["annotations"].get("owner.ringway.dev/minimal"), None);
}

#[test]
fn an_ignored_field_and_a_preserved_annotation_stay_also_when_the_template_changes() {
    let mut model = world();
    model.update(&set(), "", |set| {
        set["spec"]["ignoreApplicationDifferences"] =
            json!([{ "jsonPointers": ["/spec/source/helm/parameters"] }]);
        set["spec"]["preservedFields"] = json!({ "annotations": ["owner.ringway.dev/minimal"] });
    });
    pass(&mut model, 100);
    write_override(&mut model);
    pass(&mut model, 100);
    assert!(has_override(&model));
    model.update(&set(), "", |set| set["spec"]["template"]["metadata"]["labels"]["seen"] = json!("again"));
    pass(&mut model, 100);
    assert_eq!(found(&model)["metadata"]["labels"]["seen"], "again");
    assert!(has_override(&model));
    assert_eq!(found(&model)["metadata"]["annotations"]["owner.ringway.dev/minimal"], "someone");
}

#[test]
fn what_jq_selects_stays_whether_by_its_path_or_by_a_name_in_its_list() {
    for (expression, is_kept) in [
        (".spec.source.helm", true),
        (".spec.source.helm.parameters", true),
        (".spec.source.helm.parameters[] | select(.name == \"image.tag\")", true),
        (".spec.source.helm.parameters[] | select(.name == \"another\")", false),
    ] {
        let mut model = world();
        model.update(&set(), "", |set| {
            set["spec"]["ignoreApplicationDifferences"] = json!([{ "jqPathExpressions": [expression] }]);
        });
        pass(&mut model, 100);
        write_override(&mut model);
        pass(&mut model, 100);
        assert_eq!(has_override(&model), is_kept, "{expression}");
    }
}

#[test]
fn a_field_below_a_list_is_lost_when_its_list_changes() {
    let mut model = world();
    let sources =
        json!([{ "repoURL": fleet::REPOSITORY, "path": "charts/minimal", "targetRevision": "main" }]);
    model.update(&set(), "", |set| {
        set["spec"]["template"]["spec"]["sources"] = sources.clone();
        set["spec"]["ignoreApplicationDifferences"] = json!([{ "jsonPointers": ["/spec/sources/0/helm"] }]);
    });
    pass(&mut model, 100);
    let patch = |model: &mut Model| {
        model.update(&alpha(), "ringway", |found| found["spec"]["sources"][0]["helm"] = helm());
    };
    patch(&mut model);
    pass(&mut model, 100);
    assert_eq!(found(&model)["spec"]["sources"][0]["helm"], helm());
    model.update(&set(), "", |set| {
        set["spec"]["template"]["spec"]["sources"][0]["targetRevision"] = json!("HEAD");
    });
    pass(&mut model, 100);
    assert_eq!(found(&model)["spec"]["sources"][0].get("helm"), None);
}

#[test]
fn a_set_that_only_creates_takes_nothing_back() {
    for policy in ["create-only", "create-delete", "create-update", "sync"] {
        let mut model = world();
        model.update(&set(), "", |set| set["spec"]["syncPolicy"] = json!({ "applicationsSync": policy }));
        pass(&mut model, 100);
        write_override(&mut model);
        pass(&mut model, 100);
        assert_eq!(
            has_override(&model),
            policy.starts_with("create-") && policy != "create-update",
            "{policy}"
        );
    }
}

#[test]
fn an_application_that_left_the_list_is_deleted_unless_the_policy_keeps_it() {
    for (policy, is_deleted) in [("create-update", false), ("sync", true)] {
        let mut model = world();
        model.update(&set(), "", |set| {
            set["spec"]["syncPolicy"] = json!({ "applicationsSync": policy });
            set["spec"]["generators"] = json!([{ "list": { "elements": [] } }]);
        });
        pass(&mut model, 100);
        let found = model.get(&alpha());
        let gone = found.is_none_or(|found| found.pointer("/metadata/deletionTimestamp").is_some());
        assert_eq!(gone, is_deleted, "{policy}");
    }
}
