use super::*;
use base64::{Engine, prelude::BASE64_STANDARD};
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

const HOST: &str = "127.0.0.1:15000";
const ALL: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json";

fn pushed(tag: &str, push: &Push) -> (Registries, String) {
    let mut registries = Registries::default();
    let digest = registries.push(HOST, "acme/atlas", tag, push);
    (registries, digest)
}

fn ask(
    registries: &mut Registries,
    method: Method,
    path: &str,
    headers: &[(header::HeaderName, &str)],
) -> Response<Bytes> {
    let mut request = Request::new(Bytes::new());
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().unwrap();
    request.headers_mut().insert(header::ACCEPT, ALL.parse().unwrap());
    for (name, value) in headers {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    registries.handle(HOST, &request)
}

fn get(registries: &mut Registries, path: &str) -> (u16, Value) {
    let response = ask(registries, Method::GET, path, &[]);
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or_default())
}

fn digest_header(response: &Response<Bytes>) -> &str {
    response.headers()["docker-content-digest"].to_str().unwrap()
}

fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["errors"][0]["code"].as_str().unwrap_or_default())
}

#[test]
fn an_index_names_its_manifests_and_an_attestation_and_all_of_them_are_there() {
    let (mut registries, digest) = pushed("1.0.0", &Push::default());
    let response = ask(&mut registries, Method::GET, "/v2/acme/atlas/manifests/1.0.0", &[]);
    assert_eq!((response.status(), digest_header(&response)), (StatusCode::OK, digest.as_str()));
    assert_eq!(digest_of(response.body()), digest);
    let index: Value = serde_json::from_slice(response.body()).unwrap();
    let mut platforms = Vec::new();
    for entry in index["manifests"].as_array().unwrap() {
        let digest = entry["digest"].as_str().unwrap();
        let (status, manifest) = get(&mut registries, &format!("/v2/acme/atlas/manifests/{digest}"));
        assert_eq!((status, &manifest["mediaType"]), (200, &entry["mediaType"]));
        for described in [&manifest["config"], &manifest["layers"][0]] {
            let path = format!("/v2/acme/atlas/blobs/{}", described["digest"].as_str().unwrap());
            let blob = ask(&mut registries, Method::GET, &path, &[]);
            assert_eq!(
                (blob.status(), json!(blob.body().len())),
                (StatusCode::OK, described["size"].clone())
            );
        }
        let platform = &entry["platform"];
        platforms.push(format!(
            "{}/{}",
            platform["os"].as_str().unwrap(),
            platform["architecture"].as_str().unwrap()
        ));
    }
    assert_eq!(platforms, ["linux/amd64", "linux/arm64", "unknown/unknown"]);
}

#[test]
fn a_head_request_has_the_length_and_the_digest_but_no_body() {
    let (mut registries, digest) = pushed("1.0.0", &Push::default());
    let whole = ask(&mut registries, Method::GET, "/v2/acme/atlas/manifests/1.0.0", &[]);
    let head = ask(&mut registries, Method::HEAD, &format!("/v2/acme/atlas/manifests/{digest}"), &[]);
    assert_eq!((head.status(), head.body().len()), (StatusCode::OK, 0));
    assert_eq!(head.headers(), whole.headers());
}

