//! Images: references, digests, platforms, and what a registry said about them.

use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, str::FromStr};

/// A reference such as `ghcr.io/acme/atlas:e65a995abcd`: repository and tag. Digest references are not accepted, because
/// charts join repository and tag with a colon.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageReference {
    repository: String,
    tag: String,
}

/// Why a text is not an image reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not an image reference: {reason}; write registry/path:tag, such as ghcr.io/acme/atlas:1.2.0"
)]
pub struct InvalidImageReference {
    text: String,
    reason: &'static str,
}

impl ImageReference {
    /// The registry and path, such as `ghcr.io/acme/atlas`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The host (and port) of the registry.
    pub fn registry(&self) -> &str {
        self.repository.split_once('/').map_or("", |(registry, _)| registry)
    }

    /// The path within the registry.
    pub fn path(&self) -> &str {
        self.repository.split_once('/').map_or("", |(_, path)| path)
    }

    /// The tag.
    pub fn tag(&self) -> &str {
        &self.tag
    }
}

impl FromStr for ImageReference {
    type Err = InvalidImageReference;

    /// Accepts what the distribution specification allows: a registry host, a lower-case path and a tag of at most 128
    /// characters (<https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests>).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |reason| InvalidImageReference { text: text.to_owned(), reason };
        if text.contains('@') {
            return Err(invalid("a digest cannot be set through a chart's repository and tag"));
        }
        // The last colon after the last slash: a colon before it belongs to the registry's port.
        let slash = text.rfind('/').ok_or_else(|| invalid("the registry's host name is missing"))?;
        let colon = text[slash..].find(':').ok_or_else(|| invalid("the tag is missing"))? + slash;
        let (repository, tag) = (&text[..colon], &text[colon + 1..]);
        let (registry, path) =
            repository.split_once('/').ok_or_else(|| invalid("the registry's host name is missing"))?;
        if !(registry.contains(['.', ':']) || registry == "localhost") || !is_host(registry) {
            return Err(invalid("it must begin with the registry's host name"));
        }
        if !path.split('/').all(is_path_component) {
            return Err(invalid("the path may have lower-case letters, digits and single separators . _ -"));
        }
        if !is_tag(tag) {
            return Err(invalid("the tag may have up to 128 letters, digits and . _ -"));
        }
        Ok(Self { repository: repository.to_owned(), tag: tag.to_owned() })
    }
}

fn is_host(host: &str) -> bool {
    let (name, port) = host.split_once(':').unwrap_or((host, "443"));
    !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
        && port.parse::<u16>().is_ok()
}

fn is_path_component(component: &str) -> bool {
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    component.starts_with(edge)
        && component.ends_with(edge)
        && component.chars().all(|c| edge(c) || matches!(c, '.' | '_' | '-'))
}

fn is_tag(tag: &str) -> bool {
    tag.len() <= 128
        && tag.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && tag.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

impl fmt::Display for ImageReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.repository, self.tag)
    }
}

