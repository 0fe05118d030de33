//! The requests of the distribution protocol that reading needs, each with its status judged and its body limited.

use super::{
    Credentials,
    answer::{Answer, Sender},
    authentication::{Challenge, advice},
    failure::{Failure, quote},
};
use http::{
    HeaderValue, Method, StatusCode,
    header::{ACCEPT, AUTHORIZATION},
};
use release::image::{Digest, ImageReference};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::net::SocketAddr;

/// What a manifest or an image configuration may weigh, in bytes: registries accept manifests of 4 MiB
/// (<https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests>).
const LARGEST_DOCUMENT: usize = 4 << 20;

/// What a token or an error text may weigh, in bytes.
pub(super) const SMALL_BODY: usize = 64 << 10;

/// Every form of a manifest. A registry answers 404 for a manifest that exists in a form which is not named here.
const MANIFEST_TYPES: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json";

/// The error codes by which a registry, and not something before it, says that there is no such thing
/// (<https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes>; `NOT_FOUND` is Harbor's).
const MISSING_CODES: [&str; 4] = ["MANIFEST_UNKNOWN", "NAME_UNKNOWN", "BLOB_UNKNOWN", "NOT_FOUND"];

/// Where a repository is found.
pub(super) struct Repository {
    address: String,
    path: String,
}

impl Repository {
    pub(super) fn of(reference: &ImageReference, at: Option<SocketAddr>, insecure: bool) -> Self {
        let scheme = if insecure { "http" } else { "https" };
        // What every container runtime does with Docker Hub's names.
        let (host, path) = match (reference.registry(), reference.path()) {
            ("docker.io" | "index.docker.io", path) if !path.contains('/') => {
                ("registry-1.docker.io", format!("library/{path}"))
            }
            ("docker.io" | "index.docker.io", path) => ("registry-1.docker.io", path.to_owned()),
            (host, path) => (host, path.to_owned()),
        };
        let host = at.map_or_else(|| host.to_owned(), |address| address.to_string());
        Self { address: format!("{scheme}://{host}/v2/{path}"), path }
    }
}

/// A conversation with a registry about one repository. A token that it gave is used until the end.
pub(super) struct Exchange<'a> {
    sender: Sender<'a>,
    repository: Repository,
    credentials: Option<&'a Credentials>,
    authorization: Option<HeaderValue>,
}

/// What was received, and its digest as we computed it.
pub(super) struct Document {
    pub(super) bytes: Vec<u8>,
    pub(super) digest: Digest,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(
        sender: Sender<'a>,
        repository: Repository,
        credentials: Option<&'a Credentials>,
    ) -> Self {
        Self { sender, repository, credentials, authorization: None }
    }

    /// The manifest with this tag, or nothing when the registry says that there is none.
    pub(super) async fn manifest(&mut self, tag: &str) -> Result<Option<Document>, Failure> {
        let asked = format!("asking {} for tag {tag}", self.repository.address);
        let Some(response) = self.request(Method::GET, &format!("manifests/{tag}"), &asked).await? else {
            return Ok(None);
        };
        let promised = response.headers().get("docker-content-digest").cloned();
        let document = Document::new(response.body(LARGEST_DOCUMENT, &asked).await?);
        // A digest of another algorithm names the same content and cannot be compared with ours.
        match promised.as_ref().and_then(|value| value.to_str().ok()) {
            Some(promised) if promised.starts_with("sha256:") => document.checked(promised, &asked).map(Some),
            _ => Ok(Some(document)),
        }
    }

    /// Whether the manifest with this digest is there.
    pub(super) async fn has_manifest(&mut self, digest: &Digest) -> Result<bool, Failure> {
        let asked = format!("asking {} whether {digest} exists", self.repository.address);
        Ok(self.request(Method::HEAD, &format!("manifests/{digest}"), &asked).await?.is_some())
    }

    /// The blob with this digest, or nothing when the registry says that there is none.
    pub(super) async fn blob(&mut self, digest: &Digest) -> Result<Option<Document>, Failure> {
        let asked = format!("asking {} for the image configuration {digest}", self.repository.address);
        match self.request(Method::GET, &format!("blobs/{digest}"), &asked).await? {
            Some(response) => Document::new(response.body(LARGEST_DOCUMENT, &asked).await?)
                .checked(&digest.0, &asked)
                .map(Some),
            None => Ok(None),
        }
    }

    /// Sends a request, a second time when the registry wants to know who we are.
    async fn request(&mut self, method: Method, what: &str, asked: &str) -> Result<Option<Answer>, Failure> {
        let response = self.send(&method, what, asked).await?;
        if response.status() != StatusCode::UNAUTHORIZED || self.authorization.is_some() {
            return self.judge(response, &method, asked).await;
        }
        if let Some(challenge) = Challenge::read(response.headers()) {
            self.authorization =
                challenge.answer(self.sender, &self.repository.path, self.credentials).await?;
        }
        match self.authorization {
            Some(_) => {
                let response = self.send(&method, what, asked).await?;
                self.judge(response, &method, asked).await
            }
            None => self.judge(response, &method, asked).await,
        }
    }

