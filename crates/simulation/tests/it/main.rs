//! Seeds that every change is tried with, the planted bugs, and the bugs that were found.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod determinism;
mod found;
mod planted;
mod seeds;
