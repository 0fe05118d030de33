//! The configuration as a whole: the example, the reference, bad files, and hostile ones.

mod cohorts;
mod examples;
mod hostile;
mod pull_requests;
mod refused;

use super::{
    ArgocdInstance, ClusterAddress, Config, CredentialSource, EnvironmentPaths, Limits, TenantClusters,
    load::parse_with, reader::Log, schema::settings,
};
use release::{
    service::{ApplicationSelector, ImageValues, Strategy, Verify},
    step::Deadlines,
};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

const EXAMPLE: &str = include_str!("../../../../ringway.example.yaml");
const REFERENCE: &str = include_str!("../../../../docs/configuration.md");

/// As little as possible.
const MINIMAL: &str = "
argocd: {instances: [{name: local}]}
services:
  web:
    images: {web: {repositories: [ghcr.io/acme/web]}}
    applications:
      - name: '{tenant}'
        overrides:
          - image: web
            values: {reference: image}
            workloads: [{kind: Deployment, name: web, container: web}]
";

fn environment() -> EnvironmentPaths {
    EnvironmentPaths { home: Some("/home/someone".into()), ..EnvironmentPaths::default() }
}

fn parse(text: &str) -> Result<Config, super::ConfigErrors> {
    Config::parse(Path::new("/etc/ringway/ringway.yaml"), text.as_bytes(), &environment())
}

/// The example as it is, and with each way to say who we are that it has in comments.
fn examples() -> [String; 4] {
    let with = |old: &str, new: &str| {
        let (start, end) = (EXAMPLE.find("  app:\n").unwrap(), EXAMPLE.find("  webhookSecrets:").unwrap());
        let section = EXAMPLE[start..end].replace(old, new);
        assert_ne!(section, EXAMPLE[start..end], "{old}");
        format!("{}{section}{}", &EXAMPLE[..start], &EXAMPLE[end..])
    };
    let app = "  app:\n    id: 123456\n    installation: 7654321                   # default: the one that has the repository\n    \
               privateKeyFile: /run/secrets/github-app.pem\n";
    let token = with(app, "").replace("  # token:", "  token:");
    [
        EXAMPLE.to_owned(),
        with("privateKeyFile: /run/secrets/github-app.pem\n    # ", ""),
        token.replace("  #   file:", "    file:"),
        token.replace("  #   environment:", "    environment:"),
    ]
}

#[test]
fn the_example_is_valid_and_has_every_setting() {
    let described: BTreeSet<String> = settings().map(|setting| setting.path.to_owned()).collect();
    let (mut present, mut asked) = (BTreeSet::new(), BTreeSet::new());
    for example in examples() {
        let log = Log::default();
        let config = parse_with(&log, Path::new("ringway.example.yaml"), example.as_bytes(), &environment());
        present.extend(log.present());
        asked.extend(log.asked());
        assert_eq!(log.into_errors(), [], "{example}");
        assert!(config.is_some());
    }
    assert_eq!(present, described, "the example has every setting that is described");
    assert_eq!(asked, described, "the reader asks for every setting that is described");
}

#[test]
fn the_example_means_what_it_says() {
    let config = parse(EXAMPLE).unwrap();
    let europe = config.instance("europe").unwrap();
    assert_eq!(europe.namespaces, ["argocd", "tenants"]);
    assert_eq!(europe.cluster.kubeconfig, Some("/home/someone/.kube/config".into()));
    let tenant = config.tenant_clusters.address(&europe.cluster, "acme").unwrap();
    assert_eq!(tenant.context.as_deref(), Some("vcluster-acme"));
    assert_eq!(tenant.kubeconfig, Some("/etc/ringway/tenants.kubeconfig".into()));

    let atlas = &config.services["atlas-metastore"];
    assert_eq!((atlas.verify, atlas.images.len(), atlas.applications.len()), (Verify::Cluster, 1, 1));
    assert_eq!(atlas.applications[0].select, ApplicationSelector::Name("{tenant}".into()));
    let paths: Vec<String> = atlas.applications[0]
        .overrides
        .iter()
        .map(|each| match &each.values {
            ImageValues::RepositoryAndTag { repository, tag } => {
                format!("{:?} {repository} {tag}", each.strategy)
            }
            ImageValues::Reference(reference) => format!("{:?} {reference}", each.strategy),
        })
        .collect();
    assert_eq!(
        paths,
        [
            "ValuesObject atlas.atlas.image.repository atlas.atlas.image.tag",
            "ValuesObject atlas-read.atlas.image.repository atlas-read.atlas.image.tag"
        ]
    );
    let heracles = &config.services["heracles"];
    assert!(heracles.applications[0].overrides.iter().all(|each| each.strategy == Strategy::Parameters));
    assert_eq!(
        config.registries[0].credentials,
        Some(CredentialSource::PasswordFile {
            username: "ringway-bot".into(),
            file: "/run/secrets/ghcr-token".into()
        })
    );
}

