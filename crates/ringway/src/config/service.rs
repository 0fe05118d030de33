//! Reads one service, and checks that its parts fit together.

use super::{
    reader::{Map, Value},
    selector,
    suggest::did_you_mean,
    text,
    unique::{Unique, unique_list},
};
use release::{
    image::{Platform, RepositoryPattern},
    service::{
        ApplicationSelector, ExistingValue, ImageOverride, ImageValues, Service, ServiceApplication,
        ServiceImage, SourceSelector, Strategy, ValuePath, Verify, WorkloadKind, WorkloadSelector,
    },
};
use std::collections::BTreeSet;

/// Reads the service `name`, and finds what says how pull requests drive it. `reachable`: whether the clusters of tenants
/// can be looked into.
pub(super) fn read<'a>(
    name: &str,
    value: &Value<'a>,
    reachable: bool,
) -> Option<(Service, Option<Value<'a>>)> {
    check_name(name, value);
    let map = value.map()?;
    let verify = verify(&map, reachable);
    let image_entries = map.required("images").map_or_else(Vec::new, |value| value.entries());
    let images: Vec<ServiceImage> =
        image_entries.iter().filter_map(|(name, value)| image(name, value)).collect();
    let list = map.required("applications");
    // Also those that could not be read: an override that names one of them is right.
    let mut names = Images {
        known: image_entries.iter().map(|(name, _)| *name).collect(),
        used: BTreeSet::new(),
        is_complete: list.is_some(),
    };

    let mut selectors = Unique::default();
    let read = |value: &Value<'_>| application(value, &mut names, &mut selectors);
    let applications: Vec<ServiceApplication> =
        list.iter().flat_map(Value::list).collect::<Vec<_>>().iter().filter_map(read).collect();

    let is_unused = |(name, _): &&(&str, Value<'_>)| names.is_complete && !names.used.contains(*name);
    for (name, value) in image_entries.iter().filter(is_unused) {
        value.error(format!(
            "no override sets the image {name}: it would be forgotten; add an override or remove it"
        ));
    }
    Some((Service { name: name.to_owned(), images, applications, verify }, map.optional("rings")))
}

/// The images of a service and which of them some override sets.
struct Images<'a> {
    known: Vec<&'a str>,
    used: BTreeSet<String>,
    /// False if an override could not be read: it may be the one for an image that seems to be unused.
    is_complete: bool,
}

fn check_name(name: &str, value: &Value<'_>) {
    if let Err(message) = text::annotation_name(name) {
        value.error(message);
    }
}

fn verify(map: &Map<'_>, reachable: bool) -> Verify {
    let otherwise = if reachable { Verify::Cluster } else { Verify::Argocd };
    let Some(value) = map.optional("verify") else { return otherwise };
    let verify = value.choice(&[("cluster", Verify::Cluster), ("argocd", Verify::Argocd)]);
    if verify == Some(Verify::Cluster) && !reachable {
        value.error(
            "cannot look into clusters with tenantClusters.access: none; write argocd, or change the access",
        );
    }
    verify.unwrap_or(otherwise)
}

fn image(name: &str, value: &Value<'_>) -> Option<ServiceImage> {
    check_name(name, value);
    let map = value.map()?;
    let repositories = map.required("repositories").map_or_else(Vec::new, |list| {
        unique_list(&list, |text| text::repository(text).map(|pattern| pattern.0))
    });
    let platforms = match map.optional("platforms") {
        Some(list) => {
            unique_list(&list, |text| text.parse::<Platform>().map(|platform| platform.to_string()))
        }
        None => vec!["linux/amd64".to_owned()],
    };
    Some(ServiceImage {
        name: name.to_owned(),
        repositories: repositories.into_iter().map(RepositoryPattern).collect(),
        platforms: platforms.iter().filter_map(|platform| platform.parse().ok()).collect(),
    })
}

fn application(
    value: &Value<'_>,
    images: &mut Images<'_>,
    selectors: &mut Unique,
) -> Option<ServiceApplication> {
    let map = value.map()?;
    let select = select(&map, selectors);
    let source = map.optional("source").map(|value| source(&value)).unwrap_or_default();
    let mut places = Places::default();
    let list = map.required("overrides");
    let list: Vec<Value<'_>> = list.iter().flat_map(Value::list).collect();
    let overrides: Vec<_> =
        list.iter().filter_map(|value| image_override(value, images, &mut places)).collect();
    images.is_complete &= overrides.len() == list.len() && !list.is_empty();
    Some(ServiceApplication { select: select?, source, overrides })
}

fn select(map: &Map<'_>, seen: &mut Unique) -> Option<ApplicationSelector> {
    match (map.optional("name"), map.optional("selector")) {
        (Some(name), None) => {
            let text =
                name.parsed(|text| text::tenant_template(text).and_then(|text| text::name_template(&text)))?;
            seen.check(&name, text).map(ApplicationSelector::Name)
        }
        (None, Some(labels)) => {
            let text = labels.parsed(text::tenant_template)?;
            labels.parsed(selector::check)?;
            seen.check(&labels, text).map(ApplicationSelector::Labels)
        }
        (name, _) => {
            map.value().error(match name {
                Some(_) => "has both name and selector; keep one of them",
                None => "must say which Application is meant: give a name, such as {tenant}, or a selector",
            });
            None
        }
    }
}

