//! What is wrong with a configuration or a cohort file: all of it, each with its place.

pub use super::document::Position;
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Where in the file, if it is about a place in it.
    pub at: Option<Position>,
    /// The path of the setting, such as `limits.cohortSize`; empty if it is about the whole file.
    pub field: String,
    /// What was found and what is allowed.
    pub message: String,
}

/// Everything that is wrong with one file, in the order of the file; at least one error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    file: PathBuf,
    errors: Vec<ConfigError>,
    not_shown: usize,
}

/// How many errors of one file are kept. Nobody reads more, and a hostile file could have a million.
const MOST_ERRORS: usize = 100;

impl ConfigErrors {
    pub(super) fn new(file: &Path, mut errors: Vec<ConfigError>) -> Self {
        errors.sort_by_key(|error| error.at);
        let not_shown = errors.len().saturating_sub(MOST_ERRORS);
        errors.truncate(MOST_ERRORS);
        Self { file: file.to_owned(), errors, not_shown }
    }

    /// A single error about the file as a whole.
    pub(super) fn of_file(file: &Path, message: impl Into<String>) -> Self {
        let error = ConfigError { at: None, field: String::new(), message: message.into() };
        Self::new(file, vec![error])
    }

    /// The errors, at most the first hundred.
    pub fn errors(&self) -> &[ConfigError] {
        &self.errors
    }
}

/// One line for each error, `file:line:column: setting: message`, as editors and terminals make links of them.
impl fmt::Display for ConfigErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for error in &self.errors {
            write!(formatter, "{}", self.file.display())?;
            if let Some(Position { line, column }) = error.at {
                write!(formatter, ":{line}:{column}")?;
            }
            if !error.field.is_empty() {
                write!(formatter, ": {}", error.field)?;
            }
            writeln!(formatter, ": {}", error.message)?;
        }
        match (self.errors.len(), self.not_shown) {
            (1, _) => write!(formatter, "1 error in {}", self.file.display()),
            (count, 0) => write!(formatter, "{count} errors in {}", self.file.display()),
            (shown, more) => {
                write!(
                    formatter,
                    "{} errors in {}; these are the first {shown}",
                    shown + more,
                    self.file.display()
                )
            }
        }
    }
}

impl std::error::Error for ConfigErrors {}
