//! What is decided before a release begins, over a registry and a ledger in memory.

use super::{assign, effective, resolve, service, unfinished};
use crate::{
    error::{RefusedError, UsageError},
    ledger::NewRun,
    request::ReleaseRequest,
    world::{
        World,
        testing::{ScriptedRegistry, new_run, with_registry, world},
    },
};
use release::{
    image::{Availability, ResolvedImage},
    report::RunKind,
    service::Verify,
};
use std::sync::Arc;

const FRONT: &str = "ghcr.io/acme/front-ring-a:1";
const BACK: &str = "ghcr.io/acme/back:1";

fn texts(images: &[&str]) -> Vec<String> {
    images.iter().map(|image| (*image).to_owned()).collect()
}

/// Which image gets which reference.
fn assigned(images: &[&str]) -> anyhow::Result<Vec<(String, String)>> {
    let world = world("", &[]);
    let service = service(&world.config, "web")?;
    let pairs = assign(service, &texts(images))?;
    Ok(pairs.into_iter().map(|(image, reference)| (image.name.clone(), reference.to_string())).collect())
}

#[test]
fn an_image_is_found_by_its_name_or_by_the_one_repository_that_allows_it() {
    let expected = [("front", FRONT), ("back", BACK)].map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!(assigned(&[FRONT, BACK]).unwrap(), expected);
    assert_eq!(assigned(&[&format!("front={FRONT}"), &format!("back={BACK}")]).unwrap(), expected);
}

#[test]
fn what_is_wrong_with_images_is_the_request_s_fault_and_named() {
    let twice = format!("front={FRONT}");
    let nameless = "ghcr.io/acme/other:1";
    for (images, part) in [
        (vec!["front"], "registry/path:tag"),
        (vec!["side=ghcr.io/acme/front:1"], "has no image \"side\"; it has front, back"),
        (vec![nameless], "Write NAME=ghcr.io/acme/other:1 with one of front, back"),
        (vec![FRONT, &twice], "image front is given twice"),
        (vec![FRONT], "back is missing"),
    ] {
        let error = assigned(&images).unwrap_err();
        assert!(error.is::<UsageError>(), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    let world = world("", &[]);
    let error = service(&world.config, "wbe").unwrap_err();
    assert!(error.is::<UsageError>() && error.to_string().contains("it has web"), "{error}");
}

#[test]
fn a_repository_that_is_not_allowed_is_refused() {
    let error = assigned(&["front=ghcr.io/evil/front:1", BACK]).unwrap_err();
    assert!(error.is::<RefusedError>(), "{error}");
    assert!(error.to_string().contains("may not come from ghcr.io/evil/front"), "{error}");
}

#[test]
fn without_access_to_clusters_a_service_is_proven_as_far_as_argo_cd_says() {
    for (access, verify) in [("sameCluster", Verify::Cluster), ("none", Verify::Argocd)] {
        let world = world(&format!("tenantClusters: {{access: {access}}}"), &[]);
        let service = service(&world.config, "web").unwrap();
        assert_eq!(effective(&world, service).verify, verify);
    }
}

async fn resolved(world: &World, images: &[&str]) -> anyhow::Result<Vec<ResolvedImage>> {
    let service = service(&world.config, "web")?;
    resolve(world, service, &assign(service, &texts(images))?).await
}

#[tokio::test]
async fn the_order_of_images_does_not_make_another_release() {
    let registry = Arc::new(ScriptedRegistry::default());
    registry.push(FRONT, "sha256:f1");
    registry.push(BACK, "sha256:b1");
    let world = with_registry(registry, "", &[]);
    let images = resolved(&world, &[FRONT, BACK]).await.unwrap();
    assert_eq!(images.iter().map(|image| image.digests.digest.0.as_str()).collect::<Vec<_>>(), ORDER);
    assert_eq!(resolved(&world, &[BACK, FRONT]).await.unwrap(), images);
}

/// Images are in the order that the service has them.
const ORDER: [&str; 2] = ["sha256:f1", "sha256:b1"];

#[tokio::test]
async fn only_what_is_present_is_released() {
    let registry = Arc::new(ScriptedRegistry::default());
    registry.push(FRONT, "sha256:f1");
    let world = with_registry(Arc::clone(&registry), "", &[]);
    let error = resolved(&world, &[FRONT, BACK]).await.unwrap_err();
    assert!(error.is::<RefusedError>() && error.to_string().contains("does not exist"), "{error}");
    let unknown = Availability::Unknown { reason: "503 Service Unavailable".into(), denied: false };
    registry.answer(BACK, unknown);
    let error = resolved(&world, &[FRONT, BACK]).await.unwrap_err();
    assert!(error.is::<RefusedError>() && error.to_string().contains("503 Service Unavailable"), "{error}");
}

fn request(ring: &str, tenants: &[&str]) -> ReleaseRequest {
    ReleaseRequest {
        ring: ring.to_owned(),
        service: "web".to_owned(),
        images: texts(&[FRONT, BACK]),
        tenants: texts(tenants),
        cohort: None,
        max_parallel: None,
        all_or_nothing: false,
        origin: None,
    }
}

#[tokio::test]
async fn the_same_release_goes_on_and_a_tag_that_moved_does_not() {
    let registry = Arc::new(ScriptedRegistry::default());
    registry.push(FRONT, "sha256:f1");
    registry.push(BACK, "sha256:b1");
    let world = with_registry(Arc::clone(&registry), "", &[]);
    let images = resolved(&world, &[FRONT, BACK]).await.unwrap();
    let run = NewRun { images, ..new_run("r1", RunKind::Release, "ring-a", &["a", "b"]) };
    world.ledger.begin_run(&run).unwrap();

    let again = resolved(&world, &[FRONT, BACK]).await.unwrap();
    let found = |ring, tenants: &[&str], images: &[ResolvedImage]| {
        unfinished(&world, &request(ring, tenants), images)
    };
    assert_eq!(found("ring-a", &["a", "b"], &again).unwrap().as_deref(), Some("r1"));
    assert_eq!(found("ring-a", &["a"], &again).unwrap(), None, "other tenants");
    assert_eq!(found("ring-b", &["a", "b"], &again).unwrap(), None, "another ring");

    registry.push(FRONT, "sha256:f2");
    let moved = resolved(&world, &[FRONT, BACK]).await.unwrap();
    let error = found("ring-a", &["a", "b"], &moved).unwrap_err();
    assert!(error.is::<RefusedError>(), "{error}");
    for part in ["sha256:f1", "sha256:f2", "ringway release cancel r1"] {
        assert!(error.to_string().contains(part), "{error}");
    }
}