#[test]
fn what_is_not_there_is_an_error_of_the_specification() {
    let (mut registries, _) = pushed("1.0.0", &Push::default());
    let none = digest_of(b"none");
    for (path, expected) in [
        ("/v2/acme/atlas/manifests/2.0.0".to_owned(), "MANIFEST_UNKNOWN"),
        ("/v2/nobody/nothing/manifests/1.0.0".to_owned(), "MANIFEST_UNKNOWN"),
        (format!("/v2/acme/atlas/manifests/{none}"), "MANIFEST_UNKNOWN"),
        (format!("/v2/acme/atlas/blobs/{none}"), "BLOB_UNKNOWN"),
        ("/v2/nobody/nothing/tags/list".to_owned(), "NAME_UNKNOWN"),
    ] {
        assert_eq!(code(&get(&mut registries, &path)), (404, expected), "{path}");
    }
    assert_eq!(code(&get(&mut registries, "/")), (404, ""));
    let post = ask(&mut registries, Method::POST, "/v2/acme/atlas/manifests/1.0.0", &[]);
    assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[test]
fn an_index_that_the_client_does_not_accept_is_as_good_as_absent() {
    let (mut registries, _) = pushed("1.0.0", &Push::default());
    for accept in ["*/*", "application/vnd.oci.image.manifest.v1+json"] {
        let path = "/v2/acme/atlas/manifests/1.0.0";
        let response = ask(&mut registries, Method::GET, path, &[(header::ACCEPT, accept)]);
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert!(String::from_utf8_lossy(response.body()).contains("OCI index found"));
    }
}

#[test]
fn tags_are_listed_moved_and_removed() {
    let (mut registries, first) = pushed("1.0.0", &Push::default());
    let second = registries.push(HOST, "acme/atlas", "2.0.0", &Push::default());
    assert_ne!(first, second);
    let again = Push { variant: 2, ..Push::default() };
    let moved = registries.push(HOST, "acme/atlas", "1.0.0", &again);
    assert_ne!(moved, first);
    assert_eq!(get(&mut registries, "/v2/acme/atlas/tags/list").1["tags"], json!(["1.0.0", "2.0.0"]));
    let registry = registries.at(HOST);
    assert!(registry.move_tag("acme/atlas", "1.0.0", &first), "what a tag named stays under its digest");
    assert!(!registry.move_tag("acme/atlas", "1.0.0", "sha256:none"));
    assert!(registry.remove_tag("acme/atlas", "2.0.0") && !registry.remove_tag("acme/atlas", "2.0.0"));
    assert_eq!(registries.pull(&format!("{HOST}/acme/atlas:1.0.0")), Pulled::Image(first.clone()));
    assert!(registries.at(HOST).remove_manifest("acme/atlas", &first));
    assert_eq!(registries.pull(&format!("{HOST}/acme/atlas:1.0.0")), Pulled::Absent);
    assert_eq!(get(&mut registries, "/v2/acme/atlas/tags/list").1["tags"], json!([]));
}

#[test]
fn a_lost_manifest_stays_in_the_index() {
    let push = Push { absent: vec!["linux/arm64".to_owned()], ..Push::default() };
    let (mut registries, _) = pushed("lost", &push);
    let (_, index) = get(&mut registries, "/v2/acme/atlas/manifests/lost");
    let status = |entry: usize, registries: &mut Registries| {
        let digest = index["manifests"][entry]["digest"].as_str().unwrap();
        get(registries, &format!("/v2/acme/atlas/manifests/{digest}")).0
    };
    assert_eq!((status(0, &mut registries), status(1, &mut registries)), (200, 404));
}

#[test]
fn a_private_registry_opens_to_its_password_and_to_kubelets_only() {
    let (mut registries, digest) = pushed("1.0.0", &Push::default());
    let account = Account { user: "reader".to_owned(), password: "right".to_owned() };
    registries.at(HOST).access = Access::Password(account);
    let path = "/v2/acme/atlas/manifests/1.0.0";
    let status = |registries: &mut Registries, password: &str| {
        let pair = format!("Basic {}", BASE64_STANDARD.encode(format!("reader:{password}")));
        ask(registries, Method::GET, path, &[(header::AUTHORIZATION, &pair)]).status().as_u16()
    };
    assert_eq!((status(&mut registries, "right"), status(&mut registries, "wrong")), (200, 401));
    let anonymous = ask(&mut registries, Method::GET, path, &[]);
    assert_eq!(anonymous.headers()[header::WWW_AUTHENTICATE], "Basic realm=\"testbed\"");
    let answer: Value = serde_json::from_slice(anonymous.body()).unwrap();
    assert_eq!(answer["errors"][0]["message"], "authentication required");
    assert_eq!(registries.pull(&format!("{HOST}/acme/atlas:1.0.0")), Pulled::Image(digest));
    assert_eq!(registries.pull(&format!("{HOST}/acme/atlas:2.0.0")), Pulled::Denied);
}

#[test]
fn a_token_opens_the_repository_that_it_was_asked_for() {
    let (mut registries, _) = pushed("1.0.0", &Push::default());
    registries.push(HOST, "acme/other", "1.0.0", &Push::default());
    registries.at(HOST).access = Access::Token(None);
    let refused = ask(&mut registries, Method::GET, "/v2/acme/atlas/manifests/1.0.0", &[]);
    let expected = format!(
        "Bearer realm=\"http://{HOST}/token\",service=\"{HOST}\",scope=\"repository:acme/atlas:pull\""
    );
    assert_eq!(refused.headers()[header::WWW_AUTHENTICATE], expected);
    let (_, answer) = get(&mut registries, "/token?service=x&scope=repository%3Aacme%2Fatlas%3Apull");
    let bearer = format!("Bearer {}", answer["token"].as_str().unwrap());
    let mut status = |path: &str| {
        ask(&mut registries, Method::GET, path, &[(header::AUTHORIZATION, &bearer)]).status().as_u16()
    };
    assert_eq!(status("/v2/acme/atlas/manifests/1.0.0"), 200);
    assert_eq!(status("/v2/acme/other/manifests/1.0.0"), 401);
    let account = Account { user: "reader".to_owned(), password: "right".to_owned() };
    registries.at(HOST).access = Access::Token(Some(account));
    assert_eq!(code(&get(&mut registries, "/token?scope=x")), (401, "UNAUTHORIZED"));
}

#[test]
fn a_repository_can_be_denied_and_a_registry_can_be_down() {
    let (mut registries, digest) = pushed("1.0.0", &Push::default());
    let image = format!("{HOST}/acme/atlas:1.0.0");
    let path = "/v2/acme/atlas/manifests/1.0.0";
    registries.at(HOST).denied.insert("acme/atlas".to_owned());
    assert_eq!(code(&get(&mut registries, path)), (403, "DENIED"));
    assert_eq!(registries.pull(&image), Pulled::Image(digest));
    registries.at(HOST).denied_to_nodes.insert("acme/atlas".to_owned());
    assert_eq!(registries.pull(&image), Pulled::Denied);
    registries.at(HOST).is_down = true;
    assert_eq!(code(&get(&mut registries, path)), (503, "UNAVAILABLE"));
    assert_eq!(registries.pull(&image), Pulled::Unreachable);
}

#[test]
fn kubelets_report_what_the_tag_says() {
    let mut registries = Registries::default();
    let mut pulled = |tag: &str, push: &Push| {
        let digest = registries.push(HOST, "atlas", tag, push);
        (digest, registries.pull(&format!("{HOST}/atlas:{tag}")))
    };
    let (digest, image) = pulled("1.0.0", &Push::default());
    assert_eq!(image, Pulled::Image(digest));
    let (digest, image) = pulled("wrongdigest-1", &Push::default());
    assert_eq!(image, Pulled::Image(digest_of(format!("not {digest}").as_bytes())));
    let (digest, image) = pulled("platformdigest-1", &Push::default());
    let Pulled::Image(reported) = image else { panic!("not pulled") };
    assert_ne!(reported, digest);
    let (status, manifest) = get(&mut registries, &format!("/v2/atlas/manifests/{reported}"));
    assert_eq!((status, manifest["config"]["mediaType"].as_str().is_some()), (200, true));
}

#[test]
fn images_of_other_registries_can_always_be_pulled() {
    let (registries, _) = pushed("1.0.0", &Push::default());
    let Pulled::Image(digest) = registries.pull("docker.io/library/redis:8") else { panic!("not pulled") };
    assert_eq!(digest, digest_of(b"docker.io/library/redis:8"));
    assert!(matches!(registries.pull("redis"), Pulled::Image(_)));
    let named = format!("ghcr.io/acme/atlas:1@{digest}");
    assert_eq!(registries.pull(&named), Pulled::Image(digest));
}
