//! What can be watched from outside of whoever looks after pull requests.

use super::Rings;
use crate::github;
use jiff::Timestamp;
use std::sync::PoisonError;

/// The figures since the process began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// What was asked of GitHub.
    pub github: github::Figures,
    /// When the last sweep ended that could read every repository and the ledger; `None` before the first.
    pub last_complete_sweep: Option<Timestamp>,
}

impl Rings {
    /// What can be watched.
    pub fn figures(&self) -> Figures {
        let last_complete_sweep = *self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        Figures { github: self.github.figures(), last_complete_sweep }
    }

    /// Remembers that a sweep could read everything.
    pub(super) fn swept_completely(&self) {
        *self.swept.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.world().clock.now());
    }
}
