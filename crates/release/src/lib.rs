//! The domain: what a release is, what may be written into an Application and how it is taken back, when a tenant
//! counts as proven, and what people read about it.
//!
//! This crate does no I/O and reads no clock. What it knows comes in as plain facts ([`application::Application`],
//! [`workload::RolloutSnapshot`]) or through [`durable::Flow`]. Decisions are functions from facts to actions, texts are
//! functions from facts to text. It knows no Kubernetes client, no database and no engine.
//!
//! Start in [`workflow`]: a release from top to bottom.

pub mod application;
pub mod condition;
pub mod decide;
pub mod image;
pub mod overrides;
pub mod proof;
pub mod refusal;
pub mod report;
pub mod service;
pub mod step;
pub mod verdict;
pub mod workflow;
pub mod workload;
