//! Registry access against a registry in this process that behaves like the real ones, and misbehaves on request.

mod over;
mod sandbox;
mod stand_in;

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
    response::IntoResponse,
};
use release::image::{Availability, Digest, ImageReference, Platform};
use ringway::registry::{Credentials, Limits, OciRegistry, Registry, RegistrySettings, Secret};
use stand_in::{Asked, Content, StandIn, digest_of, error, image, index, single};
use std::{sync::Arc, time::Duration};

const TAG: &str = "1.0.0";

fn platforms(texts: &[&str]) -> Vec<Platform> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn client(stand_in: &StandIn, credentials: Option<Credentials>) -> Arc<dyn Registry> {
    let limits = Limits {
        first_pause: Duration::from_millis(1),
        request_timeout: Duration::from_secs(2),
        ..Limits::default()
    };
    let settings =
        RegistrySettings { host: stand_in.host(), address: None, insecure_http: true, credentials };
    Arc::new(OciRegistry::new(vec![settings], limits).unwrap())
}

async fn resolve(stand_in: &StandIn, tag: &str, wanted: &[&str]) -> Availability {
    let reference: ImageReference = format!("{}/acme/atlas:{tag}", stand_in.host()).parse().unwrap();
    client(stand_in, None).resolve(&reference, &platforms(wanted)).await
}

async fn resolve_as(stand_in: &StandIn, password: &str) -> Availability {
    let reference: ImageReference = format!("{}/acme/atlas:{TAG}", stand_in.host()).parse().unwrap();
    let credentials = Credentials { username: "bot".into(), password: Secret::new(password) };
    client(stand_in, Some(credentials)).resolve(&reference, &platforms(&["linux/amd64"])).await
}

fn unknown(availability: Availability) -> (String, bool) {
    match availability {
        Availability::Unknown { reason, denied } => (reason, denied),
        other => panic!("an answer was taken from a registry that gave none: {other:?}"),
    }
}

/// An index for two platforms and an attestation, under [`TAG`].
fn both() -> Content {
    index(&["linux/amd64", "linux/arm64/v8"])
}

#[tokio::test]
async fn an_index_is_present_with_its_digest_and_those_of_its_platforms() {
    let content = both();
    let stand_in = StandIn::start(content.clone()).await;
    let Availability::Present(digests) = resolve(&stand_in, TAG, &["linux/amd64", "linux/arm64"]).await
    else {
        panic!("not present")
    };
    assert_eq!(digests.digest, Digest(digest_of(&content.manifests[TAG].1)));
    assert_eq!(
        digests.platforms.keys().cloned().collect::<Vec<_>>(),
        platforms(&["linux/amd64", "linux/arm64/v8"])
    );
    for digest in digests.platforms.values() {
        assert!(content.manifests.contains_key(&digest.0), "{digest} is no manifest");
    }
    // The tag, and each platform's manifest without its body.
    let asked = stand_in.asked();
    assert_eq!(asked.iter().map(|asked| asked.method.as_str()).collect::<Vec<_>>(), ["GET", "HEAD", "HEAD"]);
}

#[tokio::test]
async fn a_platform_that_the_index_lacks_is_missing() {
    let stand_in = StandIn::start(both()).await;
    let Availability::Incomplete { missing, .. } =
        resolve(&stand_in, TAG, &["linux/amd64", "linux/s390x"]).await
    else {
        panic!("not incomplete")
    };
    assert_eq!(missing, platforms(&["linux/s390x"]));
}

#[tokio::test]
async fn a_platform_whose_manifest_was_never_pushed_is_missing() {
    let mut content = both();
    let (_, arm) = image("linux/arm64/v8");
    assert!(content.manifests.remove(&digest_of(&arm)).is_some());
    let stand_in = StandIn::start(content).await;
    let Availability::Incomplete { missing, .. } =
        resolve(&stand_in, TAG, &["linux/amd64", "linux/arm64"]).await
    else {
        panic!("not incomplete")
    };
    assert_eq!(missing, platforms(&["linux/arm64"]));
}

