//! What is wrong with the way to the API server, to the registry and to GitHub, and what that does to one request.
//!
//! Decided from the seed alone: each request draws from a stream of its own, by its number.

use sandbox::Random;
use std::time::Duration;

/// How often something goes wrong, each in percent of the requests that it can happen to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Weather {
    /// Answered with an error, before the request did anything.
    pub(crate) refused: u64,
    /// No answer, and the request did nothing.
    pub(crate) lost_before: u64,
    /// No answer, although the request did what it was to do.
    pub(crate) lost_after: u64,
    /// A write is answered with an error although it did what it was to do.
    pub(crate) failed_after: u64,
    /// The answer takes seconds, or longer than anybody waits.
    pub(crate) slow: u64,
    /// The answer ends in the middle.
    pub(crate) truncated: u64,
    /// A watch ends soon: in order, by a broken connection, or in the middle of a line.
    pub(crate) cut: u64,
    /// Events of a watch come late, by at most [`LATEST`].
    pub(crate) late: u64,
}

/// How late an event of a watch may be. Proofs are judged with this much tolerance.
pub(crate) const LATEST: Duration = Duration::from_millis(1_500);

/// What is asked, as far as faults care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Something to read.
    Read,
    /// A patch.
    Write,
    /// A watch.
    Watch,
    /// Something of a registry.
    Registry,
    /// Something of GitHub.
    Github,
}

/// What becomes of one request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fate {
    /// Until it arrives.
    pub(crate) before: Duration,
    /// Instead of doing it.
    pub(crate) instead: Option<Instead>,
    /// From its effect until the answer comes. Never for a watch: its beginning must not be old news.
    pub(crate) after: Duration,
    /// The effect stays, the answer does not come.
    pub(crate) lost_after: bool,
    /// The effect stays, and this error is answered. For writes.
    pub(crate) failed_after: Option<u16>,
    /// So many bytes of the answer come, then the connection breaks.
    pub(crate) truncated_at: Option<usize>,
    /// The watch ends after this.
    pub(crate) cut: Option<Cut>,
    /// Events of the watch come this much late.
    pub(crate) late: Duration,
}

/// What is answered to a request that does not get through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instead {
    /// No connection, or it breaks.
    NoConnection,
    /// An error of the API server or of something before it, with `Retry-After` in seconds.
    Status(u16, Option<u64>),
}

/// How a server that is gone shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gone {
    /// Connections are refused.
    Refuses,
    /// Nothing ever comes back.
    Silent,
    /// A proxy in front of it says so.
    Unavailable,
}

/// How a watch ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    /// When, counted from its beginning.
    pub(crate) after: Duration,
    /// What its last bytes are.
    pub(crate) how: CutHow,
}

/// What the last bytes of a watch are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CutHow {
    /// It ends in order.
    Closed,
    /// The connection breaks between two lines.
    Broken,
    /// Half a line comes, with the next event, and then nothing more.
    MidLine,
}

impl Weather {
    /// Nothing goes wrong, and answers take a few milliseconds.
    pub(crate) fn fair() -> Self {
        Self::default()
    }

    /// Some of everything, of what this seed is about more.
    pub(crate) fn foul(random: &mut Random) -> Self {
        // A stream of its own, so that older seeds keep the rest of their weather.
        let mut after = random.fork("failed after");
        let mut percent = |most: u64| if random.chance(50) { random.below(most + 1) } else { 0 };
        Self {
            refused: percent(20),
            lost_before: percent(12),
            lost_after: percent(12),
            failed_after: if after.chance(50) { after.below(21) } else { 0 },
            slow: percent(12),
            truncated: percent(8),
            cut: percent(60),
            late: percent(60),
        }
    }

    /// Bad for writes: there are so few of them that weather for everything hardly ever meets one.
    pub(crate) fn bad_for_writes(random: &mut Random) -> Self {
        Self {
            refused: random.below(45),
            lost_before: random.below(10),
            lost_after: random.below(20),
            failed_after: random.below(45),
            ..Self::default()
        }
    }

    /// What becomes of a request. `random` is the request's own.
    pub(crate) fn fate(&self, asked: Asked, random: &mut Random) -> Fate {
        let mut failed = random.fork("failed after");
        let mut fate = Fate {
            before: Duration::from_millis(1 + random.below(5)),
            after: Duration::from_millis(1 + random.below(5)),
            ..Fate::default()
        };
        if random.chance(self.refused) {
            fate.instead = Some(refusal(asked, random));
        } else if random.chance(self.lost_before) {
            fate.instead = Some(Instead::NoConnection);
        } else if asked != Asked::Watch && random.chance(self.lost_after) {
            fate.lost_after = true;
        } else if asked != Asked::Watch && random.chance(self.truncated) {
            fate.truncated_at = usize::try_from(random.below(2_000)).ok();
        }
        if asked == Asked::Write && failed.chance(self.failed_after) {
            fate.failed_after = failed.pick(&[500, 502, 504]).copied();
        }
        if random.chance(self.slow) {
            let slow = slowness(random);
            if asked == Asked::Watch || random.chance(50) { fate.before = slow } else { fate.after = slow }
        }
        if asked == Asked::Watch {
            fate.after = Duration::ZERO;
            fate.cut = random.chance(self.cut).then(|| cut(random));
            if random.chance(self.late) {
                fate.late =
                    Duration::from_millis(random.below(u64::try_from(LATEST.as_millis()).unwrap_or(0)));
            }
        }
        fate
    }
}

fn refusal(asked: Asked, random: &mut Random) -> Instead {
    let retry_after = random.chance(50).then(|| 1 + random.below(30));
    let anything = [(500, None), (502, None), (503, retry_after), (504, None), (429, retry_after)];
    // A write may be told that somebody else wrote first, although nobody did.
    let written = [
        (409, None),
        (422, None),
        (500, None),
        (502, None),
        (503, retry_after),
        (504, None),
        (429, retry_after),
    ];
    // What GitHub itself says is in its model.
    let before_github = [(500, None), (502, None), (503, retry_after), (504, None)];
    let watched = [(410, None), (500, None), (503, retry_after), (429, retry_after)];
    let picked = match asked {
        Asked::Write => random.pick(&written),
        Asked::Watch => random.pick(&watched),
        Asked::Github => random.pick(&before_github),
        Asked::Read | Asked::Registry => random.pick(&anything),
    };
    picked.map_or(Instead::NoConnection, |(status, retry_after)| Instead::Status(*status, *retry_after))
}

/// Mostly some seconds; sometimes longer than the 30 s after which requests are given up, or than the 60 s of an attempt.
fn slowness(random: &mut Random) -> Duration {
    let (least, most) = match random.below(10) {
        0 => (61, 90),
        1 | 2 => (31, 45),
        _ => (1, 12),
    };
    Duration::from_millis(1_000 * least + random.below(1_000 * (most - least)))
}

fn cut(random: &mut Random) -> Cut {
    let how = match random.below(3) {
        0 => CutHow::Closed,
        1 => CutHow::Broken,
        _ => CutHow::MidLine,
    };
    let longest = if random.chance(40) { 1_000 } else { 120_000 };
    Cut { after: Duration::from_millis(random.below(longest)), how }
}
