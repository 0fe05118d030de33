//! What goes wrong between us and an API server, each by its name.

use super::scripted::{APPLICATIONS, Reply, Server, refused, status};
use crate::cluster::{ClusterError, ClusterErrorKind};
use durable::FailureKind;
use release::application::ApplicationKey;
use serde_json::json;
use std::{io, time::Duration};

async fn patch_error(reply: Reply) -> ClusterError {
    let server = Server::new();
    server.on(&format!("{APPLICATIONS}/tenant-a"), reply);
    let key = ApplicationKey {
        instance: "main".to_owned(),
        namespace: "argocd".to_owned(),
        name: "tenant-a".to_owned(),
    };
    let error = server.client().patch_application(&key, &[], false).await.unwrap_err();
    assert_eq!(server.seen().len(), 1, "nothing is tried again");
    error
}

fn text(error: &ClusterError) -> String {
    error.to_failure().message
}

#[tokio::test(start_paused = true)]
async fn every_answer_has_a_name_and_says_whether_to_try_again() {
    let named = json!({ "name": "tenant-a", "kind": "applications", "group": "argoproj.io" });
    let causes = json!({ "causes": [{ "message": "must be a string", "field": "spec" }] });
    let guard = "the server rejected our request due to an error in our request";
    let rbac = r#"applications.argoproj.io "tenant-a" is forbidden: User "x" cannot patch resource"#;
    let webhook = r#"admission webhook "policy.example.com" denied the request: no"#;
    let table = [
        (status(404, "NotFound", "not found", named), "not_found", FailureKind::Permanent),
        (Reply::Answer(404, vec![], "404 page not found\n".to_owned()), "crd_absent", FailureKind::Permanent),
        (status(403, "Forbidden", rbac, json!({})), "denied", FailureKind::Permanent),
        (status(403, "Forbidden", webhook, json!({})), "rejected", FailureKind::Permanent),
        (status(401, "Unauthorized", "Unauthorized", json!({})), "unauthorized", FailureKind::Retryable),
        (status(409, "Conflict", "changed", json!({})), "conflict", FailureKind::Retryable),
        (status(422, "Invalid", guard, json!({})), "guard_failed", FailureKind::Retryable),
        (status(422, "Invalid", "spec: must be a string", causes), "rejected", FailureKind::Permanent),
        (status(500, "", "etcdserver: request is too large", json!({})), "rejected", FailureKind::Permanent),
        (status(410, "Expired", "too old", json!({})), "gone", FailureKind::Retryable),
        (status(429, "TooManyRequests", "slow", json!({})), "throttled", FailureKind::Retryable),
        (status(503, "ServiceUnavailable", "starting", json!({})), "unavailable", FailureKind::Retryable),
        (Reply::Answer(502, vec![], "<html>".to_owned()), "unavailable", FailureKind::Retryable),
        (Reply::Answer(302, vec![], "<html>".to_owned()), "unexpected_answer", FailureKind::Permanent),
        (Reply::Answer(200, vec![], "{\"metadata\":".to_owned()), "malformed_answer", FailureKind::Permanent),
        (Reply::Answer(200, vec![], "<html>".to_owned()), "malformed_answer", FailureKind::Permanent),
        (refused(), "unreachable", FailureKind::Retryable),
        (Reply::Hangs, "timed_out", FailureKind::Retryable),
    ];
    for (reply, code, kind) in table {
        let error = patch_error(reply).await;
        let failure = error.to_failure();
        assert_eq!((failure.code.as_str(), failure.kind), (code, kind), "{error}");
        assert!(failure.message.starts_with("cluster main: could not patch Application argocd/tenant-a: "));
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_right_is_named_with_verb_and_resource() {
    let error = patch_error(status(403, "Forbidden", "cannot patch", json!({}))).await;
    assert_eq!(
        text(&error),
        "cluster main: could not patch Application argocd/tenant-a: Ringway may not patch applications.argoproj.io \
         in namespace argocd; grant it (see deploy/)"
    );
}

#[tokio::test(start_paused = true)]
async fn how_long_the_server_asks_to_wait_is_read_from_header_or_body() {
    let header = vec![("retry-after", "7".to_owned())];
    for (reply, expected) in [
        (Reply::Answer(429, header, "slow".to_owned()), Some(Duration::from_secs(7))),
        (
            status(503, "ServiceUnavailable", "x", json!({ "retryAfterSeconds": 3 })),
            Some(Duration::from_secs(3)),
        ),
        (status(429, "TooManyRequests", "x", json!({})), None),
    ] {
        assert_eq!(patch_error(reply).await.kind.retry_after(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn trouble_with_certificates_says_whose_and_what() {
    let tls = |error: rustls::Error| Reply::Fails(Box::new(io::Error::other(error)));
    let expired = rustls::Error::InvalidCertificate(rustls::CertificateError::Expired);
    let unknown = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
    let ours = rustls::Error::AlertReceived(rustls::AlertDescription::CertificateExpired);
    for (error, expected) in [
        (expired, "the certificate of the API server has expired"),
        (unknown, "the certificate of the API server is signed by nobody that we trust"),
        (ours, "the API server does not accept our client certificate"),
    ] {
        let error = patch_error(tls(error)).await;
        assert!(
            matches!(&error.kind, ClusterErrorKind::Certificate { reason } if reason == expected),
            "{error}"
        );
        assert_eq!(error.to_failure().kind, FailureKind::Permanent);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_connection_says_what_to_check() {
    let error = patch_error(refused()).await;
    assert_eq!(
        text(&error),
        "cluster main: could not patch Application argocd/tenant-a: the connection is refused; check that the \
         address in the kubeconfig is right and the API server is up: connection refused"
    );
}

#[tokio::test(start_paused = true)]
async fn a_message_that_quotes_the_whole_object_is_shortened_in_its_middle() {
    let message = format!("patch: Invalid value: {}: unknown field \"spec.nonsense\"", "ä".repeat(100_000));
    let causes = json!({ "causes": [{ "message": "x", "field": "patch" }] });
    let text = text(&patch_error(status(422, "Invalid", &message, causes)).await);
    assert!(
        text.contains("it: patch: Invalid value: ä") && text.ends_with("unknown field \"spec.nonsense\""),
        "{text}"
    );
    assert!(text.chars().count() < 700, "{}", text.len());
}
