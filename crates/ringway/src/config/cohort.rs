//! Which tenants a release is for: a cohort file, what a label names, or names on the command line.
//!
//! Tenants' names end up in names of Applications, contexts and workloads, so nothing but a DNS label is taken.

use super::{
    ConfigError, ConfigErrors,
    document::{Position, shorten},
    load::{as_text, read, read_some},
    names, selector, text,
};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

/// The largest cohort file that is read. 10,000 tenants with many other fields fit.
const MAXIMUM_BYTES: usize = 16 * 1024 * 1024;

/// A named set of tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cohort {
    /// The name of the file without its extension, or the tenants of the command line.
    pub name: String,
    /// The tenants, at least one, all different, in the order of the file.
    pub tenants: Vec<String>,
}

/// Why a set of tenants cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CohortError {
    /// The file cannot be read or is not what a cohort file is.
    #[error(
        "the cohort file {file} {problem}; it looks like {{\"tenants\": [{{\"name\": \"tenant-a\"}}, …]}}",
        file = file.display()
    )]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Some of the tenants cannot be used.
    #[error("{0}")]
    Tenants(ConfigErrors),
}

/// A cohort file as far as we look at it; whoever keeps it has more fields for each tenant.
#[derive(Deserialize)]
#[serde(expecting = "a mapping with tenants")]
struct CohortFile {
    tenants: Vec<CohortTenant>,
}

#[derive(Deserialize)]
#[serde(expecting = "a mapping with a name")]
struct CohortTenant {
    name: String,
}

/// How many tenants there may be.
#[derive(Clone, Copy)]
struct Limit {
    tenants: usize,
    /// What has at most so many.
    what: &'static str,
    /// The setting that says so.
    setting: &'static str,
}

impl Limit {
    fn of_release(tenants: usize) -> Self {
        Self { tenants, what: "a release takes", setting: "limits.cohortSize" }
    }

    fn of_label(tenants: usize) -> Self {
        Self { tenants, what: "a label takes", setting: "cohortLimit in the rings of the service" }
    }
}

/// Reads a cohort file, of at most `limit` tenants (`limits.cohortSize`).
///
/// # Errors
/// Why the file cannot be read, or everything that is wrong with its tenants.
pub fn load(file: &Path, limit: usize) -> Result<Cohort, CohortError> {
    let problem = |problem: String| CohortError::File { file: file.to_owned(), problem };
    let bytes = read(file, MAXIMUM_BYTES).map_err(problem)?;
    parse_file(file, &bytes, Limit::of_release(limit))
}

/// The content of a cohort file that a label means, cut off where [`parse`] refuses it; `None` if there is none.
///
/// # Errors
/// If it cannot be read, which says nothing about what stands in it.
pub fn read_file(file: &Path) -> io::Result<Option<Vec<u8>>> {
    match read_some(file, MAXIMUM_BYTES) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(None),
            _ => Err(error),
        },
    }
}

/// Reads the content of the cohort file `name` that a label means, of at most `limit` tenants (`cohortLimit`). `name` is
/// only for messages and for the cohort's name; it may say where the file is.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse(name: &str, bytes: &[u8], limit: usize) -> Result<Cohort, CohortError> {
    let file = Path::new(name);
    if bytes.len() > MAXIMUM_BYTES {
        let problem = format!("is larger than {MAXIMUM_BYTES} bytes; this cannot be meant");
        return Err(CohortError::File { file: file.to_owned(), problem });
    }
    parse_file(file, bytes, Limit::of_label(limit))
}

/// Checks tenants that a label names without a file, of which there may be at most `limit` (`cohortLimit`). `name` is the
/// cohort's name, and stands in messages.
///
/// # Errors
/// Everything that is wrong with them.
pub fn of_names(name: &str, tenants: Vec<String>, limit: usize) -> Result<Cohort, CohortError> {
    let entries =
        tenants.into_iter().enumerate().map(|(index, name)| (format!("tenant {}", index + 1), name));
    let tenants = check(Path::new(name), entries.collect(), Limit::of_label(limit))?;
    Ok(Cohort { name: name.to_owned(), tenants })
}

