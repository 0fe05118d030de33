//! Who may do what: accounts, rights, the admission policy, and the log of requests.

use super::{APPLICATIONS, JSON_PATCH, RINGWAY, World};
use crate::kubernetes::{ADMINISTRATOR, Account, Denial, Rule};
use serde_json::{Value, json};

fn as_ringway(world: &mut World, method: &str, path: &str) -> super::Got {
    world.send(RINGWAY, method, path, "application/json", String::new())
}

#[test]
fn who_is_not_known_or_has_no_right_is_told_so() {
    let mut world = World::with_application();
    let alpha = format!("{APPLICATIONS}/alpha");
    assert_eq!(
        world.send("nobody", "GET", &alpha, "", String::new()).refusal(),
        "401 Unauthorized: Unauthorized"
    );
    let name = "system:serviceaccount:ringway:ringway";
    let rows = [
        (
            "DELETE",
            alpha.as_str(),
            r#"applications.argoproj.io "alpha" is forbidden: User "@" cannot delete resource "applications" in API group "argoproj.io" in the namespace "argocd""#,
        ),
        (
            "POST",
            APPLICATIONS,
            r#"applications.argoproj.io is forbidden: User "@" cannot create resource "applications" in API group "argoproj.io" in the namespace "argocd""#,
        ),
        (
            "GET",
            "/apis/argoproj.io/v1alpha1/applications",
            r#"applications.argoproj.io is forbidden: User "@" cannot list resource "applications" in API group "argoproj.io" at the cluster scope"#,
        ),
        (
            "GET",
            "/api/v1/namespaces/tenant-a/pods/x",
            r#"pods "x" is forbidden: User "@" cannot get resource "pods" in API group "" in the namespace "tenant-a""#,
        ),
        (
            "GET",
            "/api/v1/namespaces/argocd/configmaps/other",
            r#"configmaps "other" is forbidden: User "@" cannot get resource "configmaps" in API group "" in the namespace "argocd""#,
        ),
    ];
    for (method, path, message) in rows {
        let refusal = as_ringway(&mut world, method, path).refusal();
        assert_eq!(refusal, format!("403 Forbidden: {}", message.replace('@', name)));
    }
    assert_ne!(as_ringway(&mut world, "GET", "/api/v1/namespaces/argocd/configmaps/argocd-cm").code, 403);
    assert_eq!(as_ringway(&mut world, "GET", "/api/v1/namespaces/tenant-a/pods").code, 200);
    world.0.api.revoke(RINGWAY);
    assert_eq!(as_ringway(&mut world, "GET", &alpha).code, 401);
}

#[test]
fn without_credentials_one_is_anonymous() {
    let mut world = World::new();
    let mut get = |path: &str| {
        let request = http::Request::get(path).body(bytes::Bytes::new()).unwrap();
        crate::kubernetes::handle(&mut world.0, &request).status().as_u16()
    };
    assert_eq!([get("/version"), get("/readyz"), get("/apis"), get(APPLICATIONS)], [200, 200, 403, 403]);
}

#[test]
fn one_may_ask_what_one_may_do() {
    let mut world = World::new();
    world.0.api.grant("reader", Account::new("reader", vec![Rule::new("*", &["*"], &["get"], None)]));
    let mut may = |token: &str, verb: &str, group: &str, resource: &str, namespace: &str| {
        let attributes =
            json!({ "verb": verb, "group": group, "resource": resource, "namespace": namespace });
        let review = json!({ "spec": { "resourceAttributes": attributes } }).to_string();
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let got = world.send(token, "POST", path, "application/json", review).expect(201);
        assert_eq!(got["kind"], "SelfSubjectAccessReview");
        got["status"]["allowed"].as_bool().unwrap()
    };
    assert!(may(RINGWAY, "patch", "argoproj.io", "applications", "argocd"));
    assert!(!may(RINGWAY, "patch", "argoproj.io", "applications", "other"));
    assert!(!may(RINGWAY, "delete", "argoproj.io", "applications", "argocd"));
    assert!(may(RINGWAY, "watch", "", "pods", "anywhere"));
    assert!(may("reader", "get", "apps", "statefulsets", "anywhere"));
    assert!(!may("reader", "list", "apps", "statefulsets", "anywhere"));
    assert!(may(ADMINISTRATOR, "delete", "", "pods", "anywhere"));
}

/// The rules of the roles in a manifest of `deploy/`, which has one field to a line.
fn rules(manifest: &str) -> Vec<Rule> {
    let (mut rules, mut namespace, mut field) = (Vec::<Rule>::new(), None, String::new());
    for line in manifest.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(metadata) = line.strip_prefix("metadata:") {
            let found =
                metadata.split_once("namespace: ").map(|(_, rest)| rest.trim_end_matches('}').to_owned());
            namespace = found;
        }
        let entry = line.strip_prefix("- ").filter(|entry| !entry.contains(':'));
        let values = match line.trim_start_matches("- ").split_once(':') {
            Some(("apiGroups", values)) => {
                let namespaces = namespace.iter().cloned().collect();
                rules.push(Rule { namespaces, ..Rule::new("", &[], &[], None) });
                field = "apiGroups".to_owned();
                values
            }
            Some((name @ ("resources" | "verbs" | "resourceNames"), values)) => {
                field = name.to_owned();
                values
            }
            _ => entry.unwrap_or_default(),
        };
        let values = values.trim().trim_matches(['[', ']']).split(',').map(str::trim);
        let values = values.filter(|value| !value.is_empty()).map(|value| value.trim_matches('"').to_owned());
        let Some(rule) = rules.last_mut() else { continue };
        match field.as_str() {
            "apiGroups" => rule.groups = values.collect(),
            "resources" => rule.resources.extend(values),
            "verbs" => rule.verbs.extend(values),
            "resourceNames" => rule.names.extend(values),
            _ => {}
        }
        if line == "---" {
            field.clear();
        }
    }
    rules
}

