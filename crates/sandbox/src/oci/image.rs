//! The documents of an image: what `docker buildx` pushes, an index with a manifest per platform and an attestation.

use super::digest_of;
use bytes::Bytes;
use serde_json::{Value, json};

pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// How an image is pushed; the options of `testbed/push`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// Such as `linux/amd64`. Empty: linux/amd64 and linux/arm64, or only the former for a tag with `amd64only` in it.
    pub platforms: Vec<String>,
    /// Another number is another content: pushed under the same tag, the tag moves.
    pub variant: u32,
    /// A manifest of the first platform, without an index.
    pub single: bool,
    /// Platforms that stay in the index although their manifests are lost.
    pub absent: Vec<String>,
}

impl Default for Push {
    fn default() -> Self {
        Self { platforms: Vec::new(), variant: 1, single: false, absent: Vec::new() }
    }
}

/// A manifest or an index.
#[derive(Debug, Clone)]
pub(super) struct Manifest {
    pub(super) media_type: &'static str,
    pub(super) content: Bytes,
    /// The digest of the manifest for the first platform; of itself, if it is one.
    pub(super) first: String,
}

/// Everything that one push brings into a repository.
#[derive(Debug, Default)]
pub(super) struct Image {
    /// What the tag names comes last.
    pub(super) manifests: Vec<Manifest>,
    pub(super) blobs: Vec<Bytes>,
    /// The digests of manifests that the index names and that are gone.
    pub(super) lost: Vec<String>,
}

impl Push {
    fn platforms_for(&self, tag: &str) -> Vec<&str> {
        match &*self.platforms {
            [] if tag.contains("amd64only") => vec!["linux/amd64"],
            [] => vec!["linux/amd64", "linux/arm64"],
            given => given.iter().map(String::as_str).collect(),
        }
    }

    /// The documents for a tag.
    pub(super) fn image(&self, repository: &str, tag: &str) -> Image {
        let text = format!("{repository}:{tag} variant {}", self.variant);
        let mut image = Image::default();
        let (mut entries, mut first) = (Vec::new(), None);
        for platform in self.platforms_for(tag) {
            let manifest = image.platform(platform, &text);
            let digest = digest_of(&manifest);
            first.get_or_insert_with(|| digest.clone());
            if self.single {
                image.keep(MANIFEST, manifest, &digest);
                return image;
            }
            entries.push(descriptor(MANIFEST, &manifest, json!({"platform": fields(platform)})));
            if self.absent.iter().any(|absent| absent == platform) {
                image.lost.push(digest);
            } else {
                image.keep(MANIFEST, manifest, &digest);
            }
        }
        let first = first.unwrap_or_default();
        let attestation = image.attestation(&first);
        let annotations = json!({
            "vnd.docker.reference.digest": first,
            "vnd.docker.reference.type": "attestation-manifest",
        });
        let unknown = json!({"annotations": annotations, "platform": fields("unknown/unknown")});
        entries.push(descriptor(MANIFEST, &attestation, unknown));
        image.keep(MANIFEST, attestation, &first);
        let index = encode(&json!({"manifests": entries, "mediaType": INDEX, "schemaVersion": 2}));
        image.keep(INDEX, index, &first);
        image
    }
}

impl Image {
    fn keep(&mut self, media_type: &'static str, content: Bytes, first: &str) {
        self.manifests.push(Manifest { media_type, content, first: first.to_owned() });
    }

    /// The image for one platform; the answer is its manifest.
    fn platform(&mut self, platform: &str, text: &str) -> Bytes {
        let layer = Bytes::from(text.to_owned());
        let mut config = fields(platform);
        config["config"] = json!({"Labels": {"org.opencontainers.image.version": text}});
        config["rootfs"] = json!({"diff_ids": [digest_of(&layer)], "type": "layers"});
        self.manifest(&config, LAYER, layer)
    }

    /// What BuildKit adds: an image that is none, about the one with digest `subject`.
    fn attestation(&mut self, subject: &str) -> Bytes {
        let about = json!([{"digest": {"sha256": subject.trim_start_matches("sha256:")}}]);
        let kind = "https://in-toto.io/Statement/v0.1";
        let statement = encode(&json!({"_type": kind, "predicate": {}, "subject": about}));
        let mut config = fields("unknown/unknown");
        config["config"] = json!({});
        config["rootfs"] = json!({"type": "layers"});
        self.manifest(&config, "application/vnd.in-toto+json", statement)
    }

    fn manifest(&mut self, config: &Value, layer_type: &str, layer: Bytes) -> Bytes {
        let config = encode(config);
        let manifest = encode(&json!({
            "config": descriptor(CONFIG, &config, json!({})),
            "layers": [descriptor(layer_type, &layer, json!({}))],
            "mediaType": MANIFEST,
            "schemaVersion": 2,
        }));
        self.blobs.extend([config, layer]);
        manifest
    }
}

fn fields(platform: &str) -> Value {
    let mut parts = platform.splitn(3, '/');
    let (system, architecture) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match parts.next() {
        Some(variant) => json!({"architecture": architecture, "os": system, "variant": variant}),
        None => json!({"architecture": architecture, "os": system}),
    }
}

fn descriptor(media_type: &str, content: &[u8], mut more: Value) -> Value {
    more["digest"] = json!(digest_of(content));
    more["mediaType"] = json!(media_type);
    more["size"] = json!(content.len());
    more
}

fn encode(document: &Value) -> Bytes {
    Bytes::from(document.to_string())
}