/// The path of the file that the value of a label means in `folder`: `x`, `x.json` and `cohorts/x.json` all are
/// `cohorts/x.json` in the folder `cohorts`. An empty folder: the path within it.
///
/// # Errors
/// Why the value means no file in the folder, in one sentence.
pub fn path(folder: &str, value: &str) -> Result<String, String> {
    const FORM: &str = "write the name of a cohort file, such as internal-level-1";
    let wrong = |what: &str| Err(format!("{:?} {what}; {FORM}", shorten(value)));
    if value.starts_with('/') {
        return wrong("is an absolute path");
    }
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-_./".contains(letter);
    if let Some(letter) = value.chars().find(|letter| !allowed(*letter)) {
        return wrong(&format!("has {letter:?} in it, and only letters, digits, -, _, . and / are allowed"));
    }
    if value.split('/').any(|part| part == "..") {
        return wrong("leads out of the folder");
    }
    // People write the folder as they see it in the repository, with or without what is above it.
    let last = folder.rsplit('/').next().unwrap_or_default();
    let below = |folder: &str| value.strip_prefix(folder)?.strip_prefix('/');
    let rest = Some(folder).into_iter().chain([last]).filter(|folder| !folder.is_empty()).find_map(below);
    let rest = rest.unwrap_or(value);
    let stem = rest.strip_suffix(".json").unwrap_or(rest);
    if stem.is_empty() || stem.ends_with('/') || !names::are_segments(stem) {
        return wrong("has an empty part");
    }
    Ok(if folder.is_empty() { format!("{stem}.json") } else { format!("{folder}/{stem}.json") })
}

/// The file on this machine that the value of a label means in `folder`, as [`path`] finds it.
///
/// # Errors
/// Why the value means no file in the folder, in one sentence.
pub fn file(folder: &Path, value: &str) -> Result<PathBuf, String> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let within = path(name, value)?;
    Ok(folder.join(within.strip_prefix(name).unwrap_or(&within).trim_start_matches('/')))
}

/// The label selector of the Applications that a label means, from the selector of its source.
///
/// # Errors
/// Why key and value make no label selector, in one sentence.
pub fn selector(template: &str, key: &str, value: &str) -> Result<String, String> {
    selector::of_cohort(template, key, value)
}

fn parse_file(file: &Path, bytes: &[u8], limit: Limit) -> Result<Cohort, CohortError> {
    let problem = |problem: String| CohortError::File { file: file.to_owned(), problem };
    let text = as_text(bytes).map_err(|Position { line, column }| {
        problem(format!("is not UTF-8 text at line {line} column {column}"))
    })?;
    // Some editors write a byte order mark, which JSON does not allow.
    let text = text.trim_start_matches('\u{feff}');
    let parsed: CohortFile = serde_json::from_str(text).map_err(|error| problem(json_problem(&error)))?;
    let name = file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let entry = |(index, tenant): (usize, CohortTenant)| (format!("tenants[{index}].name"), tenant.name);
    let tenants = check(file, parsed.tenants.into_iter().enumerate().map(entry).collect(), limit)?;
    Ok(Cohort { name, tenants })
}

fn json_problem(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Data => format!("has the wrong form: {error}"),
        _ => format!("is not JSON: {error}"),
    }
}

/// Reads the tenants of `--tenants a,b`, at most `limit`.
///
/// # Errors
/// Everything that is wrong with them.
pub fn parse_tenants(list: &str, limit: usize) -> Result<Cohort, CohortError> {
    let names = list.split(',').enumerate();
    let named = names.map(|(index, name)| (format!("name {}", index + 1), name.trim().to_owned())).collect();
    let tenants = check(Path::new("--tenants"), named, Limit::of_release(limit))?;
    Ok(Cohort { name: tenants.join(","), tenants })
}

/// Checks names, each with where it stands.
fn check(file: &Path, entries: Vec<(String, String)>, limit: Limit) -> Result<Vec<String>, CohortError> {
    let mut errors = Vec::new();
    let mut error = |field: &str, message: String| {
        errors.push(ConfigError { at: None, field: field.to_owned(), message });
    };
    if entries.is_empty() {
        error("tenants", "is empty; name at least one tenant".into());
    }
    if entries.len() > limit.tenants {
        error(
            "tenants",
            format!(
                "has {} tenants, but {} at most {}; make the cohort smaller, or raise {}",
                entries.len(),
                limit.what,
                limit.tenants,
                limit.setting
            ),
        );
    }
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    for (field, name) in &entries {
        if name.is_empty() {
            error(field, "is empty; leave it out, or write the name of a tenant".into());
        } else if let Err(message) = text::dns_label(name) {
            error(field, format!("cannot be a tenant: {message}"));
        } else if let Some(other) = first.insert(name, field) {
            error(field, format!("{:?} stands at {other} already; keep one of them", shorten(name)));
        }
    }
    if errors.is_empty() {
        return Ok(entries.into_iter().map(|(_, name)| name).collect());
    }
    Err(CohortError::Tenants(ConfigErrors::new(file, errors)))
}
