//! What a durable workflow is, whatever engine runs it.
//!
//! A [`Workflow`] is ordinary async code that talks to the world only through a [`Flow`]: activities, child workflows,
//! timers, messages and the time of the last thing that happened. An engine records every answer before it delivers
//! it, so that after a crash the same code, fed with the same answers in the same order, arrives where it was.
//!
//! What workflow code may not do: read a clock, draw random numbers, do I/O, spawn tasks, iterate over unordered maps,
//! or use combinators other than those of [`join`]. Whoever breaks that gets a journal that does not fit the code, and
//! the engine parks the workflow instead of guessing.
//!
//! This crate knows no engine. Engines depend on it, not the other way round.

pub mod activity;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod context;
pub mod failure;
pub mod flow;
pub mod join;

pub use activity::{Activity, ActivityOptions, Queue, RetryPolicy};
pub use context::{ActivityBody, ActivityContext, ActivityHost, AttemptFacts};
pub use failure::{Failure, FailureKind};
pub use flow::{Flow, Wire, Workflow};
