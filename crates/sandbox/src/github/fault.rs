//! What goes wrong between GitHub and its clients: switched on for the next request, or by chance.

use super::Github;
use crate::Random;
use std::{collections::VecDeque, fmt, time::Duration};

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An answer such as 502, and nothing is done.
    FailsBefore(u16),
    /// An answer such as 502, although it is done.
    FailsAfter(u16),
    /// 403 by a secondary limit, with the seconds to wait or without.
    SecondaryLimit(Option<u64>),
    /// 429, with the seconds to wait or without.
    TooManyRequests(Option<u64>),
    /// 403 because the primary limit is used up until its hour is over.
    PrimaryLimit,
    /// 401 although the token is good.
    Unauthorized,
    /// The connection breaks in the middle of the answer.
    Truncated,
    /// The answer takes its time.
    Slow(Duration),
}

/// The requests that something goes wrong with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All.
    Any,
    /// Those that only read.
    Reads,
    /// Those that change something.
    Writes,
    /// Those whose path contains a text.
    Path(&'static str),
    /// Those that change something and whose path contains a text.
    WritesTo(&'static str),
}

impl Scope {
    fn has(self, writes: bool, path: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Reads => !writes,
            Self::Writes => writes,
            Self::Path(part) => path.contains(part),
            Self::WritesTo(part) => writes && path.contains(part),
        }
    }
}

/// What is changed after a request was answered.
type Change = Box<dyn FnOnce(&mut Github) + Send>;

/// Faults to come.
#[derive(Default)]
pub struct Faults {
    next: VecDeque<(Scope, Fault)>,
    changes: Vec<(Scope, Change)>,
    /// In how many of 100 requests something goes wrong.
    pub chances: FaultChances,
}

/// In how many of 100 requests something goes wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FaultChances {
    /// 502 before anything is done.
    pub fails_before: u64,
    /// 502 although it is done.
    pub fails_after: u64,
    /// A secondary limit, half of them without a time to wait.
    pub secondary_limit: u64,
    /// 401 although the token is good.
    pub unauthorized: u64,
    /// A connection that breaks in the middle of the answer.
    pub truncated: u64,
    /// An answer that takes up to 30 seconds.
    pub slow: u64,
}

/// In how many of 100 deliveries something goes wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeliveryFaults {
    /// It never arrives.
    pub lost: u64,
    /// It arrives twice.
    pub doubled: u64,
    /// It arrives late, and so after others that were sent later.
    pub late: u64,
    /// How late at most.
    pub latest: Duration,
}

impl fmt::Debug for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changes: Vec<Scope> = self.changes.iter().map(|(scope, _)| *scope).collect();
        let mut debug = formatter.debug_struct("Faults");
        debug.field("next", &self.next).field("changes", &changes).field("chances", &self.chances).finish()
    }
}

impl Faults {
    /// Something goes wrong with the next request of a kind. Asked for twice, with the next two.
    pub fn next(&mut self, scope: Scope, fault: Fault) {
        self.next.push_back((scope, fault));
    }

    /// Something changes right after the next request of a kind: between two pages, or two questions about one thing.
    pub fn after_next(&mut self, scope: Scope, change: impl FnOnce(&mut Github) + Send + 'static) {
        self.changes.push((scope, Box::new(change)));
    }

    /// Whether all that was switched on has happened.
    pub fn are_over(&self) -> bool {
        self.next.is_empty() && self.changes.is_empty()
    }

    /// What goes wrong with a request.
    pub(super) fn take(&mut self, random: &mut Random, writes: bool, path: &str) -> Option<Fault> {
        if let Some(place) = self.next.iter().position(|(scope, _)| scope.has(writes, path)) {
            return self.next.remove(place).map(|(_, fault)| fault);
        }
        let chances = self.chances;
        if chances == FaultChances::default() {
            return None;
        }
        let wait = random.chance(50).then_some(30);
        let slow = Duration::from_secs(1 + random.below(30));
        let choices = [
            (chances.fails_before, Fault::FailsBefore(502)),
            (chances.fails_after, Fault::FailsAfter(502)),
            (chances.secondary_limit, Fault::SecondaryLimit(wait)),
            (chances.unauthorized, Fault::Unauthorized),
            (chances.truncated, Fault::Truncated),
            (chances.slow, Fault::Slow(slow)),
        ];
        choices.into_iter().find(|(percent, _)| random.chance(*percent)).map(|(_, fault)| fault)
    }

    /// The changes that come after a request.
    pub(super) fn changes_after(&mut self, writes: bool, path: &str) -> Option<Change> {
        let place = self.changes.iter().position(|(scope, _)| scope.has(writes, path))?;
        Some(self.changes.remove(place).1)
    }
}
