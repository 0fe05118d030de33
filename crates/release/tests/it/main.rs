//! The workflows on a real engine, in memory and in simulated time, over a fleet whose steps are scripted.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod cleanup;
mod faults;
mod fleet;
mod release;
mod stop;
