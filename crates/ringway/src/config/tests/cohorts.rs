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

#[test]
fn a_file_that_a_label_means_is_refused_alike() {
    let parse = |content: &[u8]| cohort::parse("acme/releases: cohorts/internal-level-1.json", content, 2);
    let cohort = parse(br#"{"tenants": [{"name": "alpha", "domain": "a.example.com"}]}"#).unwrap();
    assert_eq!(cohort, Cohort { name: "internal-level-1".into(), tenants: vec!["alpha".into()] });
    for (content, said) in [
        ("[]", "acme/releases: cohorts/internal-level-1.json has the wrong form"),
        ("{", "is not JSON"),
        ("", "is not JSON"),
        (r#"{"tenants": []}"#, "is empty; name at least one tenant"),
        (r#"{"tenants": [{"name": "a"}, {"name": "a"}]}"#, "stands at tenants[0].name already"),
        (r#"{"tenants": [{"name": "a b"}]}"#, "cannot be a tenant"),
        (
            r#"{"tenants": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}"#,
            "has 3 tenants, but a label takes at most 2; make the cohort smaller, or raise cohortLimit",
        ),
    ] {
        let error = parse(content.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(said), "{content}: {error}");
    }
    assert!(parse(&vec![b' '; 17 * 1024 * 1024]).unwrap_err().to_string().contains("is larger than"));
    assert!(parse(b"\xff").unwrap_err().to_string().contains("is not UTF-8"));
}

#[test]
fn tenants_that_labels_of_applications_name_are_checked_alike() {
    let names =
        |names: &[&str]| cohort::of_names("beta", names.iter().map(|name| (*name).to_owned()).collect(), 2);
    assert_eq!(names(&["a", "b"]).unwrap().tenants, ["a", "b"]);
    for (tenants, said) in [
        (&[][..], "beta: tenants: is empty"),
        (&["a", "a"], "beta: tenant 2: \"a\" stands at tenant 1 already"),
        (&["a", "b", "c"], "a label takes at most 2"),
        (&["A"], "cannot be a tenant"),
    ] {
        let error = names(tenants).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn the_value_of_a_label_means_a_file_of_the_folder() {
    for value in ["x", "x.json", "cohorts/x.json", "cohorts/x"] {
        assert_eq!(cohort::path("cohorts", value).as_deref(), Ok("cohorts/x.json"), "{value}");
        assert_eq!(cohort::path("teams/cohorts", value).as_deref(), Ok("teams/cohorts/x.json"), "{value}");
        assert_eq!(
            cohort::file(Path::new("/etc/cohorts"), value).as_deref(),
            Ok(Path::new("/etc/cohorts/x.json"))
        );
    }
    for (value, path) in [
        ("internal-level-1", "cohorts/internal-level-1.json"),
        ("eu/internal.1", "cohorts/eu/internal.1.json"),
        ("teams/x.json", "cohorts/teams/x.json"),
        ("cohorts", "cohorts/cohorts.json"),
    ] {
        assert_eq!(cohort::path("cohorts", value).as_deref(), Ok(path));
    }
    assert_eq!(cohort::path("teams/cohorts", "teams/cohorts/x.json").as_deref(), Ok("teams/cohorts/x.json"));
    assert_eq!(cohort::file(Path::new("/"), "x").as_deref(), Ok(Path::new("/x.json")));
}

#[test]
fn the_value_of_a_label_leads_nowhere_else() {
    for (value, said) in [
        ("../x", "leads out of the folder"),
        ("cohorts/../../x.json", "leads out of the folder"),
        ("cohorts/..", "leads out of the folder"),
        ("/etc/passwd", "is an absolute path"),
        ("", "has an empty part"),
        (".json", "has an empty part"),
        (".", "has an empty part"),
        ("a//b", "has an empty part"),
        ("a/", "has an empty part"),
        ("a/.json", "has an empty part"),
        ("cohorts/", "has an empty part"),
        ("cohorts/.json", "has an empty part"),
        ("x%2f..", "has '%' in it"),
        ("x\\y", "in it"),
        ("x y", "has ' ' in it"),
        ("x\n", "has '\\n' in it"),
        ("x?ref=evil", "has '?' in it"),
    ] {
        let error = cohort::path("cohorts", value).unwrap_err();
        assert!(
            error.contains(said) && error.contains("write the name of a cohort file"),
            "{value:?}: {error}"
        );
        assert!(cohort::file(Path::new("/etc/cohorts"), value).is_err(), "{value:?}");
    }
}
