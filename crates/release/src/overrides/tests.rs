//! Properties of whole overrides, on random Applications: what is planned can be applied, touches nothing else, and is
//! taken back to exactly what was there.

use super::{
    Inverse, OverridePlan, Wanted, WantedLeaf,
    patch::{get, set, size_after},
    plan::{is_overridden, plan, source_carries_none},
    testing::{apply, document, key, leaf, owner, read, replacing, wanted},
    undo::{Undo, gone_afterwards, undo},
};
use crate::service::Strategy as Place;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Keys from a small alphabet, so that random paths meet random trees.
fn a_key() -> impl Strategy<Value = String> {
    "[ab./~]{1,2}"
}

fn a_tree() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        4 => "[a-z0-9]{0,4}".prop_map(Value::from),
        1 => Just(json!("ours-1")),
        1 => any::<i32>().prop_map(Value::from),
        1 => Just(json!(["x"])),
    ];
    let tree = scalar.prop_recursive(3, 12, 3, |inner| {
        prop::collection::btree_map(a_key(), inner, 0..3)
            .prop_map(|map| Value::Object(map.into_iter().collect()))
    });
    prop::collection::btree_map(a_key(), tree, 0..3).prop_map(|map| Value::Object(map.into_iter().collect()))
}

fn other_parameters() -> impl Strategy<Value = Value> {
    let name = prop_oneof!["[c-z]{3}", a_path()];
    let value = prop_oneof!["[a-z]{0,3}", Just("ours-1".to_owned())];
    let parameter = (name, value, any::<bool>()).prop_map(|(name, value, text)| match text {
        true => json!({ "name": name, "value": value, "forceString": true }),
        false => json!({ "name": name, "value": value }),
    });
    prop::collection::vec(parameter, 1..3).prop_map(Value::from)
}

fn a_helm() -> impl Strategy<Value = Value> {
    let present = (prop::option::of(other_parameters()), prop::option::of(a_tree()), any::<bool>()).prop_map(
        |(parameters, values, named)| {
            let named = named.then(|| ("releaseName".to_owned(), json!("x")));
            let parameters = parameters.map(|list| ("parameters".to_owned(), list));
            let values = values.map(|tree| ("valuesObject".to_owned(), tree));
            Value::Object(Map::from_iter([named, parameters, values].into_iter().flatten()))
        },
    );
    prop_oneof![1 => Just(Value::Null), 4 => present]
}

fn a_path() -> impl Strategy<Value = String> {
    let escape = |key: &String| key.replace('.', r"\.");
    prop::collection::vec(a_key(), 1..4)
        .prop_map(move |keys| keys.iter().map(escape).collect::<Vec<_>>().join("."))
}

fn a_wanted() -> impl Strategy<Value = Wanted> {
    let place = prop_oneof![Just(Place::Parameters), Just(Place::ValuesObject)];
    let leaf = (place, a_path()).prop_map(|(place, path)| replacing(leaf(place, &path, "ours-1")));
    prop::collection::vec(leaf, 1..4).prop_map(|leaves| {
        let mut once: Vec<WantedLeaf> = Vec::new();
        for leaf in leaves {
            if !once.contains(&leaf) {
                once.push(leaf);
            }
        }
        wanted(once)
    })
}

/// What others do in the meantime, to fields that are not ours.
fn meddle(document: &Value, what: [bool; 4]) -> Value {
    let mut document = document.clone();
    let [revision, parameter, values, annotation] = what;
    if revision {
        set(&mut document, &["spec", "source", "targetRevision"], json!("9.9.9"));
    }
    if parameter {
        let keys = ["spec", "source", "helm", "parameters"];
        let mut list = get(&document, &keys).and_then(Value::as_array).cloned().unwrap_or_default();
        list.push(json!({ "name": "meddled", "value": "yes" }));
        set(&mut document, &keys, Value::Array(list));
    }
    if values {
        set(
            &mut document,
            &["spec", "source", "helm", "valuesObject", "meddled", "x"],
            json!({ "y": [1, null] }),
        );
    }
    if annotation {
        set(&mut document, &["metadata", "annotations", "meddled"], json!("yes"));
    }
    document
}

fn with_value(wanted: &Wanted, value: &str) -> Wanted {
    let mut wanted = wanted.clone();
    wanted.leaves.iter_mut().for_each(|leaf| leaf.value = value.to_owned());
    wanted
}

