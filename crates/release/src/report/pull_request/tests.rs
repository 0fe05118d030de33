//! What people read in a pull request: a made-up ring, told step by step.

mod escaping;
mod limits;
mod milestones;
mod story;

use super::*;
use crate::{
    decide::{
        CohortDecision, CohortState, Gate, GateState, Standing, facts::PullRequestState, label::CohortLabel,
    },
    image::{Digest, ResolvedDigests, ResolvedImage},
    proof::Proof,
    report::{RunKind, TenantReport},
    step::{Evidence, Problem},
    verdict::{ReleaseVerdict, TenantVerdict},
};

const LABEL: &str = "cohort:github:path:internal-level-1";

/// What a cluster may say to do harm: it ends blocks, mentions everybody and passes for a comment of ours.
const HOSTILE: &str = "Back-off pulling image \"`x`\" for @everyone\n````\n</details>\n<!-- ringway:v1 repository=7 \
                       pull_request=12 what=comment -->\n<script>alert(1)</script> fixes #1";

fn at(second: i64) -> Timestamp {
    // 2026-11-23T10:00:00Z
    Timestamp::from_second(1_795_428_000 + second).unwrap()
}

/// Everything that a report borrows.
struct World {
    pull_request: PullRequest,
    decision: Decision,
    runs: BTreeMap<String, RunReport>,
    history: Vec<(Timestamp, String)>,
    mode: Mode,
    on_merge: OnMerge,
    now: Timestamp,
}

impl World {
    /// A ring whose labels are these.
    fn ring(cohorts: Vec<CohortDecision>) -> Self {
        let pull_request = PullRequest {
            number: 12,
            repository: "example/atlas".into(),
            base_repository: 7,
            head_repository: Some(7),
            base_branch: "master".into(),
            default_branch: "master".into(),
            head_branch: "ring-x".into(),
            head_commit: "54b6021e65a995abcd00112233445566778899aa".into(),
            state: PullRequestState::Open,
            draft: false,
        };
        let decision = Decision {
            standing: Standing::Ring,
            gates: vec![gate("build", GateState::Open, "maven.yml for 54b6021 has succeeded (attempt 1)")],
            cohorts,
            departures: Vec::new(),
            strays: Vec::new(),
            actions: Vec::new(),
            noticed_gone: BTreeMap::new(),
            look_again: None,
        };
        Self {
            pull_request,
            decision,
            runs: BTreeMap::new(),
            history: vec![(at(0), "sara set cohort:github:path:internal-level-1".into())],
            mode: Mode::Act,
            on_merge: OnMerge::Keep,
            now: at(300),
        }
    }

    /// The same after it has become something else.
    fn now_is(mut self, standing: Standing, state: PullRequestState) -> Self {
        self.decision.standing = standing;
        self.pull_request.state = state;
        self.decision.cohorts.clear();
        self.decision.gates.clear();
        self
    }

    fn with(mut self, run: RunReport) -> Self {
        self.runs.insert(run.id.clone(), run);
        self
    }

    fn report(&self) -> PullRequestReport<'_> {
        PullRequestReport {
            service: "atlas-metastore",
            mode: self.mode,
            on_merge: self.on_merge,
            pull_request: &self.pull_request,
            decision: &self.decision,
            runs: &self.runs,
            history: &self.history,
            now: self.now,
        }
    }

    /// All that is kept up to date, one below the other.
    fn page(&self) -> String {
        let report = self.report();
        let check = check(&report);
        format!(
            "{}\n\n=== check {}: {}\n=== status: {}",
            comment(&report),
            check.state.as_str(),
            check.title,
            status_description(&report)
        )
    }
}

fn gate(name: &str, state: GateState, found: &str) -> Gate {
    Gate { name: name.into(), state, found: found.into(), advice: None }
}

fn names(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("tenant-{number}")).collect()
}

fn cohort(state: CohortState, tenants: usize, runs: &[&str]) -> CohortDecision {
    CohortDecision {
        name: LABEL.into(),
        label: CohortLabel::parse(LABEL).ok(),
        set_by: Some("sara".into()),
        state,
        tenants: names(tenants),
        taken_back: Vec::new(),
        revision: Some("0c5d3f1".into()),
        runs: runs.iter().map(|run| (*run).to_owned()).collect(),
    }
}

fn run(id: &str, kind: RunKind, verdict: Option<ReleaseVerdict>, tenants: Vec<TenantReport>) -> RunReport {
    let digests = ResolvedDigests {
        digest: Digest("sha256:780be2d6c59a0e8c57ffa00cf47dfeb196ad9b40bd5e2e30a64e63767379e7a7".into()),
        platforms: BTreeMap::new(),
    };
    let reference = "registry.example.com/atlas-ring-x:54b6021".parse().unwrap();
    let images = match kind {
        RunKind::Release => vec![ResolvedImage { name: "atlas".into(), reference, digests }],
        RunKind::Cleanup => Vec::new(),
    };
    RunReport {
        id: id.into(),
        kind,
        ring: "ring-x".into(),
        service: "atlas-metastore".into(),
        images,
        cohort: Some("internal-level-1".into()),
        began_at: at(60),
        ended_at: verdict.map(|_| at(240)),
        verdict,
        stop: None,
        driven: verdict.is_none(),
        tenants,
    }
}

fn tenant(name: &str, verdict: Option<TenantVerdict>, proof: Proof) -> TenantReport {
    TenantReport {
        tenant: name.into(),
        proof,
        verdict,
        notes: Vec::new(),
        problem: None,
        awaiting: None,
        updated_at: Some(at(120)),
        timeline: Vec::new(),
    }
}

/// Tenants of which the first ones are done.
fn tenants(count: usize, done: usize) -> Vec<TenantReport> {
    let one = |(index, name): (usize, String)| match index < done {
        true => tenant(&name, Some(TenantVerdict::Success), Proof::DigestVerified),
        false => tenant(&name, None, Proof::Patched),
    };
    names(count).into_iter().enumerate().map(one).collect()
}

fn ended_as(name: &str, verdict: TenantVerdict, code: &str, message: &str) -> TenantReport {
    let problem = Problem {
        code: code.into(),
        message: message.into(),
        advice: Some("kubectl -n tenant-6 describe pod atlas-1\nthen push a commit that builds".into()),
        evidence: vec![Evidence {
            object: "Pod tenant-6/atlas-1".into(),
            field: "status.containerStatuses[atlas].state.waiting.reason".into(),
            value: "ErrImagePull".into(),
            since: None,
        }],
    };
    TenantReport { problem: Some(problem), ..tenant(name, Some(verdict), Proof::Applied) }
}

/// Six tenants of which the last has failed.
fn one_failed(done: usize, message: &str) -> Vec<TenantReport> {
    let mut all = tenants(6, done);
    all.pop();
    all.push(ended_as("tenant-6", TenantVerdict::Failed, "image_pull", message));
    all
}
