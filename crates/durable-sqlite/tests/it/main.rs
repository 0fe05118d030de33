//! The embedded engine under test, all in one binary.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stop at the first surprise, as tests do"
)]

mod attempts;
mod clock;
mod commands;
mod conformance;
mod files;
mod harness;
mod kill;
mod parking;
mod poison;
mod work;
