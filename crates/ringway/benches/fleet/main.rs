//! What Ringway costs on a fleet, against the least that any program can cost: patch everything at once and watch.
//!
//! Every round does both, one after the other, from the chart's own image to a new one and back, and begins with the
//! other one each time. An observer that shares nothing with Ringway says when the last pod of a tenant was ready; what
//! Ringway says is compared with that. `testbed/bench` makes the tenants and runs this.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement stops at the first surprise"
)]

mod bare;
#[path = "../shared/figures.rs"]
mod figures;
#[path = "../shared/installation.rs"]
mod installation;
mod observer;
mod program;
mod requests;
mod table;

use clap::Parser;
use figures::Run;
use kube::Client;
use observer::Observer;
use program::Program;
use ringway::config::ClusterAddress;
use std::{path::Path, process::Command};

/// How many tenants Ringway works on at once unless its configuration says otherwise.
const DEFAULT_LIMIT: usize = 20;

#[derive(Parser)]
struct Options {
    /// How many tenants there are: bench-001, bench-002, …
    #[arg(long, default_value_t = 50)]
    tenants: usize,
    /// How many pairs are measured.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// `cargo bench` says this to every program.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What the testbed says in `run/env`.
fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run this with testbed/bench"))
}

/// Runs a script of the testbed.
fn testbed(name: &str, arguments: &[&str]) {
    let path = Path::new(&setting("RINGWAY_TESTBED_SOURCE")).join(name);
    let done = Command::new(&path).args(arguments).output().unwrap();
    assert!(done.status.success(), "{name} {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// A client of the administrator with connections of its own.
async fn client() -> Client {
    ringway::cluster::connect(&ClusterAddress::default(), "testbed").await.unwrap()
}

/// What stays the same in all rounds.
struct Fleet {
    tenants: Vec<String>,
    observer: Observer,
    /// What the tenants run when nobody overrides it.
    base: String,
    /// A word that no earlier measurement had in its tags: Argo CD remembers the manifests of values it has seen.
    unique: String,
}

impl Fleet {
    async fn new(tenants: usize) -> Self {
        let tenants: Vec<String> = (1..=tenants).map(|number| format!("bench-{number:03}")).collect();
        let observer = Observer::new(client().await, &tenants).await;
        let base = observer.image_of_all();
        let fleet = Self { tenants, observer, base, unique: std::process::id().to_string() };
        fleet.rest();
        fleet
    }

    /// An image that no tenant has had before.
    fn push(&self, what: &str, round: usize) -> String {
        let tag = format!("bench-{}-{round}-{what}", self.unique);
        testbed("push", &[program::RING_IMAGE, &tag]);
        format!("{}/{}:{tag}", setting("RINGWAY_TESTBED_REGISTRY"), program::RING_IMAGE)
    }

    /// Waits until Argo CD has finished what the last step left behind.
    fn rest(&self) {
        let names: Vec<&str> = self.tenants.iter().map(String::as_str).collect();
        testbed("tenant", &[&["wait"], names.as_slice()].concat());
    }

    async fn bare(&self, round: usize) -> (Run, Run) {
        let image = self.push("bare", round);
        let release = bare::release(self, &image).await;
        self.rest();
        let cleanup = bare::cleanup(self).await;
        self.rest();
        (release, cleanup)
    }

    async fn ringway(&self, round: usize, limit: usize) -> (Run, Run) {
        let image = self.push(&format!("ringway-{limit}"), round);
        let program = Program::new(limit);
        let release = program.release(self, &image).await;
        self.rest();
        let cleanup = program.cleanup(self).await;
        self.rest();
        (release, cleanup)
    }
}

#[tokio::main]
async fn main() {
    let Options { tenants, rounds, .. } = Options::parse();
    ringway::registry::install_crypto_provider();
    let fleet = Fleet::new(tenants).await;
    let (mut bare, mut ringway) = (Vec::new(), Vec::new());
    table::head(tenants, rounds);
    for round in 1..=rounds {
        // Whoever is second might find the machine warmer.
        if round % 2 == 1 {
            bare.push(fleet.bare(round).await);
            ringway.push(fleet.ringway(round, tenants).await);
        } else {
            ringway.push(fleet.ringway(round, tenants).await);
            bare.push(fleet.bare(round).await);
        }
        table::round(round, bare.last().unwrap(), ringway.last().unwrap());
    }
    let limited = fleet.ringway(rounds + 1, DEFAULT_LIMIT).await;
    table::summary(tenants, &bare, &ringway, (DEFAULT_LIMIT, &limited));
}
