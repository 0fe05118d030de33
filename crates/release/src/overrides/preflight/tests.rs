//! Every reason to refuse or skip a tenant, and what is only noted.

use super::*;
use crate::{
    application::ApplicationSet,
    image::{Digest, RepositoryPattern, ResolvedDigests},
    overrides::testing::{apply, document, key, owner, read},
    service::{
        ApplicationSelector, ExistingValue, ImageOverride, SourceSelector, WorkloadKind, WorkloadSelector,
    },
};
use serde_json::json;

fn image(name: &str, reference: &str) -> ResolvedImage {
    let digests = ResolvedDigests { digest: Digest(format!("sha256:{name}")), platforms: [].into() };
    ResolvedImage { name: name.into(), reference: reference.parse().unwrap(), digests }
}

fn images() -> [ResolvedImage; 2] {
    [image("atlas", "ghcr.io/acme/atlas:0123456"), image("read", "ghcr.io/acme/atlas-read:0123456")]
}

/// A service with two images: one in two values, one as a whole reference.
fn place(strategy: Strategy) -> ServiceApplication {
    let path = |text: &str| text.parse().unwrap();
    let workload = |name: &str| WorkloadSelector {
        kind: WorkloadKind::StatefulSet,
        name: name.into(),
        container: "main".into(),
    };
    let image = |name: &str, values, workload| ImageOverride {
        image: name.into(),
        strategy,
        values,
        existing: ExistingValue::Refuse,
        workloads: vec![workload],
    };
    let atlas = ImageValues::RepositoryAndTag {
        repository: path("atlas.image.repository"),
        tag: path("atlas.image.tag"),
    };
    ServiceApplication {
        select: ApplicationSelector::Name("{tenant}".into()),
        source: SourceSelector::default(),
        overrides: vec![
            image("atlas", atlas, workload("{tenant}-atlas")),
            image("read", ImageValues::Reference(path("read.image")), workload("atlas-read")),
        ],
    }
}

