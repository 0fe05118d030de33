//! What an invariant says when it is broken.

use jiff::Timestamp;
use std::fmt;

/// An invariant that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Its name, which is the name of its file.
    pub invariant: &'static str,
    /// When it was seen, in true time.
    pub at: Timestamp,
    /// What was seen, and where.
    pub what: String,
}

impl Broken {
    /// What was seen.
    pub fn new(invariant: &'static str, at: Timestamp, what: impl Into<String>) -> Self {
        Self { invariant, at, what: what.into() }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at {}: {}", self.invariant, self.at.strftime("%H:%M:%S%.3f"), self.what)
    }
}
