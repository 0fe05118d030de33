//! From a tag to the digests behind it: which platforms an index or a single manifest serves, and whether they are there.

use super::{
    exchange::{Document, Exchange},
    failure::{Failure, quote},
};
use release::image::{Availability, Digest, Platform, ResolvedDigests};
use serde::{Deserialize, de::DeserializeOwned};
use std::collections::BTreeMap;

/// The annotation by which BuildKit marks a manifest about another one (<https://docs.docker.com/build/metadata/attestations/>).
const REFERENCE_TYPE: &str = "vnd.docker.reference.type";

/// An index or a manifest: what we read of either.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    schema_version: u32,
    manifests: Option<Vec<Entry>>,
    config: Option<Descriptor>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: Digest,
}

#[derive(Deserialize)]
struct Entry {
    digest: Digest,
    platform: Option<PlatformFields>,
    annotations: Option<BTreeMap<String, String>>,
}

/// A platform as an index or an image configuration writes it.
#[derive(Deserialize)]
struct PlatformFields {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    variant: Option<String>,
}

/// Finds out what `tag` stands for, and whether it can be pulled on every one of `wanted`.
pub(super) async fn lookup(
    exchange: &mut Exchange<'_>,
    tag: &str,
    wanted: &[Platform],
) -> Result<Availability, Failure> {
    let Some(document) = exchange.manifest(tag).await? else { return Ok(Availability::Absent) };
    let manifest: Manifest = parse(&document, "a manifest")?;
    let (platforms, missing) = match manifest {
        Manifest { schema_version: 2, manifests: Some(entries), .. } => {
            let platforms = platforms_of(entries)?;
            let missing = missing_from(exchange, &platforms, wanted).await?;
            (platforms, missing)
        }
        Manifest { schema_version: 2, config: Some(config), .. } => {
            let platforms = platform_of(exchange, &config.digest, &document.digest).await?;
            let missing =
                wanted.iter().filter(|wanted| find(&platforms, wanted).is_none()).cloned().collect();
            (platforms, missing)
        }
        _ => {
            let reason = format!(
                "{} is neither an index nor a manifest of schema version 2; push it with a current tool",
                document.digest
            );
            return Err(Failure::Invalid(reason));
        }
    };
    let digest = document.digest;
    Ok(match missing.is_empty() {
        true => Availability::Present(ResolvedDigests { digest, platforms }),
        false => Availability::Incomplete { digest, missing },
    })
}

/// The platforms of an index. Attestations are no images, and of several manifests for one platform the first counts, as
/// it does for container runtimes.
fn platforms_of(entries: Vec<Entry>) -> Result<BTreeMap<Platform, Digest>, Failure> {
    let mut platforms = BTreeMap::new();
    for entry in entries {
        let attestation =
            entry.annotations.is_some_and(|annotations| annotations.contains_key(REFERENCE_TYPE));
        let Some(platform) = entry.platform.and_then(PlatformFields::known) else { continue };
        if !attestation {
            platforms.entry(platform).or_insert(checked(entry.digest)?);
        }
    }
    Ok(platforms)
}

/// The platform of a manifest that stands alone, from its image configuration. Without a configuration it cannot be
/// pulled anywhere.
async fn platform_of(
    exchange: &mut Exchange<'_>,
    config: &Digest,
    manifest: &Digest,
) -> Result<BTreeMap<Platform, Digest>, Failure> {
    let Some(document) = exchange.blob(&checked(config.clone())?).await? else { return Ok(BTreeMap::new()) };
    let fields: PlatformFields = parse(&document, "an image configuration")?;
    Ok(fields.known().map(|platform| (platform, manifest.clone())).into_iter().collect())
}

/// Which wanted platforms an index does not have, or has only by name: registries accept an index before its manifests.
async fn missing_from(
    exchange: &mut Exchange<'_>,
    platforms: &BTreeMap<Platform, Digest>,
    wanted: &[Platform],
) -> Result<Vec<Platform>, Failure> {
    let mut missing = Vec::new();
    for platform in wanted {
        let there = match find(platforms, platform) {
            Some(digest) => exchange.has_manifest(digest).await?,
            None => false,
        };
        if !there {
            missing.push(platform.clone());
        }
    }
    Ok(missing)
}

/// The manifest for a wanted platform: the very platform, else, where no variant is asked for, any variant.
fn find<'a>(platforms: &'a BTreeMap<Platform, Digest>, wanted: &Platform) -> Option<&'a Digest> {
    let same = |offered: &Platform| offered.os == wanted.os && offered.architecture == wanted.architecture;
    let exact = platforms.iter().find(|(offered, _)| same(offered) && variant(offered) == variant(wanted));
    let any = || platforms.iter().find(|(offered, _)| same(offered) && wanted.variant.is_none());
    exact.or_else(any).map(|(_, digest)| digest)
}