    async fn send(&self, method: &Method, what: &str, asked: &str) -> Result<Answer, Failure> {
        let address = format!("{}/{what}", self.repository.address);
        let accept = (ACCEPT, HeaderValue::from_static(MANIFEST_TYPES));
        let authorization = self.authorization.clone().map(|value| (AUTHORIZATION, value));
        self.sender.send(method, &address, [accept].into_iter().chain(authorization), asked).await
    }

    /// What the status means; nothing is "there is none".
    async fn judge(&self, response: Answer, method: &Method, asked: &str) -> Result<Option<Answer>, Failure> {
        let status = response.status();
        if status == StatusCode::OK {
            return Ok(Some(response));
        }
        // An answer to HEAD has no body that could say more.
        if status == StatusCode::NOT_FOUND && method == Method::HEAD {
            return Ok(None);
        }
        let (text, _) = response.beginning(SMALL_BODY, asked).await?;
        let errors = errors_in(&text);
        let told = match errors.is_empty() {
            true => String::from_utf8_lossy(&text).into_owned(),
            false => errors.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        };
        let reason = format!("{asked}: {status}: {}", quote(&told));
        match status {
            StatusCode::NOT_FOUND
                if errors.iter().any(|error| MISSING_CODES.contains(&error.code.as_str())) =>
            {
                Ok(None)
            }
            // A proxy without its registry, or a web server: the image may well be there.
            StatusCode::NOT_FOUND => Err(Failure::Unavailable(format!(
                "{reason}; this is not a registry's answer, check the host name"
            ))),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(Failure::Denied(format!("{reason}; {}", advice(self.credentials))))
            }
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Err(Failure::Unavailable(reason)),
            status if status.is_server_error() => Err(Failure::Unavailable(reason)),
            _ => Err(Failure::Invalid(reason)),
        }
    }
}

impl Document {
    fn new(bytes: Vec<u8>) -> Self {
        let hash = Sha256::digest(&bytes);
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { digest: Digest(format!("sha256:{hex}")), bytes }
    }

    /// Refuses content that is not what the registry or an index says it is.
    fn checked(self, promised: &str, asked: &str) -> Result<Self, Failure> {
        if self.digest.0 == promised {
            return Ok(self);
        }
        let promised = quote(promised);
        Err(Failure::Invalid(format!("{asked}: it should be {promised}, but what came is {}", self.digest)))
    }
}

/// One error of a registry's answer.
#[derive(Deserialize)]
struct RegistryError {
    code: String,
    #[serde(default)]
    message: String,
}

/// Such as `UNAUTHORIZED (authentication required)`.
impl std::fmt::Display for RegistryError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.code)?;
        if self.message.is_empty() { Ok(()) } else { write!(formatter, " ({})", self.message) }
    }
}

/// The errors in an answer; a text that is not one has none.
fn errors_in(text: &[u8]) -> Vec<RegistryError> {
    #[derive(Deserialize)]
    struct Errors {
        errors: Vec<RegistryError>,
    }
    serde_json::from_slice(text).map_or_else(|_| Vec::new(), |errors: Errors| errors.errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_hubs_short_names_are_spelled_out() {
        let address = |text: &str| Repository::of(&text.parse().unwrap(), None, false).address;
        assert_eq!(address("docker.io/redis:8"), "https://registry-1.docker.io/v2/library/redis");
        assert_eq!(address("docker.io/acme/atlas:1"), "https://registry-1.docker.io/v2/acme/atlas");
        assert_eq!(address("ghcr.io/acme/atlas:1"), "https://ghcr.io/v2/acme/atlas");
    }

    #[test]
    fn a_registry_can_be_reached_at_another_address() {
        let reference = "harbor.example.com/acme/atlas:1".parse().unwrap();
        let repository = Repository::of(&reference, Some("127.0.0.1:5001".parse().unwrap()), true);
        assert_eq!(repository.address, "http://127.0.0.1:5001/v2/acme/atlas");
    }

    #[test]
    fn errors_are_read_from_errors_alone() {
        let told = |text: &[u8]| errors_in(text).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            told(br#"{"errors":[{"code":"DENIED","message":"no","detail":[]},{"code":"MANIFEST_UNKNOWN"}]}"#),
            ["DENIED (no)", "MANIFEST_UNKNOWN"]
        );
        for text in
            [&b"<html>MANIFEST_UNKNOWN</html>"[..], b"", b"{\"errors\":\"MANIFEST_UNKNOWN\"}", b"\xff"]
        {
            assert!(told(text).is_empty());
        }
    }
}
