//! Reads where cohorts are kept, by the names that labels know these places by.

use super::{
    load::Paths,
    names,
    reader::{Map, Value},
    selector,
    suggest::either,
};
use std::{collections::BTreeMap, path::PathBuf};

/// Where cohorts are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CohortSource {
    /// Files in a repository on GitHub.
    Github {
        /// The repository, as `owner/name`.
        repository: String,
        /// The branch, tag or commit that is read.
        reference: String,
        /// The folder in it, without a slash at its ends.
        folder: String,
    },
    /// Files on this machine.
    File {
        /// The folder.
        folder: PathBuf,
    },
    /// Labels of the Applications on the Argo CD instances.
    Argocd {
        /// The label selector of the Applications; `{key}` and `{value}` stand for the parts of the label.
        selector: String,
        /// The label of an Application whose value is the name of its tenant.
        tenant_label: String,
    },
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Github,
    File,
    Argocd,
}

/// The settings of each kind.
const USED: [(Kind, &str, &[&str]); 3] = [
    (Kind::Github, "github", &["repository", "ref", "folder"]),
    (Kind::File, "file", &["folder"]),
    (Kind::Argocd, "argocd", &["selector", "tenantLabel"]),
];

/// Reads the section `cohorts`. `github`: whether GitHub can be reached.
pub(super) fn read(value: &Value<'_>, paths: &Paths<'_>, github: bool) -> BTreeMap<String, CohortSource> {
    let entries = value.entries();
    let source =
        |(name, value): (&str, Value<'_>)| Some((name.to_owned(), source(name, &value, paths, github)?));
    entries.into_iter().filter_map(source).collect()
}

fn source(name: &str, value: &Value<'_>, paths: &Paths<'_>, github: bool) -> Option<CohortSource> {
    if let Err(message) = names::source(name) {
        value.error(message);
    }
    let map = value.map()?;
    let choices = USED.map(|(kind, name, _)| (name, kind));
    let kind = map.required("kind").and_then(|value| value.choice(&choices))?;
    refuse_unused(&map, kind);
    match kind {
        Kind::Github => {
            if !github {
                value.error("is kept on GitHub, and the section github is missing that says how GitHub is reached; add it");
            }
            let repository = map.required("repository").and_then(|value| value.parsed(names::repository));
            let reference = or(&map, "ref", names::reference, "main");
            let folder = or(&map, "folder", names::folder, "cohorts");
            Some(CohortSource::Github { repository: repository?, reference: reference?, folder: folder? })
        }
        Kind::File => {
            map.required("folder")?;
            Some(CohortSource::File { folder: paths.read(&map, "folder")? })
        }
        Kind::Argocd => {
            let selector = map.required("selector").and_then(|value| value.parsed(selector::check_cohorts));
            let tenant_label =
                map.required("tenantLabel").and_then(|value| value.parsed(selector::label_key));
            Some(CohortSource::Argocd { selector: selector?, tenant_label: tenant_label? })
        }
    }
}

fn or(
    map: &Map<'_>,
    name: &str,
    read: fn(&str) -> Result<String, String>,
    otherwise: &str,
) -> Option<String> {
    match map.optional(name) {
        Some(value) => value.parsed(read),
        None => Some(otherwise.to_owned()),
    }
}

/// A setting of another kind would be forgotten in silence.
fn refuse_unused(map: &Map<'_>, kind: Kind) {
    let used: Vec<&str> =
        USED.iter().filter(|(user, ..)| *user == kind).flat_map(|(.., used)| *used).copied().collect();
    for setting in ["repository", "ref", "folder", "selector", "tenantLabel"] {
        let Some(value) = map.optional(setting).filter(|_| !used.contains(&setting)) else { continue };
        let users: Vec<&str> =
            USED.iter().filter(|(.., used)| used.contains(&setting)).map(|(_, name, _)| *name).collect();
        value.error(format!("is only used with kind: {}; leave it out", either(&users)));
    }
}

impl CohortSource {
    /// What it is, for the setting `kind` and for texts.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Github { .. } => "github",
            Self::File { .. } => "file",
            Self::Argocd { .. } => "argocd",
        }
    }
}
