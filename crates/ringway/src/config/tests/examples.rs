//! The folder `examples`: its configurations are valid, and its workflows build what they say.

use crate::config::{
    CohortSource, Config, EnvironmentPaths, GithubCredentials, Rings, cohort,
    document::{self, Kind, Node},
};
use release::{
    decide::rules::{Mode, OnMerge},
    service::{ImageValues, Strategy},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const COMMIT: &str = "e65a9951f0c7b3d2a4e6f80912345678deadbeef";

/// One example as it lies in its folder.
struct Example {
    folder: PathBuf,
    config: Config,
    workflow: Node,
}

impl Example {
    fn load(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
        let config = Config::load(&folder.join("ringway.yaml")).unwrap();
        let file = config.rings[name].rules.build.as_ref().unwrap().workflow.clone();
        let text = fs::read_to_string(folder.join(".github/workflows").join(file)).unwrap();
        let (workflow, faults) = document::parse(&text);
        assert!(faults.is_empty(), "{faults:?}");
        Self { folder, config, workflow: workflow.unwrap() }
    }

    fn all() -> [Self; 2] {
        ["atlas-metastore", "heracles"].map(Self::load)
    }

    fn rings(&self) -> &Rings {
        self.config.rings.values().next().unwrap()
    }

    /// The jobs of the workflow, by their names.
    fn jobs(&self) -> Vec<(&str, &Node)> {
        fields(at(&self.workflow, "jobs"))
    }

    fn job(&self, name: &str) -> &Node {
        self.jobs().into_iter().find(|(job, _)| *job == name).unwrap_or_else(|| panic!("no job {name}")).1
    }

    /// Every step of every job.
    fn steps(&self) -> Vec<&Node> {
        self.jobs().into_iter().flat_map(|(_, job)| list(at(job, "steps"))).collect()
    }
}

fn fields(node: &Node) -> Vec<(&str, &Node)> {
    let Kind::Map(fields) = &node.kind else { panic!("{node:?} is no mapping") };
    fields.iter().map(|field| (field.name.as_str(), &field.value)).collect()
}

fn find<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    fields(node).into_iter().find(|(field, _)| *field == name).map(|(_, value)| value)
}

fn at<'a>(node: &'a Node, name: &str) -> &'a Node {
    find(node, name).unwrap_or_else(|| panic!("line {} lacks {name}", node.at.line))
}

fn list(node: &Node) -> Vec<&Node> {
    let Kind::List(items) = &node.kind else { panic!("{node:?} is no list") };
    items.iter().collect()
}

fn text(node: &Node) -> &str {
    let Kind::Scalar { text, .. } = &node.kind else { panic!("{node:?} is no text") };
    text
}

/// What a job waits for.
fn needs(job: &Node) -> Vec<&str> {
    match find(job, "needs") {
        None => Vec::new(),
        Some(node @ Node { kind: Kind::List(_), .. }) => list(node).into_iter().map(text).collect(),
        Some(node) => vec![text(node)],
    }
}

#[test]
fn the_smallest_configuration_of_the_readme_is_a_whole_one() {
    let readme =
        fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../README.md")).unwrap();
    let (_, begins) = readme.split_once("```yaml\nargocd:").unwrap();
    let (smallest, _) = begins.split_once("```").unwrap();
    let environment = EnvironmentPaths { home: Some("/home/a".into()), ..EnvironmentPaths::default() };
    let config =
        Config::parse(Path::new("ringway.yaml"), format!("argocd:{smallest}").as_bytes(), &environment);
    assert_eq!(config.unwrap().services.keys().collect::<Vec<_>>(), ["atlas"]);
}

#[test]
fn atlas_metastore_is_overridden_in_both_of_its_charts_and_keeps_what_was_merged() {
    let Example { config, .. } = Example::load("atlas-metastore");
    let overrides = &config.services["atlas-metastore"].applications[0].overrides;
    let places: Vec<String> = overrides
        .iter()
        .map(|each| match &each.values {
            ImageValues::RepositoryAndTag { repository, .. } => format!("{:?} {repository}", each.strategy),
            ImageValues::Reference(_) => panic!("two values"),
        })
        .collect();
    let expected =
        ["ValuesObject atlas.atlas.image.repository", "ValuesObject atlas-read.atlas.image.repository"];
    assert_eq!(places, expected);
    let rings = &config.rings["atlas-metastore"];
    assert_eq!((rings.rules.on_merge, rings.rules.cohort_limit), (OnMerge::Keep, 20));
    assert!(matches!(config.github.unwrap().credentials, GithubCredentials::App { .. }));
}