/// Everything that decides, with nothing in the way.
struct Case {
    document: Value,
    place: ServiceApplication,
    set: Option<Value>,
    claim: Option<(&'static str, Timestamp)>,
    recorded: Option<Inverse>,
    size_bytes: usize,
}

fn case(document: Value) -> Case {
    Case {
        document,
        place: place(Strategy::Parameters),
        set: None,
        claim: None,
        recorded: None,
        size_bytes: 300_000,
    }
}

impl Case {
    fn examine(&self) -> Examined {
        let set: Option<ApplicationSet> =
            self.set.as_ref().map(|set| serde_json::from_value(set.clone()).unwrap());
        examine(&ApplicationUnderTest {
            application: &read(&self.document),
            key: &key(),
            size_bytes: self.size_bytes,
            size_limit: DEFAULT_SIZE_LIMIT,
            tenant: "tenant-a",
            service: "atlas",
            place: &self.place,
            images: &images(),
            application_set: set.as_ref(),
            owner: &owner(),
            recorded: self.recorded.as_ref(),
            claim: self.claim.map(|(ring, since)| ClaimHolder { ring, since }),
        })
    }
}

fn examine_document(document: &Value) -> Examined {
    case(document.clone()).examine()
}

fn examine_generated(set: &Value) -> Examined {
    Case { set: Some(set.clone()), ..case(generated()) }.examine()
}

/// What the ledger would have recorded for an object and a chart.
fn recorded(uid: &str, chart: &str) -> Inverse {
    let mut document = document(Value::Null);
    document["metadata"]["uid"] = json!(uid);
    document["spec"]["source"]["chart"] = json!(chart);
    match case(document).examine() {
        Examined::Ready { plan, .. } => plan.inverse,
        other => panic!("{other:?}"),
    }
}

fn refused(examined: Examined) -> Vec<Refusal> {
    match examined {
        Examined::Refused(refusals) => refusals,
        other => panic!("{other:?}"),
    }
}

fn notes(examined: Examined) -> Vec<String> {
    match examined {
        Examined::Ready { notes, .. } => notes,
        other => panic!("{other:?}"),
    }
}

fn generated() -> Value {
    let mut document = document(Value::Null);
    document["metadata"]["ownerReferences"] =
        json!([{ "kind": "ApplicationSet", "name": "fleet", "uid": "set-1", "controller": true }]);
    document
}

fn with(mut document: Value, pointer: &str, value: Value) -> Value {
    document = apply(&document, &[json!({ "op": "add", "path": pointer, "value": value })]).unwrap();
    document
}

#[test]
fn an_application_is_ready_with_all_its_images_and_workloads() {
    match examine_document(&document(Value::Null)) {
        Examined::Ready { application, plan, notes } => {
            assert_eq!(notes, Vec::<String>::new());
            assert_eq!((application.uid.as_str(), application.namespace.as_str()), ("uid-1", "tenant-a"));
            let leaves: Vec<String> = application
                .wanted
                .leaves
                .iter()
                .map(|leaf| format!("{}={}", leaf.path, leaf.value))
                .collect();
            assert_eq!(
                leaves,
                [
                    "atlas.image.repository=ghcr.io/acme/atlas",
                    "atlas.image.tag=0123456",
                    "read.image=ghcr.io/acme/atlas-read:0123456",
                ]
            );
            let workloads: Vec<&str> =
                application.workloads.iter().map(|workload| workload.name.as_str()).collect();
            assert_eq!(workloads, ["tenant-a-atlas", "atlas-read"]);
            assert_eq!(plan.changes.len(), 3);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_image_that_is_not_released_is_left_as_it_is() {
    let [atlas, _] = images();
    let wanted = wanted("atlas", &place(Strategy::ValuesObject), std::slice::from_ref(&atlas));
    assert_eq!(wanted.leaves.len(), 2);
    assert_eq!(expected_workloads("t", &place(Strategy::ValuesObject), &[atlas]).len(), 1);
}

#[test]
fn an_application_without_automated_sync_is_skipped() {
    for policy in [json!({}), Value::Null, json!({ "automated": { "enabled": false } })] {
        match examine_document(&with(document(Value::Null), "/spec/syncPolicy", policy)) {
            Examined::Skipped { reason } => {
                assert!(reason.starts_with("automated sync of Application argocd/tenant-a is off"));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Every refusal that one Application can show, with its text, so that each is read once by a person.
#[test]
fn every_refusal_is_named_and_says_what_to_do() {
    let plain = || document(Value::Null);
    let entry = json!({ "name": "atlas.image.tag", "value": "hotfix" });
    let since: Timestamp = "2026-11-22T08:00:00Z".parse().unwrap();
    let elsewhere = OwnerAnnotation { ledger: "ledger-2".into(), ring: "ring-red".into(), ..owner() };
    let annotated = |key: &str, value: &str| with(plain(), "/metadata/annotations", json!({ key: value }));
    let two = json!([{ "repoURL": "https://a.example.com", "chart": "x" }, { "repoURL": "https://a.example.com", "path": "y" }]);
    let written = json!([{
        "manager": "argocd-server",
        "time": "2026-11-20T10:00:00Z",
        "fieldsV1": { "f:spec": { "f:source": { "f:helm": { "f:parameters": {} } } } },
    }]);
    let foreign = with(document(json!({ "parameters": [entry] })), "/metadata/managedFields", written);
    let documents = [
        ("being deleted", with(plain(), "/metadata/deletionTimestamp", json!(since))),
        ("hydrator", with(plain(), "/spec/sourceHydrator", json!({ "drySource": {} }))),
        ("kustomize", with(plain(), "/status/sourceType", json!("Kustomize"))),
        ("not compared", with(plain(), "/status/sourceType", json!(""))),
        ("no source", with(with(plain(), "/spec/source", Value::Null), "/spec/sources", json!([]))),
        ("several sources", with(plain(), "/spec/sources", two)),
        ("foreign", foreign),
        ("unexpected", document(json!({ "valuesObject": { "read": { "image": { "tag": "1" } } } }))),
        ("another ledger", annotated("owner.ringway.dev/atlas", &elsewhere.to_value())),
        ("unreadable owner", annotated("owner.ringway.dev/atlas", "me")),
        (
            "image updater",
            annotated("argocd-image-updater.argoproj.io/image-list", "atlas=ghcr.io/acme/atlas"),
        ),
        ("kargo", annotated("kargo.akuity.io/authorized-stage", "prod:main")),
        ("application set gone", generated()),
    ];
    let mut found: Vec<(&str, Vec<Refusal>)> =
        documents.iter().map(|(name, document)| (*name, refused(examine_document(document)))).collect();
    let set = json!({ "spec": { "syncPolicy": { "applicationsSync": "create-update" } } });
    found.push(("application set", refused(examine_generated(&set))));
    let cases = [
        ("another ring", Case { claim: Some(("ring-red", since)), ..case(plain()) }),
        ("created again", Case { recorded: Some(recorded("uid-0", "umbrella")), ..case(plain()) }),
        ("another source", Case { recorded: Some(recorded("uid-1", "other")), ..case(plain()) }),
        ("too large", Case { size_bytes: 1_400_000, ..case(plain()) }),
        (
            "values",
            Case { place: place(Strategy::ValuesObject), ..case(document(json!({ "values": "a: b" }))) },
        ),
    ];
    found.extend(cases.iter().map(|(name, case)| (*name, refused(case.examine()))));
    for refusal in found.iter().flat_map(|(_, refusals)| refusals) {
        assert_eq!(
            serde_json::to_value(refusal).unwrap()["code"],
            refusal.code(),
            "stored under the same name"
        );
    }
    let texts: Vec<String> = found
        .iter()
        .flat_map(|(name, refusals)| {
            refusals.iter().map(move |refusal| format!("[{name}] {}: {refusal}", refusal.code()))
        })
        .collect();
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let mut document = with(generated(), "/metadata/deletionTimestamp", json!("2026-11-22T08:00:00Z"));
    document["status"]["sourceType"] = json!("Plugin");
    document["metadata"]["annotations"] = json!({ "kargo.akuity.io/authorized-stage": "prod:main" });
    document["spec"]["source"]["helm"] = json!({
        "parameters": [{ "name": "atlas.image.tag", "value": "x" }, { "name": "read.image", "value": "y" }],
    });
    let refusals = refused(Case { size_bytes: 2_000_000, ..case(document) }.examine());
    let codes: Vec<&str> = refusals.iter().map(Refusal::code).collect();
    assert_eq!(
        codes,
        [
            "application_being_deleted",
            "too_large",
            "managed_by",
            "not_helm",
            "application_set_unknown",
            "foreign_value",
            "foreign_value",
        ]
    );
}

#[test]
fn the_size_limit_is_about_the_application_with_the_override() {
    let document = document(Value::Null);
    let with_size = |size_bytes: usize| Case { size_bytes, ..case(document.clone()) }.examine();
    let Examined::Ready { plan, .. } = with_size(300_000) else { panic!("it is not ready") };
    let before = document.to_string().len();
    let growth = apply(&document, &plan.patch).unwrap().to_string().len() - before;
    assert!(growth > 300, "the values, their names and the annotation: {growth}");
    // A byte at most is counted too many for each value that is added.
    notes(with_size(DEFAULT_SIZE_LIMIT - growth - 2));
    let size_bytes = DEFAULT_SIZE_LIMIT - growth + 1;
    let too_large = Refusal::TooLarge { application: key(), bytes: size_bytes, limit: DEFAULT_SIZE_LIMIT };
    assert_eq!(refused(with_size(size_bytes)), [too_large]);
}

#[test]
fn the_claim_of_the_same_ring_is_no_obstacle() {
    let claim = Some(("ring-blue", owner().since));
    let examined = Case { claim, ..case(document(Value::Null)) }.examine();
    assert!(matches!(examined, Examined::Ready { .. }));
}

/// What the testbed's ApplicationSet controller kept, and what it reverted.
#[test]
fn an_application_set_must_be_told_to_keep_the_override() {
    let ignoring = |entry: Value| json!({ "ignoreApplicationDifferences": [entry] });
    let parameter = r#".spec.source.helm.parameters[] | select(.name == "atlas.image.tag")"#;
    for (keeps, spec) in [
        (false, json!({})),
        (false, json!({ "syncPolicy": { "applicationsSync": "create-update" } })),
        (false, json!({ "syncPolicy": { "applicationsSync": "sync" } })),
        (true, json!({ "syncPolicy": { "applicationsSync": "create-only" } })),
        (true, json!({ "syncPolicy": { "applicationsSync": "create-delete" } })),
        (true, ignoring(json!({ "jsonPointers": ["/spec/source/helm/parameters"] }))),
        (true, ignoring(json!({ "jsonPointers": ["/spec/source/helm"] }))),
        (true, ignoring(json!({ "jsonPointers": ["/spec/source/helm"], "name": "tenant-a" }))),
        (false, ignoring(json!({ "jsonPointers": ["/spec/source/helm"], "name": "tenant-b" }))),
        (false, ignoring(json!({ "jsonPointers": ["/spec/source/helm/parameter"] }))),
        (false, ignoring(json!({ "jsonPointers": ["/spec/source/helm/parameters/0"] }))),
        (true, ignoring(json!({ "jqPathExpressions": [".spec.source.helm.parameters"] }))),
        (false, ignoring(json!({ "jqPathExpressions": [parameter] }))),
        (false, ignoring(json!({ "jqPathExpressions": [".metadata.labels"] }))),
    ] {
        let set = json!({ "spec": spec });
        let examined = examine_generated(&set);
        assert_eq!(matches!(examined, Examined::Ready { .. }), keeps, "{spec}: {examined:?}");
    }
}

#[test]
fn a_parameter_that_is_ignored_by_its_name_is_kept() {
    let by_name = |name: &str| format!(".spec.source.helm.parameters[] | select(.name == {name:?})");
    let names = ["atlas.image.repository", "atlas.image.tag", "read.image"].map(by_name);
    let set = json!({ "spec": { "ignoreApplicationDifferences": [{ "jqPathExpressions": names }] } });
    notes(examine_generated(&set));
}

#[test]
fn what_an_application_set_still_does_is_noted() {
    let set = json!({ "spec": {
        "ignoreApplicationDifferences": [{ "jsonPointers": ["/spec/source/helm/parameters"] }],
        "strategy": { "type": "RollingSync" },
    } });
    insta::assert_snapshot!(notes(examine_generated(&set)).join("\n"));
    let preserving = json!({ "spec": {
        "ignoreApplicationDifferences": [{ "jsonPointers": ["/spec/source/helm/parameters"] }],
        "preservedFields": { "annotations": ["owner.ringway.dev/atlas"] },
    } });
    assert_eq!(notes(examine_generated(&preserving)), Vec::<String>::new());
}

#[test]
fn what_to_add_to_an_application_set_is_enough() {
    let several = |mut document: Value| {
        document["spec"]["sources"] = json!([{ "repoURL": "https://a.example.com", "chart": "x" }]);
        document["status"]["sourceTypes"] = json!(["Helm"]);
        document
    };
    for (document, strategy) in [
        (generated(), Strategy::Parameters),
        (generated(), Strategy::ValuesObject),
        (several(generated()), Strategy::Parameters),
        (several(generated()), Strategy::ValuesObject),
    ] {
        let examine =
            |set: Value| Case { set: Some(set), place: place(strategy), ..case(document.clone()) }.examine();
        let Some(Refusal::ApplicationSetReverts { mend, .. }) = refused(examine(json!({ "spec": {} }))).pop()
        else {
            panic!()
        };
        let pointer = mend.lines().nth(2).unwrap().trim_start_matches("  - ");
        let ignored = json!([{ "jsonPointers": [pointer] }]);
        notes(examine(json!({ "spec": { "ignoreApplicationDifferences": ignored } })));
    }
}

#[test]
fn what_a_person_should_know_is_noted() {
    let tracked = |document: Value, object: &str| {
        let tracking = format!("root:argoproj.io/Application:{object}");
        with(document, "/metadata/annotations", json!({ "argocd.argoproj.io/tracking-id": tracking }))
    };
    let listed = document(json!({ "parameters": [{ "name": "other", "value": "x" }] }));
    let values = document(json!({ "values": "a: b" }));
    let both = document(json!({ "values": "a: b", "valuesObject": {} }));
    let large = Case { size_bytes: 1_100_000, ..case(document(Value::Null)) }.examine();
    let texts = [
        notes(large),
        notes(examine_document(&tracked(document(Value::Null), "argocd/tenant-a"))),
        notes(examine_document(&tracked(listed, "argocd/tenant-a"))),
        notes(examine_document(&values)),
        notes(examine_document(&both)),
    ];
    insta::assert_snapshot!(texts.concat().join("\n"));
    let copied = notes(examine_document(&tracked(document(Value::Null), "argocd/somebody-else")));
    assert_eq!(copied, Vec::<String>::new(), "a copied annotation names another object");
}

#[test]
fn a_value_that_is_replaced_is_noted_once() {
    let mut place = place(Strategy::ValuesObject);
    for image in &mut place.overrides {
        image.existing = ExistingValue::Replace;
    }
    let document = document(json!({ "valuesObject": { "read": { "image": "tenant/read:1" } } }));
    let noted = notes(Case { place, ..case(document) }.examine());
    assert_eq!(
        noted,
        [
            r#"read.image of Application argocd/tenant-a is "tenant/read:1" and is replaced; the cleanup restores what was there first"#
        ]
    );
}

#[test]
fn an_image_comes_only_from_where_the_service_allows() {
    let image = |patterns: &[&str]| ServiceImage {
        name: "atlas".into(),
        repositories: patterns.iter().map(|pattern| RepositoryPattern((*pattern).into())).collect(),
        platforms: Vec::new(),
    };
    let reference = "ghcr.io/evil/atlas:1".parse().unwrap();
    check_repository(&image(&["ghcr.io/acme/*", "ghcr.io/evil/*"]), &reference).unwrap();
    let refusal = check_repository(&image(&["ghcr.io/acme/*", "ghcr.io/x/y"]), &reference).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "image atlas may not come from ghcr.io/evil/atlas, the configuration allows ghcr.io/acme/*, ghcr.io/x/y; push it there, or add the repository to `repositories` of the service"
    );
    assert!(check_repository(&image(&[]), &reference).is_err());
}
