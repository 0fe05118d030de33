//! References and patterns, what a registry said, and tags that moved.

use super::*;

#[test]
fn references_are_split_at_the_right_colon() {
    let reference: ImageReference = "127.0.0.1:5000/acme/atlas:0123456".parse().unwrap();
    assert_eq!(reference.registry(), "127.0.0.1:5000");
    assert_eq!(reference.path(), "acme/atlas");
    assert_eq!((reference.repository(), reference.tag()), ("127.0.0.1:5000/acme/atlas", "0123456"));
}

#[test]
fn what_is_no_reference_is_refused_with_the_reason() {
    for (text, reason) in [
        ("atlas:1", "host name"),
        ("acme/atlas:1", "host name"),
        ("ghcr.io/acme/atlas", "tag is missing"),
        ("ghcr.io/Acme/atlas:1", "lower-case"),
        ("ghcr.io/acme/atlas:-1", "128"),
        ("ghcr.io/acme/atlas@sha256:00", "digest"),
        ("ghcr.io:x/acme/atlas:1", "host name"),
        ("ghcr.io/acme/atlas:1 --set a=b", "128"),
    ] {
        let error = text.parse::<ImageReference>().unwrap_err().to_string();
        assert!(error.contains(reason), "{text}: {error}");
    }
}

#[test]
fn a_star_never_crosses_a_slash() {
    let pattern = RepositoryPattern("ghcr.io/acme/atlas-ring-*".into());
    assert!(pattern.matches("ghcr.io/acme/atlas-ring-x"));
    assert!(!pattern.matches("ghcr.io/acme/atlas-ring-x/evil"));
    assert!(!pattern.matches("ghcr.io/acme/atlas"));
    assert!(RepositoryPattern("a.b/*-x-*".into()).matches("a.b/1-x-2"));
    assert!(!RepositoryPattern("a.b/ab*ba".into()).matches("a.b/aba"));
}

fn atlas() -> ImageReference {
    "ghcr.io/acme/atlas:1.2.0".parse().unwrap()
}

fn resolved(digest: &str, platforms: &[&str]) -> ResolvedDigests {
    let platforms = platforms.iter().map(|text| (text.parse().unwrap(), Digest(format!("sha256:{text}"))));
    ResolvedDigests { digest: Digest(digest.into()), platforms: platforms.collect() }
}

#[test]
fn each_answer_of_a_registry_is_explained_with_what_to_do() {
    let digest = Digest("sha256:0123456789abcdef".into());
    let missing = vec!["linux/arm64".parse().unwrap(), "linux/arm/v7".parse().unwrap()];
    let unknown = |denied| Availability::Unknown { reason: "503 Service Unavailable".into(), denied };
    for (answer, expected) in [
        (
            Availability::Present(resolved(&digest.0, &["linux/arm64", "linux/amd64"])),
            &["is sha256:0123456789ab and", "linux/amd64, linux/arm64"][..],
        ),
        (
            Availability::Incomplete { digest, missing },
            &["sha256:0123456789ab", "lacks linux/arm64, linux/arm/v7", "`platforms`"],
        ),
        (Availability::Absent, &["does not exist", "wait until the build"]),
        (unknown(true), &["refuses", "503 Service Unavailable"]),
        (unknown(false), &["not known", "503 Service Unavailable", "start again when"]),
    ] {
        let text = answer.explain(&atlas());
        assert!(text.contains("ghcr.io/acme/atlas:1.2.0"), "{text}");
        expected.iter().for_each(|part| assert!(text.contains(part), "{part:?} is not in {text:?}"));
    }
}

#[test]
fn a_tag_that_moved_is_named_with_both_digests() {
    let digests = resolved("sha256:aa", &["linux/amd64"]);
    let recorded = ResolvedImage { name: "atlas".into(), reference: atlas(), digests };
    assert_eq!(compare(&recorded, &resolved("sha256:aa", &[])), None);
    let text = compare(&recorded, &resolved("sha256:bb", &["linux/amd64"])).unwrap();
    for part in ["ghcr.io/acme/atlas:1.2.0 moved", "sha256:aa when", "sha256:bb now"] {
        assert!(text.contains(part), "{text}");
    }
}
