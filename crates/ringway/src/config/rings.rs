//! Reads how pull requests drive a service, and checks that it fits the service.

use super::{
    names,
    reader::{Map, Value},
    suggest::did_you_mean,
    template,
};
use release::{
    decide::{
        facts::Permission,
        rules::{Authority, AuthorityRule, BuildRule, ImageTemplate, Mode, OnMerge, RingRules},
    },
    service::{Service, ServiceImage},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// How pull requests drive a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rings {
    /// The repository whose pull requests these are, as `owner/name`. No other service has it.
    pub repository: String,
    /// The rules. The mode in them is `Observe` also if it is so for all services.
    pub rules: RingRules,
    /// What the images of a commit are called: every image of the service, by its name.
    pub images: BTreeMap<String, ImageTemplate>,
}

/// The words for a mode.
pub(super) const MODES: [(&str, Mode); 2] = [("act", Mode::Act), ("observe", Mode::Observe)];

/// How long tenants keep an image after their label was removed when nothing is configured.
const GRACE: Duration = Duration::from_secs(10 * 60);

/// How many tenants a cohort may have when nothing is configured.
const COHORT_LIMIT: usize = 250;

/// What rings depend on in the rest of the configuration.
pub(super) struct Around<'a> {
    /// Whether it says how GitHub is reached.
    pub(super) has_github: bool,
    /// The names of the sources of cohorts.
    pub(super) sources: BTreeSet<&'a str>,
    /// The mode of all services.
    pub(super) mode: Mode,
    /// `limits.cohortSize`.
    pub(super) cohort_size: usize,
}

