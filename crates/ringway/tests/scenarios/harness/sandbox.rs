//! The sandbox as a target: a fleet of its own for each test, in this process.

use super::{
    administrator::Administrator,
    kubeconfig::{Copied, Identity},
    relay::Relay,
    requests::RUNTIME,
    target::{Part, RING_IMAGE},
    wait::until,
};
use sandbox::{
    Model, fleet,
    kubernetes::{ADMINISTRATOR, Account, Denial, Rule},
    oci::{self, Push},
    serve::{Listeners, Sandbox, kubeconfig},
};
use serde_json::Value;
use std::{net::SocketAddr, sync::OnceLock};
use tempfile::TempDir;

/// How much faster than real time everything but Ringway goes: enough to be done soon, and slow enough for a test to see
/// what happens in between.
const PACE: f64 = 3.0;

/// What the testbed's registries hold as well: `testbed/push`.
const REPOSITORIES: [&str; 2] = ["atlas-metastore", RING_IMAGE];
const TAGS: [&str; 15] = [
    "1.0.0", "1.1.0", "2.0.0", "e65a995abcd", "0123456", "12e4567", "badpull-1", "configerror-1", "crash-1",
    "never-1", "slow2s-1", "slow5s-1", "amd64only-1", "platformdigest-1", "wrongdigest-1",
];

/// The one account of the private registry.
const READER: (&str, &str) = ("reader", "reader-password");

/// The tokens of those who are not the administrator.
const RINGWAY: &str = "ringway";
const STRANGER: &str = "no-rights";

/// A sandbox that ends with the test.
pub(crate) struct Target {
    sandbox: Sandbox,
    administrator: Administrator,
    /// The way that Ringway takes to the API server.
    way: Relay,
    registries: [SocketAddr; 2],
    folder: TempDir,
    resident: OnceLock<()>,
}