#[test]
fn heracles_is_overridden_by_flat_parameters_and_cleaned_up_when_it_is_merged() {
    let Example { config, .. } = Example::load("heracles");
    let place = &config.services["heracles"].applications[0].overrides[0];
    assert_eq!(place.strategy, Strategy::Parameters);
    let ImageValues::RepositoryAndTag { repository, tag } = &place.values else { panic!("two values") };
    assert_eq!(
        (repository.to_string(), tag.to_string()),
        ("heracles.image.repository".into(), "heracles.image.tag".into())
    );
    assert_eq!(config.rings["heracles"].rules.on_merge, OnMerge::Cleanup);
    assert!(matches!(config.github.unwrap().credentials, GithubCredentials::Token(_)));
}

#[test]
fn an_example_touches_no_tenant_before_somebody_wants_it() {
    for example in Example::all() {
        assert_eq!(example.rings().rules.mode, Mode::Observe);
        let report = example.config.report();
        assert!(report.contains("nothing is written (observe)"), "{report}");
    }
}

#[test]
fn the_label_of_an_example_means_its_cohort_file() {
    for example in Example::all() {
        let CohortSource::Github { folder, .. } = &example.config.cohorts["github"] else {
            panic!("on GitHub")
        };
        let path = cohort::path(folder, "internal-level-1").unwrap();
        let bytes = fs::read(example.folder.join(&path)).unwrap();
        let cohort = cohort::parse(&path, &bytes, example.rings().rules.cohort_limit).unwrap();
        assert_eq!((cohort.name.as_str(), cohort.tenants[0].as_str()), ("internal-level-1", "sandbox-one"));
    }
}

#[test]
fn every_push_to_a_ring_is_built_and_nothing_that_a_fork_can_start() {
    for example in Example::all() {
        let triggers = fields(at(&example.workflow, "on"));
        let [("push", push)] = triggers.as_slice() else { panic!("{triggers:?}") };
        let filters = fields(push);
        let [("branches", branches)] = filters.as_slice() else { panic!("{filters:?}") };
        let branches: Vec<&str> = list(branches).into_iter().map(text).collect();
        assert!(branches.contains(&example.rings().rules.branches.as_str()), "{branches:?}");
        let group = text(at(at(&example.workflow, "concurrency"), "group"));
        assert!(group.contains("${{ github.ref }}"), "rings wait for each other: {group}");
    }
}

#[test]
fn the_job_that_counts_is_there_and_never_skipped_on_a_ring() {
    for example in Example::all() {
        let name = example.rings().rules.build.as_ref().unwrap().job.as_deref().unwrap();
        let mut before = vec![name];
        let mut index = 0;
        while let Some(name) = before.get(index).copied() {
            let job = example.job(name);
            assert!(find(job, "if").is_none(), "{name} may be skipped");
            // GitHub calls a job by its name, if it has one.
            assert!(find(job, "name").is_none(), "{name} is called otherwise");
            before.extend(needs(job));
            index += 1;
        }
        assert!(!before.contains(&"chart"));
    }
}

#[test]
fn no_chart_is_published_from_a_ring() {
    for (example, default) in Example::all().iter().zip(["master", "main"]) {
        let chart = example.job("chart");
        assert_eq!(text(at(chart, "if")), format!("github.ref == 'refs/heads/{default}'"));
        let branches = list(at(at(at(&example.workflow, "on"), "push"), "branches"));
        assert!(branches.into_iter().map(text).any(|branch| branch == default));
        let counts = example.rings().rules.build.as_ref().unwrap().job.as_deref().unwrap();
        assert!(needs(chart).contains(&counts), "the chart waits for the image");
        for step in list(at(chart, "steps")) {
            assert!(find(step, "uses").is_none_or(|action| !text(action).contains("build-push")));
        }
    }
}

#[test]
fn the_image_exists_for_every_platform_that_the_service_asks_for() {
    for example in Example::all() {
        let mut built = Vec::new();
        for (_, job) in example.jobs() {
            for step in list(at(job, "steps")) {
                let Some(platforms) = find(step, "with").and_then(|with| find(with, "platforms")) else {
                    continue;
                };
                match text(platforms) {
                    "linux/${{ matrix.architecture }}" => {
                        let rows = list(at(at(at(job, "strategy"), "matrix"), "include"));
                        built.extend(
                            rows.into_iter().map(|row| format!("linux/{}", text(at(row, "architecture")))),
                        );
                    }
                    list => built.extend(list.split(',').map(str::to_owned)),
                }
            }
        }
        let service = example.config.services.values().next().unwrap();
        let wanted: Vec<String> = service.images[0].platforms.iter().map(ToString::to_string).collect();
        assert_eq!(built, wanted);
    }
}

