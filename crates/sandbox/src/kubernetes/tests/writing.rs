//! Create, replace, patch and delete.

use super::{APPLICATIONS, JSON_PATCH, MERGE_PATCH, World, application, pod};
use serde_json::{Value, json};

const MODIFIED: &str = "409 Conflict: Operation cannot be fulfilled on applications.argoproj.io \"alpha\": the object \
                        has been modified; please apply your changes to the latest version and try again";

fn alpha(query: &str) -> String {
    format!("{APPLICATIONS}/alpha{query}")
}

#[test]
fn what_is_created_gets_what_the_server_adds() {
    let mut world = World::new();
    let mut wanted = application("alpha");
    wanted["metadata"]["uid"] = json!("mine");
    wanted["metadata"]["generation"] = json!(7);
    let dry = world.post(&format!("{APPLICATIONS}?dryRun=All"), &wanted).expect(201);
    assert!(dry["metadata"]["resourceVersion"].is_null());
    let made = world.post(APPLICATIONS, &wanted).expect(201);
    let metadata = &made["metadata"];
    assert_eq!((&metadata["namespace"], &metadata["generation"]), (&json!("argocd"), &json!(1)));
    assert_eq!(metadata["creationTimestamp"], "2026-11-20T10:00:00Z");
    assert_ne!(metadata["uid"], "mine");
    assert_eq!(world.get(&alpha("")).expect(200), made);
    assert_eq!(
        world.post(APPLICATIONS, &wanted).refusal(),
        "409 AlreadyExists: applications.argoproj.io \"alpha\" already exists"
    );
}

#[test]
fn what_cannot_be_created_is_refused() {
    let mut world = World::new();
    let pods = |namespace: &str| format!("/api/v1/namespaces/{namespace}/pods");
    assert_eq!(
        world.post(&pods("absent"), &pod("a", "a")).refusal(),
        "404 NotFound: namespaces \"absent\" not found"
    );
    assert_eq!(world.post(&pods("tenant-a"), &application("a")).code, 400);
    assert_eq!(world.post(&pods("tenant-a"), &json!({ "metadata": {} })).code, 422);
    assert_eq!(world.post(&pods("tenant-a"), &pod("X_", "a")).code, 422);
    let mut elsewhere = pod("a", "a");
    elsewhere["metadata"]["namespace"] = json!("argocd");
    assert_eq!(world.post(&pods("tenant-a"), &elsewhere).code, 400);
    assert_eq!(world.post("/api/v1/pods", &pod("a", "a")).code, 404);
    assert_eq!(
        world.send(super::ADMINISTRATOR, "POST", &pods("tenant-a"), "application/json", "{".to_owned()).code,
        400
    );

    world.post("/api/v1/namespaces", &json!({ "metadata": { "name": "ending" } })).expect(201);
    world.delete("/api/v1/namespaces/ending").expect(200);
    assert_eq!(
        world.post(&pods("ending"), &pod("a", "a")).refusal(),
        "403 Forbidden: pods \"a\" is forbidden: unable to create new content in namespace ending because it is \
         being terminated"
    );
}

