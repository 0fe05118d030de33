//! Texts that must differ from each other.

use super::reader::Value;
use std::collections::BTreeSet;

/// Texts that must differ from each other within one list.
#[derive(Default)]
pub(super) struct Unique(BTreeSet<String>);

impl Unique {
    /// `text` if it is new; otherwise the error is noted.
    pub(super) fn check(&mut self, value: &Value<'_>, text: String) -> Option<String> {
        if self.0.insert(text.clone()) {
            return Some(text);
        }
        value.error(format!("{text:?} is given twice; keep one of them"));
        None
    }
}

/// A list of texts, at least one, all different.
pub(super) fn unique_list<E: std::fmt::Display>(
    list: &Value<'_>,
    read: impl Fn(&str) -> Result<String, E>,
) -> Vec<String> {
    let mut seen = Unique::default();
    list.list().iter().filter_map(|value| seen.check(value, value.parsed(&read)?)).collect()
}
