//! The program: everything that talks to the outside, and the command line that starts it.
//!
//! One folder per outside system (`cluster`, `registry`, `ledger`), the bodies of activities in `activity`, what can be
//! typed in `command`. Decisions are made in the `release` crate; what is here reads, writes and waits.

pub mod activity;
pub mod asker;
pub mod clock;
pub mod cluster;
pub mod command;
pub mod config;
pub mod error;
pub mod follow;
pub mod freeze;
pub mod github;
pub mod intake;
pub mod ledger;
pub mod output;
pub mod owner;
pub mod registry;
pub mod reports;
pub mod request;
pub mod rings;
pub mod server;
pub mod start;
pub mod start_cleanup;
pub mod state;
pub mod transport;
pub mod world;
