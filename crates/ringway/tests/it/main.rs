//! The program's parts against stand-ins of the systems around it, over loopback only; and what documents say of tests.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod cli;
mod demo;
mod documents;
mod registry;
mod server;
