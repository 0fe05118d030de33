//! A registry with one repository in this process: the reading half of the distribution protocol, with the habits of
//! Debian's docker-registry that were seen on the real one, and a place to put faults.

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{net::TcpListener, task::JoinHandle};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// What the repository `acme/atlas` holds.
#[derive(Clone, Default)]
pub(crate) struct Content {
    /// By tag and by digest: media type and body.
    pub(crate) manifests: BTreeMap<String, (&'static str, Vec<u8>)>,
    /// By digest.
    pub(crate) blobs: BTreeMap<String, Vec<u8>>,
}

/// A request as it arrived.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) number: usize,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) authorization: Option<String>,
}

type Fault = Box<dyn Fn(&Asked) -> Option<Response> + Send>;

#[derive(Default)]
struct Shared {
    content: Content,
    host: String,
    asked: Mutex<Vec<Asked>>,
    fault: Mutex<Option<Fault>>,
    /// The header that requests must carry, and what answers those without.
    required: Mutex<Option<(String, String)>>,
    /// The header that the token service must see.
    token_for: Mutex<Option<String>>,
}

/// The running registry; it ends with the test's runtime.
pub(crate) struct StandIn {
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

impl StandIn {
    pub(crate) async fn start(content: Content) -> Self {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared { content, host, ..Shared::default() });
        let router = Router::new().fallback(answer).with_state(shared.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { shared, server }
    }

    /// Closes the port.
    pub(crate) async fn stop(self) {
        self.server.abort();
        assert!(self.server.await.unwrap_err().is_cancelled());
    }

    pub(crate) fn host(&self) -> String {
        self.shared.host.clone()
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// From now on, a request that `fault` answers gets that answer.
    pub(crate) fn fault(&self, fault: impl Fn(&Asked) -> Option<Response> + Send + 'static) {
        *self.shared.fault.lock().unwrap() = Some(Box::new(fault));
    }

    pub(crate) fn require_password(&self, user: &str, password: &str) {
        let challenge = "Basic realm=\"stand-in\"".to_owned();
        *self.shared.required.lock().unwrap() = Some((basic(user, password), challenge));
    }

    pub(crate) fn require_token(&self, user: &str, password: &str) {
        let realm = format!("Bearer realm=\"http://{}/token\",service=\"stand-in\"", self.shared.host);
        *self.shared.required.lock().unwrap() = Some(("Bearer granted".to_owned(), realm));
        *self.shared.token_for.lock().unwrap() = Some(basic(user, password));
    }
}

fn basic(user: &str, password: &str) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD};
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let asked = {
        let mut all = shared.asked.lock().unwrap();
        let asked = Asked {
            number: all.len(),
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            query: request.uri().query().map(str::to_owned),
            authorization: text(header::AUTHORIZATION),
        };
        all.push(asked.clone());
        asked
    };
    let fault = shared.fault.lock().unwrap().as_ref().and_then(|fault| {
        // Faults lie behind the door: who is not let in does not meet them.
        let inside = asked.path == "/token" || refusal(&shared, &asked).is_none();
        inside.then(|| fault(&asked)).flatten()
    });
    if let Some(response) = fault {
        return response;
    }
    if asked.path == "/token" {
        return token(&shared, &asked);
    }
    refusal(&shared, &asked).unwrap_or_else(|| content(&shared.content, &asked, request.headers()))
}

fn token(shared: &Shared, asked: &Asked) -> Response {
    match *shared.token_for.lock().unwrap() == asked.authorization {
        true => json!({"access_token": "granted", "expires_in": 300}).to_string().into_response(),
        false => error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED"),
    }
}

fn refusal(shared: &Shared, asked: &Asked) -> Option<Response> {
    let (required, challenge) = shared.required.lock().unwrap().clone()?;
    (asked.authorization != Some(required)).then(|| {
        ([(header::WWW_AUTHENTICATE, challenge)], error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED"))
            .into_response()
    })
}

fn content(content: &Content, asked: &Asked, headers: &HeaderMap) -> Response {
    let absent = |code| error(StatusCode::NOT_FOUND, code);
    if let Some(reference) = asked.path.strip_prefix("/v2/acme/atlas/manifests/") {
        let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        return match content.manifests.get(reference) {
            // The real one answers so for an index when the client does not say that it understands one.
            Some((kind, _)) if !accepted.contains(kind) => absent("MANIFEST_UNKNOWN"),
            Some((kind, body)) => {
                let named =
                    [(header::CONTENT_TYPE.as_str(), *kind), ("docker-content-digest", &digest_of(body))];
                (named, body.clone()).into_response()
            }
            None => absent("MANIFEST_UNKNOWN"),
        };
    }
    match asked.path.strip_prefix("/v2/acme/atlas/blobs/").and_then(|digest| content.blobs.get(digest)) {
        Some(blob) => blob.clone().into_response(),
        None => absent("BLOB_UNKNOWN"),
    }
}

/// A registry's error answer.
pub(crate) fn error(status: StatusCode, code: &str) -> Response {
    let body = json!({"errors": [{"code": code, "message": "no", "detail": null}]});
    (status, body.to_string()).into_response()
}

pub(crate) fn digest_of(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// The image configuration and the manifest for one platform; the same platform always gives the same bytes.
pub(crate) fn image(platform: &str) -> (Vec<u8>, Vec<u8>) {
    let config = json!({"rootfs": {"type": "layers", "diff_ids": []}});
    let config = [config, fields(platform)].into_iter().fold(json!({}), |mut all, part| {
        all.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
        all
    });
    let config = config.to_string().into_bytes();
    let described = json!({"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest_of(&config), "size": config.len()});
    let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": described, "layers": []});
    (config, manifest.to_string().into_bytes())
}

/// A platform as registries write it.
fn fields(platform: &str) -> serde_json::Value {
    let mut parts = platform.split('/');
    let (os, architecture, variant) = (parts.next(), parts.next(), parts.next());
    match variant {
        Some(variant) => json!({"os": os, "architecture": architecture, "variant": variant}),
        None => json!({"os": os, "architecture": architecture}),
    }
}

/// What BuildKit pushes: an index of these platforms and an attestation.
pub(crate) fn index(platforms: &[&str]) -> Content {
    let mut content = Content::default();
    let mut entries = Vec::new();
    for platform in platforms.iter().copied().chain(["unknown/unknown"]) {
        let (config, manifest) = image(platform);
        let mut entry = json!({"mediaType": MANIFEST, "digest": digest_of(&manifest), "size": manifest.len(), "platform": fields(platform)});
        if platform == "unknown/unknown" {
            entry["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
        }
        entries.push(entry);
        content.blobs.insert(digest_of(&config), config);
        content.manifests.insert(digest_of(&manifest), (MANIFEST, manifest));
    }
    let index =
        json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).to_string().into_bytes();
    content.manifests.insert(super::TAG.to_owned(), (INDEX, index));
    content
}

/// A manifest without an index.
pub(crate) fn single(platform: &str) -> Content {
    let (config, manifest) = image(platform);
    let manifests = [(super::TAG.to_owned(), (MANIFEST, manifest))];
    Content { manifests: manifests.into(), blobs: [(digest_of(&config), config)].into() }
}