/// The variant, where leaving it out means one (<https://github.com/containerd/platforms/blob/main/database.go>).
fn variant(platform: &Platform) -> Option<&str> {
    match (platform.architecture.as_str(), platform.variant.as_deref()) {
        ("arm64", None) => Some("v8"),
        ("arm", None) => Some("v7"),
        ("amd64", None) => Some("v1"),
        (_, variant) => variant,
    }
}

impl PlatformFields {
    /// The platform, unless it is none: an attestation's `unknown/unknown`, or an artifact that is not an image.
    fn known(self) -> Option<Platform> {
        let Self { os, architecture, variant } = self;
        let variant = variant.filter(|variant| !variant.is_empty());
        let stated = |text: &str| !text.is_empty() && text != "unknown";
        (stated(&os) && stated(&architecture)).then_some(Platform { os, architecture, variant })
    }
}

/// A digest that came from a registry and is about to become part of an address.
fn checked(digest: Digest) -> Result<Digest, Failure> {
    let length = match digest.0.split_once(':') {
        Some(("sha256", hex)) if hex.bytes().all(|byte| byte.is_ascii_hexdigit()) => hex.len(),
        _ => 0,
    };
    match length {
        64 => Ok(digest),
        _ => Err(Failure::Invalid(format!(
            "the manifest names {:?}, which is not a sha256 digest",
            quote(&digest.0)
        ))),
    }
}

fn parse<T: DeserializeOwned>(document: &Document, what: &str) -> Result<T, Failure> {
    serde_json::from_slice(&document.bytes).map_err(|error| {
        Failure::Invalid(format!("{} is not {what}: {}", document.digest, quote(&error.to_string())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(texts: &[&str]) -> BTreeMap<Platform, Digest> {
        texts.iter().map(|text| (text.parse().unwrap(), Digest((*text).to_owned()))).collect()
    }

    fn found(offers: &[&str], wanted: &str) -> Option<String> {
        find(&offered(offers), &wanted.parse().unwrap()).map(|digest| digest.0.clone())
    }

    #[test]
    fn a_platform_without_variant_matches_any_but_prefers_the_usual_one() {
        assert_eq!(found(&["linux/arm64/v8"], "linux/arm64").as_deref(), Some("linux/arm64/v8"));
        assert_eq!(found(&["linux/arm/v6", "linux/arm/v7"], "linux/arm").as_deref(), Some("linux/arm/v7"));
        assert_eq!(found(&["linux/arm/v6"], "linux/arm").as_deref(), Some("linux/arm/v6"));
        assert_eq!(found(&["linux/amd64", "linux/amd64/v3"], "linux/amd64").as_deref(), Some("linux/amd64"));
    }

    #[test]
    fn a_platform_with_variant_matches_that_variant_only() {
        assert_eq!(found(&["linux/arm64"], "linux/arm64/v8").as_deref(), Some("linux/arm64"));
        assert_eq!(found(&["linux/arm/v6"], "linux/arm/v7"), None);
        assert_eq!(found(&["linux/amd64"], "windows/amd64"), None);
    }

    #[test]
    fn a_digest_that_would_change_the_address_is_refused() {
        let good = format!("sha256:{}", "0a".repeat(32));
        assert!(checked(Digest(good.clone())).is_ok());
        for text in [
            "",
            "sha256:",
            "sha256:../../other/manifests/x",
            "md5:00",
            &format!("{good}0"),
            &format!("{good}/x"),
        ] {
            assert!(checked(Digest(text.to_owned())).is_err(), "{text}");
        }
    }

    #[test]
    fn an_attestation_is_known_by_its_platform_or_by_its_annotation() {
        let entry = |os: &str, annotation: &str| {
            let digest = format!("sha256:{}", "0a".repeat(32));
            let text = serde_json::json!({
                "digest": digest,
                "platform": {"os": os, "architecture": os.replace("linux", "amd64")},
                "annotations": {annotation: "attestation-manifest"},
            });
            serde_json::from_value::<Entry>(text).unwrap()
        };
        let count = |os, annotation| platforms_of(vec![entry(os, annotation)]).unwrap().len();
        assert_eq!(count("linux", "org.opencontainers.image.version"), 1);
        assert_eq!(count("unknown", "org.opencontainers.image.version"), 0);
        assert_eq!(count("linux", REFERENCE_TYPE), 0);
    }
}
