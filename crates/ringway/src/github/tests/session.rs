//! As whom we ask: keys, proofs, tokens of installations, and clocks that differ.

use super::{
    APP, TOKEN, app, begin, client, keys, kind, pull, repository,
    scripted::{Reply, Server, answer, ok, with},
    seconds, settings,
};
use crate::{
    github::{AppKey, Client, Credentials, GithubSetupError, Settings},
    registry::Secret,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use durable_sqlite::TokioClock;
use jiff::{SignedDuration, Timestamp};
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls::pki_types::{PrivatePkcs1KeyDer, pem::PemObject};
use serde_json::{Value, json};
use std::sync::Arc;

const REPOSITORY: &str = "GET /repos/acme/app";
const INSTALLATION: &str = "GET /repos/acme/app/installation";
const TOKENS: &str = "POST /app/installations/55/access_tokens";

fn token(text: &str, expires_at: &str) -> Reply {
    answer(201, &json!({ "token": text, "expires_at": expires_at, "permissions": { "checks": "write" } }))
}

/// The claims of a proof, if its signature is one of our key.
fn claims(proof: &str) -> Value {
    let key = PrivatePkcs1KeyDer::from_pem_slice(keys::PKCS1.as_bytes()).unwrap();
    let pair = RsaKeyPair::from_der(key.secret_pkcs1_der()).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref().to_vec());
    let (signed, signature) = proof.rsplit_once('.').unwrap();
    public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    let (head, claims) = signed.split_once('.').unwrap();
    let decoded =
        |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    assert_eq!(decoded(head), json!({ "alg": "RS256", "typ": "JWT" }));
    decoded(claims)
}

#[test]
fn a_proof_says_who_since_when_and_until_when_and_is_signed() {
    for pem in [keys::PKCS1, keys::PKCS8] {
        let key = AppKey::from_pem(pem, "github.app.privateKeyFile").unwrap();
        let proof = key.proof(APP, begin()).unwrap();
        let now = begin().as_second();
        assert_eq!(claims(proof.expose()), json!({ "iss": "4711", "iat": now - 60, "exp": now + 480 }));
        assert_eq!(proof, key.proof(APP, begin()).unwrap());
        assert_eq!(format!("{key:?} {proof:?}"), "[redacted] [redacted]");
    }
}

#[test]
fn a_key_that_cannot_be_read_is_told_by_its_setting_and_not_shown() {
    let cut = &keys::PKCS1[..600];
    let broken = keys::PKCS1.replace("MII", "M*I");
    let public = "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n";
    for text in ["", "hunter2", cut, &broken, public, keys::SHORT, keys::CURVE, TOKEN] {
        let error = AppKey::from_pem(text, "github.app.privateKeyFile").unwrap_err();
        let message = format!("{error} {error:?}");
        assert!(message.contains("github.app.privateKeyFile") && message.contains("PEM"), "{message}");
        for line in text.lines().filter(|line| line.len() > 5 && !line.starts_with("-----")) {
            assert!(!message.contains(line), "{message}");
        }
    }
}

#[test]
fn a_token_is_one_word_and_never_shown() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let server = Server::new();
        for bad in ["", " ", "a b", "a\nb", "\u{1}", "é"] {
            let settings = settings(Credentials::Token(Secret::new(bad)));
            let clock = Arc::new(TokioClock::starting_at(begin()));
            let made = Client::new(settings, Arc::new(server.clone()), clock);
            assert!(matches!(made, Err(GithubSetupError::Token)), "{bad:?}");
        }
        let settings: Settings = settings(Credentials::Token(Secret::new(format!("{TOKEN}\n"))));
        let shown = format!("{settings:?} {:?}", client(&server, settings.clone()));
        assert!(!shown.contains(TOKEN), "{shown}");
    });
}

#[tokio::test(start_paused = true)]
async fn the_installation_of_an_owner_is_found_once_and_its_token_used_until_shortly_before_its_end() {
    let server = Server::new();
    server
        .on(INSTALLATION, ok(&json!({ "id": 55, "account": { "login": "acme" } })))
        .on(TOKENS, token("ghs_one", "2026-11-23T09:00:00Z"))
        .on(TOKENS, token("ghs_two", "2026-11-23T09:55:00Z"))
        .on(REPOSITORY, ok(&repository()));
    let client = app(&server, None);
    for pause in [0, 54 * 60, 2 * 60] {
        tokio::time::advance(seconds(pause)).await;
        client.repository("acme/app").await.unwrap();
    }
    assert_eq!(server.lines(), [INSTALLATION, TOKENS, REPOSITORY, REPOSITORY, TOKENS, REPOSITORY]);
    let as_whom: Vec<String> =
        server.seen().iter().map(|seen| seen.header("authorization").to_owned()).collect();
    assert_eq!(
        [&as_whom[2], &as_whom[3], &as_whom[5]],
        ["Bearer ghs_one", "Bearer ghs_one", "Bearer ghs_two"]
    );
    for proof in [&as_whom[0], &as_whom[1], &as_whom[4]] {
        assert_eq!(claims(proof.strip_prefix("Bearer ").unwrap())["iss"], "4711");
    }
    assert_eq!((client.calls().content, client.calls().total), (0, 6));
    assert!(!format!("{client:?}").contains("ghs_"));
}

