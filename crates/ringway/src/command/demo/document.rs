//! The demo as one document for scripts. The names of its fields are a promise; but for ids, durations and how often
//! GitHub was called it is the same for the same seed. How often GitHub is called depends on how many of its tenants a
//! release has done whenever Ringway looks.

use super::story::Ended;
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
    /// The number of the pull request that the story is about.
    pull_request: u64,
    /// The commit that its branch is at in the end.
    commit: &'a str,
    releases: Vec<Run<'a>>,
    cleanups: Vec<Run<'a>>,
    github_calls: GithubCalls,
}

/// How often GitHub was called.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct GithubCalls {
    /// To make or to change something.
    pub(super) content: u64,
    /// In all.
    pub(super) total: u64,
}

/// What the story was about.
pub(super) struct About<'a> {
    /// The number of its pull request.
    pub(super) pull_request: u64,
    /// The commit that the pull request ended with.
    pub(super) commit: &'a str,
    /// How often GitHub was called for it, and for the other one.
    pub(super) github_calls: GithubCalls,
}

#[derive(Debug, Serialize)]
struct Run<'a> {
    id: &'a str,
    /// The number of the pull request that asked for it.
    pull_request: u64,
    /// The commit that is released; nothing for a cleanup.
    commit: Option<&'a str>,
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
    pub(super) fn new(ok: bool, about: &About<'a>, runs: &[&'a Ended]) -> Self {
        let of =
            |kind| runs.iter().filter(|ended| ended.report.kind == kind).map(|ended| run(ended)).collect();
        Self {
            ok,
            pull_request: about.pull_request,
            commit: about.commit,
            releases: of(RunKind::Release),
            cleanups: of(RunKind::Cleanup),
            github_calls: about.github_calls,
        }
    }
}

fn run(ended: &Ended) -> Run<'_> {
    let report = &ended.report;
    Run {
        id: &report.id,
        pull_request: ended.pull_request,
        commit: ended.commit.as_deref(),
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
    use super::{super::testing, About, Document, GithubCalls};
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
        let runs = [testing::ended(release), testing::ended(cleanup)];
        let github_calls = GithubCalls { content: 9, total: 40 };
        let about = About { pull_request: 12, commit: "e65a995", github_calls };
        insta::assert_json_snapshot!(Document::new(true, &about, &runs.each_ref()), @r#"
        {
          "ok": true,
          "pull_request": 12,
          "commit": "e65a995",
          "releases": [
            {
              "id": "r-20261123-001",
              "pull_request": 12,
              "commit": "e65a995",
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
              "pull_request": 12,
              "commit": "e65a995",
              "ring": "ring-x",
              "service": "atlas",
              "cohort": null,
              "images": [],
              "verdict": "partial_success",
              "duration_ms": 90000,
              "tenants": []
            }
          ],
          "github_calls": {
            "content": 9,
            "total": 40
          }
        }
        "#);
    }
}
