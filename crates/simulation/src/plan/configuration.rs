//! What Ringway is told, and what there is to release.

use super::Ring;
use crate::stage::Inner;
use jiff::Timestamp;
use ringway::config::{Config, EnvironmentPaths};
use sandbox::{Random, oci::Push};
use std::path::Path;

/// The registry of the rings.
pub(super) const REGISTRY: &str = "127.0.0.1:15000";

/// Charts that a fleet is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Several StatefulSets and a Deployment.
    Umbrella,
    /// One value holds the whole reference.
    Single,
    /// Keys with dots.
    Dotted,
    /// One StatefulSet.
    Minimal,
}

impl Family {
    pub(super) fn of(random: &mut Random) -> Self {
        match random.below(10) {
            0 => Self::Single,
            1 => Self::Dotted,
            2 | 3 => Self::Minimal,
            _ => Self::Umbrella,
        }
    }

    /// The chart's name.
    pub(super) fn chart(self) -> &'static str {
        match self {
            Self::Umbrella => "umbrella",
            Self::Single => "single",
            Self::Dotted => "dotted",
            Self::Minimal => "minimal",
        }
    }

    /// The services that can be released into it.
    pub(super) fn services(self) -> &'static [&'static str] {
        match self {
            Self::Umbrella => {
                &["atlas", "atlas", "heracles", "atlas-values", "atlas-careful", "heracles-argocd"]
            }
            Self::Single => &["single"],
            Self::Dotted => &["dotted"],
            Self::Minimal => &["minimal", "minimal", "minimal-argocd"],
        }
    }
}

/// One to three rings. Two of them may well want the same service.
pub(super) fn rings(family: Family, random: &mut Random) -> Vec<Ring> {
    let count = 1 + random.below(3);
    (0..count)
        .map(|number| {
            let name = format!("ring-{}", char::from(b'a' + u8::try_from(number).unwrap_or(0)));
            let service = random.pick(family.services()).copied().unwrap_or("minimal").to_owned();
            let images = (0..3).map(|version| image(&name, version, random)).collect();
            Ring { name, service, images }
        })
        .collect()
}

/// Mostly a good image. What becomes of the pods of the others follows from the tag.
fn image(ring: &str, version: u64, random: &mut Random) -> String {
    let kind = match random.below(20) {
        0 => "badpull",
        1 => "crash",
        2 => "never",
        3 => "configerror",
        4 => "wrongdigest",
        5 => "platformdigest",
        6 => "slow2s",
        7 => "slow20s",
        8 => "amd64only",
        9 => "absent",
        _ => "good",
    };
    format!("{REGISTRY}/atlas-{ring}:{kind}-{version}")
}

/// Everything that can be released.
pub(super) fn references(rings: &[Ring]) -> Vec<String> {
    rings.iter().flat_map(|ring| ring.images.clone()).filter(|image| !image.contains("absent")).collect()
}

/// Pushes an image. Another variant of a tag moves it.
pub(super) fn push(inner: &mut Inner, now: Timestamp, reference: &str, variant: u32) {
    let path = reference.split_once('/').map_or(reference, |(_, path)| path);
    let Some((repository, tag)) = path.rsplit_once(':') else { return };
    let push = Push { variant, ..Push::default() };
    let digest = inner.model.registries.push(REGISTRY, repository, tag, &push);
    inner.book.pushes.entry(reference.to_owned()).or_insert(digest);
    inner.book.pushed(&inner.model, now, reference);
}

/// The configuration, with limits and deadlines from the seed. `rings`: a service that pull requests drive, what is said
/// about it there, and at the end.
pub(super) fn config(rings: Option<(&str, (String, String))>, random: &mut Random) -> anyhow::Result<Config> {
    let slots = random.pick(&[1, 2, 20]).copied().unwrap_or(20);
    let deadlines = random.pick(&[
        "observed: 1m, applied: 3m, rolloutProgress: 1m, rolloutTotal: 3m",
        "observed: 5m, applied: 10m, rolloutProgress: 5m, rolloutTotal: 15m",
        "observed: 2m, applied: 5m, rolloutProgress: 3m, rolloutTotal: 10m",
    ]);
    let (of_service, at_the_end) = match &rings {
        Some((service, (of_service, at_the_end))) => ((*service, of_service.as_str()), at_the_end.as_str()),
        None => (("", ""), ""),
    };
    let text = format!(
        "argocd: {{instances: [{{name: sandbox}}]}}
registries: [{{host: '{REGISTRY}', insecure: true}}]
limits: {{tenantsPerInstance: {slots}, allOrNothing: {}}}
deadlines: {{{}}}
services:
{}{at_the_end}",
        random.chance(10),
        deadlines.copied().unwrap_or_default(),
        services(of_service)
    );
    let environment = EnvironmentPaths { home: Some("/home/ringway".into()), ..EnvironmentPaths::default() };
    Ok(Config::parse(Path::new("ringway.yaml"), text.as_bytes(), &environment)?)
}

/// The services of the fleet's charts, as the testbed's scenarios have them.
fn services(rings: (&str, &str)) -> String {
    let service = |name: &str, more: &str, overrides: &str| {
        service(name, more, overrides, if rings.0 == name { rings.1 } else { "" })
    };
    let atlas = "
          - {image: atlas, STRATEGYvalues: {repository: atlas.atlas.image.repository, tag: atlas.atlas.image.tag}, workloads: [{kind: StatefulSet, name: atlas, container: atlas}]}";
    let read = atlas
        .replace("atlas.atlas.image", "atlas-read.atlas.image")
        .replace("name: atlas, container: atlas", "name: atlas-read, container: atlas-read");
    let heracles = "
          - {image: atlas, values: {repository: heracles.image.repository, tag: heracles.image.tag}, workloads: [{kind: Deployment, name: heracles, container: heracles}]}";
    let minimal = place("repository: image.repository, tag: image.tag");
    let both = format!("{atlas}{read}");
    let replace = "strategy: valuesObject, existing: replace, ";
    [
        service("atlas", "", &both.replace("STRATEGY", "")),
        service("atlas-values", "", &both.replace("STRATEGY", replace)),
        service("atlas-careful", "", &atlas.replace("STRATEGY", "strategy: valuesObject, ")),
        service("heracles", "", heracles),
        service("heracles-argocd", "verify: argocd", heracles),
        service("single", "", &place("reference: image")),
        service(
            "dotted",
            "",
            &place(
                r"repository: 'images.example\.com/atlas.repository', tag: 'images.example\.com/atlas.tag'",
            ),
        ),
        service("minimal", "", &minimal),
        service("minimal-argocd", "verify: argocd", &minimal),
    ]
    .concat()
}

/// The StatefulSet `atlas`, by other values.
fn place(values: &str) -> String {
    format!("
          - {{image: atlas, values: {{{values}}}, workloads: [{{kind: StatefulSet, name: atlas, container: atlas}}]}}")
}

fn service(name: &str, more: &str, overrides: &str, rings: &str) -> String {
    format!(
        "  {name}:
    images: {{atlas: {{repositories: ['{REGISTRY}/*'], platforms: [linux/amd64, linux/arm64]}}}}
    applications:
      - name: '{{tenant}}'
        overrides:{overrides}
    {more}
{rings}"
    )
}
