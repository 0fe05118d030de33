//! The demo as one document for scripts. The names of its fields are a promise; but for ids and durations it is the same
//! for the same seed.

use jiff::Timestamp;
use release::{
    image::ResolvedImage,
    proof::Proof,
    report::{Reached, RunKind, RunReport, TenantReport},
    verdict::{ReleaseVerdict, TenantVerdict},
};
use serde::Serialize;

/// All that happened.
#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    /// Whether everything went as told.
    ok: bool,
    releases: Vec<Run<'a>>,
    cleanups: Vec<Run<'a>>,
}

#[derive(Debug, Serialize)]
struct Run<'a> {
    id: &'a str,
    ring: &'a str,
    service: &'a str,
    cohort: Option<&'a str>,
    images: Vec<Image<'a>>,
    verdict: Option<ReleaseVerdict>,
    duration_ms: Option<i64>,
    tenants: Vec<Tenant<'a>>,
}

#[derive(Debug, Serialize)]
struct Image<'a> {
    #[serde(rename = "ref")]
    reference: String,
    digest: &'a str,
}

#[derive(Debug, Serialize)]
struct Tenant<'a> {
    name: &'a str,
    verdict: Option<TenantVerdict>,
    proof: Proof,
    /// The code of what was in the way: its sentence has times in it.
    reason: Option<&'a str>,
    duration_ms: Option<i64>,
}

impl<'a> Document<'a> {
    /// What was reported, in the order in which it began.
    pub(super) fn new(ok: bool, reports: &[&'a RunReport]) -> Self {
        let of =
            |kind| reports.iter().filter(|report| report.kind == kind).map(|report| run(report)).collect();
        Self { ok, releases: of(RunKind::Release), cleanups: of(RunKind::Cleanup) }
    }
}

fn run(report: &RunReport) -> Run<'_> {
    Run {
        id: &report.id,
        ring: &report.ring,
        service: &report.service,
        cohort: report.cohort.as_deref(),
        images: report.images.iter().map(image).collect(),
        verdict: report.verdict,
        duration_ms: report.ended_at.map(|ended| milliseconds(report.began_at, ended)),
        tenants: report.tenants.iter().map(|each| tenant(report, each)).collect(),
    }
}

fn image(image: &ResolvedImage) -> Image<'_> {
    Image { reference: image.reference.to_string(), digest: &image.digests.digest.0 }
}

fn tenant<'a>(report: &RunReport, tenant: &'a TenantReport) -> Tenant<'a> {
    Tenant {
        name: &tenant.tenant,
        verdict: tenant.verdict,
        proof: tenant.proof,
        reason: tenant.problem.as_ref().map(|problem| problem.code.as_str()),
        duration_ms: tenant.updated_at.map(|ended| milliseconds(began(report, tenant), ended)),
    }
}

/// A tenant's own time begins with its patch: before, it waits for the others' preflight and for its place.
pub(super) fn began(report: &RunReport, tenant: &TenantReport) -> Timestamp {
    tenant.timeline.first().map_or(report.began_at, |Reached { at, .. }| *at)
}

fn milliseconds(began: Timestamp, ended: Timestamp) -> i64 {
    i64::try_from(ended.duration_since(began).as_millis()).unwrap_or(i64::MAX).max(0)
}

#[cfg(test)]
mod tests {
    use super::{super::testing, Document};
    use release::{proof::Proof, report::RunKind, verdict::TenantVerdict};

    #[test]
    fn the_fields_are_a_promise() {
        let release = testing::report(&[
            testing::tenant("a", TenantVerdict::Success, Proof::DigestVerified, None),
            testing::tenant("b", TenantVerdict::Failed, Proof::Applied, Some("image_pull")),
        ]);
        let mut cleanup = testing::report(&[]);
        (cleanup.kind, cleanup.cohort) = (RunKind::Cleanup, None);
        cleanup.images.clear();
        insta::assert_json_snapshot!(Document::new(true, &[&release, &cleanup]), @r#"
        {
          "ok": true,
          "releases": [
            {
              "id": "r-20261123-001",
              "ring": "ring-x",
              "service": "atlas",
              "cohort": "early",
              "images": [
                {
                  "ref": "registry.example.com/atlas-ring-x:e65a995abcd",
                  "digest": "sha256:780be2d6"
                }
              ],
              "verdict": "partial_success",
              "duration_ms": 90000,
              "tenants": [
                {
                  "name": "a",
                  "verdict": "success",
                  "proof": "digest_verified",
                  "reason": null,
                  "duration_ms": 59000
                },
                {
                  "name": "b",
                  "verdict": "failed",
                  "proof": "applied",
                  "reason": "image_pull",
                  "duration_ms": 59000
                }
              ]
            }
          ],
          "cleanups": [
            {
              "id": "r-20261123-001",
              "ring": "ring-x",
              "service": "atlas",
              "cohort": null,
              "images": [],
              "verdict": "partial_success",
              "duration_ms": 90000,
              "tenants": []
            }
          ]
        }
        "#);
    }
}