impl TryFrom<String> for ImageReference {
    type Error = InvalidImageReference;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ImageReference> for String {
    fn from(reference: ImageReference) -> Self {
        reference.to_string()
    }
}

/// The repositories that an image may come from: literal, or with `*` for any characters but a slash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RepositoryPattern(pub String);

impl RepositoryPattern {
    /// Whether `repository` may be used.
    pub fn matches(&self, repository: &str) -> bool {
        let (patterns, parts): (Vec<_>, Vec<_>) =
            (self.0.split('/').collect(), repository.split('/').collect());
        patterns.len() == parts.len()
            && patterns.iter().zip(parts).all(|(pattern, part)| matches_part(pattern, part))
    }
}

/// Matches one path component against literals separated by `*`.
fn matches_part(pattern: &str, part: &str) -> bool {
    let mut literals = pattern.split('*');
    let Some(rest) = literals.next().and_then(|first| part.strip_prefix(first)) else { return false };
    let Some(last) = literals.next_back() else { return rest.is_empty() };
    let Some(mut rest) = rest.strip_suffix(last) else { return false };
    for literal in literals {
        let Some(at) = rest.find(literal) else { return false };
        rest = &rest[at + literal.len()..];
    }
    true
}

/// A digest such as `sha256:…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(pub String);

impl Digest {
    /// Enough of it to recognise it by: `sha256:` and twelve digits.
    pub fn short(&self) -> &str {
        let end = self.0.find(':').map_or(12, |colon| colon + 13);
        self.0.get(..end).unwrap_or(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A platform such as `linux/amd64` or `linux/arm/v7`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Platform {
    /// The operating system.
    pub os: String,
    /// The processor architecture, in Go's spelling.
    pub architecture: String,
    /// The variant of the architecture, where it has several.
    pub variant: Option<String>,
}

/// Why a text is not a platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a platform: write os/architecture or os/architecture/variant, such as linux/amd64")]
pub struct InvalidPlatform(String);

impl FromStr for Platform {
    type Err = InvalidPlatform;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split('/').collect();
        let plain = |part: &&str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        match parts.as_slice() {
            [os, architecture, variant @ ..] if variant.len() <= 1 && parts.iter().all(plain) => Ok(Self {
                os: (*os).to_owned(),
                architecture: (*architecture).to_owned(),
                variant: variant.first().map(|variant| (*variant).to_owned()),
            }),
            _ => Err(InvalidPlatform(text.to_owned())),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.os, self.architecture)?;
        self.variant.iter().try_for_each(|variant| write!(formatter, "/{variant}"))
    }
}

impl TryFrom<String> for Platform {
    type Error = InvalidPlatform;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Platform> for String {
    fn from(platform: Platform) -> Self {
        platform.to_string()
    }
}

/// What a registry said about a reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Availability {
    /// It can be pulled on every platform asked for. Only this one goes on.
    Present(ResolvedDigests),
    /// It exists, but not for every platform, or an index names manifests that are not there.
    Incomplete {
        /// The digest that the tag stands for.
        digest: Digest,
        /// The platforms that are missing.
        missing: Vec<Platform>,
    },
    /// The registry says that it does not exist.
    Absent,
    /// The registry could not be asked, or would not say (401, 403, 5xx, a timeout).
    Unknown {
        /// What it said.
        reason: String,
        /// Whether it refused us, so that trying again will not help.
        denied: bool,
    },
}

impl Availability {
    /// One or two sentences for a person: what the registry said about `reference`, and what to do about it.
    pub fn explain(&self, reference: &ImageReference) -> String {
        match self {
            Self::Present(digests) => {
                let platforms = list(digests.platforms.keys());
                format!("{reference} is {} and can be pulled on {platforms}", digests.digest.short())
            }
            Self::Incomplete { digest, missing } => format!(
                "{reference} is {} and lacks {}: a node of that platform could not pull it. Build and push it for every \
                 platform, or take the platform out of the service's `platforms`",
                digest.short(),
                list(missing)
            ),
            Self::Absent => format!(
                "{reference} does not exist: the registry knows no such repository or tag. Check both for a slip, or wait \
                 until the build has pushed it, and start again"
            ),
            Self::Unknown { reason, denied: true } => {
                format!("the registry refuses to say whether {reference} exists: {reason}")
            }
            Self::Unknown { reason, denied: false } => format!(
                "it is not known whether {reference} exists: {reason}. Nothing is released on a guess: start again when \
                 the registry answers"
            ),
        }
    }
}

/// Joins platforms for a sentence.
fn list<'a>(platforms: impl IntoIterator<Item = &'a Platform>) -> String {
    let names: Vec<String> = platforms.into_iter().map(Platform::to_string).collect();
    if names.is_empty() { "no known platform".to_owned() } else { names.join(", ") }
}

/// The digests that a tag stood for at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedDigests {
    /// What the tag stands for: an index, or a manifest where there is no index.
    pub digest: Digest,
    /// The manifest of each platform.
    pub platforms: BTreeMap<Platform, Digest>,
}

impl ResolvedDigests {
    /// Whether a pod that runs `digest` runs this image. Runtimes report the index or the platform's manifest.
    pub fn accepts(&self, digest: &Digest) -> bool {
        self.digest == *digest || self.platforms.values().any(|platform| platform == digest)
    }
}

/// An image of a service, resolved when its release began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedImage {
    /// The name of the [`crate::service::ServiceImage`].
    pub name: String,
    /// What was asked for.
    pub reference: ImageReference,
    /// What it stood for.
    pub digests: ResolvedDigests,
}

