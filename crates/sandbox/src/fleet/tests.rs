use super::*;
use serde_json::json;

fn options(text: &str) -> Options {
    Options::parse(&text.split_whitespace().collect::<Vec<_>>()).unwrap()
}

#[test]
fn options_are_those_of_the_script() {
    let parsed = options(
        "--chart minimal --set image.tag=1=2 --set=replicas=1 --values-object {\"a\":1} --values a:b --multi-source \
         --manual-sync --self-heal --project other --sync-option Replace=true --annotation a/b=c=d --label x=y \
         --owner applicationset --wait",
    );
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let expected = Options {
        chart: "minimal".to_owned(),
        set: vec![pair("image.tag", "1=2"), pair("replicas", "1")],
        values_object: Some(json!({ "a": 1 })),
        values: Some("a:b".to_owned()),
        multi_source: true,
        manual_sync: true,
        self_heal: true,
        project: "other".to_owned(),
        sync_options: vec!["Replace=true".to_owned()],
        annotations: vec![pair("a/b", "c=d")],
        labels: vec![pair("x", "y")],
        owner: Some(Owner::ApplicationSet),
    };
    assert_eq!(parsed, expected);
    for wrong in [["--chart", "other"], ["--owner", "me"], ["--annotation", "a"], ["--no", "x"]] {
        assert!(Options::parse(&wrong).is_err(), "{wrong:?}");
    }
    assert!(Options::parse(&["--set"]).is_err());
}

#[test]
fn the_application_of_a_tenant_is_that_of_the_script() {
    let found = manifest("alpha", &options("--set image.tag=1 --values-object {\"a\":1} --multi-source"));
    assert_eq!(found["metadata"]["annotations"], json!({ "argocd.argoproj.io/refresh": "normal" }));
    assert_eq!(found["metadata"]["labels"], json!({ "testbed/tenant": "alpha" }));
    let helm = json!({
        "valuesObject": { "a": 1 },
        "parameters": [{ "name": "image.tag", "value": "1" }],
        "valueFiles": ["$values/values/multi-source.yaml"],
    });
    let source = json!({ "repoURL": REPOSITORY, "targetRevision": "main" });
    let (mut chart, mut values) = (source.clone(), source);
    chart["path"] = json!("charts/umbrella");
    chart["helm"] = helm;
    values["ref"] = json!("values");
    assert_eq!(found["spec"]["sources"], json!([chart, values]));
    assert_eq!(manifest("alpha", &options(""))["spec"]["source"].get("helm"), None);
    let plain = manifest("alpha", &options("--chart plain --manual-sync"));
    assert_eq!(plain["spec"]["source"]["path"], "plain");
    assert_eq!(plain["spec"]["syncPolicy"], json!({ "syncOptions": ["CreateNamespace=true"] }));
}

#[test]
fn an_owner_never_holds_the_annotation_that_argo_cd_takes_away() {
    let set = manifest("alpha", &options("--owner applicationset --annotation a=b"));
    assert_eq!(set["metadata"], json!({ "name": "alpha-set", "namespace": "argocd" }));
    assert_eq!(set["spec"]["template"]["metadata"]["annotations"], json!({ "a": "b" }));
    assert_eq!(set["spec"]["template"]["metadata"]["name"], "{{name}}");
    let parent = manifest("alpha", &options("--owner application"));
    assert_eq!(parent["metadata"]["name"], "alpha-parent");
    assert_eq!(manifest::child_in_git("alpha", &options(""))["metadata"]["annotations"], json!({}));
}