/// Runs the step that names the image as GitHub does, and gives what it says. `None`: it fails.
fn named(example: &Example, branch: &str) -> Option<String> {
    let is_naming = |step: &&Node| find(step, "id").is_some_and(|id| text(id) == "image");
    let step = example.steps().into_iter().find(is_naming).unwrap();
    assert_eq!(text(at(at(step, "env"), "BRANCH")), "${{ github.ref_name }}");
    assert_eq!(text(at(at(step, "env"), "COMMIT")), "${{ github.sha }}");
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("output");
    let result = Command::new("bash")
        .args(["-e", "-o", "pipefail", "-c", text(at(step, "run"))])
        .current_dir(folder.path())
        .env_clear()
        .env("IMAGE", text(at(at(&example.workflow, "env"), "IMAGE")))
        .env("BRANCH", branch)
        .env("COMMIT", COMMIT)
        .env("GITHUB_OUTPUT", &output)
        .output()
        .unwrap();
    let said = fs::read_to_string(&output).unwrap_or_default();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), usize::from(output.exists()), "{branch}");
    result.status.success().then(|| said.strip_prefix("name=").unwrap().trim_end().to_owned())
}

#[test]
fn a_workflow_calls_the_image_as_the_configuration_does() {
    for example in Example::all() {
        let template = example.rings().images.values().next().unwrap();
        let patterns = &example.config.services.values().next().unwrap().images[0].repositories;
        let is_allowed = |repository: &str| patterns.iter().any(|pattern| pattern.matches(repository));
        for branch in [
            "ring-x",
            "ring-1.2_3",
            "ring-a--b",
            "ring-",
            "ring-A",
            "ring-a/b",
            "ring-ä",
            "ring-$(touch x)",
            "ring-`x`;x",
        ] {
            let rendered = template.render(branch, COMMIT).ok();
            let rendered =
                rendered.filter(|image| is_allowed(image.repository())).map(|image| image.to_string());
            assert_eq!(named(&example, branch), rendered, "{branch}");
        }
    }
    let atlas = Example::load("atlas-metastore");
    assert_eq!(named(&atlas, "ring-x").as_deref(), Some("ghcr.io/acme/atlas-metastore-ring-x:e65a995abcd"));
}

#[test]
fn what_is_pushed_is_what_was_named() {
    for example in Example::all() {
        let tags: Vec<&str> = example
            .steps()
            .into_iter()
            .filter_map(|step| find(find(step, "with")?, "tags"))
            .map(text)
            .collect();
        let joins = example.steps().into_iter().filter_map(|step| find(step, "run")).map(text);
        match tags.as_slice() {
            ["${{ steps.image.outputs.name }}"] => {}
            ["${{ needs.name.outputs.image }}-${{ matrix.architecture }}"] => {
                let output = at(at(example.job("name"), "outputs"), "image");
                assert_eq!(text(output), "${{ steps.image.outputs.name }}");
                let join = joins.into_iter().find(|run| run.contains("imagetools create")).unwrap();
                assert!(join.contains(r#"--tag "$NAME" "$NAME-amd64" "$NAME-arm64""#), "{join}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn no_text_from_outside_stands_in_a_shell() {
    for example in Example::all() {
        for run in example.steps().into_iter().filter_map(|step| find(step, "run")) {
            assert!(!text(run).contains("${{"), "line {}: {}", run.at.line, text(run));
        }
    }
}

#[test]
fn a_workflow_may_do_no_more_than_it_must() {
    for example in Example::all() {
        let read: Vec<(&str, &str)> = vec![("contents", "read")];
        let granted =
            |node| fields(at(node, "permissions")).into_iter().map(|(name, value)| (name, text(value)));
        assert_eq!(granted(&example.workflow).collect::<Vec<_>>(), read);
        for (name, job) in example.jobs() {
            for permission in granted(job) {
                assert!(
                    matches!(permission, ("contents", "read") | ("packages", "write")),
                    "{name}: {permission:?}"
                );
            }
        }
        for action in example.steps().into_iter().filter_map(|step| find(step, "uses")).map(text) {
            let (_, version) = action.split_once("@v").unwrap_or_else(|| panic!("{action} has no version"));
            assert!(version.parse::<u32>().is_ok(), "{action} is not pinned to a major version");
        }
    }
}
