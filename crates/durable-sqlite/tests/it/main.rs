//! The embedded engine under test, all in one binary.

mod conformance;
mod harness;
