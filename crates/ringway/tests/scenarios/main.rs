//! The program from end to end: one list of scenarios for two targets.
//!
//! With the feature `testbed` they run on the real processes of `testbed/` (`testbed/run` starts those, and says where
//! they are). Without it they run on the sandbox: a fleet of its own for each test, in this process, behind HTTP. Where
//! the two disagree, the sandbox is wrong. The few scenarios that only one target can run say why.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod argocd_rules;
mod bad_input;
mod cluster;
mod crash;
mod doctor;
mod failures;
mod harness;
mod observe;
mod refusals;
mod registry;
mod release;
mod rings;
mod rivals;
mod server;
mod unseen;
