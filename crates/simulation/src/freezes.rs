//! What people froze, by what Ringway answered them and never by the ledger's rows: those may have forgotten it.

use jiff::Timestamp;
use std::collections::BTreeMap;

/// What stands frozen for certain, and since when in true time.
#[derive(Debug, Default)]
pub(crate) struct Freezes {
    /// By service; `None` for all of them.
    standing: BTreeMap<Option<String>, Timestamp>,
    /// How often somebody began to end a freeze.
    ends: u64,
}

/// Somebody who is freezing something and has no answer yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Freezing {
    ends: u64,
}

impl Freezes {
    /// Somebody begins to freeze something.
    pub(crate) fn begin(&self) -> Freezing {
        Freezing { ends: self.ends }
    }

    /// Somebody was told that it is frozen. If another began to end a freeze meanwhile, nobody knows who was first.
    pub(crate) fn stands(&mut self, freezing: Freezing, service: Option<&str>, now: Timestamp) {
        if freezing.ends == self.ends {
            self.standing.entry(service.map(str::to_owned)).or_insert(now);
        }
    }

    /// Somebody begins to end a freeze: from now on it may be over, whether or not they are ever told.
    pub(crate) fn end(&mut self, service: Option<&str>) {
        self.ends += 1;
        self.standing.remove(&service.map(str::to_owned));
    }

    /// Since when nothing of a service may begin; `None` if it may, or nobody knows.
    pub(crate) fn since(&self, service: &str) -> Option<Timestamp> {
        let meant = |frozen: &Option<String>| frozen.as_deref().is_none_or(|frozen| frozen == service);
        let standing = self.standing.iter().filter(|(frozen, _)| meant(frozen));
        standing.map(|(_, since)| *since).min()
    }
}

#[cfg(test)]
mod tests {
    use super::Freezes;
    use jiff::Timestamp;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_freeze_is_about_its_service_and_one_of_everything_about_all() {
        let mut freezes = Freezes::default();
        freezes.stands(freezes.begin(), Some("atlas"), at(5));
        assert_eq!((freezes.since("atlas"), freezes.since("web")), (Some(at(5)), None));
        freezes.stands(freezes.begin(), None, at(7));
        assert_eq!((freezes.since("atlas"), freezes.since("web")), (Some(at(5)), Some(at(7))));
        freezes.end(Some("atlas"));
        assert_eq!(freezes.since("atlas"), Some(at(7)), "neither ends the other");
    }

    #[test]
    fn who_freezes_again_does_not_freeze_later() {
        let mut freezes = Freezes::default();
        freezes.stands(freezes.begin(), None, at(5));
        freezes.stands(freezes.begin(), None, at(9));
        assert_eq!(freezes.since("atlas"), Some(at(5)));
    }

    #[test]
    fn nothing_is_known_of_a_freeze_that_somebody_ends_while_it_is_set() {
        let mut freezes = Freezes::default();
        let freezing = freezes.begin();
        freezes.end(None);
        freezes.stands(freezing, None, at(5));
        assert_eq!(freezes.since("atlas"), None);
    }
}