#[tokio::test]
async fn an_attestation_is_no_platform() {
    let stand_in = StandIn::start(index(&[])).await;
    let answer = resolve(&stand_in, TAG, &["unknown/unknown"]).await;
    assert!(matches!(answer, Availability::Incomplete { .. }), "{answer:?}");
}

#[tokio::test]
async fn a_single_manifest_takes_its_platform_from_the_image_configuration() {
    let content = single("linux/arm64");
    let stand_in = StandIn::start(content.clone()).await;
    let Availability::Present(digests) = resolve(&stand_in, TAG, &["linux/arm64"]).await else {
        panic!("not present")
    };
    assert_eq!(digests.digest.0, digest_of(&content.manifests[TAG].1));
    assert!(digests.platforms.values().all(|digest| *digest == digests.digest));
    let answer = resolve(&stand_in, TAG, &["linux/amd64"]).await;
    assert!(
        matches!(answer, Availability::Incomplete { ref missing, .. } if *missing == platforms(&["linux/amd64"]))
    );
}

#[tokio::test]
async fn a_single_manifest_without_its_image_configuration_is_incomplete() {
    let mut content = single("linux/amd64");
    content.blobs.clear();
    let stand_in = StandIn::start(content).await;
    let answer = resolve(&stand_in, TAG, &["linux/amd64"]).await;
    assert!(matches!(answer, Availability::Incomplete { .. }), "{answer:?}");
}

#[tokio::test]
async fn only_a_registry_can_say_that_an_image_is_absent() {
    let stand_in = StandIn::start(both()).await;
    assert_eq!(resolve(&stand_in, "2.0.0", &["linux/amd64"]).await, Availability::Absent);
    stand_in.fault(|_| Some(error(StatusCode::NOT_FOUND, "NAME_UNKNOWN")));
    assert_eq!(resolve(&stand_in, TAG, &["linux/amd64"]).await, Availability::Absent);
    stand_in.fault(|_| Some((StatusCode::NOT_FOUND, "<html>default backend</html>").into_response()));
    let (reason, denied) = unknown(resolve(&stand_in, TAG, &["linux/amd64"]).await);
    assert!(!denied && reason.contains("default backend") && reason.contains("host name"), "{reason}");
}

