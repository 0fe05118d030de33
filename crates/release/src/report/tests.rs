//! What people read, as snapshots.

use super::*;
use crate::image::{Digest, ResolvedDigests};
use std::collections::BTreeMap;

fn at(second: i64) -> Timestamp {
    // 2026-11-23T10:00:00Z
    Timestamp::from_second(1_795_428_000 + second).unwrap()
}

fn release(verdict: Option<ReleaseVerdict>, tenants: Vec<TenantReport>) -> RunReport {
    let digests = ResolvedDigests {
        digest: Digest("sha256:780be2d6c59a0e8c57ffa00cf47dfeb196ad9b40bd5e2e30a64e63767379e7a7".into()),
        platforms: BTreeMap::new(),
    };
    let reference = "registry.example.com/atlas-ring-x:e65a995abcd".parse().unwrap();
    RunReport {
        id: "r-20261123-004".into(),
        kind: RunKind::Release,
        ring: "ring-x".into(),
        service: "atlas".into(),
        images: vec![ResolvedImage { name: "atlas".into(), reference, digests }],
        cohort: Some("internal-level-1".into()),
        began_at: at(0),
        ended_at: verdict.map(|_| at(90)),
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
        updated_at: Some(at(60)),
        timeline: vec![
            Reached { at: at(1), proof: Proof::Patched },
            Reached { at: at(2), proof: Proof::Observed },
        ],
    }
}

fn no_pull() -> TenantReport {
    let problem = Problem {
        code: "image_pull".into(),
        message: "Pod tenant-beta/atlas-1 cannot pull the image of container atlas: ErrImagePull: not found"
            .into(),
        advice: Some("kubectl -n tenant-beta describe pod atlas-1\nthen release a tag that exists".into()),
        evidence: vec![Evidence {
            object: "Pod tenant-beta/atlas-1".into(),
            field: "status.containerStatuses[atlas].state.waiting.reason".into(),
            value: "ErrImagePull".into(),
            since: Some(at(30)),
        }],
    };
    TenantReport { problem: Some(problem), ..tenant("beta", Some(TenantVerdict::Failed), Proof::Applied) }
}

fn waiting() -> TenantReport {
    let awaiting = AwaitingReport {
        what: "1 of 2 pods of StatefulSet tenant-gamma/atlas are done: Pod tenant-gamma/atlas-0 is old"
            .into(),
        since: at(20),
        until: Some(at(920)),
        evidence: vec![Evidence {
            object: "Pod tenant-gamma/atlas-0".into(),
            field: "metadata.labels[controller-revision-hash]".into(),
            value: "atlas-5d4c96fcbc".into(),
            since: None,
        }],
        by_hand: "kubectl -n tenant-gamma get pods".into(),
    };
    TenantReport { awaiting: Some(awaiting), ..tenant("gamma", None, Proof::Applied) }
}

fn partial() -> TenantReport {
    let notes = vec!["2 of 3 pods of StatefulSet tenant-delta/atlas: partition is 1".into()];
    TenantReport { notes, ..tenant("delta", Some(TenantVerdict::Success), Proof::DigestVerified) }
}

#[test]
fn a_release_that_ended_is_a_table_and_a_sentence() {
    let good = tenant("alpha", Some(TenantVerdict::Success), Proof::DigestVerified);
    let report = release(Some(ReleaseVerdict::PartialSuccess), vec![good, no_pull(), partial()]);
    insta::assert_snapshot!(text::run(&report, at(100)));
}

#[test]
fn a_release_under_way_says_what_is_awaited_and_whether_anybody_drives_it() {
    let mut report = release(None, vec![waiting(), tenant("epsilon", None, Proof::None)]);
    let driven = text::run(&report, at(80));
    report.driven = false;
    insta::assert_snapshot!(format!("{driven}\n{}", text::outcome(&report)));
}

#[test]
fn how_a_release_ends_is_said_in_one_sentence() {
    let skipped =
        release(Some(ReleaseVerdict::Success), vec![tenant("a", Some(TenantVerdict::Skipped), Proof::None)]);
    let mut superseded = release(
        Some(ReleaseVerdict::Superseded),
        vec![tenant("a", Some(TenantVerdict::Cancelled), Proof::None)],
    );
    superseded.stop = Some(Stop::Supersede { by: "r-20261123-005".into() });
    let mut stopping = release(None, vec![waiting()]);
    stopping.stop = Some(Stop::Cancel);
    let texts = [&skipped, &superseded, &stopping].map(text::outcome).join("\n");
    insta::assert_snapshot!(texts);
}

#[test]
fn runs_are_listed_in_columns() {
    let mut cleanup = release(Some(ReleaseVerdict::Success), vec![waiting()]);
    cleanup.kind = RunKind::Cleanup;
    let under_way = release(None, vec![waiting(), no_pull()]);
    let rows = [text::row_heading(), text::row(&cleanup, at(4000)), text::row(&under_way, at(200_000))];
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn explain_shows_evidence_and_how_to_look_by_hand() {
    let report = release(None, Vec::new());
    let pages = [waiting(), no_pull(), partial()].map(|tenant| explain::explain(&report, &tenant, at(80)));
    insta::assert_snapshot!(pages.join("\n"));
}

#[test]
fn durations_are_said_in_their_two_largest_units() {
    let said = [0, 59, 60, 3599, 3600, 86_399, 86_400, 200_000].map(|seconds| text::ago(at(0), at(seconds)));
    assert_eq!(said, ["0s", "59s", "1m00s", "59m59s", "1h00m", "23h59m", "1d00h", "2d07h"]);
    assert_eq!(text::ago(at(10), at(0)), "0s", "clocks that disagree");
}