#[tokio::test(start_paused = true)]
async fn requests_at_the_same_time_fetch_one_token() {
    let server = Server::new();
    server.on(TOKENS, token("ghs_one", "2026-11-23T09:00:00Z")).on(REPOSITORY, ok(&repository()));
    server.on("GET /repos/acme/app/pulls/5", ok(&pull(5, "ring-x")));
    let client = app(&server, Some(55));
    let (one, two) = tokio::join!(client.repository("acme/app"), client.pull_request("acme/app", 5));
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(server.lines().iter().filter(|line| *line == TOKENS).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_refused_is_replaced_once() {
    let server = Server::new();
    server
        .on(TOKENS, token("ghs_one", "2026-11-23T09:00:00Z"))
        .on(TOKENS, token("ghs_two", "2026-11-23T09:00:00Z"))
        .on(REPOSITORY, answer(401, &json!({ "message": "Bad credentials" })))
        .on(REPOSITORY, ok(&repository()));
    assert!(app(&server, Some(55)).repository("acme/app").await.is_ok());
    assert_eq!(server.lines(), [TOKENS, REPOSITORY, TOKENS, REPOSITORY]);
    assert_eq!(server.seen()[3].header("authorization"), "Bearer ghs_two");

    let server = Server::new();
    server.on(TOKENS, token("ghs_one", "2026-11-23T09:00:00Z"));
    server.on(REPOSITORY, answer(401, &json!({ "message": "Bad credentials" })));
    let result = app(&server, Some(55)).repository("acme/app").await;
    let message = result.as_ref().unwrap_err().to_string();
    assert!(message.contains("Bad credentials") && !message.contains("ghs_"), "{message}");
    assert_eq!((kind(result), server.seen().len()), ("unauthorized", 4));
}

#[tokio::test(start_paused = true)]
async fn an_app_that_is_not_installed_is_no_missing_pull_request() {
    let server = Server::new();
    server.on(INSTALLATION, answer(404, &json!({ "message": "Not Found" })));
    let result = app(&server, None).pull_request("acme/app", 5).await;
    let message = result.as_ref().unwrap_err().to_string();
    assert!(message.contains("App 4711") && message.contains("installed"), "{message}");
    assert_eq!(kind(result), "not found");
}

#[tokio::test(start_paused = true)]
async fn an_app_that_was_installed_anew_is_found_again() {
    let server = Server::new();
    server
        .on(INSTALLATION, ok(&json!({ "id": 54 })))
        .on(INSTALLATION, ok(&json!({ "id": 55 })))
        .on("POST /app/installations/54/access_tokens", answer(404, &Value::Null))
        .on(TOKENS, token("ghs_one", "2026-11-23T09:00:00Z"))
        .on(REPOSITORY, ok(&repository()));
    let client = app(&server, None);
    assert_eq!(kind(client.repository("acme/app").await), "not found");
    assert!(client.repository("acme/app").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_wrong_is_corrected_once_by_what_github_shows() {
    let server = Server::new();
    let refusal = json!({ "message": "'Expiration time' claim ('exp') is too far in the future" });
    server
        .on(TOKENS, with(401, &[("date", "Mon, 23 Nov 2026 07:40:00 GMT")], &refusal))
        .on(TOKENS, token("ghs_one", "2026-11-23T08:40:00Z"))
        .on(REPOSITORY, ok(&repository()));
    let client = app(&server, Some(55));
    assert!(client.repository("acme/app").await.is_ok());
    let second = server.seen()[1].header("authorization").to_owned();
    let shown: Timestamp = begin() - SignedDuration::from_mins(20);
    assert_eq!(claims(second.strip_prefix("Bearer ").unwrap())["iat"], shown.as_second() - 60);
    // The end of the token is in GitHub's time as well.
    tokio::time::advance(seconds(54 * 60)).await;
    assert!(client.repository("acme/app").await.is_ok());
    assert_eq!(server.lines(), [TOKENS, TOKENS, REPOSITORY, REPOSITORY]);
}

#[tokio::test(start_paused = true)]
async fn a_proof_that_is_refused_for_another_reason_is_told() {
    let refusal = json!({ "message": "A JSON web token could not be decoded" });
    for (date, attempts) in
        [("Mon, 23 Nov 2026 08:00:01 GMT", 1), ("yesterday", 1), ("Mon, 23 Nov 2026 07:40:00 GMT", 2)]
    {
        let server = Server::new();
        server.on(TOKENS, with(401, &[("date", date)], &refusal));
        let result = app(&server, Some(55)).repository("acme/app").await;
        let message = result.as_ref().unwrap_err().to_string();
        let has_all = ["App 4711", "could not be decoded", "github.app.id", "private key"];
        assert!(has_all.iter().all(|part| message.contains(part)), "{message}");
        assert_eq!(message.contains("-1200 seconds"), attempts == 2, "{message}");
        assert_eq!((kind(result), server.seen().len()), ("unauthorized", attempts), "{date}");
    }
}
