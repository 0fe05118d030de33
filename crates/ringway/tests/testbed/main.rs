//! The program against the real processes of `testbed/`. Run by `testbed/run`, which says where they are.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod argocd_rules;
mod bad_input;
mod cluster;
mod crash;
mod failures;
mod harness;
mod observe;
mod refusals;
mod registry;
mod release;
mod rivals;

/// What the testbed says in `run/env`. Without it there is nothing to test against, and that is a failure.
fn setting(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run the tests with testbed/run, or source run/env"))
}
