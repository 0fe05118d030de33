//! What a pull request asks for: from what was observed to what is to be done.
//!
//! [`decide`] is the list of rules about pull requests. It is a function: it reads no clock, talks to nobody and
//! remembers nothing. What it must know from before comes in with the [`Observation`]; called twice with the same
//! observation it says the same, and called after its actions were carried out it asks for none of them again.
//!
//! The groups of rules are in the files below, in the order in which they are applied. `docs/rings.md` lists each rule
//! with the test that shows it.

pub mod facts;
pub mod label;
mod outcome;
pub mod rules;

pub use facts::Observation;
pub use outcome::{
    Action, CancelReason, CleanupReason, CohortDecision, CohortState, Decision, Departure, Gate, GateState,
    Standing, Stray,
};
