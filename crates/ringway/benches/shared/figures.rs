//! What was measured, and what is computed from it: the same on the testbed and on simulated fleets.

use jiff::Timestamp;
use release::proof::Proof;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// When a tenant ran the image in truth.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Ready {
    /// The last of its pods was ready on the image.
    pub(crate) pods: Timestamp,
    /// The StatefulSet's controller had counted them.
    pub(crate) counted: Timestamp,
}

/// How many requests of each kind, such as `patch applications`.
pub(crate) type Requests = BTreeMap<String, usize>;

/// One release or cleanup.
pub(crate) struct Run {
    /// From the start to the end of the program, or to the last pod.
    pub(crate) wall: Duration,
    /// When each tenant was ready in truth.
    pub(crate) ready: BTreeMap<String, Ready>,
    /// What only a program that gives verdicts has.
    pub(crate) program: Option<Program>,
}

/// What Ringway said and used.
pub(crate) struct Program {
    pub(crate) verdicts: BTreeMap<String, Verdict>,
    pub(crate) cpu: Duration,
    pub(crate) peak_bytes: u64,
    pub(crate) requests: Requests,
}

/// What the ledger says about a tenant.
pub(crate) struct Verdict {
    pub(crate) proof: Proof,
    /// When it was seen that Argo CD had applied everything.
    pub(crate) applied: Timestamp,
    /// When the last proof was reached.
    pub(crate) proven: Timestamp,
    /// When the verdict was written down.
    pub(crate) given: Timestamp,
}

/// Times from the truth to what Ringway wrote down, in milliseconds, from the smallest.
#[derive(Default)]
pub(crate) struct Lags {
    /// From the last pod to the proof.
    pub(crate) proof: Vec<f64>,
    /// From the last pod to the verdict.
    pub(crate) verdict: Vec<f64>,
    /// From the last pod until Argo CD had said that it applied our values and the StatefulSet's controller had counted
    /// the pod: both belong to the proof.
    pub(crate) said: Vec<f64>,
    /// From then to the proof: Ringway's own share.
    pub(crate) own: Vec<f64>,
    /// How many proofs came before the truth.
    pub(crate) wrong: usize,
}

impl Lags {
    /// Of runs whose truth is known to `same_event` milliseconds: a proof that is earlier by more is wrong.
    pub(crate) fn of<'a>(runs: impl IntoIterator<Item = &'a Run>, same_event: f64) -> Self {
        let mut lags = Self::default();
        for run in runs {
            for (tenant, verdict) in run.program.iter().flat_map(|program| &program.verdicts) {
                let ready = &run.ready[tenant];
                lags.proof.push(milliseconds(ready.pods, verdict.proven));
                lags.verdict.push(milliseconds(ready.pods, verdict.given));
                let said = ready.counted.max(verdict.applied);
                lags.said.push(milliseconds(ready.pods, said));
                lags.own.push(milliseconds(said, verdict.proven));
            }
        }
        for list in [&mut lags.proof, &mut lags.verdict, &mut lags.said, &mut lags.own] {
            list.sort_by(f64::total_cmp);
        }
        lags.wrong = lags.proof.iter().filter(|lag| **lag < -same_event).count();
        lags
    }
}

fn milliseconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() * 1_000.0
}

/// The value below which this share (0 to 1) of a sorted list lies.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a list is short and a share is not negative"
    )]
    let index = (last as f64 * share).round() as usize;
    sorted.get(index).copied().unwrap_or(f64::NAN)
}
