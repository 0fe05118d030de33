//! What the doctor says about a GitHub that grants what the README asks for, and one that does not.

use crate::harness::{Github, Ringway};
use serde_json::Value;

const TEAM: &str = "      authority: [{cohorts: 'github:path:big-*', team: acme/managers}]\n";

/// What is said about GitHub, as state and text.
fn said(checks: &Value) -> Vec<(String, String)> {
    let checks = checks.as_array().unwrap().iter();
    let text = |check: &Value, field: &str| check[field].as_str().unwrap_or_default().to_owned();
    let of_github = checks.filter(|check| text(check, "what").starts_with("GitHub"));
    of_github
        .map(|check| (text(check, "state"), format!("{}: {}", text(check, "what"), text(check, "found"))))
        .collect()
}

#[test]
fn the_doctor_finds_no_problem_on_a_github_as_the_readme_describes_it() {
    let github = Github::begin();
    github.cohort("one", &["alpha"]);
    let ringway = Ringway::with(&github.configuration(TEAM));
    let all = said(&ringway.run(&["doctor", "-o", "json"]).expect(0).json());
    assert_eq!(all.len(), 6, "{all:#?}");
    assert!(all.iter().all(|(state, _)| state == "good"), "{all:#?}");
    assert!(all[1].1.contains("for acme, acme/minimal, acme/releases"), "{all:#?}");
    assert_eq!(github.calls().content, 0);

    let elsewhere = github.configuration(TEAM).replace("ref: main", "ref: elsewhere");
    let ringway = Ringway::with(&elsewhere);
    let all = said(&ringway.run(&["doctor", "-o", "json"]).expect(1).json());
    let problems: Vec<_> = all.iter().filter(|(state, _)| state == "problem").collect();
    assert_eq!(problems.len(), 1, "{all:#?}");
    assert!(problems[0].1.ends_with("has no branch, tag or commit elsewhere"), "{all:#?}");
}
