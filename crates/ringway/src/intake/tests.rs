//! Deliveries over HTTP as GitHub sends them, and as it never would.

use super::{Intake, PATH, Refusal, Secrets, Taken};
use crate::{
    clock::Clock,
    config::{Github, GithubCredentials, Rings, SecretSource},
    error::UsageError,
    ledger::{Hint, Ledger},
    world::{World, testing::world},
};
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Request, StatusCode},
};
use durable_sqlite::TokioClock;
use futures_util::{FutureExt, future::join_all, stream};
use http_body_util::BodyExt;
use release::decide::rules::{Mode, OnMerge, RingRules};
use ring::hmac;
use std::{collections::BTreeMap, convert::Infallible, fmt::Write, sync::Arc, time::Duration};
use tokio::sync::Notify;
use tower::ServiceExt;

const NEW: &str = "the new secret";
const OLD: &str = "the old secret";
const PAYLOAD: &[u8] =
    br#"{"action": "labeled", "number": 12, "pull_request": {"number": 12}, "repository": {"id": 99}}"#;

struct Scene {
    intake: Intake,
    ledger: Ledger,
    clock: Arc<dyn Clock>,
    wake: Arc<Notify>,
}

fn scene_over(ledger: Ledger) -> Scene {
    let clock: Arc<dyn Clock> = Arc::new(TokioClock::starting_at("2026-11-23T10:00:00Z".parse().unwrap()));
    let wake = Arc::new(Notify::new());
    let secrets = Secrets::new([NEW, OLD]).unwrap();
    let intake = Intake::new(ledger.clone(), Arc::clone(&clock), secrets, Arc::clone(&wake));
    Scene { intake, ledger, clock, wake }
}

fn scene() -> Scene {
    scene_over(Ledger::in_memory("test").unwrap())
}

