//! The one place that reads the wall clock; everything else is given the time.

use jiff::Timestamp;

/// The time now.
#[allow(clippy::disallowed_methods, reason = "the one place where time enters the program")]
pub fn now() -> Timestamp {
    Timestamp::now()
}
