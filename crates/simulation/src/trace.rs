//! What happened, line by line: a running hash of it always, the lines themselves only where somebody wants to read them.
//!
//! Two runs of one seed must have the same hash. So nothing may be noted that is not decided by the seed: no addresses, no
//! wall clock, no order of a hash map.

use jiff::Timestamp;

/// The lines of one simulation.
#[derive(Debug)]
pub(crate) struct Trace {
    hash: u64,
    count: u64,
    lines: Option<Vec<String>>,
}

impl Trace {
    /// Nothing yet. `kept`: the lines are wanted, not only their hash.
    pub(crate) fn new(kept: bool) -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, count: 0, lines: kept.then(Vec::new) }
    }

    /// Notes a line.
    pub(crate) fn note(&mut self, at: Timestamp, line: &str) {
        self.count += 1;
        // FNV-1a: it has to notice a difference, not an attack.
        for byte in at.as_nanosecond().to_le_bytes().iter().chain(line.as_bytes()) {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{}  {line}", at.strftime("%H:%M:%S%.3f")));
        }
    }

    /// Adds what is too long for a line, such as the body of an answer.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// The hash of everything so far.
    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    /// How many lines there were.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The lines, if they were kept.
    pub(crate) fn take(&mut self) -> Vec<String> {
        self.lines.take().unwrap_or_default()
    }
}