#[tokio::test]
async fn a_registry_that_recovers_is_asked_again() {
    let stand_in = StandIn::start(both()).await;
    let status = |asked: &Asked| match asked.number {
        0 => Some(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
        1 => Some(StatusCode::TOO_MANY_REQUESTS.into_response()),
        _ => None,
    };
    stand_in.fault(status);
    let answer = resolve(&stand_in, TAG, &["linux/amd64"]).await;
    assert!(matches!(answer, Availability::Present(_)), "{answer:?}");
}

#[tokio::test]
async fn a_registry_that_stays_down_is_unknown_after_three_attempts() {
    let stand_in = StandIn::start(both()).await;
    stand_in.fault(|_| Some((StatusCode::BAD_GATEWAY, "upstream\x1b[2J gone").into_response()));
    let (reason, denied) = unknown(resolve(&stand_in, TAG, &["linux/amd64"]).await);
    assert!(!denied && reason.contains("502") && reason.contains("upstream [2J gone"), "{reason}");
    assert_eq!(stand_in.asked().len(), 3);
}

#[tokio::test]
async fn a_closed_port_is_unknown_and_says_so() {
    let stand_in = StandIn::start(both()).await;
    let reference: ImageReference = format!("{}/acme/atlas:{TAG}", stand_in.host()).parse().unwrap();
    let registry = client(&stand_in, None);
    stand_in.stop().await;
    let (reason, denied) = unknown(registry.resolve(&reference, &[]).await);
    assert!(!denied && reason.contains("refused") && reason.contains(reference.registry()), "{reason}");
}

#[tokio::test]
async fn a_registry_without_https_is_unknown_unless_configured() {
    let stand_in = StandIn::start(both()).await;
    let reference: ImageReference = format!("{}/acme/atlas:{TAG}", stand_in.host()).parse().unwrap();
    let limits = Limits { attempts: 1, ..Limits::default() };
    let (_, denied) = unknown(OciRegistry::new(vec![], limits).unwrap().resolve(&reference, &[]).await);
    assert!(!denied);
    assert!(stand_in.asked().is_empty(), "something was sent without encryption");
}

#[tokio::test]
async fn an_answer_that_never_ends_is_given_up() {
    let stand_in = StandIn::start(both()).await;
    stand_in.fault(|_| {
        Some(
            Body::from_stream(futures_util::stream::pending::<Result<&[u8], std::io::Error>>())
                .into_response(),
        )
    });
    let reference: ImageReference = format!("{}/acme/atlas:{TAG}", stand_in.host()).parse().unwrap();
    let limits = Limits { attempts: 1, request_timeout: Duration::from_millis(50), ..Limits::default() };
    let settings =
        RegistrySettings { host: stand_in.host(), address: None, insecure_http: true, credentials: None };
    let (reason, denied) =
        unknown(OciRegistry::new(vec![settings], limits).unwrap().resolve(&reference, &[]).await);
    assert!(!denied && reason.contains("timed out"), "{reason}");
}

#[tokio::test]
async fn a_body_without_end_is_cut_off_at_the_limit() {
    let stand_in = StandIn::start(both()).await;
    let chunk = || futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 1 << 16]));
    stand_in.fault(move |_| Some(Body::from_stream(chunk()).into_response()));
    let (reason, denied) = unknown(resolve(&stand_in, TAG, &[]).await);
    assert!(!denied && reason.contains("larger than 4194304 bytes"), "{reason}");
    assert_eq!(stand_in.asked().len(), 1, "nonsense is not asked for again");
    // An error text of any length is cut off as well, and does not hide the status.
    stand_in.fault(move |_| Some((StatusCode::BAD_REQUEST, Body::from_stream(chunk())).into_response()));
    let (reason, _) = unknown(resolve(&stand_in, TAG, &[]).await);
    assert!(reason.contains("400 Bad Request") && reason.len() < 1000, "{reason}");
}

