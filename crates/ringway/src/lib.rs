//! The program: everything that talks to the outside, and the command line that starts it.
//!
//! One folder per outside system (`cluster`, `registry`, `ledger`), one file per activity in `activity`, one file per
//! command in `command`. Decisions are made in the `release` crate; what is here reads, writes and waits.

pub mod clock;
pub mod registry;
