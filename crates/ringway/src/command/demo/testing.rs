//! Reports for the tests of the demo's texts.

use super::story::Ended;
use jiff::Timestamp;
use release::{
    image::{Digest, ResolvedDigests, ResolvedImage},
    proof::Proof,
    report::{Reached, RunKind, RunReport, TenantReport},
    step::Problem,
    verdict::{ReleaseVerdict, TenantVerdict},
};
use std::collections::BTreeMap;

fn at(second: i64) -> Timestamp {
    // 2026-11-23T10:00:00Z
    Timestamp::from_second(1_795_428_000 + second).unwrap()
}

/// A release of 90 seconds that succeeded in part.
pub(crate) fn report(tenants: &[TenantReport]) -> RunReport {
    let digests =
        ResolvedDigests { digest: Digest("sha256:780be2d6".to_owned()), platforms: BTreeMap::new() };
    let reference = "registry.example.com/atlas-ring-x:e65a995abcd".parse().unwrap();
    RunReport {
        id: "r-20261123-001".to_owned(),
        kind: RunKind::Release,
        ring: "ring-x".to_owned(),
        service: "atlas".to_owned(),
        images: vec![ResolvedImage { name: "atlas".to_owned(), reference, digests }],
        cohort: Some("early".to_owned()),
        began_at: at(0),
        ended_at: Some(at(90)),
        verdict: Some(ReleaseVerdict::PartialSuccess),
        stop: None,
        driven: false,
        tenants: tenants.to_vec(),
    }
}

/// A run that pull request 12 asked for.
pub(crate) fn ended(report: RunReport) -> Ended {
    Ended { pull_request: 12, commit: Some("e65a995".to_owned()), report }
}

/// A tenant that was patched after a second, and ended after a minute.
pub(crate) fn tenant(
    name: &str,
    verdict: TenantVerdict,
    proof: Proof,
    problem: Option<&str>,
) -> TenantReport {
    let problem = problem.map(|code| Problem {
        code: code.to_owned(),
        message: format!("it is {code}"),
        advice: None,
        evidence: Vec::new(),
    });
    TenantReport {
        tenant: name.to_owned(),
        proof,
        verdict: Some(verdict),
        notes: Vec::new(),
        problem,
        awaiting: None,
        updated_at: Some(at(60)),
        timeline: vec![Reached { at: at(1), proof: Proof::Patched }],
    }
}
