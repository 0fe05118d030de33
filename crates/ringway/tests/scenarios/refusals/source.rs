//! What speaks against the source that would be written to.

use super::{MINIMAL, assert_refused};
use crate::harness::{Ringway, Tenant, configuration, target};
use serde_json::json;

#[test]
fn a_source_that_helm_does_not_render_is_refused() {
    let tenant = Tenant::compared("refuse-plain", &["--chart", "plain"], |_| {});
    assert_refused(
        &Ringway::new(),
        "minimal",
        &tenant,
        "not_helm",
        "the source of Application argocd/refuse-plain is rendered by Directory, not by Helm, so there is no value to \
         override; check the service's `source`",
    );
}

#[test]
fn a_source_that_argo_cd_cannot_read_is_refused() {
    let tenant = Tenant::edited("refuse-unread", &MINIMAL, |application| {
        application["spec"]["source"]["repoURL"] = "file:///no/such/repository.git".into();
    });
    assert_refused(
        &Ringway::new(),
        "minimal",
        &tenant,
        "not_compared_yet",
        "Argo CD has not compared Application argocd/refuse-unread yet, so it is unknown what renders it; look at its \
         conditions, or try again when it is compared",
    );
}

/// A configuration with one more service, `special`: the chart `minimal`, or what `fields` says of its Application.
fn with_special(fields: &str) -> String {
    let registry = target().registry();
    configuration()
        + &format!(
            r#"  special:
    images: {{atlas: {{repositories: ["{registry}/*"], platforms: [linux/amd64]}}}}
    applications:
      - name: "{{tenant}}"
        {fields}
        overrides:
          - image: atlas
            values: {{repository: image.repository, tag: image.tag}}
            workloads: [{{kind: StatefulSet, name: atlas, container: atlas}}]
"#
        )
}

#[test]
fn no_matching_source_and_several_are_refused_with_the_sources_there_are() {
    let repository = target().fleet_repository();
    let single = Tenant::compared("refuse-source", &MINIMAL, |_| {});
    assert_refused(
        &Ringway::with(&with_special("source: {path: charts/other}")),
        "special",
        &single,
        "no_matching_source",
        &format!(
            "no source of Application argocd/refuse-source matches path charts/other; it has path charts/minimal of \
             {repository}; check the service's `source`"
        ),
    );
    let several = Tenant::compared("refuse-sources", &MINIMAL, |application| {
        let spec = application["spec"].as_object_mut().unwrap();
        let source = spec.remove("source").unwrap();
        let mut plain = source.clone();
        plain["path"] = "plain".into();
        spec.insert("sources".to_owned(), json!([source, plain]));
    });
    assert_refused(
        &Ringway::with(&with_special(&format!(r#"source: {{repoURL: "{repository}"}}"#))),
        "special",
        &several,
        "several_matching_sources",
        &format!(
            "several sources of Application argocd/refuse-sources match repoURL {repository}: path charts/minimal of \
             {repository}, path plain of {repository}; say more in the service's `source`"
        ),
    );
}

#[test]
fn an_application_that_the_hydrator_feeds_is_refused() {
    let tenant = Tenant::edited("refuse-hydrator", &MINIMAL, |application| {
        let source = application["spec"]["source"].take();
        application["spec"]["source"] = source.clone();
        application["spec"]["sourceHydrator"] = json!({
            "drySource": {"repoURL": source["repoURL"], "path": source["path"], "targetRevision": "main"},
            "syncSource": {"targetBranch": "hydrated", "path": "refuse-hydrator"},
        });
    });
    assert_refused(
        &Ringway::new(),
        "minimal",
        &tenant,
        "hydrator",
        "Application argocd/refuse-hydrator uses the source hydrator: its values are rendered into git, so an override \
         would not reach it; change the image in git",
    );
}
