//! Which pull requests are to be looked at, when, and how closely: at most one look at a time for each.
//!
//! Plain data. Whoever holds it knows the time and does the looking.

use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;

/// A pull request by what does not change: the id of its repository, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Subject {
    pub(super) repository: u64,
    pub(super) number: u64,
}

/// How closely it is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Depth {
    /// Only at what the ledger says now; of GitHub, what was read before is enough.
    Ledger,
    /// At whether anything has changed since it was read; at everything if it has.
    Changes,
    /// At everything.
    Everything,
}

/// The shortest and the longest pause after a look that failed.
const PAUSES: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(300));

#[derive(Debug, Default)]
struct Entry {
    due: Option<(Instant, Depth)>,
    busy: bool,
    /// The deliveries that are answered by the next look.
    deliveries: Vec<String>,
    /// How many looks have failed one after the other.
    failures: u32,
}

/// A look that is to be taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) subject: Subject,
    pub(super) depth: Depth,
    /// The deliveries that asked for it.
    pub(super) deliveries: Vec<String>,
}

/// What is to be looked at.
#[derive(Debug, Default)]
pub(super) struct Agenda(BTreeMap<Subject, Entry>);

impl Agenda {
    /// Asks for a look at `at`, or earlier if that was asked for; the closer look wins.
    pub(super) fn ask(&mut self, subject: Subject, at: Instant, depth: Depth) {
        let due = &mut self.0.entry(subject).or_default().due;
        *due = Some(due.map_or((at, depth), |(before, known)| (before.min(at), known.max(depth))));
    }

    /// Asks for a close look at once, because a delivery says so.
    pub(super) fn deliver(&mut self, subject: Subject, delivery: String, now: Instant) {
        self.ask(subject, now, Depth::Everything);
        self.0.entry(subject).or_default().deliveries.push(delivery);
    }

    /// A look that is due: first what deliveries ask for, which people wait for; of those, and of the others, the longest
    /// awaited. Until [`Agenda::succeeded`] or [`Agenda::failed`], no other look at
    /// the same pull request is.
    pub(super) fn take(&mut self, now: Instant) -> Option<Look> {
        let is_due = |(subject, entry): (&Subject, &Entry)| {
            let (at, depth) = entry.due.filter(|(at, _)| !entry.busy && *at <= now)?;
            Some(((entry.deliveries.is_empty(), at), *subject, depth))
        };
        let (_, subject, depth) = self.0.iter().filter_map(is_due).min_by_key(|(order, ..)| *order)?;
        let entry = self.0.entry(subject).or_default();
        entry.busy = true;
        entry.due = None;
        Some(Look { subject, depth, deliveries: std::mem::take(&mut entry.deliveries) })
    }

    /// A look was taken. At `next` it is seen whether there is something to do or something has changed.
    pub(super) fn succeeded(&mut self, subject: Subject, next: Option<Instant>) {
        let entry = self.0.entry(subject).or_default();
        (entry.busy, entry.failures) = (false, 0);
        match next {
            Some(next) => self.ask(subject, next, Depth::Changes),
            None if entry.due.is_none() => {
                self.0.remove(&subject);
            }
            None => {}
        }
    }

    /// A look failed: it is taken again after a pause, but not before `earliest`. Its deliveries stay unanswered.
    pub(super) fn failed(&mut self, look: Look, now: Instant, earliest: Option<Instant>) {
        let entry = self.0.entry(look.subject).or_default();
        entry.busy = false;
        let pause = PAUSES.0.saturating_mul(1_u32 << entry.failures.min(10)).min(PAUSES.1);
        entry.failures = entry.failures.saturating_add(1);
        entry.deliveries.extend(look.deliveries);
        let again = earliest.map_or(now + pause, |earliest| earliest.max(now + PAUSES.0));
        // Also what was asked for meanwhile waits: it would fail in the same way.
        entry.due = None;
        self.ask(look.subject, again, look.depth);
    }

