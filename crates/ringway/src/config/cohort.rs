//! Which tenants a release is for: a cohort file, or names on the command line.
//!
//! Tenants' names end up in names of Applications, contexts and workloads, so nothing but a DNS label is taken.

use super::{
    ConfigError, ConfigErrors,
    document::{Position, shorten},
    load::{as_text, read},
    text,
};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
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

/// Reads a cohort file, of at most `limit` tenants (`limits.cohortSize`).
///
/// # Errors
/// Why the file cannot be read, or everything that is wrong with its tenants.
pub fn load(file: &Path, limit: usize) -> Result<Cohort, CohortError> {
    let problem = |problem: String| CohortError::File { file: file.to_owned(), problem };
    let bytes = read(file, MAXIMUM_BYTES).map_err(problem)?;
    let text = as_text(&bytes).map_err(|Position { line, column }| {
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
    let tenants = check(Path::new("--tenants"), named, limit)?;
    Ok(Cohort { name: tenants.join(","), tenants })
}

/// Checks names, each with where it stands.
fn check(file: &Path, entries: Vec<(String, String)>, limit: usize) -> Result<Vec<String>, CohortError> {
    let mut errors = Vec::new();
    let mut error = |field: &str, message: String| {
        errors.push(ConfigError { at: None, field: field.to_owned(), message });
    };
    if entries.is_empty() {
        error("tenants", "is empty; name at least one tenant".into());
    }
    if entries.len() > limit {
        error(
            "tenants",
            format!(
                "has {} tenants, but a release takes at most {limit}; make the cohort smaller, or raise limits.cohortSize",
                entries.len()
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
