//! Which source of an Application is meant, and where it stands.

use super::{SourceIdentity, patch::GuardedPatch};
use crate::{
    application::{Application, ApplicationKey, Source},
    refusal::Refusal,
    service::SourceSelector,
};
use serde_json::Value;
use std::fmt;

impl SourceIdentity {
    /// What identifies `source`, which stands at `index` of `spec.sources`, or in `spec.source`.
    pub fn of(index: Option<usize>, source: &Source) -> Self {
        // Argo CD drops empty fields when it writes the object, so empty is the same as absent.
        let text = |field| source.text(field).filter(|text| !text.is_empty()).map(str::to_owned);
        Self {
            index,
            repository_url: text("repoURL"),
            chart: text("chart"),
            path: text("path"),
            reference: text("ref"),
        }
    }

    /// Whether `other` is the same source, perhaps at another position.
    pub fn is_same_source(&self, other: &Self) -> bool {
        let Self { index: _, repository_url, chart, path, reference } = self;
        (repository_url, chart, path, reference)
            == (&other.repository_url, &other.chart, &other.path, &other.reference)
    }

    /// The JSON pointer of the source in the Application.
    pub fn pointer(&self) -> String {
        match self.index {
            Some(index) => format!("/spec/sources/{index}"),
            None => "/spec/source".to_owned(),
        }
    }
}

/// Such as `chart umbrella of https://charts.example.com`.
impl fmt::Display for SourceIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(chart) = &self.chart {
            write!(formatter, "chart {chart} of ")?;
        }
        if let Some(path) = &self.path {
            write!(formatter, "path {path} of ")?;
        }
        formatter.write_str(self.repository_url.as_deref().unwrap_or("no repository"))?;
        self.reference.iter().try_for_each(|reference| write!(formatter, " (ref {reference})"))
    }
}

/// The positions in `sources` of those that `selector` matches. A source that only lends its files to others
/// (`ref` without `path` or `chart`) renders nothing and never matches.
pub fn matching_sources(sources: &[Source], selector: &SourceSelector) -> Vec<usize> {
    let matches = |source: &Source| {
        let same =
            |wanted: &Option<String>, field| wanted.is_none() || wanted.as_deref() == source.text(field);
        let given = |field| source.text(field).is_some_and(|text| !text.is_empty());
        let oci = source.text("repoURL").is_some_and(|url| url.starts_with("oci://"));
        let renders = !given("ref") || given("path") || given("chart") || oci;
        renders
            && same(&selector.repository_url, "repoURL")
            && same(&selector.chart, "chart")
            && same(&selector.path, "path")
    };
    sources.iter().enumerate().filter(|(_, source)| matches(source)).map(|(index, _)| index).collect()
}

/// The one source of an Application that `selector` matches.
///
/// # Errors
///
/// If none or several match.
pub fn find_source(
    application: &Application,
    key: &ApplicationKey,
    selector: &SourceSelector,
) -> Result<SourceIdentity, Refusal> {
    let sources = application.sources();
    let identity = |index: usize, source: &Source| {
        SourceIdentity::of(application.has_multiple_sources().then_some(index), source)
    };
    let list = |identities: Vec<SourceIdentity>| {
        let texts: Vec<String> = identities.iter().map(ToString::to_string).collect();
        if texts.is_empty() { "none".to_owned() } else { texts.join(", ") }
    };
    let matching = matching_sources(sources, selector);
    let found: Vec<SourceIdentity> =
        matching.iter().filter_map(|index| Some(identity(*index, sources.get(*index)?))).collect();
    match <[SourceIdentity; 1]>::try_from(found) {
        Ok([only]) => Ok(only),
        Err(none) if none.is_empty() => Err(Refusal::NoMatchingSource {
            application: key.clone(),
            wanted: describe(selector),
            found: list(sources.iter().enumerate().map(|(index, source)| identity(index, source)).collect()),
        }),
        Err(several) => Err(Refusal::SeveralMatchingSources {
            application: key.clone(),
            wanted: describe(selector),
            found: list(several),
        }),
    }
}

/// A selector in words.
fn describe(selector: &SourceSelector) -> String {
    let parts: Vec<String> =
        [("repoURL", &selector.repository_url), ("chart", &selector.chart), ("path", &selector.path)]
            .into_iter()
            .filter_map(|(field, value)| Some(format!("{field} {}", value.as_ref()?)))
            .collect();
    if parts.is_empty() { "an empty `source`".to_owned() } else { parts.join(", ") }
}

/// The source at `identity`'s position.
pub(super) fn source_at<'a>(application: &'a Application, identity: &SourceIdentity) -> Option<&'a Source> {
    match identity.index {
        Some(index) => application.spec.sources.get(index),
        None => application.spec.source.as_ref(),
    }
}

/// Where the source that was `recorded` stands now: where it was, or wherever exactly one is the same. Both
/// `spec.source` and `spec.sources` count: what was written into the one must go although Argo CD now reads the other.
pub(super) fn locate(application: &Application, recorded: &SourceIdentity) -> Option<SourceIdentity> {
    let single = application.spec.source.iter().map(|source| SourceIdentity::of(None, source));
    let several = application.spec.sources.iter().enumerate();
    let several = several.map(|(index, source)| SourceIdentity::of(Some(index), source));
    let same: Vec<_> = single.chain(several).filter(|identity| identity.is_same_source(recorded)).collect();
    match same.iter().find(|identity| identity.index == recorded.index) {
        Some(unmoved) => Some(unmoved.clone()),
        None => <[SourceIdentity; 1]>::try_from(same).ok().map(|[moved]| moved),
    }
}

/// Refuses the patch if another source stands at this position.
pub(super) fn guard_source(patch: &mut GuardedPatch, identity: &SourceIdentity, source: &Source) {
    let base = identity.pointer();
    for field in ["repoURL", "chart", "path", "ref"] {
        patch.guard(&format!("{base}/{field}"), source.0.get(field).cloned().unwrap_or(Value::Null));
    }
}
