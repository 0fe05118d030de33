//! GitHub, cohorts and rings: what they mean, their defaults, and everything that is said about bad ones.

use super::{EXAMPLE, MINIMAL, parse};
use crate::config::{CohortSource, Config, GithubCredentials, SecretSource};
use release::decide::{
    facts::Permission,
    rules::{Authority, ImageTemplate, Mode, OnMerge},
};
use std::{fmt::Write, time::Duration};

const GITHUB: &str = "github: {token: {environment: TOKEN}}\n";
const COHORTS: &str = "cohorts: {github: {kind: github, repository: acme/releases}}\n";
const RINGS: &str =
    "rings: {repository: acme/web, images: {web: {repository: ghcr.io/acme/web, tag: '{sha7}abcd'}}}";

/// [`MINIMAL`] with `rings` in its service.
fn with_rings(rings: &str) -> String {
    MINIMAL.replace("    images: {web:", &format!("    {rings}\n    images: {{web:"))
}

/// As little as pull requests need.
fn driven(rings: &str) -> String {
    format!("{}{GITHUB}{COHORTS}", with_rings(rings))
}

/// [`RINGS`] and more.
fn and(more: &str) -> String {
    driven(&RINGS.replace("rings: {", &format!("rings: {{{more}, ")))
}

fn refused(cases: &[(&str, String)]) -> String {
    let mut text = String::new();
    for (name, yaml) in cases {
        let errors = parse(yaml).expect_err(name);
        writeln!(text, "# {name}\n{errors}\n").unwrap();
    }
    text.replace("/etc/ringway/ringway.yaml", "ringway.yaml")
}

#[test]
fn the_example_drives_a_service_by_pull_requests() {
    let config = parse(EXAMPLE).unwrap();
    let github = config.github.unwrap();
    assert_eq!(
        github.credentials,
        GithubCredentials::App {
            id: 123_456,
            installation: Some(7_654_321),
            key: SecretSource::File("/run/secrets/github-app.pem".into())
        }
    );
    assert_eq!(
        github.webhook_secrets,
        [
            SecretSource::File("/run/secrets/github-webhook".into()),
            SecretSource::Environment("GITHUB_WEBHOOK_SECRET".into())
        ]
    );
    assert_eq!(config.cohorts["local"], CohortSource::File { folder: "/etc/ringway/cohorts".into() });
    assert_eq!(
        config.cohorts["argocd"],
        CohortSource::Argocd {
            selector: "acme.example.com/{key}={value}".into(),
            tenant_label: "acme.example.com/tenant".into()
        }
    );
    let rings = &config.rings["atlas-metastore"];
    assert_eq!(rings.rules.build.as_ref().unwrap().job.as_deref(), Some("build"));
    let image = rings.images["atlas-metastore"]
        .render("ring-x", "e65a995cccccccccccccccccccccccccccccccccc")
        .unwrap();
    assert_eq!(image.to_string(), "ghcr.io/acme/atlas-metastore-ring-x:e65a995abcd");
    let needs: Vec<&Authority> = rings.rules.authority.iter().map(|rule| &rule.needs).collect();
    assert_eq!(
        needs,
        [&Authority::Team("acme/release-managers".into()), &Authority::Permission(Permission::Maintain)]
    );
    assert!(!config.rings.contains_key("heracles"), "a service without rings is driven by nobody");
}

#[test]
fn what_is_left_out_of_rings_has_its_default() {
    let config = parse(&driven(RINGS)).unwrap();
    let github = config.github.unwrap();
    assert_eq!((github.api.as_str(), github.sweep), ("https://api.github.com", Duration::from_secs(120)));
    assert_eq!(github.webhook_secrets, []);
    let (reference, folder) = ("main".to_owned(), "cohorts".to_owned());
    let source = CohortSource::Github { repository: "acme/releases".into(), reference, folder };
    assert_eq!(config.cohorts["github"], source);
    let rings = &config.rings["web"];
    assert_eq!(
        rings.images["web"],
        ImageTemplate { repository: "ghcr.io/acme/web".into(), tag: "{sha7}abcd".into() }
    );
    let rules = &rings.rules;
    assert_eq!((rules.branches.as_str(), rules.grace), ("ring-*", Duration::from_secs(600)));
    assert_eq!((rules.on_merge, rules.mode, rules.cohort_limit), (OnMerge::Keep, Mode::Act, 250));
    assert_eq!((&rules.build, rules.authority.as_slice()), (&None, [].as_slice()));
}

