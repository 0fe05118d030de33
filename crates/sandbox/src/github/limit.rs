//! How often a client may ask, and how often it did
//! (<https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>).

use super::Github;
use jiff::{Timestamp, ToSpan};
use std::collections::{BTreeMap, VecDeque};

/// What a client may ask how often.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Requests in an hour, the primary limit.
    pub hourly: u64,
    /// Points in a minute: 1 for reading, 5 for writing.
    pub points_in_a_minute: u64,
    /// Requests in a minute that make content.
    pub content_in_a_minute: usize,
    /// Requests in an hour that make content.
    pub content_in_an_hour: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { hourly: 5_000, points_in_a_minute: 900, content_in_a_minute: 80, content_in_an_hour: 500 }
    }
}

/// How often GitHub was called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// All requests.
    pub total: u64,
    /// Those that make or change content: comments, check runs, statuses.
    pub content: u64,
    /// Those that were answered with "not modified", which the primary limit does not count.
    pub not_modified: u64,
    /// Those that came with a web token whose signature nobody checked.
    pub unverified_tokens: u64,
}

/// What somebody used of the limits.
#[derive(Debug, Default)]
pub(super) struct Usage {
    by_identity: BTreeMap<String, Used>,
}

#[derive(Debug)]
struct Used {
    count: u64,
    resets_at: Timestamp,
    /// When points were used, and how many.
    points: VecDeque<(Timestamp, u64)>,
    content: VecDeque<Timestamp>,
}

/// The primary limit of somebody as the headers say it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Left {
    pub(super) limit: u64,
    pub(super) remaining: u64,
    pub(super) used: u64,
    pub(super) resets_at: Timestamp,
}

/// Which limit was hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hit {
    Primary,
    /// With the seconds to wait.
    Secondary(i64),
}

impl Github {
    fn used(&mut self, identity: &str) -> &mut Used {
        let now = self.now;
        let end = now.saturating_add(1.hour()).unwrap_or(Timestamp::MAX);
        let fresh = || Used { count: 0, resets_at: end, points: VecDeque::new(), content: VecDeque::new() };
        let used = self.usage.by_identity.entry(identity.to_owned()).or_insert_with(fresh);
        if used.resets_at <= now {
            (used.count, used.resets_at) = (0, end);
        }
        used
    }

    /// What is left to somebody.
    pub(super) fn left(&mut self, identity: &str) -> Left {
        let limit = self.limits.hourly;
        let used = self.used(identity);
        let count = used.count.min(limit);
        Left { limit, remaining: limit - count, used: count, resets_at: used.resets_at }
    }

    /// Lets nothing be left to anybody until their hour is over.
    pub fn exhaust_limits(&mut self) {
        let limit = self.limits.hourly;
        for used in self.usage.by_identity.values_mut() {
            used.count = limit;
        }
    }

    pub(super) fn exhaust(&mut self, identity: &str) {
        let limit = self.limits.hourly;
        self.used(identity).count = limit;
    }

    /// Counts a request that was not modified not at all, as the page on best practices promises
    /// (<https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api>).
    pub(super) fn uncount(&mut self, identity: &str) {
        let used = self.used(identity);
        used.count = used.count.saturating_sub(1);
    }

    /// Counts a request of somebody, unless a limit is hit.
    pub(super) fn count(&mut self, identity: &str, writes: bool, content: bool) -> Option<Hit> {
        let (now, limits) = (self.now, self.limits);
        let used = self.used(identity);
        if used.count >= limits.hourly {
            return Some(Hit::Primary);
        }
        let age = |at: Timestamp| now.duration_since(at).as_secs();
        while used.points.front().is_some_and(|(at, _)| age(*at) >= 60) {
            used.points.pop_front();
        }
        while used.content.front().is_some_and(|at| age(*at) >= 3_600) {
            used.content.pop_front();
        }
        let cost = if writes { 5 } else { 1 };
        let spent: u64 = used.points.iter().map(|(_, cost)| cost).sum();
        let lately = used.content.iter().filter(|at| age(**at) < 60).count();
        if spent + cost > limits.points_in_a_minute || content && lately >= limits.content_in_a_minute {
            return Some(Hit::Secondary(60));
        }
        if content && used.content.len() >= limits.content_in_an_hour {
            return Some(Hit::Secondary(3_600 - used.content.front().map_or(0, |at| age(*at))));
        }
        used.count += 1;
        used.points.push_back((now, cost));
        if content {
            used.content.push_back(now);
        }
        None
    }
}
