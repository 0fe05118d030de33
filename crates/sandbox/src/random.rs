//! Chance that comes from a seed: the same seed gives the same numbers on every machine.

/// A stream of numbers, by the method of Steele, Lea and Flood ("Fast splittable pseudorandom number generators",
/// `SplitMix64`). Good enough for schedules, and not for secrets.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A stream of its own for one purpose, so that drawing from it moves no other.
    #[must_use]
    pub fn fork(&self, purpose: &str) -> Self {
        let mut seed = self.0;
        for byte in purpose.bytes() {
            seed = (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let mut fork = Self(seed);
        fork.next();
        fork
    }

    /// The next number.
    #[expect(
        clippy::should_implement_trait,
        reason = "a stream without an end is no iterator one wants to collect"
    )]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 if `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        // The bias of the remainder is far below anything that a schedule could show.
        self.next().checked_rem(end).unwrap_or(0)
    }

    /// True in `percent` of 100 cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of `choices`. `None` if there are none.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        let index = usize::try_from(self.below(choices.len() as u64)).ok()?;
        choices.get(index)
    }
}