#[test]
fn unknown_fields_are_dropped_warned_of_or_refused() {
    let mut world = World::with_application();
    let nonsense = json!([{ "op": "add", "path": "/spec/source/nonsense", "value": "x" }]);
    let silent = world.patch(&alpha("?fieldValidation=Ignore"), JSON_PATCH, &nonsense);
    assert!(silent.warnings.is_empty());
    assert!(silent.expect(200)["spec"]["source"]["nonsense"].is_null());
    let warned = world.patch(&alpha(""), JSON_PATCH, &nonsense);
    assert_eq!(
        (warned.code, warned.warnings.as_slice()),
        (200, &[r#"299 - "unknown field \"spec.source.nonsense\"""#.to_owned()][..])
    );
    let strict = world.patch(&alpha("?fieldValidation=Strict"), JSON_PATCH, &nonsense).expect(422);
    let message = strict["message"].as_str().unwrap();
    assert!(message.starts_with(" \"\" is invalid: patch: Invalid value: \"{"), "{message}");
    assert!(message.ends_with("strict decoding error: unknown field \"spec.source.nonsense\""), "{message}");
    assert_eq!(strict["details"]["causes"][0]["field"], "patch");
    let mut unknown = application("beta");
    unknown["spec"]["x"] = json!(1);
    assert_eq!(
        world.post(&format!("{APPLICATIONS}?fieldValidation=Strict"), &unknown).refusal(),
        "400 BadRequest: Application in version \"v1alpha1\" cannot be handled as a Application: strict decoding \
         error: unknown field \"spec.x\""
    );
    let parameters = json!([{ "name": "a", "value": "b", "nonsense": 1 }]);
    let helm = json!([{ "op": "add", "path": "/spec/source/helm", "value": {
        "parameters": parameters, "valuesObject": { "any": { "thing": [1] } },
    }}]);
    let patched = world.patch(&alpha(""), JSON_PATCH, &helm).expect(200);
    let expected =
        json!({ "parameters": [{ "name": "a", "value": "b" }], "valuesObject": { "any": { "thing": [1] } } });
    assert_eq!(patched["spec"]["source"]["helm"], expected);
}

#[test]
fn wrong_types_and_missing_fields_are_named() {
    let mut world = World::with_application();
    let one = |op: &str, path: &str, value: Value| json!([{ "op": op, "path": path, "value": value }]);
    let wrong = one("add", "/spec/source/helm", json!({ "parameters": [{ "name": "a", "value": 1 }] }));
    let wrong = world.patch(&alpha(""), JSON_PATCH, &wrong).expect(422);
    assert_eq!(
        wrong["message"],
        "Application.argoproj.io \"alpha\" is invalid: spec.source.helm.parameters[0].value: Invalid value: \
         \"integer\": spec.source.helm.parameters[0].value in body must be of type string: \"integer\""
    );
    assert_eq!(wrong["details"]["causes"][0]["reason"], "FieldValueTypeInvalid");
    assert_eq!(
        world.patch(&alpha(""), JSON_PATCH, &one("remove", "/spec/project", Value::Null)).refusal(),
        "422 Invalid: Application.argoproj.io \"alpha\" is invalid: spec.project: Required value"
    );
    let none = one("add", "/spec/source/helm", Value::Null);
    assert!(world.patch(&alpha(""), JSON_PATCH, &none).expect(200)["spec"]["source"].get("helm").is_none());
    let much = one("add", "/spec/source/helm", json!({ "values": "x".repeat(1_600_000) }));
    assert_eq!(
        world.patch(&alpha(""), JSON_PATCH, &much).refusal(),
        "500 -: etcdserver: request is too large"
    );
}

#[test]
fn an_old_version_conflicts_in_every_form() {
    let mut world = World::with_application();
    let old = world.get(&alpha("")).expect(200);
    let touch = json!({ "metadata": { "annotations": { "a": "b" } } });
    world.patch(&alpha(""), MERGE_PATCH, &touch).expect(200);
    assert_eq!(world.put(&alpha(""), &old).refusal(), MODIFIED);
    let version = &old["metadata"]["resourceVersion"];
    let merge = json!({ "metadata": { "resourceVersion": version } });
    assert_eq!(world.patch(&alpha(""), MERGE_PATCH, &merge).refusal(), MODIFIED);
    let replace = json!([{ "op": "replace", "path": "/metadata/resourceVersion", "value": version }]);
    assert_eq!(world.patch(&alpha(""), JSON_PATCH, &replace).refusal(), MODIFIED);
    let mut fresh = world.get(&alpha("")).expect(200);
    fresh["spec"]["project"] = json!("other");
    assert_eq!(world.put(&alpha(""), &fresh).expect(200)["spec"]["project"], "other");
    fresh["metadata"]["resourceVersion"] = json!("");
    assert_eq!(
        world.put(&alpha(""), &fresh).refusal(),
        "422 Invalid: applications.argoproj.io \"alpha\" is invalid: metadata.resourceVersion: Invalid value: 0: must \
         be specified for an update"
    );
}

#[test]
fn who_an_object_is_cannot_be_changed() {
    let mut world = World::with_application();
    let set = |field: &str| json!([{ "op": "replace", "path": format!("/metadata/{field}"), "value": "x" }]);
    assert_eq!(
        world.patch(&alpha(""), JSON_PATCH, &set("name")).refusal(),
        "400 BadRequest: the name of the object (x) does not match the name on the URL (alpha)"
    );
    assert!(
        world
            .patch(&alpha(""), JSON_PATCH, &set("uid"))
            .refusal()
            .ends_with("metadata.uid: Invalid value: \"x\": field is immutable")
    );
    let before = world.get(&alpha("")).expect(200);
    let kept = json!({ "metadata": { "generation": 99, "managedFields": [], "deletionTimestamp": "2026-11-20T10:00:00Z" } });
    assert_eq!(world.patch(&alpha(""), MERGE_PATCH, &kept).expect(200), before);
    assert_eq!(world.patch(&alpha("/status"), MERGE_PATCH, &json!({})).code, 404);
    let absent = world.patch(&format!("{APPLICATIONS}/absent"), MERGE_PATCH, &json!({}));
    assert_eq!(absent.refusal(), "404 NotFound: applications.argoproj.io \"absent\" not found");
}

#[test]
fn the_generation_of_an_application_moves_with_its_status_and_that_of_a_workload_does_not() {
    let mut world = World::with_application();
    let generation = |got: Value| got["metadata"]["generation"].clone();
    let status = json!({ "status": { "x": 1 } });
    let labels = json!({ "metadata": { "labels": { "x": "y" } } });
    let spec = json!({ "spec": { "project": "other", "replicas": 3 } });
    assert_eq!(generation(world.patch(&alpha(""), MERGE_PATCH, &labels).expect(200)), 1);
    assert_eq!(generation(world.patch(&alpha(""), MERGE_PATCH, &status).expect(200)), 2);
    assert_eq!(generation(world.patch(&alpha("?dryRun=All"), MERGE_PATCH, &spec).expect(200)), 3);
    assert_eq!(generation(world.get(&alpha("")).expect(200)), 2, "a dry run stores nothing");
    assert_eq!(generation(world.patch(&alpha(""), MERGE_PATCH, &spec).expect(200)), 3);

    let sets = "/apis/apps/v1/namespaces/tenant-a/statefulsets";
    let set =
        json!({ "metadata": { "name": "atlas" }, "spec": { "replicas": 1 }, "status": { "replicas": 9 } });
    assert!(world.post(sets, &set).expect(201)["status"].is_null());
    let set = format!("{sets}/atlas");
    assert!(world.patch(&set, MERGE_PATCH, &status).expect(200)["status"].is_null());
    let mut both = status.clone();
    both["spec"] = json!({ "replicas": 5 });
    let written = world.patch(&format!("{set}/status"), MERGE_PATCH, &both).expect(200);
    assert_eq!((&written["status"], &written["spec"]["replicas"]), (&json!({ "x": 1 }), &json!(1)));
    assert_eq!(generation(written), 1);
    assert_eq!(generation(world.patch(&set, MERGE_PATCH, &spec).expect(200)), 2);
}

#[test]
fn a_deletion_waits_for_finalizers() {
    let mut world = World::with_application();
    let finalizers = json!({ "metadata": { "finalizers": ["a"] } });
    world.patch(&alpha(""), MERGE_PATCH, &finalizers).expect(200);
    let wrong = json!({ "preconditions": { "uid": "x" } }).to_string();
    let wrong = world.send(super::ADMINISTRATOR, "DELETE", &alpha(""), "application/json", wrong);
    assert!(wrong.refusal().starts_with(
        "409 Conflict: Operation cannot be fulfilled on Application.argoproj.io \"alpha\": the UID in the precondition"
    ));
    assert_eq!(world.delete(&alpha("?dryRun=All")).expect(200)["status"], "Success");
    let held = world.delete(&alpha("")).expect(200);
    assert_eq!(held["metadata"]["deletionTimestamp"], "2026-11-20T10:00:00Z");
    world.patch(&alpha(""), MERGE_PATCH, &json!({ "metadata": { "finalizers": null } })).expect(200);
    assert_eq!(world.get(&alpha("")).code, 404);
    assert_eq!(world.delete(&alpha("")).code, 404);
    world.post(APPLICATIONS, &application("beta")).expect(201);
    let done = world.delete(&format!("{APPLICATIONS}/beta")).expect(200);
    assert_eq!((&done["status"], &done["details"]["kind"]), (&json!("Success"), &json!("applications")));
}

#[test]
fn a_collection_can_be_deleted() {
    let mut world = World::with_application();
    world.post(APPLICATIONS, &application("beta")).expect(201);
    world.delete(&format!("{APPLICATIONS}?labelSelector=tenant%3Dalpha")).expect(200);
    let left = world.get(APPLICATIONS).expect(200);
    assert_eq!(left["items"][0]["metadata"]["name"], "beta");
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
}
