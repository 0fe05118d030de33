//! Cohort files and `--tenants`.

use crate::config::cohort::{self, Cohort, CohortError};
use std::{fs, path::Path};

/// The answer to a cohort file with that content, with the folder left out.
fn answer(content: &[u8]) -> Result<Cohort, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("internal-level-1.json");
    fs::write(&file, content).unwrap();
    let shown = |error: CohortError| error.to_string().replace(&format!("{}/", folder.path().display()), "");
    cohort::load(&file, 3).map_err(shown)
}

#[test]
fn a_cohort_file_names_its_tenants_and_more() {
    let content = br#"{
        "description": "low risk",
        "tenants": [
            {"name": "alpha", "domain": "alpha.example.com", "cloud": "aws"},
            {"name": "beta-2", "deployment": {"type": "vcluster"}}
        ]
    }"#;
    let expected = Cohort { name: "internal-level-1".into(), tenants: vec!["alpha".into(), "beta-2".into()] };
    assert_eq!(answer(content), Ok(expected.clone()));
    let with_mark = [b"\xef\xbb\xbf".as_slice(), content].concat();
    assert_eq!(answer(&with_mark), Ok(expected), "a byte order mark is no harm");
}

#[test]
fn bad_cohort_files_are_refused_by_name() {
    let mut text = String::new();
    for (name, content) in [
        ("empty", ""),
        ("not JSON", "{\"tenants\": [\n  {\"name\": \"alpha\"},\n]}"),
        ("YAML", "tenants:\n- name: alpha\n"),
        ("a list", "[\"alpha\"]"),
        ("no tenants", "{\"cohort\": []}"),
        ("tenants as texts", "{\"tenants\": [\"alpha\"]}"),
        ("a tenant without a name", "{\"tenants\": [{\"domain\": \"a.example.com\"}]}"),
        ("an empty list", "{\"tenants\": []}"),
        (
            "names that are none",
            r#"{"tenants": [{"name": "../alpha"}, {"name": "Alpha"}, {"name": ""}, {"name": "a\nb"}, {"name": "a b"}]}"#,
        ),
        ("duplicates", r#"{"tenants": [{"name": "a"}, {"name": "b"}, {"name": "a"}]}"#),
        ("too many", r#"{"tenants": [{"name": "a"}, {"name": "b"}, {"name": "c"}, {"name": "d"}]}"#),
    ] {
        text.push_str(&format!("# {name}\n{}\n\n", answer(content.as_bytes()).expect_err(name)));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let error = cohort::load(Path::new("/nowhere/x.json"), 3).unwrap_err().to_string();
    assert!(error.starts_with("the cohort file /nowhere/x.json does not exist"), "{error}");
    let error = answer(b"{\"tenants\": [{\"name\": \"\xff\"}]}").unwrap_err();
    assert!(error.contains("is not UTF-8 text at line 1 column 24"), "{error}");
    let error = answer("[".repeat(100_000).as_bytes()).unwrap_err();
    assert!(error.contains("has the wrong form") || error.contains("is not JSON"), "{error}");
    let error = cohort::load(Path::new("/dev/zero"), 3).unwrap_err().to_string();
    assert!(error.contains("is larger than"), "{error}");
}

#[test]
fn many_errors_are_counted_not_printed() {
    let tenants: Vec<String> = (0..5000).map(|_| "{\"name\": \"$(reboot)\"}".to_owned()).collect();
    let error = answer(format!("{{\"tenants\": [{}]}}", tenants.join(",")).as_bytes()).unwrap_err();
    assert!(error.lines().count() == 101, "{}", error.lines().count());
    assert!(error.contains("5001 errors in internal-level-1.json; these are the first 100"), "{error}");
}

#[test]
fn tenants_of_the_command_line_are_checked_alike() {
    assert_eq!(cohort::parse_tenants("alpha, beta", 3).unwrap().tenants, ["alpha", "beta"]);
    for (list, said) in [
        ("", "--tenants: name 1: is empty"),
        ("alpha,,beta", "--tenants: name 2: is empty"),
        ("alpha,alpha", "--tenants: name 2: \"alpha\" stands at name 1 already"),
        ("alpha;beta", "--tenants: name 1: cannot be a tenant: found \"alpha;beta\""),
        ("a,b,c,d", "has 4 tenants, but a release takes at most 3"),
    ] {
        let error = cohort::parse_tenants(list, 3).unwrap_err().to_string();
        assert!(error.contains(said), "{list}: {error}");
    }
}
