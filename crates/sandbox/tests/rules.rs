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

/// What stands between backticks and reads like the name of a test.
fn named(comments: &str) -> BTreeSet<String> {
    let is_claim = |text: &&str| {
        text.matches('_').count() >= 4
            && text.chars().all(|letter| letter.is_ascii_lowercase() || "_:".contains(letter))
    };
    comments.split('`').skip(1).step_by(2).filter(is_claim).map(str::to_owned).collect()
}

#[test]
fn every_scenario_that_a_rule_names_exists() {
    let tests: String = ["crates/ringway/tests/scenarios", "crates/sandbox/src"]
        .iter()
        .flat_map(|folder| files(&workspace().join(folder)))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let (mut looked_up, mut missing) = (0, Vec::new());
    for path in files(&workspace().join("crates/sandbox/src")) {
        for name in named(&comments(&path)) {
            looked_up += 1;
            let function = name.rsplit("::").next().unwrap();
            if !tests.contains(&format!("fn {function}(")) {
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
