//! docs/rings.md says of each rule about pull requests which tests show it.

use super::{files, quoted, tests, workspace};
use std::{collections::BTreeSet, fs};

/// The tables of tests of which each test is a rule.
const RULES: [&str; 5] = ["gates", "labels", "releases", "returns", "standing"];

/// What stands between backticks in a table and reads like the name of a test.
fn named(document: &str) -> BTreeSet<&str> {
    let is_claim = |text: &&str| {
        text.matches('_').count() >= 3
            && text
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
    };
    quoted(document).filter(is_claim).collect()
}

#[test]
fn every_test_that_is_named_for_a_rule_about_pull_requests_exists() {
    let document = fs::read_to_string(workspace().join("docs/rings.md")).unwrap();
    let names = named(&document);
    assert!(names.len() > 80, "only {} tests are named", names.len());
    let code: String =
        files(&workspace().join("crates")).iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let is_missing = |name: &&&str| !code.contains(&format!("fn {name}("));
    let missing: Vec<_> = names.iter().filter(is_missing).collect();
    assert!(missing.is_empty(), "docs/rings.md names tests that are not there: {missing:?}");
}

#[test]
fn every_rule_about_pull_requests_is_in_the_document() {
    let document = fs::read_to_string(workspace().join("docs/rings.md")).unwrap();
    let names = named(&document);
    for table in RULES {
        let file = workspace().join(format!("crates/release/src/decide/tests/{table}.rs"));
        let code = fs::read_to_string(file).unwrap();
        let rules = tests(&code);
        assert!(rules.len() > 5, "only {} tests in {table}", rules.len());
        let missing: Vec<_> = rules.into_iter().filter(|rule| !names.contains(rule)).collect();
        assert!(missing.is_empty(), "these rules need a row in docs/rings.md: {missing:?}");
    }
}