#[test]
fn the_configuration_of_the_testbed_is_valid() {
    let config = parse(include_str!("../../../../testbed/ringway.yaml")).unwrap();
    assert_eq!(config.services.keys().collect::<Vec<_>>(), ["atlas-metastore", "heracles"]);
}

#[test]
fn what_is_left_out_has_its_default() {
    let config = parse(MINIMAL).unwrap();
    let local = ArgocdInstance {
        name: "local".into(),
        cluster: ClusterAddress::default(),
        namespaces: vec!["argocd".into()],
    };
    assert_eq!(config.argocd, [local]);
    assert_eq!(config.tenant_clusters, TenantClusters::SameCluster);
    assert_eq!((config.limits, config.deadlines), (Limits::default(), Deadlines::default()));
    assert_eq!(config.registries, []);
    assert_eq!(config.state_folder, PathBuf::from("/home/someone/.local/state/ringway"));
    let service = &config.services["web"];
    assert_eq!(service.verify, Verify::Cluster);
    assert_eq!(service.images[0].platforms, ["linux/amd64".parse().unwrap()]);

    let none = parse(&format!("{MINIMAL}\ntenantClusters: {{access: none}}")).unwrap();
    assert_eq!(none.services["web"].verify, Verify::Argocd, "what cannot be looked into is not looked into");
}

#[test]
fn every_default_that_is_described_is_the_default() {
    let mut compared = 0;
    for setting in settings() {
        let (Some((section @ ("limits" | "deadlines"), name)), default) =
            (setting.path.split_once('.'), setting.default.trim_matches('`'))
        else {
            continue;
        };
        let config = parse(&format!("{MINIMAL}\n{section}: {{{name}: {default}}}")).unwrap();
        assert_eq!(
            (config.limits, config.deadlines),
            (Limits::default(), Deadlines::default()),
            "{}",
            setting.path
        );
        compared += 1;
    }
    assert_eq!(compared, 9);
}

#[test]
fn the_reference_has_every_setting() {
    let row = |setting: &super::schema::Setting| {
        format!("| `{}` | {} | {} | {} |", setting.path, setting.form, setting.default, setting.about)
    };
    let missing: Vec<String> =
        settings().map(row).filter(|row| !REFERENCE.lines().any(|line| line == row)).collect();
    assert!(missing.is_empty(), "docs/configuration.md lacks these rows:\n{}", missing.join("\n"));
    let rows = REFERENCE.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, settings().count(), "docs/configuration.md has rows for settings that do not exist");
}

#[test]
fn numbers_that_are_meant_as_texts_stay_texts() {
    let text = MINIMAL.replace("name: local", "name: local, context: 0123456");
    assert_eq!(parse(&text).unwrap().argocd[0].cluster.context.as_deref(), Some("0123456"));
}

#[test]
fn a_file_that_is_not_there_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let error = Config::load(&folder.path().join("ringway.yaml")).unwrap_err().to_string();
    assert!(error.contains("ringway.yaml: does not exist; copy ringway.example.yaml"), "{error}");
    let error = Config::load(folder.path()).unwrap_err().to_string();
    assert!(error.contains("cannot be read"), "{error}");
}

#[test]
fn the_report_says_what_the_configuration_means() {
    insta::assert_snapshot!(parse(EXAMPLE).unwrap().report());
}

#[test]
fn a_context_tells_whose_cluster_it_leads_to() {
    let tenant = |template: &str, context: &str| {
        TenantClusters::Contexts { kubeconfig: None, context: template.into() }.tenant_of(context)
    };
    assert_eq!(tenant("vcluster-{tenant}", "vcluster-alpha").as_deref(), Some("alpha"));
    assert_eq!(tenant("{tenant}@{tenant}.eu", "a-1@a-1.eu").as_deref(), Some("a-1"));
    assert_eq!(tenant("{tenant}", "alpha").as_deref(), Some("alpha"));
    for (template, context) in [
        ("vcluster-{tenant}", "vcluster-"),
        ("vcluster-{tenant}", "argocd"),
        ("vcluster-{tenant}", "é"),
        ("{tenant}@{tenant}.eu", "a@b.eu"),
        ("{tenant}", "admin@fleet"),
    ] {
        assert_eq!(tenant(template, context), None, "{template} {context}");
    }
    assert_eq!(TenantClusters::SameCluster.tenant_of("alpha"), None);
}