#[test]
fn observing_everywhere_wins_over_a_service() {
    let mode = |config: Config| (config.mode, config.rings["web"].rules.mode);
    let text = and("mode: act");
    assert_eq!(mode(parse(&text).unwrap()), (Mode::Act, Mode::Act));
    assert_eq!(mode(parse(&format!("{text}mode: observe\n")).unwrap()), (Mode::Observe, Mode::Observe));
    assert_eq!(mode(parse(&and("mode: observe")).unwrap()), (Mode::Act, Mode::Observe));
}

#[test]
fn a_cohort_is_never_larger_than_a_release() {
    let config = parse(&format!("{}limits: {{cohortSize: 20}}\n", driven(RINGS))).unwrap();
    assert_eq!(config.rings["web"].rules.cohort_limit, 20);
    let error = parse(&and("cohortLimit: 501")).unwrap_err().to_string();
    assert!(error.contains("limits.cohortSize lets no release have more than 500 tenants"), "{error}");
}

#[test]
fn without_a_webhook_secret_the_report_says_that_only_the_sweep_works() {
    insta::assert_snapshot!(parse(&format!("{}mode: observe\n", driven(RINGS))).unwrap().report());
}

#[test]
fn pull_requests_without_their_sections() {
    insta::assert_snapshot!(refused(&[
        ("rings without github and cohorts", with_rings(RINGS)),
        ("rings without cohorts", with_rings(RINGS) + GITHUB),
        ("cohorts on GitHub without github", MINIMAL.to_owned() + COHORTS),
    ]));
}

#[test]
fn github_and_secrets() {
    let github = |github: &str| format!("{MINIMAL}github: {github}\n");
    let token = |more: &str| github(&format!("{{token: {{file: t}}, {more}}}"));
    let answers = refused(&[
        ("nobody", github("{sweep: 2m}")),
        ("two of us", token("app: {id: 1, privateKeyFile: k}")),
        ("an App without a key", github("{app: {id: 1}}")),
        ("an App without an id", github("{app: {privateKeyFile: k}}")),
        ("two keys", github("{app: {id: 1, privateKeyFile: k, privateKeyEnvironment: K}}")),
        ("bad ids", github("{app: {id: ringway, installation: 0, privateKeyFile: k}}")),
        ("two tokens", github("{token: {file: t, environment: T}}")),
        ("no token", github("{token: {}}")),
        ("no encryption", token("api: 'http://api.github.com'")),
        ("no address", token("api: api.github.com")),
        ("a password in the address", token("api: 'https://bot:hunter2@api.github.com'")),
        ("a sweep too often", token("sweep: 5s")),
        ("a sweep too rare", token("sweep: 2h")),
        ("three webhook secrets", token("webhookSecrets: [{file: a}, {file: b}, {environment: C}]")),
        ("the same webhook secret", token("webhookSecrets: [{file: a}, {file: a}]")),
        ("a slip", token("webhookSecret: hunter2, swep: 1m")),
        ("a text for everything", github("hunter2")),
        ("the token itself", github("{token: hunter2}")),
        ("the token for a file", github("{token: {file: ghp_hunter2}}")),
        ("the token for a variable", github("{token: {environment: github_pat_hunter2}}")),
        ("the key itself", github("{app: {id: 1, privateKey: hunter2}}")),
        ("the key for a file", github("{app: {id: 1, privateKeyFile: '-----BEGIN KEY-----hunter2'}}")),
        ("the webhook secret itself", token("webhookSecrets: hunter2")),
        ("the webhook secrets themselves", token("webhookSecrets: [hunter2]")),
        (
            "credentials of a registry",
            format!("{MINIMAL}registries: [{{host: ghcr.io, credentials: hunter2}}]\n"),
        ),
    ]);
    assert!(!answers.contains("hunter2"), "a secret is shown:\n{answers}");
    insta::assert_snapshot!(answers);
}

