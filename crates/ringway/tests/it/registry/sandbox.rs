//! The client over the sandbox's model of registries: what `scenarios/registry.rs` sees on the real one.

use super::platforms;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use release::image::{Availability, ImageReference, ResolvedDigests, ResolvedImage, compare};
use ringway::registry::{
    AnswerBody, Credentials, Limits, OciRegistry, Registry, RegistrySettings, Secret, Transport,
    TransportError,
};
use sandbox::oci::{Access, Account, Push, Registries};
use std::sync::{Arc, Mutex};

const HOST: &str = "registry.example.com";
const BOTH: [&str; 2] = ["linux/amd64", "linux/arm64"];

#[derive(Debug, Clone, Default)]
struct Model(Arc<Mutex<Registries>>);

impl Transport for Model {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<AnswerBody>, TransportError>> {
        let host = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let response = self.0.lock().unwrap().handle(&host, &request);
        let response = response.map(|body| Full::new(body).map_err(|never| match never {}).boxed_unsync());
        Box::pin(async { Ok(response) })
    }
}

impl Model {
    fn push(&self, tag: &str, push: &Push) -> String {
        self.0.lock().unwrap().push(HOST, "registry-test", tag, push)
    }

    fn change(&self, change: impl FnOnce(&mut sandbox::oci::Registry)) {
        change(self.0.lock().unwrap().at(HOST));
    }

    async fn resolve(&self, tag: &str) -> Availability {
        self.resolve_as(tag, None).await
    }

    async fn resolve_as(&self, tag: &str, password: Option<&str>) -> Availability {
        let credentials = password
            .map(|password| Credentials { username: "reader".into(), password: Secret::new(password) });
        let settings =
            RegistrySettings { host: HOST.into(), address: None, insecure_http: false, credentials };
        let registry = OciRegistry::over(vec![settings], Limits::default(), Arc::new(self.clone())).unwrap();
        registry.resolve(&reference(tag), &platforms(&BOTH)).await
    }
}

fn reference(tag: &str) -> ImageReference {
    format!("{HOST}/registry-test:{tag}").parse().unwrap()
}

fn present(availability: Availability) -> ResolvedDigests {
    match availability {
        Availability::Present(digests) => digests,
        other => panic!("not present: {other:?}"),
    }
}

fn reader() -> Account {
    Account { user: "reader".into(), password: "right".into() }
}

#[tokio::test(start_paused = true)]
async fn an_image_is_present_under_the_digest_of_its_push() {
    let model = Model::default();
    let digest = model.push("present", &Push::default());
    let digests = present(model.resolve("present").await);
    assert_eq!(digests.digest.0, digest);
    assert_eq!(digests.platforms.keys().cloned().collect::<Vec<_>>(), platforms(&BOTH));
}

#[tokio::test(start_paused = true)]
async fn what_lacks_a_platform_is_incomplete_as_on_the_testbed() {
    let model = Model::default();
    let single = Push { single: true, ..Push::default() };
    let lost = Push { absent: vec!["linux/arm64".into()], ..Push::default() };
    for (tag, push) in [("single", single), ("amd64only", Push::default()), ("lost", lost)] {
        let pushed = model.push(tag, &push);
        let Availability::Incomplete { digest, missing } = model.resolve(tag).await else {
            panic!("{tag} is not incomplete")
        };
        assert_eq!((digest.0, missing), (pushed, platforms(&BOTH[1..])), "{tag}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_tag_an_unknown_repository_and_a_removed_tag_are_absent() {
    let model = Model::default();
    assert_eq!(model.resolve("unknown").await, unknown_host());
    model.change(|_| ());
    assert_eq!(model.resolve("unknown").await, Availability::Absent);
    model.push("known", &Push::default());
    assert_eq!(model.resolve("unknown").await, Availability::Absent);
    model.change(|registry| assert!(registry.remove_tag("registry-test", "known")));
    assert_eq!(model.resolve("known").await, Availability::Absent);
}

/// What the client makes of a web server that is no registry.
fn unknown_host() -> Availability {
    let reason = format!(
        "asking https://{HOST}/v2/registry-test for tag unknown: 404 Not Found: 404 page not found; this is not a \
         registry's answer, check the host name"
    );
    Availability::Unknown { reason, denied: false }
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_moves_is_noticed() {
    let model = Model::default();
    model.push("moving", &Push::default());
    let before = present(model.resolve("moving").await);
    let recorded = ResolvedImage { name: "atlas".into(), reference: reference("moving"), digests: before };
    assert_eq!(compare(&recorded, &present(model.resolve("moving").await)), None);
    let digest = model.push("moving", &Push { variant: 2, ..Push::default() });
    let text = compare(&recorded, &present(model.resolve("moving").await)).unwrap();
    assert!(text.contains(&recorded.digests.digest.0) && text.contains(&digest), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_private_registry_opens_to_its_reader_only() {
    let model = Model::default();
    model.push("private", &Push::default());
    for access in [Access::Password(reader()), Access::Token(Some(reader()))] {
        model.change(|registry| registry.access = access);
        present(model.resolve_as("private", Some("right")).await);
        for password in [None, Some("another")] {
            let answer = model.resolve_as("private", password).await;
            assert!(matches!(answer, Availability::Unknown { denied: true, .. }), "{answer:?}");
            let text = answer.explain(&reference("private"));
            assert!(text.contains("401") && !text.contains("another"), "{text}");
        }
    }
    model.change(|registry| registry.access = Access::Token(None));
    present(model.resolve("private").await);
    model.change(|registry| assert!(registry.denied.insert("registry-test".into())));
    let answer = model.resolve("private").await;
    assert!(matches!(answer, Availability::Unknown { denied: true, .. }), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_is_down_is_asked_again_until_it_is_back() {
    let model = Model::default();
    model.push("later", &Push::default());
    model.change(|registry| registry.is_down = true);
    let answer = model.resolve("later").await;
    assert!(matches!(answer, Availability::Unknown { denied: false, .. }), "{answer:?}");
    let repaired = async {
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        model.change(|registry| registry.is_down = false);
    };
    let (answer, ()) = futures_util::future::join(model.resolve("later"), repaired).await;
    present(answer);
}