/// Reads the rings of one service after the other.
pub(super) struct Reader<'a> {
    around: Around<'a>,
    /// Which service has which repository, whose names differ by more than the case of letters.
    repositories: BTreeMap<String, String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(around: Around<'a>) -> Self {
        Self { around, repositories: BTreeMap::new() }
    }

    /// Reads `rings` of a service.
    pub(super) fn read(&mut self, value: &Value<'_>, service: &Service) -> Option<Rings> {
        if !self.around.has_github {
            value.error(
                "needs the section github, which says how GitHub is reached; add it, or leave this out",
            );
        }
        if self.around.sources.is_empty() {
            value.error(
                "needs the section cohorts: without a source in it no label names any tenants; add one, or leave this out",
            );
        }
        let map = value.map()?;
        let repository = map.required("repository").and_then(|value| self.repository(&value, service));
        let branches = match map.optional("branches") {
            Some(value) => value.parsed(names::branches),
            None => Some("ring-*".to_owned()),
        };
        let build = map.optional("build").map(|value| build(&value));
        let sample = branches.as_deref().map(|branches| branches.replace('*', "example"));
        let images = map.required("images").map(|value| images(&value, service, sample.as_deref()));
        let rules = self.rules(&map, branches, build);
        Some(Rings { repository: repository?, rules: rules?, images: images? })
    }

    fn repository(&mut self, value: &Value<'_>, service: &Service) -> Option<String> {
        let repository = value.parsed(names::repository)?;
        if let Some(other) = self.repositories.insert(repository.to_lowercase(), service.name.clone()) {
            value.error(format!(
                "{repository} drives {other} already, and a label could not say which of the two it means; what is built \
                 from one commit is one service with several images"
            ));
        }
        Some(repository)
    }

    fn rules(
        &self,
        map: &Map<'_>,
        branches: Option<String>,
        build: Option<Option<BuildRule>>,
    ) -> Option<RingRules> {
        let merge = [("keep", OnMerge::Keep), ("cleanup", OnMerge::Cleanup)];
        let on_merge = map.optional("onMerge").and_then(|value| value.choice(&merge)).unwrap_or_default();
        let longest = Duration::from_secs(7 * 24 * 60 * 60);
        let grace = match map.optional("grace") {
            Some(value) => {
                value.duration_within(Duration::ZERO..=longest, "a duration from 0s to 168h, such as 10m")
            }
            None => Some(GRACE),
        };
        let mode = map.optional("mode").and_then(|value| value.choice(&MODES)).unwrap_or_default();
        let mode = if self.around.mode == Mode::Observe { Mode::Observe } else { mode };
        let list = map.optional("authority").map_or_else(Vec::new, |value| value.list_or_empty());
        let authority = list.iter().filter_map(|value| self.authority(value)).collect();
        let cohort_limit = self.cohort_limit(map);
        let build = match build {
            Some(given) => Some(given?),
            None => None,
        };
        Some(RingRules {
            branches: branches?,
            build,
            on_merge,
            grace: grace?,
            mode,
            cohort_limit: cohort_limit?,
            authority,
        })
    }

    fn cohort_limit(&self, map: &Map<'_>) -> Option<usize> {
        let most = self.around.cohort_size;
        let Some(value) = map.optional("cohortLimit") else { return Some(COHORT_LIMIT.min(most)) };
        let limit = value.number(1..=10_000).and_then(|number| usize::try_from(number).ok())?;
        if limit > most {
            value.error(format!(
                "is {limit}, but limits.cohortSize lets no release have more than {most} tenants; raise that, or lower \
                 this"
            ));
        }
        Some(limit)
    }

    fn authority(&self, value: &Value<'_>) -> Option<AuthorityRule> {
        let map = value.map()?;
        let cohorts = map.required("cohorts").and_then(|value| {
            let cohorts = value.parsed(names::cohorts)?;
            self.check_source(&value, &cohorts);
            Some(cohorts)
        });
        let permissions =
            [("write", Permission::Write), ("maintain", Permission::Maintain), ("admin", Permission::Admin)];
        let needs = match (map.optional("permission"), map.optional("team")) {
            (Some(value), None) => value.choice(&permissions).map(Authority::Permission),
            (None, Some(value)) => value.parsed(names::team).map(Authority::Team),
            _ => {
                value.error(
                    "must have exactly one of permission and team: what whoever sets the label must be",
                );
                None
            }
        };
        Some(AuthorityRule { cohorts: cohorts?, needs: needs? })
    }

    /// A rule for a source that does not exist would protect nothing.
    fn check_source(&self, value: &Value<'_>, cohorts: &str) {
        let source = cohorts.split(':').next().unwrap_or_default();
        if source.contains('*') || self.around.sources.is_empty() || self.around.sources.contains(source) {
            return;
        }
        let known: Vec<&str> = self.around.sources.iter().copied().collect();
        value.error(format!(
            "{source:?} is not a source of cohorts; there are {}{}",
            known.join(", "),
            did_you_mean(source, known.iter().copied())
        ));
    }
}

fn build(value: &Value<'_>) -> Option<BuildRule> {
    let map = value.map()?;
    let workflow = map.required("workflow").and_then(|value| value.parsed(names::workflow));
    let job = map.optional("job").map(|value| value.text().map(str::to_owned));
    let job = match job {
        Some(given) => Some(given?),
        None => None,
    };
    Some(BuildRule { workflow: workflow?, job })
}

/// Reads what the images of a commit are called. An image that is left out would stay on the old version.
fn images(value: &Value<'_>, service: &Service, sample: Option<&str>) -> BTreeMap<String, ImageTemplate> {
    let known: Vec<&str> = service.images.iter().map(|image| image.name.as_str()).collect();
    let mut templates = BTreeMap::new();
    for (name, value) in value.entries() {
        let image: Option<&ServiceImage> = service.images.iter().find(|image| image.name == name);
        if image.is_none() && !known.is_empty() {
            let guess = did_you_mean(name, known.iter().copied());
            value.error(format!("is not an image of this service; it has {}{guess}", known.join(", ")));
        }
        let template = template::read(&value, image, sample);
        templates.extend(template.map(|template| (name.to_owned(), template)));
    }
    let given = value.names();
    let missing: Vec<&str> = known.into_iter().filter(|name| !given.contains(name)).collect();
    if !missing.is_empty() && !given.is_empty() {
        value.error(format!(
            "lacks {}, which is built from the same commit and would stay on its old version; add it",
            missing.join(", ")
        ));
    }
    templates
}
