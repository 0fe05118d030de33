//! Time as the program is given it. The clock of the operating system is read in one place, in the engine.

pub use durable_sqlite::{Clock, SystemClock};
