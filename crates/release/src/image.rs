//! Images: references, digests, platforms, and what a registry said about them.

mod reference;

pub use reference::{ImageReference, InvalidImageReference, RepositoryPattern};

use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, str::FromStr};

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
mod tests;
