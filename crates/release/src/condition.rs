//! Conditions: pure questions to one snapshot. Activities ask them on every watch event.

pub mod applied;
pub mod pods;
pub mod rollout;