    /// When the next look is due that can be taken.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.values().filter(|entry| !entry.busy).filter_map(|entry| Some(entry.due?.0)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Subject = Subject { repository: 1, number: 1 };
    const SECOND: Subject = Subject { repository: 1, number: 2 };

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[tokio::test(start_paused = true)]
    async fn one_look_at_a_time_and_what_is_asked_for_meanwhile_comes_afterwards() {
        let (mut agenda, now) = (Agenda::default(), Instant::now());
        agenda.ask(FIRST, now, Depth::Everything);
        let look = agenda.take(now).unwrap();
        agenda.deliver(FIRST, "d1".into(), now);
        agenda.ask(SECOND, now, Depth::Ledger);
        assert_eq!(agenda.take(now).unwrap().subject, SECOND);
        assert_eq!((agenda.take(now), agenda.next()), (None, None), "both are being looked at");
        agenda.succeeded(look.subject, None);
        let again = agenda.take(now).unwrap();
        assert_eq!((again.subject, again.deliveries), (FIRST, vec!["d1".to_owned()]));
        agenda.succeeded(FIRST, None);
        assert_eq!(agenda.take(now + seconds(3600)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_earlier_and_the_closer_look_win() {
        let (mut agenda, now) = (Agenda::default(), Instant::now());
        agenda.ask(FIRST, now + seconds(60), Depth::Everything);
        agenda.ask(FIRST, now + seconds(5), Depth::Ledger);
        assert_eq!(agenda.next(), Some(now + seconds(5)));
        assert_eq!(agenda.take(now + seconds(4)), None);
        assert_eq!(agenda.take(now + seconds(5)).unwrap().depth, Depth::Everything);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_waited_for_reads_everything_only_if_a_delivery_comes_too() {
        let (mut agenda, now) = (Agenda::default(), Instant::now());
        agenda.succeeded(FIRST, Some(now));
        assert_eq!(agenda.take(now).unwrap().depth, Depth::Changes);
        agenda.succeeded(FIRST, Some(now));
        agenda.deliver(FIRST, "d1".into(), now);
        agenda.ask(FIRST, now, Depth::Ledger);
        assert_eq!(agenda.take(now).unwrap().depth, Depth::Everything);
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_fails_comes_again_later_and_later_with_its_deliveries() {
        let (mut agenda, now) = (Agenda::default(), Instant::now());
        agenda.deliver(FIRST, "d1".into(), now);
        for pause in [10, 20, 40, 80, 160, 300, 300] {
            let at = agenda.next().unwrap();
            let look = agenda.take(at).unwrap();
            assert_eq!(look.deliveries, ["d1"]);
            agenda.failed(look, at, None);
            assert_eq!(agenda.next(), Some(at + seconds(pause)));
        }
        let at = agenda.next().unwrap();
        let look = agenda.take(at).unwrap();
        agenda.failed(look, at, Some(at + seconds(3600)));
        assert_eq!(agenda.next(), Some(at + seconds(3600)), "not before the limit ends");
        agenda.take(at + seconds(3600)).unwrap();
        agenda.succeeded(FIRST, Some(at + seconds(3660)));
        let look = agenda.take(at + seconds(3660)).unwrap();
        agenda.failed(look, at, None);
        assert_eq!(agenda.next(), Some(at + seconds(10)), "a success begins anew");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_longest_is_first() {
        let (mut agenda, now) = (Agenda::default(), Instant::now());
        agenda.ask(FIRST, now + seconds(2), Depth::Ledger);
        agenda.ask(SECOND, now + seconds(1), Depth::Ledger);
        assert_eq!(agenda.take(now + seconds(9)).unwrap().subject, SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn what_somebody_tells_of_does_not_wait_for_a_sweep() {
        let (mut agenda, now) = (Agenda::default(), Instant::now());
        agenda.ask(FIRST, now, Depth::Changes);
        agenda.deliver(SECOND, "d1".into(), now + seconds(1));
        assert_eq!(agenda.take(now + seconds(9)).unwrap().subject, SECOND);
        assert_eq!(agenda.take(now + seconds(9)).unwrap().subject, FIRST);
    }
}
