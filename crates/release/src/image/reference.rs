//! Image references, and where images may come from.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

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
