//! What the scenarios stand on: a target, tenants of their own on it, and the program as a user runs it.
//!
//! Every test makes its own tenants and its own state folder, so tests can run side by side. Nothing here waits for a
//! time; [`until`] waits for a condition, with a limit. What differs between the two targets is in `harness/testbed.rs`
//! and `harness/sandbox.rs`, which have the same functions, and nowhere else.

mod administrator;
mod configuration;
mod github;
mod kubeconfig;
mod ran;
mod recording;
#[cfg(not(feature = "testbed"))]
mod relay;
mod requests;
mod ringway;
mod target;
mod tenant;
mod wait;

#[cfg(not(feature = "testbed"))]
#[path = "harness/sandbox.rs"]
mod place;
#[cfg(feature = "testbed")]
#[path = "harness/testbed.rs"]
mod place;

pub(crate) use administrator::{
    APPLICATION, APPLICATION_SET, Administrator, Change, DEPLOYMENT, PROJECT, STATEFUL_SET,
};
pub(crate) use configuration::{configuration, configuration_of};
pub(crate) use github::{Github, HELPER, PullRequest};
pub(crate) use kubeconfig::{Copied, Identity};
pub(crate) use ran::Ran;
pub(crate) use recording::Recording;
pub(crate) use ringway::{Ringway, Running, release_arguments};
pub(crate) use target::{Gone, Part, RING_IMAGE, administrator, image, patience, push, target};
pub(crate) use tenant::Tenant;
pub(crate) use wait::until;