#[tokio::test]
async fn content_that_is_not_what_its_digest_says_is_refused() {
    let stand_in = StandIn::start(both()).await;
    let wrong = format!("sha256:{}", "0".repeat(64));
    let header = wrong.clone();
    stand_in.fault(move |asked| {
        let body = both().manifests[TAG].1.clone();
        (asked.method == Method::GET)
            .then(|| ([("docker-content-digest", header.clone())], body).into_response())
    });
    let (reason, denied) = unknown(resolve(&stand_in, TAG, &["linux/amd64"]).await);
    assert!(!denied && reason.contains(&wrong), "{reason}");

    let mut content = single("linux/amd64");
    content.blobs.values_mut().for_each(|blob| *blob = br#"{"os":"linux","architecture":"arm64"}"#.to_vec());
    let (reason, _) = unknown(resolve(&StandIn::start(content).await, TAG, &["linux/arm64"]).await);
    assert!(reason.contains("what came is sha256:"), "{reason}");
}

#[tokio::test]
async fn what_is_no_manifest_is_refused_with_its_first_error() {
    for (body, expected) in [
        ("garbage", "is not a manifest: expected value at line 1"),
        ("{}", "missing field `schemaVersion`"),
        (r#"{"schemaVersion":1,"fsLayers":[]}"#, "schema version 2"),
        (r#"{"schemaVersion":2}"#, "neither an index nor a manifest"),
        (r#"{"schemaVersion":2,"config":{"digest":"sha256:../../../v2/x"}}"#, "not a sha256 digest"),
    ] {
        let stand_in = StandIn::start(both()).await;
        stand_in.fault(move |_| Some(body.into_response()));
        let (reason, denied) = unknown(resolve(&stand_in, TAG, &["linux/amd64"]).await);
        assert!(!denied && reason.contains(expected), "{body}: {reason}");
    }
}

#[tokio::test]
async fn a_refusal_is_denied_with_advice_and_not_repeated() {
    let stand_in = StandIn::start(both()).await;
    for status in [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN] {
        stand_in.fault(move |_| Some(error(status, "DENIED")));
        let (reason, denied) = unknown(resolve(&stand_in, TAG, &["linux/amd64"]).await);
        assert!(denied && reason.contains("DENIED") && reason.contains("`registries`"), "{reason}");
    }
    assert_eq!(stand_in.asked().len(), 2);
}

#[tokio::test]
async fn a_password_is_sent_only_when_the_registry_asks_for_it() {
    let stand_in = StandIn::start(both()).await;
    stand_in.require_password("bot", "right");
    assert!(matches!(resolve_as(&stand_in, "right").await, Availability::Present(_)));
    let sent: Vec<bool> = stand_in.asked().iter().map(|asked| asked.authorization.is_some()).collect();
    assert_eq!(sent, [false, true, true]);
    let (reason, denied) = unknown(resolve_as(&stand_in, "wrong").await);
    assert!(denied && reason.contains("\"bot\"") && !reason.contains("wrong"), "{reason}");
    let (reason, denied) = unknown(resolve(&stand_in, TAG, &["linux/amd64"]).await);
    assert!(denied && reason.contains("no credentials are configured"), "{reason}");
}

#[tokio::test]
async fn a_token_is_fetched_once_for_this_repository_and_used_for_all_requests() {
    let stand_in = StandIn::start(both()).await;
    stand_in.require_token("bot", "right");
    assert!(matches!(resolve_as(&stand_in, "right").await, Availability::Present(_)));
    let asked = stand_in.asked();
    let tokens: Vec<&Asked> = asked.iter().filter(|asked| asked.path == "/token").collect();
    assert_eq!(tokens.len(), 1);
    assert_eq!(tokens[0].query.as_deref(), Some("scope=repository%3Aacme%2Fatlas%3Apull&service=stand-in"));
    let authorizations: Vec<_> =
        asked.iter().map(|asked| asked.authorization.as_deref().unwrap_or("none")).collect();
    assert_eq!(authorizations, ["none", "Basic Ym90OnJpZ2h0", "Bearer granted", "Bearer granted"]);
    let (reason, denied) = unknown(resolve_as(&stand_in, "wrong").await);
    assert!(denied && reason.contains("token service"), "{reason}");
}

#[tokio::test]
async fn a_token_service_that_is_down_is_not_a_refusal() {
    let stand_in = StandIn::start(both()).await;
    stand_in.require_token("bot", "right");
    stand_in.fault(|asked| (asked.path == "/token").then(|| StatusCode::SERVICE_UNAVAILABLE.into_response()));
    let (reason, denied) = unknown(resolve_as(&stand_in, "right").await);
    assert!(!denied && reason.contains("token service") && reason.contains("503"), "{reason}");
}

#[tokio::test]
async fn a_token_that_is_none_is_refused() {
    let stand_in = StandIn::start(both()).await;
    stand_in.require_token("bot", "right");
    for (body, expected) in [
        ("garbage", "is not a token"),
        ("{}", "holds no token"),
        (r#"{"token":"a\nX-Injected: b"}"#, "no header can carry"),
    ] {
        stand_in.fault(move |asked| (asked.path == "/token").then(|| body.into_response()));
        let (reason, denied) = unknown(resolve_as(&stand_in, "right").await);
        assert!(!denied && reason.contains(expected), "{reason}");
    }
}

#[tokio::test]
async fn a_password_does_not_follow_a_redirect_to_another_host() {
    let other = StandIn::start(single("linux/amd64")).await;
    let stand_in = StandIn::start(single("linux/amd64")).await;
    stand_in.require_password("bot", "right");
    let target = format!("http://{}", other.host());
    stand_in.fault(move |asked| {
        let location = format!("{target}{}", asked.path);
        let blob = asked.path.contains("/blobs/");
        blob.then(|| (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location)]).into_response())
    });
    assert!(matches!(resolve_as(&stand_in, "right").await, Availability::Present(_)));
    let asked = other.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].authorization, None);
}