fn source(value: &Value<'_>) -> SourceSelector {
    let Some(map) = value.map() else { return SourceSelector::default() };
    let text = |name| map.optional(name).and_then(|value: Value<'_>| value.text().map(str::to_owned));
    let source = SourceSelector {
        repository_url: map.optional("repoURL").and_then(|value| value.parsed(text::repository_url)),
        chart: text("chart"),
        path: text("path"),
    };
    if let (Some(_), Some(_)) = (&source.chart, &source.path) {
        value.error("has both chart and path, but a source of Argo CD has only one of them; keep that one");
    }
    source
}

/// What the overrides of one Application use already, each with the line where it was first used.
#[derive(Default)]
struct Places {
    paths: Vec<(ValuePath, usize)>,
    containers: BTreeSet<WorkloadSelector>,
}

impl Places {
    /// Notes a path of values; two overrides must neither share one nor have one inside the other.
    fn path(&mut self, value: &Value<'_>, path: ValuePath) -> Option<ValuePath> {
        let overlaps = |other: &&(ValuePath, usize)| {
            let (a, b) = (path.keys(), other.0.keys());
            a.starts_with(b) || b.starts_with(a)
        };
        match self.paths.iter().find(overlaps) {
            None => {
                self.paths.push((path.clone(), value.line()));
                Some(path)
            }
            Some((other, line)) if *other == path => {
                value.error(format!("{path} is set in line {line} already; each value can hold one thing"));
                None
            }
            Some((other, line)) => {
                value.error(format!(
                    "{path} and {other} in line {line} lie in each other; one of them would overwrite the other"
                ));
                None
            }
        }
    }
}

fn image_override(value: &Value<'_>, images: &mut Images<'_>, places: &mut Places) -> Option<ImageOverride> {
    let map = value.map()?;
    let image = map.required("image").and_then(|value| image_name(&value, images));
    let strategy = map.optional("strategy").and_then(|value| {
        value.choice(&[("parameters", Strategy::Parameters), ("valuesObject", Strategy::ValuesObject)])
    });
    let existing = map.optional("existing").and_then(|value| {
        value.choice(&[("refuse", ExistingValue::Refuse), ("replace", ExistingValue::Replace)])
    });
    let values = map.required("values").and_then(|value| image_values(&value, places));
    let workloads = map.required("workloads");
    let workloads = workloads.iter().flat_map(Value::list);
    let workloads: Vec<_> = workloads.filter_map(|value| workload(&value, places)).collect();
    Some(ImageOverride {
        image: image?,
        strategy: strategy.unwrap_or_default(),
        values: values?,
        existing: existing.unwrap_or_default(),
        workloads,
    })
}

fn image_name(value: &Value<'_>, images: &mut Images<'_>) -> Option<String> {
    let name = value.text()?;
    if images.known.contains(&name) {
        images.used.insert(name.to_owned());
        return Some(name.to_owned());
    }
    if images.known.is_empty() {
        // That there are none was said already.
        return None;
    }
    let known = images.known.join(", ");
    let guess = did_you_mean(name, images.known.iter().copied());
    value.error(format!(
        "{:?} is not an image of this service; it has {known}{guess}",
        super::document::shorten(name)
    ));
    None
}

fn image_values(value: &Value<'_>, places: &mut Places) -> Option<ImageValues> {
    let map = value.map()?;
    let mut path = |value: Value<'_>| {
        let path = value.parsed(str::parse::<ValuePath>)?;
        places.path(&value, path)
    };
    match (map.optional("repository"), map.optional("tag"), map.optional("reference")) {
        (Some(repository), Some(tag), None) => {
            let (repository, tag) = (path(repository), path(tag));
            Some(ImageValues::RepositoryAndTag { repository: repository?, tag: tag? })
        }
        (None, None, Some(reference)) => path(reference).map(ImageValues::Reference),
        _ => {
            value.error("must have either repository and tag, or reference alone");
            None
        }
    }
}

fn workload(value: &Value<'_>, places: &mut Places) -> Option<WorkloadSelector> {
    let map = value.map()?;
    let kinds = [("StatefulSet", WorkloadKind::StatefulSet), ("Deployment", WorkloadKind::Deployment)];
    let kind = map.required("kind").and_then(|value| value.choice(&kinds));
    let name = map.required("name").and_then(|value| value.parsed(text::name_template));
    let container = map.required("container").and_then(|value| value.parsed(text::dns_label));
    let workload = WorkloadSelector { kind: kind?, name: name?, container: container? };
    if !places.containers.insert(workload.clone()) {
        value.error(format!(
            "container {} of {} {} is given twice in this Application; it runs one image",
            workload.container,
            workload.kind.as_str(),
            workload.name
        ));
        return None;
    }
    Some(workload)
}