fn planned(document: &Value, wanted: &Wanted, recorded: Option<&Inverse>) -> Option<OverridePlan> {
    plan(&read(document), &key(), wanted, recorded, &owner()).ok()
}

fn undone(document: &Value, inverse: &Inverse) -> Result<Value, String> {
    match undo(&read(document), &key(), inverse, "atlas", "ledger-1") {
        Undo::Patch { patch, left_alone } if left_alone.is_empty() => apply(document, &patch),
        other => Err(format!("{other:?}")),
    }
}

/// The document without an empty map of annotations, which the API server does not keep.
fn normal(mut document: Value) -> Value {
    if get(&document, &["metadata", "annotations"]) == Some(&json!({})) {
        super::patch::remove(&mut document, &["metadata", "annotations"]);
    }
    document
}

proptest! {
    #[test]
    fn an_override_is_taken_back_to_exactly_what_was_there(
        helm in a_helm(), wanted in a_wanted(), what in any::<[bool; 4]>(),
    ) {
        let original = document(helm);
        let plan = planned(&original, &wanted, None);
        prop_assume!(plan.is_some());
        let plan = plan.unwrap();
        let patched = apply(&original, &plan.patch).map_err(TestCaseError::fail)?;
        prop_assert!(is_overridden(&read(&patched), &wanted));
        let undone = undone(&meddle(&patched, what), &plan.inverse).map_err(TestCaseError::fail)?;
        let gone = gone_afterwards(&wanted, &plan.inverse);
        prop_assert!(source_carries_none(&read(&undone).spec.source.unwrap(), &gone));
        prop_assert_eq!(normal(undone), meddle(&original, what));
    }

    #[test]
    fn planning_again_writes_nothing(helm in a_helm(), wanted in a_wanted()) {
        let original = document(helm);
        let plan = planned(&original, &wanted, None);
        prop_assume!(plan.is_some());
        let plan = plan.unwrap();
        let patched = apply(&original, &plan.patch).map_err(TestCaseError::fail)?;
        let again = planned(&patched, &wanted, Some(&plan.inverse)).unwrap();
        prop_assert_eq!(again.patch, Vec::<Value>::new());
        prop_assert_eq!(again.changes, vec![]);
        prop_assert_eq!(again.inverse, plan.inverse);
    }

    #[test]
    fn a_patch_writes_nothing_but_helm_and_our_annotation(helm in a_helm(), wanted in a_wanted()) {
        let plan = planned(&document(helm), &wanted, None);
        prop_assume!(plan.is_some());
        for operation in plan.unwrap().patch.iter().filter(|operation| operation["op"] != "test") {
            let path = operation["path"].as_str().unwrap();
            let ours = path == "/spec/source/helm" || path.starts_with("/spec/source/helm/")
                || path == "/metadata/annotations"
                || path == "/metadata/annotations/owner.ringway.dev~1atlas";
            prop_assert!(ours, "{}", path);
        }
    }

    #[test]
    fn the_size_after_a_patch_is_known_before_it(helm in a_helm(), wanted in a_wanted()) {
        let original = document(helm);
        let plan = planned(&original, &wanted, None);
        prop_assume!(plan.is_some());
        let plan = plan.unwrap();
        let size = apply(&original, &plan.patch).map_err(TestCaseError::fail)?.to_string().len();
        let expected = size_after(original.to_string().len(), &plan.patch);
        let added = plan.patch.iter().filter(|operation| operation["op"] == "add").count();
        prop_assert!((size..=size + added).contains(&expected), "{expected} for {size}");
    }

    #[test]
    fn many_releases_some_never_sent_are_taken_back_at_once(
        helm in a_helm(), wanted in a_wanted(), sent in prop::collection::vec(any::<bool>(), 1..5),
        what in any::<[bool; 4]>(),
    ) {
        let original = document(helm);
        let plan = planned(&original, &wanted, None);
        prop_assume!(plan.is_some());
        let plan = plan.unwrap();
        let (mut current, mut inverse) = (apply(&original, &plan.patch).unwrap(), plan.inverse);
        for (round, sent) in sent.into_iter().enumerate() {
            let again = planned(&current, &with_value(&wanted, &format!("ours-{}", round + 2)), Some(&inverse));
            let again = again.unwrap();
            if sent {
                current = apply(&current, &again.patch).map_err(TestCaseError::fail)?;
            }
            inverse = again.inverse;
        }
        let undone = undone(&meddle(&current, what), &inverse).map_err(TestCaseError::fail)?;
        prop_assert_eq!(normal(undone), meddle(&original, what));
    }
}
