//! Labels that name a cohort: `cohort:<source>:<key>:<value>`.

use serde::Serialize;
use std::fmt;

/// What every label that is meant for us begins with.
pub const PREFIX: &str = "cohort";

/// A label that names a cohort.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct CohortLabel {
    /// Where the cohort is kept: the name of a source of the configuration.
    pub source: String,
    /// Which kind of cohort of that source.
    pub key: String,
    /// Which one.
    pub value: String,
}

/// Whether a label is meant for us, right or wrong.
pub fn is_ours(name: &str) -> bool {
    name.split(':').next().is_some_and(|first| first.trim().eq_ignore_ascii_case(PREFIX))
}

impl CohortLabel {
    /// Reads a label.
    ///
    /// # Errors
    ///
    /// What is wrong with it and how it should look, in one sentence without the label itself.
    pub fn parse(name: &str) -> Result<Self, String> {
        const FORM: &str = "write cohort:<source>:<key>:<value>, such as cohort:github:path:internal-level-1";
        let parts: Vec<&str> = name.split(':').collect();
        let [prefix, source, key, value] = parts.as_slice() else {
            return Err(format!("it has {} parts instead of four; {FORM}", parts.len()));
        };
        if *prefix != PREFIX {
            return Err(format!("its first part is not {PREFIX:?} as it is written; {FORM}"));
        }
        for (part, text) in [("source", source), ("key", key), ("value", value)] {
            if text.is_empty() {
                return Err(format!("its {part} is empty; {FORM}"));
            }
            // What ends up in paths, selectors and texts is what DNS labels, file names and image tags allow.
            let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-_./".contains(letter);
            if let Some(letter) = text.chars().find(|letter| !allowed(*letter)) {
                return Err(format!(
                    "its {part} has {letter:?}, and only letters, digits, -, _, . and / are allowed; {FORM}"
                ));
            }
        }
        Ok(Self { source: (*source).to_owned(), key: (*key).to_owned(), value: (*value).to_owned() })
    }
}

impl fmt::Display for CohortLabel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{PREFIX}:{}:{}:{}", self.source, self.key, self.value)
    }
}
