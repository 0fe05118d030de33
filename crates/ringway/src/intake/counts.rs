//! How many deliveries there were, by what became of them.

use super::{Refusal, Taken};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// The numbers since the process began.
#[derive(Default)]
pub(super) struct Counts(Mutex<BTreeMap<&'static str, u64>>);

impl Counts {
    pub(super) fn add(&self, outcome: &'static str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(outcome).or_default();
        *count = count.saturating_add(1);
    }

    /// Every outcome there is, also those that never came: a figure that is not there cannot be watched.
    pub(super) fn all(&self) -> Vec<(&'static str, bool, u64)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let verified = Taken::ALL.into_iter().map(|taken| (taken.as_str(), true));
        let refused = Refusal::NAMES.into_iter().map(|name| (name, false));
        verified
            .chain(refused)
            .map(|(name, verified)| (name, verified, counts.get(name).copied().unwrap_or_default()))
            .collect()
    }
}