fn signature(secret: &str, body: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), body);
    tag.as_ref().iter().fold("sha256=".to_owned(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// The headers of a delivery of [`PAYLOAD`].
fn headers() -> HeaderMap {
    let signature = signature(NEW, PAYLOAD);
    let pairs = [
        ("content-type", "application/json"),
        ("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
        ("x-github-event", "pull_request"),
        ("x-hub-signature-256", signature.as_str()),
        ("user-agent", "GitHub-Hookshot/044aadd"),
    ];
    pairs.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

fn with(changes: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = headers();
    for (name, value) in changes {
        headers.insert(*name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn without(name: &str) -> HeaderMap {
    let mut headers = headers();
    headers.remove(name);
    headers
}

fn named(id: &str) -> HeaderMap {
    with(&[("x-github-delivery", id)])
}

impl Scene {
    async fn take(&self, headers: HeaderMap) -> Result<Taken, Refusal> {
        self.intake.take(&headers, Body::from(PAYLOAD)).await
    }

    /// Signed as it should be.
    async fn event(&self, event: &str, payload: &str) -> Result<Taken, Refusal> {
        let signature = signature(NEW, payload.as_bytes());
        let headers = with(&[("x-github-event", event), ("x-hub-signature-256", &signature)]);
        self.intake.take(&headers, Body::from(payload.to_owned())).await
    }

    /// As it is seen from outside.
    async fn post(&self, headers: HeaderMap, body: impl Into<Body>) -> (StatusCode, String) {
        let mut request = Request::post(PATH).body(body.into()).unwrap();
        *request.headers_mut() = headers;
        let response = self.intake.clone().routes().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    fn count(&self, name: &str) -> u64 {
        self.intake.counts().into_iter().find(|(known, ..)| *known == name).unwrap().2
    }

    fn is_woken(&self) -> bool {
        self.wake.notified().now_or_never().is_some()
    }
}

#[tokio::test]
async fn a_delivery_is_stored_before_it_is_answered_and_somebody_is_woken() {
    let scene = scene();
    assert!(!scene.is_woken());
    let (status, text) = scene.post(headers(), PAYLOAD).await;
    assert_eq!((status, text.as_str()), (StatusCode::ACCEPTED, "stored\n"));
    let stored = scene.ledger.unprocessed().unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].id, "72d3162e-cc78-11e3-81ab-4c9367dc0958");
    assert_eq!(stored[0].event, "pull_request");
    assert_eq!(stored[0].hint, Hint::PullRequest { repository: 99, number: 12 });
    assert!(stored[0].received_at <= scene.clock.now());
    assert!(scene.is_woken());
    assert_eq!(scene.count("stored"), 1);
}

#[tokio::test]
async fn a_redelivery_runs_again_until_it_is_processed_and_then_does_nothing() {
    let scene = scene();
    for taken in [Taken::Stored, Taken::Again, Taken::Again] {
        assert_eq!(scene.take(headers()).await, Ok(taken));
        assert!(scene.is_woken(), "{taken:?}");
    }
    let id = scene.ledger.unprocessed().unwrap().remove(0).id;
    scene.ledger.processed(&[id], scene.clock.now()).unwrap();
    assert_eq!(scene.take(headers()).await, Ok(Taken::Processed));
    let (status, text) = scene.post(headers(), PAYLOAD).await;
    assert_eq!((status, text.as_str()), (StatusCode::ACCEPTED, "looked into before; nothing to do\n"));
    assert_eq!(scene.ledger.unprocessed().unwrap(), []);
}

#[tokio::test]
async fn either_of_two_secrets_signs_and_no_third_one() {
    let scene = scene();
    for (secret, taken) in [
        (NEW, Ok(Taken::Stored)),
        (OLD, Ok(Taken::Again)),
        ("the secret before the old one", Err(Refusal::WrongSignature)),
        ("", Err(Refusal::WrongSignature)),
    ] {
        let headers = with(&[("x-hub-signature-256", &signature(secret, PAYLOAD))]);
        assert_eq!(scene.take(headers).await, taken, "{secret}");
    }
    let changed = scene.post(headers(), [PAYLOAD, b" "].concat()).await;
    assert_eq!(changed.0, StatusCode::UNAUTHORIZED, "not even a space may differ");
}

#[tokio::test]
async fn what_is_not_signed_or_only_as_nobody_should_is_refused_without_being_read() {
    let scene = scene();
    let never = || Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
    let mut sha1 = without("x-hub-signature-256");
    sha1.insert("x-hub-signature", HeaderValue::from_static("sha1=4a8b1ee8a1bd4a8f"));
    for (headers, part) in [
        (without("x-hub-signature-256"), "the secret that Ringway has"),
        (sha1, "SHA-1"),
        (with(&[("x-hub-signature-256", "sha256=0")]), "not of this body"),
    ] {
        let (status, text) = scene.post(headers, never()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{text}");
        assert!(text.contains(part), "{text}");
    }
    let counted = ["unsigned", "only_sha1", "wrong_signature"].map(|name| scene.count(name));
    assert_eq!(counted, [1, 1, 1]);
    assert_eq!(scene.ledger.unprocessed().unwrap(), []);
}

#[tokio::test]
async fn a_form_is_told_what_to_set() {
    let scene = scene();
    for content_type in ["application/x-www-form-urlencoded", "text/plain", "application/jsonp", ""] {
        let (status, text) = scene.post(with(&[("content-type", content_type)]), PAYLOAD).await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{content_type}");
        assert!(text.contains("set the content type of the webhook to application/json"), "{text}");
    }
    assert_eq!(scene.post(without("content-type"), PAYLOAD).await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let charset = with(&[("content-type", "Application/JSON; charset=utf-8")]);
    assert_eq!(scene.take(charset).await, Ok(Taken::Stored));
}

#[tokio::test]
async fn headers_that_github_always_sends_must_be_there() {
    let scene = scene();
    for (headers, name) in [
        (without("x-github-delivery"), "X-GitHub-Delivery"),
        (without("x-github-event"), "X-GitHub-Event"),
        (with(&[("x-github-delivery", "")]), "X-GitHub-Delivery"),
        (with(&[("x-github-delivery", &"7".repeat(101))]), "X-GitHub-Delivery"),
        (with(&[("x-github-delivery", "a b")]), "X-GitHub-Delivery"),
        (with(&[("x-github-event", "../../etc")]), "X-GitHub-Event"),
        (with(&[("x-github-event", &"x".repeat(65))]), "X-GitHub-Event"),
    ] {
        let (status, text) = scene.post(headers, PAYLOAD).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(text.contains(name), "{text}");
    }
    assert_eq!(scene.count("headers"), 7);
}

#[tokio::test]
async fn a_body_of_26_mb_is_refused_before_it_is_read() {
    let scene = scene();
    let never = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
    let announced = with(&[("content-length", "27262976")]);
    let (status, text) = scene.post(announced, never).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(text.contains("25 MiB"), "{text}");
    // Endless, and without a word about how long it is.
    let endless = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[b' '; 64 * 1024])));
    let (status, _) = scene.post(headers(), Body::from_stream(endless)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(scene.count("too_large"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_comes_is_not_waited_for() {
    let scene = scene();
    let never = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
    assert_eq!(scene.post(headers(), never).await.0, StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test]
async fn what_is_not_json_is_refused_and_nothing_of_it_is_stored() {
    let scene = scene();
    for payload in ["", "{", "payload=%7B%7D", "not JSON", "{}", r#"{"repository": {"id": "x"}}"#] {
        let refused = scene.event("pull_request", payload).await.unwrap_err();
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{payload}: {refused}");
    }
    assert_eq!(scene.ledger.unprocessed().unwrap(), []);
    assert!(!scene.is_woken());
}

#[tokio::test]
async fn a_ping_and_events_of_no_meaning_are_answered_and_not_stored() {
    let scene = scene();
    assert_eq!(
        scene.event("ping", r#"{"zen": "Keep it logically awesome.", "hook_id": 1}"#).await,
        Ok(Taken::Ping)
    );
    for event in ["star", "an_event_of_next_year"] {
        assert_eq!(scene.event(event, r#"{"action": "created"}"#).await, Ok(Taken::Nothing));
    }
    let fork = r#"{"repository": {"id": 1}, "workflow_run": {"head_branch": "ring-x", "head_repository": {"id": 2}}}"#;
    assert_eq!(scene.event("workflow_run", fork).await, Ok(Taken::Nothing));
    assert_eq!(scene.ledger.unprocessed().unwrap(), []);
    assert!(!scene.is_woken());
    let ping = with(&[("x-github-event", "ping")]);
    let (status, text) = scene.post(ping, PAYLOAD).await;
    assert_eq!((status, text.as_str()), (StatusCode::OK, "here, and the secret is right\n"));
}

#[tokio::test]
async fn a_hostile_payload_is_a_payload() {
    let scene = scene();
    let deep = format!(r#"{{"x": {}, "repository": {{"id": 99}}}}"#, "[".repeat(1_000_000));
    assert!(matches!(scene.event("pull_request", &deep).await, Err(Refusal::Payload(_))));
    let odd = r#"{"repository": {"id": 99}, "ref": "refs/heads/ring-'; DROP TABLE inbox; --"}"#;
    assert_eq!(scene.event("push", odd).await, Ok(Taken::Stored));
    assert_eq!(scene.ledger.unprocessed().unwrap().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_stored_is_not_said_to_be_and_says_nothing_of_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    drop(Ledger::open(&path).unwrap());
    let scene = scene_over(Ledger::open_read_only(&path).unwrap());
    let (status, text) = scene.post(headers(), PAYLOAD).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(text.contains("deliver it again") && !text.contains("ledger.sqlite"), "{text}");
    assert!(!scene.is_woken());
    assert_eq!(scene.count("not_stored"), 1);
    assert_eq!(scene.take(named("another")).await, Err(Refusal::NotStored), "it goes on answering");
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_that_come_at_once_are_all_stored_and_share_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let scene = scene_over(Ledger::open(&folder.path().join("ledger.sqlite")).unwrap());
    let deliveries = (0..200).map(|number| scene.take(named(&format!("delivery-{number}"))));
    for taken in join_all(deliveries).await {
        assert_eq!(taken, Ok(Taken::Stored));
    }
    assert_eq!(scene.ledger.unprocessed().unwrap().len(), 200);
    assert!(scene.ledger.writes() < 200, "{} transactions", scene.ledger.writes());
}

#[tokio::test]
async fn whoever_goes_away_before_the_answer_holds_nobody_up() {
    let scene = scene();
    drop(scene.take(named("gone")).now_or_never());
    assert_eq!(scene.take(named("next")).await, Ok(Taken::Stored));
    let ids: Vec<String> =
        scene.ledger.unprocessed().unwrap().into_iter().map(|delivery| delivery.id).collect();
    assert_eq!(ids, ["gone", "next"], "it had come, so it is stored");
}

#[tokio::test]
async fn only_post_is_answered() {
    let scene = scene();
    for method in ["GET", "PUT", "DELETE"] {
        let request = Request::builder().method(method).uri(PATH).body(Body::empty()).unwrap();
        let response = scene.intake.clone().routes().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
}

#[test]
fn every_outcome_has_a_figure_before_it_ever_comes() {
    let counts = scene().intake.counts();
    assert_eq!(counts.iter().filter(|(_, verified, _)| *verified).count(), 5);
    for refusal in [Refusal::Form, Refusal::OtherType, Refusal::Header("x"), Refusal::BrokeOff, Refusal::Slow]
    {
        assert!(counts.contains(&(refusal.as_str(), false, 0)), "{refusal}");
    }
}

fn rules() -> RingRules {
    RingRules {
        branches: "ring-*".into(),
        build: None,
        on_merge: OnMerge::Keep,
        grace: Duration::from_secs(600),
        mode: Mode::Act,
        cohort_limit: 250,
        authority: Vec::new(),
    }
}

/// A world whose service has rings, with these secrets of webhooks.
fn configured(secrets: Vec<SecretSource>) -> World {
    let mut world = world("", &[]);
    world.config.github = Some(Github {
        api: "https://api.github.com".into(),
        credentials: GithubCredentials::Token(SecretSource::Environment("NOT_READ_HERE".into())),
        webhook_secrets: secrets,
        sweep: Duration::from_secs(120),
    });
    let rings = Rings { repository: "acme/web".into(), rules: rules(), images: BTreeMap::new() };
    world.config.rings.insert("web".into(), rings);
    world
}

#[tokio::test]
async fn secrets_are_read_when_it_begins_and_without_one_nothing_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        SecretSource::File(path)
    };
    let sources = vec![file("new", &format!("{NEW}\n")), file("old", OLD)];
    let intake = |world: &World| Intake::configured(world, Arc::default());
    let taking = intake(&configured(sources.clone())).unwrap().unwrap();
    for secret in [NEW, OLD] {
        let headers = with(&[("x-hub-signature-256", &signature(secret, PAYLOAD))]);
        assert!(taking.take(&headers, Body::from(PAYLOAD)).await.is_ok(), "{secret}");
    }
    assert!(intake(&configured(Vec::new())).unwrap().is_none());
    let mut without_rings = configured(sources);
    without_rings.config.rings.clear();
    assert!(intake(&without_rings).unwrap().is_none());

    for (source, part) in [
        (file("empty", "\n"), "is empty or missing"),
        (SecretSource::File(folder.path().join("nowhere")), "nowhere"),
        (SecretSource::Environment("RINGWAY_TEST_VARIABLE_THAT_IS_NOT_SET".into()), "THAT_IS_NOT_SET"),
    ] {
        let error = intake(&configured(vec![source])).unwrap_err();
        assert!(error.is::<UsageError>() && error.to_string().contains(part), "{error:#}");
    }
}
