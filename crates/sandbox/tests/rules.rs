//! A rule of the model names what showed it: a scenario that also runs on the testbed, or a section of docs/measured.md.
//! Names rot, so they are looked up here.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The comments of a file, as one text.
fn comments(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let comment = |line: &str| {
        line.split_once("//").map(|(_, rest)| rest.trim_start_matches(['/', '!']).trim().to_owned())
    };
    text.lines().filter_map(comment).collect::<Vec<_>>().join(" ")
}

/// What stands between backticks and reads like the name of a test, or like a module of scenarios.
fn named(comments: &str) -> BTreeSet<String> {
    let is_claim = |text: &&str| {
        let is_module = SCENARIO_MODULES.iter().any(|module| text.starts_with(&format!("{module}::")));
        (text.matches('_').count() >= 4 || is_module)
            && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "_:".contains(letter))
    };
    comments.split('`').skip(1).step_by(2).filter(is_claim).map(str::to_owned).collect()
}

/// Where scenarios are.
const SCENARIO_MODULES: [&str; 6] = ["argocd_rules", "cluster", "crash", "failures", "refusals", "rings"];

/// All scenarios, and the paths of their modules, such as `failures::operation`.
struct Scenarios {
    text: String,
    modules: BTreeSet<String>,
}

impl Scenarios {
    fn read() -> Self {
        let folder = workspace().join("crates/ringway/tests/scenarios");
        let files = files(&folder);
        let module = |path: &PathBuf| {
            let within = path.strip_prefix(&folder).unwrap().with_extension("");
            within.to_str().unwrap().replace('/', "::")
        };
        let modules = files.iter().map(module).collect();
        let text = files.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        Self { text, modules }
    }

    fn have(&self, name: &str) -> bool {
        let function = name.rsplit("::").next().unwrap();
        self.modules.contains(name) || self.text.contains(&format!("fn {function}("))
    }
}

/// What has no rule of its own, by the ends of the paths, and why.
const NO_RULES: [(&str, &str); 11] = [
    ("charts/yaml.rs", "YAML 1.1; the fixture that real Helm rendered has it"),
    ("charts/small.rs", "a chart of the testbed as a function; compared with what real Helm rendered"),
    ("charts/umbrella.rs", "as above"),
    ("charts/umbrella/subchart.rs", "as above"),
    ("workload/object.rs", "reading and making objects"),
    ("workload/pod.rs", "reading and making pods"),
    ("kubernetes/path.rs", "reading requests"),
    ("workload/kubelet/status.rs", "forms, from the stages that the testbed's imitated kubelet has as well"),
    ("argocd/charts/template.rs", "as the charts"),
    ("argocd/application_set/ignored.rs", "a part of the file above it"),
    ("argocd/application_set/template.rs", "a part of the file above it"),
];

#[test]
fn every_file_of_rules_names_what_showed_them() {
    let scenarios = Scenarios::read();
    let source = workspace().join("crates/sandbox/src");
    let shows = |path: &Path| {
        path.exists() && {
            let comments = comments(path);
            comments.contains("docs/measured.md, ")
                || comments.contains("scenarios in `registry`")
                || named(&comments).iter().any(|name| scenarios.have(name))
        }
    };
    let is_rules = |path: &PathBuf| {
        let path = path.to_str().unwrap();
        let is_test = ["/tests/", "/tests.rs", "/testing.rs"].iter().any(|part| path.contains(part));
        !is_test && !NO_RULES.iter().any(|(end, _)| path.ends_with(end))
    };
    // Of what lies beside the controllers, these decide something.
    let beside = ["model.rs", "store.rs", "timing.rs"].map(|name| source.join(name));
    let mut without: Vec<String> = beside
        .iter()
        .filter(|path| !shows(path))
        .map(|path| path.strip_prefix(&source).unwrap().display().to_string())
        .collect();
    for folder in ["argocd", "workload", "kubernetes", "oci"] {
        for path in files(&source.join(folder)).into_iter().filter(is_rules) {
            // A part of a larger file is shown where that is.
            let whole = path.parent().unwrap().with_extension("rs");
            let has_whole = whole.parent().unwrap() != source || folder == "oci";
            let is_shown = shows(&path) || has_whole && shows(&whole);
            if !is_shown {
                without.push(path.strip_prefix(&source).unwrap().display().to_string());
            }
        }
    }
    assert_eq!(without, Vec::<String>::new());
}

#[test]
fn every_scenario_that_a_rule_names_exists() {
    let scenarios = Scenarios::read();
    let (mut looked_up, mut missing) = (0, Vec::new());
    for path in files(&workspace().join("crates/sandbox/src")) {
        for name in named(&comments(&path)) {
            looked_up += 1;
            if !scenarios.have(&name) {
                missing.push(format!("{}: {name}", path.display()));
            }
        }
    }
    assert!(looked_up > 20, "the rules name {looked_up} scenarios only");
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn every_section_of_what_was_measured_that_a_rule_names_exists() {
    let measured = fs::read_to_string(workspace().join("docs/measured.md")).unwrap();
    let (mut looked_up, mut missing) = (0, Vec::new());
    for path in files(&workspace().join("crates/sandbox/src")) {
        let comments = comments(&path);
        for (_, after) in
            comments.match_indices("docs/measured.md, ").map(|(at, name)| (at, &comments[at + name.len()..]))
        {
            looked_up += 1;
            let section: String = after.chars().take_while(|letter| letter.is_ascii_alphabetic()).collect();
            if !measured.contains(&format!("\n## {section}\n")) {
                missing.push(format!("{}: {section}", path.display()));
            }
        }
    }
    assert!(looked_up > 10, "the rules name {looked_up} sections only");
    assert_eq!(missing, Vec::<String>::new());
}
