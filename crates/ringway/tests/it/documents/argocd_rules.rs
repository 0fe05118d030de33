//! docs/argocd-rules.md says of each rule about Argo CD which scenario shows it.

use super::{files, quoted, tests, workspace};
use std::{collections::BTreeMap, fs};

/// Where the scenarios are that show nothing but such rules.
const RULES: &str = "argocd_rules::";

/// The tests of each module of scenarios, such as `failures::operation`.
fn scenarios() -> BTreeMap<String, Vec<String>> {
    let folder = workspace().join("crates/ringway/tests/scenarios");
    let module = |file: &std::path::PathBuf| {
        let within = file.strip_prefix(&folder).unwrap().with_extension("");
        let code = fs::read_to_string(file).unwrap();
        let tests = tests(&code).into_iter().map(str::to_owned).collect();
        (within.to_str().unwrap().replace('/', "::"), tests)
    };
    files(&folder).iter().map(module).collect()
}

/// What a document says that shows its rules: names of tests with their modules, and names of modules. The head of a
/// table says in which module the tests are that are named without one.
fn named(document: &str) -> Vec<String> {
    let (mut names, mut module) = (Vec::new(), String::new());
    for row in document.lines().filter(|line| line.starts_with('|')) {
        if row.contains("| test in ") {
            module = quoted(row).last().unwrap().to_owned();
            continue;
        }
        let (_, shown) = row.trim_end_matches([' ', '|']).rsplit_once('|').unwrap();
        let words =
            shown.split('`').skip(1).step_by(2).filter(|word| word.contains('_') || word.contains("::"));
        names.extend(
            words.map(|word| if word.contains("::") { word.to_owned() } else { format!("{module}::{word}") }),
        );
    }
    names
}

#[test]
fn every_scenario_that_is_named_for_a_rule_about_argo_cd_exists() {
    let document = fs::read_to_string(workspace().join("docs/argocd-rules.md")).unwrap();
    let (names, scenarios) = (named(&document), scenarios());
    assert!(names.len() > 20, "only {} scenarios are named", names.len());
    let is_there = |name: &String| {
        let (module, test) = name.rsplit_once("::").unwrap();
        scenarios.contains_key(name)
            || scenarios.get(module).is_some_and(|tests| tests.iter().any(|known| known == test))
    };
    let missing: Vec<_> = names.into_iter().filter(|name| !is_there(name)).collect();
    assert!(missing.is_empty(), "docs/argocd-rules.md names scenarios that are not there: {missing:?}");
}

#[test]
fn every_scenario_that_shows_a_rule_about_argo_cd_is_in_the_document() {
    let document = fs::read_to_string(workspace().join("docs/argocd-rules.md")).unwrap();
    let names = named(&document);
    let of_rules = scenarios().into_iter().filter(|(module, _)| module.starts_with(RULES));
    let tests =
        of_rules.flat_map(|(module, tests)| tests.into_iter().map(move |test| format!("{module}::{test}")));
    let (known, missing): (Vec<_>, Vec<_>) = tests.partition(|test| names.contains(test));
    assert!(known.len() > 10, "only {} scenarios are known", known.len());
    assert!(missing.is_empty(), "these scenarios need a row in docs/argocd-rules.md: {missing:?}");
}
