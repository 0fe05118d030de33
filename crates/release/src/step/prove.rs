//! Waiting for the truth.

use super::{Deadlines, ExpectedWorkload, PlannedApplication, Problem, RunContext};
use crate::{overrides::Writer, proof::Proof};
use durable::Activity;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Waits until Argo CD has compared and applied what stands in an Application.
pub struct AwaitApplied;

/// What [`AwaitApplied`] needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitAppliedInput {
    /// For whom.
    pub context: RunContext,
    /// The Application.
    pub application: PlannedApplication,
    /// Which of the tenant's Applications it is.
    pub part: Part,
    /// What should stand in it.
    pub expectation: Expectation,
    /// When we wrote, by the engine's clock: the deadlines count from here.
    pub since: Timestamp,
    /// How long it may take.
    pub deadlines: Deadlines,
}

/// One of the Applications of a tenant that are proven at the same time. The tenant is proven as far as the least proven
/// of them, which none of the waits can tell alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its place among them, from 0.
    pub number: u32,
    /// How many they are.
    pub of: u32,
}

impl Part {
    /// The only one.
    pub const WHOLE: Self = Self { number: 0, of: 1 };

    /// The parts of so many Applications, in their order.
    pub fn each(of: usize) -> impl Iterator<Item = Self> {
        let of = u32::try_from(of).unwrap_or(u32::MAX);
        (0..of).map(move |number| Self { number, of })
    }
}

/// What should stand in an Application while we wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// Our values: a release.
    Overridden,
    /// None of our values: a cleanup.
    Removed,
}

/// How a wait ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Awaited {
    /// What was waited for is true.
    Proven {
        /// How far.
        proof: Proof,
        /// What a person should know, such as `2 of 3 pods: partition is 1`.
        notes: Vec<String>,
    },
    /// It cannot become true any more, or took too long.
    Failed {
        /// How far it was proven before.
        proof: Proof,
        /// Why.
        problem: Problem,
    },
}

impl Activity for AwaitApplied {
    const NAME: &'static str = "await_applied";
    type Input = AwaitAppliedInput;
    type Output = Awaited;
}

/// Waits until every pod of the workloads is new, ready, and runs one of the right digests.
pub struct AwaitRollout;

/// What [`AwaitRollout`] needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitRolloutInput {
    /// For whom.
    pub context: RunContext,
    /// Which of the tenant's Applications they are of.
    pub part: Part,
    /// The Argo CD instance, which decides about the cluster where both are the same.
    pub instance: String,
    /// The namespace of the workloads.
    pub namespace: String,
    /// The workloads.
    pub workloads: Vec<ExpectedWorkload>,
    /// How long it may take.
    pub deadlines: Deadlines,
}

impl Activity for AwaitRollout {
    const NAME: &'static str = "await_rollout";
    type Input = AwaitRolloutInput;
    type Output = Awaited;
}

/// Watches an Application as long as somebody waits for the rollout, and ends only when our values are gone from it.
pub struct WatchOverride;

/// What [`WatchOverride`] needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchOverrideInput {
    /// For whom.
    pub context: RunContext,
    /// The Application.
    pub application: PlannedApplication,
}

/// Somebody took our values out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reverted {
    /// What is wrong, for the tenant's verdict.
    pub problem: Problem,
    /// Who did it, as far as the API server knows.
    pub writer: Option<Writer>,
}

impl Activity for WatchOverride {
    const NAME: &'static str = "watch_override";
    type Input = WatchOverrideInput;
    type Output = Reverted;
}

/// Reads which images the workloads are now to run, after Argo CD has applied them, and what those stand for.
pub struct ResolveApplied;

/// What [`ResolveApplied`] needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolveAppliedInput {
    /// For whom.
    pub context: RunContext,
    /// The Argo CD instance.
    pub instance: String,
    /// The namespace of the workloads.
    pub namespace: String,
    /// The workloads, with what they ran while they were overridden.
    pub workloads: Vec<ExpectedWorkload>,
}

impl Activity for ResolveApplied {
    const NAME: &'static str = "resolve_applied";
    type Input = ResolveAppliedInput;
    type Output = Vec<ExpectedWorkload>;
}