/// Says that a tag moved, with both digests, when it no longer stands for what a release recorded. Only the digest of the
/// tag itself counts: the manifests of the platforms follow from it.
pub fn compare(recorded: &ResolvedImage, now: &ResolvedDigests) -> Option<String> {
    let (before, after) = (&recorded.digests.digest, &now.digest);
    (before != after).then(|| {
        format!(
            "{} moved: it stood for {before} when the release began and stands for {after} now. Push what is to be \
             released under a tag of its own and release that tag",
            recorded.reference
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_split_at_the_right_colon() {
        let reference: ImageReference = "127.0.0.1:5000/acme/atlas:0123456".parse().unwrap();
        assert_eq!(reference.registry(), "127.0.0.1:5000");
        assert_eq!(reference.path(), "acme/atlas");
        assert_eq!((reference.repository(), reference.tag()), ("127.0.0.1:5000/acme/atlas", "0123456"));
    }

    #[test]
    fn what_is_no_reference_is_refused_with_the_reason() {
        for (text, reason) in [
            ("atlas:1", "host name"),
            ("acme/atlas:1", "host name"),
            ("ghcr.io/acme/atlas", "tag is missing"),
            ("ghcr.io/Acme/atlas:1", "lower-case"),
            ("ghcr.io/acme/atlas:-1", "128"),
            ("ghcr.io/acme/atlas@sha256:00", "digest"),
            ("ghcr.io:x/acme/atlas:1", "host name"),
            ("ghcr.io/acme/atlas:1 --set a=b", "128"),
        ] {
            let error = text.parse::<ImageReference>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn a_star_never_crosses_a_slash() {
        let pattern = RepositoryPattern("ghcr.io/acme/atlas-ring-*".into());
        assert!(pattern.matches("ghcr.io/acme/atlas-ring-x"));
        assert!(!pattern.matches("ghcr.io/acme/atlas-ring-x/evil"));
        assert!(!pattern.matches("ghcr.io/acme/atlas"));
        assert!(RepositoryPattern("a.b/*-x-*".into()).matches("a.b/1-x-2"));
        assert!(!RepositoryPattern("a.b/ab*ba".into()).matches("a.b/aba"));
    }

    fn atlas() -> ImageReference {
        "ghcr.io/acme/atlas:1.2.0".parse().unwrap()
    }

    fn resolved(digest: &str, platforms: &[&str]) -> ResolvedDigests {
        let platforms =
            platforms.iter().map(|text| (text.parse().unwrap(), Digest(format!("sha256:{text}"))));
        ResolvedDigests { digest: Digest(digest.into()), platforms: platforms.collect() }
    }

    #[test]
    fn each_answer_of_a_registry_is_explained_with_what_to_do() {
        let digest = Digest("sha256:0123456789abcdef".into());
        let missing = vec!["linux/arm64".parse().unwrap(), "linux/arm/v7".parse().unwrap()];
        let unknown = |denied| Availability::Unknown { reason: "503 Service Unavailable".into(), denied };
        for (answer, expected) in [
            (
                Availability::Present(resolved(&digest.0, &["linux/arm64", "linux/amd64"])),
                &["is sha256:0123456789ab and", "linux/amd64, linux/arm64"][..],
            ),
            (
                Availability::Incomplete { digest, missing },
                &["sha256:0123456789ab", "lacks linux/arm64, linux/arm/v7", "`platforms`"],
            ),
            (Availability::Absent, &["does not exist", "wait until the build"]),
            (unknown(true), &["refuses", "503 Service Unavailable"]),
            (unknown(false), &["not known", "503 Service Unavailable", "start again when"]),
        ] {
            let text = answer.explain(&atlas());
            assert!(text.contains("ghcr.io/acme/atlas:1.2.0"), "{text}");
            expected.iter().for_each(|part| assert!(text.contains(part), "{part:?} is not in {text:?}"));
        }
    }

    #[test]
    fn a_tag_that_moved_is_named_with_both_digests() {
        let digests = resolved("sha256:aa", &["linux/amd64"]);
        let recorded = ResolvedImage { name: "atlas".into(), reference: atlas(), digests };
        assert_eq!(compare(&recorded, &resolved("sha256:aa", &[])), None);
        let text = compare(&recorded, &resolved("sha256:bb", &["linux/amd64"])).unwrap();
        for part in ["ghcr.io/acme/atlas:1.2.0 moved", "sha256:aa when", "sha256:bb now"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
