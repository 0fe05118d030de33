//! `fixture.json` holds what `helm template` made of the charts in `testbed/fleet`, called as Argo CD calls it; errors
//! without positions and file names, and those of YAML up to the parser's own words.

use super::*;
use jiff::Timestamp;
use serde_json::json;

fn application(source: Value) -> Value {
    let values = json!({ "repoURL": crate::fleet::REPOSITORY, "targetRevision": "main", "ref": "values" });
    json!({
        "metadata": { "name": "tenant", "namespace": "argocd" },
        "spec": { "sources": [source, values], "destination": { "namespace": "tenant-x" } },
    })
}

fn source(path: &str) -> Value {
    json!({ "repoURL": crate::fleet::REPOSITORY, "targetRevision": "main", "path": path })
}

fn model() -> Model {
    Model::new(1, Timestamp::UNIX_EPOCH)
}

#[test]
fn charts_render_to_what_helm_renders_them_to() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("fixture.json")).unwrap();
    let model = model();
    let mut wrong = Vec::new();
    for case in &cases {
        let mut source = source(&format!("charts/{}", text(case, "chart")));
        source["helm"] = case["helm"].clone();
        let rendered = render(&model, &application(source));
        let is_right = match (&rendered, case["manifests"].as_array(), case["error"].as_str()) {
            (Ok(rendered), Some(wanted), _) => {
                let mut wanted = wanted.clone();
                wanted.iter_mut().for_each(|manifest| put_into(manifest, "tenant-x"));
                *rendered == wanted
            }
            (Err(problem), _, Some(wanted)) => problem.contains(wanted),
            _ => false,
        };
        if !is_right {
            let wanted = if case["error"].is_null() { &case["manifests"] } else { &case["error"] };
            wrong.push(format!("{} {}:\n{rendered:?}\nHelm: {wanted}", case["chart"], case["name"]));
        }
    }
    assert!(cases.len() > 70);
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn the_folder_of_manifests_is_taken_as_it_is() {
    let rendered = render(&model(), &application(source("plain"))).unwrap();
    let image = &rendered[0]["spec"]["template"]["spec"]["containers"][0]["image"];
    assert_eq!((rendered.len(), image), (1, &json!("registry.example.com/atlas-metastore:1.0.0")));
    assert_eq!(rendered[0]["metadata"]["namespace"], "tenant-x");
}

#[test]
fn what_is_not_there_is_an_error_in_argo_cds_words() {
    let render_source = |change: &dyn Fn(&mut Value)| {
        let mut source = source("charts/minimal");
        change(&mut source);
        render(&model(), &application(source)).unwrap_err()
    };
    let begin = "Failed to load target state: failed to generate manifest for source 1 of 2: rpc error: code = Unknown \
                 desc = ";
    let said = render_source(&|source| source["repoURL"] = json!("file:///no/such/repository.git"));
    assert_eq!(said, format!("{begin}failed to list refs: repository not found"));
    let said = render_source(&|source| source["path"] = json!("charts/other"));
    assert_eq!(said, format!("{begin}charts/other: app path does not exist"));
    let said = render_source(&|source| source["targetRevision"] = json!("hydrated"));
    assert_eq!(said, format!("{begin}unable to resolve 'hydrated' to a commit SHA"));
    let helm = json!({ "parameters": [{ "name": "image", "value": "text", "forceString": true }] });
    let said = render_source(&|source| source["helm"] = helm.clone());
    let command = "failed to execute helm template command: failed running helm: `helm template . --name-template tenant \
                   --namespace tenant-x --kube-version 1.36.1 --set-string image=text <api versions removed> \
                   --include-crds` failed exit status 1: Error: template: minimal/templates/statefulset.yaml:";
    assert!(said.starts_with(&format!("{begin}{command}")), "{said}");
}

/// `sources_take_the_place_of_source`
#[test]
fn with_several_sources_the_single_one_does_not_count_and_the_last_manifest_of_an_object_does() {
    let mut several = application(source("charts/minimal"));
    several["spec"]["source"] = source("charts/other");
    several["spec"]["sources"][1] = source("plain");
    let rendered = render(&model(), &several).unwrap();
    let sets: Vec<_> = rendered.iter().filter(|manifest| manifest["kind"] == "StatefulSet").collect();
    assert_eq!(sets.len(), 1);
    assert_eq!(sets[0]["spec"]["replicas"], 1);
    assert_eq!(source_types(&several), ["Helm", "Directory"]);
    assert_eq!(revisions(&model(), &several).len(), 2);
}

#[test]
fn charts_name_the_registry_that_they_were_published_with() {
    let mut model = model();
    let example = revisions(&model, &application(source("charts/single")));
    model.argocd.repositories.publish_fleet("127.0.0.1:15000");
    let application = application(source("charts/single"));
    let image = |rendered: Vec<Value>| {
        let set = rendered.into_iter().find(|manifest| manifest["kind"] == "StatefulSet").unwrap();
        set["spec"]["template"]["spec"]["containers"][0]["image"].clone()
    };
    assert_eq!(image(render(&model, &application).unwrap()), "127.0.0.1:15000/atlas-metastore:1.0.0");
    let old = render_at(&model, &application, &example).unwrap();
    assert_eq!(image(old), "registry.example.com/atlas-metastore:1.0.0");
}

/// Whoever changes a chart of the testbed has to change it here.
#[test]
fn values_are_those_of_the_testbeds_charts() {
    let mut known = umbrella::defaults(crate::fleet::EXAMPLE_REGISTRY);
    let read = |text: &str| values::set_by_user(&[text], &Value::Null).unwrap();
    assert_eq!(read(include_str!("../../../../../testbed/fleet/charts/umbrella/values.yaml")), known);
    for (chart, text) in [
        (&small::MINIMAL, include_str!("../../../../../testbed/fleet/charts/minimal/values.yaml")),
        (&small::SINGLE, include_str!("../../../../../testbed/fleet/charts/single/values.yaml")),
        (&small::DOTTED, include_str!("../../../../../testbed/fleet/charts/dotted/values.yaml")),
    ] {
        known = (chart.defaults)(crate::fleet::EXAMPLE_REGISTRY);
        assert_eq!(read(text), known);
    }
    let file = read(include_str!("../../../../../testbed/fleet/values/multi-source.yaml"));
    assert_eq!(read(VALUES_FILE.1), file);
}
