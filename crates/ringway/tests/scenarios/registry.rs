//! Registry access, with and without a password.

use crate::harness::{push as pushed, target};
use release::image::{
    Availability, Digest, ImageReference, Platform, ResolvedDigests, ResolvedImage, compare,
};
use ringway::registry::{Credentials, Limits, OciRegistry, Registry, RegistrySettings, Secret};

fn registry(host: &str, credentials: Option<Credentials>) -> OciRegistry {
    let settings = RegistrySettings { host: host.into(), address: None, insecure_http: true, credentials };
    OciRegistry::new(vec![settings], Limits::default()).unwrap()
}

fn reader(password: String) -> Credentials {
    Credentials { username: target().reader().0, password: Secret::new(password) }
}

fn both() -> Vec<Platform> {
    vec!["linux/amd64".parse().unwrap(), "linux/arm64".parse().unwrap()]
}

/// Pushes `tag` into a repository that only these tests use; the answer is the digest.
fn push(tag: &str, options: &[&str]) -> Digest {
    Digest(pushed("registry-test", tag, options))
}

async fn resolve(tag: &str) -> Availability {
    let host = target().registry();
    registry(&host, None).resolve(&reference(&host, tag), &both()).await
}

fn reference(host: &str, tag: &str) -> ImageReference {
    format!("{host}/registry-test:{tag}").parse().unwrap()
}

fn present(availability: Availability) -> ResolvedDigests {
    match availability {
        Availability::Present(digests) => digests,
        other => panic!("not present: {other:?}"),
    }
}

#[tokio::test]
async fn an_image_is_present_under_the_digest_that_the_push_printed() {
    let digest = push("present", &[]);
    let digests = present(resolve("present").await);
    assert_eq!(digests.digest, digest);
    assert_eq!(digests.platforms.keys().cloned().collect::<Vec<_>>(), both());
}

#[tokio::test]
async fn a_single_manifest_has_the_platform_of_its_configuration() {
    let digest = push("single", &["--single"]);
    let Availability::Incomplete { digest: found, missing } = resolve("single").await else {
        panic!("not incomplete")
    };
    assert_eq!((found, missing), (digest, both().split_off(1)));
}

#[tokio::test]
async fn an_image_for_one_platform_lacks_the_other() {
    push("amd64only", &[]);
    let answer = resolve("amd64only").await;
    assert!(
        matches!(answer, Availability::Incomplete { ref missing, .. } if *missing == both()[1..]),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_manifest_that_the_index_names_but_the_registry_lost_is_missing() {
    push("lost", &["--absent", "linux/arm64"]);
    let answer = resolve("lost").await;
    assert!(
        matches!(answer, Availability::Incomplete { ref missing, .. } if *missing == both()[1..]),
        "{answer:?}"
    );
}

#[tokio::test]
async fn an_unknown_tag_and_an_unknown_repository_are_absent() {
    push("known", &[]);
    assert_eq!(resolve("unknown").await, Availability::Absent);
    let host = target().registry();
    let unknown = format!("{host}/nobody/nothing:1").parse().unwrap();
    assert_eq!(registry(&host, None).resolve(&unknown, &both()).await, Availability::Absent);
}

#[tokio::test]
async fn a_tag_that_moves_is_noticed() {
    push("moving", &[]);
    let host = target().registry();
    let before = present(resolve("moving").await);
    let recorded =
        ResolvedImage { name: "atlas".into(), reference: reference(&host, "moving"), digests: before };
    assert_eq!(compare(&recorded, &present(resolve("moving").await)), None);
    let digest = push("moving", &["--variant", "2"]);
    let text = compare(&recorded, &present(resolve("moving").await)).unwrap();
    assert!(text.contains(&recorded.digests.digest.0) && text.contains(&digest.0), "{text}");
    // For the next run on the same testbed.
    push("moving", &[]);
}

#[tokio::test]
async fn the_private_registry_opens_to_its_reader_only() {
    push("private", &[]);
    let host = target().private_registry();
    let reference = reference(&host, "private");
    let right = reader(target().reader().1);
    present(registry(&host, Some(right)).resolve(&reference, &both()).await);
    for credentials in [None, Some(reader("another".into()))] {
        let answer = registry(&host, credentials).resolve(&reference, &both()).await;
        assert!(matches!(answer, Availability::Unknown { denied: true, .. }), "{answer:?}");
        let text = answer.explain(&reference);
        assert!(text.contains("401") && !text.contains("another"), "{text}");
    }
}