#[test]
fn cohorts() {
    let cohorts = |cohorts: &str| format!("{MINIMAL}{GITHUB}cohorts: {cohorts}\n");
    insta::assert_snapshot!(refused(&[
        ("none", cohorts("{}")),
        (
            "names that labels cannot have",
            cohorts("{'a:b': {kind: file, folder: x}, 'a b': {kind: file, folder: x}}")
        ),
        ("no kind", cohorts("{github: {repository: acme/releases}}")),
        ("an unknown kind", cohorts("{github: {kind: gitub}}")),
        ("no repository", cohorts("{github: {kind: github}}")),
        (
            "bad places",
            cohorts("{g: {kind: github, repository: 'https://github.com/a/b', ref: 'a b', folder: ../x}}")
        ),
        ("no folder", cohorts("{local: {kind: file}}")),
        (
            "settings of other kinds",
            cohorts("{local: {kind: file, folder: x, ref: main, selector: 'a={value}'}}")
        ),
        ("no selector", cohorts("{argocd: {kind: argocd, folder: x}}")),
        ("the same for all labels", cohorts("{argocd: {kind: argocd, selector: a=b, tenantLabel: a}}")),
        ("bad selectors", cohorts("{a: {kind: argocd, selector: 'a={tenant}', tenantLabel: 'a b'}}")),
    ]));
}

#[test]
fn rings() {
    let images = |images: &str| driven(&format!("rings: {{repository: acme/web, images: {images}}}"));
    let template = |repository: &str, tag: &str| {
        images(&format!("{{web: {{repository: '{repository}', tag: '{tag}'}}}}"))
    };
    let second = "\n  api:\n    rings: {repository: Acme/Web, images: {api: {repository: a.b/c, tag: '{sha}'}}}\n    \
                  images: {api: {repositories: [a.b/c]}}\n    applications: [{name: '{tenant}', overrides: [{image: api, \
                  values: {reference: image}, workloads: [{kind: Deployment, name: api, container: api}]}]}]\n";
    insta::assert_snapshot!(refused(&[
        ("nothing", driven("rings: {}")),
        (
            "a bad repository",
            driven(&RINGS.replace("{repository: acme/web,", "{repository: github.com/acme/web,"))
        ),
        (
            "one repository for two services",
            driven(RINGS).replace("container: web}]\n", &format!("container: web}}]{second}"))
        ),
        ("every branch", and("branches: '*'")),
        ("bad branches", and("branches: 'ring ~'")),
        ("no workflow", and("build: {job: build}")),
        ("no file of a workflow", and("build: {workflow: .github/workflows/maven.yml}")),
        ("the name of a workflow", and("build: {workflow: Java CI with Maven}")),
        ("no images", images("{}")),
        ("an unknown image", images("{wbe: {repository: ghcr.io/acme/web, tag: '{sha}'}}")),
        (
            "an image that is left out",
            driven(RINGS)
                .replace("{web: {repositories", "{api: {repositories: [a.b/c]}, web: {repositories")
                .replace(
                    "- image: web",
                    "- {image: api, values: {reference: b}, workloads: [{kind: Deployment, name: b, \
                                          container: b}]}\n          - image: web"
                )
        ),
        ("a repository that is not allowed", template("ghcr.io/acme/web-{branch}", "{sha7}")),
        ("an unknown placeholder", template("ghcr.io/acme/web", "{sha8}-{brnch}")),
        ("half a placeholder", template("ghcr.io/acme/web", "{sha")),
        ("the same image for all commits", template("ghcr.io/acme/web", "{branch}")),
        ("no image", template("web", "{sha}")),
        ("durations", and("grace: 8d")),
        ("a negative grace", and("grace: -1m")),
        ("unknown words", and("onMerge: clean, mode: watch")),
        ("limits", and("cohortLimit: 0")),
        ("unknown settings", and("autority: [], label: x")),
        ("authority for nothing", and("authority: [{permission: write}]")),
        ("authority of nobody", and("authority: [{cohorts: 'github:path:*'}]")),
        (
            "authority of two",
            and("authority: [{cohorts: 'github:path:*', permission: write, team: acme/web}]")
        ),
        (
            "less than write",
            and(
                "authority: [{cohorts: 'github:path:*', permission: triage}, {cohorts: '*:*:*', permission: none}]"
            )
        ),
        ("no team", and("authority: [{cohorts: 'github:path:*', team: releasers}]")),
        (
            "bad patterns",
            and("authority: [{cohorts: 'cohort:github:path:*', team: a/b}, {cohorts: '*', team: a/b}]")
        ),
        ("an unknown source", and("authority: [{cohorts: 'gitub:path:*', team: a/b}]")),
        ("an unknown mode for all", driven(RINGS) + "mode: dry-run\n"),
    ]));
}