#[test]
fn ringway_has_the_rights_of_deploy() {
    let mut shipped = rules(include_str!("../../../../../deploy/ringway.yaml"));
    shipped.extend(rules(include_str!("../../../../../deploy/tenants.yaml")));
    shipped.retain(|rule| !rule.verbs.is_empty());
    assert_eq!(Account::ringway().rules, shipped);
}

#[test]
fn the_policy_lets_ringway_change_overrides_and_nothing_else() {
    let mut world = World::with_application();
    let path = format!("{APPLICATIONS}/alpha");
    let add = |path: &str, value: Value| json!({ "op": "add", "path": path, "value": value });
    let send = |world: &mut World, patch: Value| {
        let got = world.send(RINGWAY, "PATCH", &path, JSON_PATCH, json!([patch]).to_string());
        if got.code == 200 { String::new() } else { got.refusal() }
    };
    assert_eq!(send(&mut world, add("/spec/source/helm", json!({ "parameters": [] }))), "");
    assert_eq!(send(&mut world, add("/spec/source/helm/valuesObject", json!({ "a": 1 }))), "");
    assert_eq!(send(&mut world, add("/metadata/annotations", json!({ "owner.ringway.dev/atlas": "x" }))), "");
    let refresh = "/metadata/annotations/argocd.argoproj.io~1refresh";
    assert_eq!(send(&mut world, add(refresh, json!("normal"))), "");
    let rows = [
        (add(refresh, json!("hard")), "set argocd.argoproj.io/refresh to normal"),
        (json!({ "op": "remove", "path": refresh }), "set argocd.argoproj.io/refresh to normal"),
        (add("/operation", json!({})), "the spec and annotations of an Application"),
        (add("/metadata/labels/x", json!("y")), "labels, finalizers or owners"),
        (add("/metadata/annotations/x", json!("y")), "annotations that begin with owner.ringway.dev/"),
        (add("/spec/project", json!("x")), "the sources in the spec"),
        (add("/spec/sources", json!([{ "repoURL": "x" }])), "may not add or remove sources"),
        (add("/spec/source/repoURL", json!("x")), "nothing but helm in a source"),
        (add("/spec/source/helm/values", json!("x")), "only parameters and valuesObject of helm"),
    ];
    let start = "403 Forbidden: applications.argoproj.io \"alpha\" is forbidden: ValidatingAdmissionPolicy \
                 'ringway-overrides-only' with binding 'ringway-overrides-only' denied request: Ringway may ";
    for (patch, part) in rows {
        let refusal = send(&mut world, patch);
        assert!(refusal.starts_with(start) && refusal.contains(part), "{refusal}");
    }
    let other = json!([add("/spec/project", json!("x"))]);
    world.patch(&path, JSON_PATCH, &other).expect(200);
}

#[test]
fn a_policy_can_freeze_an_application() {
    let mut world = World::with_application();
    let path = format!("{APPLICATIONS}/alpha?dryRun=All");
    let account = Account::ringway().name;
    let text = str::to_owned;
    let frozen = Denial {
        policy: text("frozen"),
        account,
        application: text("alpha"),
        message: text("this Application is frozen"),
    };
    world.0.api.deny(frozen);
    let patch = json!([{ "op": "add", "path": "/spec/source/helm", "value": {} }]).to_string();
    let denied = world.send(RINGWAY, "PATCH", &path, JSON_PATCH, patch.clone()).expect(422);
    let why =
        "ValidatingAdmissionPolicy 'frozen' with binding 'frozen' denied request: this Application is frozen";
    assert_eq!(denied["message"], format!("applications.argoproj.io \"alpha\" is forbidden: {why}"));
    assert_eq!(
        (&denied["reason"], &denied["details"]["causes"]),
        (&json!("Invalid"), &json!([{ "message": why }]))
    );
    world.0.api.permit("frozen");
    world.send(RINGWAY, "PATCH", &path, JSON_PATCH, patch).expect(200);
}

#[test]
fn every_request_is_in_the_log() {
    let mut world = World::with_application();
    as_ringway(&mut world, "GET", &format!("{APPLICATIONS}?watch=true&fieldSelector=metadata.name%3Dalpha"));
    as_ringway(&mut world, "DELETE", &format!("{APPLICATIONS}/alpha"));
    world.patch(&format!("{APPLICATIONS}/alpha?dryRun=All"), JSON_PATCH, &json!([]));
    world.send("nobody", "GET", "/version", "", String::new());
    let line = |entry: &crate::kubernetes::Audited| {
        let dry = if entry.dry_run { " dry" } else { "" };
        format!(
            "{} {} {} {} {}{dry} {}",
            entry.account, entry.verb, entry.resource, entry.namespace, entry.name, entry.code
        )
    };
    let lines: Vec<String> = world.0.api.audit().map(line).collect();
    let ringway = "system:serviceaccount:ringway:ringway";
    assert_eq!(
        lines,
        [
            "admin create applications.argoproj.io argocd  201".to_owned(),
            format!("{ringway} watch applications.argoproj.io argocd alpha 200"),
            format!("{ringway} delete applications.argoproj.io argocd alpha 403"),
            "admin patch applications.argoproj.io argocd alpha dry 200".to_owned(),
            " get /version   401".to_owned(),
        ]
    );
    assert_eq!(world.0.api.requests()[&(ringway.to_owned(), "watch".to_owned())], 1);
}
